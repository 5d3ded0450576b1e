/*
 * apps/cli/extract.c - semanticmac extract: vectors of frozen encoders into the feature store, before any training; and
 * semanticmac data export: the same vectors in a file for other programs.
 */
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

static int run_export(int argc, char **argv);
static const command export_usage = {"data",
    "data export --format mmsa-pkl --data PATH --dataset NAME -o FILE.pkl [--set KEY=VALUE]...",
    "write the vectors of frozen encoders as a feature pickle of MMSA",
    "Vectors are taken from the feature store where it has them.  See docs/datasets.md for what the file holds.",
    run_export};

/* What data export is asked for beyond extract's options. */
typedef struct export_settings {
    const char *format, *path;
    int64_t length;
} export_settings;

/* exporting: NULL for extract. */
static int run_vectors(const command *c, export_settings *exporting, int argc, char **argv);

static int run_extract(int argc, char **argv)
{
    return run_vectors(&command_extract, NULL, argc, argv);
}

static int run_export(int argc, char **argv)
{
    export_settings exporting = {.format = "mmsa-pkl"};
    return run_vectors(&export_usage, &exporting, argc, argv);
}

int command_data_export(int argc, char **argv)
{
    return run_export(argc, argv);
}

static int check_export(const command *c, const export_settings *exporting)
{
    if (strcmp(exporting->format, "mmsa-pkl") != 0)
        return usage_error(c, "--format is \"%s\", give mmsa-pkl", exporting->format);
    if (!exporting->path)
        return usage_error(c, "there is no file to write: give --out");
    if (exporting->length < 0 || exporting->length > 1000000)
        return usage_error(c, "--length is %lld, give 0 to 1000000", (long long)exporting->length);
    return check_output(c, "--out", exporting->path, NULL, 0);
}

static void tell_export(const mmsa_export_result *result, const char *path)
{
    printf("%lld clips in %s:", (long long)result->clips, path);
    for (int m = 0; m < MODALITIES; m++)
        if (result->width[m])
            printf(" %s %lld x %lld", modality_name((modality)m), (long long)result->steps[m],
                (long long)result->width[m]);
    if (result->cut)
        printf(", %lld sequences were cut", (long long)result->cut);
    printf("\n");
}

static int run_vectors(const command *c, export_settings *exporting, int argc, char **argv)
{
    extract_options *options = memory_new(1, sizeof *options);
    data_settings *datasets = memory_new(RUN_DATASETS_MAX, sizeof *datasets);
    export_settings none = {0}, *e = exporting ? exporting : &none;
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
        {"format", 0, OPTION_TEXT, &e->format, "NAME", "mmsa-pkl"},
        {"out", 'o', OPTION_TEXT, &e->path, "FILE", "the file to write"},
        {"length", 0, OPTION_INTEGER, &e->length, "N", "steps of every clip: longer ones are cut (the longest clip's)"},
    };
    size_t row_count = sizeof rows / sizeof *rows - (exporting ? 0 : 3); /* the last three are data export's */
    int count, status = options_parse(c, rows, row_count, argc, argv, &count);
    if (status < 0 && count > (exporting != NULL))
        status = usage_error(c, "\"%s\" is not expected here: leave it out or put its option before it", argv[count]);
    if (status < 0 && exporting)
        status = check_export(c, exporting);
    if (status < 0 && code == SMAC_OK)
        status = data_options_read(c, &data, datasets, &dataset_count);
    if (status < 0 && code == SMAC_OK) {
        run_configuration *run = &options->configuration;
        run_configuration_defaults(run);
        options->skip_bad = skip_bad;
        options->store = store;
        if (preset && run_configuration_preset(run, preset, &error) != SMAC_OK)
            status = usage_error(c, "%s", error.message);
        if (status < 0 && file)
            code = configuration_read_yaml(run, file, &error);
        for (size_t i = 0; status < 0 && code == SMAC_OK && i < sets.count; i++)
            if (run_configuration_assign(run, sets.items[i], &error) != SMAC_OK)
                status = usage_error(c, "%s", error.message);
        if (dataset_count) {
            memcpy(run->run.data, datasets, (size_t)dataset_count * sizeof *datasets);
            run->run.data_count = dataset_count;
        }
        if (status < 0 && code == SMAC_OK && run->run.data_count == 0)
            status = usage_error(c, "there is no dataset: give --data");
    }
    extract_result result = {0};
    mmsa_export_result exported = {0};
    if (status < 0 && code == SMAC_OK && exporting)
        code = export_run(options, e->length, e->path, console_reporter(), &exported, &error);
    else if (status < 0 && code == SMAC_OK)
        code = extract_run(options, console_reporter(), &result, &error);
    console_finish();
    if (status < 0 && code == SMAC_OK && exporting) {
        tell_export(&exported, e->path);
        status = EXIT_DONE;
    } else if (status < 0 && code == SMAC_OK) {
        printf("%lld clips: %lld vectors were in the store, %lld are new", (long long)result.clips,
            (long long)result.found, (long long)result.made);
        if (result.skipped)
            printf(", %lld clips were left out", (long long)result.skipped);
        printf("\n");
        status = EXIT_DONE;
    } else if (status < 0) {
        status = failure(c, &error);
    }
    free(sets.items);
    free(data.items);
    free(datasets);
    free(options);
    return status;
}
