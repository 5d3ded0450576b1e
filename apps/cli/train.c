/* apps/cli/train.c - semanticmac train: a dataset in, a model file out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli.h"
#include "data_options.h"
#include "train/configuration_file.h"
#include "train/trainer.h"

static int run(int argc, char **argv);

const command command_train = {"train", "train --data PATH [--dataset NAME] --out RUN [options]", "train a model",
    "The run's folder gets best.safetensors (the model of the best validation epoch), last.safetensors (to resume\n"
    "from), config.yaml, log.jsonl and the generated labels.  Ctrl-C stops after the step at hand; --resume goes on\n"
    "and gives the same bits as never having stopped.  --keys lists every configuration key.",
    run};

static void print_keys(void)
{
    run_configuration *c = memory_new(1, sizeof *c);
    settings_view room[2];
    if (!c)
        return;
    run_configuration_defaults(c);
    char *yaml = settings_to_yaml(run_views(c, room));
    if (yaml)
        fputs(yaml, stdout);
    free(yaml);
    free(c);
}

static int run(int argc, char **argv)
{
    train_options options;
    train_options_default(&options);
    const char *file = NULL;
    const char *seed = NULL, *preset = NULL;
    text_list sets = {0};
    ordered_list data = {0};
    bool keys = false;
    const option_row rows[] = {
        DATA_OPTION_ROWS(&data),
        DATA_WEIGHT_OPTION_ROW(&data),
        {"out", 'o', OPTION_TEXT, &options.out, "RUN", "the run's folder"},
        {"preset", 'p', OPTION_TEXT, &preset, "NAME",
            "begin with these settings: method (docs/method.md), words, demo"},
        {"config", 'c', OPTION_TEXT, &file, "FILE", "configuration in YAML"},
        {"set", 0, OPTION_LIST, &sets, "KEY=VALUE", "set a configuration key (may be given often)"},
        {"seed", 's', OPTION_TEXT, &seed, "S", "the same as --set train.seed=S"},
        {"resume", 0, OPTION_FLAG, &options.resume, NULL, "continue where the run stopped"},
        {"overwrite", 0, OPTION_FLAG, &options.overwrite, NULL, "start over in a folder that holds a run"},
        {"skip-bad", 0, OPTION_FLAG, &options.skip_bad, NULL, "leave out clips that cannot be read, with a note each"},
        {"keys", 0, OPTION_FLAG, &keys, NULL, "print every configuration key with its meaning, and end"},
    };
    int count, status = options_parse(&command_train, rows, sizeof rows / sizeof *rows, argc, argv, &count);
    if (status >= 0)
        return status;
    if (keys) {
        print_keys();
        return EXIT_DONE;
    }
    if (count > 0)
        return usage_error(
            &command_train, "\"%s\" is not expected here: leave it out or put its option before it", argv[1]);
    static data_settings datasets[RUN_DATASETS_MAX];
    int64_t dataset_count;
    if ((status = data_options_read(&command_train, &data, datasets, &dataset_count)) >= 0)
        return status;
    free(data.items);
    if (!options.out || (!dataset_count && !file))
        return usage_error(&command_train, "--data and --out are both needed: give them");
    if (options.resume && options.overwrite)
        return usage_error(&command_train, "--resume continues the run and --overwrite starts over, give one of them");
    smac_error error = {0};
    smac_status code = SMAC_OK;
    if (preset && run_configuration_preset(&options.configuration, preset, &error) != SMAC_OK)
        return usage_error(&command_train, "%s", error.message);
    if (file)
        code = configuration_read_yaml(&options.configuration, file, &error);
    for (size_t i = 0; code == SMAC_OK && i < sets.count; i++)
        if (run_configuration_assign(&options.configuration, sets.items[i], &error) != SMAC_OK) {
            free(sets.items);
            return usage_error(&command_train, "%s", error.message);
        }
    free(sets.items);
    run_settings *run_part = &options.configuration.run;
    if (dataset_count) { /* in the place of those in the file */
        memcpy(run_part->data, datasets, (size_t)dataset_count * sizeof *datasets);
        run_part->data_count = dataset_count;
    }
    if (code == SMAC_OK && run_part->data_count == 0)
        return usage_error(&command_train, "there is no dataset, give --data, or a list \"data\" in %s", file);
    if (code == SMAC_OK && seed && run_configuration_set(&options.configuration, "train.seed", seed, &error) != SMAC_OK)
        return usage_error(&command_train, "%s", error.message);
    train_result result = {0};
    if (code == SMAC_OK)
        code = train_run(&options, console_reporter(), &result, &error);
    if (code != SMAC_OK) {
        status = failure(&command_train, &error);
        if (code == SMAC_ERROR_INTERRUPTED)
            fprintf(stderr, "(the same command with --resume goes on from here)\n");
        return status;
    }
    console_finish();
    if (result.already_done)
        printf("the run had ended already\n");
    if (*result.metric)
        printf("best epoch %lld of %lld: validation %s %.4f", (long long)result.best_epoch, (long long)result.epochs,
            result.metric, result.best_value);
    else
        printf("epoch %lld is kept, there is no validation part", (long long)result.best_epoch);
    for (int i = 0; i < result.best.count; i++)
        printf("%s%s %.4f", i ? ", " : " (", result.best.items[i].name, result.best.items[i].value);
    printf("%s\n%s\n", result.best.count ? ")" : "", result.best_path);
    return EXIT_DONE;
}
