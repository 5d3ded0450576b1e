/* objectives/objective.c - the terms of the loss, weighted and added. */
#include "objectives/objective.h"

#include <string.h>

/* Weights of samples: 0 without a label or without the modality; class weights where given. */
static float *sample_weights(tape *t, const objective_options *o, const objective_inputs *in, const uint8_t *present,
    const float *class_weights, bool *any)
{
    float *weight = tape_scratch(t, (size_t)in->batch * sizeof *weight);
    *any = false;
    for (int64_t b = 0; weight && b < in->batch; b++) {
        bool counts = (!in->valid || in->valid[b]) && (!present || present[b]);
        weight[b] = counts ? 1 : 0;
        if (counts && class_weights) {
            double sum = 0;
            for (int i = 0; i < o->targets; i++)
                sum += (double)class_weights[i] * in->target[b * o->targets + i];
            weight[b] = (float)sum;
        }
        *any = *any || weight[b] > 0;
    }
    return weight;
}

static value *label_loss(tape *t, const objective_options *o, value *head, const float *target, const float *weight)
{
    return o->classes ? op_cross_entropy(t, head, target, weight) : op_l1_loss(t, head, target, weight);
}

static value *add_weighted(tape *t, value *total, value *term, float weight)
{
    return op_add(t, total, op_scale(t, term, weight));
}

static double number(tape *t, const value *v)
{
    const float *numbers = v ? tape_numbers(t, v) : NULL;
    return numbers ? numbers[0] : 0;
}

static value *specific_losses(
    tape *t, const objective_options *o, const objective_inputs *in, value *total, objective_terms *terms)
{
    value *loss[MODALITIES];
    int count = 0;
    for (int u = 0; u < MODALITIES; u++) {
        bool any;
        if (!in->specific_head[u])
            continue;
        float *weight = sample_weights(t, o, in, in->present[u], NULL, &any);
        if (!weight)
            return NULL;
        if (!any)
            continue;
        const float *label = in->labels[u] ? in->labels[u] : in->target;
        loss[count] = label_loss(t, o, in->specific_head[u], label, weight);
        terms->specific[u] = number(t, loss[count]);
        terms->has_specific[u] = true;
        count++;
    }
    for (int i = 0; i < count; i++)
        total = add_weighted(t, total, loss[i], o->weight_specific / (float)count);
    return total;
}

static value *shared_loss(
    tape *t, const objective_options *o, const objective_inputs *in, value *total, objective_terms *terms)
{
    bool any;
    uint8_t *some = tape_scratch(t, (size_t)in->batch);
    if (!some)
        return NULL;
    for (int64_t b = 0; b < in->batch; b++) {
        some[b] = 0;
        for (int u = 0; u < MODALITIES; u++)
            if (in->specific_head[u] && (!in->present[u] || in->present[u][b]))
                some[b] = 1;
    }
    float *weight = sample_weights(t, o, in, some, NULL, &any);
    if (!weight || !any)
        return weight ? total : NULL;
    value *loss = label_loss(t, o, in->shared_head, in->labels[3] ? in->labels[3] : in->target, weight);
    terms->shared = number(t, loss);
    terms->has_shared = true;
    return add_weighted(t, total, loss, o->weight_shared);
}

static value *inter_loss(
    tape *t, const objective_options *o, const objective_inputs *in, value *total, objective_terms *terms)
{
    value *loss;
    if (o->inter == OBJECTIVE_INTER_RANK) {
        loss = rank_contrast(t, in->inter, o->classes, o->targets, in->target, in->valid, o->tau_rank);
    } else {
        float *kernel = tape_scratch(t, (size_t)(in->batch * in->batch) * sizeof *kernel);
        if (!kernel)
            return NULL;
        contrast_kernel kind = o->inter == OBJECTIVE_INTER_ROUNDED ? CONTRAST_KERNEL_ROUNDED : CONTRAST_KERNEL_SOFT;
        contrast_kernel_fill(kind, o->classes, in->batch, o->targets, in->target, in->valid, o->sigma, kernel);
        loss = inter_contrast(t, in->inter, kernel, in->valid, o->tau_inter, &terms->inter_floor);
    }
    terms->inter = number(t, loss);
    terms->has_inter = loss != NULL;
    return add_weighted(t, total, loss, o->weight_inter);
}

value *objective_total(tape *t, const objective_options *o, const objective_inputs *in, objective_terms *out)
{
    objective_terms terms;
    bool any;
    memset(&terms, 0, sizeof terms);
    float *weight = sample_weights(t, o, in, NULL, o->class_weights, &any);
    if (!weight)
        return NULL;
    value *total = label_loss(t, o, in->prediction, in->target, weight);
    terms.task = number(t, total);
    if (o->weight_specific != 0)
        total = specific_losses(t, o, in, total, &terms);
    if (o->weight_shared != 0)
        total = shared_loss(t, o, in, total, &terms);
    if (o->weight_intra != 0) {
        int64_t pairs;
        value *loss = intra_contrast(t, in->intra_shared, in->intra_specific, in->present, &o->intra, &pairs);
        terms.intra = number(t, loss);
        terms.has_intra = pairs > 0;
        total = add_weighted(t, total, loss, o->weight_intra);
    }
    if (o->weight_inter != 0)
        total = inter_loss(t, o, in, total, &terms);
    terms.total = number(t, total);
    if (out)
        *out = terms;
    return total;
}
