/*
 * apps/example/live.c - live input: raw pictures and raw sound in, a line a segment out as soon as it is whole.
 *
 *   ffmpeg -i talk.mp4 -f rawvideo -pix_fmt rgb24 -s 320x240 -r 10 pictures.rgb
 *   ffmpeg -i talk.mp4 -f s16le -ac 1 -ar 16000 sound.s16
 *   live MODEL 320 240 10 pictures.rgb sound.s16
 *
 * (named pipes from a camera and a microphone work as well).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "semanticmac/semanticmac.h"

enum { RATE = 16000 };

typedef struct live {
    smac_session *session;
    FILE *pictures, *sound;
    unsigned char *picture;
    int width, height;
    double rate; /* pictures a second */
} live;

static void print_segment(const smac_segment *s)
{
    printf("%6.1f %6.1f", s->start, s->end);
    if (s->tasks[0].prediction)
        printf("  %+.3f", (double)s->tasks[0].prediction[0]);
    printf("%s%s\n", s->has[SMAC_AUDIO] ? "  voice" : "", s->has[SMAC_VISION] ? "  face" : "");
    fflush(stdout);
}

/* One picture and the sound that belongs to it.  0: both have ended; 1: go on; -1: an error. */
static int feed(live *l, long number, smac_error *error)
{
    static short samples[RATE];
    size_t bytes = (size_t)l->width * (size_t)l->height * 3;
    size_t count = (size_t)(RATE * (double)(number + 1) / l->rate) - (size_t)(RATE * (double)number / l->rate);
    smac_picture picture = {l->picture, l->width, l->height, 0, SMAC_PIXELS_RGB};
    int went_on = 0;
    if (fread(l->picture, 1, bytes, l->pictures) == bytes) {
        went_on = 1;
        if (smac_session_frame(l->session, &picture, (double)number / l->rate, error) != SMAC_OK)
            return -1;
    }
    smac_sound sound = {samples, fread(samples, sizeof *samples, count, l->sound), 1, RATE, SMAC_SAMPLES_INT16};
    if (sound.frames > 0) {
        went_on = 1;
        if (smac_session_sound(l->session, &sound, NAN, error) != SMAC_OK)
            return -1;
    }
    return went_on;
}

static smac_status run(live *l, smac_error *error)
{
    const smac_segment *segment = NULL;
    smac_analysis *rest = NULL;
    int state = 1;
    for (long number = 0; state == 1; number++) {
        state = feed(l, number, error);
        while (state == 1 && smac_session_next(l->session, &segment, error) == SMAC_OK && segment)
            print_segment(segment);
    }
    if (state < 0)
        return error->code;
    smac_status status = smac_session_finish(l->session, &rest, error);
    for (size_t i = 0; i < smac_analysis_segment_count(rest); i++)
        print_segment(smac_analysis_segment(rest, i));
    if (rest) {
        printf("all of it:\n");
        print_segment(smac_analysis_summary(rest));
    }
    smac_analysis_free(rest);
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 7 || atoi(argv[2]) < 1 || atoi(argv[3]) < 1 || atof(argv[4]) < 1) {
        fprintf(stderr, "usage: live MODEL WIDTH HEIGHT RATE PICTURES SOUND\n");
        return 2;
    }
    smac_error error = {0};
    smac_model *model = NULL;
    live l = {.pictures = fopen(argv[5], "rb"),
        .sound = fopen(argv[6], "rb"),
        .width = atoi(argv[2]),
        .height = atoi(argv[3]),
        .rate = atof(argv[4])};
    l.picture = malloc((size_t)l.width * (size_t)l.height * 3);
    int status = 1;
    if (!l.pictures || !l.sound || !l.picture)
        fprintf(stderr, "the pictures or the sound cannot be read\n");
    else if (smac_model_open(argv[1], NULL, &model, &error) != SMAC_OK ||
        smac_session_open(model, NULL, &l.session, &error) != SMAC_OK || run(&l, &error) != SMAC_OK)
        fprintf(stderr, "%s\n", error.message);
    else
        status = 0;
    smac_session_free(l.session);
    smac_model_free(model);
    if (l.pictures)
        fclose(l.pictures);
    if (l.sound)
        fclose(l.sound);
    free(l.picture);
    return status;
}
