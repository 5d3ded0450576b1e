/* media/libav_jpeg.c - JPEG by libavcodec's encoder. */
#include <libavcodec/avcodec.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
#include <string.h>

#include "base/memory.h"
#include "media/jpeg.h"

smac_status jpeg_encode(
    const uint8_t *rgb, int width, int height, int quality, uint8_t **out, size_t *size, smac_error *error)
{
    *out = NULL;
    *size = 0;
    if (!rgb || width < 1 || height < 1 || width > 16384 || height > 16384)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "a picture of %d x %d cannot be written as JPEG", width, height);
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
    AVCodecContext *context = codec ? avcodec_alloc_context3(codec) : NULL;
    AVFrame *frame = av_frame_alloc();
    AVPacket *packet = av_packet_alloc();
    struct SwsContext *convert = NULL;
    smac_status code = FAIL(error, codec ? SMAC_ERROR_MEMORY : SMAC_ERROR_UNSUPPORTED,
        codec ? "there is no memory for a JPEG picture" : "libavcodec was built without its JPEG encoder");
    if (!context || !frame || !packet)
        goto done;
    context->width = width;
    context->height = height;
    context->time_base = (AVRational){1, 1};
    context->pix_fmt = AV_PIX_FMT_YUVJ420P;
    context->color_range = AVCOL_RANGE_JPEG;
    context->thread_count = 1;
    context->flags |= AV_CODEC_FLAG_QSCALE | AV_CODEC_FLAG_BITEXACT;
    context->global_quality = FF_QP2LAMBDA * (2 + (100 - (quality < 1 ? 1 : quality > 100 ? 100 : quality)) * 29 / 99);
    if (avcodec_open2(context, codec, NULL) < 0) {
        code = FAIL(error, SMAC_ERROR_INTERNAL, "the JPEG encoder refused a picture of %d x %d", width, height);
        goto done;
    }
    frame->format = context->pix_fmt;
    frame->width = width;
    frame->height = height;
    frame->quality = context->global_quality;
    frame->pts = 0;
    if (av_frame_get_buffer(frame, 0) < 0)
        goto done;
    convert = sws_getContext(
        width, height, AV_PIX_FMT_RGB24, width, height, AV_PIX_FMT_YUV420P, SWS_BICUBIC, NULL, NULL, NULL);
    if (!convert)
        goto done;
    const int *matrix = sws_getCoefficients(SWS_CS_DEFAULT);
    sws_setColorspaceDetails(convert, matrix, 1, matrix, 1, 0, 1 << 16, 1 << 16); /* full range, as JPEG has it */
    const uint8_t *planes[4] = {rgb};
    int strides[4] = {3 * width};
    sws_scale(convert, planes, strides, 0, height, frame->data, frame->linesize);
    if (avcodec_send_frame(context, frame) < 0 || avcodec_receive_packet(context, packet) < 0) {
        code =
            FAIL(error, SMAC_ERROR_INTERNAL, "the JPEG encoder gave nothing for a picture of %d x %d", width, height);
        goto done;
    }
    *out = memory_new((size_t)packet->size, 1);
    if (*out) {
        memcpy(*out, packet->data, (size_t)packet->size);
        *size = (size_t)packet->size;
        code = SMAC_OK;
    }
done:
    sws_freeContext(convert);
    av_packet_free(&packet);
    av_frame_free(&frame);
    avcodec_free_context(&context);
    return code;
}
