/* media/libav_picture.c - decoded frames to upright RGB. */
#include "media/libav_picture.h"

#include <libavutil/pixdesc.h>
#include <string.h>

#include "base/memory.h"
#include "media/libav_file.h"

static bool buffer_reserve(uint8_t **buffer, size_t *held, size_t needed)
{
    if (*held >= needed)
        return true;
    memory_aligned_free(*buffer);
    *buffer = memory_aligned(needed);
    *held = *buffer ? needed : 0;
    return *buffer != NULL;
}

static bool full_range(const AVFrame *frame)
{
    if (frame->color_range == AVCOL_RANGE_JPEG)
        return true;
    if (frame->color_range == AVCOL_RANGE_MPEG)
        return false;
    const char *name = av_get_pix_fmt_name(frame->format);
    return name && strncmp(name, "yuvj", 4) == 0;
}

static int matrix_of(const AVFrame *frame)
{
    switch (frame->colorspace) {
    case AVCOL_SPC_BT709:
        return SWS_CS_ITU709;
    case AVCOL_SPC_FCC:
        return SWS_CS_FCC;
    case AVCOL_SPC_SMPTE240M:
        return SWS_CS_SMPTE240M;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
        return SWS_CS_BT2020;
    default:
        return SWS_CS_ITU601;
    }
}

static void picture_orient(const uint8_t *from, size_t stride, int width, int height, int orientation, uint8_t *to)
{
    bool transpose = orientation & LIBAV_TRANSPOSE;
    int shown_width = transpose ? height : width, shown_height = transpose ? width : height;
    ptrdiff_t step_x = transpose ? (ptrdiff_t)stride : 3, step_y = transpose ? 3 : (ptrdiff_t)stride;
    const uint8_t *origin = from;
    if (orientation & LIBAV_MIRROR_COLUMNS) {
        origin += step_x * (shown_width - 1);
        step_x = -step_x;
    }
    if (orientation & LIBAV_MIRROR_ROWS) {
        origin += step_y * (shown_height - 1);
        step_y = -step_y;
    }
    for (int y = 0; y < shown_height; y++) {
        const uint8_t *source = origin + step_y * y;
        for (int x = 0; x < shown_width; x++, source += step_x, to += 3) {
            to[0] = source[0];
            to[1] = source[1];
            to[2] = source[2];
        }
    }
}

smac_status picture_converter_run(picture_converter *c, const stored_picture *stored, picture *out, smac_error *error)
{
    const AVFrame *frame = stored->frame;
    const char *path = stored->path;
    int orientation = stored->orientation, width = frame->width, height = frame->height;
    if (width < 1 || height < 1 || !sws_isSupportedInput(frame->format)) {
        const char *name = av_get_pix_fmt_name(frame->format);
        return FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "%s: a picture of %d x %d in the pixel format %s cannot be converted "
            "to RGB: convert the file, for example with ffmpeg",
            path, width, height, name ? name : "unknown");
    }
    /* Rows are padded, since the vector code of swscale writes beyond the width. */
    size_t stride = ((size_t)width * 3 + 63) / 64 * 64 + 64, needed;
    if (!checked_multiply(stride, (size_t)height, &needed) || !buffer_reserve(&c->rgb, &c->rgb_bytes, needed))
        return FAIL(error, SMAC_ERROR_MEMORY, "%s: out of memory for a picture of %d x %d", path, width, height);
    c->context = sws_getCachedContext(c->context, width, height, frame->format, width, height, AV_PIX_FMT_RGB24,
        SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP | SWS_BITEXACT, NULL, NULL, NULL);
    if (!c->context)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "%s: a picture of %d x %d in %s cannot be converted to RGB: convert the file, for example with ffmpeg",
            path, width, height, av_get_pix_fmt_name(frame->format));
    const int *matrix = sws_getCoefficients(matrix_of(frame));
    sws_setColorspaceDetails(c->context, matrix, full_range(frame), matrix, 1, 0, 1 << 16, 1 << 16);
    uint8_t *planes[4] = {c->rgb, NULL, NULL, NULL};
    int strides[4] = {(int)stride, 0, 0, 0};
    const uint8_t *const *from = (const uint8_t *const *)frame->data;
    if (sws_scale(c->context, from, frame->linesize, 0, height, planes, strides) != height)
        return FAIL(error, SMAC_ERROR_FORMAT,
            "%s: a picture of %d x %d could not be converted to RGB: convert the file, for example with ffmpeg", path,
            width, height);
    if (orientation == 0) {
        const AVDictionaryEntry *exif = av_dict_get(frame->metadata, "Orientation", NULL, 0);
        orientation = exif ? libav_orientation_of_exif(exif->value) : 0;
    }
    *out = (picture){.rgb = c->rgb, .width = width, .height = height, .stride = stride};
    int shown_width = libav_shown_width(width, stored->pixel_aspect);
    if (shown_width != width) {
        out->shown_width = shown_width;
        out->shown_height = height;
    }
    if (orientation == 0)
        return SMAC_OK;
    if (!buffer_reserve(&c->upright, &c->upright_bytes, (size_t)width * (size_t)height * 3))
        return FAIL(error, SMAC_ERROR_MEMORY, "%s: out of memory for a picture of %d x %d", path, width, height);
    picture_orient(c->rgb, stride, width, height, orientation, c->upright);
    out->rgb = c->upright;
    if (orientation & LIBAV_TRANSPOSE) {
        *out = (picture){.rgb = c->upright, .width = height, .height = width};
        out->shown_width = shown_width != width ? height : 0;
        out->shown_height = shown_width != width ? shown_width : 0;
    }
    out->stride = (size_t)out->width * 3;
    return SMAC_OK;
}

void picture_converter_free(picture_converter *c)
{
    sws_freeContext(c->context);
    memory_aligned_free(c->rgb);
    memory_aligned_free(c->upright);
    *c = (picture_converter){0};
}
