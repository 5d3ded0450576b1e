/*
 * experiments/tokenizers/dump.c - encode records and write what came out, for parity.py to compare.
 * Usage: dump TOKENIZER RECORDS OUT [decode].  Records: u32 length and bytes.  Out, for each record: u32 count, ids,
 * starts and ends (u32 each); with "decode" also u32 length and bytes of the ids decoded (special tokens kept).
 * TOKENIZER is opened by path, written down and opened again from memory, so both ways are checked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "text/tokenizer.h"

static int fail(const smac_error *e)
{
    fprintf(stderr, "%s\n", e->message);
    return 1;
}

int main(int argc, char **argv)
{
    smac_error e;
    tokenizer *first, *t;
    mapped_file file;
    char *text;
    size_t length, texts = 0;
    if (argc < 4)
        return 2;
    struct timespec a, b, c;
    clock_gettime(CLOCK_MONOTONIC, &a);
    if (tokenizer_open(argv[1], &first, &e) || tokenizer_serialise(first, &text, &length, &e) ||
        tokenizer_open_memory(text, length, &t, &e) || file_map(argv[2], &file, &e))
        return fail(&e);
    free(text);
    tokenizer_close(first);
    FILE *out = fopen(argv[3], "wb");
    clock_gettime(CLOCK_MONOTONIC, &b);
    double seconds = 0;
    for (size_t at = 0; at + 4 <= file.size;) {
        uint32_t n;
        token_encoding enc;
        memcpy(&n, file.data + at, 4);
        at += 4;
        clock_gettime(CLOCK_MONOTONIC, &b);
        if (tokenizer_encode(t, (text_span){(const char *)file.data + at, n}, NULL, &enc, &e))
            return fail(&e);
        clock_gettime(CLOCK_MONOTONIC, &c);
        seconds += (double)(c.tv_sec - b.tv_sec) + 1e-9 * (double)(c.tv_nsec - b.tv_nsec);
        at += n;
        texts++;
        uint32_t count = (uint32_t)enc.count;
        fwrite(&count, 4, 1, out);
        fwrite(enc.ids, 4, count, out);
        for (int end = 0; end < 2; end++)
            for (uint32_t i = 0; i < count; i++) {
                uint32_t place = (uint32_t)(end ? enc.places[i].end : enc.places[i].start);
                fwrite(&place, 4, 1, out);
            }
        if (argc > 4) {
            if (tokenizer_decode(t, enc.ids, count, false, &text, &length, &e))
                return fail(&e);
            uint32_t bytes = (uint32_t)length;
            fwrite(&bytes, 4, 1, out);
            fwrite(text, 1, length, out);
            free(text);
        }
        token_encoding_free(&enc);
    }
    fprintf(stderr, "%zu texts in %.3f s\n", texts, seconds);
    tokenizer_close(t);
    file_unmap(&file);
    return fclose(out) != 0;
}
