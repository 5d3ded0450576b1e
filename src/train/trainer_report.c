/* train/trainer_report.c - what a run writes for people and programs: log.jsonl, labels.csv, label_quality.json. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "train/trainer_internal.h"

/* --- the log ------------------------------------------------------------------------------------------------------ */

smac_status training_log_open(training *t, bool resume, smac_error *error)
{
    const char *path = t->paths[RUN_LOG];
    t->log = fopen(path, resume ? "r+" : "w");
    if (!t->log && resume)
        t->log = fopen(path, "w");
    if (!t->log)
        return FAIL(
            error, SMAC_ERROR_IO, "%s cannot be written: %s; make room or give another folder", path, strerror(errno));
    if (!resume)
        t->log_bytes = 0;
    /* lines after the checkpoint are written again: cut them off (a log that is shorter is simply continued) */
    if (fseek(t->log, 0, SEEK_END) != 0)
        return FAIL(error, SMAC_ERROR_IO, "%s cannot be continued: %s; look at its permissions", path, strerror(errno));
    int64_t size = ftell(t->log);
    if (size > t->log_bytes && ftruncate(fileno(t->log), t->log_bytes) != 0)
        return FAIL(error, SMAC_ERROR_IO, "%s cannot be cut back to the checkpoint: %s; look at its permissions", path,
            strerror(errno));
    fseek(t->log, 0, SEEK_END);
    t->log_bytes = ftell(t->log);
    return SMAC_OK;
}

static smac_status write_line(training *t, json_t *line, smac_error *error)
{
    char *text = line ? json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(line);
    if (!text)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a line of the log");
    int written = fprintf(t->log, "%s\n", text);
    free(text);
    if (written < 0 || fflush(t->log) != 0)
        return FAIL(error, SMAC_ERROR_IO, "%s cannot be written: %s; the last checkpoint is kept", t->paths[RUN_LOG],
            strerror(errno));
    t->log_bytes += written;
    return SMAC_OK;
}

smac_status training_log_flush(training *t, smac_error *error)
{
    if (fflush(t->log) != 0 || (fsync(fileno(t->log)) != 0 && errno != EINVAL))
        return FAIL(error, SMAC_ERROR_IO, "%s cannot be written: %s; the last checkpoint is kept", t->paths[RUN_LOG],
            strerror(errno));
    return SMAC_OK;
}

static void set_term(json_t *o, const char *name, double value, bool has)
{
    if (has)
        json_object_set_new(o, name, isfinite(value) ? json_real(value) : json_null());
}

smac_status training_log_step(training *t, const objective_terms *terms, double norm, double factor, int64_t clips,
    double seconds, smac_error *error)
{
    json_t *o = json_pack("{s:I, s:I}", "epoch", (json_int_t)t->epoch, "step", (json_int_t)t->steps);
    set_term(o, "loss", terms->total, true);
    set_term(o, "task", terms->task, true);
    for (int u = 0; u < 3; u++)
        set_term(o, modality_name(u), terms->specific[u], terms->has_specific[u]);
    set_term(o, "shared", terms->shared, terms->has_shared);
    set_term(o, "intra", terms->intra, terms->has_intra);
    set_term(o, "inter", terms->inter, terms->has_inter);
    set_term(o, "inter_floor", terms->inter_floor, terms->has_inter);
    set_term(o, "gradient", norm, true);
    set_term(o, "rate", t->c->train.rate * factor, true);
    set_term(o, "language_rate", t->c->train.language_rate * factor, true);
    json_object_set_new(o, "clips", json_integer(clips));
    set_term(o, "seconds", seconds, true);
    return write_line(t, o, error);
}

/* --- how near generated labels come to the modalities' own -------------------------------------------------------- */

static const dataset_item *item_of(const training *t, int64_t i)
{
    return &t->cache->source->items[t->items[i]];
}

/* By the column "conflict"; without one: two own labels lie more than 0.4 of the range apart (classes: they differ). */
static bool in_conflict(const training *t, const dataset_item *item)
{
    if (dataset_extra(t->cache->source, "conflict") >= 0)
        return dataset_extra_number(t->cache->source, item, "conflict") > 0;
    for (int a = TRUTH_TEXT; a <= TRUTH_VISION; a++)
        for (int b = a + 1; b <= TRUTH_VISION; b++)
            if (fabs(item->label[a] - item->label[b]) >
                (t->task->kind == TASK_CLASSES ? 0.5 : 0.4 * (t->task->high - t->task->low)))
                return true;
    return false;
}

static int largest(const float *row, int n)
{
    int best = 0;
    for (int c = 1; c < n; c++)
        if (row[c] > row[best])
            best = c;
    return best;
}

/* Agreement of a column of labels with the own ones: Pearson for scores, share of equal classes otherwise. */
static double agreement(const training *t, const float *labels, const float *own, int64_t n)
{
    if (t->task->kind == TASK_REGRESSION)
        return pearson(labels, own, n);
    int64_t hits = 0;
    for (int64_t i = 0; i < n; i++)
        hits += labels[i] == own[i];
    return n ? (double)hits / (double)n : NAN;
}

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *quality_of(const training *t, modality m, bool conflict, float *scratch)
{
    float *own = scratch, *generated = scratch + t->count, *common = scratch + 2 * t->count;
    const float *q = label_generation_labels(t->labels, m);
    int64_t n = 0;
    for (int64_t i = 0; i < t->count; i++) {
        const dataset_item *item = item_of(t, i);
        if (isnan(item->label[TRUTH_TEXT + m]) || (conflict && !in_conflict(t, item)))
            continue;
        bool classes = t->task->kind == TASK_CLASSES;
        own[n] = (float)item->label[TRUTH_TEXT + m];
        common[n] = (float)item->label[TRUTH_MULTIMODAL];
        generated[n++] = classes ? (float)largest(q + i * t->targets, t->targets) : q[i];
    }
    if (n == 0)
        return NULL;
    return json_pack("{s:I, s:o, s:o}", "n", (json_int_t)n, "generated", number(agreement(t, generated, own, n)),
        "multimodal", number(agreement(t, common, own, n)));
}

/* {"text": {"all": {n, generated, multimodal}, "conflict": {...}}, ...}; modalities without own labels are left out. */
static json_t *label_quality(const training *t)
{
    float *scratch = memory_new((size_t)t->count, 3 * sizeof *scratch);
    json_t *o = json_object();
    for (int m = 0; scratch && m < MODALITIES; m++) {
        json_t *all = t->system->has[m] ? quality_of(t, m, false, scratch) : NULL;
        if (!all)
            continue;
        json_t *one = json_pack("{s:o}", "all", all), *conflict = quality_of(t, m, true, scratch);
        if (conflict)
            json_object_set_new(one, "conflict", conflict);
        json_object_set_new(o, modality_name(m), one);
    }
    free(scratch);
    return o;
}

smac_status training_log_epoch(training *t, const metric_list *valid, bool better, double seconds, smac_error *error)
{
    double steps = (double)(t->sums.steps ? t->sums.steps : 1);
    json_t *o = json_pack("{s:I, s:I, s:o, s:o, s:o, s:b, s:o}", "epoch", (json_int_t)t->epoch, "steps",
        (json_int_t)t->steps, "train_loss", number(t->sums.loss / steps), "train_task", number(t->sums.task / steps),
        "gradient", number(t->sums.gradient / steps), "best", better, "seconds", number(seconds));
    if (o && valid->count)
        json_object_set_new(o, "valid", metrics_to_json(valid));
    json_t *quality = label_quality(t);
    if (o && json_object_size(quality))
        json_object_set(o, "labels", quality);
    json_decref(quality);
    return write_line(t, o, error);
}

/* --- labels.csv --------------------------------------------------------------------------------------------------- */

static void add_number(text_buffer *b, double value)
{
    char text[40] = "";
    if (!isnan(value))
        number_format(text, sizeof text, "%.7g", value);
    csv_add_cell(b, text, false);
}

static void add_label(const training *t, text_buffer *b, double value)
{
    if (t->task->kind == TASK_CLASSES && !isnan(value))
        csv_add_cell(b, t->task->class_names[(int)value], false);
    else
        add_number(b, value);
}

static void write_header(const training *t, text_buffer *b)
{
    text_add(b, "id,label,label_T,label_A,label_V");
    for (int k = 0; k < MODALITIES_AND_SHARED; k++) {
        if (k < MODALITIES && !t->system->has[k])
            continue;
        for (int c = 0; c < t->targets; c++) {
            char name[TASK_NAME_MAX + 16];
            snprintf(name, sizeof name, t->targets > 1 ? "%s:%s" : "%s", modality_name(k), t->task->class_names[c]);
            csv_add_cell(b, name, false);
        }
    }
    text_add(b, "\n");
}

smac_status training_write_labels(training *t, smac_error *error)
{
    text_buffer b = {0};
    write_header(t, &b);
    for (int64_t i = 0; i < t->count; i++) {
        const dataset_item *item = item_of(t, i);
        csv_add_cell(&b, item->id, true);
        for (int k = 0; k < TRUTH_KINDS; k++)
            add_label(t, &b, item->label[k]);
        for (int k = 0; k < MODALITIES_AND_SHARED; k++) {
            const float *q = label_generation_labels(t->labels, (modality)k);
            for (int c = 0; (k >= MODALITIES || t->system->has[k]) && c < t->targets; c++)
                add_number(&b, (double)q[i * t->targets + c]);
        }
        text_add(&b, "\n");
    }
    smac_status status = b.failed ? FAIL(error, SMAC_ERROR_MEMORY, "no memory for labels.csv")
                                  : file_write(t->paths[RUN_LABELS], b.data, b.length, error);
    text_free(&b);
    TRY(status);
    json_t *quality = label_quality(t);
    json_t *o = json_pack("{s:I, s:s, s:o}", "epoch", (json_int_t)t->epoch, "measure",
        t->task->kind == TASK_CLASSES ? "share of equal classes" : "Pearson correlation", "modalities", quality);
    char *text = o ? json_dumps(o, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    status = text ? file_write(t->paths[RUN_QUALITY], text, strlen(text), error)
                  : FAIL(error, SMAC_ERROR_MEMORY, "no memory for label_quality.json");
    json_decref(o);
    free(text);
    return status;
}
