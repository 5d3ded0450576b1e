/* pipeline/picture_crop.c - halves of pictures, and faces out of them. */
#include "pipeline/picture_crop.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "face/align.h"
#include "face/detector.h"

enum { SMALLEST_SCENE = 100 }; /* pixels; a smaller picture is a face already */

_Static_assert((int)FACE_LARGEST == (int)VISION_FACE_LARGEST && (int)FACE_LEFT == (int)VISION_FACE_LEFT &&
        (int)FACE_RIGHT == (int)VISION_FACE_RIGHT && (int)FACE_CENTRE == (int)VISION_FACE_CENTRE,
    "the choices of the configuration are those of the follower");

struct picture_cropper {
    picture_cropper_options options;
    face_finder *finder;
    face_follower *follower;
    uint8_t *cut; /* (size, size, 3) */
};

bool picture_cropper_is_needed(const picture_cropper_options *options)
{
    return options->crop != CROP_WHOLE || options->half != PICTURE_WHOLE;
}

smac_status picture_cropper_new(const picture_cropper_options *options, picture_cropper **out, smac_error *error)
{
    picture_cropper *c = memory_new(1, sizeof *c);
    smac_status status = c ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory to crop pictures");
    *out = NULL;
    if (status == SMAC_OK)
        c->options = *options;
    if (status == SMAC_OK && options->crop == CROP_FACE) {
        size_t side = (size_t)options->size;
        face_finder_options how = {.interrupt = options->interrupt};
        c->follower = face_follower_new(options->choice);
        c->cut = memory_new(side * side, 3);
        status = !options->detector   ? FAIL(error, SMAC_ERROR_INTERNAL, "there is no detector for vision.crop face")
            : !c->follower || !c->cut ? FAIL(error, SMAC_ERROR_MEMORY, "no memory to follow a face")
                                      : face_finder_new(options->detector, &how, &c->finder, error);
    }
    if (status != SMAC_OK) {
        picture_cropper_free(c);
        return status;
    }
    *out = c;
    return SMAC_OK;
}

void picture_cropper_free(picture_cropper *c)
{
    if (!c)
        return;
    face_finder_free(c->finder);
    face_follower_free(c->follower);
    free(c->cut);
    free(c);
}

/* Half of a picture's width: place 0 the left one, 1 the middle, 2 the right. */
static picture half_of(const picture *in, int place)
{
    picture out = *in;
    out.width = in->width - in->width / 2;
    out.rgb += (size_t)((in->width - out.width) * place / 2) * 3;
    if (in->shown_width > 0)
        out.shown_width = (int)fmax(1, floor((double)in->shown_width * out.width / in->width + 0.5));
    return out;
}

static smac_status take_face(picture_cropper *c, const picture *in, double time, picture_crop *out, smac_error *error)
{
    face_list found;
    out->was_searched = true;
    TRY(face_finder_find(c->finder, in, &found, error));
    face_sight seen = {
        .time = time, .faces = found.items, .count = found.count, .width = in->width, .height = in->height};
    int which = face_follower_choose(c->follower, &seen);
    out->count = (int)found.count;
    out->is_found = which >= 0;
    if (which < 0)
        return SMAC_OK;
    out->face = found.items[which];
    TRY(face_cut(in, &out->face, c->options.size, c->cut, error));
    out->picture = (picture){
        .rgb = c->cut, .width = c->options.size, .height = c->options.size, .stride = (size_t)c->options.size * 3};
    return SMAC_OK;
}

/* Positions in a part of the picture to shares of the whole. */
static void share_face(face *f, const picture *part, const picture *whole)
{
    float across = (float)((size_t)(part->rgb - whole->rgb) / 3);
    f->left = (f->left + across) / (float)whole->width;
    f->right = (f->right + across) / (float)whole->width;
    f->top /= (float)whole->height;
    f->bottom /= (float)whole->height;
    for (int i = 0; i < FACE_POINTS; i++)
        f->points[i] =
            (face_point){(f->points[i].x + across) / (float)whole->width, f->points[i].y / (float)whole->height};
}

smac_status picture_cropper_take(
    picture_cropper *c, const picture *shown, double time, picture_crop *out, smac_error *error)
{
    static const int places[] = {[CROP_CENTRE] = 1, [CROP_LEFT] = 0, [CROP_RIGHT] = 2};
    *out = (picture_crop){.picture = *shown, .is_found = true};
    if (c->options.half != PICTURE_WHOLE)
        out->picture = half_of(&out->picture, c->options.half == PICTURE_LEFT ? 0 : 2);
    else if (c->options.crop == CROP_CENTRE || c->options.crop == CROP_LEFT || c->options.crop == CROP_RIGHT)
        out->picture = half_of(&out->picture, places[c->options.crop]);
    if (c->options.crop != CROP_FACE || (shown->width < SMALLEST_SCENE && shown->height < SMALLEST_SCENE))
        return SMAC_OK;
    picture part = out->picture;
    TRY(take_face(c, &part, time, out, error));
    if (out->is_found)
        share_face(&out->face, &part, shown);
    return SMAC_OK;
}
