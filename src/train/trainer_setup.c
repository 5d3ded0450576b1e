/* train/trainer_setup.c - what a run begins with: its clips, their labels by task, the objective, the optimiser. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/path.h"
#include "pipeline/clip_encoder.h"
#include "train/trainer_internal.h"

#ifndef SMAC_VERSION
#define SMAC_VERSION "0.1.0"
#endif

settings_views training_views(const training *t, settings_view room[2])
{
    room[0] = (settings_view){&configuration_table, &t->model->configuration};
    room[1] = (settings_view){&run_table, (void *)(uintptr_t)t->run};
    return (settings_views){room, 2};
}

const dataset_item *training_item(const training *t, int64_t clip)
{
    return &t->cache->source->items[t->items[clip]];
}

/* --- clips -------------------------------------------------------------------------------------------------------- */

/* Whether the clip has a label of one of the tasks. */
static bool is_labelled(const dataset_item *item)
{
    for (int k = 0; k < item->target_count; k++)
        if (item->targets[k].values[TRUTH_MULTIMODAL])
            return true;
    return false;
}

static smac_status collect_clips(training *t, smac_error *error)
{
    const dataset *d = t->cache->source;
    t->items = memory_new((size_t)d->count + 1, sizeof *t->items);
    t->order = memory_new((size_t)d->count + 1, sizeof *t->order);
    if (!t->items || !t->order)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %lld clips", (long long)d->count);
    for (int64_t i = 0; i < d->count; i++) {
        const dataset_item *item = &d->items[i];
        if (!t->cache->usable[i] || !is_labelled(item))
            continue;
        t->valid_count += item->split == SPLIT_VALID;
        if (item->split == SPLIT_TRAIN)
            t->items[t->count++] = i;
    }
    if (t->count == 0)
        return FAIL(error, SMAC_ERROR_FORMAT, "the data hold no training clip that can be used: mark some as train");
    t->media = memory_new((size_t)d->count, MEDIA_MARK);
    if (!t->media)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %lld clips", (long long)d->count);
    for (int64_t i = 0; i < d->count; i++)
        if (d->items[i].split != SPLIT_TEST)
            dataset_media_mark(&d->items[i], t->media + i * MEDIA_MARK);
    t->batch = run_batch(&t->run->train, t->count);
    t->batches = (t->count + t->batch - 1) / t->batch;
    t->epoch_steps = (t->batches + t->run->train.accumulate - 1) / t->run->train.accumulate;
    return SMAC_OK;
}

/* Labels of one kind of a task: rows of labels (N, targets) and have (N); returns how many clips have one. */
static int64_t gather_labels(const training *t, int task, int kind, float *labels, uint8_t *have)
{
    int targets = t->tasks[task].targets;
    int64_t count = 0;
    for (int64_t i = 0; i < t->count; i++) {
        const dataset_target *target = dataset_target_of(training_item(t, i), task);
        const float *values = target ? target->values[kind] : NULL;
        have[i] = values != NULL;
        count += have[i];
        if (values)
            memcpy(labels + i * targets, values, (size_t)targets * sizeof *labels);
        else
            memset(labels + i * targets, 0, (size_t)targets * sizeof *labels);
    }
    return count;
}

static smac_status collect_truth(training *t, smac_error *error)
{
    t->task_count = t->model->task_count;
    t->tasks = memory_new((size_t)t->task_count, sizeof *t->tasks);
    if (!t->tasks)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %d tasks", t->task_count);
    for (int k = 0; k < t->task_count; k++) {
        training_task *task = &t->tasks[k];
        task->task = &t->model->tasks[k];
        task->targets = task_targets(task->task);
        task->truth = memory_new((size_t)t->count, (size_t)task->targets * sizeof *task->truth);
        task->have = memory_new((size_t)t->count, 1);
        if (!task->truth || !task->have)
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the labels of %lld clips", (long long)t->count);
        task->count = gather_labels(t, k, TRUTH_MULTIMODAL, task->truth, task->have);
    }
    return SMAC_OK;
}

/* --- groups ------------------------------------------------------------------------------------------------------- */

/* Who speaks: the speaker, or where the data name none what the clip was cut from; within its source. */
typedef struct speaker_key {
    const char *name;
    int source;
    int64_t clip;
} speaker_key;

static int compare_speakers(const void *a, const void *b)
{
    const speaker_key *x = a, *y = b;
    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    int order = strcmp(x->name, y->name);
    return order ? order : x->clip < y->clip ? -1 : x->clip > y->clip;
}

/* Clips of one speaker share a group, numbered by its first clip; a clip without one is a group of its own, -1. */
static int32_t *group_by_speaker(const training *t)
{
    int32_t *groups = memory_new((size_t)t->count, sizeof *groups);
    speaker_key *keys = memory_new((size_t)t->count, sizeof *keys);
    for (int64_t i = 0; groups && keys && i < t->count; i++) {
        const dataset_item *item = training_item(t, i);
        keys[i] = (speaker_key){item->speaker ? item->speaker : item->video_id, item->source, i};
    }
    if (groups && keys)
        qsort(keys, (size_t)t->count, sizeof *keys, compare_speakers);
    for (int64_t i = 0, first = 0; groups && keys && i < t->count; i++) {
        if (keys[i].source != keys[first].source || strcmp(keys[i].name, keys[first].name) != 0)
            first = i;
        groups[keys[i].clip] = *keys[i].name ? (int32_t)keys[first].clip : -1;
    }
    free(keys);
    return groups;
}

/* --- label generation --------------------------------------------------------------------------------------------- */

/* labels.scheme true: the data's own unimodal labels, where there are any. */
static smac_status put_own_labels(training *t, int k, smac_error *error)
{
    training_task *task = &t->tasks[k];
    float *labels = memory_new((size_t)t->count, (size_t)task->targets * sizeof *labels);
    uint8_t *have = memory_new((size_t)t->count, 1);
    smac_status status = labels && have ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for labels");
    for (int m = 0; m < MODALITIES && status == SMAC_OK; m++) {
        gather_labels(t, k, TRUTH_TEXT + m, labels, have);
        status = label_generation_set(task->labels, (modality)m, labels, have, error);
    }
    free(labels);
    free(have);
    return status;
}

static smac_status make_labels(training *t, smac_error *error)
{
    smac_status status =
        label_bank_new(label_rule_from(t->run), t->count, t->model->configuration.model.width, &t->bank, error);
    int32_t *groups = group_by_speaker(t);
    if (status == SMAC_OK && !groups)
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the groups of %lld clips", (long long)t->count);
    for (int k = 0; k < t->task_count && status == SMAC_OK; k++) {
        training_task *task = &t->tasks[k];
        label_generation_options o = label_generation_options_from(t->run, task->task);
        label_truth truth = {task->truth, task->have, groups};
        status = label_generation_new(&o, t->bank, &truth, &task->labels, error);
        if (status == SMAC_OK && t->run->labels.scheme == LABELS_TRUE)
            status = put_own_labels(t, k, error);
    }
    free(groups);
    return status;
}

/* --- the objective ------------------------------------------------------------------------------------------------ */

/* Inverse frequencies, 1 on average over the clips. */
static float *class_weights(const training_task *task, int64_t clips)
{
    float *weights = memory_new((size_t)task->targets, sizeof *weights);
    for (int k = 0; weights && k < task->targets; k++) {
        double n = 0;
        for (int64_t i = 0; i < clips; i++)
            n += (double)task->truth[i * task->targets + k];
        weights[k] = n > 0 ? (float)((double)task->count / (n * task->targets)) : 0;
    }
    return weights;
}

static bool is_task_of_run(const training *t, const char *name)
{
    for (int k = 0; k < t->task_count; k++)
        if (strcmp(t->tasks[k].task->name, name) == 0)
            return true;
    return false;
}

/* Every task that loss.tasks and loss.class_weights name must be one of the run's. */
static smac_status check_task_weights(const training *t, smac_error *error)
{
    const char *at = t->run->loss.tasks;
    char name[LOSS_NAME], why[200];
    double weight;
    while (loss_next_task(&at, name, &weight, why))
        if (!is_task_of_run(t, name))
            return FAIL(error, SMAC_ERROR_ARGUMENT, "loss.tasks weighs %.60s, which is not a task of the run: name %s",
                name, t->tasks[0].task->name);
    at = t->run->loss.class_weights;
    while (loss_next_weighed(&at, name))
        if (strcmp(name, "true") != 0 && strcmp(name, "false") != 0 && !is_task_of_run(t, name))
            return FAIL(error, SMAC_ERROR_ARGUMENT,
                "loss.class_weights names %.60s, which is not a task of the run: write true, false or names of tasks as %s",
                name, t->tasks[0].task->name);
    return SMAC_OK;
}

static smac_status make_objective(training *t, smac_error *error)
{
    TRY(check_task_weights(t, error));
    t->objective = objective_options_from(t->run, t->model->tasks, t->task_count);
    for (int k = 0; k < t->task_count; k++) {
        training_task *task = &t->tasks[k];
        if (task->task->kind != TASK_CLASSES || !loss_weighs_classes(&t->run->loss, task->task->name))
            continue;
        task->class_weights = class_weights(task, t->count);
        if (!task->class_weights)
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for class weights");
        t->objective.tasks[k].class_weights = task->class_weights;
    }
    return SMAC_OK;
}

/* train.choose, and whether the run has what it names. */
static smac_status choose_figure(training *t, smac_error *error)
{
    const dataset *d = t->cache->source;
    const char *choose = t->run->train.choose, *at = strchr(choose, '@'), *point = strrchr(choose, '.');
    TRY(validation_figure_name(t->model->tasks, t->model->task_count, choose, &t->figure, error));
    if (!at || !point || at > point)
        return SMAC_OK;
    for (int s = 0; s < d->source_count; s++)
        if (strncmp(d->sources[s].name, at + 1, (size_t)(point - at - 1)) == 0 &&
            d->sources[s].name[point - at - 1] == 0)
            return SMAC_OK;
    return FAIL(error, SMAC_ERROR_ARGUMENT,
        "train.choose is '%.100s', but no dataset of the run has that name: name %s", choose, d->sources[0].name);
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

smac_status training_set_up(training *t, smac_error *error)
{
    static const char *const names[RUN_FILES] = {
        "best.safetensors", "last.safetensors", "log.jsonl", "labels.csv", "label_quality.json", "config.yaml"};
    for (int i = 0; i < RUN_FILES; i++)
        if (!(t->paths[i] = path_join(t->options->out, names[i])))
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a path");
    TRY(choose_figure(t, error));
    TRY(collect_clips(t, error));
    TRY(collect_truth(t, error));
    TRY(make_labels(t, error));
    TRY(make_objective(t, error));
    TRY(clip_pairs_new(t, &t->pairs, error));
    optimiser_options o = optimiser_options_from(&t->run->train);
    TRY(optimiser_new(t->model->store, &o, &t->optimiser, error));
    t->tape = tape_new(NULL);
    if (!t->tape)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a tape");
    training_record *r = &t->model->training;
    snprintf(r->program_version, sizeof r->program_version, "%s", SMAC_VERSION);
    snprintf(r->dataset, sizeof r->dataset, "%.60s", t->cache->source->layout);
    snprintf(r->data_sha256, sizeof r->data_sha256, "%s", t->cache->source->sha256);
    r->seed = (uint64_t)t->run->train.seed;
    r->training_clips = t->count;
    clip_timing timing = clip_timing_of(&t->model->configuration);
    r->longest_clip = 0;
    for (int64_t i = 0; i < t->count; i++)
        r->longest_clip = fmax(r->longest_clip, sample_seconds(&t->cache->samples[t->items[i]], &timing));
    t->epoch = 1;
    return SMAC_OK;
}

void training_tear_down(training *t)
{
    if (t->log)
        fclose(t->log);
    tape_free(t->tape);
    optimiser_free(t->optimiser);
    for (int k = 0; t->tasks && k < t->task_count; k++) {
        label_generation_free(t->tasks[k].labels);
        free(t->tasks[k].truth);
        free(t->tasks[k].have);
        free(t->tasks[k].class_weights);
    }
    free(t->tasks);
    label_bank_free(t->bank);
    clip_pairs_free(t->pairs);
    free(t->media);
    free(t->items);
    free(t->order);
    for (int i = 0; i < RUN_FILES; i++)
        free(t->paths[i]);
}
