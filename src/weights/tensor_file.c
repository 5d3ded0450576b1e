/* weights/tensor_file.c - named tensors whatever the file: lookup, conversion, opening by content. */
#include "weights/tensor_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/half.h"
#include "weights/tensor_file_internal.h"

static const struct {
    const char *name;
    size_t bytes;
} types[] = {
    [TENSOR_F64] = {"F64", 8},
    [TENSOR_F32] = {"F32", 4},
    [TENSOR_F16] = {"F16", 2},
    [TENSOR_BF16] = {"BF16", 2},
    [TENSOR_I64] = {"I64", 8},
    [TENSOR_I32] = {"I32", 4},
    [TENSOR_I16] = {"I16", 2},
    [TENSOR_I8] = {"I8", 1},
    [TENSOR_U8] = {"U8", 1},
    [TENSOR_BOOL] = {"BOOL", 1},
    [TENSOR_U16] = {"U16", 2},
    [TENSOR_U32] = {"U32", 4},
    [TENSOR_U64] = {"U64", 8},
};

size_t tensor_type_bytes(tensor_type type)
{
    return types[type].bytes;
}

const char *tensor_type_name(tensor_type type)
{
    return types[type].name;
}

bool tensor_count(int rank, const int64_t *dim, int64_t *out)
{
    int64_t count = 1;
    for (int i = 0; i < rank; i++)
        if (dim[i] < 0 || __builtin_mul_overflow(count, dim[i], &count))
            return false;
    *out = count;
    return true;
}

tensor_file *tensor_file_new(const char *kind)
{
    tensor_file *file = memory_new(1, sizeof *file);
    if (!file)
        return NULL;
    file->kind = kind;
    file->memory = arena_new(0);
    if (!file->memory) {
        free(file);
        return NULL;
    }
    return file;
}

void tensor_file_close(tensor_file *file)
{
    if (!file)
        return;
    for (size_t i = 0; i < file->map_count; i++)
        file_unmap(&file->maps[i]);
    free(file->maps);
    free(file->entries);
    free(file->by_name);
    free(file->metadata);
    arena_free(file->memory);
    free(file);
}

bool tensor_file_add(tensor_file *file, const tensor_entry *entry)
{
    if (!memory_grow((void **)&file->entries, &file->capacity, file->count + 1, sizeof *file->entries))
        return false;
    char *name = arena_copy_text(file->memory, entry->name);
    if (!name)
        return false;
    file->entries[file->count] = *entry;
    file->entries[file->count++].name = name;
    return true;
}

bool tensor_file_add_metadata(tensor_file *file, const char *key, const char *value)
{
    size_t at = 2 * file->metadata_count;
    if (!memory_grow((void **)&file->metadata, &file->metadata_capacity, at + 2, sizeof *file->metadata))
        return false;
    file->metadata[at] = arena_copy_text(file->memory, key);
    file->metadata[at + 1] = arena_copy_text(file->memory, value);
    if (!file->metadata[at] || !file->metadata[at + 1])
        return false;
    file->metadata_count++;
    return true;
}

bool tensor_file_add_map(tensor_file *file, mapped_file map)
{
    if (!memory_grow((void **)&file->maps, &file->map_capacity, file->map_count + 1, sizeof *file->maps))
        return false;
    file->maps[file->map_count++] = map;
    return true;
}

/* qsort has no context, so pairs carry what is compared */
typedef struct named_index {
    const char *name;
    size_t index;
} named_index;

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const named_index *)a)->name, ((const named_index *)b)->name);
}

smac_status tensor_file_index(tensor_file *file, const char *source, smac_error *error)
{
    named_index *pairs = memory_new(file->count, sizeof *pairs);
    size_t *by_name = memory_new(file->count, sizeof *by_name);
    if (!pairs || !by_name) {
        free(pairs);
        free(by_name);
        return FAIL(
            error, SMAC_ERROR_MEMORY, "%s: there is no memory for the names of %zu tensors", source, file->count);
    }
    for (size_t i = 0; i < file->count; i++)
        pairs[i] = (named_index){file->entries[i].name, i};
    qsort(pairs, file->count, sizeof *pairs, compare_names);
    smac_status code = SMAC_OK;
    for (size_t i = 0; i < file->count; i++) {
        by_name[i] = pairs[i].index;
        if (i && !strcmp(pairs[i].name, pairs[i - 1].name) && code == SMAC_OK)
            code = FAIL(error, SMAC_ERROR_FORMAT, "%s: the tensor \"%.200s\" occurs twice", source, pairs[i].name);
    }
    free(pairs);
    free(file->by_name);
    file->by_name = by_name;
    return code;
}

size_t tensor_file_count(const tensor_file *file)
{
    return file->count;
}

const tensor_entry *tensor_file_at(const tensor_file *file, size_t index)
{
    return index < file->count ? &file->entries[index] : NULL;
}

const tensor_entry *tensor_file_find(const tensor_file *file, const char *name)
{
    size_t low = 0, high = file->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const tensor_entry *entry = &file->entries[file->by_name[middle]];
        int order = strcmp(name, entry->name);
        if (order == 0)
            return entry;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const char *tensor_file_kind(const tensor_file *file)
{
    return file->kind;
}

const char *tensor_file_metadata(const tensor_file *file, const char *key)
{
    for (size_t i = 0; i < file->metadata_count; i++)
        if (!strcmp(file->metadata[2 * i], key))
            return file->metadata[2 * i + 1];
    return NULL;
}

const char *tensor_file_metadata_key(const tensor_file *file, size_t index)
{
    return index < file->metadata_count ? file->metadata[2 * index] : NULL;
}

static _Thread_local interruption asked_on_this_thread;

interruption tensor_file_interrupt(interruption by)
{
    interruption before = asked_on_this_thread;
    asked_on_this_thread = by;
    return before;
}

smac_status tensor_file_check(const tensor_file *file, smac_error *error)
{
    if (interruption_asked(&asked_on_this_thread))
        return FAIL(error, SMAC_ERROR_INTERRUPTED, "stopped as asked while weights were read");
    for (size_t i = 0; i < file->map_count; i++)
        TRY(file_map_check(&file->maps[i], error));
    return SMAC_OK;
}

void tensor_file_forget(const tensor_file *file, const tensor_entry *entry)
{
    for (size_t i = 0; i < file->map_count; i++)
        file_map_forget(&file->maps[i], entry->data, entry->bytes);
}

const char *tensor_shape_text(int rank, const int64_t *dim, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "[");
    for (int i = 0; i < rank && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%lld", i ? ", " : "", (long long)dim[i]);
    if (used < size)
        snprintf(out + used, size - used, "]");
    return out;
}

smac_status tensor_file_expect(const tensor_file *file, const char *name, int rank, const int64_t *dim,
    const tensor_entry **out, smac_error *error)
{
    const tensor_entry *entry = tensor_file_find(file, name);
    if (!entry)
        return FAIL(error, SMAC_ERROR_NOT_FOUND, "the tensor \"%.200s\" is missing among the %zu of the file", name,
            file->count);
    bool same = entry->rank == rank;
    for (int i = 0; same && i < rank; i++)
        same = entry->dim[i] == dim[i];
    if (!same) {
        char found[160], wanted[160];
        return FAIL(error, SMAC_ERROR_MISMATCH, "the tensor \"%.200s\" has the shape %s, expected %s", name,
            tensor_shape_text(entry->rank, entry->dim, found, sizeof found),
            tensor_shape_text(rank, dim, wanted, sizeof wanted));
    }
    *out = entry;
    return SMAC_OK;
}

#define CONVERT(type, expression)                          \
    for (int64_t i = 0; i < count; i++) {                  \
        type x;                                            \
        memcpy(&x, from + (size_t)i * sizeof x, sizeof x); \
        out[i] = (expression);                             \
    }                                                      \
    break

void tensor_to_f32_part(const tensor_entry *entry, int64_t first, int64_t count, float *out)
{
    const uint8_t *from = (const uint8_t *)entry->data + (size_t)first * types[entry->type].bytes;
    switch (entry->type) {
    case TENSOR_F32:
        if (count)
            memcpy(out, from, (size_t)count * 4);
        break;
    case TENSOR_F64:
        CONVERT(double, (float)x);
    case TENSOR_F16:
        CONVERT(uint16_t, half_to_float(x));
    case TENSOR_BF16:
        CONVERT(uint16_t, bfloat_to_float(x));
    case TENSOR_I64:
        CONVERT(int64_t, (float)x);
    case TENSOR_I32:
        CONVERT(int32_t, (float)x);
    case TENSOR_I16:
        CONVERT(int16_t, (float)x);
    case TENSOR_I8:
        CONVERT(int8_t, (float)x);
    case TENSOR_U8:
        CONVERT(uint8_t, (float)x);
    case TENSOR_BOOL:
        CONVERT(uint8_t, x ? 1.0f : 0.0f);
    case TENSOR_U16:
        CONVERT(uint16_t, (float)x);
    case TENSOR_U32:
        CONVERT(uint32_t, (float)x);
    case TENSOR_U64:
        CONVERT(uint64_t, (float)x);
    }
}

void tensor_to_f32(const tensor_entry *entry, float *out)
{
    tensor_to_f32_part(entry, 0, entry->count, out);
}

smac_status tensor_to_i64(const tensor_entry *entry, int64_t *out, smac_error *error)
{
    const uint8_t *from = entry->data;
    int64_t count = entry->count;
    switch (entry->type) {
    case TENSOR_I64:
        CONVERT(int64_t, x);
    case TENSOR_I32:
        CONVERT(int32_t, x);
    case TENSOR_I16:
        CONVERT(int16_t, x);
    case TENSOR_I8:
        CONVERT(int8_t, x);
    case TENSOR_U8:
    case TENSOR_BOOL:
        CONVERT(uint8_t, x);
    case TENSOR_U16:
        CONVERT(uint16_t, x);
    case TENSOR_U32:
        CONVERT(uint32_t, (int64_t)x);
    case TENSOR_U64:
        CONVERT(uint64_t, (int64_t)x);
    default:
        return FAIL(error, SMAC_ERROR_MISMATCH, "the tensor \"%.200s\" is of type %s, expected integers", entry->name,
            tensor_type_name(entry->type));
    }
    return SMAC_OK;
}
