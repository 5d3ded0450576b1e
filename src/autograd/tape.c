/* autograd/tape.c - the tape's life, its options and its sticky error.  Values: values.c; gradients: backward.c. */
#include "autograd/tape.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "autograd/tape_internal.h"

/* Large blocks, so that batches of changing shape leave few unused ends; untouched pages cost nothing. */
#define BLOCK_BYTES ((size_t)32 << 20)

tape *tape_new(const tape_options *options)
{
    tape *t = memory_new(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->device = options != NULL && options->device != NULL ? options->device : device_default();
    t->memory = arena_new(0);
    t->values = arena_new_from(BLOCK_BYTES, t->device->allocate, t->device->release);
    t->gradients = arena_new_from(BLOCK_BYTES, t->device->allocate, t->device->release);
    if (t->memory == NULL || t->values == NULL || t->gradients == NULL) {
        tape_free(t);
        return NULL;
    }
    if (options != NULL)
        t->options = *options;
    t->options.device = t->device;
    return t;
}

void tape_free(tape *t)
{
    if (t == NULL)
        return;
    arena_free(t->memory);
    arena_free(t->values);
    arena_free(t->gradients);
    free(t->notes);
    free(t->parameters);
    free(t->unused);
    free(t->residents);
    if (t->spare != NULL)
        t->device->release(t->spare);
    device_run_clear(&t->run);
    free(t);
}

void tape_reset(tape *t, const tape_options *options)
{
    arena_release(t->memory, (arena_mark){0, 0});
    arena_release(t->values, (arena_mark){0, 0});
    arena_release(t->gradients, (arena_mark){0, 0});
    t->note_count = t->parameter_count = t->unused_count = t->resident_count = 0;
    t->stream = 0;
    t->error.code = SMAC_OK;
    if (options == NULL)
        return;
    t->options = *options;
    t->options.device = t->device;
    if (options->device != NULL && options->device != t->device)
        tape_fail(t, SMAC_ERROR_ARGUMENT, "tape_reset", "the tape's device is %s; for the device %s make a new tape",
            t->device->name, options->device->name);
}

const tape_options *tape_get_options(const tape *t)
{
    return &t->options;
}

size_t tape_bytes(const tape *t)
{
    return arena_bytes(t->memory) + arena_bytes(t->values) + arena_bytes(t->gradients) +
        t->note_capacity * sizeof *t->notes + t->spare_bytes + device_run_bytes(&t->run);
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

smac_status tape_fail_as(tape *t, const smac_error *error)
{
    return t->error.code != SMAC_OK ? t->error.code : error_copy(&t->error, error);
}

const struct device_operations *tape_device(const tape *t)
{
    return t->device;
}

device_run *tape_run(tape *t)
{
    return &t->run;
}

bool op_done(tape *t, const char *op, smac_status status)
{
    if (status == SMAC_OK)
        return true;
    if (t->error.code == SMAC_OK) {
        error_copy(&t->error, &t->run.error);
        t->error.code = status;
        error_context(&t->error, status, "%s", op);
    }
    return false;
}

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
    bool same = a->rank == b->rank;
    for (int i = 0; same && i < a->rank; i++)
        same = a->dim[i] == b->dim[i];
    return same;
}
