/*
 * media/resize.c - resizing as PIL does it (bytes, fixed point) and as torch's bilinear does it (float), and cropping.
 *
 * Only the wanted box of the result is computed: each pixel of a pass depends on nothing but its own coefficients, so
 * the box equals the box cut from the whole.
 */
#include "media/resize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

const float CLIP_PICTURE_MEAN[3] = {0.48145466f, 0.4578275f, 0.40821073f};
const float CLIP_PICTURE_STD[3] = {0.26862954f, 0.26130258f, 0.27577711f};

#define FIXED_BITS 22 /* PIL: 32 bits less 8 of the pixel less 2 for the overshoot of the filter */

/* --- PIL's bicubic ----------------------------------------------------------------------------------------------- */

/* Coefficients for the outputs first .. first + count - 1: each covers inputs start[i] .. start[i] + taps[i] - 1. */
typedef struct resize_table {
    int *start, *taps;
    int32_t *weights; /* (count, size) */
    size_t size;
} resize_table;

static double bicubic(double x)
{
    const double a = -0.5;
    x = fabs(x);
    if (x < 1.0)
        return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
    if (x < 2.0)
        return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
    return 0.0;
}

static void table_free(resize_table *t)
{
    free(t->start);
    free(t->taps);
    free(t->weights);
}

static bool table_make(resize_table *t, int input, int output, int first, int count)
{
    double scale = (double)input / output, filter_scale = scale < 1.0 ? 1.0 : scale;
    double support = 2.0 * filter_scale;
    t->size = (size_t)ceil(support) * 2 + 1;
    t->start = memory_new((size_t)count, sizeof *t->start);
    t->taps = memory_new((size_t)count, sizeof *t->taps);
    size_t all;
    t->weights = checked_multiply((size_t)count, t->size, &all) ? memory_new(all, sizeof *t->weights) : NULL;
    double *exact = memory_new(t->size, sizeof *exact);
    if (!t->start || !t->taps || !t->weights || !exact) {
        free(exact);
        return false;
    }
    for (int i = 0; i < count; i++) {
        double centre = (first + i + 0.5) * scale, sum = 0, inverse = 1.0 / filter_scale;
        int low = (int)(centre - support + 0.5), high = (int)(centre + support + 0.5);
        low = low < 0 ? 0 : low;
        high = high > input ? input : high;
        int taps = high - low;
        for (int k = 0; k < taps; k++) {
            exact[k] = bicubic((k + low - centre + 0.5) * inverse);
            sum += exact[k];
        }
        int32_t *weights = t->weights + (size_t)i * t->size;
        for (int k = 0; k < taps; k++) {
            double value = sum != 0.0 ? exact[k] / sum : exact[k];
            weights[k] = (int32_t)((value < 0 ? -0.5 : 0.5) + value * (1 << FIXED_BITS));
        }
        t->start[i] = low;
        t->taps[i] = taps;
    }
    free(exact);
    return true;
}

static uint8_t to_byte(int32_t sum)
{
    int32_t value = sum >> FIXED_BITS;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void rows_pass(const picture *in, int first_row, int rows, const resize_table *t, int columns, uint8_t *out)
{
    for (int y = 0; y < rows; y++) {
        const uint8_t *line = in->rgb + (size_t)(first_row + y) * in->stride;
        for (int x = 0; x < columns; x++, out += 3) {
            const uint8_t *pixel = line + (size_t)t->start[x] * 3;
            const int32_t *weight = t->weights + (size_t)x * t->size;
            int32_t red = 1 << (FIXED_BITS - 1), green = red, blue = red;
            for (int k = 0; k < t->taps[x]; k++, pixel += 3) {
                red += pixel[0] * weight[k];
                green += pixel[1] * weight[k];
                blue += pixel[2] * weight[k];
            }
            out[0] = to_byte(red);
            out[1] = to_byte(green);
            out[2] = to_byte(blue);
        }
    }
}

/* in: rows from first_row on, of width bytes each. */
static void columns_pass(
    const uint8_t *in, size_t stride, int first_row, const resize_table *t, int rows, size_t bytes, uint8_t *out)
{
    for (int y = 0; y < rows; y++, out += bytes) {
        const uint8_t *top = in + (size_t)(t->start[y] - first_row) * stride;
        const int32_t *weight = t->weights + (size_t)y * t->size;
        for (size_t x = 0; x < bytes; x++) {
            int32_t sum = 1 << (FIXED_BITS - 1);
            for (int k = 0; k < t->taps[y]; k++)
                sum += top[(size_t)k * stride + x] * weight[k];
            out[x] = to_byte(sum);
        }
    }
}

static smac_status check_box(const picture *in, int width, int height, picture_box box, smac_error *error)
{
    if (in->width < 1 || in->height < 1 || width < 1 || height < 1 || box.x < 0 || box.y < 0 || box.width < 1 ||
        box.height < 1 || box.width > width - box.x || box.height > height - box.y)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "a picture of %d x %d cannot be resized to %d x %d and cut to %d x %d at %d, %d", in->width, in->height,
            width, height, box.width, box.height, box.x, box.y);
    return SMAC_OK;
}

smac_status picture_resize_bicubic(
    const picture *in, int width, int height, picture_box box, uint8_t *out, smac_error *error)
{
    TRY(check_box(in, width, height, box, error));
    resize_table columns = {0}, rows = {0};
    uint8_t *between = NULL;
    smac_status status = SMAC_ERROR_MEMORY;
    size_t bytes = (size_t)box.width * 3;
    if (table_make(&columns, in->width, width, box.x, box.width) &&
        table_make(&rows, in->height, height, box.y, box.height)) {
        int last = box.height - 1, first_row = rows.start[0];
        int count = rows.start[last] + rows.taps[last] - first_row;
        const uint8_t *source = in->rgb + (size_t)first_row * in->stride + (size_t)box.x * 3;
        size_t stride = in->stride;
        if (width != in->width) { /* PIL leaves out a pass that changes nothing */
            source = between = memory_new((size_t)count, bytes);
            stride = bytes;
            if (between)
                rows_pass(in, first_row, count, &columns, box.width, between);
        }
        if (source) {
            if (height != in->height)
                columns_pass(source, stride, first_row, &rows, box.height, bytes, out);
            else
                for (int y = 0; y < box.height; y++)
                    memcpy(out + (size_t)y * bytes, source + (size_t)(box.y + y - first_row) * stride, bytes);
            status = SMAC_OK;
        }
    }
    table_free(&columns);
    table_free(&rows);
    free(between);
    return status == SMAC_OK
        ? SMAC_OK
        : FAIL(error, SMAC_ERROR_MEMORY, "out of memory for resizing a picture of %d x %d", in->width, in->height);
}

/* --- torch's bilinear -------------------------------------------------------------------------------------------- */

typedef struct bilinear_tap {
    int low, high;
    float weight_low, weight_high;
} bilinear_tap;

static bilinear_tap bilinear_at(int index, int input, int output)
{
    float scale = (float)input / (float)output, at = scale * ((float)index + 0.5f) - 0.5f;
    at = at < 0 ? 0 : at;
    bilinear_tap tap;
    tap.low = (int)at;
    tap.low = tap.low > input - 1 ? input - 1 : tap.low;
    tap.high = tap.low + (tap.low < input - 1);
    tap.weight_high = at - (float)tap.low;
    tap.weight_high = tap.weight_high > 1 ? 1 : tap.weight_high;
    tap.weight_low = 1.0f - tap.weight_high;
    return tap;
}

smac_status picture_resize_bilinear(
    const picture *in, int width, int height, picture_box box, float *out, smac_error *error)
{
    TRY(check_box(in, width, height, box, error));
    bilinear_tap *columns = memory_new((size_t)box.width, sizeof *columns);
    if (!columns)
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for resizing a picture of %d x %d", in->width, in->height);
    for (int x = 0; x < box.width; x++)
        columns[x] = bilinear_at(box.x + x, in->width, width);
    size_t plane = (size_t)box.width * (size_t)box.height;
    for (int y = 0; y < box.height; y++) {
        bilinear_tap row = bilinear_at(box.y + y, in->height, height);
        const uint8_t *upper = in->rgb + (size_t)row.low * in->stride, *lower = in->rgb + (size_t)row.high * in->stride;
        for (int x = 0; x < box.width; x++) {
            bilinear_tap column = columns[x];
            size_t left = (size_t)column.low * 3, right = (size_t)column.high * 3;
            float *target = out + (size_t)y * (size_t)box.width + (size_t)x;
            for (size_t c = 0; c < 3; c++) {
                float top =
                    upper[left + c] / 255.0f * column.weight_low + upper[right + c] / 255.0f * column.weight_high;
                float bottom =
                    lower[left + c] / 255.0f * column.weight_low + lower[right + c] / 255.0f * column.weight_high;
                target[c * plane] = row.weight_low * top + row.weight_high * bottom;
            }
        }
    }
    free(columns);
    return SMAC_OK;
}

/* --- preparation ------------------------------------------------------------------------------------------------- */

void picture_target_size(int width, int height, int size, picture_preparation prepare, int *out_width, int *out_height)
{
    int small = width < height ? width : height, large = width < height ? height : width;
    int64_t longer;
    if (prepare == PREPARE_VIDEO)
        longer = (int64_t)floor((double)large / (double)small * size);
    else
        longer = (int64_t)size * large / small;
    longer = longer > INT32_MAX ? INT32_MAX : longer < size ? size : longer;
    *out_width = width <= height ? size : (int)longer;
    *out_height = width <= height ? (int)longer : size;
}

/* Python's round((n - size) / 2.0): halves go to the even number. */
static int half_even(int difference)
{
    int half = difference / 2;
    return difference % 2 ? half + (half % 2) : half;
}

picture_box picture_crop_box(int width, int height, int size, picture_preparation prepare, int crops, int crop)
{
    bool still = prepare == PREPARE_STILL;
    picture_box box = {.width = size, .height = size};
    box.x = still ? half_even(width - size) : (width - size + 1) / 2;
    box.y = still ? half_even(height - size) : (height - size + 1) / 2;
    if (crops == 3 && crop != 1) {
        bool tall = height > width;
        *(tall ? &box.y : &box.x) = crop == 0 ? 0 : tall ? height - size : width - size;
    }
    return box;
}

smac_status picture_prepare(
    const picture *in, int size, picture_preparation prepare, int crops, uint8_t *rgb, float *values, smac_error *error)
{
    if (size < 1 || size > 4096 || (crops != 1 && crops != 3))
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "%d crops of %d pixels were asked for, expected 1 or 3 crops of 1 to 4096 pixels", crops, size);
    if (in->width < 1 || in->height < 1)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "a picture of %d x %d cannot be prepared", in->width, in->height);
    int width, height;
    bool is_square = in->shown_width < 1 || in->shown_height < 1;
    picture_target_size(is_square ? in->width : in->shown_width, is_square ? in->height : in->shown_height, size,
        prepare, &width, &height);
    size_t one = (size_t)size * (size_t)size * 3;
    for (int crop = 0; crop < crops; crop++) {
        picture_box box = picture_crop_box(width, height, size, prepare, crops, crop);
        if (prepare == PREPARE_STILL)
            TRY(picture_resize_bicubic(in, width, height, box, rgb + (size_t)crop * one, error));
        else
            TRY(picture_resize_bilinear(in, width, height, box, values + (size_t)crop * one, error));
    }
    return SMAC_OK;
}

void picture_normalise_rgb(const uint8_t *rgb, int size, float *out, size_t plane_stride)
{
    size_t pixels = (size_t)size * (size_t)size;
    for (size_t c = 0; c < 3; c++) {
        float table[256];
        for (int i = 0; i < 256; i++)
            table[i] = ((float)i / 255.0f - CLIP_PICTURE_MEAN[c]) / CLIP_PICTURE_STD[c];
        for (size_t i = 0; i < pixels; i++)
            out[c * plane_stride + i] = table[rgb[i * 3 + c]];
    }
}

void picture_normalise_values(const float *values, int size, float *out, size_t plane_stride)
{
    size_t pixels = (size_t)size * (size_t)size;
    for (size_t c = 0; c < 3; c++)
        for (size_t i = 0; i < pixels; i++)
            out[c * plane_stride + i] = (values[c * pixels + i] - CLIP_PICTURE_MEAN[c]) / CLIP_PICTURE_STD[c];
}
