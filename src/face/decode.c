/* face/decode.c - anchors, offsets, non-maximum suppression. */
#include "face/decode.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/memory.h"

const int FACE_STRIDES[FACE_LEVELS] = {8, 16, 32};
const float FACE_ANCHOR_SIDES[FACE_LEVELS][FACE_ANCHORS] = {{16, 32}, {64, 128}, {256, 512}};

enum { MOST_CANDIDATES = 5000 }; /* before suppression; the surest are kept */

static const float CENTRE_VARIANCE = 0.1f, SIZE_VARIANCE = 0.2f;

float face_overlap(const face *a, const face *b)
{
    float width = fminf(a->right, b->right) - fmaxf(a->left, b->left);
    float height = fminf(a->bottom, b->bottom) - fmaxf(a->top, b->top);
    if (!(width > 0 && height > 0))
        return 0;
    float both = width * height;
    float all = (a->right - a->left) * (a->bottom - a->top) + (b->right - b->left) * (b->bottom - b->top) - both;
    return both / all;
}

/* The face of one anchor: a square of `side` around (x, y). */
static face face_of_anchor(float x, float y, float side, const float *box, const float *points)
{
    face f;
    float centre_x = x + box[0] * CENTRE_VARIANCE * side, centre_y = y + box[1] * CENTRE_VARIANCE * side;
    float width = side * expf(box[2] * SIZE_VARIANCE), height = side * expf(box[3] * SIZE_VARIANCE);
    f.left = centre_x - width / 2;
    f.top = centre_y - height / 2;
    f.right = f.left + width;
    f.bottom = f.top + height;
    for (int i = 0; i < FACE_POINTS; i++)
        f.points[i] =
            (face_point){x + points[2 * i] * CENTRE_VARIANCE * side, y + points[2 * i + 1] * CENTRE_VARIANCE * side};
    return f;
}

static bool face_is_finite(const face *f)
{
    bool finite = isfinite(f->left) && isfinite(f->top) && isfinite(f->right) && isfinite(f->bottom);
    for (int i = 0; i < FACE_POINTS; i++)
        finite = finite && isfinite(f->points[i].x) && isfinite(f->points[i].y);
    return finite;
}

static bool decode_level(const face_level *level, int number, float least, face_list *out)
{
    float stride = (float)FACE_STRIDES[number];
    int64_t at = 0;
    for (int64_t row = 0; row < level->rows; row++)
        for (int64_t column = 0; column < level->columns; column++)
            for (int a = 0; a < FACE_ANCHORS; a++, at++) {
                float probability = 1 / (1 + expf(level->scores[2 * at] - level->scores[2 * at + 1]));
                if (!(probability >= least))
                    continue;
                face f = face_of_anchor(((float)column + 0.5f) * stride, ((float)row + 0.5f) * stride,
                    FACE_ANCHOR_SIDES[number][a], level->boxes + 4 * at, level->points + 2 * FACE_POINTS * at);
                f.score = probability;
                if (!face_is_finite(&f))
                    continue;
                if (!memory_grow((void **)&out->items, &out->capacity, out->count + 1, sizeof *out->items))
                    return false;
                out->items[out->count++] = f;
            }
    return true;
}

/* The surest first; equally sure ones by position, so that the order is the same everywhere. */
static int compare_faces(const void *a, const void *b)
{
    const face *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    if (x->left != y->left)
        return x->left < y->left ? -1 : 1;
    return x->top < y->top ? -1 : x->top > y->top;
}

smac_status face_decode(const face_level *levels, float least, face_list *out, smac_error *error)
{
    for (int i = 0; i < FACE_LEVELS; i++)
        if (!decode_level(&levels[i], i, least, out))
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu faces", out->count);
    if (out->count > 1)
        qsort(out->items, out->count, sizeof *out->items, compare_faces);
    if (out->count > MOST_CANDIDATES)
        out->count = MOST_CANDIDATES;
    return SMAC_OK;
}

void face_suppress(face_list *faces, float most)
{
    size_t kept = 0;
    for (size_t i = 0; i < faces->count; i++) {
        bool alone = true;
        for (size_t k = 0; k < kept && alone; k++)
            alone = !(face_overlap(&faces->items[k], &faces->items[i]) > most);
        if (alone)
            faces->items[kept++] = faces->items[i];
    }
    faces->count = kept;
}
