/* media/jpeg.h - a small picture as JPEG bytes, for the thumbnails of reports. */
#ifndef SMAC_MEDIA_JPEG_H
#define SMAC_MEDIA_JPEG_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* rgb (height, width, 3) bytes; quality from 1 (small) to 100.  Free *out with free(). */
smac_status jpeg_encode(
    const uint8_t *rgb, int width, int height, int quality, uint8_t **out, size_t *size, smac_error *error);

#endif
