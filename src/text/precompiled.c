/* text/precompiled.c - sentencepiece's character map. */
#include "text/precompiled.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "text/unicode.h"

struct precompiled {
    uint32_t *units;
    size_t unit_count;
    char *replacements; /* ends with a NUL */
    size_t size;
};

smac_status precompiled_read(const unsigned char *data, size_t size, precompiled **out, smac_error *error)
{
    *out = NULL;
    size_t trie = 0;
    if (size >= 4)
        trie = data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16 | (size_t)data[3] << 24;
    if (size != 0 && (size < 4 || trie > size - 4 || trie % 4))
        return FAIL(error, SMAC_ERROR_FORMAT,
            "the precompiled character map has %zu bytes and names a trie of %zu bytes; it is broken", size, trie);
    precompiled *p = memory_new(1, sizeof *p);
    if (!p)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a character map of %zu bytes", size);
    p->unit_count = trie / 4;
    p->size = size ? size - 4 - trie : 0;
    p->units = memory_new(p->unit_count + 1, 4);
    p->replacements = memory_new(p->size + 1, 1);
    if (!p->units || !p->replacements) {
        precompiled_free(p);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a character map of %zu bytes", size);
    }
    for (size_t i = 0; i < p->unit_count; i++) {
        const unsigned char *u = data + 4 + 4 * i;
        p->units[i] = u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 | (uint32_t)u[3] << 24;
    }
    if (p->size)
        memcpy(p->replacements, data + 4 + trie, p->size);
    *out = p;
    return SMAC_OK;
}

void precompiled_free(precompiled *p)
{
    if (!p)
        return;
    free(p->units);
    free(p->replacements);
    free(p);
}

/* The bits of a unit of the double array (darts-clone). */
static size_t unit_offset(uint32_t unit)
{
    return (size_t)(unit >> 10) << ((unit & (1u << 9)) >> 6);
}

/* The replacement for the shortest key that begins the piece, or NULL. */
static const char *find(const precompiled *p, const char *piece, size_t length)
{
    if (p->unit_count == 0)
        return NULL;
    size_t at = unit_offset(p->units[0]);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)piece[i];
        if (c == 0)
            return NULL;
        at ^= c;
        if (at >= p->unit_count)
            return NULL;
        uint32_t unit = p->units[at];
        if ((unit & ((1u << 31) | 0xFF)) != c)
            return NULL;
        at ^= unit_offset(unit);
        if (at >= p->unit_count)
            return NULL;
        if (unit >> 8 & 1) {
            size_t value = p->units[at] & 0x7FFFFFFF;
            return value <= p->size ? p->replacements + value : NULL;
        }
    }
    return NULL;
}

smac_status precompiled_check(const precompiled *p, smac_error *error)
{
    const char *problem = NULL;
    if (p->unit_count == 0)
        return SMAC_OK;
    if (p->size == 0 || p->replacements[p->size - 1] != '\0')
        return FAIL(error, SMAC_ERROR_FORMAT, "the precompiled character map's replacements do not end with a NUL");
    uint8_t *seen = memory_new(p->unit_count, 1);
    uint32_t *stack = memory_new(p->unit_count, sizeof *stack);
    size_t depth = 0;
    if (!seen || !stack) {
        free(seen);
        free(stack);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a character map");
    }
    stack[depth++] = 0;
    seen[0] = 1;
    while (depth && !problem) {
        size_t at = stack[--depth], base = at ^ unit_offset(p->units[at]);
        if (base >= p->unit_count)
            problem = "leaves its trie";
        for (size_t c = 0; c < 256 && !problem; c++) {
            size_t child = base ^ c;
            if (child >= p->unit_count) {
                problem = "leaves its trie";
                break;
            }
            uint32_t unit = p->units[child];
            if ((unit & ((1u << 31) | 0xFF)) != c)
                continue;
            size_t value = child ^ unit_offset(unit);
            if ((unit >> 8 & 1) && (value >= p->unit_count || (p->units[value] & 0x7FFFFFFF) >= p->size))
                problem = "names a replacement that is not there";
            if (!seen[child]) {
                seen[child] = 1;
                stack[depth++] = (uint32_t)child;
            }
        }
    }
    free(seen);
    free(stack);
    return problem ? FAIL(error, SMAC_ERROR_FORMAT, "the precompiled character map is broken: it %s", problem)
                   : SMAC_OK;
}

/* All of the piece becomes the replacement. */
static void replace(aligned_text *out, const char *replacement, const aligned_char *first, const aligned_char *last)
{
    size_t length = strlen(replacement);
    for (size_t at = 0; at < length;) {
        uint32_t code = utf8_next(replacement, length, &at);
        aligned_add(out, code, first->start, last->end);
    }
}

void precompiled_apply(const precompiled *p, const aligned_text *text, aligned_text *out)
{
    for (size_t at = 0; at < text->count && !out->failed;) {
        /* One extended grapheme cluster. */
        utf8proc_int32_t state = 0;
        size_t end = at + 1;
        while (end < text->count &&
            !utf8proc_grapheme_break_stateful(
                (utf8proc_int32_t)text->items[end - 1].code, (utf8proc_int32_t)text->items[end].code, &state))
            end++;
        char bytes[8];
        size_t length = 0;
        for (size_t i = at; i < end && length < 6; i++) {
            char one[4];
            size_t n = (size_t)utf8_put(text->items[i].code, one);
            if (length + n >= 6)
                length = 6;
            else {
                memcpy(bytes + length, one, n);
                length += n;
            }
        }
        const char *found = length < 6 ? find(p, bytes, length) : NULL;
        if (found)
            replace(out, found, &text->items[at], &text->items[end - 1]);
        for (size_t i = at; i < end && !found; i++) {
            const aligned_char *item = &text->items[i];
            length = (size_t)utf8_put(item->code, bytes);
            const char *single = find(p, bytes, length);
            if (single)
                replace(out, single, item, item);
            else
                aligned_add(out, item->code, item->start, item->end);
        }
        at = end;
    }
}
