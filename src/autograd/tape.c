/*
 * autograd/tape.c - values in an arena, the notes of a recording tape, and the walk back over them.
 *
 * Gradients have an arena of their own and a list of free buffers: the gradient of an operation's result is dead once
 * its backward function has run, so the buffers of a deep network are few and stay in the cache.
 */
#include "autograd/tape.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/internal.h"
#include "compute/kernels.h"
#include "compute/parallel.h"
#include "compute/workspace.h"

/* Large blocks, so that batches of changing shape leave few unused ends; untouched pages cost nothing. */
#define BLOCK_BYTES ((size_t)32 << 20)

enum { COPY_STEP = 1 << 16 }; /* numbers a piece, where they are only copied or zeroed */

/* What stands behind the public value. */
typedef struct node {
    value v;
    arena_mark born; /* where its data lies, to know whether it came before a scope */
    bool keep;       /* its gradient is not given back */
} node;

typedef struct note {
    const char *operation;
    value *out;
    void *context;
    tape_backward_fn backward;
} note;

typedef struct free_buffer {
    float *data;
    size_t bytes;
} free_buffer;

struct tape {
    tape_options options;
    arena *values, *gradients;
    note *notes;
    size_t note_count, note_capacity;
    value **parameters; /* values made by tape_parameter for trainable ones */
    size_t parameter_count, parameter_capacity;
    free_buffer *unused;
    size_t unused_count, unused_capacity;
    void *spare; /* for moving a scope's result */
    size_t spare_bytes;
    workspace work; /* of the products */
    uint64_t stream;
    smac_error error;
};

tape *tape_new(const tape_options *options)
{
    tape *t = memory_new(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->values = arena_new(BLOCK_BYTES);
    t->gradients = arena_new(BLOCK_BYTES);
    if (t->values == NULL || t->gradients == NULL) {
        tape_free(t);
        return NULL;
    }
    if (options != NULL)
        t->options = *options;
    return t;
}

void tape_free(tape *t)
{
    if (t == NULL)
        return;
    arena_free(t->values);
    arena_free(t->gradients);
    free(t->notes);
    free(t->parameters);
    free(t->unused);
    free(t->spare);
    workspace_clear(&t->work);
    free(t);
}

void tape_reset(tape *t, const tape_options *options)
{
    arena_release(t->values, (arena_mark){0, 0});
    arena_release(t->gradients, (arena_mark){0, 0});
    t->note_count = t->parameter_count = t->unused_count = 0;
    t->stream = 0;
    t->error.code = SMAC_OK;
    if (options != NULL)
        t->options = *options;
}

const tape_options *tape_get_options(const tape *t)
{
    return &t->options;
}

size_t tape_bytes(const tape *t)
{
    return arena_bytes(t->values) + arena_bytes(t->gradients) + t->note_capacity * sizeof *t->notes + t->spare_bytes +
        t->work.bytes;
}

smac_status tape_status(const tape *t, smac_error *error)
{
    if (t->error.code != SMAC_OK && error != NULL)
        *error = t->error;
    return t->error.code;
}

smac_status tape_fail(tape *t, smac_status code, const char *where, const char *format, ...)
{
    if (t->error.code != SMAC_OK)
        return t->error.code;
    va_list list;
    va_start(list, format);
    error_vset(&t->error, code, where, format, list);
    va_end(list);
    return code;
}

/* --- values ------------------------------------------------------------------------------------------------------ */

shape_text shape_of_dims(int rank, const int64_t *dim)
{
    shape_text out;
    size_t at = 0;
    out.text[at++] = '(';
    for (int i = 0; i < rank && at + 24 < sizeof out.text; i++)
        at += (size_t)snprintf(out.text + at, sizeof out.text - at, i ? ", %lld" : "%lld", (long long)dim[i]);
    out.text[at++] = ')';
    out.text[at] = '\0';
    return out;
}

shape_text shape_of(const value *v)
{
    return shape_of_dims(v->rank, v->dim);
}

bool same_shape(const value *a, const value *b)
{
    return a->rank == b->rank && memcmp(a->dim, b->dim, (size_t)a->rank * sizeof a->dim[0]) == 0;
}

static node *node_new(tape *t, int rank, const int64_t *dim)
{
    if (t == NULL || t->error.code != SMAC_OK)
        return NULL;
    if (rank < 0 || rank > VALUE_MAX_RANK) {
        tape_fail(t, SMAC_ERROR_ARGUMENT, "tape_value", "a value of rank %d was asked for, but at most %d is possible",
            rank, VALUE_MAX_RANK);
        return NULL;
    }
    size_t count = 1, bytes;
    for (int i = 0; i < rank; i++)
        if (dim[i] < 0 || !checked_multiply(count, (size_t)dim[i], &count)) {
            tape_fail(t, SMAC_ERROR_ARGUMENT, "tape_value", "a value of shape %s was asked for, which cannot be held",
                shape_of_dims(rank, dim).text);
            return NULL;
        }
    if (!checked_multiply(count, sizeof(float), &bytes) || count > INT64_MAX / 64) {
        tape_fail(t, SMAC_ERROR_MEMORY, "tape_value", "a value of shape %s does not fit into memory",
            shape_of_dims(rank, dim).text);
        return NULL;
    }
    arena_mark here = arena_here(t->values);
    node *n = arena_take_zeroed(t->values, sizeof *n);
    if (n == NULL) {
        tape_fail(
            t, SMAC_ERROR_MEMORY, "tape_value", "memory ran out at a value of shape %s", shape_of_dims(rank, dim).text);
        return NULL;
    }
    n->v.rank = rank;
    for (int i = 0; i < rank; i++)
        n->v.dim[i] = dim[i];
    n->v.count = (int64_t)count;
    n->born = here;
    return n;
}

static value *value_with_memory(tape *t, int rank, const int64_t *dim)
{
    node *n = node_new(t, rank, dim);
    if (n == NULL)
        return NULL;
    n->v.device_data = arena_take(t->values, n->v.count > 0 ? (size_t)n->v.count * sizeof(float) : sizeof(float));
    if (n->v.device_data == NULL) {
        tape_fail(
            t, SMAC_ERROR_MEMORY, "tape_value", "memory ran out at a value of shape %s", shape_of_dims(rank, dim).text);
        return NULL;
    }
    return &n->v;
}

value *tape_value(tape *t, int rank, const int64_t *dim, const float *data)
{
    value *v = value_with_memory(t, rank, dim);
    if (v != NULL && data != NULL)
        memcpy(v->device_data, data, (size_t)v->count * sizeof(float));
    return v;
}

value *tape_zeros(tape *t, int rank, const int64_t *dim)
{
    value *v = value_with_memory(t, rank, dim);
    if (v != NULL)
        memset(v->device_data, 0, (size_t)v->count * sizeof(float));
    return v;
}

value *tape_variable(tape *t, int rank, const int64_t *dim, const float *data)
{
    value *v = tape_value(t, rank, dim, data);
    if (v == NULL)
        return NULL;
    v->tracked = t->options.record;
    ((node *)v)->keep = true;
    return v;
}

value *tape_parameter(tape *t, parameter *p)
{
    if (p == NULL) {
        tape_fail(t, SMAC_ERROR_ARGUMENT, "tape_parameter", "there is no parameter (the pointer is NULL)");
        return NULL;
    }
    node *n = node_new(t, p->rank, p->dim);
    if (n == NULL)
        return NULL;
    n->born = (arena_mark){0, 0};
    n->keep = true;
    n->v.device_data = p->device_data;
    n->v.parameter = p;
    n->v.tracked = t->options.record && p->trainable;
    if (!n->v.tracked)
        return &n->v;
    if (p->grad == NULL) {
        tape_fail(t, SMAC_ERROR_ARGUMENT, "tape_parameter",
            "parameter %s is trainable but has no gradient: seal its store before using it", p->name);
        return NULL;
    }
    n->v.grad = p->grad;
    if (!memory_grow((void **)&t->parameters, &t->parameter_capacity, t->parameter_count + 1, sizeof *t->parameters)) {
        tape_fail(t, SMAC_ERROR_MEMORY, "tape_parameter", "memory ran out at parameter %s", p->name);
        return NULL;
    }
    t->parameters[t->parameter_count++] = &n->v;
    return &n->v;
}

void *tape_scratch(tape *t, size_t bytes)
{
    if (t->error.code != SMAC_OK)
        return NULL;
    void *memory = arena_take(t->values, bytes > 0 ? bytes : 1);
    if (memory == NULL)
        tape_fail(t, SMAC_ERROR_MEMORY, "tape_scratch", "memory ran out when %zu bytes were asked for", bytes);
    return memory;
}

/* --- host access ------------------------------------------------------------------------------------------------- */

const float *tape_numbers(tape *t, const value *v)
{
    return OP_READY(t, "tape_numbers", v) ? v->device_data : NULL;
}

smac_status tape_read(tape *t, const value *v, float *out)
{
    const float *from = tape_numbers(t, v);
    if (from != NULL)
        memcpy(out, from, (size_t)v->count * sizeof *out);
    return t->error.code;
}

float *tape_map(tape *t, value *v)
{
    return OP_READY(t, "tape_map", v) ? v->device_data : NULL;
}

void tape_unmap(tape *t, value *v, float *mapped)
{
    (void)t, (void)v, (void)mapped; /* the CPU's memory is the host's */
}

smac_status tape_write(tape *t, value *v, const float *data)
{
    float *to = tape_map(t, v);
    if (to == NULL)
        return t->error.code;
    memcpy(to, data, (size_t)v->count * sizeof *to);
    tape_unmap(t, v, to);
    return t->error.code;
}

void tape_copy(tape *t, value *to, const value *from)
{
    if (!OP_READY(t, "tape_copy", to, from))
        return;
    if (to->count != from->count)
        tape_fail(t, SMAC_ERROR_MISMATCH, "tape_copy", "a value of shape %s cannot be copied to one of shape %s",
            shape_of(from).text, shape_of(to).text);
    else
        memcpy(to->device_data, from->device_data, (size_t)to->count * sizeof(float));
}

/* --- scopes ------------------------------------------------------------------------------------------------------ */

arena_mark tape_scope_begin(tape *t)
{
    return arena_here(t->values);
}

static bool before(arena_mark a, arena_mark b)
{
    return a.block < b.block || (a.block == b.block && a.used < b.used);
}

value *tape_scope_end(tape *t, arena_mark mark, value *result)
{
    if (t->options.record || t->error.code != SMAC_OK)
        return t->error.code != SMAC_OK ? NULL : result;
    if (result == NULL) {
        arena_release(t->values, mark);
        return NULL;
    }
    node old = *(node *)result;
    bool outside = old.v.parameter != NULL || before(old.born, mark);
    size_t bytes = (size_t)old.v.count * sizeof(float);
    if (!outside) {
        if (bytes > t->spare_bytes) {
            free(t->spare);
            t->spare = malloc(bytes);
            t->spare_bytes = t->spare != NULL ? bytes : 0;
        }
        if (t->spare == NULL && bytes > 0) {
            tape_fail(
                t, SMAC_ERROR_MEMORY, "tape_scope_end", "memory ran out at a value of shape %s", shape_of(&old.v).text);
            return NULL;
        }
        if (bytes > 0)
            memcpy(t->spare, old.v.device_data, bytes);
    }
    arena_release(t->values, mark);
    if (outside) { /* its memory stays; only the header may have been in the scope */
        node *n = node_new(t, old.v.rank, old.v.dim);
        if (n == NULL)
            return NULL;
        *n = old;
        return &n->v;
    }
    return tape_value(t, old.v.rank, old.v.dim, t->spare);
}

/* --- notes ------------------------------------------------------------------------------------------------------- */

bool tape_wants(const tape *t, const value *v)
{
    return t->options.record && v != NULL && v->tracked;
}

uint64_t tape_next_stream(tape *t)
{
    return t->stream++;
}

/* Index of the first element that is not finite, or -1. */
static int64_t find_non_finite(const float *x, int64_t count)
{
    if (parallel_finite(x, count))
        return -1;
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(x[i]))
            return i;
    return -1;
}

void tape_note(tape *t, const char *operation, value *out, void *context, tape_backward_fn backward)
{
    if (t->error.code != SMAC_OK || out == NULL)
        return;
    if (t->options.check_finite) {
        int64_t at = find_non_finite(out->device_data, out->count);
        if (at >= 0) {
            tape_fail(t, SMAC_ERROR_NUMERIC, operation,
                "%s gave %g at element %lld of its result of shape %s, where only finite numbers may stand", operation,
                (double)out->device_data[at], (long long)at, shape_of(out).text);
            return;
        }
    }
    if (!tape_wants(t, out))
        return;
    if (!memory_grow((void **)&t->notes, &t->note_capacity, t->note_count + 1, sizeof *t->notes)) {
        tape_fail(t, SMAC_ERROR_MEMORY, operation, "memory ran out at the note of %s", operation);
        return;
    }
    t->notes[t->note_count++] = (note){operation, out, context, backward};
}

/* --- gradients --------------------------------------------------------------------------------------------------- */

static float *buffer_take(tape *t, int64_t count)
{
    size_t bytes = count > 0 ? (size_t)count * sizeof(float) : sizeof(float);
    size_t best = t->unused_count;
    for (size_t i = t->unused_count; i-- > 0;) {
        size_t have = t->unused[i].bytes;
        if (have >= bytes && have <= bytes + bytes / 4 && (best == t->unused_count || have < t->unused[best].bytes))
            best = i;
    }
    if (best < t->unused_count) {
        float *data = t->unused[best].data;
        memmove(t->unused + best, t->unused + best + 1, (t->unused_count - best - 1) * sizeof *t->unused);
        t->unused_count--;
        return data;
    }
    float *data = arena_take(t->gradients, bytes);
    if (data == NULL)
        tape_fail(
            t, SMAC_ERROR_MEMORY, "tape_backward", "memory ran out at a gradient of %lld numbers", (long long)count);
    return data;
}

/* The buffer may be larger than said here; a smaller figure only makes it less often used again. */
static void buffer_give(tape *t, float *data, int64_t count)
{
    if (!memory_grow((void **)&t->unused, &t->unused_capacity, t->unused_count + 1, sizeof *t->unused))
        return; /* it is not used again, no more */
    t->unused[t->unused_count++] = (free_buffer){data, count > 0 ? (size_t)count * sizeof(float) : sizeof(float)};
}

workspace *tape_workspace(tape *t)
{
    return &t->work;
}

float *scratch_take(tape *t, int64_t count)
{
    return t->error.code == SMAC_OK ? buffer_take(t, count) : NULL;
}

void scratch_give(tape *t, float *scratch, int64_t count)
{
    if (scratch != NULL)
        buffer_give(t, scratch, count);
}

float *grad_open(tape *t, value *v, bool *add)
{
    *add = true;
    if (!tape_wants(t, v))
        return NULL;
    if (v->grad != NULL)
        return v->grad;
    *add = false;
    return v->grad = buffer_take(t, v->count);
}

static void zero_range(void *context, int64_t from, int64_t to)
{
    memset((float *)context + from, 0, (size_t)(to - from) * sizeof(float));
}

float *value_grad(tape *t, value *v)
{
    bool add;
    float *grad = grad_open(t, v, &add);
    if (grad != NULL && !add)
        for_ranges(v->count, COPY_STEP, zero_range, grad);
    return grad;
}

void tape_keep_gradient(tape *t, value *v)
{
    (void)t;
    if (v != NULL)
        ((node *)v)->keep = true;
}

bool grad_is_kept(const value *v)
{
    return ((const node *)v)->keep;
}

typedef struct add_context {
    float *to;
    const float *from;
} add_context;

static void add_range(void *context, int64_t from, int64_t to)
{
    const add_context *c = context;
    kernels_get()->add(c->to + from, c->to + from, c->from + from, to - from);
}

static void copy_range(void *context, int64_t from, int64_t to)
{
    const add_context *c = context;
    memcpy(c->to + from, c->from + from, (size_t)(to - from) * sizeof(float));
}

void grad_pass(tape *t, value *out, value *v)
{
    if (!tape_wants(t, v))
        return;
    if (v->grad == NULL && !grad_is_kept(out)) {
        v->grad = out->grad;
        out->grad = NULL;
        return;
    }
    bool add;
    float *grad = grad_open(t, v, &add);
    if (grad == NULL)
        return;
    add_context c = {grad, out->grad};
    for_ranges(v->count, add ? ELEMENT_STEP : COPY_STEP, add ? add_range : copy_range, &c);
}

static void check_gradient(tape *t, const note *n)
{
    int64_t at = find_non_finite(n->out->grad, n->out->count);
    if (at >= 0)
        tape_fail(t, SMAC_ERROR_NUMERIC, n->operation,
            "the gradient of the result of %s, of shape %s, has %g at element %lld, where only finite numbers may stand",
            n->operation, shape_of(n->out).text, (double)n->out->grad[at], (long long)at);
}

smac_status tape_backward(tape *t, value *loss, float scale, smac_error *error)
{
    if (t->error.code == SMAC_OK && (loss == NULL || loss->count != 1))
        tape_fail(t, SMAC_ERROR_ARGUMENT, "tape_backward", "a loss must be one number, but its shape is %s",
            loss == NULL ? "missing" : shape_of(loss).text);
    if (t->error.code == SMAC_OK && !t->options.record)
        tape_fail(t, SMAC_ERROR_ARGUMENT, "tape_backward", "this tape does not record, so there are no gradients");
    if (t->error.code != SMAC_OK || !tape_wants(t, loss))
        return tape_status(t, error); /* a loss that depends on nothing has no gradients: not an error */
    bool add;
    float *seed = grad_open(t, loss, &add);
    if (seed != NULL)
        seed[0] = add ? seed[0] + scale : scale;
    for (size_t i = t->note_count; i-- > 0 && t->error.code == SMAC_OK;) {
        const note *n = &t->notes[i];
        if (n->out->grad == NULL)
            continue;
        if (t->options.check_finite)
            check_gradient(t, n);
        if (t->error.code != SMAC_OK)
            break;
        n->backward(t, n->context);
        if (n->out->grad != NULL && !grad_is_kept(n->out)) {
            buffer_give(t, n->out->grad, n->out->count);
            n->out->grad = NULL;
        }
    }
    t->note_count = 0; /* a second walk would count everything twice */
    if (t->options.check_finite && t->error.code == SMAC_OK)
        for (size_t i = 0; i < t->parameter_count; i++) {
            const value *v = t->parameters[i];
            int64_t at = find_non_finite(v->grad, v->count);
            if (at < 0)
                continue;
            tape_fail(t, SMAC_ERROR_NUMERIC, "tape_backward",
                "the gradient of parameter %s has %g at element %lld, where only finite numbers may stand",
                v->parameter->name, (double)v->grad[at], (long long)at);
            break;
        }
    return tape_status(t, error);
}

/* --- for operations ---------------------------------------------------------------------------------------------- */

bool op_ready_list(tape *t, const char *op, int count, const value *const *inputs)
{
    if (t->error.code != SMAC_OK)
        return false;
    for (int i = 0; i < count; i++) {
        if (inputs[i] == NULL) {
            tape_fail(t, SMAC_ERROR_ARGUMENT, op, "%s was given no value as input %d (the pointer is NULL)", op, i + 1);
            return false;
        }
        if (inputs[i]->device_data == NULL) {
            tape_fail(t, SMAC_ERROR_ARGUMENT, op,
                "%s needs the float32 values of %s, which is held packed for products alone: load it without packing",
                op, inputs[i]->parameter != NULL ? inputs[i]->parameter->name : "its input");
            return false;
        }
    }
    return true;
}

value *op_result(tape *t, int rank, const int64_t *dim, bool tracked)
{
    if (t->error.code == SMAC_OK && interruption_asked(&t->options.interrupt))
        tape_fail(t, SMAC_ERROR_INTERRUPTED, __func__, "stopped as asked");
    value *v = value_with_memory(t, rank, dim);
    if (v != NULL)
        v->tracked = tracked && t->options.record;
    return v;
}

value *op_view(tape *t, int rank, const int64_t *dim, value *of)
{
    node *n = node_new(t, rank, dim);
    if (n == NULL)
        return NULL;
    n->born = ((const node *)of)->born;
    n->v.device_data = of->device_data;
    n->v.tracked = tape_wants(t, of);
    return &n->v;
}

value *op_finish(tape *t, const char *op, value *out, const void *context, size_t size, tape_backward_fn backward)
{
    if (out == NULL || t->error.code != SMAC_OK)
        return NULL;
    void *copy = NULL;
    if (tape_wants(t, out)) {
        copy = tape_scratch(t, size);
        if (copy == NULL)
            return NULL;
        memcpy(copy, context, size);
    }
    tape_note(t, op, out, copy, backward);
    return t->error.code == SMAC_OK ? out : NULL;
}

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

void for_ranges(int64_t count, int64_t step, range_body body, void *context)
{
    if (count <= 0)
        return;
    range_context c = {body, context, count, step > 0 ? step : 1};
    parallel_for((count + c.step - 1) / c.step, range_piece, &c);
}

int64_t row_step(int64_t width)
{
    int64_t rows = ELEMENT_STEP / (width > 0 ? width : 1);
    return rows > 0 ? rows : 1;
}
