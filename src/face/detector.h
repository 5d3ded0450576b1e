/*
 * face/detector.h - faces in a picture: scaled to the detector's working size, through the network, decoded.
 *
 * A detector is immutable: any number of finders may use it at once.  A finder keeps the memory of one picture and
 * belongs to one thread at a time.
 */
#ifndef SMAC_FACE_DETECTOR_H
#define SMAC_FACE_DETECTOR_H

#include "face/retinaface.h"
#include "media/resize.h"

typedef struct face_detector face_detector;

/* From a weights file.  Errors of tensor_file_open and retinaface_new, with the path. */
smac_status face_detector_open(const char *path, face_detector **out, smac_error *error);
void face_detector_free(face_detector *d); /* NULL is fine */
/* The same from an open file, which is not needed afterwards. */
smac_status face_detector_new(const tensor_file *file, face_detector **out, smac_error *error);

typedef struct face_finder face_finder;

typedef struct face_finder_options {
    int long_side;          /* pictures are scaled to it, smaller ones stay as they are; 0: FACE_LONG_SIDE */
    float least;            /* probability of a face; 0: FACE_LEAST */
    float overlap;          /* of two faces, above which they are one; 0: 0.4 */
    interruption interrupt; /* asked between the operations */
} face_finder_options;

/* Measured: docs/media.md. */
enum { FACE_LONG_SIDE = 480 };
#define FACE_LEAST 0.6f

/* The detector must outlive it.  options NULL: all zero. */
smac_status face_finder_new(
    const face_detector *d, const face_finder_options *options, face_finder **out, smac_error *error);
void face_finder_free(face_finder *f); /* NULL is fine */

/* The surest first; *out holds until the next call.  ARGUMENT for an empty picture. */
smac_status face_finder_find(face_finder *f, const picture *in, face_list *out, smac_error *error);

#endif
