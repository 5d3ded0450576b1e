/* train/train_run.c - from options to a trained model: data, model, cache, loop. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "compute/parallel.h"
#include "data/readers.h"
#include "pipeline/encoder_front.h"
#include "train/augmentation.h"
#include "train/run_data.h"
#include "train/trainer.h"

void train_options_default(train_options *o)
{
    memset(o, 0, sizeof *o);
    run_configuration_defaults(&o->configuration);
}

static smac_status new_affect_model(const dataset *d, const configuration *c, const vector_forms vectors[MODALITIES],
    int64_t seed, affect_model **out, smac_error *error)
{
    const char **texts = memory_new((size_t)d->count + 1, sizeof *texts);
    int64_t count = 0;
    if (!texts)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %lld texts", (long long)d->count);
    for (int64_t i = 0; i < d->count; i++)
        if (d->items[i].split == SPLIT_TRAIN)
            texts[count++] = d->items[i].text;
    affect_model_options options = {.configuration = c,
        .tasks = d->tasks,
        .task_count = d->task_count,
        .texts = texts,
        .text_count = count,
        .seed = (uint64_t)seed};
    memcpy(options.vectors, vectors, sizeof options.vectors);
    smac_status status = affect_model_new(&options, out, error);
    free(texts);
    return status;
}

/* The run's datasets, and a new model for them. */
static smac_status open_run(const run_configuration *run, bool skip_bad, const reporter *r, dataset **d,
    affect_model **model, smac_error *error)
{
    configuration c = run->model;
    vector_forms vectors[MODALITIES] = {{.count = 0}};
    TRY(run_configuration_check(run, error));
    if (run->run.train.threads > 0)
        parallel_set_threads((int)run->run.train.threads);
    TRY(run_data_read(&run->run, skip_bad, r, d, error));
    TRY(run_data_decide(*d, &c, vectors, r, error));
    return new_affect_model(*d, &c, vectors, run->run.train.seed, model, error);
}

/* augment.frozen: whether training changes the pictures that a frozen encoder reads. */
static bool keeps_pictures(const run_settings *run, const affect_model *model)
{
    augmentation change = augmentation_from(run, &model->configuration, NULL);
    return run->augment.frozen && model->has[MODALITY_VISION] && model->frozen[MODALITY_VISION] &&
        augmentation_changes(&change, MODALITY_VISION);
}

/* train.stored_states, of the modalities whose encoder is partly trained and not augmented. */
static smac_status choose_fronts(
    const run_settings *run, const affect_model *model, const reporter *r, bool front[MODALITIES], smac_error *error)
{
    const char *at = run->train.stored_states;
    char name[TASK_NAME_MAX];
    augmentation change = augmentation_from(run, &model->configuration, NULL);
    memset(front, 0, MODALITIES * sizeof *front);
    while (label_next_name(&at, name)) {
        int m = modality_from_name(name);
        if (m < 0 || m >= MODALITIES)
            return FAIL(error, SMAC_ERROR_ARGUMENT,
                "train.stored_states names %.60s; expected some of text, audio and vision, as text,audio", name);
        if (affect_model_front_layers(model, m) == 0)
            continue;
        front[m] = !augmentation_changes(&change, m);
        if (!front[m])
            report_log(r, LOG_INFO, "%s is augmented, so what its encoder's frozen blocks give is not kept", name);
    }
    return SMAC_OK;
}

smac_status train_run(const train_options *options, const reporter *r, train_result *result, smac_error *error)
{
    dataset *d = NULL;
    affect_model *model = NULL;
    sample_cache *cache = NULL;
    if (!options->out || !*options->out)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "no folder to write the run into");
    smac_status status = open_run(&options->configuration, options->skip_bad, r, &d, &model, error);
    if (status == SMAC_OK && dataset_split_count(d, SPLIT_VALID) == 0)
        report_log(r, LOG_WARNING, "the data have no validation part: the last epoch counts as the best");
    if (status == SMAC_OK)
        run_data_note_scratch(&model->configuration, model->vectors, r);
    cache_options caching = {.splits = {true, true, false}, .skip_bad = options->skip_bad};
    if (status == SMAC_OK)
        status = choose_fronts(&options->configuration.run, model, r, caching.front, error);
    if (status == SMAC_OK)
        caching.pictures = keeps_pictures(&options->configuration.run, model);
    if (status == SMAC_OK)
        status = sample_cache_new(d, model, &caching, r, &cache, error);
    if (status == SMAC_OK)
        status = train_on(options, model, cache, r, result, error);
    sample_cache_free(cache);
    affect_model_free(model);
    dataset_free(d);
    return status;
}

smac_status extract_run(const extract_options *options, const reporter *r, extract_result *result, smac_error *error)
{
    dataset *d = NULL;
    affect_model *model = NULL;
    sample_cache *cache = NULL;
    bool any = false;
    *result = (extract_result){0};
    smac_status status = open_run(&options->configuration, options->skip_bad, r, &d, &model, error);
    for (int m = 0; m < MODALITIES && status == SMAC_OK; m++)
        any = any || affect_model_keeps_vectors(model, m);
    cache_options caching = {
        .splits = {true, true, true}, .skip_bad = options->skip_bad, .store = options->store, .discard = true};
    if (status == SMAC_OK)
        status = choose_fronts(&options->configuration.run, model, r, caching.front, error);
    caching.pictures = status == SMAC_OK && keeps_pictures(&options->configuration.run, model);
    for (int m = 0; m < MODALITIES; m++)
        any = any || caching.front[m];
    if (status == SMAC_OK && !any)
        status = FAIL(error, SMAC_ERROR_ARGUMENT,
            "no encoder of this configuration is frozen and comes from a file, so there are no vectors to keep: name one, "
            "for example --set audio.encoder=whisper-base --set audio.trainable_blocks=0");
    if (status == SMAC_OK)
        status = sample_cache_new(d, model, &caching, r, &cache, error);
    if (status == SMAC_OK)
        *result = (extract_result){
            .clips = d->count, .skipped = cache->skipped, .found = cache->from_store, .made = cache->into_store};
    sample_cache_free(cache);
    affect_model_free(model);
    dataset_free(d);
    return status;
}

smac_status export_run(const extract_options *options, int64_t length, const char *path, const reporter *r,
    mmsa_export_result *result, smac_error *error)
{
    dataset *d = NULL;
    affect_model *model = NULL;
    sample_cache *cache = NULL;
    cache_options caching = {.splits = {true, true, true}, .skip_bad = options->skip_bad, .store = options->store};
    *result = (mmsa_export_result){0};
    smac_status status = open_run(&options->configuration, options->skip_bad, r, &d, &model, error);
    if (status == SMAC_OK)
        status = sample_cache_new(d, model, &caching, r, &cache, error);
    if (status == SMAC_OK)
        status = mmsa_export(cache, length, path, result, error);
    sample_cache_free(cache);
    affect_model_free(model);
    dataset_free(d);
    return status;
}
