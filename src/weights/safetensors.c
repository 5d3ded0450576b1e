/* weights/safetensors.c - reading and writing safetensors. */
#include "weights/safetensors.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "weights/tensor_file_internal.h"

enum { HEADER_LIMIT = 100 << 20 }; /* the format's own limit of 100 MB */

static bool type_by_name(const char *name, tensor_type *out)
{
    for (int i = 0; i <= TENSOR_U64; i++)
        if (!strcmp(name, tensor_type_name((tensor_type)i))) {
            *out = (tensor_type)i;
            return true;
        }
    return false;
}

static smac_status read_entry(tensor_file *file, const char *source, const char *name, json_t *item,
    const uint8_t *data, size_t data_bytes, smac_error *error)
{
    json_t *dtype = json_object_get(item, "dtype"), *shape = json_object_get(item, "shape"),
           *offsets = json_object_get(item, "data_offsets");
    if (!json_is_string(dtype) || !json_is_array(shape) || !json_is_array(offsets) || json_array_size(offsets) != 2 ||
        !json_is_integer(json_array_get(offsets, 0)) || !json_is_integer(json_array_get(offsets, 1)))
        return FAIL(error, SMAC_ERROR_FORMAT,
            "%s: the header's entry \"%.200s\" lacks its dtype, shape or two data_offsets", source, name);
    tensor_entry entry = {.name = name};
    if (!type_by_name(json_string_value(dtype), &entry.type))
        return FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "%s: the tensor \"%.200s\" is of the unknown type \"%.40s\"; save it as F32, F16 or BF16", source, name,
            json_string_value(dtype));
    if (json_array_size(shape) > TENSOR_MAX_RANK)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "%s: the tensor \"%.200s\" has %zu dimensions, expected at most %d; save it with fewer", source, name,
            json_array_size(shape), TENSOR_MAX_RANK);
    entry.rank = (int)json_array_size(shape);
    for (int i = 0; i < entry.rank; i++) {
        json_t *d = json_array_get(shape, (size_t)i);
        if (!json_is_integer(d))
            return FAIL(error, SMAC_ERROR_FORMAT, "%s: the shape of \"%.200s\" holds something that is not an integer",
                source, name);
        entry.dim[i] = json_integer_value(d);
    }
    long long from = json_integer_value(json_array_get(offsets, 0));
    long long to = json_integer_value(json_array_get(offsets, 1));
    int64_t bytes;
    if (!tensor_count(entry.rank, entry.dim, &entry.count) ||
        __builtin_mul_overflow(entry.count, (int64_t)tensor_type_bytes(entry.type), &bytes))
        return FAIL(error, SMAC_ERROR_FORMAT, "%s: the shape of \"%.200s\" is negative or too large", source, name);
    if (from < 0 || to < from || (unsigned long long)to > data_bytes)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s: \"%.200s\" lies at bytes %lld to %lld of %zu", source, name, from,
            to, data_bytes);
    if (to - from != bytes)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s: \"%.200s\" has %lld bytes, its shape and type need %lld", source,
            name, to - from, (long long)bytes);
    entry.bytes = (size_t)bytes;
    entry.data = data + from;
    if (!tensor_file_add(file, &entry))
        return FAIL(error, SMAC_ERROR_MEMORY, "%s: there is no memory for its list of tensors", source);
    return SMAC_OK;
}

static int compare_places(const void *a, const void *b)
{
    const tensor_entry *x = *(const tensor_entry *const *)a, *y = *(const tensor_entry *const *)b;
    if (x->data != y->data)
        return x->data < y->data ? -1 : 1;
    return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

/* Every byte of the data belongs to exactly one tensor: no overlaps, no gaps. */
static smac_status check_places(const tensor_file *file, size_t first, const char *source, const uint8_t *data,
    size_t data_bytes, smac_error *error)
{
    size_t count = file->count - first;
    const tensor_entry **places = memory_new(count, sizeof *places);
    if (!places)
        return FAIL(error, SMAC_ERROR_MEMORY, "%s: there is no memory for its list of tensors", source);
    for (size_t i = 0; i < count; i++)
        places[i] = &file->entries[first + i];
    qsort(places, count, sizeof *places, compare_places);
    const uint8_t *at = data;
    smac_status code = SMAC_OK;
    for (size_t i = 0; i < count && code == SMAC_OK; i++) {
        const uint8_t *start = places[i]->data;
        if (start != at)
            code = FAIL(error, SMAC_ERROR_FORMAT, "%s: the bytes of \"%.200s\" %s", source, places[i]->name,
                start < at ? "overlap those of another tensor" : "leave a gap before them");
        at = start + places[i]->bytes;
    }
    if (code == SMAC_OK && at != data + data_bytes)
        code = FAIL(error, SMAC_ERROR_FORMAT, "%s: %zu bytes after the last tensor belong to none", source,
            (size_t)(data + data_bytes - at));
    free(places);
    return code;
}

smac_status safetensors_read_into(
    tensor_file *file, const uint8_t *data, size_t size, const char *source, smac_error *error)
{
    if (size < 8)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s has %zu bytes and is not a safetensors file", source, size);
    uint64_t header = 0;
    for (int i = 7; i >= 0; i--)
        header = header << 8 | data[i];
    if (size > 8 && data[8] != '{')
        return FAIL(error, SMAC_ERROR_FORMAT, "%s is not a safetensors file: its header does not start with {", source);
    if (header > HEADER_LIMIT || header > size - 8 || header < 2)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s: the header claims to have %llu bytes in a file of %zu", source,
            (unsigned long long)header, size);
    json_error_t where;
    json_t *root = json_loadb((const char *)data + 8, (size_t)header, JSON_REJECT_DUPLICATES, &where);
    if (!json_is_object(root)) {
        json_decref(root);
        return FAIL(error, SMAC_ERROR_FORMAT, "%s: the header is not valid JSON: %s (byte %d)", source, where.text,
            where.position);
    }
    size_t first = file->count;
    const uint8_t *body = data + 8 + header;
    size_t body_bytes = size - 8 - (size_t)header;
    smac_status code = SMAC_OK;
    const char *name;
    json_t *item;
    json_object_foreach(root, name, item)
    {
        if (code != SMAC_OK)
            break;
        if (strcmp(name, "__metadata__")) {
            code = read_entry(file, source, name, item, body, body_bytes, error);
            continue;
        }
        const char *key;
        json_t *text;
        if (!json_is_object(item))
            code = FAIL(error, SMAC_ERROR_FORMAT, "%s: the header's __metadata__ is not an object of texts", source);
        json_object_foreach(item, key, text)
        {
            if (!json_is_string(text))
                code = FAIL(error, SMAC_ERROR_FORMAT, "%s: the metadata \"%.100s\" is not a text", source, key);
            else if (!tensor_file_add_metadata(file, key, json_string_value(text)))
                code = FAIL(error, SMAC_ERROR_MEMORY, "%s: there is no memory for its metadata", source);
            if (code != SMAC_OK)
                break;
        }
    }
    json_decref(root);
    return code == SMAC_OK ? check_places(file, first, source, body, body_bytes, error) : code;
}

smac_status safetensors_parse(const uint8_t *data, size_t size, const char *name, tensor_file **out, smac_error *error)
{
    tensor_file *file = tensor_file_new("safetensors");
    if (!file)
        return FAIL(error, SMAC_ERROR_MEMORY, "%s: there is no memory to read it", name);
    smac_status code = safetensors_read_into(file, data, size, name, error);
    if (code == SMAC_OK)
        code = tensor_file_index(file, name, error);
    if (code != SMAC_OK) {
        tensor_file_close(file);
        return code;
    }
    *out = file;
    return SMAC_OK;
}

static json_t *header_of(const safetensors_contents *c)
{
    const tensor_entry *entries = c->entries;
    json_t *root = json_object();
    if (c->metadata_count) {
        json_t *texts = json_object();
        for (size_t i = 0; i < c->metadata_count; i++)
            json_object_set_new(texts, c->metadata[i].key, json_string(c->metadata[i].value));
        json_object_set_new(root, "__metadata__", texts);
    }
    json_int_t at = 0;
    for (size_t i = 0; i < c->count; i++) {
        json_t *shape = json_array();
        for (int d = 0; d < entries[i].rank; d++)
            json_array_append_new(shape, json_integer(entries[i].dim[d]));
        json_int_t end = at + (json_int_t)entries[i].bytes;
        json_object_set_new(root, entries[i].name,
            json_pack("{s:s, s:o, s:[I, I]}", "dtype", tensor_type_name(entries[i].type), "shape", shape,
                "data_offsets", at, end));
        at = end;
    }
    return root;
}

smac_status safetensors_write(const char *path, const tensor_entry *entries, size_t count,
    const safetensors_pair *metadata, size_t metadata_count, smac_error *error)
{
    const safetensors_contents contents = {
        .entries = entries, .count = count, .metadata = metadata, .metadata_count = metadata_count};
    return safetensors_write_contents(path, &contents, error);
}

smac_status safetensors_write_contents(const char *path, const safetensors_contents *contents, smac_error *error)
{
    const safetensors_pair *metadata = contents->metadata;
    for (size_t i = 0; i < contents->metadata_count; i++)
        if (utf8_invalid_at(metadata[i].value, strlen(metadata[i].value)) != SIZE_MAX)
            return FAIL(
                error, SMAC_ERROR_ARGUMENT, "cannot write %s: the metadata \"%s\" is not UTF-8", path, metadata[i].key);
    json_t *root = header_of(contents);
    char *header = root ? json_dump_text(root, JSON_COMPACT) : NULL;
    size_t names = root ? json_object_size(root) - (contents->metadata_count > 0) : 0;
    json_decref(root);
    if (!header)
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for the header of %s", path);
    if (names != contents->count) {
        free(header);
        return FAIL(error, SMAC_ERROR_ARGUMENT, "cannot write %s: two tensors have one name", path);
    }
    size_t length = strlen(header), padded = (length + 8 + 63) / 64 * 64 - 8;
    file_writer w;
    smac_status code = file_writer_begin(&w, path, error);
    if (code == SMAC_OK) {
        uint8_t prefix[8];
        for (int i = 0; i < 8; i++)
            prefix[i] = (uint8_t)((uint64_t)padded >> 8 * i);
        fwrite(prefix, 1, 8, w.file);
        fwrite(header, 1, length, w.file);
        for (size_t i = length; i < padded; i++)
            fputc(' ', w.file);
        for (size_t i = 0; code == SMAC_OK && i < contents->count; i++) {
            const tensor_entry *e = &contents->entries[i];
            if (contents->source)
                code = contents->source(contents->user, i, w.file, error);
            else if (e->bytes)
                fwrite(e->data, 1, e->bytes, w.file);
        }
        if (code == SMAC_OK)
            code = file_writer_commit(&w, error);
        else
            file_writer_abandon(&w);
    }
    free(header);
    return code;
}
