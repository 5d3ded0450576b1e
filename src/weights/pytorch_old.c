/*
 * weights/pytorch_old.c - what torch.save wrote before 1.6, and many published pytorch_model.bin still are.  Five
 * pickles follow each other: a magic number, the protocol 1001, facts of the machine, the object itself, the list of
 * its storages' keys; then for each key its number of elements (8 bytes, little-endian) and the elements, without any
 * alignment.
 */
#include "weights/pytorch_internal.h"

#include <stdlib.h>
#include <string.h>

/* The pickle (protocol 2) of the number 0x1950a86a20f9469cfc6c. */
static const uint8_t magic[] = {0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};

enum { PROTOCOL = 1001 };

bool pytorch_old_recognises(const uint8_t *data, size_t size)
{
    return size >= sizeof magic && memcmp(data, magic, sizeof magic) == 0;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const pytorch_storage *)a)->key, ((const pytorch_storage *)b)->key);
}

const pytorch_storage *pytorch_storage_find(const pytorch_storage *storages, size_t count, const char *key)
{
    const pytorch_storage wanted = {.key = key};
    return count > 0 ? bsearch(&wanted, storages, count, sizeof *storages, by_key) : NULL;
}

static int by_text(const void *a, const void *b)
{
    return strcmp((*(pickle_value *const *)a)->text, (*(pickle_value *const *)b)->text);
}

/* Only the object's references state the type of a storage's elements. */
static const pickle_value *referred(const pickle_value *references, const char *key)
{
    const pickle_value wanted = {.text = key}, *at = &wanted;
    pickle_value *const *found = references->count == 0
        ? NULL
        : bsearch(&at, references->items, references->count, sizeof *references->items, by_text);
    return found != NULL ? *found : NULL;
}

typedef struct reading {
    const uint8_t *data;
    size_t size, at;
    const char *source;
    arena *memory;
    smac_error *error;
} reading;

static smac_status next_pickle(reading *r, pickle_value **out, pickle_value **references)
{
    pickle_source source = {.data = r->data + r->at, .size = r->size - r->at, .name = r->source};
    TRY(pickle_read_next(&source, r->memory, out, r->error));
    r->at += source.used;
    if (references)
        *references = source.references;
    return SMAC_OK;
}

static smac_status read_storage(reading *r, const char *key, const pickle_value *references, pytorch_storage *out)
{
    const pickle_value *reference = referred(references, key);
    if (reference == NULL)
        return FAIL(r->error, SMAC_ERROR_FORMAT, "%s: no tensor refers to the storage \"%.100s\", which the file lists",
            r->source, key);
    uint64_t elements = 0, each = tensor_type_bytes(reference->type);
    for (size_t i = 8; r->size - r->at >= 8 && i-- > 0;)
        elements = elements << 8 | r->data[r->at + i];
    if (r->size - r->at < 8 || elements > (r->size - r->at - 8) / each)
        return FAIL(r->error, SMAC_ERROR_FORMAT, "%s ends within the storage \"%.100s\"; the file is truncated",
            r->source, key);
    *out = (pytorch_storage){.key = key, .data = r->data + r->at + 8, .bytes = (size_t)(elements * each)};
    r->at += 8 + out->bytes;
    return SMAC_OK;
}

smac_status pytorch_old_read(
    const uint8_t *data, size_t size, const char *source, arena *memory, pytorch_old *out, smac_error *error)
{
    reading r = {.data = data, .size = size, .at = sizeof magic, .source = source, .memory = memory, .error = error};
    pickle_value *protocol, *machine, *references, *keys;
    TRY(next_pickle(&r, &protocol, NULL));
    if (protocol->kind != PICKLE_INTEGER || protocol->integer != PROTOCOL)
        return FAIL(
            error, SMAC_ERROR_UNSUPPORTED, "%s is a PyTorch file of another protocol than %d", source, PROTOCOL);
    TRY(next_pickle(&r, &machine, NULL));
    const pickle_value *little = pickle_get(machine, "little_endian");
    if (little != NULL && little->kind == PICKLE_BOOL && little->integer == 0)
        return FAIL(
            error, SMAC_ERROR_UNSUPPORTED, "%s was written on a big-endian machine, expected little-endian", source);
    TRY(next_pickle(&r, &out->root, &references));
    TRY(next_pickle(&r, &keys, NULL));
    if (keys->kind != PICKLE_LIST)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s: the list of storages is missing", source);
    if (references->count > 0)
        qsort(references->items, references->count, sizeof *references->items, by_text);
    out->count = keys->count;
    out->storages = arena_take_zeroed(memory, (keys->count + 1) * sizeof *out->storages);
    if (out->storages == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "%s: there is no memory for its storages", source);
    for (size_t i = 0; i < keys->count; i++) {
        if (keys->items[i]->kind != PICKLE_TEXT)
            return FAIL(error, SMAC_ERROR_FORMAT, "%s: the key of storage %zu is not a text", source, i);
        TRY(read_storage(&r, keys->items[i]->text, references, &out->storages[i]));
    }
    if (keys->count > 0)
        qsort(out->storages, keys->count, sizeof *out->storages, by_key);
    return SMAC_OK;
}
