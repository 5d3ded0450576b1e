/* face/detector.c - a picture's working size, its pixels as the network takes them, its faces in the picture's pixels. */
#include "face/detector.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "face/align.h"

struct face_detector {
    retinaface *network;
};

struct face_finder {
    const face_detector *detector;
    face_finder_options options;
    tape *tape;
    uint8_t *scaled;
    size_t capacity;
    face_list found;
};

smac_status face_detector_new(const tensor_file *file, face_detector **out, smac_error *error)
{
    face_detector *d = memory_new(1, sizeof *d);
    *out = NULL;
    if (!d)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the face detector");
    smac_status status = retinaface_new(file, &d->network, error);
    if (status != SMAC_OK) {
        free(d);
        return status;
    }
    *out = d;
    return SMAC_OK;
}

smac_status face_detector_open(const char *path, face_detector **out, smac_error *error)
{
    tensor_file *file = NULL;
    *out = NULL;
    TRY(tensor_file_open(path, &file, error));
    smac_status status = error_context(error, face_detector_new(file, out, error), "%.500s", path);
    tensor_file_close(file);
    return status;
}

void face_detector_free(face_detector *d)
{
    if (!d)
        return;
    retinaface_free(d->network);
    free(d);
}

smac_status face_finder_new(
    const face_detector *d, const face_finder_options *options, face_finder **out, smac_error *error)
{
    face_finder *f = memory_new(1, sizeof *f);
    *out = NULL;
    if (f) {
        f->detector = d;
        f->options = options ? *options : (face_finder_options){0};
        f->options.long_side = f->options.long_side > 0 ? f->options.long_side : FACE_LONG_SIDE;
        f->options.least = f->options.least > 0 ? f->options.least : FACE_LEAST;
        f->options.overlap = f->options.overlap > 0 ? f->options.overlap : 0.4f;
        f->tape = tape_new(&(tape_options){.interrupt = f->options.interrupt});
    }
    if (!f || !f->tape) {
        face_finder_free(f);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory to look for faces");
    }
    *out = f;
    return SMAC_OK;
}

void face_finder_free(face_finder *f)
{
    if (!f)
        return;
    tape_free(f->tape);
    free(f->scaled);
    free(f->found.items);
    free(f);
}

/* The size at which the network sees a picture: with square pixels, the long side at most long_side. */
static void working_size(const face_finder *f, const picture *in, int *width, int *height)
{
    double wide = (double)in->width * (double)picture_pixel_aspect(in), high = in->height;
    double longer = fmax(wide, high), scale = longer > f->options.long_side ? f->options.long_side / longer : 1;
    *width = (int)fmax(1, floor(wide * scale + 0.5));
    *height = (int)fmax(1, floor(high * scale + 0.5));
}

static smac_status find_scaled(face_finder *f, int width, int height, smac_error *error)
{
    tape *t = f->tape;
    retinaface_level levels[FACE_LEVELS];
    face_level numbers[FACE_LEVELS] = {{0}};
    tape_reset(t, NULL);
    value *pixels = tape_value(t, 4, (int64_t[]){1, height, width, 3}, NULL);
    float *into = pixels ? tape_map(t, pixels) : NULL;
    for (size_t i = 0; into && i < (size_t)width * (size_t)height * 3; i++)
        into[i] = (float)f->scaled[i] - RETINAFACE_MEAN[i % 3];
    if (into)
        tape_unmap(t, pixels, into);
    retinaface_run(f->detector->network, t, pixels, levels);
    for (int i = 0; i < FACE_LEVELS && tape_status(t, NULL) == SMAC_OK; i++)
        numbers[i] = (face_level){.rows = levels[i].scores->dim[1],
            .columns = levels[i].scores->dim[2],
            .scores = tape_numbers(t, levels[i].scores),
            .boxes = tape_numbers(t, levels[i].boxes),
            .points = tape_numbers(t, levels[i].points)};
    TRY(tape_status(t, error));
    TRY(face_decode(numbers, f->options.least, &f->found, error));
    face_suppress(&f->found, f->options.overlap);
    return SMAC_OK;
}

smac_status face_finder_find(face_finder *f, const picture *in, face_list *out, smac_error *error)
{
    int width, height;
    f->found.count = 0;
    *out = f->found;
    if (in->width < 1 || in->height < 1)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "a picture of %d x %d pixels; expected at least one pixel", in->width,
            in->height);
    working_size(f, in, &width, &height);
    if (!memory_grow((void **)&f->scaled, &f->capacity, (size_t)width * (size_t)height * 3, 1))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a picture of %d x %d", width, height);
    picture_box whole = {.width = width, .height = height};
    TRY(picture_resize_bicubic(in, width, height, whole, f->scaled, error));
    TRY(find_scaled(f, width, height, error));
    float across = (float)in->width / (float)width, down = (float)in->height / (float)height;
    for (size_t i = 0; i < f->found.count; i++) {
        face *one = &f->found.items[i];
        one->left *= across;
        one->right *= across;
        one->top *= down;
        one->bottom *= down;
        for (int k = 0; k < FACE_POINTS; k++)
            one->points[k] = (face_point){one->points[k].x * across, one->points[k].y * down};
    }
    *out = f->found;
    return SMAC_OK;
}
