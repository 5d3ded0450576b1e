/* base/sha256.h - SHA-256 (FIPS 180-4) as 64 hexadecimal digits and a NUL. */
#ifndef SMAC_BASE_SHA256_H
#define SMAC_BASE_SHA256_H

#include <stddef.h>

#include "base/error.h"

void sha256_hex(const void *data, size_t size, char out[65]); /* "" when memory is short */
smac_status sha256_file(const char *path, char out[65], smac_error *error);

typedef struct sha256_state sha256_state;
sha256_state *sha256_new(void); /* NULL when memory is short */
void sha256_add(sha256_state *s, const void *data, size_t size);
void sha256_finish_free(sha256_state *s, char out[65]);

#endif
