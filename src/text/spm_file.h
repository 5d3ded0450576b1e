/* text/spm_file.h - what is in a SentencePiece .model file: pieces, scores and the character map. */
#ifndef SMAC_TEXT_SPM_FILE_H
#define SMAC_TEXT_SPM_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Types of pieces (sentencepiece_model.proto). */
enum { SPM_NORMAL = 1, SPM_UNKNOWN = 2, SPM_CONTROL = 3, SPM_USER_DEFINED = 4, SPM_UNUSED = 5, SPM_BYTE = 6 };
/* Types of models. */
enum { SPM_UNIGRAM = 1, SPM_BPE = 2, SPM_WORD = 3, SPM_CHAR = 4 };

typedef struct spm_piece {
    char *text; /* NUL-terminated */
    float score;
    int type;
} spm_piece;

typedef struct spm_file {
    spm_piece *pieces;
    size_t count, capacity;
    int model_type;
    int64_t unknown_id;
    const unsigned char *map; /* the precompiled character map, inside the bytes that were read; NULL: none */
    size_t map_size;
} spm_file;

/* data must live as long as out->map is used.  FORMAT when the bytes are not such a file. */
smac_status spm_file_read(const void *data, size_t size, spm_file *out, smac_error *error);
/* Checks that libsentencepiece will not read outside the file; FORMAT names what is malformed. */
smac_status spm_file_check(const void *data, size_t size, smac_error *error);
void spm_file_free(spm_file *f);

#endif
