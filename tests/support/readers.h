/* tests/support/readers.h - tests of dataset readers: reading a set, what is refused, its clips and labels. */
#ifndef SMAC_TESTS_READERS_H
#define SMAC_TESTS_READERS_H

#include "support/folder.h"
#include "support/same_dataset.h"

#include "base/folder.h"
#include "data/dataset.h"

static inline void read_set(const char *folder, const char *layout, const char *task, dataset **out)
{
    dataset_options options = {.path = folder, .layout = layout, .task = task};
    assert_ok(dataset_read(&options, NULL, out, error));
    assert_manifest_keeps(*out); /* every set of this file */
}

static inline void expect_refused(const char *folder, const char *layout, const char *task, const char *says)
{
    dataset *d = NULL;
    smac_error why = {0};
    dataset_options options = {.path = folder, .layout = layout, .task = task};
    assert_int_not_equal(dataset_read(&options, NULL, &d, &why), SMAC_OK);
    if (!strstr(why.message, says))
        fail_msg("'%s' does not say '%s'", why.message, says);
}

static inline const dataset_item *find_item(const dataset *d, const char *id)
{
    for (int64_t i = 0; i < d->count; i++)
        if (strcmp(d->items[i].id, id) == 0)
            return &d->items[i];
    fail_msg("there is no clip %s", id);
    return NULL;
}

static inline const float *label_values(const dataset_item *item, int task, int kind)
{
    const dataset_target *target = dataset_target_of(item, task);
    assert_non_null(target);
    assert_non_null(target->values[kind]);
    return target->values[kind];
}

static inline void make_folder(const char *folder, const char *name)
{
    char path[512];
    file_in(folder, name, path);
    assert_ok(folder_make(path, error));
}

#endif
