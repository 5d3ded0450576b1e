/*
 * tests/support/red_faces.h - weights of RetinaFace, made by hand, to which a red spot of RED_FACE pixels is a face: every
 * layer has one channel and hands on the mean redness, and one anchor of 64 pixels takes it for a face.  So whatever needs
 * faces is tested on drawn pictures, without the real weights.
 */
#ifndef SMAC_TESTS_SUPPORT_RED_FACES_H
#define SMAC_TESTS_SUPPORT_RED_FACES_H

#include "support/check.h"

#include "face/align.h"
#include "face/decode.h"
#include "weights/safetensors.h"

enum { RED_FACE = 64, RED_TENSORS = 400 };
#define RED_BOX 1.25f /* the side of the box that is found, of the spot's */

typedef struct red_weights {
    tensor_entry entries[RED_TENSORS];
    char names[RED_TENSORS][64];
    float values[RED_TENSORS][32];
    size_t count;
} red_weights;

static inline float *red_add(
    red_weights *w, const char *name, const char *ending, int rank, const int64_t *dim, float each)
{
    tensor_entry *e = &w->entries[w->count];
    float *values = w->values[w->count];
    snprintf(w->names[w->count], sizeof w->names[0], "%s.%s", name, ending);
    *e = (tensor_entry){.name = w->names[w->count], .type = TENSOR_F32, .rank = rank, .count = 1, .data = values};
    for (int i = 0; i < rank; i++)
        e->count *= e->dim[i] = dim[i];
    e->bytes = (size_t)e->count * sizeof *values;
    for (int64_t i = 0; i < e->count; i++)
        values[i] = each;
    w->count++;
    return values;
}

/* A convolution of one channel from `in`, `kernel` wide, with each weight `each`, and a norm that changes nothing. */
static inline float *red_convolution(
    red_weights *w, const char *stem, int first, int64_t in, int64_t kernel, float each)
{
    static const char *const endings[] = {"weight", "running_var", "bias", "running_mean"};
    char name[48];
    snprintf(name, sizeof name, "%s.%d", stem, first);
    float *values = red_add(w, name, "weight", 4, (int64_t[]){1, in, kernel, kernel}, each);
    snprintf(name, sizeof name, "%s.%d", stem, first + 1);
    for (int i = 0; i < 4; i++)
        red_add(w, name, endings[i], 1, (int64_t[]){1}, i == 0 ? 1 : i == 1 ? 1 - 1e-5f : 0);
    return values;
}

/* Writes the weights to path. */
static inline void red_faces_write(const char *path)
{
    static const int blocks[] = {6, 6, 2};
    static const char *const pyramid[] = {"fpn.output1", "fpn.output2", "fpn.output3", "fpn.merge1", "fpn.merge2"};
    static const char *const context[] = {"conv3X3", "conv5X5_1", "conv5X5_2", "conv7X7_2", "conv7x7_3"};
    static const char *const heads[] = {"ClassHead", "BboxHead", "LandmarkHead"};
    static const int values[] = {2, 4, 2 * FACE_POINTS};
    red_weights *w = calloc(1, sizeof *w);
    char name[40];
    for (int s = 0; s < 3; s++)
        for (int b = 0; b < blocks[s]; b++) {
            snprintf(name, sizeof name, "body.stage%d.%d", s + 1, b);
            if (s + b == 0) { /* red less the others, as the file has them: blue, green, red */
                float *v = red_convolution(w, name, 0, 3, 3, 0);
                for (int c = 0; c < 3; c++)
                    for (int k = 0; k < 9; k++)
                        v[9 * c + k] = (c == 2 ? 2.0f : -1.0f) / 9 / 256;
                continue;
            }
            bool blurs = s == 0 || (s == 1 && (b == 1 || b == 2));
            float *v = red_convolution(w, name, 0, 1, 3, blurs ? 1.0f / 9 : 0);
            v[4] = blurs ? v[4] : 1;
            red_convolution(w, name, 3, 1, 1, 1);
        }
    for (int i = 0; i < 5; i++) {
        float *v = red_convolution(w, pyramid[i], 0, 1, i < 3 ? 1 : 3, i == 1 ? 1 : 0); /* its own level alone */
        if (i >= 3)
            v[4] = 1;
    }
    for (int level = 0; level < FACE_LEVELS; level++) {
        for (int i = 0; i < 5; i++) {
            snprintf(name, sizeof name, "ssh%d.%s", level + 1, context[i]);
            float *v = red_convolution(w, name, 0, 1, 3, 0);
            v[4] = i == 0;
        }
        for (int h = 0; h < 3; h++) {
            int64_t out = FACE_ANCHORS * values[h];
            snprintf(name, sizeof name, "%s.%d.conv1x1", heads[h], level);
            float *weight = red_add(w, name, "weight", 4, (int64_t[]){out, 3, 1, 1}, 0);
            float *bias = red_add(w, name, "bias", 1, &out, 0);
            if (h == 0) {
                bias[1] = bias[3] = -20; /* no face */
                if (level == 1) {
                    weight[3] = 40; /* the first anchor: by the redness of the first channel */
                    bias[1] = -38;
                }
            }
            for (int i = 0; h == 1 && i < out; i++) /* the box's width and height */
                bias[i] = i % 4 < 2 ? 0 : logf(RED_BOX) * 5;
            for (int i = 0; h == 2 && i < out; i++) {
                const face_point *p = &FACE_TEMPLATE[i / 2 % FACE_POINTS];
                bias[i] = ((i % 2 ? p->y : p->x) - 0.5f) / 0.894f * RED_BOX * 10;
            }
        }
    }
    assert_ok(safetensors_write(path, w->entries, w->count, NULL, 0, error));
    free(w);
}

/* Fills a picture with grey and draws a red disc of `side` pixels around each of count points. */
static inline void red_faces_draw(uint8_t *rgb, int width, int height, int side, const face_point *at, int count)
{
    memset(rgb, 90, (size_t)width * (size_t)height * 3);
    for (int i = 0; i < count; i++)
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++) {
                float across = (float)x + 0.5f - at[i].x, down = (float)y + 0.5f - at[i].y;
                uint8_t *pixel = rgb + ((size_t)y * (size_t)width + (size_t)x) * 3;
                if (hypotf(across, down) * 2 > (float)side)
                    continue;
                pixel[0] = 255;
                pixel[1] = pixel[2] = 0;
            }
}

#endif
