/* data/check_media.c - decoding every clip once to see whether a model could use it. */
#include "data/check_media.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "media/frames.h"

enum { SIDE = 32 };
#define SILENT 1e-4f /* of full scale: nothing louder in the whole clip */
enum { BLACK = 16 }; /* of 255: nothing brighter in any frame */

typedef struct clip_facts {
    double seconds;
    bool has_picture, has_sound, heard, seen;
    int64_t broken;
} clip_facts;

static smac_status look_at_clip(const dataset_item *item, clip_facts *out, smac_error *error)
{
    frame_options options = {.size = SIDE, .media = {.start = item->start, .end = item->end}};
    media_reader *reader = NULL;
    media_event event;
    *out = (clip_facts){0};
    TRY(media_reader_open(item->media, &options, &reader, error));
    smac_status status;
    do {
        status = media_reader_next(reader, &event, error);
        if (status == SMAC_OK && event.kind == MEDIA_EVENT_FRAME) {
            out->has_picture = true;
            for (int i = 0; i < SIDE * SIDE * 3 && !out->seen; i++)
                out->seen = event.rgb[i] > BLACK;
        } else if (status == SMAC_OK && event.kind == MEDIA_EVENT_SOUND) {
            out->has_sound = out->has_sound || event.sample_count > 0;
            for (size_t i = 0; i < event.sample_count && !out->heard; i++)
                out->heard = fabsf(event.samples[i]) > SILENT;
        }
    } while (status == SMAC_OK && event.kind != MEDIA_EVENT_END);
    out->seconds = fmax(media_reader_picture_seconds(reader), media_reader_sound_seconds(reader));
    out->broken = media_reader_warnings(reader)->broken_packets;
    media_reader_close(reader);
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
