/* pipeline/affect_model_digest.c - the SHA-256 that identifies an encoder's weights. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "compute/parallel.h"
#include "pipeline/affect_model_build.h"

enum {
    DIGEST_PIECE = 8 << 20, /* bytes of a tensor that are hashed as one piece */
    AT_ONCE = 16            /* pieces between two questions whether to stop */
};

typedef struct digest_work {
    const tensor_file *file;
    const int64_t *first; /* (tensors + 1) the number of each tensor's first piece */
    char (*pieces)[65];
    int64_t done;
} digest_work;

static void digest_piece(void *context, int64_t place)
{
    const digest_work *w = context;
    int64_t piece = w->done + place;
    size_t low = 0, high = tensor_file_count(w->file);
    while (high - low > 1) { /* the last tensor that begins at or before this piece */
        size_t middle = low + (high - low) / 2;
        *(w->first[middle] <= piece ? &low : &high) = middle;
    }
    const tensor_entry *e = tensor_file_at(w->file, low);
    size_t from = (size_t)(piece - w->first[low]) * DIGEST_PIECE;
    size_t size = e->bytes - from < DIGEST_PIECE ? e->bytes - from : DIGEST_PIECE;
    const tensor_entry part = {.data = (const char *)e->data + from, .bytes = size};
    sha256_hex(part.data, part.bytes, w->pieces[piece]);
    tensor_file_forget(w->file, &part); /* else the file stays in memory beside what is packed from it */
}

smac_status affect_model_encoder_digest(const tensor_file *file, char out[65], smac_error *error)
{
    size_t count = tensor_file_count(file);
    int64_t *first = memory_new(count + 1, sizeof *first);
    for (size_t i = 0; first && i < count; i++) {
        size_t bytes = tensor_file_at(file, i)->bytes;
        first[i + 1] = first[i] + (int64_t)(bytes / DIGEST_PIECE) + (bytes % DIGEST_PIECE != 0);
    }
    digest_work work = {.file = file,
        .first = first,
        .pieces = first ? memory_new((size_t)first[count] + 1, sizeof *work.pieces) : NULL};
    sha256_state *hash = work.pieces ? sha256_new() : NULL;
    smac_status status = hash ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for the SHA-256 of an encoder");
    for (; status == SMAC_OK && work.done < first[count]; work.done += AT_ONCE) {
        int64_t left = first[count] - work.done;
        status = tensor_file_check(file, error);
        if (status == SMAC_OK)
            parallel_for(left < AT_ONCE ? left : AT_ONCE, digest_piece, &work);
    }
    bool whole = status == SMAC_OK;
    for (int64_t i = 0; whole && i < first[count]; i++)
        whole = work.pieces[i][0] != 0;
    for (size_t i = 0; whole && i < count; i++) {
        const tensor_entry *e = tensor_file_at(file, i);
        char shape[128];
        sha256_add(hash, e->name, strlen(e->name) + 1);
        sha256_add(hash, tensor_type_name(e->type), strlen(tensor_type_name(e->type)) + 1);
        tensor_shape_text(e->rank, e->dim, shape, sizeof shape);
        sha256_add(hash, shape, strlen(shape) + 1);
        sha256_add(hash, work.pieces[first[i]], (size_t)(first[i + 1] - first[i]) * sizeof *work.pieces);
    }
    if (hash)
        sha256_finish_free(hash, out);
    free(work.pieces);
    free(first);
    if (status == SMAC_OK && !whole)
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the SHA-256 of an encoder");
    return status;
}
