/* apps/cli/evaluate.c - semanticmac evaluate: a model over one part of a dataset. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "data_options.h"
#include "train/evaluate.h"

static int run(int argc, char **argv);

const command command_evaluate = {"evaluate",
    "evaluate --model M --data PATH [--dataset NAME] [--split test] [options]",
    "a model's metrics over one part of a dataset", NULL, run};

static void print_metrics(const char *name, const metric_list *list)
{
    printf("%-16s", name);
    for (int i = 0; i < list->count; i++)
        printf(" %s %.4f", list->items[i].name, list->items[i].value);
    printf("\n");
}

static void print_part(const evaluation_part *part)
{
    print_metrics("prediction", &part->metrics);
    if (!isnan(part->calibration_error))
        printf("%-16s %.4f\n", "calibration err", part->calibration_error);
    for (int h = 0; h < MODALITIES_AND_SHARED; h++) {
        char own[32];
        if (part->has_head[h])
            print_metrics(modality_name((modality)h), &part->heads[h]);
        snprintf(own, sizeof own, "%s (own)", modality_name((modality)h));
        if (part->has_head[h] && part->has_own[h])
            print_metrics(own, &part->own[h]);
    }
}

static void print_table(const evaluation *e)
{
    printf("%s, %lld clips", dataset_split_name(e->split), (long long)e->count);
    if (e->skipped)
        printf(" (%lld left out)", (long long)e->skipped);
    printf("\n");
    for (int k = 0; k < e->task_count; k++) {
        const evaluation_task *task = &e->tasks[k];
        if (e->task_count > 1)
            printf("\n%s, %lld clips\n", task->task.name, (long long)task->all.count);
        print_part(&task->all);
        for (int s = 0; e->source_count > 1 && s < e->source_count; s++) {
            if (!task->sources[s].count)
                continue;
            printf("\n%s of %s, %lld clips\n", task->task.name, e->source_names[s], (long long)task->sources[s].count);
            print_part(&task->sources[s]);
        }
    }
}

/* "-" as standard output */
static const char *target(const char *path)
{
    return path && !strcmp(path, "-") ? "/dev/stdout" : path;
}

static int run(int argc, char **argv)
{
    evaluate_options options = {0};
    const char *split = "test", *modalities = NULL, *json_path = NULL, *csv_path = NULL, *how_name = NULL;
    precision how;
    ordered_list data = {0};
    static data_settings datasets[RUN_DATASETS_MAX];
    const option_row rows[] = {
        {"model", 'm', OPTION_TEXT, &options.model, "FILE", "the model (best.safetensors of a training)"},
        DATA_OPTION_ROWS(&data),
        {"split", 0, OPTION_TEXT, &split, "NAME", "train, valid or test (test)"},
        {"modalities", 0, OPTION_TEXT, &modalities, "LIST", "use these alone, e.g. text,audio"},
        {"precision", 0, OPTION_TEXT, &how_name, "NAME", "of the encoders: f32, bf16 or int8 (as they were trained)"},
        {"json", 0, OPTION_TEXT, &json_path, "FILE", "write the metrics as JSON; -: on standard output, alone"},
        {"predictions", 0, OPTION_TEXT, &csv_path, "FILE", "write the prediction for each clip as CSV; - as above"},
        {"skip-bad", 0, OPTION_FLAG, &options.skip_bad, NULL, "leave out clips that cannot be read, with a note each"},
    };
    int count, status = options_parse(&command_evaluate, rows, sizeof rows / sizeof *rows, argc, argv, &count);
    if (status >= 0)
        return status;
    if (count > 0)
        return usage_error(
            &command_evaluate, "\"%s\" is not expected here: leave it out or put its option before it", argv[1]);
    if ((status = data_options_read(&command_evaluate, &data, datasets, &options.data_count)) >= 0)
        return status;
    free(data.items);
    options.data = datasets;
    if (!options.model || !options.data_count)
        return usage_error(&command_evaluate, "--model and --data are both needed: give them");
    if (!dataset_split_from_name(split, &options.split))
        return usage_error(&command_evaluate, "there is no split \"%s\": give train, valid or test", split);
    if (modalities && !cli_modalities(modalities, options.modalities))
        return usage_error(&command_evaluate, "--modalities is \"%s\", give some of text,audio,vision", modalities);
    if (how_name && !precision_from_name(how_name, &how))
        return usage_error(&command_evaluate, "there is no precision \"%s\": give f32, bf16 or int8", how_name);
    options.precision = how_name ? &how : NULL;
    char *read[] = {(char *)(uintptr_t)options.model, datasets[0].path};
    if ((status = check_output(&command_evaluate, "--json", json_path, read, 2)) >= 0 ||
        (status = check_output(&command_evaluate, "--predictions", csv_path, read, 2)) >= 0)
        return status;
    bool json_out = json_path && !strcmp(json_path, "-"), csv_out = csv_path && !strcmp(csv_path, "-");
    bool on_output = json_out || csv_out; /* what another program reads has nothing else in it */
    if (json_out && csv_out)
        return usage_error(&command_evaluate, "--json and --predictions cannot both be -, name a file for one of them");
    smac_error error = {0};
    evaluation *e = NULL;
    if (evaluate_run(&options, console_reporter(), &e, &error) != SMAC_OK)
        return failure(&command_evaluate, &error);
    console_finish();
    if (!on_output)
        print_table(e);
    smac_status code = SMAC_OK;
    if (json_path)
        code = evaluation_write_json(e, target(json_path), &error);
    if (code == SMAC_OK && csv_path)
        code = evaluation_write_csv(e, target(csv_path), &error);
    evaluation_free(e);
    return code == SMAC_OK ? EXIT_DONE : failure(&command_evaluate, &error);
}
