/* data/check_media.c - decoding every clip once to see whether a model could use it. */
#include "data/check_media.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "face/detector.h"
#include "media/decoder.h"
#include "media/frame_sampler.h"
#include "models/models.h"

enum { SIDE = 32 };
#define DETECTOR_NAME "retinaface" /* among the installed models */
#define SILENT 1e-4f               /* of full scale: nothing louder in the whole clip */
enum { BLACK = 16 };               /* of 255: nothing brighter in any frame */

typedef struct clip_facts {
    double seconds;
    bool has_picture, has_sound, heard, seen, has_face;
    int64_t broken;
} clip_facts;

/* What a clip is read with. */
typedef struct clip_reader {
    decoder *from;
    frame_sampler *sampler;
    face_finder *faces; /* NULL: nobody looks for them */
} clip_reader;

static smac_status look_for_face(const clip_reader *r, const picture *shown, clip_facts *out, smac_error *error)
{
    face_list found = {0};
    if (!r->faces || out->has_face)
        return SMAC_OK;
    smac_status status = face_finder_find(r->faces, shown, &found, error);
    out->has_face = status == SMAC_OK && found.count > 0;
    return status;
}

static smac_status look_at_picture(const clip_reader *r, const decoded *d, clip_facts *out, smac_error *error)
{
    picture_span span = {d->from, d->until, d->last};
    sampled_frame frame;
    picture shown;
    out->has_picture = true;
    if ((out->seen && (out->has_face || !r->faces)) || !frame_sampler_wants(r->sampler, &span))
        return SMAC_OK;
    TRY(decoder_picture(r->from, &shown, error));
    TRY(look_for_face(r, &shown, out, error));
    TRY(frame_sampler_feed(r->sampler, &shown, &span, error));
    while (frame_sampler_next(r->sampler, &frame))
        for (int i = 0; i < SIDE * SIDE * 3 && !out->seen; i++)
            out->seen = frame.rgb[i] > BLACK;
    return SMAC_OK;
}

static smac_status look_at_clip(const dataset_item *item, face_finder *faces, clip_facts *out, smac_error *error)
{
    media_options options = {.start = item->start, .end = item->end};
    frame_form form = {.rate = 2, .size = SIDE, .prepare = PREPARE_STILL, .crops = 1};
    clip_reader r = {.faces = faces};
    decoded d = {0};
    *out = (clip_facts){0};
    smac_status status = decoder_open(item->media, &options, &r.from, error);
    if (status == SMAC_OK)
        status = frame_sampler_new(&form, &r.sampler, error);
    while (status == SMAC_OK) {
        status = decoder_next(r.from, &d, error);
        if (status != SMAC_OK || d.kind == DECODED_END)
            break;
        if (d.kind == DECODED_PICTURE) {
            status = look_at_picture(&r, &d, out, error);
        } else if (!d.hole) {
            out->has_sound = true;
            for (size_t i = 0; i < d.count && !out->heard; i++)
                out->heard = fabsf(d.samples[i]) > SILENT;
        }
    }
    if (status == SMAC_OK) {
        out->seconds = fmax(decoder_picture_seconds(r.from), decoder_sound_seconds(r.from));
        out->broken = decoder_warnings(r.from)->broken_packets;
    }
    frame_sampler_free(r.sampler);
    decoder_close(r.from);
    return status;
}

static void judge_clip(const dataset_item *item, const clip_facts *facts, bool faces, json_t *problems)
{
    text_buffer example = {0};
    text_format(&example, "%.150s (%.300s)", item->id, item->media);
    const char *name = example.data ? example.data : item->id;
    if (facts->has_sound && !facts->heard)
        check_problem(problems, "silent sound", name);
    if (facts->has_picture && !facts->seen)
        check_problem(problems, "black pictures", name);
    if (faces && facts->seen && !facts->has_face)
        check_problem(problems, "no face in two pictures a second", name);
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

/* The installed detector of faces; without one *out stays NULL and a note says how to get it. */
static smac_status open_detector(const reporter *r, face_detector **out, smac_error *error)
{
    char *path = NULL;
    if (models_find(DETECTOR_NAME, &path, NULL) != SMAC_OK) {
        report_log(r, LOG_INFO,
            "no face detector is installed, so faces are not looked for: semanticmac models fetch %s", DETECTOR_NAME);
        return SMAC_OK;
    }
    smac_status status = face_detector_open(path, out, error);
    free(path);
    return status;
}

static smac_status check_clips(
    const dataset *d, face_finder *faces, json_t *problems, const reporter *r, json_t **out, smac_error *error)
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
        if (look_at_clip(item, faces, &facts, &why) != SMAC_OK) {
            text_buffer example = {0};
            text_format(&example, "%.150s: %.600s", item->id, why.message);
            check_problem(problems, "media that cannot be used", example.data ? example.data : item->id);
            text_free(&example);
            continue;
        }
        judge_clip(item, &facts, faces != NULL, problems);
        seconds[opened++] = facts.seconds;
        sum += facts.seconds;
    }
    report_progress(r, "checking clips", (double)d->count, (double)d->count);
    qsort(seconds, (size_t)opened, sizeof *seconds, compare_numbers);
    *out = json_pack("{s:I, s:b, s:{s:o, s:o, s:o, s:o}}", "opened", (json_int_t)opened, "faces", faces != NULL,
        "seconds", "min", json_from_number(opened ? seconds[0] : NAN), "median",
        json_from_number(opened ? seconds[opened / 2] : NAN), "max",
        json_from_number(opened ? seconds[opened - 1] : NAN), "sum", json_from_number(sum));
    free(seconds);
    return *out ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for the report");
}

smac_status check_media(const dataset *d, json_t *problems, const reporter *r, json_t **out, smac_error *error)
{
    face_detector *detector = NULL;
    face_finder *faces = NULL;
    smac_status status = open_detector(r, &detector, error);
    if (status == SMAC_OK && detector)
        status = face_finder_new(detector, NULL, &faces, error);
    if (status == SMAC_OK)
        status = check_clips(d, faces, problems, r, out, error);
    face_finder_free(faces);
    face_detector_free(detector);
    return status;
}
