/*
 * face/decode.h - from the network's outputs to faces: anchors, offsets from them, and of faces that overlap the surest.
 *
 * Level k of the network looks at the picture with a stride of 8, 16 and 32 pixels.  Each place of a level has two
 * anchors, squares around the middle of its stride (FACE_ANCHOR_SIDES), and for each of them two scores (no face, a
 * face), four box offsets and five points' offsets, in units of the anchor's side times the variances .1 and .2, as in
 * single-shot detectors (Liu and others 2016).
 */
#ifndef SMAC_FACE_DECODE_H
#define SMAC_FACE_DECODE_H

#include <stdint.h>

#include "base/error.h"
#include "face/face.h"

enum { FACE_LEVELS = 3, FACE_ANCHORS = 2 };
extern const int FACE_STRIDES[FACE_LEVELS];
extern const float FACE_ANCHOR_SIDES[FACE_LEVELS][FACE_ANCHORS];

/* The outputs of one level, (rows, columns, FACE_ANCHORS, values), row-major. */
typedef struct face_level {
    int64_t rows, columns;
    const float *scores; /* values 2, logits */
    const float *boxes;  /* values 4 */
    const float *points; /* values 10 */
} face_level;

/*
 * Adds the anchors whose probability is at least `least` to out, the surest first.  levels: FACE_LEVELS of them.
 * Positions are pixels of the network's input.
 */
smac_status face_decode(const face_level *levels, float least, face_list *out, smac_error *error);
/* Keep of faces that overlap by more than `most` the one before in the list; order stays. */
void face_suppress(face_list *faces, float most);

#endif
