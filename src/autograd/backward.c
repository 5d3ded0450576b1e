/*
 * autograd/backward.c - the notes of a recording tape and the walk back over them.
 *
 * Gradients have an arena of their own and a list of free buffers: the gradient of an operation's result is dead once
 * its backward function has run, so the buffers of a deep network are few and stay in the cache.
 */
#include <string.h>

#include "autograd/tape_internal.h"

/* --- notes ------------------------------------------------------------------------------------------------------- */

bool tape_wants(const tape *t, const value *v)
{
    return t->options.record && v != NULL && v->tracked;
}

uint64_t tape_next_stream(tape *t)
{
    return t->stream++;
}

/* The index of the first of count numbers that is not finite, and that number; or -1 (also when the tape fails). */
static int64_t find_non_finite(tape *t, const char *op, const float *x, int64_t count, float *number)
{
    int64_t at = -1;
    return op_done(t, op, t->device->find_non_finite(&t->run, x, count, &at, number)) ? at : -1;
}

void tape_note(tape *t, const char *operation, value *out, void *context, tape_backward_fn backward)
{
    if (t->error.code != SMAC_OK || out == NULL)
        return;
    if (t->options.check_finite) {
        float number;
        int64_t at = find_non_finite(t, operation, out->device_data, out->count, &number);
        if (at >= 0)
            tape_fail(t, SMAC_ERROR_NUMERIC, operation,
                "%s gave %g at element %lld of its result of shape %s; expected finite values", operation,
                (double)number, (long long)at, shape_of(out).text);
        if (t->error.code != SMAC_OK)
            return;
    }
    if (!tape_wants(t, out))
        return;
    if (!memory_grow((void **)&t->notes, &t->note_capacity, t->note_count + 1, sizeof *t->notes)) {
        tape_fail(t, SMAC_ERROR_MEMORY, operation, "no memory to record %s", operation);
        return;
    }
    t->notes[t->note_count++] = (note){operation, out, context, backward};
}

/* --- buffers ----------------------------------------------------------------------------------------------------- */

static size_t buffer_bytes(int64_t count)
{
    return count > 0 ? (size_t)count * sizeof(float) : sizeof(float);
}

static float *buffer_take(tape *t, int64_t count)
{
    size_t bytes = buffer_bytes(count), best = t->unused_count;
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
        tape_fail(t, SMAC_ERROR_MEMORY, "tape_backward", "no memory for a gradient of %lld numbers", (long long)count);
    return data;
}

/* The buffer may be larger than count says; then it is only used again for less. */
static void buffer_give(tape *t, float *data, int64_t count)
{
    if (!memory_grow((void **)&t->unused, &t->unused_capacity, t->unused_count + 1, sizeof *t->unused))
        return; /* it stays in the arena, unused until the tape is reset */
    t->unused[t->unused_count++] = (free_buffer){data, buffer_bytes(count)};
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

/* --- gradients --------------------------------------------------------------------------------------------------- */

float *grad_open(tape *t, value *v, bool *add)
{
    *add = true;
    if (!tape_wants(t, v) || t->error.code != SMAC_OK)
        return NULL;
    if (v->grad != NULL)
        return v->grad;
    *add = false;
    return v->grad = buffer_take(t, v->count);
}

float *value_grad(tape *t, value *v)
{
    bool add;
    float *grad = grad_open(t, v, &add);
    if (grad != NULL && !add && !op_done(t, "tape_backward", t->device->zero(&t->run, grad, v->count)))
        return NULL;
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
    if (grad != NULL)
        OP_RUN(t, "tape_backward", copy,
            &(copy_problem){.to = grad, .from = out->grad, .rows = 1, .n = v->count, .add = add});
}

/* --- the walk back ----------------------------------------------------------------------------------------------- */

static void check_gradient(tape *t, const note *n)
{
    float number;
    int64_t at = find_non_finite(t, n->operation, n->out->grad, n->out->count, &number);
    if (at >= 0)
        tape_fail(t, SMAC_ERROR_NUMERIC, n->operation,
            "the gradient of the result of %s, of shape %s, has %g at element %lld; expected finite values",
            n->operation, shape_of(n->out).text, (double)number, (long long)at);
}

static void check_parameter_gradients(tape *t)
{
    for (size_t i = 0; i < t->parameter_count && t->error.code == SMAC_OK; i++) {
        const value *v = t->parameters[i];
        float number;
        int64_t at = find_non_finite(t, "tape_backward", v->grad, v->count, &number);
        if (at >= 0)
            tape_fail(t, SMAC_ERROR_NUMERIC, "tape_backward",
                "the gradient of parameter %s has %g at element %lld; expected finite values", v->parameter->name,
                (double)number, (long long)at);
    }
}

/* The gradient of the loss with respect to itself. */
static void seed_gradient(tape *t, value *loss, float scale)
{
    bool add;
    float *seed = grad_open(t, loss, &add);
    if (seed == NULL)
        return;
    float *scratch = add ? scratch_take(t, 1) : seed;
    if (scratch == NULL || !op_done(t, "tape_backward", t->device->upload(&t->run, scratch, &scale, sizeof scale)) ||
        !add)
        return;
    OP_RUN(t, "tape_backward", copy, &(copy_problem){.to = seed, .from = scratch, .rows = 1, .n = 1, .add = true});
    scratch_give(t, scratch, 1);
}

smac_status tape_backward(tape *t, value *loss, float scale, smac_error *error)
{
    if (t->error.code == SMAC_OK && (loss == NULL || loss->count != 1))
        tape_fail(t, SMAC_ERROR_ARGUMENT, "tape_backward", "a loss must be one number, but its shape is %s",
            loss == NULL ? "missing" : shape_of(loss).text);
    if (t->error.code == SMAC_OK && !t->options.record)
        tape_fail(t, SMAC_ERROR_ARGUMENT, "tape_backward", "this tape does not record, so there are no gradients");
    if (t->error.code != SMAC_OK || !tape_wants(t, loss))
        return tape_status(t, error); /* a loss that depends on no parameter has no gradients: not an error */
    seed_gradient(t, loss, scale);
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
    if (t->options.check_finite)
        check_parameter_gradients(t);
    return tape_status(t, error);
}
