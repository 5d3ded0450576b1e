/*
 * autograd/cpu_rows.c - the CPU's norms and softmaxes over rows, sums and means.
 *
 * Gradients of the norms' weights are sums over all rows: fixed groups of rows sum into rows of their own, which are
 * then added in order.  Totals are summed in double, in blocks of fixed size.
 */
#include <math.h>
#include <string.h>

#include "autograd/cpu.h"
#include "compute/kernels.h"
#include "compute/parallel.h"

static smac_status fail_scratch(device_run *run, int64_t count)
{
    return FAIL(&run->error, SMAC_ERROR_MEMORY, "no memory for %lld numbers of scratch", (long long)count);
}

/* --- sums ---------------------------------------------------------------------------------------------------------------- */

static void column_sums_range(void *context, int64_t from, int64_t to)
{
    const column_sums_problem *p = context;
    const struct kernels *kernel = kernels_get();
    if (!p->add)
        memset(p->to + from, 0, (size_t)(to - from) * sizeof(float));
    for (int64_t r = 0; r < p->rows; r++) {
        const float *x = p->x + r * p->width + from;
        if (p->factor != NULL)
            kernel->multiply_add(p->to + from, x, p->factor + r * p->width + from, to - from);
        else
            kernel->axpy(p->to + from, x, p->sign, to - from);
    }
}

smac_status cpu_column_sums(device_run *run, const column_sums_problem *p)
{
    (void)run;
    for_ranges(p->width, p->rows == 1 ? ELEMENT_STEP : COLUMN_STEP, column_sums_range, p);
    return SMAC_OK;
}

typedef struct total_work {
    const total_problem *p;
    double *parts;
} total_work;

static void total_range(void *context, int64_t from, int64_t to)
{
    const total_work *w = context;
    const float *x = w->p->x, *factor = w->p->factor;
    double sum = 0;
    if (factor != NULL)
        for (int64_t i = from; i < to; i++)
            sum += (double)x[i] * factor[i];
    else
        sum = kernels_get()->sum(x + from, to - from);
    w->parts[from / ELEMENT_STEP] = sum;
}

smac_status cpu_total(device_run *run, const total_problem *p)
{
    int64_t blocks = (p->count + ELEMENT_STEP - 1) / ELEMENT_STEP;
    double one, *parts = blocks <= 1 ? &one : workspace_take(&run->own, (size_t)blocks * sizeof *parts), sum = 0;
    if (parts == NULL)
        return fail_scratch(run, 2 * blocks);
    for_ranges(p->count, ELEMENT_STEP, total_range, &(total_work){p, parts});
    for (int64_t i = 0; i < blocks; i++)
        sum += parts[i];
    p->to[0] = (p->add ? p->to[0] : 0) + (float)(sum * p->scale);
    return SMAC_OK;
}

static float mean_factor(const mean_problem *p, int64_t a)
{
    int64_t counted = p->n;
    if (p->mask != NULL) {
        counted = 0;
        for (int64_t i = 0; i < p->n; i++)
            counted += p->mask[a * p->n + i] != 0;
    }
    return counted > 0 ? 1.0f / (float)counted : 0;
}

static void mean_range(void *context, int64_t from, int64_t to)
{
    const mean_problem *p = context;
    const struct kernels *kernel = kernels_get();
    for (int64_t a = from; a < to; a++) {
        float *y = p->y + a * p->inner;
        memset(y, 0, (size_t)p->inner * sizeof(float));
        for (int64_t i = 0; i < p->n; i++)
            if (p->mask == NULL || p->mask[a * p->n + i])
                kernel->add(y, y, p->x + (a * p->n + i) * p->inner, p->inner);
        kernel->scale(y, y, mean_factor(p, a), p->inner);
    }
}

smac_status cpu_mean(device_run *run, const mean_problem *p)
{
    (void)run;
    for_ranges(p->outer, row_step(p->n * p->inner), mean_range, p);
    return SMAC_OK;
}

static void mean_gradient_range(void *context, int64_t from, int64_t to)
{
    const mean_problem *p = context;
    const struct kernels *kernel = kernels_get();
    for (int64_t a = from; a < to; a++) {
        float factor = mean_factor(p, a);
        for (int64_t i = 0; i < p->n; i++) {
            float *dx = p->dx + (a * p->n + i) * p->inner;
            bool counts = p->mask == NULL || p->mask[a * p->n + i];
            if (counts && p->add)
                kernel->axpy(dx, p->dy + a * p->inner, factor, p->inner);
            else if (counts)
                kernel->scale(dx, p->dy + a * p->inner, factor, p->inner);
            else if (!p->add)
                memset(dx, 0, (size_t)p->inner * sizeof(float));
        }
    }
}

smac_status cpu_mean_gradient(device_run *run, const mean_problem *p)
{
    (void)run;
    for_ranges(p->outer, row_step(p->n * p->inner), mean_gradient_range, p);
    return SMAC_OK;
}

/* --- norms --------------------------------------------------------------------------------------------------------------- */

enum { MOST_GROUPS = 64 };

static void norm_range(void *context, int64_t from, int64_t to)
{
    const norm_problem *p = context;
    const struct kernels *kernel = kernels_get();
    for (int64_t r = from; r < to; r++) {
        float *y = p->y + r * p->width, *inverse = p->inverse != NULL ? p->inverse + r : NULL;
        const float *x = p->x + r * p->width;
        if (p->centred)
            kernel->layer_norm(y, x, p->w, p->b, p->width, p->epsilon, p->mean != NULL ? p->mean + r : NULL, inverse);
        else
            kernel->rms_norm(y, x, p->w, p->width, p->epsilon, inverse);
    }
}

smac_status cpu_norm(device_run *run, const norm_problem *p)
{
    (void)run;
    for_ranges(p->rows, row_step(p->width), norm_range, p);
    return SMAC_OK;
}

typedef struct norm_work {
    const norm_problem *p;
    int64_t group;  /* rows */
    float *dw, *db; /* (groups, width) each, or NULL */
} norm_work;

static void norm_gradient_piece(void *context, int64_t piece)
{
    const norm_work *work = context;
    const norm_problem *p = work->p;
    const struct kernels *kernel = kernels_get();
    int64_t width = p->width, from = piece * work->group, to = from + work->group;
    float *dw = work->dw != NULL ? work->dw + piece * width : NULL;
    float *db = work->db != NULL ? work->db + piece * width : NULL;
    if (dw != NULL)
        memset(dw, 0, (size_t)width * sizeof(float));
    if (db != NULL)
        memset(db, 0, (size_t)width * sizeof(float));
    for (int64_t r = from; r < to && r < p->rows; r++) {
        const float *dy = p->dy + r * width, *x = p->x + r * width;
        float *dx = p->dx != NULL ? p->dx + r * width : NULL;
        if (dx != NULL && !p->add_x)
            memset(dx, 0, (size_t)width * sizeof(float));
        if (p->centred)
            kernel->layer_norm_backward(dx, dw, db, dy, x, p->w, width, p->mean[r], p->inverse[r]);
        else
            kernel->rms_norm_backward(dx, dw, dy, x, p->w, width, p->inverse[r]);
    }
}

smac_status cpu_norm_gradient(device_run *run, const norm_problem *p)
{
    norm_work work = {.p = p, .group = (p->rows + MOST_GROUPS - 1) / MOST_GROUPS};
    int64_t groups = work.group > 0 ? (p->rows + work.group - 1) / work.group : 0, count = groups * p->width;
    float *sums = workspace_take(&run->own, 2 * (size_t)count * sizeof *sums + 1);
    if (sums == NULL)
        return fail_scratch(run, 2 * count);
    work.dw = p->dw != NULL ? sums : NULL;
    work.db = p->db != NULL ? sums + count : NULL;
    parallel_for(groups, norm_gradient_piece, &work);
    if (p->dw != NULL)
        cpu_column_sums(run,
            &(column_sums_problem){
                .to = p->dw, .x = work.dw, .rows = groups, .width = p->width, .sign = 1, .add = p->add_w});
    if (p->db != NULL)
        cpu_column_sums(run,
            &(column_sums_problem){
                .to = p->db, .x = work.db, .rows = groups, .width = p->width, .sign = 1, .add = p->add_b});
    return SMAC_OK;
}

/* --- softmax and L2 -------------------------------------------------------------------------------------------------------- */

static float row_length(const row_problem *p, const float *x)
{
    return (float)sqrt(kernels_get()->sum_squares(x, p->width));
}

static void row_range(void *context, int64_t from, int64_t to)
{
    const row_problem *p = context;
    const struct kernels *kernel = kernels_get();
    for (int64_t r = from; r < to; r++) {
        const float *x = p->x + r * p->width;
        float *y = p->y + r * p->width;
        if (p->kind == ROW_SOFTMAX) {
            kernel->softmax(y, x, p->width, 1, NULL, NULL);
        } else if (p->kind == ROW_LOG_SOFTMAX) {
            kernel->log_softmax(y, x, p->width);
        } else {
            float length = row_length(p, x);
            kernel->scale(y, x, 1 / (length > p->epsilon ? length : p->epsilon), p->width);
        }
    }
}

smac_status cpu_row(device_run *run, const row_problem *p)
{
    (void)run;
    for_ranges(p->rows, row_step(p->width), row_range, p);
    return SMAC_OK;
}

static void row_gradient_range(void *context, int64_t from, int64_t to)
{
    const row_problem *p = context;
    const struct kernels *kernel = kernels_get();
    for (int64_t r = from; r < to; r++) {
        const float *y = p->y + r * p->width, *dy = p->dy + r * p->width;
        float *dx = p->dx + r * p->width;
        if (!p->add)
            memset(dx, 0, (size_t)p->width * sizeof(float));
        if (p->kind == ROW_SOFTMAX) {
            kernel->softmax_backward(dx, dy, y, p->width, 1);
        } else if (p->kind == ROW_LOG_SOFTMAX) {
            kernel->log_softmax_backward(dx, dy, y, p->width);
        } else { /* d(x/|x|) = (dy - y (y.dy)) / |x|; a constant divisor under epsilon */
            float length = row_length(p, p->x + r * p->width);
            if (length > p->epsilon) {
                kernel->axpy(dx, dy, 1 / length, p->width);
                kernel->axpy(dx, y, -kernel->dot(y, dy, p->width) / length, p->width);
            } else {
                kernel->axpy(dx, dy, 1 / p->epsilon, p->width);
            }
        }
    }
}

smac_status cpu_row_gradient(device_run *run, const row_problem *p)
{
    (void)run;
    for_ranges(p->rows, row_step(p->width), row_gradient_range, p);
    return SMAC_OK;
}

/* --- losses: rows in order, sums in double ---------------------------------------------------------------------------------- */

static double cross_entropy_of(const loss_problem *p, int64_t r)
{
    float *row = p->log_probability + r * p->width;
    const float *target = p->target + r * p->width;
    kernels_get()->log_softmax(row, p->x + r * p->width, p->width);
    double sum = 0;
    for (int64_t i = 0; i < p->width; i++)
        if (target[i] != 0)
            sum -= (double)target[i] * row[i];
    return sum;
}

static double distance_of(const loss_problem *p, int64_t r)
{
    double sum = 0;
    for (int64_t i = r * p->width; i < (r + 1) * p->width; i++)
        sum += fabs((double)p->x[i] - p->target[i]);
    return sum / (double)p->width;
}

smac_status cpu_loss(device_run *run, const loss_problem *p)
{
    (void)run;
    double loss = 0;
    for (int64_t r = 0; r < p->rows; r++)
        if (p->weight[r] != 0)
            loss += p->weight[r] * (p->kind == LOSS_L1 ? distance_of(p, r) : cross_entropy_of(p, r));
    p->loss[0] = (float)loss;
    return SMAC_OK;
}

/* d/dx of -sum(target log softmax(x)) = softmax(x) sum(target) - target */
smac_status cpu_loss_gradient(device_run *run, const loss_problem *p)
{
    (void)run;
    const struct kernels *kernel = kernels_get();
    for (int64_t r = 0; r < p->rows; r++) {
        float g = p->dloss[0] * p->weight[r] / (p->kind == LOSS_L1 ? (float)p->width : 1.0f);
        int64_t at = r * p->width;
        if (g == 0)
            continue;
        if (p->kind == LOSS_L1) {
            for (int64_t i = at; i < at + p->width; i++)
                p->dx[i] += p->x[i] > p->target[i] ? g : p->x[i] < p->target[i] ? -g : 0;
            continue;
        }
        float *probability = p->log_probability + at, mass = (float)kernel->sum(p->target + at, p->width);
        kernel->exponential(probability, probability, p->width);
        kernel->axpy(p->dx + at, probability, g * mass, p->width);
        kernel->axpy(p->dx + at, p->target + at, -g, p->width);
    }
    return SMAC_OK;
}
