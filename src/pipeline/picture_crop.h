/*
 * pipeline/picture_crop.h - what of a picture the model sees (vision.crop): all of it, a half, or one face.
 *
 * whole: the middle square, as frame_sampler takes it.  left, centre, right: the same of that half of the width.  face:
 * the face that is followed (face/follow.h), cut out upright with the picture's size (face/align.h).  A picture whose
 * sides are both under 100 pixels is taken whole: it is a face that somebody cut out before.
 */
#ifndef SMAC_PIPELINE_PICTURE_CROP_H
#define SMAC_PIPELINE_PICTURE_CROP_H

#include "base/interrupt.h"
#include "face/follow.h"
#include "media/resize.h"
#include "model/configuration.h"

struct face_detector; /* face/detector.h */

/* Which half of the pictures shows the speaker, where two are filmed side by side; cut before everything else. */
typedef enum picture_half { PICTURE_WHOLE, PICTURE_LEFT, PICTURE_RIGHT } picture_half;

typedef struct picture_cropper_options {
    vision_crop crop;
    picture_half half;
    face_choice choice;
    int size;                             /* of a cut out face, in pixels */
    const struct face_detector *detector; /* must outlive the cropper; NULL with other crops */
    interruption interrupt;
} picture_cropper_options;

/* Of one picture. */
typedef struct picture_crop {
    picture picture; /* what is to be seen; in the memory of the given picture or of the cropper */
    bool is_found;   /* false: a face was looked for and none is followed */
    bool was_searched;
    int count; /* faces in the picture */
    face face; /* the followed one; its positions are shares of the whole picture's width and height */
} picture_crop;

typedef struct picture_cropper picture_cropper;

bool picture_cropper_is_needed(const picture_cropper_options *options); /* false: pictures are taken as they are */
/* INTERNAL without a detector for crop face; MEMORY. */
smac_status picture_cropper_new(const picture_cropper_options *options, picture_cropper **out, smac_error *error);
void picture_cropper_free(picture_cropper *c); /* NULL is fine */
/* The next picture of a recording, shown from `time` on.  *out holds until the next call. */
smac_status picture_cropper_take(
    picture_cropper *c, const picture *shown, double time, picture_crop *out, smac_error *error);

#endif
