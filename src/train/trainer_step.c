/*
 * train/trainer_step.c - one step of the optimiser: batches forward and backward, the banks written, AdamW
 * (docs/method.md, section 7).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "train/augmentation.h"
#include "train/trainer_internal.h"

/* What a task needs of a batch. */
typedef struct step_labels {
    float *target;                        /* (all, targets) */
    float *labels[MODALITIES_AND_SHARED]; /* (all, targets) each */
    uint8_t *valid, *fused_only;          /* (all) */
} step_labels;

/*
 * What a batch needs beside the tape; lives until the banks are written.  Of all clips of the batch this rank computes
 * count, from first on; for one process these are the same.
 */
struct step_work {
    int64_t all, first, count;
    const int64_t *clips;   /* (all) training clips */
    const sample **samples; /* (count) */
    clip_pair *pairs;       /* (all) samples made of several clips, and */
    sample *made;           /* (count) their tensors, borrowed */
    batch batch;
    step_labels *tasks; /* (task_count) */
    int task_count;
    uint8_t *drop;                /* (count, 3) */
    uint8_t *present[MODALITIES]; /* (all) of a team */
    uint8_t *banked;              /* (all) rows whose vectors go into the bank */
    float *vectors;               /* (all, D) of a team */
    semanticmac_outputs out;
    objective_sums sums;
    objective_terms terms;
};

static size_t bank_width(const training *t)
{
    return (size_t)t->model->configuration.model.width;
}

smac_status step_work_new(const training *t, step_work **out, smac_error *error)
{
    step_work *w = memory_new(1, sizeof *w);
    bool made = w != NULL;
    if (w) {
        w->task_count = t->task_count;
        w->samples = memory_new((size_t)t->batch, sizeof *w->samples);
        w->pairs = memory_new((size_t)t->batch, sizeof *w->pairs);
        w->made = memory_new((size_t)t->batch, sizeof *w->made);
        w->banked = memory_new((size_t)t->batch, 1);
        w->drop = memory_new((size_t)t->batch, MODALITIES);
        w->tasks = memory_new((size_t)t->task_count, sizeof *w->tasks);
        made = w->samples && w->pairs && w->made && w->banked && w->drop && w->tasks;
        if (made && t->options->team) {
            made = (w->vectors = memory_new((size_t)t->batch, bank_width(t) * sizeof *w->vectors)) != NULL;
            for (int u = 0; u < MODALITIES; u++)
                made = (w->present[u] = memory_new((size_t)t->batch, 1)) != NULL && made;
        }
    }
    for (int k = 0; made && k < t->task_count; k++) {
        size_t row = (size_t)t->tasks[k].targets * sizeof(float);
        made = (w->tasks[k].target = memory_new((size_t)t->batch, row)) != NULL &&
            (w->tasks[k].valid = memory_new((size_t)t->batch, 1)) != NULL &&
            (w->tasks[k].fused_only = memory_new((size_t)t->batch, 1)) != NULL;
        for (int m = 0; made && m < MODALITIES_AND_SHARED; m++)
            made = (w->tasks[k].labels[m] = memory_new((size_t)t->batch, row)) != NULL;
    }
    if (!made) {
        step_work_free(w);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a batch of %lld clips", (long long)t->batch);
    }
    *out = w;
    return SMAC_OK;
}

void step_work_free(step_work *w)
{
    if (!w)
        return;
    batch_clear(&w->batch);
    for (int k = 0; w->tasks && k < w->task_count; k++) {
        free(w->tasks[k].target);
        free(w->tasks[k].valid);
        free(w->tasks[k].fused_only);
        for (int m = 0; m < MODALITIES_AND_SHARED; m++)
            free(w->tasks[k].labels[m]);
    }
    free(w->tasks);
    for (int u = 0; u < MODALITIES; u++)
        free(w->present[u]);
    free(w->vectors);
    free(w->banked);
    free(w->samples);
    free(w->pairs);
    free(w->made);
    free(w->drop);
    free(w);
}

/* --- one batch ---------------------------------------------------------------------------------------------------- */

static tape_options step_options(const training *t, bool check)
{
    return (tape_options){.record = true,
        .training = true,
        .check_finite = check || t->run->train.check_finite,
        .precision = t->run->train.precision == PRECISION_KIND_BF16 ? PRECISION_BF16 : PRECISION_F32,
        .seed = (uint64_t)t->run->train.seed + ((uint64_t)team_rank(t->options->team) << 32),
        .step = (uint64_t)((t->epoch - 1) * t->batches + t->position)};
}

/* Row i of a task's labels, of a sample made of several clips. */
static void put_pair_labels(const training *t, step_work *w, int task, int64_t i)
{
    step_labels *all = &w->tasks[task];
    int64_t at = i * t->tasks[task].targets;
    pair_labels row = {.target = all->target + at, .valid = all->valid + i, .fused_only = all->fused_only + i};
    for (int m = 0; m < MODALITIES_AND_SHARED; m++)
        row.labels[m] = all->labels[m] + at;
    clip_pair_labels(t, &w->pairs[i], task, &row);
}

/* The labels of all clips of the batch. */
static void gather_labels(const training *t, step_work *w)
{
    for (int k = 0; k < t->task_count; k++) {
        const training_task *task = &t->tasks[k];
        for (int64_t i = 0; i < w->all; i++) {
            w->tasks[k].valid[i] = task->have[w->clips[i]];
            w->tasks[k].fused_only[i] = 0;
            memcpy(w->tasks[k].target + i * task->targets, task->truth + w->clips[i] * task->targets,
                (size_t)task->targets * sizeof(float));
        }
        for (int m = 0; m < MODALITIES_AND_SHARED; m++)
            label_generation_gather(task->labels, (modality)m, w->clips, w->all, w->tasks[k].labels[m]);
        for (int64_t i = 0; i < w->all; i++)
            if (w->pairs[i].made)
                put_pair_labels(t, w, k, i);
    }
}

/* The batch at t->position: its clips, labels and this rank's tensors. */
static smac_status gather_batch(training *t, step_work *w, smac_error *error)
{
    const team *team = t->options->team;
    int64_t from = t->position * t->batch, left = t->count - from;
    w->clips = t->order + from;
    w->all = left < t->batch ? left : t->batch;
    w->count = team_rows(team, team_rank(team), w->all, &w->first);
    for (int64_t i = 0; i < w->all; i++)
        w->pairs[i] = clip_pairs_at(t, from + i, w->clips[i]);
    gather_labels(t, w);
    if (w->count == 0)
        return SMAC_OK;
    const int64_t *own = w->clips + w->first;
    for (int64_t i = 0; i < w->count; i++) {
        const clip_pair *pair = &w->pairs[w->first + i];
        w->samples[i] = pair->made ? &w->made[i] : &t->cache->samples[t->items[own[i]]];
        if (pair->made)
            clip_pair_sample(t, pair, &w->made[i]);
    }
    training_modality_dropout(t, own, w->samples, w->count, w->drop);
    TRY(affect_model_batch(t->model, w->samples, w->count, w->drop, &w->batch, error));
    augmentation change = augmentation_from(t->run, &t->model->configuration, t->model->tokenizer);
    return augment_batch(&change, &w->batch, own, (uint64_t)t->epoch * (uint64_t)t->count, error);
}

/* What the contrasts compare: this batch, or with a team the vectors of all ranks. */
static void gather_contrast(training *t, step_work *w, objective_contrast *c)
{
    const team *team = t->options->team;
    int64_t width = t->model->configuration.contrast.projection;
    smac_error error = {0};
    for (int k = 0; k < t->task_count; k++) {
        c->target[k] = w->tasks[k].target;
        c->valid[k] = w->tasks[k].valid;
    }
    if (!team)
        return;
    c->batch = w->all;
    for (int u = 0; u < MODALITIES; u++) {
        if (!t->model->has[u])
            continue;
        c->specific[u] = team_gather_value(team, t->tape, w->out.intra_specific[u], w->all, width);
        c->shared[u] = team_gather_value(team, t->tape, w->out.intra_shared[u], w->all, width);
        smac_status status = team_gather_rows(team, w->out.present[u], w->all, 1, w->present[u], &error);
        if (status != SMAC_OK)
            tape_fail_as(t->tape, &error);
        c->present[u] = w->present[u];
    }
    c->inter = team_gather_value(team, t->tape, w->out.inter, w->all, width);
}

static value *forward(training *t, step_work *w, bool check)
{
    tape_options options = step_options(t, check);
    smac_error error = {0};
    tape_reset(t->tape, &options);
    memset(&w->out, 0, sizeof w->out);
    if (w->count > 0)
        w->out = affect_model_forward(t->model, t->tape, &w->batch, SEMANTICMAC_EVERYTHING);
    if (tape_status(t->tape, NULL) != SMAC_OK)
        return NULL;
    objective_inputs in = objective_inputs_from(&w->out, t->task_count, w->count);
    for (int k = 0; k < t->task_count; k++) {
        objective_labels *labels = &in.tasks[k];
        int64_t row = w->first * t->tasks[k].targets;
        labels->target = w->tasks[k].target + row;
        labels->valid = w->tasks[k].valid + w->first;
        labels->fused_only = w->tasks[k].fused_only + w->first;
        for (int m = 0; m < MODALITIES_AND_SHARED; m++)
            labels->labels[m] = w->tasks[k].labels[m] + row;
    }
    objective_count(&t->objective, &in, &w->sums);
    smac_status status = team_sum(t->options->team, &w->sums.samples, OBJECTIVE_SUMS, &error);
    if (status != SMAC_OK)
        tape_fail_as(t->tape, &error);
    gather_contrast(t, w, &in.contrast);
    if (tape_status(t->tape, NULL) != SMAC_OK)
        return NULL;
    return objective_total(t->tape, &t->objective, &in, &w->sums, &w->terms);
}

/* Something is not finite: do the batch again with every operation checked, so that the message names the first one. */
static smac_status explain(training *t, step_work *w, bool *found, smac_error *error)
{
    smac_status status = SMAC_OK;
    if (!t->options->team) { /* the others of a team would not do it with us */
        value *loss = forward(t, w, true);
        status = tape_status(t->tape, error);
        if (status == SMAC_OK && loss)
            status = tape_backward(t->tape, loss, 1, error);
    }
    *found = status != SMAC_OK;
    if (status == SMAC_OK)
        return FAIL(error, SMAC_ERROR_NUMERIC,
            "the loss of epoch %lld, step %lld is not finite (task %g, intra %g, inter %g); lower train.rate",
            (long long)t->epoch, (long long)t->steps + 1, objective_task_loss(&t->objective, &w->sums, &w->terms),
            w->terms.intra, w->terms.inter);
    return error_context(error, status, "epoch %lld, step %lld", (long long)t->epoch, (long long)t->steps + 1);
}

/* One kind of vectors into the bank; vectors: of this rank's rows; present (all) or NULL.  Not those of made samples. */
static smac_status write_bank(
    training *t, step_work *w, int kind, value *vectors, const uint8_t *present, smac_error *error)
{
    const team *team = t->options->team;
    const float *numbers = vectors ? tape_numbers(t->tape, vectors) : NULL;
    for (int64_t i = 0; i < w->all; i++)
        w->banked[i] = !w->pairs[i].made && (!present || present[i]);
    if (!team)
        return label_bank_write(t->bank, kind, w->clips, w->count, numbers, w->banked, error);
    TRY(team_gather_rows(team, numbers, w->all, bank_width(t) * sizeof(float), w->vectors, error));
    return label_bank_write(t->bank, kind, w->clips, w->all, w->vectors, w->banked, error);
}

static smac_status write_banks(training *t, step_work *w, smac_error *error)
{
    for (int u = 0; u < MODALITIES; u++)
        if (t->model->has[u])
            TRY(write_bank(t, w, u, w->out.specific[u], t->options->team ? w->present[u] : w->out.present[u], error));
    TRY(write_bank(t, w, MODALITY_SHARED, w->out.shared_mean, NULL, error));
    return write_bank(t, w, LABEL_BANK_FUSED, w->out.fused, NULL, error);
}

/* The terms of all ranks: each has its share of the tasks' losses, and the whole of the contrasts. */
static smac_status share_terms(const training *t, step_work *w, smac_error *error)
{
    const objective_options *o = &t->objective;
    objective_terms *terms = &w->terms;
    double values[1 + OBJECTIVE_TASKS_MAX * (MODALITIES + 2)];
    double contrast = (double)o->weight_intra * terms->intra + (double)o->weight_inter * terms->inter;
    size_t count = 0;
    if (!t->options->team)
        return SMAC_OK;
    values[count++] = terms->total - contrast;
    for (int k = 0; k < t->task_count; k++) {
        values[count++] = terms->tasks[k].task;
        values[count++] = terms->tasks[k].shared;
        for (int u = 0; u < MODALITIES; u++)
            values[count++] = terms->tasks[k].specific[u];
    }
    TRY(team_sum(t->options->team, values, count, error));
    count = 0;
    terms->total = values[count++] + contrast;
    for (int k = 0; k < t->task_count; k++) {
        terms->tasks[k].task = values[count++];
        terms->tasks[k].shared = values[count++];
        for (int u = 0; u < MODALITIES; u++)
            terms->tasks[k].specific[u] = values[count++];
    }
    return SMAC_OK;
}

/* Forward and backward of the batch at t->position; gradients are added. */
static smac_status learn_batch(training *t, step_work *w, float scale, smac_error *error)
{
    TRY(gather_batch(t, w, error));
    value *loss = forward(t, w, false);
    TRY(tape_status(t->tape, error));
    if (!isfinite(w->terms.total))
        TRY(explain(t, w, &(bool){false}, error));
    if (w->count > 0)
        TRY(tape_backward(t->tape, loss, scale, error));
    TRY(share_terms(t, w, error));
    return write_banks(t, w, error);
}

/* --- terms over the batches of a step ----------------------------------------------------------------------------- */

/* Sums of terms, and over how many batches each. */
typedef struct term_sums {
    objective_terms sum;
    double task; /* L_task over the tasks */
    int task_count[OBJECTIVE_TASKS_MAX], specific_count[OBJECTIVE_TASKS_MAX][MODALITIES];
    int shared_count[OBJECTIVE_TASKS_MAX], intra_count, inter_count, batches;
} term_sums;

static void add_term(double *sum, bool *has, int *count, double value, bool there)
{
    *sum += there ? value : 0;
    *count += there;
    *has = *has || there;
}

static void add_terms(term_sums *s, const training *t, const step_work *w)
{
    const objective_terms *terms = &w->terms;
    s->batches++;
    s->sum.total += terms->total;
    s->task += objective_task_loss(&t->objective, &w->sums, terms);
    for (int k = 0; k < t->task_count; k++) {
        const objective_task_terms *from = &terms->tasks[k];
        objective_task_terms *to = &s->sum.tasks[k];
        add_term(&to->task, &to->has_task, &s->task_count[k], from->task, from->has_task);
        add_term(&to->shared, &to->has_shared, &s->shared_count[k], from->shared, from->has_shared);
        for (int u = 0; u < MODALITIES; u++)
            add_term(&to->specific[u], &to->has_specific[u], &s->specific_count[k][u], from->specific[u],
                from->has_specific[u]);
    }
    add_term(&s->sum.intra, &s->sum.has_intra, &s->intra_count, terms->intra, terms->has_intra);
    add_term(&s->sum.inter, &s->sum.has_inter, &s->inter_count, terms->inter, terms->has_inter);
    s->sum.inter_floor += terms->has_inter ? terms->inter_floor : 0;
}

static void divide(double *sum, int count)
{
    if (count > 1)
        *sum /= count;
}

static void mean_terms(term_sums *s, int task_count)
{
    divide(&s->sum.total, s->batches);
    divide(&s->task, s->batches);
    for (int k = 0; k < task_count; k++) {
        divide(&s->sum.tasks[k].task, s->task_count[k]);
        divide(&s->sum.tasks[k].shared, s->shared_count[k]);
        for (int u = 0; u < MODALITIES; u++)
            divide(&s->sum.tasks[k].specific[u], s->specific_count[k][u]);
    }
    divide(&s->sum.intra, s->intra_count);
    divide(&s->sum.inter, s->inter_count);
    divide(&s->sum.inter_floor, s->inter_count);
}

/* --- a step ------------------------------------------------------------------------------------------------------- */

/* The gradient is not finite: names the operation, if that can be found out. */
static void explain_gradient(training *t, step_work *w, smac_error *error)
{
    smac_error detail = {0};
    bool found = false;
    t->position--; /* the batch that is still in w */
    if (!t->run->train.check_finite)
        explain(t, w, &found, &detail);
    if (found)
        error_copy(error, &detail);
}

/* train.accumulate batches, fewer at the end of an epoch. */
smac_status training_run_step(training *t, step_work *w, smac_error *error)
{
    double begun = training_clock(), norm = 0;
    double factor = schedule_factor(t->run->train.schedule, t->run->train.warmup, t->steps, training_total_steps(t));
    int64_t left = t->batches - t->position, clips = 0;
    int64_t batches = left < t->run->train.accumulate ? left : t->run->train.accumulate;
    term_sums sums = {0};
    parameter_zero_gradients(t->model->store);
    for (int64_t i = 0; i < batches; i++) {
        batch_clear(&w->batch);
        TRY(learn_batch(t, w, 1 / (float)batches, error));
        add_terms(&sums, t, w);
        clips += w->all;
        t->position++;
    }
    TRY(team_sum_gradients(t->options->team, t->model->store, error));
    smac_status status = optimiser_step(t->optimiser, factor, &norm, error);
    if (status == SMAC_ERROR_NUMERIC)
        explain_gradient(t, w, error);
    TRY(status);
    mean_terms(&sums, t->task_count);
    t->steps++;
    t->sums.loss += sums.sum.total;
    t->sums.task += sums.task;
    t->sums.gradient += norm;
    t->sums.steps++;
    step_report report = {.terms = &sums.sum,
        .task = sums.task,
        .norm = norm,
        .factor = factor,
        .seconds = training_clock() - begun,
        .clips = clips};
    return training_log_step(t, &report, error);
}
