/* train/trainer_report.c - log.jsonl: one line a step, one an epoch. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "train/trainer_internal.h"

/* --- the log ------------------------------------------------------------------------------------------------------ */

smac_status training_log_open(training *t, bool resume, smac_error *error)
{
    if (!team_is_first(t->options->team))
        return SMAC_OK;
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
    char *text = line ? json_dump_text(line, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
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

/* {"task", "text", "audio", "vision", "shared"} of one task into o. */
static void set_task_terms(json_t *o, const objective_task_terms *terms)
{
    set_term(o, "task", terms->task, terms->has_task);
    for (int u = 0; u < MODALITIES; u++)
        set_term(o, modality_name((modality)u), terms->specific[u], terms->has_specific[u]);
    set_term(o, "shared", terms->shared, terms->has_shared);
}

smac_status training_log_step(training *t, const step_report *r, smac_error *error)
{
    if (!team_is_first(t->options->team))
        return SMAC_OK;
    const objective_terms *terms = r->terms;
    json_t *o = json_pack("{s:I, s:I}", "epoch", (json_int_t)t->epoch, "step", (json_int_t)t->steps);
    set_term(o, "loss", terms->total, true);
    if (t->task_count == 1) {
        set_task_terms(o, &terms->tasks[0]);
    } else {
        json_t *tasks = json_object();
        set_term(o, "task", r->task, true);
        for (int k = 0; k < t->task_count; k++) {
            json_t *one = json_object();
            set_task_terms(one, &terms->tasks[k]);
            json_object_set_new(tasks, t->tasks[k].task->name, one);
        }
        json_object_set_new(o, "tasks", tasks);
    }
    set_term(o, "intra", terms->intra, terms->has_intra);
    set_term(o, "inter", terms->inter, terms->has_inter);
    set_term(o, "inter_floor", terms->inter_floor, terms->has_inter);
    set_term(o, "gradient", r->norm, true);
    set_term(o, "rate", t->run->train.rate * r->factor, true);
    set_term(o, "encoder_rate", t->run->train.encoder_rate * r->factor, true);
    json_object_set_new(o, "clips", json_integer(r->clips));
    set_term(o, "seconds", r->seconds, true);
    return write_line(t, o, error);
}

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

/* The metrics of a task, with those of each dataset where there are several. */
static json_t *task_metrics_to_json(const evaluation *e, const evaluation_task *task)
{
    json_t *o = metrics_to_json(&task->all.metrics);
    json_t *sources = e->source_count > 1 ? json_object() : NULL;
    for (int s = 0; sources && s < e->source_count; s++)
        if (task->sources[s].count)
            json_object_set_new(sources, e->source_names[s], metrics_to_json(&task->sources[s].metrics));
    if (sources)
        json_object_set_new(o, "datasets", sources);
    return o;
}

/* Of a single task its metrics, of several an object by task. */
static json_t *valid_to_json(const evaluation *e)
{
    if (e->task_count == 1)
        return task_metrics_to_json(e, &e->tasks[0]);
    json_t *tasks = json_object();
    for (int k = 0; k < e->task_count; k++)
        json_object_set_new(tasks, e->tasks[k].task.name, task_metrics_to_json(e, &e->tasks[k]));
    return tasks;
}

smac_status training_log_epoch(training *t, const epoch_report *r, smac_error *error)
{
    if (!team_is_first(t->options->team))
        return SMAC_OK;
    double steps = (double)(t->sums.steps ? t->sums.steps : 1);
    json_t *o = json_pack("{s:I, s:I, s:o, s:o, s:o, s:b, s:o}", "epoch", (json_int_t)t->epoch, "steps",
        (json_int_t)t->steps, "train_loss", number(t->sums.loss / steps), "train_task", number(t->sums.task / steps),
        "gradient", number(t->sums.gradient / steps), "best", r->better, "seconds", number(r->seconds));
    if (o && r->valid && r->valid->tasks[0].all.count) {
        json_object_set_new(o, "chosen_by", json_string(t->figure.name));
        json_object_set_new(o, "figure", number(r->figure));
        json_object_set_new(o, "valid", valid_to_json(r->valid));
    }
    json_t *quality = training_label_quality(t);
    const json_t *first = json_object_get(quality, t->tasks[0].task->name);
    if (o && t->task_count == 1 && first)
        json_object_set(o, "labels", (json_t *)(uintptr_t)first);
    else if (o && t->task_count > 1 && json_object_size(quality))
        json_object_set(o, "labels", quality);
    json_decref(quality);
    return write_line(t, o, error);
}
