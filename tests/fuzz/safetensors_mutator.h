/*
 * tests/fuzz/safetensors_mutator.h - changes to a safetensors file that leave it readable as far as the change allows: a
 * header that grows or shrinks gets its length, a text of its metadata is changed inside JSON's quotes.  Plain
 * mutations alone would only ever show that a header of the wrong length is refused.
 */
#ifndef SMAC_TESTS_FUZZ_SAFETENSORS_MUTATOR_H
#define SMAC_TESTS_FUZZ_SAFETENSORS_MUTATOR_H

#include "json_mutator.h"

/* The header's length; 0 for anything but a safetensors file. */
static inline size_t safetensors_header(const uint8_t *data, size_t size)
{
    uint64_t length = 0;
    for (int i = 7; i >= 0 && size >= 8; i--)
        length = length << 8 | data[i];
    return size < 10 || length > size - 8 || data[8] != '{' ? 0 : (size_t)length;
}

/* Put header in place of the old one; false when it does not fit. */
static inline bool safetensors_replace(uint8_t *data, size_t *size, size_t max_size, const void *header, size_t length)
{
    size_t old = safetensors_header(data, *size), body = *size - 8 - old;
    if (length > max_size || body > max_size - length || 8 > max_size - length - body)
        return false;
    memmove(data + 8 + length, data + 8 + old, body);
    memcpy(data + 8, header, length);
    for (int i = 0; i < 8; i++)
        data[i] = (uint8_t)((uint64_t)length >> 8 * i);
    *size = 8 + length + body;
    return true;
}

/* One text of __metadata__, chosen by seed, is mutated. */
static inline bool safetensors_mutate_text(uint8_t *data, size_t *size, size_t max_size, unsigned seed)
{
    json_t *root = json_loadb((const char *)data + 8, safetensors_header(data, *size), 0, NULL), *value;
    json_t *texts = json_object_get(root, "__metadata__");
    size_t count = json_object_size(texts), at = count ? seed % count : 0;
    const char *key;
    bool changed = false;
    json_object_foreach(texts, key, value)
    {
        if (at-- != 0)
            continue;
        size_t length = json_string_length(value), room = 2 * length + 64;
        char *copy = json_is_string(value) ? malloc(room) : NULL;
        json_t *text = NULL;
        if (copy) {
            memcpy(copy, json_string_value(value), length);
            length = json_mutate((uint8_t *)copy, length, room, seed / 7);
            text = json_stringn(copy, length);
        }
        text = text ? text : json_changed_text(value);
        changed = text && json_object_set_new(texts, key, text) == 0;
        free(copy);
        break;
    }
    char *header = changed ? json_dumps(root, JSON_COMPACT) : NULL;
    changed = header && safetensors_replace(data, size, max_size, header, strlen(header));
    free(header);
    json_decref(root);
    return changed;
}

/* The new size; one change in three is a plain one. */
static inline size_t safetensors_mutate(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    size_t header = safetensors_header(data, size);
    if (header && seed % 3 == 1 && safetensors_mutate_text(data, &size, max_size, seed / 3))
        return size;
    if (header && seed % 3 == 2) {
        size_t room = 2 * header + 64;
        uint8_t *copy = malloc(room);
        if (copy) {
            memcpy(copy, data + 8, header);
            size_t length = json_mutate(copy, header, room, seed / 3);
            bool changed = safetensors_replace(data, &size, max_size, copy, length);
            free(copy);
            if (changed)
                return size;
        }
    }
    return LLVMFuzzerMutate(data, size, max_size);
}

#endif
