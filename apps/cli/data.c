/* apps/cli/data.c - semanticmac data: what is in a dataset and what is wrong with it; the dataset in a neutral form. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "cli.h"
#include "data/check.h"
#include "data/manifest_write.h"

static int run_data(int argc, char **argv);
const command command_data = {"data", "data check|manifest|export --data DIR --dataset NAME [-o FILE.jsonl]",
    "look at a dataset: counts, labels, duplicates, damaged clips; write it as JSON lines",
    "check counts the clips of each split against the official numbers and the labels of each task, and lists what is\n"
    "wrong: rows that cannot be used, missing media, ids twice, ids, texts and speakers in two splits, clips without\n"
    "words or media, vectors that are not finite; five of each kind, all of them in --json.  With --media every clip\n"
    "is decoded too: lengths, and clips that are damaged, silent, black or (models fetch retinaface) without a face.\n"
    "manifest writes the set as JSON lines (-o FILE.jsonl): one clip a line with its split, media, words and labels.\n"
    "export writes vectors of frozen encoders as a feature pickle of MMSA: see data export --help.\n"
    "Layouts (--dataset): mosi, mosei, sims, simsv2, csd, meld, iemocap4, iemocap6, urfunny, mustard, cremad, ravdess,\n"
    "emodb, faces, goemotions, table, folder, manifest; docs/datasets.md has a page of each.",
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
        char *json = json_dump_text(report, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
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

static smac_status write_manifest(const dataset_options *options, const char *path, smac_error *error)
{
    dataset *d = NULL;
    TRY(dataset_read(options, console_reporter(), &d, error));
    smac_status status = manifest_write(d, path, error);
    console_finish();
    if (status == SMAC_OK)
        printf("%lld clips in %s\n", (long long)d->count, path);
    dataset_free(d);
    return status;
}

static int run_data(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "export") == 0)
        return command_data_export(argc, argv);
    dataset_options options = {0};
    const char *json_path = NULL, *out = NULL;
    bool media = false;
    const option_row rows[] = {
        {"data", 0, OPTION_TEXT, &options.path, "DIR", "the dataset's folder, or its table"},
        {"dataset", 0, OPTION_TEXT, &options.layout, "NAME", "its layout"},
        {"task", 0, OPTION_TEXT, &options.task, "NAMES", "these of the layout's tasks (its first ones)"},
        {"features", 0, OPTION_TEXT, &options.features, "FILE", "an MMSA feature pickle beside it"},
        {"media", 0, OPTION_FLAG, &media, NULL, "decode every clip too"},
        {"out", 'o', OPTION_TEXT, &out, "FILE", "manifest: the file to write"},
        {"skip-bad", 0, OPTION_FLAG, &options.skip_bad, NULL, "manifest: leave out bad rows and clips without media"},
        {"json", 0, OPTION_TEXT, &json_path, "FILE", "write the report as JSON; - for standard output"},
    };
    int count, status = options_parse(&command_data, rows, sizeof rows / sizeof *rows, argc, argv, &count);
    if (status >= 0)
        return status;
    bool check = count == 1 && strcmp(argv[1], "check") == 0, manifest = count == 1 && strcmp(argv[1], "manifest") == 0;
    if (!check && !manifest)
        return usage_error(&command_data, "an action is needed: give check, manifest or export");
    if (!options.path || (check && !options.layout))
        return usage_error(&command_data, "--data and --dataset are both needed: give them");
    if (manifest && !out)
        return usage_error(&command_data, "there is no file to write: give --out");
    if ((status = check_output(&command_data, "--json", json_path, NULL, 0)) >= 0 ||
        (out && (status = check_output(&command_data, "--out", out, (char *const[]){(char *)options.path}, 1)) >= 0))
        return status;
    smac_error error = {0};
    smac_status done;
    if (manifest) {
        done = write_manifest(&options, out, &error);
    } else {
        options.skip_bad = options.keep_repeats = true;
        done = check_set(&options, media, json_path, &error);
    }
    return done == SMAC_OK ? EXIT_DONE : failure(&command_data, &error);
}
