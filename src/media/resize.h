/*
 * media/resize.h - pictures resized and cropped exactly as the reference loaders do.
 *
 * PREPARE_STILL: ImageBind's still-image loader.  torchvision's Resize(S) on a PIL picture: short side to S, long side
 *   floor(S * long / short), antialiased bicubic (a = -0.5) in PIL's 8-bit fixed-point arithmetic (22 fractional bits,
 *   two passes, rounded to bytes between them): equal to PIL bit for bit.  Centre crop at round-half-even((n - S) / 2).
 * PREPARE_VIDEO: ImageBind's video loader.  Short side to S, long side floor(long / short * S), plain bilinear in float
 *   (half-pixel centres, no antialiasing); the middle crop at ceil((n - S) / 2).
 * Three crops lie at 0, the middle offset and n - S of the longer side (of the columns when the sides are equal).
 *
 * PREPARE_STILL is the default: frames are mostly larger than 224 by three times and more, plain bilinear then skips
 * most pixels and flickers with every small movement, while the encoder itself was trained on antialiased pictures.
 */
#ifndef SMAC_MEDIA_RESIZE_H
#define SMAC_MEDIA_RESIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef enum picture_preparation { PREPARE_STILL, PREPARE_VIDEO } picture_preparation;

/* RGB bytes, row-major, channels last; stride in bytes from row to row. */
typedef struct picture {
    const uint8_t *rgb;
    int width, height;
    size_t stride;
    int shown_width,
        shown_height; /* size in square pixels, of which only the ratio is used; 0: the pixels are square */
} picture;

typedef struct picture_box {
    int x, y, width, height;
} picture_box;

/* ImageBind's normalisation, by channel (formats.md section 3). */
extern const float CLIP_PICTURE_MEAN[3];
extern const float CLIP_PICTURE_STD[3];

/*
 * Resize in to (width, height) as PIL's Image.resize(BICUBIC), but compute only box of the result: out is
 * (box.height, box.width, 3).  Errors: ARGUMENT for sizes under 1 or a box outside, MEMORY.
 */
smac_status picture_resize_bicubic(
    const picture *in, int width, int height, picture_box box, uint8_t *out, smac_error *error);

/* The same with plain bilinear in float: out is (3, box.height, box.width), values / 255. */
smac_status picture_resize_bilinear(
    const picture *in, int width, int height, picture_box box, float *out, smac_error *error);

/* Size after resizing the short side to size, and the box of crop number crop of crops (1 or 3). */
void picture_target_size(int width, int height, int size, picture_preparation prepare, int *out_width, int *out_height);
picture_box picture_crop_box(int width, int height, int size, picture_preparation prepare, int crops, int crop);

/* All crops, with the shown aspect ratio: rgb (crops, S, S, 3) for PREPARE_STILL, values (crops, 3, S, S) in [0, 1] for PREPARE_VIDEO. */
smac_status picture_prepare(const picture *in, int size, picture_preparation prepare, int crops, uint8_t *rgb,
    float *values, smac_error *error);

/* (S, S, 3) bytes to planes, (x / 255 - mean) / std; plane_stride floats from channel to channel. */
void picture_normalise_rgb(const uint8_t *rgb, int size, float *out, size_t plane_stride);
/* The same for values (3, S, S) in [0, 1]. */
void picture_normalise_values(const float *values, int size, float *out, size_t plane_stride);

#endif
