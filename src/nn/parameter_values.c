/*
 * nn/parameter_values.c - a store's numbers: blocks in the device's memory, initial values, host access, and the loops
 * of the optimiser.
 *
 * In the blocks every parameter starts at a multiple of 16 floats, so rows are aligned; the gaps are zeros in values
 * and gradients and stay so under any optimiser that works element by element.
 */
#include <math.h>
#include <string.h>

#include "compute/parallel.h"
#include "nn/parameters_internal.h"

enum { ALIGN_FLOATS = 16 };

/* --- memory of the device ------------------------------------------------------------------------------------------ */

float *store_memory(const parameter_store *s, int64_t count)
{
    size_t bytes;
    return checked_multiply((size_t)count, sizeof(float), &bytes) ? s->device->allocate(bytes) : NULL;
}

/* Ends the run of one function of the device outside a tape; its message goes to the caller. */
static smac_status run_end(device_run *run, smac_status status, smac_error *error)
{
    if (status != SMAC_OK)
        error_copy(error, &run->error);
    device_run_clear(run);
    return status;
}

smac_status store_upload(const parameter_store *s, float *to, const float *from, int64_t count, smac_error *error)
{
    device_run run = {.slots = NULL};
    return run_end(&run, s->device->upload(&run, to, from, (size_t)count * sizeof(float)), error);
}

static smac_status store_zero(const parameter_store *s, float *to, int64_t count, smac_error *error)
{
    device_run run = {.slots = NULL};
    return run_end(&run, s->device->zero(&run, to, count), error);
}

/* --- host access ---------------------------------------------------------------------------------------------------- */

static float *map_numbers(const device_operations *device, float *data, int64_t count)
{
    if (device->host_memory || data == NULL)
        return data;
    size_t bytes = (size_t)count * sizeof(float);
    float *copy = memory_aligned(bytes);
    device_run run = {.slots = NULL};
    if (copy != NULL && run_end(&run, device->download(&run, copy, data, bytes), NULL) != SMAC_OK) {
        memory_aligned_free(copy);
        return NULL;
    }
    return copy;
}

static smac_status unmap_numbers(
    const device_operations *device, float *data, int64_t count, float *mapped, smac_error *error)
{
    if (mapped == NULL || mapped == data)
        return SMAC_OK;
    device_run run = {.slots = NULL};
    smac_status status = run_end(&run, device->upload(&run, data, mapped, (size_t)count * sizeof(float)), error);
    memory_aligned_free(mapped);
    return status;
}

static void unmap_unchanged(float *data, float *mapped)
{
    if (mapped != data)
        memory_aligned_free(mapped);
}

/* A parameter made without a store is the CPU's. */
static const device_operations *device_of(const parameter *p)
{
    return p->device != NULL ? p->device : device_cpu();
}

float *parameter_map(const parameter *p)
{
    return map_numbers(device_of(p), p->device_data, p->count);
}

smac_status parameter_unmap(parameter *p, float *mapped, bool written, smac_error *error)
{
    if (!written) {
        unmap_unchanged(p->device_data, mapped);
        return SMAC_OK;
    }
    p->version++;
    return unmap_numbers(device_of(p), p->device_data, p->count, mapped, error);
}

float *parameter_block_map(const parameter_store *s, float *block)
{
    return map_numbers(s->device, block, s->trainable_count);
}

smac_status parameter_block_unmap(
    const parameter_store *s, float *block, float *mapped, bool written, smac_error *error)
{
    if (written)
        return unmap_numbers(s->device, block, s->trainable_count, mapped, error);
    unmap_unchanged(block, mapped);
    return SMAC_OK;
}

/* --- initial values ------------------------------------------------------------------------------------------------ */

typedef struct initialise_context {
    const entry *e;
    float *data;
    uint64_t seed, stream;
    float bound;
} initialise_context;

enum { INITIALISE_STEP = 4096 };

static void initialise_piece(void *context, int64_t piece)
{
    const initialise_context *c = context;
    const entry *e = c->e;
    int64_t from = piece * INITIALISE_STEP;
    int64_t to = from + INITIALISE_STEP < e->p.count ? from + INITIALISE_STEP : e->p.count;
    float *data = c->data;
    switch (e->init) {
    case INIT_ZEROS:
        memset(data + from, 0, (size_t)(to - from) * sizeof(float));
        break;
    case INIT_ONES:
        for (int64_t i = from; i < to; i++)
            data[i] = 1;
        break;
    case INIT_CONSTANT:
        for (int64_t i = from; i < to; i++)
            data[i] = e->scale;
        break;
    case INIT_NORMAL:
        for (int64_t i = from; i < to; i++)
            data[i] = e->scale * random_normal_at(c->seed, c->stream, (uint64_t)i);
        break;
    case INIT_XAVIER_UNIFORM:
        for (int64_t i = from; i < to; i++)
            data[i] = c->bound * (2 * random_uniform_at(c->seed, c->stream, (uint64_t)i) - 1);
        break;
    }
}

/* Glorot and Bengio 2010: uniform in +-sqrt(6 / (fan in + fan out)), times scale (0 counts as 1); the dimensions
 * between the first and the last multiply both fans. */
static smac_status initialise_entry(const entry *e, uint64_t seed, smac_error *error)
{
    const parameter *p = &e->p;
    double between = 1, in = p->rank > 0 ? (double)p->dim[p->rank - 1] : 1, out = p->rank > 0 ? (double)p->dim[0] : 1;
    for (int i = 1; i + 1 < p->rank; i++)
        between *= (double)p->dim[i];
    initialise_context c = {.e = e,
        .data = map_numbers(p->device, p->device_data, p->count),
        .seed = seed,
        .stream = random_stream(p->name),
        .bound = (float)sqrt(6 / ((in + out) * between)) * (e->scale != 0 ? e->scale : 1)};
    if (c.data == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the initial values of %s", p->name);
    parallel_for((p->count + INITIALISE_STEP - 1) / INITIALISE_STEP, initialise_piece, &c);
    return unmap_numbers(p->device, p->device_data, p->count, c.data, error);
}

/* --- sealing ------------------------------------------------------------------------------------------------------- */

static smac_status make_blocks(parameter_store *s, smac_error *error)
{
    int64_t total = 0;
    for (size_t i = 0; i < s->count; i++)
        if (s->items[i]->p.trainable)
            total += (s->items[i]->p.count + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS;
    s->trainable_count = total;
    s->values = store_memory(s, total);
    s->gradients = store_memory(s, total);
    if (s->values == NULL || s->gradients == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %lld trainable numbers", (long long)total);
    TRY(store_zero(s, s->values, total, error));
    return store_zero(s, s->gradients, total, error);
}

smac_status parameter_store_seal(parameter_store *s, bool initialise, uint64_t seed, smac_error *error)
{
    if (s->sealed)
        return FAIL(error, SMAC_ERROR_INTERNAL, "the parameter store is sealed already");
    TRY(make_blocks(s, error));
    int64_t at = 0;
    for (size_t i = 0; i < s->count; i++) {
        entry *e = s->items[i];
        if (e->p.trainable) {
            e->p.device_data = s->values + at;
            e->p.grad = s->gradients + at;
            at += (e->p.count + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS;
        } else if (!e->packed_alone) {
            e->p.device_data = e->own = store_memory(s, e->p.count);
            if (e->own == NULL)
                return FAIL(error, SMAC_ERROR_MEMORY, "no memory for parameter %s of %lld numbers", e->p.name,
                    (long long)e->p.count);
            if (!initialise)
                TRY(store_zero(s, e->own, e->p.count, error));
        }
        if (initialise && !e->packed_alone)
            TRY(initialise_entry(e, seed, error));
    }
    s->sealed = true;
    return SMAC_OK;
}

/* --- the trainable blocks ------------------------------------------------------------------------------------------- */

int64_t parameter_trainable_count(const parameter_store *s)
{
    return s->trainable_count;
}

float *parameter_trainable_values(const parameter_store *s)
{
    return s->values;
}

float *parameter_trainable_gradients(const parameter_store *s)
{
    return s->gradients;
}

float *parameter_block_new(const parameter_store *s)
{
    float *block = store_memory(s, s->trainable_count);
    if (block == NULL || store_zero(s, block, s->trainable_count, NULL) == SMAC_OK)
        return block;
    s->device->release(block);
    return NULL;
}

void parameter_block_free(const parameter_store *s, float *block)
{
    s->device->release(block);
}

double parameter_gradient_squares(const parameter_store *s)
{
    double sum = 0;
    device_run run = {.slots = NULL};
    smac_status status = s->device->sum_squares(&run, s->gradients, s->trainable_count, &sum);
    return run_end(&run, status, NULL) == SMAC_OK ? sum : NAN;
}

bool parameter_gradient_is_finite(const parameter *p)
{
    if (p->grad == NULL)
        return true;
    int64_t at = -1;
    float number;
    device_run run = {.slots = NULL};
    smac_status status = device_of(p)->find_non_finite(&run, p->grad, p->count, &at, &number);
    return run_end(&run, status, NULL) == SMAC_OK && at < 0;
}

smac_status parameter_adamw(
    const parameter_store *s, parameter *p, float *first, float *second, const adamw_step *step, smac_error *error)
{
    int64_t at = p->device_data - s->values;
    const adamw_problem problem = {
        .p = p->device_data, .m = first + at, .v = second + at, .g = p->grad, .count = p->count, .step = *step};
    device_run run = {.slots = NULL};
    return run_end(&run, s->device->adamw(&run, &problem), error);
}

smac_status parameter_zero_gradients(parameter_store *s)
{
    return store_zero(s, s->gradients, s->trainable_count, NULL);
}

void parameter_touch_all(parameter_store *s)
{
    for (size_t i = 0; i < s->count; i++)
        s->items[i]->p.version += s->items[i]->p.trainable;
}
