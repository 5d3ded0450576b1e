/*
 * synth/face.h - a drawn face: who it is (identity), where it is (scene), and what it does in one picture (pose).
 *
 * The state s_v in [-1, 1] of synth/states.h is shown by cues that the whole of a small picture carries: the curve of
 * the mouth and its width, the height and the slant of the brows, the opening of the eyes, raised and flushed cheeks.
 * A negative face is sad (inner ends of the brows up, lids hanging) or angry (inner ends down, eyes narrow) by its
 * temper.  Identity, light, pose and background vary independently of the state.
 */
#ifndef SMAC_SYNTH_FACE_H
#define SMAC_SYNTH_FACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"

typedef struct face_color {
    double r, g, b;
} face_color;

typedef enum face_hair { HAIR_BALD, HAIR_SHORT, HAIR_SIDE, HAIR_LONG, HAIR_CURLY, HAIR_BUN, HAIR_KINDS } face_hair;
typedef enum face_glasses { GLASSES_NONE, GLASSES_ROUND, GLASSES_SQUARE } face_glasses;

/* One speaker.  Lengths are in half widths of the head. */
typedef struct face_identity {
    face_color skin, hair_color, iris, lips, clothes;
    face_hair hair;
    face_glasses glasses;
    double head_height; /* 1.15..1.4 */
    double jaw;         /* width of the chin, 0.35..0.75 */
    double eye_spacing, eye_size, brow_thickness, nose_length, nose_width, mouth_width, lip_thickness;
    double stubble; /* 0 none .. 1 */
} face_identity;

/* What stays for a clip: place in the picture, light, background. */
typedef struct face_scene {
    double scale, x, y; /* of the picture's half width; the head's middle */
    double light;       /* direction -1..1 (left..right) */
    double light_strength, brightness;
    face_color back_top, back_bottom;
    int shape_count;
    struct {
        double x, y, radius;
        face_color color;
    } shapes[5];
} face_scene;

/* One picture. */
typedef struct face_pose {
    double state;            /* s_v as shown now, -1..1 */
    double temper;           /* 0 sad .. 1 angry, for negative states */
    double mouth;            /* opening 0..1, from the sound */
    double lids;             /* 1 open .. 0 shut (a blink) */
    double yaw, pitch, roll; /* small: about -1..1, -1..1, radians */
    double dx, dy;           /* motion of the head, of the half width */
    double gaze;             /* -1..1 */
} face_pose;

/* Take exactly what it needs from the sequence; the same sequence gives the same face. */
void face_identity_draw(random_sequence *random, bool woman, face_identity *out);
void face_scene_draw(random_sequence *random, face_scene *out);

typedef struct face_painter face_painter;

/* size: pixels of the square picture.  The painter copies identity and scene. */
smac_status face_painter_new(
    const face_identity *identity, const face_scene *scene, int size, face_painter **out, smac_error *error);
/* Paint one picture into rgb (size, size, 3). */
smac_status face_painter_paint(face_painter *painter, const face_pose *pose, uint8_t *rgb, smac_error *error);
void face_painter_free(face_painter *painter); /* NULL is fine */

#endif
