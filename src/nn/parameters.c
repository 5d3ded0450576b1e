/*
 * nn/parameters.c - the parameter store: names in a hash table, trainable values and gradients in one block each.
 *
 * In the blocks every parameter starts at a multiple of 16 floats, so rows are aligned; the gaps are zeros in values
 * and gradients and stay so under any optimiser that works element by element.
 */
#include "nn/parameters.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute/kernels.h"
#include "compute/parallel.h"
#include "compute/products.h"

enum { ALIGN_FLOATS = 16 };

typedef struct entry {
    parameter p; /* first, so that a parameter pointer is an entry pointer */
    initialiser init;
    float scale;
    float *own; /* values of a frozen parameter that the store allocated */
    bool borrowed;
} entry;

struct parameter_store {
    arena *memory; /* entries and names */
    entry **items;
    size_t count, capacity;
    entry **table; /* open addressing, a power of two */
    size_t table_size;
    bool sealed;
    float *values, *gradients; /* the trainable blocks */
    int64_t trainable_count;
};

parameter_store *parameter_store_new(void)
{
    parameter_store *s = memory_new(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->memory = arena_new(1 << 16);
    if (s->memory == NULL) {
        free(s);
        return NULL;
    }
    return s;
}

void parameter_store_free(parameter_store *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->count; i++) {
        packed_matrix_free(s->items[i]->p.packed);
        memory_aligned_free(s->items[i]->own);
    }
    memory_aligned_free(s->values);
    memory_aligned_free(s->gradients);
    free(s->items);
    free(s->table);
    arena_free(s->memory);
    free(s);
}

/* --- names --------------------------------------------------------------------------------------------------------- */

static size_t table_place(const parameter_store *s, const char *name)
{
    size_t at = (size_t)random_stream(name) & (s->table_size - 1);
    while (s->table[at] != NULL && strcmp(s->table[at]->p.name, name) != 0)
        at = (at + 1) & (s->table_size - 1);
    return at;
}

static bool table_make_room(parameter_store *s)
{
    if (2 * (s->count + 1) <= s->table_size)
        return true;
    size_t size = s->table_size > 0 ? 2 * s->table_size : 64;
    entry **table = memory_new(size, sizeof *table);
    if (table == NULL)
        return false;
    free(s->table);
    s->table = table;
    s->table_size = size;
    for (size_t i = 0; i < s->count; i++)
        s->table[table_place(s, s->items[i]->p.name)] = s->items[i];
    return true;
}

parameter *parameter_find(const parameter_store *s, const char *name)
{
    if (s->table_size == 0 || name == NULL)
        return NULL;
    entry *found = s->table[table_place(s, name)];
    return found != NULL ? &found->p : NULL;
}

parameter *parameter_add(parameter_store *s, const parameter_spec *spec, smac_error *error)
{
    if (s->sealed) {
        FAIL(error, SMAC_ERROR_INTERNAL, "parameter %s was added after the store was sealed", spec->name);
        return NULL;
    }
    if (spec->rank < 0 || spec->rank > VALUE_MAX_RANK) {
        FAIL(error, SMAC_ERROR_ARGUMENT, "parameter %s has rank %d, but 0 to %d is possible", spec->name, spec->rank,
            VALUE_MAX_RANK);
        return NULL;
    }
    if (spec->product && spec->rank != 2) {
        FAIL(error, SMAC_ERROR_ARGUMENT, "parameter %s has rank %d, but a product needs (out, in)", spec->name,
            spec->rank);
        return NULL;
    }
    if (parameter_find(s, spec->name) != NULL) {
        FAIL(error, SMAC_ERROR_ARGUMENT, "a parameter named %s exists already: names must differ", spec->name);
        return NULL;
    }
    size_t count = 1;
    for (int i = 0; i < spec->rank; i++)
        if (spec->dim[i] < 1 || !checked_multiply(count, (size_t)spec->dim[i], &count) || count > INT64_MAX / 64) {
            FAIL(error, SMAC_ERROR_ARGUMENT, "parameter %s has %lld as dimension %d, which cannot be", spec->name,
                (long long)spec->dim[i], i);
            return NULL;
        }
    entry *e = arena_take_zeroed(s->memory, sizeof *e);
    char *name = arena_copy_text(s->memory, spec->name);
    if (e == NULL || name == NULL || !table_make_room(s) ||
        !memory_grow((void **)&s->items, &s->capacity, s->count + 1, sizeof *s->items)) {
        FAIL(error, SMAC_ERROR_MEMORY, "memory ran out at parameter %s", spec->name);
        return NULL;
    }
    e->p = (parameter){.name = name,
        .rank = spec->rank,
        .count = (int64_t)count,
        .trainable = true,
        .product = spec->product,
        .decay = !spec->no_decay,
        .rate_scale = spec->rate_scale != 0 ? spec->rate_scale : 1,
        .version = 1};
    memcpy(e->p.dim, spec->dim, (size_t)spec->rank * sizeof spec->dim[0]);
    e->init = spec->init;
    e->scale = spec->scale;
    s->items[s->count++] = e;
    s->table[table_place(s, name)] = e;
    return &e->p;
}

int64_t parameter_number(const parameter_store *s)
{
    return (int64_t)s->count;
}

parameter *parameter_at(const parameter_store *s, int64_t index)
{
    return index >= 0 && index < (int64_t)s->count ? &s->items[index]->p : NULL;
}

static bool starts_with(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

void parameter_set_trainable(parameter_store *s, const char *prefix, bool trainable)
{
    for (size_t i = 0; i < s->count && !s->sealed; i++)
        if (starts_with(s->items[i]->p.name, prefix))
            s->items[i]->p.trainable = trainable;
}

void parameter_set_language(parameter_store *s, const char *prefix, bool language)
{
    for (size_t i = 0; i < s->count; i++)
        if (starts_with(s->items[i]->p.name, prefix))
            s->items[i]->p.language = language;
}

smac_status parameter_borrow(parameter_store *s, parameter *p, const float *data, smac_error *error)
{
    entry *e = (entry *)p;
    if (s->sealed || p->trainable)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "parameter %s cannot borrow its values: only a frozen one can, before the store is sealed", p->name);
    p->device_data = (float *)data; /* never written: it is frozen */
    e->borrowed = true;
    return SMAC_OK;
}

smac_status parameter_adopt_packed(parameter_store *s, parameter *p, struct packed_matrix *matrix, smac_error *error)
{
    entry *e = (entry *)p;
    packed_matrix_free(p->packed);
    p->packed = matrix;
    p->packed_version = p->version;
    if (s->sealed || p->trainable || !p->product || matrix == NULL)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "parameter %s cannot take a packed matrix: it must be frozen, a product, and not sealed yet", p->name);
    if (packed_matrix_n(matrix) != p->dim[0] || packed_matrix_k(matrix) != p->dim[1])
        return FAIL(error, SMAC_ERROR_MISMATCH,
            "parameter %s has shape (%lld, %lld), but the packed matrix (%lld, %lld)", p->name, (long long)p->dim[0],
            (long long)p->dim[1], (long long)packed_matrix_n(matrix), (long long)packed_matrix_k(matrix));
    e->borrowed = true;
    return SMAC_OK;
}

/* --- initial values ------------------------------------------------------------------------------------------------ */

typedef struct initialise_context {
    const entry *e;
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
    float *data = e->p.device_data;
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
static void initialise_entry(const entry *e, uint64_t seed)
{
    const parameter *p = &e->p;
    double between = 1, in = p->rank > 0 ? (double)p->dim[p->rank - 1] : 1, out = p->rank > 0 ? (double)p->dim[0] : 1;
    for (int i = 1; i + 1 < p->rank; i++)
        between *= (double)p->dim[i];
    initialise_context c = {
        e, seed, random_stream(p->name), (float)sqrt(6 / ((in + out) * between)) * (e->scale != 0 ? e->scale : 1)};
    parallel_for((p->count + INITIALISE_STEP - 1) / INITIALISE_STEP, initialise_piece, &c);
}

/* --- sealing ------------------------------------------------------------------------------------------------------- */

static float *floats_new(int64_t count)
{
    size_t bytes;
    if (!checked_multiply((size_t)count, sizeof(float), &bytes))
        return NULL;
    return memory_aligned(bytes);
}

smac_status parameter_store_seal(parameter_store *s, bool initialise, uint64_t seed, smac_error *error)
{
    if (s->sealed)
        return FAIL(error, SMAC_ERROR_INTERNAL, "the parameter store is sealed already");
    int64_t total = 0;
    for (size_t i = 0; i < s->count; i++)
        if (s->items[i]->p.trainable)
            total += (s->items[i]->p.count + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS;
    s->values = floats_new(total);
    s->gradients = floats_new(total);
    if (s->values == NULL || s->gradients == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "memory ran out at %lld trainable numbers", (long long)total);
    memset(s->values, 0, (size_t)total * sizeof(float));
    memset(s->gradients, 0, (size_t)total * sizeof(float));
    s->trainable_count = total;
    int64_t at = 0;
    for (size_t i = 0; i < s->count; i++) {
        entry *e = s->items[i];
        if (e->p.trainable) {
            e->p.device_data = s->values + at;
            e->p.grad = s->gradients + at;
            at += (e->p.count + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS;
        } else if (!e->borrowed) {
            e->p.device_data = e->own = floats_new(e->p.count);
            if (e->own == NULL)
                return FAIL(error, SMAC_ERROR_MEMORY, "memory ran out at parameter %s of %lld numbers", e->p.name,
                    (long long)e->p.count);
            if (!initialise)
                memset(e->own, 0, (size_t)e->p.count * sizeof(float));
        }
        if (initialise && !e->borrowed)
            initialise_entry(e, seed);
    }
    s->sealed = true;
    return SMAC_OK;
}

float *parameter_map(const parameter *p)
{
    return p->device_data;
}

void parameter_unmap(parameter *p, float *mapped, bool written)
{
    (void)mapped; /* the CPU's memory is the host's */
    if (written)
        p->version++;
}

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

double parameter_gradient_squares(const parameter_store *s)
{
    return parallel_sum_squares(s->gradients, s->trainable_count);
}

bool parameter_gradient_is_finite(const parameter *p)
{
    return p->grad == NULL || parallel_finite(p->grad, p->count);
}

void parameter_adamw(const parameter_store *s, parameter *p, float *first, float *second, const adamw_step *step)
{
    int64_t at = p->device_data - s->values;
    parallel_adamw(p->device_data, first + at, second + at, p->grad, p->count, step);
}

typedef struct zero_context {
    float *data;
    int64_t count;
} zero_context;

enum { ZERO_STEP = 1 << 18 };

static void zero_piece(void *context, int64_t piece)
{
    const zero_context *c = context;
    int64_t from = piece * ZERO_STEP, n = c->count - from < ZERO_STEP ? c->count - from : ZERO_STEP;
    memset(c->data + from, 0, (size_t)n * sizeof(float));
}

void parameter_zero_gradients(parameter_store *s)
{
    zero_context c = {s->gradients, s->trainable_count};
    parallel_for((c.count + ZERO_STEP - 1) / ZERO_STEP, zero_piece, &c);
}

void parameter_touch_all(parameter_store *s)
{
    for (size_t i = 0; i < s->count; i++)
        s->items[i]->p.version += s->items[i]->p.trainable;
}

/* --- packing ------------------------------------------------------------------------------------------------------- */

smac_status parameter_store_pack(
    parameter_store *s, const char *prefix, precision how, bool drop_master, smac_error *error)
{
    if (!s->sealed)
        return FAIL(error, SMAC_ERROR_INTERNAL, "parameters can be packed only after the store is sealed");
    for (size_t i = 0; i < s->count; i++) {
        entry *e = s->items[i];
        parameter *p = &e->p;
        if (p->trainable || !p->product || !starts_with(p->name, prefix) || p->device_data == NULL)
            continue;
        if (p->packed != NULL && packed_matrix_precision(p->packed) == how) {
            if (p->packed_version != p->version && !packed_matrix_renew(p->packed, p->device_data))
                return FAIL(error, SMAC_ERROR_MEMORY, "memory ran out when %s was packed again", p->name);
        } else {
            packed_matrix_free(p->packed);
            p->packed = packed_matrix_new(p->device_data, p->dim[0], p->dim[1], how);
            if (p->packed == NULL)
                return FAIL(error, SMAC_ERROR_MEMORY, "memory ran out when %s was packed", p->name);
        }
        p->packed_version = p->version;
        if (drop_master) {
            memory_aligned_free(e->own);
            e->own = NULL;
            p->device_data = NULL;
        }
    }
    return SMAC_OK;
}
