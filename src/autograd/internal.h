/*
 * autograd/internal.h - what operations share: checking inputs, making results, running the device, opening gradients.
 * For this module only: an operation written elsewhere uses tape.h alone.
 */
#ifndef SMAC_AUTOGRAD_INTERNAL_H
#define SMAC_AUTOGRAD_INTERNAL_H

#include <stddef.h>

#include "autograd/device.h"
#include "autograd/tape.h"

/* "(2, 3, 4)" for messages; "()" is a scalar. */
typedef struct shape_text {
    char text[128];
} shape_text;
shape_text shape_of(const value *v);
shape_text shape_of_dims(int rank, const int64_t *dim);

/* True when the tape is sound and no input is missing; else the tape fails (if it has not yet) and false. */
bool op_ready_list(tape *t, const char *op, int count, const value *const *inputs);
#define OP_READY(t, op, ...)                                                                        \
    op_ready_list((t), (op), (int)(sizeof((const value *[]){__VA_ARGS__}) / sizeof(const value *)), \
        (const value *[]){__VA_ARGS__})

/* Run a function of the device's table for an operation: false when it failed, and then so has the tape. */
#define OP_RUN(t, op, function, ...) op_done((t), (op), tape_device(t)->function(tape_run(t), __VA_ARGS__))
const device_operations *tape_device(const tape *t);
device_run *tape_run(tape *t);
bool op_done(tape *t, const char *op, smac_status status);

/* An uninitialised result. */
value *op_result(tape *t, int rank, const int64_t *dim, bool tracked);
/* A result that shares its numbers with another value (op_reshape). */
value *op_view(tape *t, int rank, const int64_t *dim, value *of);
/* Note the operation with a copy of its context (size bytes) when out is tracked; gives out, or NULL on failure. */
value *op_finish(tape *t, const char *op, value *out, const void *context, size_t size, tape_backward_fn backward);

/* Memory of the device that lives as long as the tape's values: uninitialised, or with a copy of a host array. */
float *op_memory(tape *t, int64_t count);
void *op_upload(tape *t, const void *host, size_t bytes);
/*
 * The caller's mask or indices as the device reads them: the array itself on the CPU; elsewhere one copy for all
 * operations that are given the same array.  The caller keeps it unchanged as long as the tape's values.  NULL: NULL.
 */
const void *op_resident(tape *t, const void *host, size_t bytes);

/*
 * The gradient buffer of v for a backward function that can either write or add.  *add is false when nothing is there
 * yet: every element must then be written.  NULL when v is NULL or not tracked, or when the tape has failed.
 */
float *grad_open(tape *t, value *v, bool *add);
/* The same, zeroed when nothing was there: for functions that only add. */
float *value_grad(tape *t, value *v);
/*
 * out's gradient goes on unchanged to v (same count): the buffer itself is handed over when v has none yet and out's is
 * not kept; else it is added.  Call it last: out->grad may be gone afterwards.
 */
void grad_pass(tape *t, value *out, value *v);
bool grad_is_kept(const value *v); /* out->grad must not be overwritten by its backward function */

/* Device memory for the time of one backward function: used again by the next one.  Give the same count back. */
float *scratch_take(tape *t, int64_t count);
void scratch_give(tape *t, float *scratch, int64_t count); /* NULL is fine */

/* Rows and width of x seen as rows of its last dimension. */
static inline int64_t last_dim(const value *v)
{
    return v->rank > 0 ? v->dim[v->rank - 1] : 1;
}
static inline int64_t row_count(const value *v)
{
    int64_t width = last_dim(v);
    return width > 0 ? v->count / width : 0;
}
bool same_shape(const value *a, const value *b);

#endif
