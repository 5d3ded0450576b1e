/* media/libav_picture.h - decoded frames of any pixel format to upright RGB; only for the files libav_*.c. */
#ifndef SMAC_MEDIA_LIBAV_PICTURE_H
#define SMAC_MEDIA_LIBAV_PICTURE_H

#include <libavutil/frame.h>
#include <libswscale/swscale.h>

#include "base/error.h"
#include "media/resize.h"

typedef struct picture_converter {
    struct SwsContext *context;
    uint8_t *rgb, *upright; /* as stored; after rotation and mirroring */
    size_t rgb_bytes, upright_bytes;
} picture_converter;

/* A decoded frame and how to show it. */
typedef struct stored_picture {
    const AVFrame *frame;
    int orientation;     /* of the container; 0: the frame's EXIF */
    double pixel_aspect; /* width / height of a pixel */
    const char *path;    /* for messages */
} stored_picture;

/*
 * The colour matrix and range are the frame's own; where it does not say, BT.601 and (except for JPEG formats) limited
 * range, as ffmpeg takes them.  Transparency is dropped.  
 * out points into the converter and holds until the next call.
 */
smac_status picture_converter_run(picture_converter *c, const stored_picture *stored, picture *out, smac_error *error);
void picture_converter_free(picture_converter *c);

#endif
