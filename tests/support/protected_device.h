/*
 * tests/support/protected_device.h - a second device: the CPU's functions over memory that nobody can read or write
 * outside them.  Code that reaches around the table (autograd/device.h) ends with a signal; a function that is given
 * memory of the host in a problem fails the test.
 */
#ifndef SMAC_TESTS_SUPPORT_PROTECTED_DEVICE_H
#define SMAC_TESTS_SUPPORT_PROTECTED_DEVICE_H

#include <pthread.h>
#include <sys/mman.h>

#include "autograd/device.h"

#define PROTECTED_BYTES ((size_t)16 << 30) /* reserved, not used */
enum { PROTECTED_PIECES = 4096 };

static struct {
    pthread_mutex_t mutex;
    char *memory;
    size_t used; /* bytes from the start that were given out at some time */
    int depth;   /* functions of the table that are running */
    struct {
        size_t at, bytes;
        bool free;
    } pieces[PROTECTED_PIECES];
    int count;
    int64_t calls, violations;
} protected = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void protected_open(void)
{
    pthread_mutex_lock(&protected.mutex);
    if (protected.depth++ == 0 && protected.used > 0)
        mprotect(protected.memory, protected.used, PROT_READ | PROT_WRITE);
    protected.calls++;
    pthread_mutex_unlock(&protected.mutex);
}

static void protected_close(void)
{
    pthread_mutex_lock(&protected.mutex);
    if (--protected.depth == 0 && protected.used > 0)
        mprotect(protected.memory, protected.used, PROT_NONE);
    pthread_mutex_unlock(&protected.mutex);
}

static bool protected_holds(const void *p)
{
    return (const char *)p >= protected.memory && (const char *)p < protected.memory + PROTECTED_BYTES;
}

static void protected_check(const char *function, const void *const *pointers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (pointers[i] && !protected_holds(pointers[i])) {
            fprintf(stderr, "%s was given memory of the host as array %zu\n", function, i);
            protected.violations++;
        }
}

static void *protected_allocate(size_t bytes)
{
    bytes = (bytes + 4095) & ~(size_t)4095;
    bytes = bytes ? bytes : 4096;
    void *result = NULL;
    pthread_mutex_lock(&protected.mutex);
    if (!protected.memory) {
        void *memory = mmap(NULL, PROTECTED_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        protected.memory = memory == MAP_FAILED ? NULL : memory;
    }
    for (int i = 0; i < protected.count && !result; i++)
        if (protected.pieces[i].free && protected.pieces[i].bytes == bytes) {
            protected.pieces[i].free = false;
            result = protected.memory + protected.pieces[i].at;
        }
    if (!result && protected.memory && protected.count < PROTECTED_PIECES &&
        bytes <= PROTECTED_BYTES - protected.used) {
        result = protected.memory + protected.used;
        protected.pieces[protected.count].at = protected.used;
        protected.pieces[protected.count++].bytes = bytes;
        protected.used += bytes;
        if (protected.depth > 0) /* another thread's function is running */
            mprotect(result, bytes, PROT_READ | PROT_WRITE);
    }
    pthread_mutex_unlock(&protected.mutex);
    return result;
}

static void protected_release(void *memory)
{
    pthread_mutex_lock(&protected.mutex);
    for (int i = 0; memory && i < protected.count; i++)
        if (protected.memory + protected.pieces[i].at == memory)
    protected.pieces[i].free = true;
    pthread_mutex_unlock(&protected.mutex);
}

/* One function of the table; the arrays of its problem p are listed. */
#define PROTECTED(name, problem, ...)                                      \
    static smac_status protected_##name(device_run *run, const problem *p) \
    {                                                                      \
        const void *const arrays[] = {__VA_ARGS__};                        \
        protected_check(#name, arrays, sizeof arrays / sizeof arrays[0]);  \
        protected_open();                                                  \
        smac_status status = device_cpu()->name(run, p);                   \
        protected_close();                                                 \
        return status;                                                     \
    }
PROTECTED(copy, copy_problem, p->to, p->from)
PROTECTED(transpose, transpose_problem, p->to, p->from)
PROTECTED(gather, gather_problem, p->y, p->table, p->indices)
PROTECTED(gather_gradient, gather_problem, p->y, p->table, p->indices)
PROTECTED(relative, relative_problem, p->scores, p->picked, p->index)
PROTECTED(where, where_problem, p->y, p->a, p->b, p->mask)
PROTECTED(where_gradient, where_problem, p->y, p->a, p->b, p->mask)
PROTECTED(binary, binary_problem, p->y, p->a, p->b)
PROTECTED(multiply_add, multiply_add_problem, p->y, p->a, p->b)
PROTECTED(unary, unary_problem, p->x, p->y, p->dy, p->dx)
PROTECTED(unary_gradient, unary_problem, p->x, p->y, p->dy, p->dx)
PROTECTED(dropout, dropout_problem, p->y, p->x)
PROTECTED(scale_rows, scale_rows_problem, p->y, p->a, p->factor)
PROTECTED(scale_rows_gradient, scale_rows_problem, p->y, p->a, p->factor, p->dy, p->da, p->df)
PROTECTED(norm, norm_problem, p->x, p->w, p->b, p->y, p->mean, p->inverse)
PROTECTED(norm_gradient, norm_problem, p->x, p->w, p->b, p->y, p->mean, p->inverse, p->dy, p->dx, p->dw, p->db)
PROTECTED(row, row_problem, p->x, p->y)
PROTECTED(row_gradient, row_problem, p->x, p->y, p->dy, p->dx)
PROTECTED(column_sums, column_sums_problem, p->to, p->x, p->factor)
PROTECTED(total, total_problem, p->to, p->x, p->factor)
PROTECTED(spread, spread_problem, p->to, p->from)
PROTECTED(mean, mean_problem, p->x, p->y, p->mask)
PROTECTED(mean_gradient, mean_problem, p->mask, p->dy, p->dx)
PROTECTED(loss, loss_problem, p->x, p->target, p->weight, p->loss, p->log_probability)
PROTECTED(loss_gradient, loss_problem, p->x, p->target, p->weight, p->log_probability, p->dloss, p->dx)
PROTECTED(product, gemm_problem, p->a, p->b, p->c)
PROTECTED(linear, linear_problem, p->x, p->w, p->b, p->before, p->y)
PROTECTED(attention, attention_call, p->q, p->k, p->v, p->bias, p->mask, p->out, p->weights, p->dropped)
PROTECTED(attention_gradient, attention_call, p->q, p->k, p->v, p->bias, p->mask, p->weights, p->dropped, p->dout,
    p->dq, p->dk, p->dv, p->dbias)
PROTECTED(convolution, convolution_problem, p->x, p->w, p->b, p->y)
PROTECTED(convolution_gradient, convolution_problem, p->x, p->w, p->dy, p->dx, p->dw, p->db)
PROTECTED(convolve, picture_convolution, p->x, p->w, p->b, p->y)
PROTECTED(convolve_gradient, picture_convolution, p->x, p->w, p->y, p->dy, p->dx, p->dw, p->db)
PROTECTED(enlarge, enlarge_problem, p->x, p->y)
PROTECTED(rectify, rectify_problem, p->x, p->y)
PROTECTED(rectify_gradient, rectify_problem, p->y, p->dy, p->dx)
PROTECTED(packed_rows, packed_rows_problem, p->y, p->indices)
PROTECTED(cached_attention, cached_attention_problem, p->qkv, p->keys, p->values, p->slots, p->out)
PROTECTED(memory_attention, memory_attention_problem, p->q, p->out)
PROTECTED(adamw, adamw_problem, p->p, p->m, p->v, p->g)
#undef PROTECTED

static smac_status protected_upload(device_run *run, void *to, const void *from, size_t bytes)
{
    protected_check("upload", (const void *[]){to}, 1);
    if (protected_holds(from))
    protected.violations++;
    protected_open();
    smac_status status = device_cpu()->upload(run, to, from, bytes);
    protected_close();
    return status;
}

static smac_status protected_download(device_run *run, void *to, const void *from, size_t bytes)
{
    protected_check("download", (const void *[]){from}, 1);
    if (protected_holds(to))
    protected.violations++;
    protected_open();
    smac_status status = device_cpu()->download(run, to, from, bytes);
    protected_close();
    return status;
}

static smac_status protected_zero(device_run *run, float *to, int64_t count)
{
    protected_check("zero", (const void *[]){to}, 1);
    protected_open();
    smac_status status = device_cpu()->zero(run, to, count);
    protected_close();
    return status;
}

static struct packed_matrix *protected_pack(const float *w, int64_t n, int64_t k, precision how)
{
    protected_check("pack", (const void *[]){w}, 1);
    protected_open();
    struct packed_matrix *packed = device_cpu()->pack(w, n, k, how);
    protected_close();
    return packed;
}

static bool protected_pack_again(struct packed_matrix *packed, const float *w)
{
    protected_check("pack_again", (const void *[]){w}, 1);
    protected_open();
    bool done = device_cpu()->pack_again(packed, w);
    protected_close();
    return done;
}

static smac_status protected_sum_squares(device_run *run, const float *x, int64_t count, double *sum)
{
    protected_check("sum_squares", (const void *[]){x}, 1);
    protected_open();
    smac_status status = device_cpu()->sum_squares(run, x, count, sum);
    protected_close();
    return status;
}

static smac_status protected_find_non_finite(device_run *run, const float *x, int64_t count, int64_t *at, float *number)
{
    protected_check("find_non_finite", (const void *[]){x}, 1);
    protected_open();
    smac_status status = device_cpu()->find_non_finite(run, x, count, at, number);
    protected_close();
    return status;
}

static inline const device_operations *protected_device(void)
{
    static const device_operations operations = {.name = "protected",
        .host_memory = false,
        .allocate = protected_allocate,
        .release = protected_release,
        .upload = protected_upload,
        .download = protected_download,
        .zero = protected_zero,
        .copy = protected_copy,
        .transpose = protected_transpose,
        .gather = protected_gather,
        .gather_gradient = protected_gather_gradient,
        .relative = protected_relative,
        .where = protected_where,
        .where_gradient = protected_where_gradient,
        .binary = protected_binary,
        .multiply_add = protected_multiply_add,
        .unary = protected_unary,
        .unary_gradient = protected_unary_gradient,
        .dropout = protected_dropout,
        .scale_rows = protected_scale_rows,
        .scale_rows_gradient = protected_scale_rows_gradient,
        .norm = protected_norm,
        .norm_gradient = protected_norm_gradient,
        .row = protected_row,
        .row_gradient = protected_row_gradient,
        .column_sums = protected_column_sums,
        .total = protected_total,
        .spread = protected_spread,
        .mean = protected_mean,
        .mean_gradient = protected_mean_gradient,
        .loss = protected_loss,
        .loss_gradient = protected_loss_gradient,
        .product = protected_product,
        .linear = protected_linear,
        .attention = protected_attention,
        .attention_gradient = protected_attention_gradient,
        .convolution = protected_convolution,
        .convolution_gradient = protected_convolution_gradient,
        .convolve = protected_convolve,
        .convolve_gradient = protected_convolve_gradient,
        .enlarge = protected_enlarge,
        .rectify = protected_rectify,
        .rectify_gradient = protected_rectify_gradient,
        .packed_rows = protected_packed_rows,
        .cached_attention = protected_cached_attention,
        .memory_attention = protected_memory_attention,
        .pack = protected_pack,
        .pack_again = protected_pack_again,
        .adamw = protected_adamw,
        .sum_squares = protected_sum_squares,
        .find_non_finite = protected_find_non_finite};
    return &operations;
}

#endif
