/* data/check_media.c - decoding every clip once to see whether a model could use it. */
#include "data/check_media.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "media/decoder.h"
#include "media/frame_sampler.h"

enum { SIDE = 32 };
#define SILENT 1e-4f /* of full scale: nothing louder in the whole clip */
enum { BLACK = 16 }; /* of 255: nothing brighter in any frame */

typedef struct clip_facts {
    double seconds;
    bool has_picture, has_sound, heard, seen;
    int64_t broken;
} clip_facts;

static smac_status look_at_picture(
    decoder *from, frame_sampler *sampler, const decoded *d, clip_facts *out, smac_error *error)
{
    picture_span span = {d->from, d->until, d->last};
    sampled_frame frame;
    picture shown;
    out->has_picture = true;
    if (out->seen || !frame_sampler_wants(sampler, &span))
        return SMAC_OK;
    TRY(decoder_picture(from, &shown, error));
    TRY(frame_sampler_feed(sampler, &shown, &span, error));
    while (frame_sampler_next(sampler, &frame))
        for (int i = 0; i < SIDE * SIDE * 3 && !out->seen; i++)
            out->seen = frame.rgb[i] > BLACK;
    return SMAC_OK;
}

static smac_status look_at_clip(const dataset_item *item, clip_facts *out, smac_error *error)
{
    media_options options = {.start = item->start, .end = item->end};
    frame_form form = {.rate = 2, .size = SIDE, .prepare = PREPARE_STILL, .crops = 1};
    decoder *from = NULL;
    frame_sampler *sampler = NULL;
    decoded d = {0};
    *out = (clip_facts){0};
    smac_status status = decoder_open(item->media, &options, &from, error);
    if (status == SMAC_OK)
        status = frame_sampler_new(&form, &sampler, error);
    while (status == SMAC_OK) {
        status = decoder_next(from, &d, error);
        if (status != SMAC_OK || d.kind == DECODED_END)
            break;
        if (d.kind == DECODED_PICTURE) {
            status = look_at_picture(from, sampler, &d, out, error);
        } else if (!d.hole) {
            out->has_sound = true;
            for (size_t i = 0; i < d.count && !out->heard; i++)
                out->heard = fabsf(d.samples[i]) > SILENT;
        }
    }
    if (status == SMAC_OK) {
        out->seconds = fmax(decoder_picture_seconds(from), decoder_sound_seconds(from));
        out->broken = decoder_warnings(from)->broken_packets;
    }
    frame_sampler_free(sampler);
    decoder_close(from);
    return status;
}

static void judge_clip(const dataset_item *item, const clip_facts *facts, json_t *problems)
{
    text_buffer example = {0};
    text_format(&example, "%.150s (%.300s)", item->id, item->media);
    const char *name = example.data ? example.data : item->id;
    if (facts->has_sound && !facts->heard)
        check_problem(problems, "silent sound", name);
    if (facts->has_picture && !facts->seen)
        check_problem(problems, "black pictures", name);
    if (facts->broken)
        check_problem(problems, "damaged media: some packets cannot be decoded", name);
    if (item->end > item->start && facts->seconds < 0.5 * (item->end - item->start))
        check_problem(problems, "the media end before half of the stretch", name);
    text_free(&example);
}

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

smac_status check_media(const dataset *d, json_t *problems, const reporter *r, json_t **out, smac_error *error)
{
    double *seconds = memory_new((size_t)d->count + 1, sizeof *seconds), sum = 0;
    int64_t opened = 0;
    if (!seconds)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %lld clips", (long long)d->count);
    for (int64_t i = 0; i < d->count; i++) {
        const dataset_item *item = &d->items[i];
        clip_facts facts;
        smac_error why = {0};
        if (!item->media)
            continue;
        if (report_progress(r, "checking clips", (double)i, (double)d->count)) {
            free(seconds);
            return FAIL(error, SMAC_ERROR_INTERRUPTED, "stopped while the clips were checked");
        }
        if (look_at_clip(item, &facts, &why) != SMAC_OK) {
            text_buffer example = {0};
            text_format(&example, "%.150s: %.600s", item->id, why.message);
            check_problem(problems, "media that cannot be used", example.data ? example.data : item->id);
            text_free(&example);
            continue;
        }
        judge_clip(item, &facts, problems);
        seconds[opened++] = facts.seconds;
        sum += facts.seconds;
    }
    report_progress(r, "checking clips", (double)d->count, (double)d->count);
    qsort(seconds, (size_t)opened, sizeof *seconds, compare_numbers);
    *out = json_pack("{s:I, s:{s:o, s:o, s:o, s:o}}", "opened", (json_int_t)opened, "seconds", "min",
        json_from_number(opened ? seconds[0] : NAN), "median", json_from_number(opened ? seconds[opened / 2] : NAN),
        "max", json_from_number(opened ? seconds[opened - 1] : NAN), "sum", json_from_number(sum));
    free(seconds);
    return *out ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for the report");
}
