/* nn/parameters.c - the parameter store: names in a hash table, what is trainable, packing.  Numbers: parameter_values.c */
#include <stdlib.h>
#include <string.h>

#include "nn/parameters_internal.h"

parameter_store *parameter_store_new(void)
{
    return parameter_store_new_on(NULL);
}

parameter_store *parameter_store_new_on(const device_operations *device)
{
    parameter_store *s = memory_new(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->device = device != NULL ? device : device_default();
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
        s->device->release(s->items[i]->own);
    }
    s->device->release(s->values);
    s->device->release(s->gradients);
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
        FAIL(error, SMAC_ERROR_ARGUMENT, "parameter %s has rank %d; expected 0 to %d", spec->name, spec->rank,
            VALUE_MAX_RANK);
        return NULL;
    }
    if (spec->product && spec->rank != 2) {
        FAIL(error, SMAC_ERROR_ARGUMENT, "parameter %s has rank %d, but a product needs (out, in)", spec->name,
            spec->rank);
        return NULL;
    }
    if (parameter_find(s, spec->name) != NULL) {
        FAIL(error, SMAC_ERROR_ARGUMENT, "there are two parameters named %s; names must differ", spec->name);
        return NULL;
    }
    size_t count = 1;
    for (int i = 0; i < spec->rank; i++)
        if (spec->dim[i] < 1 || !checked_multiply(count, (size_t)spec->dim[i], &count) || count > INT64_MAX / 64) {
            FAIL(error, SMAC_ERROR_ARGUMENT, "parameter %s has %lld as dimension %d; expected 1 or more", spec->name,
                (long long)spec->dim[i], i);
            return NULL;
        }
    entry *e = arena_take_zeroed(s->memory, sizeof *e);
    char *name = arena_copy_text(s->memory, spec->name);
    if (e == NULL || name == NULL || !table_make_room(s) ||
        !memory_grow((void **)&s->items, &s->capacity, s->count + 1, sizeof *s->items)) {
        FAIL(error, SMAC_ERROR_MEMORY, "no memory for parameter %s", spec->name);
        return NULL;
    }
    e->p = (parameter){.name = name,
        .device = s->device,
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

void parameter_set_pretrained(parameter_store *s, const char *prefix, bool pretrained)
{
    for (size_t i = 0; i < s->count; i++)
        if (starts_with(s->items[i]->p.name, prefix))
            s->items[i]->p.pretrained = pretrained;
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
    e->packed_alone = true;
    return SMAC_OK;
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
            if (p->packed_version != p->version && !s->device->pack_again(p->packed, p->device_data))
                return FAIL(error, SMAC_ERROR_MEMORY, "no memory to pack %s again", p->name);
        } else {
            packed_matrix_free(p->packed);
            p->packed = s->device->pack(p->device_data, p->dim[0], p->dim[1], how);
            if (p->packed == NULL)
                return FAIL(error, SMAC_ERROR_MEMORY, "no memory to pack %s", p->name);
        }
        p->packed_version = p->version;
        if (drop_master) {
            s->device->release(e->own);
            e->own = NULL;
            p->device_data = NULL;
        }
    }
    return SMAC_OK;
}
