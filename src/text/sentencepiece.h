/* text/sentencepiece.h - libsentencepiece through a C interface: encoding by a .model file. */
#ifndef SMAC_TEXT_SENTENCEPIECE_H
#define SMAC_TEXT_SENTENCEPIECE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "base/error.h"

typedef struct sentencepiece_model sentencepiece_model;

/* The bytes of a .model file (a protocol buffer).  FORMAT when it is not one. */
smac_status sentencepiece_open(const void *data, size_t size, sentencepiece_model **out, smac_error *error);
void sentencepiece_close(sentencepiece_model *p);

int32_t sentencepiece_size(const sentencepiece_model *p);
const char *sentencepiece_piece(const sentencepiece_model *p, int32_t id);                  /* lives as long as p */
int32_t sentencepiece_find(const sentencepiece_model *p, const char *piece, size_t length); /* -1: no such piece */
bool sentencepiece_is_control(const sentencepiece_model *p, int32_t id);                    /* control, not unknown */
int32_t sentencepiece_unknown(const sentencepiece_model *p);
int32_t sentencepiece_byte(const sentencepiece_model *p, int32_t id); /* the byte of a byte-fallback piece, or -1 */

/* For each piece: its id and the bytes of the text it covers. */
typedef smac_status (*sentencepiece_token)(void *user, int32_t id, size_t begin, size_t end);
smac_status sentencepiece_encode(const sentencepiece_model *p, const char *text, size_t length,
    sentencepiece_token token, void *user, smac_error *error);

#ifdef __cplusplus
}
#endif
#endif
