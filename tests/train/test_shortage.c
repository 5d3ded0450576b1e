/*
 * tests/train/test_shortage.c - making, storing, loading, asking and training a tiny model while every allocation in turn
 * fails: each ends with SMAC_ERROR_MEMORY or goes on, and loses nothing.
 */
#include "support/folder.h"
#include "support/shortage.h"
#include "support/tiny.h"

#include "pipeline/prediction.h"
#include "train/trainer.h"

static tiny_data data;
static run_configuration settings;
static char folder[256];

static smac_status make_and_save(void *context, smac_error *error)
{
    affect_model *s = NULL;
    affect_model_options options = {.configuration = &settings.model,
        .tasks = data.d.tasks,
        .task_count = 1,
        .vectors = {VECTORS_ALONE(TINY_WIDTH), VECTORS_ALONE(TINY_WIDTH), VECTORS_ALONE(TINY_WIDTH)}};
    TRY(affect_model_new(&options, &s, error));
    smac_status status = affect_model_save(s, context, NULL, error);
    affect_model_free(s);
    return status;
}

static smac_status load_and_predict(void *context, smac_error *error)
{
    affect_model *s = NULL;
    TRY(affect_model_load(context, NULL, &s, error));
    const sample *samples[3] = {&data.samples[0], &data.samples[1], &data.samples[2]};
    prediction results[3] = {0};
    smac_status status = affect_model_predict(s, samples, 3, &(predict_options){.at_once = 2}, results, error);
    for (int i = 0; i < 3; i++)
        prediction_clear(&results[i]);
    affect_model_free(s);
    return status;
}

/* An epoch, and another one after its checkpoint was read again. */
static smac_status train_a_little(void *context, smac_error *error)
{
    (void)context;
    char out[512];
    folder_remove(file_in(folder, "run", out));
    smac_status status = SMAC_OK;
    for (int part = 0; part < 2 && status == SMAC_OK; part++) {
        train_options o;
        train_result result;
        train_options_default(&o);
        o.out = out;
        o.configuration = settings;
        o.configuration.run.train.epochs = 1 + part; /* may change on resume */
        o.resume = part > 0;
        affect_model *s = NULL;
        affect_model_options options = {.configuration = &settings.model,
            .tasks = data.d.tasks,
            .task_count = 1,
            .vectors = {VECTORS_ALONE(TINY_WIDTH), VECTORS_ALONE(TINY_WIDTH), VECTORS_ALONE(TINY_WIDTH)}};
        TRY(affect_model_new(&options, &s, error));
        status = train_on(&o, s, &data.cache, NULL, &result, error);
        affect_model_free(s);
    }
    return status;
}

static void a_model_survives(void **state)
{
    (void)state;
    char path[512];
    folder_new(folder);
    tiny_data_make(&data, 0);
    tiny_configuration(&settings);
    file_in(folder, "model.safetensors", path);
    parallel_set_threads(1);
    print_message("%lld\n", (long long)shortage_sweep("making a model", make_and_save, path, 400));
    print_message("%lld\n", (long long)shortage_sweep("loading a model", load_and_predict, path, 400));
    print_message("%lld\n", (long long)shortage_sweep("training", train_a_little, NULL, 200));
    parallel_set_threads(0);
    tiny_data_clear(&data);
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_model_survives)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
