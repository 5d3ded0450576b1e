/* apps/cli/data.c - semanticmac data check: what is in a dataset, and what is wrong with it. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli.h"
#include "data/check.h"

static int run_data(int argc, char **argv);
const command command_data = {"data", "data check --data DIR --dataset NAME [--media] [--json FILE]",
    "look at a dataset: counts, labels, duplicates, damaged clips",
    "check counts the clips of each split against the official numbers and the labels of each task, and lists what is\n"
    "wrong: ids and texts in two splits, speakers in two splits, clips without words or media, vectors that are not\n"
    "finite.  With --media every clip is decoded too: lengths, and clips that are damaged, silent or black.\n"
    "Layouts (--dataset): mosi, mosei, sims, simsv2, csd, meld, iemocap4, iemocap6, urfunny, mustard, cremad, ravdess,\n"
    "emodb, faces, goemotions; docs/datasets.md has a page of each.",
    run_data};

static smac_status check_set(const dataset_options *options, bool media, const char *json_path, smac_error *error)
{
    dataset *d = NULL;
    json_t *report = NULL;
    text_buffer text = {0};
    check_options how = {.media = media};
    TRY(dataset_read(options, console_reporter(), &d, error));
    smac_status status = dataset_check(d, &how, console_reporter(), &report, error);
    console_finish();
    if (status == SMAC_OK && json_path) {
        char *json = json_dumps(report, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
        if (json) {
            text_add(&text, json);
            text_add_char(&text, '\n');
        }
        status = json ? write_result(json_path, text.data, text.length, error)
                      : FAIL(error, SMAC_ERROR_MEMORY, "no memory for the report");
        free(json);
        text_free(&text);
    }
    if (status == SMAC_OK && (!json_path || strcmp(json_path, "-") != 0)) {
        dataset_check_render(report, &text);
        status = text.failed ? FAIL(error, SMAC_ERROR_MEMORY, "no memory for the report")
                             : write_result(NULL, text.data, text.length, error);
    }
    text_free(&text);
    json_decref(report);
    dataset_free(d);
    return status;
}

static int run_data(int argc, char **argv)
{
    dataset_options options = {.skip_bad = true};
    const char *json_path = NULL;
    bool media = false;
    const option_row rows[] = {
        {"data", 0, OPTION_TEXT, &options.path, "DIR", "the dataset's folder, or its table"},
        {"dataset", 0, OPTION_TEXT, &options.layout, "NAME", "its layout"},
        {"task", 0, OPTION_TEXT, &options.task, "NAMES", "these of the layout's tasks (its first ones)"},
        {"features", 0, OPTION_TEXT, &options.features, "FILE", "an MMSA feature pickle beside it"},
        {"media", 0, OPTION_FLAG, &media, NULL, "decode every clip too"},
        {"json", 0, OPTION_TEXT, &json_path, "FILE", "write the report as JSON; - for standard output"},
    };
    int count, status = options_parse(&command_data, rows, sizeof rows / sizeof *rows, argc, argv, &count);
    if (status >= 0)
        return status;
    if (count != 1 || strcmp(argv[1], "check") != 0)
        return usage_error(&command_data, "an action is needed: give check");
    if (!options.path || !options.layout)
        return usage_error(&command_data, "--data and --dataset are both needed: give them");
    if ((status = check_output(&command_data, "--json", json_path, NULL, 0)) >= 0)
        return status;
    smac_error error = {0};
    return check_set(&options, media, json_path, &error) == SMAC_OK ? EXIT_DONE : failure(&command_data, &error);
}
