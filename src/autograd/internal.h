/*
 * autograd/internal.h - what the files of this room share: checking inputs, making results, opening gradients.
 * Not for other rooms: an operation written elsewhere uses tape.h alone.
 */
#ifndef SMAC_AUTOGRAD_INTERNAL_H
#define SMAC_AUTOGRAD_INTERNAL_H

#include <stddef.h>

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

/* An uninitialised result; tracked as said. */
value *op_result(tape *t, int rank, const int64_t *dim, bool tracked);
/* A result that shares data with another value (op_reshape). */
value *op_view(tape *t, int rank, const int64_t *dim, value *of);
/* Note the operation with a copy of its context (size bytes) when out is tracked; gives out, or NULL on failure. */
value *op_finish(tape *t, const char *op, value *out, const void *context, size_t size, tape_backward_fn backward);

/*
 * The gradient buffer of v for a backward function that can either write or add.  *add is false when nothing is there
 * yet: every element must then be written.  NULL when v is NULL or not tracked, or when memory is short (tape fails).
 */
float *grad_open(tape *t, value *v, bool *add);
/*
 * out's gradient goes on unchanged to v (same count): the buffer itself is handed over when v has none yet and out's is
 * not kept; else it is added.  Call it last: out->grad may be gone afterwards.
 */
void grad_pass(tape *t, value *out, value *v);
/* Memory for the time of one forward or backward function: used again by the next one.  Give the same count back. */
float *scratch_take(tape *t, int64_t count);
void scratch_give(tape *t, float *scratch, int64_t count); /* NULL is fine */
struct workspace *tape_workspace(tape *t);                 /* scratch memory for one product or attention at a time */
bool grad_is_kept(const value *v); /* out->grad must not be overwritten by its backward function */

/* to(width) = (add: to +) the sum of the rows of x(rows, width), in a fixed order. */
void column_sums(float *to, bool add, const float *x, int64_t rows, int64_t width);

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

/*
 * Cut [0, count) into pieces of step elements: body gets [from, to).  The borders depend on count and step alone.
 */
typedef void (*range_body)(void *context, int64_t from, int64_t to);
void for_ranges(int64_t count, int64_t step, range_body body, void *context);
enum { ELEMENT_STEP = 8192 };
/* A step in rows such that a piece has about ELEMENT_STEP elements. */
int64_t row_step(int64_t width);

#endif
