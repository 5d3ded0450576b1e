/*
 * autograd/device.h - the seam between operations and what computes them: one table of functions for each device.
 *
 * Operations (ops.h) check shapes, make results and decide the order of gradients; only the functions of this table
 * read or write numbers.  Every pointer in a problem struct is memory of the device (from its allocate, filled by its
 * upload), and the struct itself, which the host owns, is read before the function returns.  All arrays are float32,
 * row-major and dense unless a stride is given; "+=" means that the function adds to what is there, and "(+)=" that it
 * adds when the struct's add member says so and writes otherwise.  Counts may be 0.
 *
 * Every function gives a status and puts its message into run->error: SMAC_ERROR_MEMORY when scratch memory is short.
 * The CPU's table (cpu.c) calls src/compute; results must not depend on the number of threads.
 */
#ifndef SMAC_AUTOGRAD_DEVICE_H
#define SMAC_AUTOGRAD_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autograd/random_mask.h"
#include "base/error.h"
#include "compute/activation.h"
#include "compute/convolution.h"
#include "compute/kernels.h"
#include "compute/precision.h"
#include "compute/products.h"
#include "compute/workspace.h"

/* What the functions run with; a tape has one.  Scratch memory is kept from one operation to the next. */
typedef struct device_run {
    workspace product; /* of products and fused attention */
    workspace own;     /* of the function that calls them */
    workspace *slots;  /* of products inside a piece of work: one for each thread of the team */
    int slot_count;
    smac_error error; /* the message of the last function that failed */
} device_run;

/* --- moving numbers -------------------------------------------------------------------------------------------------- */

/* rows of n numbers, to_row and from_row numbers apart (from_row 0: one row again and again): to (+)= from */
typedef struct copy_problem {
    float *to;
    const float *from;
    int64_t rows, n, to_row, from_row;
    bool add;
} copy_problem;

/* from (outer, n1, m, n2, c) to (outer, n2, m, n1, c): to (+)= from */
typedef struct transpose_problem {
    float *to;
    const float *from;
    int64_t outer, n1, m, n2, c;
    bool add;
} transpose_problem;

/* y(count, width) = rows of table; index -1 gives zeros.  gather_gradient: table[index] += y, in the order of count */
typedef struct gather_problem {
    float *y, *table;
    const int32_t *indices;
    int64_t count, width;
} gather_problem;

/*
 * Attention by relative positions (ops_encoder.h): scores (heads, batch, length, rows), picked (batch, heads, length,
 * length), index (index_batch, length, length).  gradient: scores += picked; else picked = scores.
 */
typedef struct relative_problem {
    float *scores, *picked;
    const int32_t *index;
    int64_t heads, batch, length, rows, index_batch;
    bool from_key, gradient;
} relative_problem;

/*
 * y = mask ? a : b.  A mask byte covers inner numbers, b repeats after period numbers, segment is the smaller of both.
 * where_gradient: a (+)= y where the mask is set (else 0 unless add), b += y where it is not; a or b may be NULL.
 */
typedef struct where_problem {
    float *y, *a, *b;
    const uint8_t *mask;
    int64_t count, inner, period, segment;
    bool add;
} where_problem;

/* --- element by element ---------------------------------------------------------------------------------------------- */

typedef enum binary_kind { BINARY_ADD, BINARY_SUBTRACT, BINARY_MULTIPLY } binary_kind;

/* y(count) = a op b; b repeats after period numbers */
typedef struct binary_problem {
    float *y;
    const float *a, *b;
    int64_t count, period;
    binary_kind kind;
} binary_problem;

/* y(count) (+)= a b; b repeats after period numbers */
typedef struct multiply_add_problem {
    float *y;
    const float *a, *b;
    int64_t count, period;
    bool add;
} multiply_add_problem;

typedef enum unary_kind { UNARY_SCALE, UNARY_SHIFT, UNARY_ACTIVATION, UNARY_EXP, UNARY_LOG, UNARY_ABSOLUTE } unary_kind;

/* y(count) = f(x).  unary_gradient: dx (+)= dy f'(x), with y what f gave (NULL where f' does not need it) */
typedef struct unary_problem {
    unary_kind kind;
    activation activation; /* UNARY_ACTIVATION */
    float number;          /* UNARY_SCALE, UNARY_SHIFT */
    int64_t count;
    const float *x;
    float *y;
    const float *dy;
    float *dx;
    bool add;
} unary_problem;

typedef struct dropout_problem {
    float *y; /* may be x */
    const float *x;
    int64_t count;
    dropout_mask mask;
} dropout_problem;

/* y(rows, width) = a factor(rows).  scale_rows_gradient: da (+)= dy factor, df (+)= the sum of dy a; each may be NULL */
typedef struct scale_rows_problem {
    float *y;
    const float *a, *factor, *dy;
    int64_t rows, width;
    float *da, *df;
    bool add_a, add_f;
} scale_rows_problem;

/* --- rows ------------------------------------------------------------------------------------------------------------ */

/*
 * Layer norm (centred) or root mean square norm of x(rows, width); mean and inverse (rows) are kept for the gradient,
 * or NULL.  norm_gradient: dx, dw, db (+)= each may be NULL.
 */
typedef struct norm_problem {
    bool centred;
    int64_t rows, width;
    float epsilon;
    const float *x, *w, *b;
    float *y, *mean, *inverse;
    const float *dy;
    float *dx, *dw, *db;
    bool add_x, add_w, add_b;
} norm_problem;

typedef enum row_kind { ROW_SOFTMAX, ROW_LOG_SOFTMAX, ROW_L2 } row_kind;

/* y = f of each row of x(rows, width).  row_gradient: dx (+)= */
typedef struct row_problem {
    row_kind kind;
    int64_t rows, width;
    float epsilon; /* ROW_L2 */
    const float *x;
    float *y;
    const float *dy;
    float *dx;
    bool add;
} row_problem;

/* --- sums ------------------------------------------------------------------------------------------------------------ */

/* to(width) (+)= sign times the sum of the rows of x(rows, width), times factor (the same shape) if it is not NULL */
typedef struct column_sums_problem {
    float *to;
    const float *x, *factor;
    int64_t rows, width;
    float sign;
    bool add;
} column_sums_problem;

/* to[0] (+)= scale times the sum of x(count), times factor (the same shape) if it is not NULL; in double */
typedef struct total_problem {
    float *to;
    const float *x, *factor;
    int64_t count;
    double scale;
    bool add;
} total_problem;

/* to(count) (+)= scale from[0] */
typedef struct spread_problem {
    float *to;
    const float *from;
    int64_t count;
    float scale;
    bool add;
} spread_problem;

/* y(outer, inner) = the mean of x(outer, n, inner) over n, positions with mask 0 (outer, n) left out; mask may be NULL.
 * mean_gradient: dx (+)= */
typedef struct mean_problem {
    const float *x;
    float *y;
    const uint8_t *mask;
    int64_t outer, n, inner;
    const float *dy;
    float *dx;
    bool add;
} mean_problem;

/* --- losses ---------------------------------------------------------------------------------------------------------- */

typedef enum loss_kind { LOSS_L1, LOSS_CROSS_ENTROPY } loss_kind;

/*
 * loss[0] = the sum over rows of weight[r] times the row's loss of x(rows, width) against target; weight sums to 1 or
 * is 0 everywhere.  log_probability (rows, width) is filled for the gradient (cross entropy).  loss_gradient:
 * dx += dloss[0] times the derivative; it may overwrite log_probability.
 */
typedef struct loss_problem {
    loss_kind kind;
    int64_t rows, width;
    const float *x, *target, *weight;
    float *loss, *log_probability;
    const float *dloss;
    float *dx;
} loss_problem;

/* --- products -------------------------------------------------------------------------------------------------------- */

/*
 * before(rows, n) = x(rows, k) w(n, k)^T + b(n), y = activation(before); before may be y.  packed, if not NULL, holds
 * the weight in place of w; b may be NULL.
 */
typedef struct linear_problem {
    precision how;
    int64_t rows, n, k;
    const float *x, *w, *b;
    const struct packed_matrix *packed;
    float *before, *y;
    activation activation;
} linear_problem;

/*
 * Scaled dot-product attention (ops.h): q (batch, queries, heads width), k (batch, keys, kv_heads width), v (batch,
 * keys, kv_heads value_width), out (batch, queries, heads value_width).
 *
 * attention: weights NULL runs fused; else the weights after the softmax are kept in it (batch, heads, queries, keys),
 * and after dropout in dropped (which may be weights).  attention_gradient: dq, dk, dv (+)= and dbias +=, each may be
 * NULL; two of them may be the same array when their add members are set.
 */
typedef struct attention_call {
    precision how;
    int64_t batch, queries, keys, heads, kv_heads, width, value_width;
    const float *q, *k, *v, *bias;
    const uint8_t *mask; /* (batch, keys) or NULL */
    bool bias_per_batch, causal;
    float scale;
    dropout_mask dropout;
    float *out, *weights, *dropped;
    const float *dout;
    float *dq, *dk, *dv, *dbias;
    bool add_q, add_k, add_v;
} attention_call;

/*
 * y(batch, out_time, outputs) = x(batch, time, channels) * w(outputs, channels, width) + b(outputs), b may be NULL.
 * convolution_gradient: dx, dw, db (+)=, each may be NULL.
 */
typedef struct convolution_problem {
    precision how;
    int64_t batch, time, channels, out_time, outputs, width;
    int stride, padding;
    const float *x, *w, *b;
    float *y;
    const float *dy;
    float *dx, *dw, *db;
    bool add_x, add_w, add_b;
} convolution_problem;

/*
 * Nearest enlargement (or reduction) of pictures, channels last: y(batch, out_height, out_width, channels) takes row
 * floor(i height / out_height) for its row i, columns likewise.  gradient: x (+)= the sum over the pixels that took it.
 */
typedef struct enlarge_problem {
    int64_t batch, height, width, channels, out_height, out_width;
    float *x, *y;
    bool gradient, add;
} enlarge_problem;

/* y(count) = f(x), with compute/rectifier.h's f.  rectify_gradient: dx (+)= dy f', which y decides */
typedef struct rectify_problem {
    rectifier end;
    int64_t count;
    const float *x;
    float *y;
    const float *dy;
    float *dx;
    bool add;
} rectify_problem;

/* --- decoding token by token (ops_decoder.h) -------------------------------------------------------------------------- */

/* y(count, k of the table) = rows of a packed table, as its precision rounded them */
typedef struct packed_rows_problem {
    float *y;
    const struct packed_matrix *table;
    const int32_t *indices;
    int64_t count;
} packed_rows_problem;

/*
 * New tokens over the tokens before them and themselves, in one layer.  keys, values (positions, sequences, width) get
 * the new tokens' first.  Token number i of the first `length` of sequence s is at place slots[s, i] of position i.
 * successive: all new tokens belong to sequence 0; else one to each.
 */
typedef struct cached_attention_problem {
    const float *qkv; /* (rows, 3 width) */
    float *keys, *values;
    const int32_t *slots; /* (sequences, positions), those of the new tokens too */
    int64_t rows, length, heads, width, positions, sequences;
    bool successive;
    float *out; /* (rows, width) */
} cached_attention_problem;

/*
 * q (rows, width) over keys and values packed head by head: keys[h] (length, width / heads), values[h] (width / heads,
 * length).  shown[h], if not NULL, gets the head's scaled scores (rows, length).  The three arrays are the host's.
 */
typedef struct memory_attention_problem {
    const float *q;
    struct packed_matrix *const *keys, *const *values;
    float *const *shown;
    int64_t rows, length, heads, width;
    float *out; /* (rows, width) */
} memory_attention_problem;

/* --- the optimiser --------------------------------------------------------------------------------------------------- */

/* One step of AdamW (compute/kernels.h) for p(count), with the moments m and v and the gradient g. */
typedef struct adamw_problem {
    float *p, *m, *v;
    const float *g;
    int64_t count;
    adamw_step step;
} adamw_problem;

/* --- the table ------------------------------------------------------------------------------------------------------- */

typedef struct device_operations {
    const char *name;
    bool host_memory; /* the host may read and write the device's memory */

    /* memory: 64-byte aligned, no particular contents; NULL when it is short */
    void *(*allocate)(size_t bytes);
    void (*release)(void *memory);
    smac_status (*upload)(device_run *run, void *to, const void *from, size_t bytes);   /* from the host */
    smac_status (*download)(device_run *run, void *to, const void *from, size_t bytes); /* to the host */
    smac_status (*zero)(device_run *run, float *to, int64_t count);

    smac_status (*copy)(device_run *run, const copy_problem *p);
    smac_status (*transpose)(device_run *run, const transpose_problem *p);
    smac_status (*gather)(device_run *run, const gather_problem *p);
    smac_status (*gather_gradient)(device_run *run, const gather_problem *p);
    smac_status (*relative)(device_run *run, const relative_problem *p);
    smac_status (*where)(device_run *run, const where_problem *p);
    smac_status (*where_gradient)(device_run *run, const where_problem *p);

    smac_status (*binary)(device_run *run, const binary_problem *p);
    smac_status (*multiply_add)(device_run *run, const multiply_add_problem *p);
    smac_status (*unary)(device_run *run, const unary_problem *p);
    smac_status (*unary_gradient)(device_run *run, const unary_problem *p);
    smac_status (*dropout)(device_run *run, const dropout_problem *p);
    smac_status (*scale_rows)(device_run *run, const scale_rows_problem *p);
    smac_status (*scale_rows_gradient)(device_run *run, const scale_rows_problem *p);

    smac_status (*norm)(device_run *run, const norm_problem *p);
    smac_status (*norm_gradient)(device_run *run, const norm_problem *p);
    smac_status (*row)(device_run *run, const row_problem *p);
    smac_status (*row_gradient)(device_run *run, const row_problem *p);

    smac_status (*column_sums)(device_run *run, const column_sums_problem *p);
    smac_status (*total)(device_run *run, const total_problem *p);
    smac_status (*spread)(device_run *run, const spread_problem *p);
    smac_status (*mean)(device_run *run, const mean_problem *p);
    smac_status (*mean_gradient)(device_run *run, const mean_problem *p);
    smac_status (*loss)(device_run *run, const loss_problem *p);
    smac_status (*loss_gradient)(device_run *run, const loss_problem *p);

    smac_status (*product)(device_run *run, const gemm_problem *p); /* p->scratch is ignored */
    smac_status (*linear)(device_run *run, const linear_problem *p);
    smac_status (*attention)(device_run *run, const attention_call *p);
    smac_status (*attention_gradient)(device_run *run, const attention_call *p);
    smac_status (*convolution)(device_run *run, const convolution_problem *p);
    smac_status (*convolution_gradient)(device_run *run, const convolution_problem *p);
    smac_status (*convolve)(device_run *run, const picture_convolution *p); /* compute/convolution.h */
    smac_status (*convolve_gradient)(device_run *run, const picture_convolution *p);
    smac_status (*enlarge)(device_run *run, const enlarge_problem *p);
    smac_status (*rectify)(device_run *run, const rectify_problem *p);
    smac_status (*rectify_gradient)(device_run *run, const rectify_problem *p);

    smac_status (*packed_rows)(device_run *run, const packed_rows_problem *p);
    smac_status (*cached_attention)(device_run *run, const cached_attention_problem *p);
    smac_status (*memory_attention)(device_run *run, const memory_attention_problem *p);

    /* weights packed once, from n times k numbers of the device; NULL when memory is short */
    struct packed_matrix *(*pack)(const float *w, int64_t n, int64_t k, precision how);
    bool (*pack_again)(struct packed_matrix *packed, const float *w); /* w changed; false: memory is short */

    /* the optimiser */
    smac_status (*adamw)(device_run *run, const adamw_problem *p);
    smac_status (*sum_squares)(device_run *run, const float *x, int64_t count, double *sum);
    /* *at = the index of the first number that is not finite, and *number that number; *at = -1: all are finite */
    smac_status (*find_non_finite)(device_run *run, const float *x, int64_t count, int64_t *at, float *number);
} device_operations;

const device_operations *device_cpu(void);

/*
 * The device that new tapes and parameter stores use when none is named: the CPU, unless device_set_default changed it.
 * Set it before the first tape; NULL: the CPU again.
 */
const device_operations *device_default(void);
void device_set_default(const device_operations *device);

void device_run_clear(device_run *run);         /* gives the scratch memory back */
size_t device_run_bytes(const device_run *run); /* of scratch memory held */

#endif
