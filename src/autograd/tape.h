/*
 * autograd/tape.h - values and the tape.  One operation API for training and for inference.
 *
 * A value is a float32 array, row-major and contiguous, in the memory of the tape's device.  Operations (ops.h) take
 * values and give a new one.  With a recording tape each operation also leaves a note of how its gradient flows back;
 * tape_backward walks the notes in reverse.  A tape that does not record keeps values alone, and a scope
 * (tape_scope_begin) gives their memory back when a block is done, so a deep encoder runs in the memory of one block.
 *
 * Errors are sticky: the first operation that fails (shapes, memory) stores its error in the tape and gives NULL; every
 * operation that is given a NULL value, or runs on a failed tape, gives NULL.  Model code therefore reads like the
 * formula; whoever owns the tape asks tape_status once at the end.
 *
 * A tape belongs to one thread at a time; parameters may be shared by many non-recording tapes at once.
 */
#ifndef SMAC_AUTOGRAD_TAPE_H
#define SMAC_AUTOGRAD_TAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/memory.h"
#include "compute/precision.h"

enum { VALUE_MAX_RANK = 5 };

struct device_operations; /* autograd/device.h */
struct packed_matrix;     /* compute/products.h */
struct parameter;

typedef struct value {
    int rank; /* 0: a scalar (count 1) */
    int64_t dim[VALUE_MAX_RANK];
    int64_t count;               /* product of the dimensions */
    float *device_data;          /* the device's memory; NULL only for a parameter that is held packed alone */
    float *grad;                 /* same shape; NULL until the backward pass needs it, or always when not tracked */
    bool tracked;                /* a gradient is wanted for it (it depends on a trainable parameter) */
    struct parameter *parameter; /* set on values made by tape_parameter */
} value;

/*
 * A parameter: master values in float32, gradient beside it.  The store (nn/parameters.h) owns the memory.
 * A frozen parameter has no gradient; its data may point into a mapped file (read-only) or be NULL when the weight is
 * held only in its packed form (bf16 or int8).
 */
typedef struct parameter {
    const char *name;
    const struct device_operations *device; /* whose memory the values and the gradient are; NULL: the CPU */
    int rank;
    int64_t dim[VALUE_MAX_RANK];
    int64_t count;
    float *device_data; /* values, in the device's memory */
    float *grad;
    bool trainable;
    bool product; /* a weight (out, in) that op_linear alone reads: it may be packed and its float32 values dropped */
    bool decay;   /* weight decay applies (not to biases, norms, gates, learned tokens) */
    bool pretrained;              /* of a pre-trained encoder, whose learning rate is train.encoder_rate */
    float rate_scale;             /* factor on the learning rate (1; 10 for the gates' alpha) */
    uint64_t version;             /* raised by whoever writes data, so that packed copies are renewed */
    struct packed_matrix *packed; /* for matrices [N, K] used by op_linear; owned by the store */
    uint64_t packed_version;
} parameter;

typedef struct tape_options {
    bool record;            /* keep what tape_backward needs */
    bool training;          /* dropout is active */
    precision precision;    /* of products whose weights are float32 parameters (training in bf16) */
    uint64_t seed;          /* of dropout */
    uint64_t step;          /* of dropout: masks depend on (seed, step, position in the tape) alone */
    bool check_finite;      /* test every operation's result; a non-finite one fails and names the operation */
    interruption interrupt; /* asked before every operation: the tape then fails with SMAC_ERROR_INTERRUPTED */
    const struct device_operations *device; /* fixed by tape_new; NULL: device_default() */
} tape_options;

typedef struct tape tape;

tape *tape_new(const tape_options *options); /* NULL when memory is short; options NULL: inference in float32 */
void tape_free(tape *t);
/* Forget all values and notes (memory is kept for use again) and the error; take new options (NULL: as before). */
void tape_reset(tape *t, const tape_options *options);
const tape_options *tape_get_options(const tape *t);

smac_status tape_status(const tape *t, smac_error *error); /* SMAC_OK, or the first error */
smac_status tape_fail(tape *t, smac_status code, const char *where, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
smac_status tape_fail_as(
    tape *t, const smac_error *error); /* the same with a failed function's error, advice and all */

/* New values.  data NULL: uninitialised; else copied.  Shapes: tape_value(t, 3, (int64_t[]){B, T, D}, data). */
value *tape_value(tape *t, int rank, const int64_t *dim, const float *data);
value *tape_zeros(tape *t, int rank, const int64_t *dim);
/* A tracked value that is not a parameter: tests ask for gradients with respect to inputs. */
value *tape_variable(tape *t, int rank, const int64_t *dim, const float *data);
/* The parameter as a value: no copy; its gradient is added to parameter->grad (all-reduce and clipping come later). */
value *tape_parameter(tape *t, parameter *p);
/* Scratch memory that lives as long as the tape's values (until reset or the end of the scope). */
void *tape_scratch(tape *t, size_t bytes);

/*
 * Numbers in and out.  A value's memory (device_data, grad) belongs to the tape's device and need not be readable by the
 * host: code outside autograd, nn and compute uses these functions, and tests/base/test_dependencies.c checks it.
 */
/* Copies v->count numbers to out. */
smac_status tape_read(tape *t, const value *v, float *out);
/* The same without a copy where the device's memory is host memory.  Valid as long as v and until v is written. */
const float *tape_numbers(tape *t, const value *v);
/* Copies v->count numbers from data into v, a value that no operation has read yet. */
smac_status tape_write(tape *t, value *v, const float *data);
/* The same in place: fill the v->count numbers that tape_map gives (NULL on failure), then call tape_unmap. */
float *tape_map(tape *t, value *v);
void tape_unmap(tape *t, value *v, float *mapped);
/* to's numbers become from's (equal count). */
void tape_copy(tape *t, value *to, const value *from);
/*
 * For operations written outside autograd, which compute on the host, in their backward functions: the gradient of the
 * operation's result as numbers, and adding v->count numbers to the gradient of an input (ignored if it is not tracked).
 */
const float *tape_gradient(tape *t, const value *v);
void tape_gradient_add(tape *t, value *v, const float *numbers);

/*
 * Inference only: everything made between begin and end is freed at end, but for the result, which moves down to the
 * place where the scope began (so end returns the new value).  On a recording tape both do nothing.
 */
typedef struct tape_mark {
    arena_mark memory, values;
} tape_mark;
tape_mark tape_scope_begin(tape *t);
value *tape_scope_end(tape *t, tape_mark mark, value *result);

/*
 * Gradients of the scalar loss with respect to every tracked value and parameter, times scale (1 for one batch, 1/n
 * when n batches are added up).  Parameter gradients are ADDED to parameter->grad.
 */
smac_status tape_backward(tape *t, value *loss, float scale, smac_error *error);
/* The gradient buffer of v, zeroed when first asked for; for operations' backward functions.  NULL if not tracked. */
float *value_grad(tape *t, value *v);
/*
 * During tape_backward the gradient of an operation's result is given back as soon as that operation's own backward
 * function has run (its grad is NULL afterwards), unless it is asked for here before.  Gradients of tape_variable
 * values and of parameters always stay.
 */
void tape_keep_gradient(tape *t, value *v);
/* bytes held from the system: values, notes and gradients */
size_t tape_bytes(const tape *t);

/*
 * For operations: leave a note, after out is computed (check_finite looks at it here).  backward(t, context) adds to the
 * gradients of its inputs from out->grad, which it may overwrite unless the caller of the tape keeps it; it is called
 * only if a gradient reached out.  Nothing is noted when out is not tracked.
 */
typedef void (*tape_backward_fn)(tape *t, void *context);
void tape_note(tape *t, const char *operation, value *out, void *context, tape_backward_fn backward);
bool tape_wants(const tape *t, const value *v); /* recording, and v is tracked */
uint64_t tape_next_stream(tape *t);             /* a stream number for dropout, the same in every run */

#endif
