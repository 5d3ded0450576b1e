/* train/evaluate_run.c - the whole of `semanticmac evaluate`: the model, the data in its tasks, their tensors. */
#include <string.h>

#include "train/evaluate.h"

smac_status evaluate_run(const evaluate_options *options, const reporter *r, evaluation **out, smac_error *error)
{
    affect_system *system = NULL;
    dataset *d = NULL;
    sample_cache *cache = NULL;
    dataset_options data = {.path = options->data,
        .layout = options->layout,
        .features = options->features,
        .task = options->task,
        .skip_bad = options->skip_bad,
        .lower_case = options->layout && strcmp(options->layout, "mosi") == 0};
    smac_status status =
        system_load(options->model, &(system_load_options){.precision = options->precision}, &system, error);
    if (status == SMAC_OK) {
        data.wanted = system->tasks;
        data.wanted_count = system->task_count;
    }
    if (status == SMAC_OK)
        status = dataset_read(&data, r, &d, error);
    if (status == SMAC_OK)
        status = dataset_adopt_tasks(d, system->tasks, system->task_count, r, error);
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
        status = sample_cache_new(d, system, &caching, r, &cache, error);
    if (status == SMAC_OK)
        status = evaluate_on(system, cache, &wanted, r, out, error);
    sample_cache_free(cache);
    dataset_free(d);
    system_free(system);
    return status;
}
