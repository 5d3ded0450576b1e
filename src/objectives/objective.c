/* objectives/objective.c - the terms of the loss, weighted and added. */
#include "objectives/objective.h"

#include <string.h>

/* --- weights of samples ------------------------------------------------------------------------------------------- */

static bool is_valid(const objective_labels *in, int64_t b)
{
    return !in->valid || in->valid[b];
}

static bool has_any_modality(const objective_inputs *in, const objective_labels *labels, int64_t b)
{
    for (int u = 0; u < MODALITIES; u++)
        if (labels->specific_head[u] && (!in->present[u] || in->present[u][b]))
            return true;
    return false;
}

/* Which loss of a task: its own, one of a modality, or the shared one. */
enum { LOSS_TASK = -1 };

/* The weight of sample b in a loss of a task: 0 without a label or without the modality; class weights where given. */
static float sample_weight(
    const objective_task *task, const objective_inputs *in, const objective_labels *labels, int loss, int64_t b)
{
    if (!is_valid(labels, b))
        return 0;
    if (loss == MODALITY_SHARED)
        return has_any_modality(in, labels, b);
    if (loss >= 0)
        return (!in->present[loss] || in->present[loss][b]) && !(labels->fused_only && labels->fused_only[b]);
    if (!task->class_weights)
        return 1;
    double sum = 0;
    for (int i = 0; i < task->targets; i++)
        sum += (double)task->class_weights[i] * labels->target[b * task->targets + i];
    return (float)sum;
}

void objective_count(const objective_options *o, const objective_inputs *in, objective_sums *out)
{
    memset(out, 0, sizeof *out);
    for (int64_t b = 0; b < in->batch; b++) {
        bool any = false;
        for (int k = 0; k < o->task_count; k++) {
            const objective_labels *labels = &in->tasks[k];
            any = any || is_valid(labels, b);
            out->tasks[k].labelled += is_valid(labels, b);
            out->tasks[k].task += sample_weight(&o->tasks[k], in, labels, LOSS_TASK, b);
            out->tasks[k].shared += sample_weight(&o->tasks[k], in, labels, MODALITY_SHARED, b);
            for (int u = 0; u < MODALITIES; u++)
                if (labels->specific_head[u])
                    out->tasks[k].specific[u] += sample_weight(&o->tasks[k], in, labels, u, b);
        }
        out->samples += any;
    }
}

/* --- losses of a task --------------------------------------------------------------------------------------------- */

static double number(tape *t, const value *v)
{
    const float *numbers = v ? tape_numbers(t, v) : NULL;
    return numbers ? numbers[0] : 0;
}

static value *add_weighted(tape *t, value *total, value *term, double weight)
{
    term = weight == 1 ? term : op_scale(t, term, (float)weight);
    return total ? op_add(t, total, term) : term;
}

/* One task of a batch, and what its losses are parts of. */
typedef struct task_work {
    tape *t;
    const objective_options *o;
    const objective_inputs *in;
    const objective_task *task;
    const objective_labels *labels;
    double share; /* w_t n_t/n */
} task_work;

/*
 * The sum of a loss over the batch's samples divided by the whole's weight: the mean where the batch is the whole.
 * NULL without an error: no sample of the batch has a part in it.
 */
static value *part_of_mean(const task_work *w, int loss, value *head, const float *target, double whole, double *term)
{
    float *weight = tape_scratch(w->t, (size_t)w->in->batch * sizeof *weight);
    double sum = 0;
    for (int64_t b = 0; weight && b < w->in->batch; b++)
        sum += weight[b] = sample_weight(w->task, w->in, w->labels, loss, b);
    if (!(sum > 0))
        return NULL;
    value *mean =
        w->task->classes ? op_cross_entropy(w->t, head, target, weight) : op_l1_loss(w->t, head, target, weight);
    double part = sum / whole;
    *term = number(w->t, mean) * part;
    return part == 1 ? mean : op_scale(w->t, mean, (float)part);
}

static const float *label_of(const objective_labels *labels, int target)
{
    return labels->labels[target] ? labels->labels[target] : labels->target;
}

static value *task_losses(
    const task_work *w, const objective_sums *whole, int index, value *total, objective_task_terms *terms)
{
    const objective_options *o = w->o;
    const objective_labels *labels = w->labels;
    double modalities = 0;
    if (whole->tasks[index].task > 0) {
        value *loss =
            part_of_mean(w, LOSS_TASK, labels->prediction, labels->target, whole->tasks[index].task, &terms->task);
        terms->has_task = true;
        if (loss)
            total = add_weighted(w->t, total, loss, w->share);
    }
    for (int u = 0; u < MODALITIES; u++)
        modalities += whole->tasks[index].specific[u] > 0;
    for (int u = 0; u < MODALITIES && o->weight_specific != 0; u++) {
        double sum = whole->tasks[index].specific[u];
        if (!(sum > 0))
            continue;
        value *loss = part_of_mean(w, u, labels->specific_head[u], label_of(labels, u), sum, &terms->specific[u]);
        terms->has_specific[u] = true;
        if (loss)
            total = add_weighted(w->t, total, loss, w->share * (double)(o->weight_specific / (float)modalities));
    }
    if (o->weight_shared != 0 && whole->tasks[index].shared > 0) {
        value *loss = part_of_mean(w, MODALITY_SHARED, labels->shared_head, label_of(labels, MODALITY_SHARED),
            whole->tasks[index].shared, &terms->shared);
        terms->has_shared = true;
        if (loss)
            total = add_weighted(w->t, total, loss, w->share * (double)o->weight_shared);
    }
    return total;
}

static double share_of(const objective_options *o, const objective_sums *whole, int task)
{
    if (!(whole->samples > 0))
        return 0;
    return (double)o->tasks[task].weight * whole->tasks[task].labelled / whole->samples;
}

double objective_task_loss(const objective_options *o, const objective_sums *whole, const objective_terms *terms)
{
    double sum = 0;
    for (int k = 0; k < o->task_count; k++)
        sum += share_of(o, whole, k) * terms->tasks[k].task;
    return sum;
}

/* --- the contrast between samples --------------------------------------------------------------------------------- */

static contrast_labels labels_of(const objective_options *o, const objective_contrast *in, int task)
{
    const objective_task *k = &o->tasks[task];
    return (contrast_labels){k->classes, k->targets, in->target[task], in->valid[task], k->sigma};
}

static value *rank_loss(tape *t, const objective_options *o, const objective_contrast *in, const objective_sums *whole)
{
    value *loss = NULL;
    for (int k = 0; k < o->task_count; k++) {
        contrast_labels labels = labels_of(o, in, k);
        double share = share_of(o, whole, k);
        if (share > 0)
            loss = add_weighted(t, loss, rank_contrast(t, in->inter, &labels, o->tau_rank), share);
    }
    return loss;
}

static value *kernel_loss(tape *t, const objective_options *o, const objective_contrast *in, double *floor)
{
    float *kernel = tape_scratch(t, (size_t)(in->batch * in->batch) * sizeof *kernel);
    if (!kernel)
        return NULL;
    contrast_kernel kind = o->inter == OBJECTIVE_INTER_ROUNDED ? CONTRAST_KERNEL_ROUNDED : CONTRAST_KERNEL_SOFT;
    contrast_labels labels[OBJECTIVE_TASKS_MAX];
    float weights[OBJECTIVE_TASKS_MAX];
    for (int k = 0; k < o->task_count; k++) {
        labels[k] = labels_of(o, in, k);
        weights[k] = o->tasks[k].weight;
    }
    contrast_kernel_join(kind, in->batch, labels, weights, o->task_count, kernel);
    return inter_contrast(t, in->inter, kernel, o->tau_inter, floor);
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

value *objective_total(
    tape *t, const objective_options *o, const objective_inputs *in, const objective_sums *whole, objective_terms *out)
{
    objective_terms terms;
    objective_sums own;
    memset(&terms, 0, sizeof terms);
    if (!whole) {
        objective_count(o, in, &own);
        whole = &own;
    }
    value *total = NULL;
    for (int k = 0; k < o->task_count; k++) {
        task_work w = {t, o, in, &o->tasks[k], &in->tasks[k], share_of(o, whole, k)};
        total = task_losses(&w, whole, k, total, &terms.tasks[k]);
    }
    if (o->weight_intra != 0) {
        int64_t pairs;
        value *loss =
            intra_contrast(t, in->contrast.shared, in->contrast.specific, in->contrast.present, &o->intra, &pairs);
        terms.intra = number(t, loss);
        terms.has_intra = pairs > 0;
        total = add_weighted(t, total, loss, (double)o->weight_intra);
    }
    if (o->weight_inter != 0) {
        value *loss = o->inter == OBJECTIVE_INTER_RANK ? rank_loss(t, o, &in->contrast, whole)
                                                       : kernel_loss(t, o, &in->contrast, &terms.inter_floor);
        terms.inter = number(t, loss);
        terms.has_inter = loss != NULL;
        if (loss)
            total = add_weighted(t, total, loss, (double)o->weight_inter);
    }
    if (!total && tape_status(t, NULL) == SMAC_OK) /* no sample has a part in any loss */
        total = tape_value(t, 0, NULL, &(float){0});
    terms.total = number(t, total);
    if (out)
        *out = terms;
    return total;
}
