/* autograd/values.c - making values, numbers in and out of them, scopes, and what operations use to make results. */
#include <string.h>

#include "autograd/tape_internal.h"

static value *fail_memory(tape *t, int rank, const int64_t *dim)
{
    tape_fail(t, SMAC_ERROR_MEMORY, "tape_value", "no memory for a value of shape %s", shape_of_dims(rank, dim).text);
    return NULL;
}

static node *node_new(tape *t, int rank, const int64_t *dim)
{
    if (t == NULL || t->error.code != SMAC_OK)
        return NULL;
    if (rank < 0 || rank > VALUE_MAX_RANK) {
        tape_fail(
            t, SMAC_ERROR_ARGUMENT, "tape_value", "a value has rank %d, but %d is the most", rank, VALUE_MAX_RANK);
        return NULL;
    }
    size_t count = 1, bytes;
    for (int i = 0; i < rank; i++)
        if (dim[i] < 0 || !checked_multiply(count, (size_t)dim[i], &count)) {
            tape_fail(t, SMAC_ERROR_ARGUMENT, "tape_value",
                "%s is not a valid shape: dimensions must be 0 or more and their product below 2^58",
                shape_of_dims(rank, dim).text);
            return NULL;
        }
    node *n = NULL;
    if (checked_multiply(count, sizeof(float), &bytes) && count <= INT64_MAX / 64)
        n = arena_take_zeroed(t->memory, sizeof *n);
    if (n == NULL) {
        fail_memory(t, rank, dim);
        return NULL;
    }
    n->v.rank = rank;
    for (int i = 0; i < rank; i++)
        n->v.dim[i] = dim[i];
    n->v.count = (int64_t)count;
    n->born = arena_here(t->values);
    return n;
}

static size_t bytes_of(const value *v)
{
    return (size_t)v->count * sizeof(float);
}

static value *value_with_memory(tape *t, int rank, const int64_t *dim)
{
    node *n = node_new(t, rank, dim);
    if (n == NULL)
        return NULL;
    n->v.device_data = arena_take(t->values, n->v.count > 0 ? bytes_of(&n->v) : sizeof(float));
    return n->v.device_data != NULL ? &n->v : fail_memory(t, rank, dim);
}

value *tape_value(tape *t, int rank, const int64_t *dim, const float *data)
{
    value *v = value_with_memory(t, rank, dim);
    if (v != NULL && data != NULL &&
        !op_done(t, "tape_value", t->device->upload(&t->run, v->device_data, data, bytes_of(v))))
        return NULL;
    return v;
}

value *tape_zeros(tape *t, int rank, const int64_t *dim)
{
    value *v = value_with_memory(t, rank, dim);
    if (v != NULL && !op_done(t, "tape_zeros", t->device->zero(&t->run, v->device_data, v->count)))
        return NULL;
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
        tape_fail(t, SMAC_ERROR_ARGUMENT, "tape_parameter", "the parameter is missing (its pointer is NULL)");
        return NULL;
    }
    const device_operations *device = p->device != NULL ? p->device : device_cpu();
    if (device != t->device) {
        tape_fail(t, SMAC_ERROR_ARGUMENT, "tape_parameter",
            "parameter %s is held by the device %s, but the tape computes on %s", p->name, device->name,
            t->device->name);
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
        tape_fail(t, SMAC_ERROR_MEMORY, "tape_parameter", "no memory to use parameter %s", p->name);
        return NULL;
    }
    t->parameters[t->parameter_count++] = &n->v;
    return &n->v;
}

void *tape_scratch(tape *t, size_t bytes)
{
    if (t->error.code != SMAC_OK)
        return NULL;
    void *memory = arena_take(t->memory, bytes > 0 ? bytes : 1);
    if (memory == NULL)
        tape_fail(t, SMAC_ERROR_MEMORY, "tape_scratch", "no memory for %zu bytes", bytes);
    return memory;
}

/* --- numbers in and out ------------------------------------------------------------------------------------------ */

/* count numbers of the device as the host sees them: in place, or a copy on the tape. */
static float *host_view(tape *t, const char *op, float *device_data, int64_t count, bool read)
{
    if (t->device->host_memory)
        return device_data;
    size_t bytes = (size_t)count * sizeof(float);
    float *copy = tape_scratch(t, bytes);
    if (copy == NULL || (read && !op_done(t, op, t->device->download(&t->run, copy, device_data, bytes))))
        return NULL;
    return copy;
}

const float *tape_numbers(tape *t, const value *v)
{
    return OP_READY(t, "tape_numbers", v) ? host_view(t, "tape_numbers", v->device_data, v->count, true) : NULL;
}

smac_status tape_read(tape *t, const value *v, float *out)
{
    if (OP_READY(t, "tape_read", v))
        op_done(t, "tape_read", t->device->download(&t->run, out, v->device_data, bytes_of(v)));
    return t->error.code;
}

float *tape_map(tape *t, value *v)
{
    return OP_READY(t, "tape_map", v) ? host_view(t, "tape_map", v->device_data, v->count, false) : NULL;
}

void tape_unmap(tape *t, value *v, float *mapped)
{
    if (mapped != NULL && mapped != v->device_data)
        tape_write(t, v, mapped);
}

smac_status tape_write(tape *t, value *v, const float *data)
{
    if (OP_READY(t, "tape_write", v))
        op_done(t, "tape_write", t->device->upload(&t->run, v->device_data, data, bytes_of(v)));
    return t->error.code;
}

void tape_copy(tape *t, value *to, const value *from)
{
    if (!OP_READY(t, "tape_copy", to, from))
        return;
    if (to->count != from->count)
        tape_fail(t, SMAC_ERROR_MISMATCH, "tape_copy",
            "a value of shape %s was to be copied to one of shape %s; expected equal counts", shape_of(from).text,
            shape_of(to).text);
    else
        OP_RUN(t, "tape_copy", copy,
            &(copy_problem){.to = to->device_data, .from = from->device_data, .rows = 1, .n = to->count});
}

const float *tape_gradient(tape *t, const value *v)
{
    if (t->error.code != SMAC_OK || v->grad == NULL)
        return NULL;
    return host_view(t, "tape_gradient", v->grad, v->count, true);
}

void tape_gradient_add(tape *t, value *v, const float *numbers)
{
    bool add;
    float *grad = numbers != NULL ? grad_open(t, v, &add) : NULL;
    if (grad == NULL)
        return;
    if (t->device->host_memory) {
        OP_RUN(t, "tape_gradient_add", copy,
            &(copy_problem){.to = grad, .from = numbers, .rows = 1, .n = v->count, .add = add});
        return;
    }
    float *copy = scratch_take(t, v->count);
    if (copy != NULL && op_done(t, "tape_gradient_add", t->device->upload(&t->run, copy, numbers, bytes_of(v))))
        OP_RUN(t, "tape_gradient_add", copy,
            &(copy_problem){.to = grad, .from = copy, .rows = 1, .n = v->count, .add = add});
    scratch_give(t, copy, v->count);
}

/* --- scopes ------------------------------------------------------------------------------------------------------ */

tape_mark tape_scope_begin(tape *t)
{
    return (tape_mark){arena_here(t->memory), arena_here(t->values)};
}

static bool is_before(arena_mark a, arena_mark b)
{
    return a.block < b.block || (a.block == b.block && a.used < b.used);
}

static void scope_release(tape *t, tape_mark mark)
{
    arena_release(t->memory, mark.memory);
    arena_release(t->values, mark.values);
    t->resident_count = 0; /* the host arrays may be gone too */
}

static bool spare_make_room(tape *t, size_t bytes)
{
    if (bytes <= t->spare_bytes)
        return true;
    if (t->spare != NULL)
        t->device->release(t->spare);
    t->spare = t->device->allocate(bytes);
    t->spare_bytes = t->spare != NULL ? bytes : 0;
    return t->spare != NULL;
}

static bool copy_numbers(tape *t, float *to, const float *from, int64_t count)
{
    return OP_RUN(t, "tape_scope_end", copy, &(copy_problem){.to = to, .from = from, .rows = 1, .n = count});
}

value *tape_scope_end(tape *t, tape_mark mark, value *result)
{
    if (t->options.record || t->error.code != SMAC_OK)
        return t->error.code != SMAC_OK ? NULL : result;
    if (result == NULL) {
        scope_release(t, mark);
        return NULL;
    }
    node old = *(node *)result;
    bool outside = old.v.parameter != NULL || is_before(old.born, mark.values);
    if (!outside) {
        if (!spare_make_room(t, bytes_of(&old.v)))
            return fail_memory(t, old.v.rank, old.v.dim);
        if (!copy_numbers(t, t->spare, old.v.device_data, old.v.count))
            return NULL;
    }
    scope_release(t, mark);
    if (outside) { /* its numbers stay; only the node may have been in the scope */
        node *n = node_new(t, old.v.rank, old.v.dim);
        if (n == NULL)
            return NULL;
        *n = old;
        return &n->v;
    }
    value *moved = value_with_memory(t, old.v.rank, old.v.dim);
    return moved != NULL && copy_numbers(t, moved->device_data, t->spare, moved->count) ? moved : NULL;
}

/* --- for operations ---------------------------------------------------------------------------------------------- */

bool op_ready_list(tape *t, const char *op, int count, const value *const *inputs)
{
    if (t->error.code != SMAC_OK)
        return false;
    for (int i = 0; i < count; i++) {
        if (inputs[i] == NULL) {
            tape_fail(t, SMAC_ERROR_ARGUMENT, op, "%s: input %d is missing (its pointer is NULL)", op, i + 1);
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

static void *device_memory(tape *t, size_t bytes)
{
    if (t->error.code != SMAC_OK)
        return NULL;
    void *memory = arena_take(t->values, bytes);
    if (memory == NULL)
        tape_fail(t, SMAC_ERROR_MEMORY, "tape_value", "no memory for %zu bytes", bytes);
    return memory;
}

float *op_memory(tape *t, int64_t count)
{
    size_t bytes;
    if (t->error.code == SMAC_OK && !checked_multiply((size_t)count, sizeof(float), &bytes)) {
        tape_fail(t, SMAC_ERROR_MEMORY, "tape_value", "no memory for %lld numbers", (long long)count);
        return NULL;
    }
    return device_memory(t, (size_t)count * sizeof(float));
}

void *op_upload(tape *t, const void *host, size_t bytes)
{
    void *copy = device_memory(t, bytes);
    return copy != NULL && op_done(t, "tape_value", t->device->upload(&t->run, copy, host, bytes)) ? copy : NULL;
}

const void *op_resident(tape *t, const void *host, size_t bytes)
{
    if (host == NULL || t->error.code != SMAC_OK || t->device->host_memory)
        return host;
    for (size_t i = 0; i < t->resident_count; i++)
        if (t->residents[i].host == host && t->residents[i].bytes >= bytes)
            return t->residents[i].copy;
    void *copy = op_upload(t, host, bytes);
    if (copy == NULL)
        return NULL;
    if (!memory_grow((void **)&t->residents, &t->resident_capacity, t->resident_count + 1, sizeof *t->residents)) {
        tape_fail(t, SMAC_ERROR_MEMORY, "tape_value", "no memory for the list of masks");
        return NULL;
    }
    t->residents[t->resident_count++] = (resident){host, bytes, copy};
    return copy;
}
