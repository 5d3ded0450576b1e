/*
 * autograd/cpu.h - what the files of the CPU's table (cpu_*.c) share.  Pieces of work are cut by the shapes alone, so
 * the same bits come out for any number of threads.
 */
#ifndef SMAC_AUTOGRAD_CPU_H
#define SMAC_AUTOGRAD_CPU_H

#include "autograd/device.h"

/* Cut [0, count) into pieces of step elements, shared among the threads: body gets [from, to). */
typedef void (*range_body)(void *context, int64_t from, int64_t to);
void for_ranges(int64_t count, int64_t step, range_body body, const void *context);
enum {
    ELEMENT_STEP = 8192, /* numbers in a piece */
    COPY_STEP = 1 << 16, /* the same, where they are only copied or zeroed */
    COLUMN_STEP = 128    /* columns in a piece, where rows are summed */
};
/* A step in rows such that a piece has about ELEMENT_STEP numbers. */
int64_t row_step(int64_t width);

/* At least so many workspaces in run->slots. */
smac_status cpu_slots(device_run *run, int count);

/* to += from, or to = from */
void add_or_copy(float *to, const float *from, int64_t n, bool add);

smac_status cpu_copy(device_run *run, const copy_problem *p);
smac_status cpu_transpose(device_run *run, const transpose_problem *p);
smac_status cpu_gather(device_run *run, const gather_problem *p);
smac_status cpu_gather_gradient(device_run *run, const gather_problem *p);
smac_status cpu_relative(device_run *run, const relative_problem *p);
smac_status cpu_where(device_run *run, const where_problem *p);
smac_status cpu_where_gradient(device_run *run, const where_problem *p);

smac_status cpu_binary(device_run *run, const binary_problem *p);
smac_status cpu_multiply_add(device_run *run, const multiply_add_problem *p);
smac_status cpu_unary(device_run *run, const unary_problem *p);
smac_status cpu_unary_gradient(device_run *run, const unary_problem *p);
smac_status cpu_dropout(device_run *run, const dropout_problem *p);
smac_status cpu_scale_rows(device_run *run, const scale_rows_problem *p);
smac_status cpu_scale_rows_gradient(device_run *run, const scale_rows_problem *p);

smac_status cpu_norm(device_run *run, const norm_problem *p);
smac_status cpu_norm_gradient(device_run *run, const norm_problem *p);
smac_status cpu_row(device_run *run, const row_problem *p);
smac_status cpu_row_gradient(device_run *run, const row_problem *p);

smac_status cpu_column_sums(device_run *run, const column_sums_problem *p);
smac_status cpu_total(device_run *run, const total_problem *p);
smac_status cpu_spread(device_run *run, const spread_problem *p);
smac_status cpu_mean(device_run *run, const mean_problem *p);
smac_status cpu_mean_gradient(device_run *run, const mean_problem *p);
smac_status cpu_loss(device_run *run, const loss_problem *p);
smac_status cpu_loss_gradient(device_run *run, const loss_problem *p);

smac_status cpu_product(device_run *run, const gemm_problem *p);
smac_status cpu_linear(device_run *run, const linear_problem *p);
smac_status cpu_attention(device_run *run, const attention_call *p);
smac_status cpu_attention_gradient(device_run *run, const attention_call *p);
smac_status cpu_packed_rows(device_run *run, const packed_rows_problem *p);
smac_status cpu_cached_attention(device_run *run, const cached_attention_problem *p);
smac_status cpu_memory_attention(device_run *run, const memory_attention_problem *p);
smac_status cpu_convolution(device_run *run, const convolution_problem *p);
smac_status cpu_convolution_gradient(device_run *run, const convolution_problem *p);
smac_status cpu_convolve(device_run *run, const picture_convolution *p);
smac_status cpu_convolve_gradient(device_run *run, const picture_convolution *p);
smac_status cpu_enlarge(device_run *run, const enlarge_problem *p);
smac_status cpu_rectify(device_run *run, const rectify_problem *p);
smac_status cpu_rectify_gradient(device_run *run, const rectify_problem *p);

#endif
