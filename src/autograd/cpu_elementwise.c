/* autograd/cpu_elementwise.c - the CPU's loops over single numbers, and over rows with one factor each. */
#include <math.h>
#include <string.h>

#include "autograd/cpu.h"
#include "compute/kernels.h"

static void zero_unless(bool add, float *to, int64_t n)
{
    if (!add)
        memset(to, 0, (size_t)n * sizeof(float));
}

/* --- a op b ------------------------------------------------------------------------------------------------------------ */

typedef void (*binary_kernel)(float *y, const float *a, const float *b, int64_t n);

static binary_kernel binary_kernel_of(binary_kind kind)
{
    const struct kernels *kernel = kernels_get();
    return kind == BINARY_ADD ? kernel->add : kind == BINARY_SUBTRACT ? kernel->subtract : kernel->multiply;
}

static void binary_range(void *context, int64_t from, int64_t to)
{
    const binary_problem *p = context;
    if (p->period == 1) {
        float f = p->b[0];
        for (int64_t i = from; i < to; i++)
            p->y[i] = p->kind == BINARY_ADD ? p->a[i] + f : p->kind == BINARY_SUBTRACT ? p->a[i] - f : p->a[i] * f;
        return;
    }
    binary_kernel kernel = binary_kernel_of(p->kind);
    for (int64_t i = from; i < to;) {
        int64_t at = i % p->period, n = p->period - at < to - i ? p->period - at : to - i;
        kernel(p->y + i, p->a + i, p->b + at, n);
        i += n;
    }
}

smac_status cpu_binary(device_run *run, const binary_problem *p)
{
    (void)run;
    for_ranges(p->count, ELEMENT_STEP, binary_range, p);
    return SMAC_OK;
}

static void multiply_add_range(void *context, int64_t from, int64_t to)
{
    const multiply_add_problem *p = context;
    const struct kernels *kernel = kernels_get();
    zero_unless(p->add, p->y + from, to - from);
    if (p->period == 1) {
        kernel->axpy(p->y + from, p->a + from, p->b[0], to - from);
        return;
    }
    for (int64_t i = from; i < to;) {
        int64_t at = i % p->period, n = p->period - at < to - i ? p->period - at : to - i;
        kernel->multiply_add(p->y + i, p->a + i, p->b + at, n);
        i += n;
    }
}

smac_status cpu_multiply_add(device_run *run, const multiply_add_problem *p)
{
    (void)run;
    for_ranges(p->count, ELEMENT_STEP, multiply_add_range, p);
    return SMAC_OK;
}

/* --- functions of one number ------------------------------------------------------------------------------------------- */

static void unary_range(void *context, int64_t from, int64_t to)
{
    const unary_problem *p = context;
    const struct kernels *kernel = kernels_get();
    const float *x = p->x + from;
    float *y = p->y + from;
    int64_t n = to - from;
    switch (p->kind) {
    case UNARY_SCALE:
        kernel->scale(y, x, p->number, n);
        break;
    case UNARY_SHIFT:
        for (int64_t i = 0; i < n; i++)
            y[i] = x[i] + p->number;
        break;
    case UNARY_ACTIVATION:
        kernel->activate(y, x, n, p->activation);
        break;
    case UNARY_EXP:
        kernel->exponential(y, x, n);
        break;
    case UNARY_LOG:
        kernel->logarithm(y, x, n);
        break;
    case UNARY_ABSOLUTE:
        for (int64_t i = 0; i < n; i++)
            y[i] = fabsf(x[i]);
        break;
    }
}

smac_status cpu_unary(device_run *run, const unary_problem *p)
{
    (void)run;
    for_ranges(p->count, ELEMENT_STEP, unary_range, p);
    return SMAC_OK;
}

static void unary_gradient_range(void *context, int64_t from, int64_t to)
{
    const unary_problem *p = context;
    const struct kernels *kernel = kernels_get();
    const float *x = p->x + from, *dy = p->dy + from;
    float *dx = p->dx + from;
    int64_t n = to - from;
    zero_unless(p->add, dx, n);
    switch (p->kind) {
    case UNARY_SCALE:
        kernel->axpy(dx, dy, p->number, n);
        break;
    case UNARY_SHIFT:
        kernel->axpy(dx, dy, 1, n);
        break;
    case UNARY_ACTIVATION:
        kernel->activate_backward(dx, dy, x, n, p->activation);
        break;
    case UNARY_EXP:
        kernel->multiply_add(dx, dy, p->y + from, n);
        break;
    case UNARY_LOG:
        for (int64_t i = 0; i < n; i++)
            dx[i] += dy[i] / x[i];
        break;
    case UNARY_ABSOLUTE:
        for (int64_t i = 0; i < n; i++)
            dx[i] += x[i] > 0 ? dy[i] : x[i] < 0 ? -dy[i] : 0;
        break;
    }
}

smac_status cpu_unary_gradient(device_run *run, const unary_problem *p)
{
    (void)run;
    for_ranges(p->count, ELEMENT_STEP, unary_gradient_range, p);
    return SMAC_OK;
}

static void dropout_range(void *context, int64_t from, int64_t to)
{
    const dropout_problem *p = context;
    dropout_apply(&p->mask, from, to - from, p->y + from, p->x + from);
}

smac_status cpu_dropout(device_run *run, const dropout_problem *p)
{
    (void)run;
    for_ranges(p->count, ELEMENT_STEP, dropout_range, p);
    return SMAC_OK;
}

static void spread_range(void *context, int64_t from, int64_t to)
{
    const spread_problem *p = context;
    float number = p->from[0] * p->scale;
    for (int64_t i = from; i < to; i++)
        p->to[i] = p->add ? p->to[i] + number : number;
}

smac_status cpu_spread(device_run *run, const spread_problem *p)
{
    (void)run;
    for_ranges(p->count, ELEMENT_STEP, spread_range, p);
    return SMAC_OK;
}

/* --- one factor a row ---------------------------------------------------------------------------------------------------- */

static void scale_rows_range(void *context, int64_t from, int64_t to)
{
    const scale_rows_problem *p = context;
    for (int64_t r = from; r < to; r++)
        kernels_get()->scale(p->y + r * p->width, p->a + r * p->width, p->factor[r], p->width);
}

smac_status cpu_scale_rows(device_run *run, const scale_rows_problem *p)
{
    (void)run;
    for_ranges(p->rows, row_step(p->width), scale_rows_range, p);
    return SMAC_OK;
}

static void scale_rows_gradient_range(void *context, int64_t from, int64_t to)
{
    const scale_rows_problem *p = context;
    const struct kernels *kernel = kernels_get();
    for (int64_t r = from; r < to; r++) {
        const float *dy = p->dy + r * p->width;
        if (p->da != NULL && p->add_a)
            kernel->axpy(p->da + r * p->width, dy, p->factor[r], p->width);
        else if (p->da != NULL)
            kernel->scale(p->da + r * p->width, dy, p->factor[r], p->width);
        if (p->df != NULL)
            p->df[r] = (p->add_f ? p->df[r] : 0) + kernel->dot(dy, p->a + r * p->width, p->width);
    }
}

smac_status cpu_scale_rows_gradient(device_run *run, const scale_rows_problem *p)
{
    (void)run;
    for_ranges(p->rows, row_step(p->width), scale_rows_gradient_range, p);
    return SMAC_OK;
}
