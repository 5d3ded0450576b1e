/* face/align.c - the similarity that fits five points to their places, and sampling a picture along it. */
#include "face/align.h"

#include <math.h>

/* Medians over 800 pictures of FER2013 (experiments/faces/template.py), made symmetric. */
const face_point FACE_TEMPLATE[FACE_POINTS] = {
    {0.316f, 0.388f}, {0.684f, 0.388f}, {0.5f, 0.59f}, {0.353f, 0.756f}, {0.647f, 0.756f}};

/* The box that belongs to the places: side of a face's box (mean of width and height) and its centre. */
static const float TEMPLATE_SIDE = 0.894f, TEMPLATE_X = 0.5f, TEMPLATE_Y = 0.5f;

enum { MOST_SAMPLES = 16 }; /* along one side of a pixel of the crop */

float picture_pixel_aspect(const picture *p)
{
    if (p->shown_width < 1 || p->shown_height < 1 || p->width < 1 || p->height < 1)
        return 1;
    return (float)((double)p->shown_width * p->height / ((double)p->shown_height * p->width));
}

/* The similarity with the least squared distance from the template's points to the face's (Umeyama 1991, in the plane). */
static face_similarity fit_points(const face *f, int size, float aspect)
{
    double from_x = 0, from_y = 0, to_x = 0, to_y = 0, along = 0, across = 0, spread = 0;
    for (int i = 0; i < FACE_POINTS; i++) {
        from_x += FACE_TEMPLATE[i].x / (double)FACE_POINTS;
        from_y += FACE_TEMPLATE[i].y / (double)FACE_POINTS;
        to_x += (double)(f->points[i].x * aspect) / FACE_POINTS;
        to_y += (double)f->points[i].y / FACE_POINTS;
    }
    for (int i = 0; i < FACE_POINTS; i++) {
        double x = FACE_TEMPLATE[i].x - from_x, y = FACE_TEMPLATE[i].y - from_y;
        double u = (double)(f->points[i].x * aspect) - to_x, v = f->points[i].y - to_y;
        along += x * u + y * v;
        across += x * v - y * u;
        spread += x * x + y * y;
    }
    double a = along / spread / size, b = across / spread / size;
    return (face_similarity){.a = (float)a,
        .b = (float)b,
        .left = (float)(to_x - size * (a * from_x - b * from_y)),
        .top = (float)(to_y - size * (b * from_x + a * from_y))};
}

/* By the box alone: upright. */
static face_similarity fit_box(const face *f, int size, float aspect)
{
    float width = (f->right - f->left) * aspect, height = f->bottom - f->top;
    float side = (width + height) / 2 / TEMPLATE_SIDE;
    return (face_similarity){.a = side / (float)size,
        .b = 0,
        .left = (f->left + f->right) / 2 * aspect - TEMPLATE_X * side,
        .top = (f->top + f->bottom) / 2 - TEMPLATE_Y * side};
}

face_similarity face_alignment(const face *f, int size, float aspect)
{
    face_similarity points = fit_points(f, size, aspect), box = fit_box(f, size, aspect);
    float scale = hypotf(points.a, points.b) / box.a;
    /* a profile's points lie almost on a line, and a wrong set of points anywhere: the box then decides */
    return scale > 0.6f && scale < 1.6f ? points : box;
}

static float clamp_to(float value, float most)
{
    return value < 0 ? 0 : value > most ? most : value;
}

/* Adds the picture's colour at (x, y), bilinear between the centres of pixels. */
static void add_sample(const picture *in, float x, float y, float sum[3])
{
    x = clamp_to(x - 0.5f, (float)(in->width - 1));
    y = clamp_to(y - 0.5f, (float)(in->height - 1));
    int left = (int)x, top = (int)y, right = left + (left < in->width - 1), low = top + (top < in->height - 1);
    float across = x - (float)left, down = y - (float)top;
    const uint8_t *upper = in->rgb + (size_t)top * in->stride, *lower = in->rgb + (size_t)low * in->stride;
    for (int c = 0; c < 3; c++) {
        float above = (float)upper[3 * left + c] * (1 - across) + (float)upper[3 * right + c] * across;
        float below = (float)lower[3 * left + c] * (1 - across) + (float)lower[3 * right + c] * across;
        sum[c] += above * (1 - down) + below * down;
    }
}

smac_status face_cut(const picture *in, const face *f, int size, uint8_t *out, smac_error *error)
{
    if (in->width < 1 || in->height < 1 || size < 1)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "a face cannot be cut out of %d x %d pixels as %d x %d; expected at "
            "least one pixel",
            in->width, in->height, size, size);
    float aspect = picture_pixel_aspect(in);
    face_similarity s = face_alignment(f, size, aspect);
    /* where a pixel of the crop covers several of the picture, it is the mean of samples all over it */
    int samples = (int)ceilf(hypotf(s.a, s.b));
    samples = samples < 1 ? 1 : samples > MOST_SAMPLES ? MOST_SAMPLES : samples;
    float step = 1 / (float)samples, share = step * step;
    for (int row = 0; row < size; row++)
        for (int column = 0; column < size; column++, out += 3) {
            float sum[3] = {0, 0, 0};
            for (int j = 0; j < samples; j++)
                for (int i = 0; i < samples; i++) {
                    float x = (float)column + ((float)i + 0.5f) * step, y = (float)row + ((float)j + 0.5f) * step;
                    add_sample(in, (s.a * x - s.b * y + s.left) / aspect, s.b * x + s.a * y + s.top, sum);
                }
            for (int c = 0; c < 3; c++)
                out[c] = (uint8_t)(sum[c] * share + 0.5f);
        }
    return SMAC_OK;
}
