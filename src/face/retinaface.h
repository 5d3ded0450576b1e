/*
 * face/retinaface.h - the network of RetinaFace (Deng and others 2020) in its small public form: MobileNet with a quarter
 * of the channels, a feature pyramid over its last three stages, a context module (SSH) and three heads a level.
 *
 * Weights are a PyTorch state dictionary (names "body.stage1.0.0.weight", with or without "module." before them).  The
 * layout is fixed, the channels are what the file has.  Batch norms are folded into the convolutions before them while
 * loading: w g / sqrt(v + 1e-5) and b - m g / sqrt(v + 1e-5).
 */
#ifndef SMAC_FACE_RETINAFACE_H
#define SMAC_FACE_RETINAFACE_H

#include "autograd/tape.h"
#include "face/decode.h"
#include "weights/tensor_file.h"

typedef struct retinaface retinaface;

/* Whether the file holds such weights. */
bool retinaface_is(const tensor_file *file);

/*
 * Errors: NOT_FOUND and MISMATCH with the tensor's name, FORMAT for values that are not finite, MEMORY.  The file is not
 * needed afterwards.  Immutable: any number of threads may run it, each with a tape of its own.
 */
smac_status retinaface_new(const tensor_file *file, retinaface **out, smac_error *error);
void retinaface_free(retinaface *n); /* NULL is fine */

/* The colours' means, to be subtracted from RGB bytes. */
extern const float RETINAFACE_MEAN[3];

/* The outputs of one level: (1, rows, columns, FACE_ANCHORS values). */
typedef struct retinaface_level {
    value *scores, *boxes, *points;
} retinaface_level;

/* pixels (1, height, width, 3), RGB less the means.  Errors stick to the tape, which must not record. */
void retinaface_run(const retinaface *n, tape *t, value *pixels, retinaface_level out[FACE_LEVELS]);

#endif
