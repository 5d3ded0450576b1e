/* objectives/inter_contrast.c - contrasts between samples: label kernels, the kernel loss (SupCon), Rank-N-Contrast. */
#include <math.h>
#include <string.h>

#include "objectives/contrastive.h"

static const float smallest_norm = 1e-6f;

static int largest_class(const float *distribution, int targets)
{
    int best = 0;
    for (int i = 1; i < targets; i++)
        if (distribution[i] > distribution[best])
            best = i;
    return best;
}

static double kernel_of(contrast_kernel kind, bool classes, int targets, const float *a, const float *b, float sigma)
{
    if (classes && kind == CONTRAST_KERNEL_ROUNDED)
        return largest_class(a, targets) == largest_class(b, targets);
    if (classes) {
        double sum = 0;
        for (int i = 0; i < targets; i++)
            sum += (double)a[i] * b[i];
        return sum;
    }
    if (kind == CONTRAST_KERNEL_ROUNDED)
        return rintf(a[0]) == rintf(b[0]); /* the default rounding mode: half to even */
    double d = (double)a[0] - b[0];
    return exp(-d * d / (2.0 * sigma * sigma));
}

static bool have_both(const contrast_labels *labels, int64_t i, int64_t j)
{
    return !labels->valid || (labels->valid[i] && labels->valid[j]);
}

void contrast_kernel_fill(contrast_kernel kind, int64_t batch, const contrast_labels *labels, float *kernel)
{
    contrast_kernel_join(kind, batch, labels, (float[]){1}, 1, kernel);
}

void contrast_kernel_join(
    contrast_kernel kind, int64_t batch, const contrast_labels *tasks, const float *weights, int count, float *kernel)
{
    for (int64_t i = 0; i < batch; i++) {
        for (int64_t j = 0; j < batch; j++) {
            double sum = 0, total = 0;
            for (int k = 0; k < count && i != j; k++) {
                const contrast_labels *task = &tasks[k];
                if (!have_both(task, i, j))
                    continue;
                double weight = (double)weights[k];
                total += weight;
                sum += weight *
                    kernel_of(kind, task->classes, task->targets, task->target + i * task->targets,
                        task->target + j * task->targets, task->sigma);
            }
            kernel[i * batch + j] = i == j ? 0 : total > 0 ? (float)(sum / total) : -1;
        }
    }
}

/* --- the kernel loss ------------------------------------------------------------------------------------------------ */

typedef struct inter_context {
    value *z, *out;
    float *score_grad; /* (B, B): d loss / d (z_i . z_j), each ordered pair once */
} inter_context;

static void inter_backward(tape *t, void *context)
{
    const inter_context *c = context;
    int64_t batch = c->z->dim[0], width = c->z->dim[1];
    const float *z = tape_numbers(t, c->z);
    const float *factor = tape_gradient(t, c->out);
    float *grad = tape_scratch(t, (size_t)(batch * width) * sizeof *grad);
    if (!grad || !z || !factor)
        return;
    memset(grad, 0, (size_t)(batch * width) * sizeof *grad);
    for (int64_t i = 0; i < batch; i++) {
        for (int64_t j = 0; j < batch; j++) {
            double g = factor[0] * ((double)c->score_grad[i * batch + j] + c->score_grad[j * batch + i]);
            for (int64_t d = 0; g != 0 && d < width; d++)
                grad[i * width + d] += (float)(g * z[j * width + d]);
        }
    }
    tape_gradient_add(t, c->z, grad);
}

/* The row of the kernel of one anchor. */
typedef struct anchor_row {
    const float *kernel; /* (B) negative: not compared */
    int64_t batch, self;
    double sum; /* of the positive values */
} anchor_row;

static bool is_compared(const anchor_row *row, int64_t k)
{
    return k != row->self && row->kernel[k] >= 0;
}

/* One anchor: its loss; score_grad gets the row of d loss / d score; entropy that of its kernel. */
static double anchor_loss(const anchor_row *row, const float *score, float tau, float *score_grad, double *entropy)
{
    double largest = -INFINITY, sum = 0, loss = 0;
    for (int64_t k = 0; k < row->batch; k++)
        if (is_compared(row, k) && score[k] > largest)
            largest = score[k];
    for (int64_t k = 0; k < row->batch; k++)
        if (is_compared(row, k))
            sum += exp((score[k] - largest) / tau);
    for (int64_t k = 0; k < row->batch; k++) {
        score_grad[k] = 0;
        if (!is_compared(row, k))
            continue;
        double weight = row->kernel[k] / row->sum, chance = exp((score[k] - largest) / tau) / sum;
        score_grad[k] = (float)((chance - weight) / tau);
        if (weight > 0) {
            loss -= weight * ((score[k] - largest) / tau - log(sum));
            *entropy -= weight * log(weight);
        }
    }
    return loss;
}

value *inter_contrast(tape *t, value *z, const float *kernel, float tau, double *floor)
{
    if (floor)
        *floor = 0;
    z = op_l2_normalise(t, z, smallest_norm);
    if (!z)
        return NULL;
    if (z->rank != 2) {
        tape_fail(t, SMAC_ERROR_MISMATCH, __func__, "projections of rank %d; expected (B, P)", z->rank);
        return NULL;
    }
    int64_t batch = z->dim[0], width = z->dim[1], anchors = 0;
    const float *x = tape_numbers(t, z);
    float *scores = tape_scratch(t, (size_t)batch * sizeof *scores);
    float *score_grad = tape_scratch(t, (size_t)(batch * batch) * sizeof *score_grad);
    inter_context *c = tape_scratch(t, sizeof *c);
    if (!x || !scores || !score_grad || !c)
        return NULL;
    memset(score_grad, 0, (size_t)(batch * batch) * sizeof *score_grad);
    double total = 0, entropy = 0;
    for (int64_t i = 0; i < batch; i++) {
        anchor_row row = {kernel + i * batch, batch, i, 0};
        for (int64_t j = 0; j < batch; j++)
            row.sum += row.kernel[j] > 0 ? row.kernel[j] : 0;
        if (!(row.sum > 0))
            continue;
        anchors++;
        for (int64_t j = 0; j < batch; j++) {
            double sum = 0;
            for (int64_t d = 0; d < width; d++)
                sum += (double)x[i * width + d] * x[j * width + d];
            scores[j] = (float)sum;
        }
        total += anchor_loss(&row, scores, tau, score_grad + i * batch, &entropy);
    }
    float loss = anchors ? (float)(total / (double)anchors) : 0;
    for (int64_t i = 0; anchors && i < batch * batch; i++)
        score_grad[i] /= (float)anchors;
    if (floor && anchors)
        *floor = entropy / (double)anchors;
    value *out = tape_value(t, 0, NULL, &loss);
    if (!out)
        return NULL;
    *c = (inter_context){z, out, score_grad};
    out->tracked = anchors > 0 && tape_wants(t, z);
    tape_note(t, "inter_contrast", out, c, inter_backward);
    return tape_status(t, NULL) == SMAC_OK ? out : NULL;
}

/* --- Rank-N-Contrast ------------------------------------------------------------------------------------------------- */

typedef struct rank_context {
    value *z, *out;
    const double *distance; /* (B, B) */
    double *distance_grad;  /* (B, B): d loss / d |z_i - z_j|, each ordered pair once */
} rank_context;

static void rank_backward(tape *t, void *context)
{
    const rank_context *c = context;
    int64_t batch = c->z->dim[0], width = c->z->dim[1];
    const float *z = tape_numbers(t, c->z);
    const float *factor = tape_gradient(t, c->out);
    float *grad = tape_scratch(t, (size_t)(batch * width) * sizeof *grad);
    if (!grad || !z || !factor)
        return;
    memset(grad, 0, (size_t)(batch * width) * sizeof *grad);
    for (int64_t i = 0; i < batch; i++) {
        for (int64_t j = 0; j < batch; j++) {
            double d = c->distance[i * batch + j];
            double g = factor[0] * (c->distance_grad[i * batch + j] + c->distance_grad[j * batch + i]);
            for (int64_t k = 0; d > 0 && g != 0 && k < width; k++)
                grad[i * width + k] += (float)(g * ((double)z[i * width + k] - z[j * width + k]) / d);
        }
    }
    tape_gradient_add(t, c->z, grad);
}

static float label_distance(bool classes, int targets, const float *a, const float *b)
{
    float sum = 0;
    for (int i = 0; i < targets; i++)
        sum += fabsf(a[i] - b[i]);
    return classes ? sum / 2 : sum;
}

/* One anchor of Rank-N-Contrast. */
typedef struct rank_row {
    int64_t batch, self;
    const float *label;     /* (B) distances of labels from the anchor's */
    const uint8_t *valid;   /* (B) or NULL */
    const double *distance; /* (B) of vectors */
} rank_row;

static bool is_ranked(const rank_row *row, int64_t k)
{
    return k != row->self && (!row->valid || row->valid[k]);
}

/* All terms of one anchor. */
static double rank_anchor(const rank_row *row, double tau, double *distance_grad)
{
    const float *label = row->label;
    const double *distance = row->distance;
    double loss = 0;
    for (int64_t j = 0; j < row->batch; j++) {
        if (!is_ranked(row, j))
            continue;
        double nearest = INFINITY, sum = 0;
        for (int64_t k = 0; k < row->batch; k++)
            if (is_ranked(row, k) && label[k] >= label[j] && distance[k] < nearest)
                nearest = distance[k];
        for (int64_t k = 0; k < row->batch; k++)
            if (is_ranked(row, k) && label[k] >= label[j])
                sum += exp((nearest - distance[k]) / tau);
        loss += (distance[j] - nearest) / tau + log(sum);
        distance_grad[j] += 1 / tau;
        for (int64_t k = 0; k < row->batch; k++)
            if (is_ranked(row, k) && label[k] >= label[j])
                distance_grad[k] -= exp((nearest - distance[k]) / tau) / sum / tau;
    }
    return loss;
}

value *rank_contrast(tape *t, value *z, const contrast_labels *labels, float tau)
{
    const uint8_t *valid = labels->valid;
    const float *target = labels->target;
    int targets = labels->targets;
    if (tape_status(t, NULL) != SMAC_OK || !z)
        return NULL;
    if (z->rank != 2) {
        tape_fail(t, SMAC_ERROR_MISMATCH, __func__, "projections of rank %d; expected (B, P)", z->rank);
        return NULL;
    }
    int64_t batch = z->dim[0], width = z->dim[1], count = 0;
    const float *x = tape_numbers(t, z);
    double *distance = tape_scratch(t, (size_t)(batch * batch) * sizeof *distance);
    double *distance_grad = tape_scratch(t, (size_t)(batch * batch) * sizeof *distance_grad);
    float *label = tape_scratch(t, (size_t)batch * sizeof *label);
    rank_context *c = tape_scratch(t, sizeof *c);
    if (!x || !distance || !distance_grad || !label || !c)
        return NULL;
    memset(distance_grad, 0, (size_t)(batch * batch) * sizeof *distance_grad);
    for (int64_t i = 0; i < batch; i++) {
        count += !valid || valid[i];
        for (int64_t j = 0; j < batch; j++) {
            double squares = 0;
            for (int64_t k = 0; k < width; k++) {
                double d = (double)x[i * width + k] - x[j * width + k];
                squares += d * d;
            }
            distance[i * batch + j] = sqrt(squares);
        }
    }
    double total = 0, pairs = (double)count * (double)(count - 1);
    for (int64_t i = 0; i < batch; i++) {
        if (valid && !valid[i])
            continue;
        for (int64_t j = 0; j < batch; j++)
            label[j] = label_distance(labels->classes, targets, target + i * targets, target + j * targets);
        rank_row row = {batch, i, label, valid, distance + i * batch};
        total += rank_anchor(&row, tau, distance_grad + i * batch);
    }
    float loss = pairs > 0 ? (float)(total / pairs) : 0;
    for (int64_t i = 0; pairs > 0 && i < batch * batch; i++)
        distance_grad[i] /= pairs;
    value *out = tape_value(t, 0, NULL, &loss);
    if (!out)
        return NULL;
    *c = (rank_context){z, out, distance, distance_grad};
    out->tracked = pairs > 0 && tape_wants(t, z);
    tape_note(t, "rank_contrast", out, c, rank_backward);
    return tape_status(t, NULL) == SMAC_OK ? out : NULL;
}
