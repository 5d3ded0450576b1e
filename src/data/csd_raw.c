/* data/csd_raw.c - recordings and transcripts beside .csd files. */
#include "data/csd_raw.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/number.h"

static const char *const whole_videos[] = {"Videos/Full/Combined", "Video/Full/Combined", "Videos/Full", "Video/Full"};
static const char segmented[] = "Video/Segmented";
enum { WHOLE_VIDEOS = sizeof whole_videos / sizeof *whole_videos };

static bool has_folder(const csd_raw *raw, const char *name)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/%s", raw->folder, name);
    return file_is_folder(path);
}

void csd_raw_find(csd_raw *raw, const char *folder)
{
    *raw = (csd_raw){0};
    snprintf(raw->folder, sizeof raw->folder, "%.1000s/Raw", folder);
    for (int i = 0; i < WHOLE_VIDEOS; i++)
        raw->has_media = raw->has_media || has_folder(raw, whole_videos[i]);
    raw->has_media = raw->has_media || has_folder(raw, segmented);
}

smac_status csd_raw_media(const csd_raw *raw, set_reading *g, const csd_raw_place *place, set_clip *c)
{
    char stem[500];
    if (!raw->has_media)
        return SMAC_OK;
    if (strchr(place->video, '/'))
        return dataset_bad_row(g->d, g->options, g->report, g->error,
            "%.300s: the video %.100s has a name that is a path", g->folder, place->video);
    for (int i = 0; i < WHOLE_VIDEOS && !c->media; i++) {
        snprintf(stem, sizeof stem, "%s/%.200s", whole_videos[i], place->video);
        c->media = dataset_find_media(g->d, raw->folder, stem);
    }
    if (c->media) {
        c->start = place->start;
        c->end = place->end;
        return SMAC_OK;
    }
    snprintf(stem, sizeof stem, "%s/%.200s_%lld", segmented, place->video, (long long)place->number + 1);
    c->media = dataset_find_media(g->d, raw->folder, stem);
    return c->media ? SMAC_OK
                    : dataset_bad_media(g->d, g->options, g->report, g->error,
                          "clip %.200s[%lld] has neither a whole video %.200s nor %.200s.mp4 under %.300s",
                          place->video, (long long)place->number, place->video, stem, raw->folder);
}

/* VIDEO___INDEX___START___END___SENTENCE; line is cut. */
static bool parse_line(char *line, csd_raw_line *out)
{
    char *cells[5] = {line};
    for (int i = 1; i < 5; i++) {
        char *bar = strstr(cells[i - 1], "___");
        if (!bar)
            return false;
        *bar = 0;
        cells[i] = bar + 3;
    }
    out->sentence = cells[4];
    return number_parse(cells[2], &out->start) && number_parse(cells[3], &out->end);
}

smac_status csd_raw_open(const csd_raw *raw, const char *video, csd_raw_video *out, smac_error *error)
{
    char path[1400], *next = NULL;
    size_t size = 0;
    int64_t number = 0;
    *out = (csd_raw_video){0};
    snprintf(path, sizeof path, "%s/Transcript/Segmented/Combined/%.200s.txt", raw->folder, video);
    if (!file_exists(path))
        return SMAC_OK;
    TRY(file_read(path, 0, &out->text, &size, error));
    for (char *at = out->text; *at; at = next) {
        char *end = strchr(at, '\n');
        next = end ? end + 1 : at + strlen(at);
        if (end)
            *end = 0;
        at[strcspn(at, "\r")] = 0;
        number++;
        if (!*at)
            continue;
        if (!memory_grow((void **)&out->lines, &out->capacity, out->count + 1, sizeof *out->lines))
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the lines of %.300s", path);
        if (!parse_line(at, &out->lines[out->count++]))
            return FAIL(error, SMAC_ERROR_FORMAT,
                "%.300s line %lld is not of the form VIDEO___INDEX___START___END___SENTENCE: correct it", path,
                (long long)number);
    }
    return SMAC_OK;
}

const char *csd_raw_sentence(const csd_raw_video *v, const csd_raw_place *place)
{
    const char *found = "";
    double best = 0.5;
    for (size_t i = 0; i < v->count; i++) {
        double apart = fmax(fabs(v->lines[i].start - place->start), fabs(v->lines[i].end - place->end));
        if (apart < best) {
            best = apart;
            found = v->lines[i].sentence;
        }
    }
    return found;
}

void csd_raw_close(csd_raw_video *v)
{
    free(v->text);
    free(v->lines);
    *v = (csd_raw_video){0};
}
