/*
 * face/align.h - a face cut out of a picture, upright and of one size: a similarity (rotation, one scale, a shift) brings
 * its five points to fixed places of a square.
 *
 * The places are the medians over the pictures of FER2013, whose framing (forehead to chin, both cheeks) is thereby also
 * the framing of the crop: a model trained on such stills sees faces of a video as it saw those.
 */
#ifndef SMAC_FACE_ALIGN_H
#define SMAC_FACE_ALIGN_H

#include "base/error.h"
#include "face/face.h"
#include "media/resize.h"

/* The points' places in a square of side 1. */
extern const face_point FACE_TEMPLATE[FACE_POINTS];

/* From the crop's pixels to the picture's: x' = a x - b y + left, y' = b x + a y + top, before pixels are made square. */
typedef struct face_similarity {
    float a, b, left, top;
} face_similarity;

/* The square of `size` pixels around a face.  pixel_aspect: width / height of the picture's pixels. */
face_similarity face_alignment(const face *f, int size, float pixel_aspect);

/* The square itself: out (size, size, 3).  Outside the picture its edge is repeated.  ARGUMENT for an empty picture. */
smac_status face_cut(const picture *in, const face *f, int size, uint8_t *out, smac_error *error);

/* width / height of a picture's pixels: 1 where they are square. */
float picture_pixel_aspect(const picture *p);

#endif
