/*
 * Fuzz target of tables and of what MMSA's label files say.  First byte modulo 4: 0 a table alone, 1 a label file with
 * scores, 2 one with classes, 3 the older release in files of its own.  Second byte: 1 skip bad rows, 2 lower the words.
 */
#define _GNU_SOURCE /* memfd_create */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/csv.h"
#include "base/text.h"
#include "base/utf8.h"
#include "data/dataset.h"
#include "scratch.h"

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    scratch_begin();
    scratch_folder("metadata");
    scratch_folder("metadata/sentiment");
    return 0;
}

/* What was read can be written and read again. */
static void use_table(const uint8_t *data, size_t size)
{
    csv_table t, again;
    smac_error error;
    text_buffer out = {0};
    if (csv_parse((const char *)data, size, &t, &error) != SMAC_OK)
        return;
    for (size_t i = 0; i < t.count; i++) {
        for (size_t k = 0; k < t.rows[i].count; k++)
            csv_add_cell(&out, t.rows[i].cells[k], k == 0);
        text_add(&out, i % 2 ? "\n" : "\r\n");
    }
    if (t.count && csv_parse(out.data, out.length, &again, &error) != SMAC_OK)
        abort();
    if (t.count) {
        if (again.count != t.count)
            abort();
        for (size_t i = 0; i < t.count; i++) {
            if (again.rows[i].count != t.rows[i].count)
                abort();
            for (size_t k = 0; k < t.rows[i].count; k++)
                if (strcmp(t.rows[i].cells[k], again.rows[i].cells[k]) != 0)
                    abort();
        }
        csv_free(&again);
    }
    csv_column(&t, "label");
    text_free(&out);
    csv_free(&t);
}

/* What every user of a dataset counts on. */
static void check_item(const dataset *d, const dataset_item *item)
{
    if (!item->id || !item->video_id || !item->clip_id || !item->text || item->split >= SPLIT_COUNT || item->media ||
        utf8_invalid_at(item->text, strlen(item->text)) != SIZE_MAX)
        abort();
    for (int k = 0; k < TRUTH_KINDS; k++) {
        double label = dataset_label(d, item, 0, k);
        if (isnan(label))
            continue;
        if (d->tasks[0].kind == TASK_CLASSES ? !(label >= 0 && label < d->tasks[0].classes)
                                             : !(label >= d->tasks[0].low - 0.01 && label <= d->tasks[0].high + 0.01))
            abort();
    }
    for (int64_t k = 0; k < d->sources[0].extra_count; k++)
        if (dataset_extra(d, item, d->sources[0].extra_names[k]) < 0 || !item->extra[k])
            abort();
    dataset_extra_number(d, item, "label_T");
}

static void use_dataset(const char *path, int kind, int flags)
{
    dataset_options options = {.path = path,
        .layout = kind == 2 ? "mosi" : "sims",
        .task = kind == 2 ? "emotion" : "",
        .skip_bad = flags & 1,
        .lower_case = flags & 2};
    dataset *d = NULL;
    smac_error error = {0};
    if (dataset_read(&options, NULL, &d, &error) != SMAC_OK) {
        if (!error.message[0])
            abort();
        return;
    }
    if (d->count < 1 || task_check(&d->tasks[0], &error) != SMAC_OK)
        abort();
    for (int64_t i = 0; i < d->count; i++)
        check_item(d, &d->items[i]);
    dataset_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const scratch_name older[] = {{'M', "metadata/sentiment/label_M.csv"},
        {'T', "metadata/sentiment/label_T.csv"}, {'A', "metadata/sentiment/label_A.csv"},
        {'V', "metadata/sentiment/label_V.csv"}, {'r', "metadata/train_index.csv"}, {'v', "metadata/val_index.csv"},
        {'e', "metadata/test_index.csv"}, {0, NULL}};
    if (size < 2)
        return 0;
    int kind = data[0] % 4;
    if (kind == 0) {
        use_table(data + 1, size - 1);
    } else if (kind == 3) {
        scratch_unpack(older, data + 2, size - 2);
        use_dataset(scratch, kind, data[1]);
    } else {
        char path[64];
        int descriptor = memfd_create("fuzz", 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
        if (descriptor >= 0 && write(descriptor, data + 2, size - 2) == (ssize_t)(size - 2))
            use_dataset(path, kind, data[1]);
        close(descriptor);
    }
    return 0;
}
