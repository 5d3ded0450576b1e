/* text/spm_file.c - reading the protocol buffer of a .model file (sentencepiece_model.proto, the fields needed). */
#include "text/spm_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "text/precompiled.h"

typedef struct wire {
    const unsigned char *at, *end;
} wire;

/* One field: its number and either a number or a run of bytes. */
typedef struct field {
    uint64_t number, value;
    int type;
    wire bytes;
} field;

static int read_varint(wire *w, uint64_t *out)
{
    *out = 0;
    for (int shift = 0; shift < 64 && w->at < w->end; shift += 7) {
        unsigned char b = *w->at++;
        *out |= (uint64_t)(b & 0x7F) << shift;
        if (b < 0x80)
            return 1;
    }
    return 0;
}

/* 1: a field was read; 0: the end; -1: broken. */
static int next_field(wire *w, field *f)
{
    uint64_t tag, length;
    if (w->at == w->end)
        return 0;
    if (!read_varint(w, &tag))
        return -1;
    *f = (field){.number = tag >> 3, .type = (int)(tag & 7)};
    switch (f->type) {
    case 0:
        return read_varint(w, &f->value) ? 1 : -1;
    case 1:
        length = 8;
        break;
    case 2:
        if (!read_varint(w, &length))
            return -1;
        break;
    case 5:
        length = 4;
        break;
    default:
        return -1;
    }
    if (length > (uint64_t)(w->end - w->at))
        return -1;
    f->bytes = (wire){w->at, w->at + length};
    w->at += length;
    return 1;
}

static smac_status broken(smac_error *error)
{
    return FAIL(error, SMAC_ERROR_FORMAT, "the bytes are not a SentencePiece model: the protocol buffer is malformed");
}

static smac_status read_piece(wire w, spm_file *out, smac_error *error)
{
    field f;
    int more;
    if (!memory_grow((void **)&out->pieces, &out->capacity, out->count + 1, sizeof *out->pieces))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu pieces", out->count + 1);
    spm_piece *p = &out->pieces[out->count++];
    *p = (spm_piece){NULL, 0, SPM_NORMAL};
    while ((more = next_field(&w, &f)) > 0) {
        size_t length = (size_t)(f.bytes.end - f.bytes.at);
        if (f.number == 1 && f.type == 2) {
            free(p->text);
            p->text = memory_copy_text_n((const char *)f.bytes.at, length);
            if (!p->text)
                return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a piece");
            if (strlen(p->text) != length)
                return FAIL(error, SMAC_ERROR_FORMAT, "piece %zu holds a NUL byte", out->count - 1);
        } else if (f.number == 2 && f.type == 5) {
            uint32_t bits = f.bytes.at[0] | (uint32_t)f.bytes.at[1] << 8 | (uint32_t)f.bytes.at[2] << 16 |
                (uint32_t)f.bytes.at[3] << 24;
            memcpy(&p->score, &bits, 4);
        } else if (f.number == 3 && f.type == 0)
            p->type = (int)f.value;
    }
    if (more < 0 || !p->text)
        return broken(error);
    return SMAC_OK;
}

smac_status spm_file_read(const void *data, size_t size, spm_file *out, smac_error *error)
{
    wire w = {data, (const unsigned char *)data + size};
    field f, inner;
    int more;
    *out = (spm_file){.model_type = SPM_UNIGRAM};
    while ((more = next_field(&w, &f)) > 0) {
        smac_status status = SMAC_OK;
        int inside = 0;
        if (f.type != 2)
            continue;
        if (f.number == 1)
            status = read_piece(f.bytes, out, error);
        while (f.number == 2 && (inside = next_field(&f.bytes, &inner)) > 0) { /* trainer_spec */
            if (inner.number == 3 && inner.type == 0)
                out->model_type = (int)inner.value;
            if (inner.number == 40 && inner.type == 0)
                out->unknown_id = (int64_t)inner.value;
        }
        while (f.number == 3 && (inside = next_field(&f.bytes, &inner)) > 0) /* normalizer_spec */
            if (inner.number == 2 && inner.type == 2) {
                out->map = inner.bytes.at;
                out->map_size = (size_t)(inner.bytes.end - inner.bytes.at);
            }
        if (status == SMAC_OK && inside < 0)
            status = broken(error);
        if (status != SMAC_OK) {
            spm_file_free(out);
            return status;
        }
    }
    if (more < 0 || out->count == 0) {
        spm_file_free(out);
        return broken(error);
    }
    return SMAC_OK;
}

smac_status spm_file_check(const void *data, size_t size, smac_error *error)
{
    spm_file file;
    precompiled *map = NULL;
    TRY(spm_file_read(data, size, &file, error));
    smac_status status = precompiled_read(file.map, file.map_size, &map, error);
    if (status == SMAC_OK)
        status = precompiled_check(map, error);
    precompiled_free(map);
    spm_file_free(&file);
    return status;
}

void spm_file_free(spm_file *f)
{
    for (size_t i = 0; i < f->count; i++)
        free(f->pieces[i].text);
    free(f->pieces);
    *f = (spm_file){0};
}
