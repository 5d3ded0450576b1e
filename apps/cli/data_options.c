/* apps/cli/data_options.c - datasets out of --data, --dataset and their like. */
#include "data_options.h"

#include <string.h>

#include "base/number.h"

static bool copy_text(char out[SETTINGS_TEXT_MAX], const char *text)
{
    if (strlen(text) >= SETTINGS_TEXT_MAX)
        return false;
    memset(out, 0, SETTINGS_TEXT_MAX);
    memcpy(out, text, strlen(text));
    return true;
}

static int set_option(const command *c, data_settings *dataset, const ordered_option *o)
{
    char *texts[] = {
        dataset->path, dataset->dataset, dataset->task, dataset->features, dataset->form, dataset->range, dataset->use};
    static const char *const names[] = {"data", "dataset", "task", "features", "form", "range", "use"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(o->name, names[i]) == 0)
            return copy_text(texts[i], o->value)
                ? -1
                : usage_error(c, "--%s is longer than %d bytes, shorten it", o->name, SETTINGS_TEXT_MAX - 1);
    if (!number_parse(o->value, &dataset->weight) || !(dataset->weight > 0 && dataset->weight <= 1000))
        return usage_error(c, "--weight is \"%s\", give a number above 0 and up to 1000", o->value);
    return -1;
}

int data_options_read(
    const command *c, const ordered_list *list, data_settings datasets[RUN_DATASETS_MAX], int64_t *count)
{
    int64_t at = 0;
    bool begun = false;
    *count = 0;
    for (size_t i = 0; i < list->count; i++) {
        const ordered_option *o = &list->items[i];
        if (strcmp(o->name, "data") == 0) {
            at = begun ? at + 1 : 0;
            begun = true;
        }
        if (at == RUN_DATASETS_MAX)
            return usage_error(c, "--data is given more than %d times, leave some out", RUN_DATASETS_MAX);
        if (at >= *count) {
            memset(&datasets[at], 0, sizeof datasets[at]);
            datasets[at].weight = 1;
            *count = at + 1;
        }
        int status = set_option(c, &datasets[at], o);
        if (status >= 0)
            return status;
    }
    if (*count > 0 && !begun)
        return usage_error(c, "--%s is given without --data, name the dataset with it", list->items[0].name);
    return -1;
}
