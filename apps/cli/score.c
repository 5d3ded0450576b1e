/* apps/cli/score.c - semanticmac score: the field's metrics for anyone's predictions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli.h"
#include "train/metrics.h"

static int run(int argc, char **argv);

const command command_score = {"score", "score --truth F.csv --predictions F.csv --protocol NAME [--json F]",
    "the field's metrics for anyone's predictions",
    "Protocols: mosi, mosei, sims, simsv2 (scores); iemocap, meld, urfunny, mustard, classes (classes).\n"
    "The files have a header line and two columns: id,value or id,class.",
    run};

static int run(int argc, char **argv)
{
    score_options options = {0};
    const char *json_path = NULL;
    const option_row rows[] = {
        {"truth", 0, OPTION_TEXT, &options.truth, "FILE", "what is true"},
        {"predictions", 0, OPTION_TEXT, &options.predictions, "FILE", "what was predicted"},
        {"protocol", 0, OPTION_TEXT, &options.protocol, "NAME", "whose metrics"},
        {"json", 0, OPTION_TEXT, &json_path, "FILE", "write them as JSON too; -: on standard output, alone"},
    };
    int count, status = options_parse(&command_score, rows, sizeof rows / sizeof *rows, argc, argv, &count);
    if (status >= 0)
        return status;
    if (count > 0)
        return usage_error(
            &command_score, "\"%s\" is not expected here: leave it out or put its option before it", argv[1]);
    if (!options.truth || !options.predictions || !options.protocol)
        return usage_error(&command_score, "--truth, --predictions and --protocol are all needed: give them");
    char *read[] = {(char *)(uintptr_t)options.truth, (char *)(uintptr_t)options.predictions};
    status = check_output(&command_score, "--json", json_path, read, 2);
    if (status >= 0)
        return status;
    smac_error error = {0};
    metric_list list;
    int64_t clips;
    if (score_files(&options, &list, &clips, &error) != SMAC_OK)
        return failure(&command_score, &error);
    bool only_json = json_path && !strcmp(json_path, "-");
    if (!only_json)
        printf("%lld clips\n", (long long)clips);
    for (int i = 0; i < list.count && !only_json; i++)
        printf("%-18s %.4f\n", list.items[i].name, list.items[i].value);
    if (json_path) {
        json_t *root = json_pack(
            "{s:s, s:I, s:o}", "protocol", options.protocol, "n", (json_int_t)clips, "metrics", metrics_to_json(&list));
        char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
        json_decref(root);
        if (!text) {
            error_set(&error, SMAC_ERROR_MEMORY, "score", "there is no memory to write the metrics as JSON");
            return failure(&command_score, &error);
        }
        text_buffer whole = {0};
        text_add(&whole, text);
        text_add_char(&whole, '\n');
        free(text);
        smac_status code = whole.failed ? SMAC_ERROR_MEMORY : write_result(json_path, whole.data, whole.length, &error);
        text_free(&whole);
        if (code != SMAC_OK)
            return failure(&command_score, &error);
    }
    return EXIT_DONE;
}
