/* apps/cli/extract.c - semanticmac extract: vectors of frozen encoders into the feature store, before any training. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli.h"
#include "data_options.h"
#include "train/configuration_file.h"
#include "train/trainer.h"

static int run_extract(int argc, char **argv);
const command command_extract = {"extract", "extract --data PATH --dataset NAME [--set KEY=VALUE]...",
    "compute the vectors of frozen encoders once, for all later runs",
    "Clips are decoded and encoded in parallel; each one's vectors are written as soon as they are made, so Ctrl-C or\n"
    "kill -9 loses at most the clips at hand, and the same command goes on from there.  train and evaluate use the\n"
    "store by themselves.  It is in --store, else $SEMANTICMAC_STORE, else ~/.cache/semanticmac/vectors.",
    run_extract};

static int run_extract(int argc, char **argv)
{
    extract_options *options = memory_new(1, sizeof *options);
    data_settings *datasets = memory_new(RUN_DATASETS_MAX, sizeof *datasets);
    const char *file = NULL, *preset = NULL, *store = NULL;
    text_list sets = {0};
    ordered_list data = {0};
    bool skip_bad = false;
    int64_t dataset_count = 0;
    smac_error error = {0};
    smac_status code = options && datasets ? SMAC_OK : FAIL(&error, SMAC_ERROR_MEMORY, "no memory for a configuration");
    const option_row rows[] = {
        DATA_OPTION_ROWS(&data),
        {"preset", 'p', OPTION_TEXT, &preset, "NAME", "begin with these settings, as train does"},
        {"config", 'c', OPTION_TEXT, &file, "FILE", "configuration in YAML"},
        {"set", 0, OPTION_LIST, &sets, "KEY=VALUE", "set a configuration key (may be given often)"},
        {"store", 0, OPTION_TEXT, &store, "FOLDER", "the feature store's folder"},
        {"skip-bad", 0, OPTION_FLAG, &skip_bad, NULL, "leave out clips that cannot be read, with a note each"},
    };
    int count, status = options_parse(&command_extract, rows, sizeof rows / sizeof *rows, argc, argv, &count);
    if (status < 0 && count > 0)
        status = usage_error(
            &command_extract, "\"%s\" is not expected here: leave it out or put its option before it", argv[1]);
    if (status < 0 && code == SMAC_OK)
        status = data_options_read(&command_extract, &data, datasets, &dataset_count);
    if (status < 0 && code == SMAC_OK) {
        run_configuration *c = &options->configuration;
        run_configuration_defaults(c);
        options->skip_bad = skip_bad;
        options->store = store;
        if (preset && run_configuration_preset(c, preset, &error) != SMAC_OK)
            status = usage_error(&command_extract, "%s", error.message);
        if (status < 0 && file)
            code = configuration_read_yaml(c, file, &error);
        for (size_t i = 0; status < 0 && code == SMAC_OK && i < sets.count; i++)
            if (run_configuration_assign(c, sets.items[i], &error) != SMAC_OK)
                status = usage_error(&command_extract, "%s", error.message);
        if (dataset_count) {
            memcpy(c->run.data, datasets, (size_t)dataset_count * sizeof *datasets);
            c->run.data_count = dataset_count;
        }
        if (status < 0 && code == SMAC_OK && c->run.data_count == 0)
            status = usage_error(&command_extract, "there is no dataset: give --data");
    }
    extract_result result = {0};
    if (status < 0 && code == SMAC_OK)
        code = extract_run(options, console_reporter(), &result, &error);
    console_finish();
    if (status < 0 && code == SMAC_OK) {
        printf("%lld clips: %lld vectors were in the store, %lld are new", (long long)result.clips,
            (long long)result.found, (long long)result.made);
        if (result.skipped)
            printf(", %lld clips were left out", (long long)result.skipped);
        printf("\n");
        status = EXIT_DONE;
    } else if (status < 0) {
        status = failure(&command_extract, &error);
    }
    free(sets.items);
    free(data.items);
    free(datasets);
    free(options);
    return status;
}
