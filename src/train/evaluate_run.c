/* train/evaluate_run.c - the whole of `semanticmac evaluate`: the model, the data in its tasks, their tensors. */
#include <string.h>

#include "train/evaluate.h"
#include "train/run_data.h"

/* The datasets, each labelled by the model's tasks, joined. */
static smac_status read_data(
    const evaluate_options *options, const affect_model *model, const reporter *r, dataset **out, smac_error *error)
{
    dataset_options data[RUN_DATASETS_MAX];
    dataset *parts[RUN_DATASETS_MAX] = {NULL};
    int count = (int)options->data_count;
    if (count < 1 || count > RUN_DATASETS_MAX)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%d datasets; expected 1 to %d", count, RUN_DATASETS_MAX);
    smac_status status = SMAC_OK;
    for (int i = 0; i < count && status == SMAC_OK; i++) {
        status = run_data_options(&options->data[i], options->skip_bad, &data[i], error);
        data[i].wanted = model->tasks;
        data[i].wanted_count = model->task_count;
        if (status == SMAC_OK)
            status = dataset_read(&data[i], r, &parts[i], error);
        if (status == SMAC_OK)
            status = dataset_adopt_tasks(parts[i], model->tasks, model->task_count, r, error);
    }
    if (status == SMAC_OK && count > 1)
        status = dataset_join(parts, count, out, error);
    else if (status == SMAC_OK) {
        *out = parts[0];
        parts[0] = NULL;
    }
    for (int i = 0; i < count; i++)
        dataset_free(parts[i]);
    return status;
}

smac_status evaluate_run(const evaluate_options *options, const reporter *r, evaluation **out, smac_error *error)
{
    affect_model *model = NULL;
    dataset *d = NULL;
    sample_cache *cache = NULL;
    smac_status status =
        affect_model_load(options->model, &(affect_model_load_options){.precision = options->precision}, &model, error);
    if (status == SMAC_OK)
        status = read_data(options, model, r, &d, error);
    if (status == SMAC_OK && dataset_split_count(d, options->split) == 0)
        status = FAIL(error, SMAC_ERROR_NOT_FOUND, "the data have no %s part: choose another --split",
            dataset_split_name(options->split));
    evaluate_wanted wanted = {.split = options->split};
    memcpy(wanted.modalities, options->modalities, sizeof wanted.modalities);
    bool all = !options->modalities[0] && !options->modalities[1] && !options->modalities[2];
    cache_options caching = {.skip_bad = options->skip_bad};
    caching.splits[options->split] = true;
    for (int m = 0; m < MODALITIES; m++)
        caching.without[m] = !all && !options->modalities[m];
    if (status == SMAC_OK)
        status = sample_cache_new(d, model, &caching, r, &cache, error);
    if (status == SMAC_OK)
        status = evaluate_on(model, cache, &wanted, r, out, error);
    sample_cache_free(cache);
    dataset_free(d);
    affect_model_free(model);
    return status;
}
