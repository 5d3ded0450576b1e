/* base/sha256.c - SHA-256 by libcrypto. */
#include "base/sha256.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"

struct sha256_state {
    EVP_MD_CTX *context;
};

sha256_state *sha256_new(void)
{
    sha256_state *s = memory_new(1, sizeof *s);
    if (!s)
        return NULL;
    s->context = EVP_MD_CTX_new();
    if (!s->context || EVP_DigestInit_ex(s->context, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(s->context);
        free(s);
        return NULL;
    }
    return s;
}

void sha256_add(sha256_state *s, const void *data, size_t size)
{
    if (size)
        EVP_DigestUpdate(s->context, data, size);
}

void sha256_finish_free(sha256_state *s, char out[65])
{
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    unsigned length = 0;
    EVP_DigestFinal_ex(s->context, digest, &length);
    for (int i = 0; i < 32; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
    EVP_MD_CTX_free(s->context);
    free(s);
}

void sha256_hex(const void *data, size_t size, char out[65])
{
    sha256_state *s = sha256_new();
    out[0] = 0;
    if (s) {
        sha256_add(s, data, size);
        sha256_finish_free(s, out);
    }
}

static smac_status add_part(void *user, const void *data, size_t size, smac_error *error)
{
    (void)error;
    sha256_add(user, data, size);
    return SMAC_OK;
}

smac_status sha256_file(const char *path, char out[65], smac_error *error)
{
    sha256_state *s = sha256_new();
    out[0] = 0;
    if (!s)
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory to check %s", path);
    smac_status status = file_read_parts(path, add_part, s, error);
    sha256_finish_free(s, out);
    if (status != SMAC_OK)
        out[0] = 0;
    return status;
}
