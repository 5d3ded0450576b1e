/* media/libav_picture.h - a decoded frame of any pixel format to upright RGB bytes; for the files libav_*.c alone. */
#ifndef SMAC_MEDIA_LIBAV_PICTURE_H
#define SMAC_MEDIA_LIBAV_PICTURE_H

#include <libavutil/frame.h>
#include <libswscale/swscale.h>

#include "base/error.h"
#include "media/resize.h"

typedef struct picture_converter {
    struct SwsContext *context;
    uint8_t *rgb, *turned; /* as stored; upright */
    size_t rgb_bytes, turned_bytes;
} picture_converter;

/*
 * The colour matrix and range are the frame's own; where it does not say, BT.601 and (except for JPEG formats) limited
 * range, as ffmpeg takes them.  Transparency is dropped.  Orientation: of the container, else of the frame's EXIF.
 * out points into the converter and holds until the next call.
 */
smac_status picture_converter_run(
    picture_converter *c, const AVFrame *frame, int orientation, const char *path, picture *out, smac_error *error);
void picture_converter_free(picture_converter *c);

#endif
