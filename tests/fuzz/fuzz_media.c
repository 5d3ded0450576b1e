/* Fuzz target of the media reader: the input is a file of any kind; at most a few hundred events are taken. */
#define _GNU_SOURCE /* memfd_create */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "media/frames.h"
#include "media/transcript.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int descriptor = memfd_create("fuzz", 0);
    if (descriptor < 0)
        return 0;
    if (write(descriptor, data, size) == (ssize_t)size) {
        char path[64];
        snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
        frame_options options = {.size = 16, .media.max_pixels = 1 << 20};
        media_reader *reader;
        smac_error error;
        if (media_reader_open(path, &options, &reader, &error) == SMAC_OK) {
            media_event event;
            for (int i = 0; i < 300; i++)
                if (media_reader_next(reader, &event, &error) != SMAC_OK || event.kind == MEDIA_EVENT_END)
                    break;
            media_reader_close(reader);
        }
        transcript words;
        if (transcript_from_media(path, NULL, &words, NULL, &error) == SMAC_OK)
            transcript_free(&words);
    }
    close(descriptor);
    return 0;
}
