/* autograd/cpu.c - the CPU as a device: its table, its memory, the optimiser's loops, and how work is cut. */
#include "autograd/cpu.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "compute/parallel.h"

/* --- cutting work ---------------------------------------------------------------------------------------------------- */

typedef struct range_context {
    range_body body;
    void *context;
    int64_t count, step;
} range_context;

static void range_piece(void *context, int64_t piece)
{
    const range_context *c = context;
    int64_t from = piece * c->step, to = from + c->step < c->count ? from + c->step : c->count;
    c->body(c->context, from, to);
}

void for_ranges(int64_t count, int64_t step, range_body body, const void *context)
{
    if (count <= 0)
        return;
    range_context c = {body, (void *)context, count, step > 0 ? step : 1};
    parallel_for((count + c.step - 1) / c.step, range_piece, &c);
}

int64_t row_step(int64_t width)
{
    int64_t rows = ELEMENT_STEP / (width > 0 ? width : 1);
    return rows > 0 ? rows : 1;
}

smac_status cpu_slots(device_run *run, int count)
{
    if (run->slot_count >= count)
        return SMAC_OK;
    workspace *slots = memory_resize(run->slots, (size_t)count, sizeof *slots);
    if (slots == NULL)
        return FAIL(&run->error, SMAC_ERROR_MEMORY, "no memory for %d threads", count);
    for (; run->slot_count < count; run->slot_count++)
        slots[run->slot_count] = (workspace){NULL, 0};
    run->slots = slots;
    return SMAC_OK;
}

/* --- memory ---------------------------------------------------------------------------------------------------------- */

static smac_status cpu_move(device_run *run, void *to, const void *from, size_t bytes)
{
    (void)run;
    if (bytes > 0)
        memcpy(to, from, bytes);
    return SMAC_OK;
}

static void zero_range(void *context, int64_t from, int64_t to)
{
    memset((float *)context + from, 0, (size_t)(to - from) * sizeof(float));
}

static smac_status cpu_zero(device_run *run, float *to, int64_t count)
{
    (void)run;
    for_ranges(count, COPY_STEP, zero_range, to);
    return SMAC_OK;
}

/* --- the optimiser ---------------------------------------------------------------------------------------------------- */

static smac_status cpu_adamw(device_run *run, const adamw_problem *p)
{
    (void)run;
    parallel_adamw(p->p, p->m, p->v, p->g, p->count, &p->step);
    return SMAC_OK;
}

static smac_status cpu_sum_squares(device_run *run, const float *x, int64_t count, double *sum)
{
    (void)run;
    *sum = parallel_sum_squares(x, count);
    return SMAC_OK;
}

static smac_status cpu_find_non_finite(device_run *run, const float *x, int64_t count, int64_t *at, float *number)
{
    (void)run;
    *at = -1;
    if (parallel_finite(x, count))
        return SMAC_OK;
    for (int64_t i = 0; i < count && *at < 0; i++)
        if (!isfinite(x[i])) {
            *at = i;
            *number = x[i];
        }
    return SMAC_OK;
}

/* --- the table -------------------------------------------------------------------------------------------------------- */

const device_operations *device_cpu(void)
{
    static const device_operations operations = {.name = "cpu",
        .host_memory = true,
        .allocate = memory_aligned,
        .release = memory_aligned_free,
        .upload = cpu_move,
        .download = cpu_move,
        .zero = cpu_zero,
        .copy = cpu_copy,
        .transpose = cpu_transpose,
        .gather = cpu_gather,
        .gather_gradient = cpu_gather_gradient,
        .relative = cpu_relative,
        .where = cpu_where,
        .where_gradient = cpu_where_gradient,
        .binary = cpu_binary,
        .multiply_add = cpu_multiply_add,
        .unary = cpu_unary,
        .unary_gradient = cpu_unary_gradient,
        .dropout = cpu_dropout,
        .scale_rows = cpu_scale_rows,
        .scale_rows_gradient = cpu_scale_rows_gradient,
        .norm = cpu_norm,
        .norm_gradient = cpu_norm_gradient,
        .row = cpu_row,
        .row_gradient = cpu_row_gradient,
        .column_sums = cpu_column_sums,
        .total = cpu_total,
        .spread = cpu_spread,
        .mean = cpu_mean,
        .mean_gradient = cpu_mean_gradient,
        .loss = cpu_loss,
        .loss_gradient = cpu_loss_gradient,
        .product = cpu_product,
        .linear = cpu_linear,
        .attention = cpu_attention,
        .attention_gradient = cpu_attention_gradient,
        .packed_rows = cpu_packed_rows,
        .cached_attention = cpu_cached_attention,
        .memory_attention = cpu_memory_attention,
        .convolution = cpu_convolution,
        .convolution_gradient = cpu_convolution_gradient,
        .convolve = cpu_convolve,
        .convolve_gradient = cpu_convolve_gradient,
        .enlarge = cpu_enlarge,
        .rectify = cpu_rectify,
        .rectify_gradient = cpu_rectify_gradient,
        .pack = packed_matrix_new,
        .pack_again = packed_matrix_renew,
        .adamw = cpu_adamw,
        .sum_squares = cpu_sum_squares,
        .find_non_finite = cpu_find_non_finite};
    return &operations;
}
