/* train/augmentation.c - words dropped, pictures mirrored, turned, scaled, moved and changed in light. */
#include "train/augmentation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "media/resize.h"
#include "text/tokenizer.h"

enum { NUMBERS_A_CLIP = 8 }; /* flip, x, y, contrast, brightness, level, rotation, scale */

augmentation augmentation_from(const run_settings *run, const configuration *model, const struct tokenizer *tokenizer)
{
    const augment_settings *c = &run->augment;
    bool scratch = !*model->text.encoder;
    return (augmentation){.words = c->words >= 0 ? c->words
            : scratch                            ? AUGMENT_WORDS_FROM_SCRATCH
                                                 : 0,
        .shift = c->shift,
        .rotation = c->rotation,
        .scale = c->scale,
        .light = c->light,
        .level = c->level,
        .flip = c->flip,
        .seed = (uint64_t)run->train.seed,
        .tokenizer = tokenizer};
}

static void drop_words(const augmentation *a, batch *b, const int64_t *clips, uint64_t at)
{
    const struct tokenizer *tokenizer = a->tokenizer;
    int32_t unknown = tokenizer_special_ids(tokenizer).unk;
    uint64_t stream = random_stream("train.augment.words");
    const batch_modality *text = &b->part[MODALITY_TEXT];
    if (unknown < 0)
        return;
    for (int64_t i = 0; i < b->size; i++) {
        int64_t row = text->place ? text->place[i] : i;
        if (!text->present[i] || row < 0)
            continue;
        int32_t *ids = b->ids + row * text->steps;
        for (int64_t s = 0; s < text->steps; s++)
            if (!tokenizer_is_special(tokenizer, ids[s]) &&
                (double)random_uniform_at(a->seed, stream, (at + (uint64_t)clips[i]) * 4096 + (uint64_t)s % 4096) <
                    a->words)
                ids[s] = unknown;
    }
}

/* out[y][x] = gain in[y + dy][x + dx] + offset, edges repeated; flip: mirrored */
typedef struct plane_change {
    bool flip;
    int64_t dx, dy;
    float gain, offset;
} plane_change;

/* one plane (side, side) through a copy */
static void change_plane(float *plane, float *copy, int64_t side, const plane_change *c)
{
    memcpy(copy, plane, (size_t)(side * side) * sizeof *copy);
    for (int64_t y = 0; y < side; y++) {
        int64_t from_y = y + c->dy < 0 ? 0 : y + c->dy >= side ? side - 1 : y + c->dy;
        for (int64_t x = 0; x < side; x++) {
            int64_t from_x = x + c->dx < 0 ? 0 : x + c->dx >= side ? side - 1 : x + c->dx;
            plane[y * side + x] = c->gain * copy[from_y * side + (c->flip ? side - 1 - from_x : from_x)] + c->offset;
        }
    }
}

/* A pixel of the result is at `from` in the source, in pixels: x and y each a whole part and a rest. */
typedef struct warp {
    float from_x, from_y;     /* of pixel (0, 0) */
    float x_x, x_y, y_x, y_y; /* added a pixel to the right, a row down */
} warp;

/* Turned by an angle and scaled about the middle, then moved, then mirrored; edges repeated. */
static warp warp_of(int64_t side, double angle, double scale, const plane_change *c)
{
    float middle = 0.5f * (float)(side - 1), sine = (float)(sin(angle) / scale), cosine = (float)(cos(angle) / scale);
    float mirror = c->flip ? -1 : 1;
    return (warp){.from_x = middle + mirror * ((float)c->dx - middle * (cosine - sine)),
        .from_y = middle + (float)c->dy - middle * (sine + cosine),
        .x_x = mirror * cosine,
        .x_y = sine,
        .y_x = -mirror * sine,
        .y_y = cosine};
}

static float between(float x, float low, float high)
{
    return x < low ? low : x > high ? high : x;
}

/* One plane through a copy, bilinear. */
static void warp_plane(float *plane, float *copy, int64_t side, const plane_change *c, const warp *w)
{
    float last = (float)(side - 1);
    memcpy(copy, plane, (size_t)(side * side) * sizeof *copy);
    for (int64_t y = 0; y < side; y++) {
        float row_x = w->from_x + (float)y * w->y_x, row_y = w->from_y + (float)y * w->y_y;
        for (int64_t x = 0; x < side; x++) {
            float at_x = between(row_x + (float)x * w->x_x, 0, last),
                  at_y = between(row_y + (float)x * w->x_y, 0, last);
            int64_t left = (int64_t)at_x, top = (int64_t)at_y;
            const float *p = copy + top * side + left;
            int64_t right = left + 1 < side, below = top + 1 < side ? side : 0;
            float share_x = at_x - (float)left, share_y = at_y - (float)top;
            float upper = p[0] + share_x * (p[right] - p[0]);
            float lower = p[below] + share_x * (p[below + right] - p[below]);
            plane[y * side + x] = c->gain * (upper + share_y * (lower - upper)) + c->offset;
        }
    }
}

/* the frames of one clip, (clip_pictures, 3, side, side) normalised; u: the choices of its sample */
static void change_pictures(const augmentation *a, batch *b, int64_t row, const float *u, float *copy)
{
    int64_t side = b->image_size;
    float gain = 1 + (float)a->light * (2 * u[3] - 1), brightness = (float)a->light * (2 * u[4] - 1);
    int64_t reach = (int64_t)floor(a->shift * (double)side), wide = 2 * reach + 1;
    int64_t dx = (int64_t)(u[1] * (float)wide) - reach, dy = (int64_t)(u[2] * (float)wide) - reach;
    bool flip = a->flip && u[0]<0.5f, warps = a->rotation> 0 || a->scale > 0;
    double angle = a->rotation * acos(-1) / 180 * (2 * (double)u[6] - 1), scale = 1 + a->scale * (2 * (double)u[7] - 1);
    for (int64_t plane = 0; plane < 3 * b->clip_pictures; plane++) {
        int64_t k = plane % 3;
        float middle = (0.5f - CLIP_PICTURE_MEAN[k]) / CLIP_PICTURE_STD[k]; /* grey stays grey */
        const plane_change change = {.flip = flip,
            .dx = dx,
            .dy = dy,
            .gain = gain,
            .offset = middle - gain * middle + brightness / CLIP_PICTURE_STD[k]};
        float *pixels = b->pictures + (row * 3 * b->clip_pictures + plane) * side * side;
        if (warps) {
            const warp w = warp_of(side, angle, scale, &change);
            warp_plane(pixels, copy, side, &change, &w);
        } else {
            change_plane(pixels, copy, side, &change);
        }
    }
}

bool augmentation_changes(const augmentation *a, int m)
{
    if (m == MODALITY_TEXT)
        return a->words > 0;
    if (m == MODALITY_AUDIO)
        return a->level > 0;
    return a->flip || a->shift > 0 || a->light > 0 || a->rotation > 0 || a->scale > 0;
}

smac_status augment_batch(const augmentation *a, batch *b, const int64_t *clips, uint64_t at, smac_error *error)
{
    if (b->ids && a->tokenizer && a->words > 0)
        drop_words(a, b, clips, at);
    bool pictures = b->pictures && augmentation_changes(a, MODALITY_VISION);
    bool sounds = b->mel && augmentation_changes(a, MODALITY_AUDIO);
    if (!pictures && !sounds)
        return SMAC_OK;
    float *copy = memory_new((size_t)(b->image_size * b->image_size), sizeof *copy);
    if (!copy)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory to augment a batch");
    uint64_t stream = random_stream("train.augment");
    for (int64_t i = 0; i < b->size; i++) {
        float u[NUMBERS_A_CLIP]; /* one choice for all clips of a sample */
        for (int k = 0; k < NUMBERS_A_CLIP; k++)
            u[k] = random_uniform_at(a->seed, stream, (at + (uint64_t)clips[i]) * NUMBERS_A_CLIP + (uint64_t)k);
        const batch_modality *v = &b->part[MODALITY_VISION], *sound = &b->part[MODALITY_AUDIO];
        for (int64_t s = 0; pictures && v->place && s < v->steps * v->crops; s++)
            if (v->place[i * v->steps * v->crops + s] >= 0)
                change_pictures(a, b, v->place[i * v->steps * v->crops + s], u, copy);
        float level = (float)a->level * (2 * u[5] - 1);
        for (int64_t s = 0; sounds && sound->place && s < sound->steps * sound->crops; s++) {
            int64_t row = sound->place[i * sound->steps * sound->crops + s];
            if (row >= 0 && b->parts && row > 0 && b->parts[row].window == b->parts[row - 1].window)
                continue; /* the window is changed already */
            row = row >= 0 && b->parts ? b->parts[row].window : row;
            float *mel = b->mel + row * b->mel_bins * b->mel_frames;
            for (int64_t k = 0; row >= 0 && k < b->mel_bins * b->mel_frames; k++)
                mel[k] += level;
        }
    }
    free(copy);
    return SMAC_OK;
}
