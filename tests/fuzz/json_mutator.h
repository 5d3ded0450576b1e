/*
 * tests/fuzz/json_mutator.h - changes to a JSON text that leave it JSON: jansson is not built for fuzzing, so that plain
 * mutations hardly ever get past it to the code that judges what the values mean.
 */
#ifndef SMAC_TESTS_FUZZ_JSON_MUTATOR_H
#define SMAC_TESTS_FUZZ_JSON_MUTATOR_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* The next number below `below` (at least 1) of a sequence. */
static inline size_t mutator_random(uint64_t *state, size_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(*state >> 33) % below;
}

/* Values in a tree, itself among them. */
static inline size_t json_count(const json_t *node)
{
    size_t count = 1, i;
    const char *key;
    json_t *inner;
    if (json_is_object(node))
        json_object_foreach((json_t *)node, key, inner) count += json_count(inner);
    else if (json_is_array(node))
        json_array_foreach(node, i, inner) count += json_count(inner);
    return count;
}

/* The value at a place of the tree, in the order of json_count; *at counts down. */
static inline json_t *json_find(json_t *node, size_t *at)
{
    size_t i;
    const char *key;
    json_t *inner, *found = NULL;
    if ((*at)-- == 0)
        return node;
    if (json_is_object(node)) {
        json_object_foreach(node, key, inner) if ((found = json_find(inner, at))) return found;
    } else if (json_is_array(node)) {
        json_array_foreach(node, i, inner) if ((found = json_find(inner, at))) return found;
    }
    return NULL;
}

/* A text that was changed; bytes that are not UTF-8 become '?'. */
static inline json_t *json_changed_text(const json_t *old)
{
    size_t length = json_string_length(old), room = 2 * length + 32;
    char *copy = malloc(room);
    if (!copy)
        return NULL;
    memcpy(copy, length ? json_string_value(old) : "", length);
    length = LLVMFuzzerMutate((uint8_t *)copy, length, room);
    json_t *text = json_stringn(copy, length);
    for (size_t i = 0; !text && i < length; i++)
        copy[i] = (unsigned char)copy[i] > 0x7F ? '?' : copy[i];
    text = text ? text : json_stringn(copy, length);
    free(copy);
    return text;
}

/* Something to replace old; a new reference. */
static inline json_t *json_other_value(json_t *root, json_t *old, uint64_t *state)
{
    static const json_int_t integers[] = {0, 1, -1, 2, 3, 7, 127, 255, 1024, 1025, 65536, INT_MAX, 1ll + INT_MAX,
        INT_MIN, 1ll << 24, 1ll << 32, 1ll << 53, LLONG_MAX, LLONG_MAX - 1, LLONG_MIN};
    static const double reals[] = {0.5, -0.0, 1, 1e-12, 5e-324, 1e30, 1e38, 1e39, 9.3e18, 1e308, -1e308};
    size_t at;
    switch (mutator_random(state, 8)) {
    case 0:
        return json_integer(integers[mutator_random(state, sizeof integers / sizeof *integers)]);
    case 1:
        return json_real(reals[mutator_random(state, sizeof reals / sizeof *reals)]);
    case 2:
        return mutator_random(state, 2) ? json_boolean(mutator_random(state, 2)) : json_null();
    case 3:
        return mutator_random(state, 2) ? json_object() : json_array();
    case 4:
        at = mutator_random(state, json_count(root));
        return json_deep_copy(json_find(root, &at));
    case 5:
        return json_is_integer(old) && llabs(json_integer_value(old)) < 1 << 30
            ? json_integer(json_integer_value(old) + (json_int_t)mutator_random(state, 9) - 4)
            : json_changed_text(old);
    case 6:
        return json_is_integer(old) && llabs(json_integer_value(old)) < 1 << 30
            ? json_integer(json_integer_value(old) * 2)
            : json_changed_text(old);
    default:
        return json_changed_text(old);
    }
}

/* One change somewhere: an element goes, comes, gets another key or another value. */
static inline void json_change(json_t *root, uint64_t *state)
{
    size_t at = mutator_random(state, json_count(root));
    json_t *node = json_find(root, &at);
    if (json_is_array(node)) {
        size_t size = json_array_size(node), i = mutator_random(state, size + 1), what = mutator_random(state, 4);
        if (i == size)
            json_array_append_new(node, json_other_value(root, size ? json_array_get(node, 0) : NULL, state));
        else if (what == 0)
            json_array_remove(node, i);
        else
            json_array_set_new(node, i, json_other_value(root, json_array_get(node, i), state));
    } else if (json_is_object(node)) {
        size_t size = json_object_size(node), i = mutator_random(state, size + 1), what = mutator_random(state, 8);
        void *place = json_object_iter(node);
        for (size_t k = 0; k < i && place; k++)
            place = json_object_iter_next(node, place);
        const char *old_key = place ? json_object_iter_key(place) : NULL;
        json_t *value = place ? json_object_iter_value(place) : NULL;
        if (!place || what == 1) {
            json_t *old = json_string(old_key ? old_key : ""), *key = json_changed_text(old);
            if (key)
                json_object_set_new(
                    node, json_string_value(key), value ? json_incref(value) : json_other_value(root, NULL, state));
            json_decref(old);
            json_decref(key);
        } else if (what == 0) {
            json_object_del(node, old_key);
        } else {
            json_object_set_new(node, old_key, json_other_value(root, value, state));
        }
    }
}

/* The new size; a text that is no JSON, or one change in four, gets a plain mutation. */
static inline size_t json_mutate(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    uint64_t state = seed;
    json_t *root = mutator_random(&state, 4) ? json_loadb((const char *)data, size, 0, NULL) : NULL;
    char *text = NULL;
    for (size_t changes = root ? 1 + mutator_random(&state, 3) : 0; changes; changes--)
        json_change(root, &state);
    if (root)
        text = json_dumps(root, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(root);
    size_t length = text ? strlen(text) : 0;
    if (!text || length > max_size) {
        free(text);
        return LLVMFuzzerMutate(data, size, max_size);
    }
    memcpy(data, text, length);
    free(text);
    return length;
}

#endif
