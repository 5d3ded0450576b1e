/*
 * weights/pytorch.c - PyTorch's zip archives (.pth, .pt, .bin): NAME/data.pkl describes tensors whose elements lie in
 * NAME/data/KEY; and its files before 1.6 (pytorch_old.c), whose storages follow each other.  Contiguous tensors
 * are used where they are mapped; others are copied into order.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "weights/pytorch_internal.h"
#include "weights/tensor_file_internal.h"
#include "weights/zip_directory.h"

typedef struct archive {
    tensor_file *file;
    const char *source;
    zip_directory zip;
    char prefix[256];       /* "archive/" */
    const pytorch_old *old; /* not an archive: its storages take the place of zip */
    int64_t copied, most;   /* bytes of tensors that are put into order, and how many may be */
    smac_error *error;
} archive;

static smac_status elements(archive *a, const pickle_value *t, const uint8_t **data, int64_t *available)
{
    char name[512];
    const pickle_value *s = t->storage;
    snprintf(name, sizeof name, "%sdata/%.200s", a->prefix, s->text);
    const zip_member *member = a->old ? NULL : zip_directory_find(&a->zip, name);
    const pytorch_storage *storage = a->old ? pytorch_storage_find(a->old->storages, a->old->count, s->text) : NULL;
    if (!member && !storage)
        return FAIL(a->error, SMAC_ERROR_FORMAT, "%s: the storage %s is missing in the file", a->source, name);
    *data = member ? member->data : storage->data;
    *available = (int64_t)((member ? member->size : storage->bytes) / tensor_type_bytes(s->type));
    if (*available < s->integer)
        return FAIL(a->error, SMAC_ERROR_FORMAT, "%s: the storage %s has %lld elements, its tensor needs %lld",
            a->source, name, (long long)*available, (long long)s->integer);
    return SMAC_OK;
}

static smac_status add_tensor(archive *a, const char *name, const pickle_value *t)
{
    const uint8_t *data = NULL;
    int64_t available = 0, count = 1, last = t->integer, bytes;
    TRY(elements(a, t, &data, &available));
    bool contiguous = true, empty = false;
    for (int i = t->rank - 1; i >= 0; i--) {
        if (t->dim[i] == 0)
            empty = true;
        if (t->dim[i] != 1 && t->stride[i] != count)
            contiguous = false;
        int64_t reach;
        if (__builtin_mul_overflow(count, t->dim[i] ? t->dim[i] : 1, &count) ||
            __builtin_mul_overflow(t->dim[i] > 0 ? t->dim[i] - 1 : 0, t->stride[i], &reach) ||
            __builtin_add_overflow(last, reach, &last))
            return FAIL(a->error, SMAC_ERROR_FORMAT, "%s: the tensor \"%.200s\" is too large", a->source, name);
    }
    if (empty)
        count = 0;
    if (!empty && last >= available)
        return FAIL(a->error, SMAC_ERROR_FORMAT, "%s: the tensor \"%.200s\" reaches past its storage of %lld elements",
            a->source, name, (long long)available);
    size_t each = tensor_type_bytes(t->type);
    if (__builtin_mul_overflow(count, (int64_t)each, &bytes))
        return FAIL(a->error, SMAC_ERROR_FORMAT, "%s: the tensor \"%.200s\" is too large", a->source, name);
    tensor_entry entry = {.name = name,
        .type = t->type,
        .rank = t->rank,
        .count = count,
        .bytes = (size_t)bytes,
        .data = empty ? data : data + (size_t)t->integer * each};
    memcpy(entry.dim, t->dim, (size_t)t->rank * sizeof *entry.dim);
    if (!contiguous && !empty) {
        a->copied += bytes < a->most ? bytes : a->most;
        if (bytes > a->most || a->copied > a->most) /* views that repeat elements could ask for any size */
            return FAIL(a->error, SMAC_ERROR_UNSUPPORTED,
                "%s: the views up to the tensor \"%.200s\" (%lld elements "
                "of a storage of %lld) need more than the %lld MB that a file of this size may",
                a->source, name, (long long)count, (long long)available, (long long)(a->most >> 20));
        uint8_t *copy = arena_take(a->file->memory, (size_t)bytes);
        if (!copy)
            return FAIL(
                a->error, SMAC_ERROR_MEMORY, "%s: there is no memory for the tensor \"%.200s\"", a->source, name);
        int64_t index[TENSOR_MAX_RANK] = {0};
        for (int64_t i = 0; i < count; i++) {
            int64_t at = t->integer;
            for (int d = 0; d < t->rank; d++)
                at += index[d] * t->stride[d];
            memcpy(copy + (size_t)i * each, data + (size_t)at * each, each);
            for (int d = t->rank - 1; d >= 0 && ++index[d] == t->dim[d]; d--)
                index[d] = 0;
        }
        entry.data = copy;
    }
    if (!tensor_file_add(a->file, &entry))
        return FAIL(a->error, SMAC_ERROR_MEMORY, "%s: there is no memory for its list of tensors", a->source);
    return SMAC_OK;
}

enum { DEPTH_MAX = 32, NAME_MAX_BYTES = 500, VIEW_BYTES = 64 << 20, VIEW_FACTOR = 4 };

static bool names_tensors(const pickle_value *v)
{
    return v->kind == PICKLE_TENSOR || v->kind == PICKLE_DICT || v->kind == PICKLE_LIST || v->kind == PICKLE_TUPLE;
}

/* {"state_dict": {"a.weight": tensor}} gives "state_dict.a.weight"; numbers and texts beside tensors are ignored */
static smac_status walk(archive *a, const char *name, pickle_value *v, int depth)
{
    if (!names_tensors(v))
        return SMAC_OK;
    if (v->kind == PICKLE_TENSOR)
        return add_tensor(a, name, v);
    if (v->visited) /* an optimiser's state may occur in two places; a cycle never ends */
        return SMAC_OK;
    if (depth > DEPTH_MAX)
        return FAIL(a->error, SMAC_ERROR_UNSUPPORTED,
            "%s: \"%.30s...\" lies more than %d dictionaries and lists deep, the most that is read", a->source, name,
            DEPTH_MAX);
    v->visited = true;
    smac_status code = SMAC_OK;
    for (size_t i = 0; i < v->count && code == SMAC_OK; i++) {
        text_buffer full = {0};
        pickle_value *item = v->items[i];
        if (*name)
            text_format(&full, "%s.", name);
        if (v->kind == PICKLE_DICT) {
            pickle_value *key = v->items[i++];
            item = v->items[i];
            if (key->kind == PICKLE_TEXT)
                text_add(&full, key->text);
            else if (key->kind == PICKLE_INTEGER)
                text_format(&full, "%lld", (long long)key->integer);
            else
                text_add(&full, "?");
        } else {
            text_format(&full, "%zu", i);
        }
        if (full.failed || !full.data)
            code = FAIL(a->error, SMAC_ERROR_MEMORY, "%s: there is no memory for its names", a->source);
        else if (full.length > NAME_MAX_BYTES && names_tensors(item)) /* each one inside would copy it */
            code =
                FAIL(a->error, SMAC_ERROR_UNSUPPORTED, "%s: \"%.100s...\" has a name of %zu bytes, expected at most %d",
                    a->source, full.data, full.length, NAME_MAX_BYTES);
        else
            code = walk(a, full.data, item, depth + 1);
        text_free(&full);
    }
    return code;
}

static const char SAVE[] = "save its tensors alone, contiguous, as safetensors";

static smac_status read_old(tensor_file *file, const uint8_t *data, size_t size, const char *source, smac_error *error)
{
    pytorch_old old;
    TRY(pytorch_old_read(data, size, source, file->memory, &old, error));
    archive a = {
        .file = file, .source = source, .error = error, .most = VIEW_BYTES + VIEW_FACTOR * (int64_t)size, .old = &old};
    TRY(walk(&a, "", old.root, 0));
    return file->count > 0 ? SMAC_OK : FAIL(error, SMAC_ERROR_FORMAT, "%s holds no tensors", source);
}

smac_status pytorch_read_into(
    tensor_file *file, const uint8_t *data, size_t size, const char *source, smac_error *error)
{
    if (pytorch_old_recognises(data, size))
        return error_advise(error, read_old(file, data, size, source, error), SMAC_ERROR_UNSUPPORTED, SAVE);
    archive a = {.file = file, .source = source, .error = error, .most = VIEW_BYTES + VIEW_FACTOR * (int64_t)size};
    TRY(error_advise(error, zip_directory_read(data, size, source, &a.zip, error), SMAC_ERROR_UNSUPPORTED, SAVE));
    const zip_member *pickle = NULL;
    for (size_t i = 0; i < a.zip.count; i++) {
        const char *at = strstr(a.zip.members[i].name, "data.pkl");
        if (at && !strcmp(at, "data.pkl") && (size_t)(at - a.zip.members[i].name) < sizeof a.prefix) {
            pickle = &a.zip.members[i];
            memcpy(a.prefix, pickle->name, (size_t)(at - pickle->name));
            break;
        }
    }
    pickle_value *root = NULL;
    smac_status code = SMAC_OK;
    if (!pickle)
        code = FAIL(error, SMAC_ERROR_FORMAT, "%s is a zip archive without a data.pkl, not a PyTorch file", source);
    char order[300];
    snprintf(order, sizeof order, "%sbyteorder", a.prefix);
    const zip_member *byteorder = zip_directory_find(&a.zip, order);
    if (code == SMAC_OK && byteorder && (byteorder->size < 6 || memcmp(byteorder->data, "little", 6)))
        code = FAIL(
            error, SMAC_ERROR_UNSUPPORTED, "%s was written on a big-endian machine, expected little-endian", source);
    if (code == SMAC_OK)
        code = pickle_read(pickle->data, pickle->size, source, file->memory, &root, error);
    if (code == SMAC_OK)
        code = walk(&a, "", root, 0);
    if (code == SMAC_OK && file->count == 0)
        code = FAIL(error, SMAC_ERROR_FORMAT, "%s holds no tensors", source);
    zip_directory_free(&a.zip);
    return error_advise(error, code, SMAC_ERROR_UNSUPPORTED, SAVE);
}
