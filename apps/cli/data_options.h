/* apps/cli/data_options.h - the options that name datasets, of commands that take several. */
#ifndef SMAC_APPS_DATA_OPTIONS_H
#define SMAC_APPS_DATA_OPTIONS_H

#include "cli.h"
#include "train/run_configuration.h"

/* In the order of the command line: each --data begins a dataset, the options after it are that dataset's (those before the
 * first are the first one's). */
#define DATA_OPTION_ROWS(list)                                                                                        \
    {"data", 'd', OPTION_ORDERED, list, "PATH", "a dataset's folder or file (may be given often, for several)"},      \
        {"dataset", 0, OPTION_ORDERED, list, "NAME", "layout of the --data before it: sims, mosi, meld, table, ..."}, \
        {"task", 0, OPTION_ORDERED, list, "NAMES", "its tasks, as sentiment,emotion (the first)"},                    \
        {"features", 0, OPTION_ORDERED, list, "FILE", "a feature pickle beside it"},                                  \
        {"form", 0, OPTION_ORDERED, list, "NAME", "the kind of its ready vectors (told by their width)"},             \
        {"range", 0, OPTION_ORDERED, list, "LOW:HIGH", "map its scores to this range, as -1:1"},                      \
    {                                                                                                                 \
        "use", 0, OPTION_ORDERED, list, "NAMES", "which of its modalities, as audio,vision (all)"                     \
    }
/* For training alone. */
#define DATA_WEIGHT_OPTION_ROW(list)                                                                     \
    {                                                                                                    \
        "weight", 0, OPTION_ORDERED, list, "W", "how often its clips are drawn, beside their number (1)" \
    }

/*
 * The datasets that the options name; *count 0: none.  Returns -1 to go on, or an exit status after a wrong use that was
 * explained.
 */
int data_options_read(
    const command *c, const ordered_list *list, data_settings datasets[RUN_DATASETS_MAX], int64_t *count);

#endif
