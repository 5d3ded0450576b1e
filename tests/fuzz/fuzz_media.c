/* Fuzz target of the media reader: the input is a file of any kind; at most a few hundred events are taken. */
#define _GNU_SOURCE /* memfd_create */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "media/decoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int descriptor = memfd_create("fuzz", 0);
    if (descriptor < 0)
        return 0;
    if (write(descriptor, data, size) == (ssize_t)size) {
        char path[64];
        snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
        media_options options = {.max_pixels = 1 << 20, .subtitles = true};
        decoder *d;
        smac_error error;
        if (decoder_open(path, &options, &d, &error) == SMAC_OK) {
            decoded piece;
            picture shown;
            for (int i = 0; i < 300; i++) {
                if (decoder_next(d, &piece, &error) != SMAC_OK || piece.kind == DECODED_END)
                    break;
                if (piece.kind == DECODED_PICTURE)
                    decoder_picture(d, &shown, &error);
            }
            decoder_close(d);
        }
    }
    close(descriptor);
    return 0;
}
