/*
 * weights/ctranslate2.c - CTranslate2's model.bin, version 6 (as faster-whisper's models are published): u32 version,
 * the specification's name (u16 length with its closing NUL, bytes), u32 revision, u32 number of variables, each a
 * name, u8 rank, u32 sizes, u8 type, u32 bytes, data; then u32 number of aliases, each two names.  Little-endian.
 */
#include <stdlib.h>
#include <string.h>

#include "weights/tensor_file_internal.h"

typedef struct cursor {
    const uint8_t *data;
    size_t size, at;
    const char *source;
    smac_error *error;
} cursor;

static smac_status take(cursor *c, size_t count, const uint8_t **out)
{
    if (count > c->size - c->at)
        return FAIL(c->error, SMAC_ERROR_FORMAT, "%s ends at byte %zu within a value", c->source, c->size);
    *out = c->data + c->at;
    c->at += count;
    return SMAC_OK;
}

static smac_status take_number(cursor *c, int bytes, uint64_t *out)
{
    const uint8_t *p;
    TRY(take(c, (size_t)bytes, &p));
    *out = 0;
    for (int i = bytes - 1; i >= 0; i--)
        *out = *out << 8 | p[i];
    return SMAC_OK;
}

/* points into the file; its closing NUL is checked */
static smac_status take_text(cursor *c, const char **out)
{
    uint64_t length;
    const uint8_t *p;
    TRY(take_number(c, 2, &length));
    TRY(take(c, (size_t)length, &p));
    if (length == 0 || p[length - 1] != 0 || memchr(p, 0, (size_t)length - 1))
        return FAIL(c->error, SMAC_ERROR_FORMAT, "%s: a name at byte %zu does not end with its NUL", c->source, c->at);
    *out = (const char *)p;
    return SMAC_OK;
}

bool ctranslate2_recognises(const uint8_t *data, size_t size)
{
    return size > 16 && data[0] >= 1 && data[0] <= 10 && !data[1] && !data[2] && !data[3] && data[4] > 4 && !data[5] &&
        (size_t)data[4] + 6 < size && data[5 + data[4]] == 0 && memchr(data + 6, 'S', data[4]) &&
        strstr((const char *)data + 6, "Spec");
}

/* Another name of a variable, which the file's index has. */
static smac_status take_alias(cursor *c, const tensor_file *file, tensor_entry *out)
{
    const char *alias, *name;
    TRY(take_text(c, &alias));
    TRY(take_text(c, &name));
    const tensor_entry *of = tensor_file_find(file, name);
    if (!of)
        return FAIL(c->error, SMAC_ERROR_FORMAT, "%s: \"%.200s\" claims to be \"%.200s\", which is not there",
            c->source, alias, name);
    *out = *of;
    out->name = alias;
    return SMAC_OK;
}

smac_status ctranslate2_read_into(
    tensor_file *file, const uint8_t *data, size_t size, const char *source, smac_error *error)
{
    static const tensor_type types[] = {TENSOR_F32, TENSOR_I8, TENSOR_I16, TENSOR_I32, TENSOR_F16, TENSOR_BF16};
    cursor c = {data, size, 0, source, error};
    uint64_t version, revision, variables, aliases;
    const char *specification;
    TRY(take_number(&c, 4, &version));
    if (version != 6)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "%s is a CTranslate2 model of version %llu, expected 6; convert "
            "it again with a current ct2-transformers-converter",
            source, (unsigned long long)version);
    TRY(take_text(&c, &specification));
    TRY(take_number(&c, 4, &revision));
    TRY(take_number(&c, 4, &variables));
    if (!tensor_file_add_metadata(file, "specification", specification))
        return FAIL(error, SMAC_ERROR_MEMORY, "%s: there is no memory to read it", source);
    for (uint64_t i = 0; i < variables; i++) {
        tensor_entry entry = {0};
        uint64_t rank, dimension, type, bytes;
        const uint8_t *p;
        int64_t expected;
        TRY(take_text(&c, &entry.name));
        TRY(take_number(&c, 1, &rank));
        if (rank > TENSOR_MAX_RANK)
            return FAIL(error, SMAC_ERROR_FORMAT,
                "%s: the variable \"%.200s\" has %llu dimensions, expected at most %d", source, entry.name,
                (unsigned long long)rank, TENSOR_MAX_RANK);
        entry.rank = (int)rank;
        for (int d = 0; d < entry.rank; d++) {
            TRY(take_number(&c, 4, &dimension));
            entry.dim[d] = (int64_t)dimension;
        }
        TRY(take_number(&c, 1, &type));
        TRY(take_number(&c, 4, &bytes));
        if (type >= sizeof types / sizeof *types)
            return FAIL(error, SMAC_ERROR_UNSUPPORTED,
                "%s: the variable \"%.200s\" is of the unknown type %llu; convert it again to int8, float16 or float32",
                source, entry.name, (unsigned long long)type);
        entry.type = types[type];
        if (!tensor_count(entry.rank, entry.dim, &entry.count) ||
            __builtin_mul_overflow(entry.count, (int64_t)tensor_type_bytes(entry.type), &expected) ||
            (uint64_t)expected != bytes)
            return FAIL(error, SMAC_ERROR_FORMAT,
                "%s: the variable \"%.200s\" has %llu bytes, its shape and type need another number", source,
                entry.name, (unsigned long long)bytes);
        TRY(take(&c, (size_t)bytes, &p));
        entry.data = p;
        entry.bytes = (size_t)bytes;
        if (!tensor_file_add(file, &entry))
            return FAIL(error, SMAC_ERROR_MEMORY, "%s: there is no memory for its list of tensors", source);
    }
    TRY(take_number(&c, 4, &aliases));
    if (aliases > (size - c.at) / 4)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s claims to have %llu aliases, but ends before them", source,
            (unsigned long long)aliases);
    TRY(tensor_file_index(file, source, error));
    tensor_entry *others = memory_new((size_t)aliases, sizeof *others);
    if (!others)
        return FAIL(
            error, SMAC_ERROR_MEMORY, "%s: there is no memory for %llu aliases", source, (unsigned long long)aliases);
    smac_status code = SMAC_OK;
    for (uint64_t i = 0; i < aliases && code == SMAC_OK; i++)
        code = take_alias(&c, file, &others[i]);
    for (uint64_t i = 0; i < aliases && code == SMAC_OK; i++)
        if (!tensor_file_add(file, &others[i]))
            code = FAIL(error, SMAC_ERROR_MEMORY, "%s: there is no memory for its list of tensors", source);
    free(others);
    TRY(code);
    if (c.at != size)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s has %zu bytes after its last alias", source, size - c.at);
    return SMAC_OK;
}
