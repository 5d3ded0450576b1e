/* tests/media/film_reader.h - frames at the sampling times and sound of a recording, one event after another. */
#ifndef SMAC_TESTS_MEDIA_FILM_READER_H
#define SMAC_TESTS_MEDIA_FILM_READER_H

#include "media/decoder.h"
#include "media/frame_sampler.h"

typedef struct frame_options {
    media_options media;
    double rate; /* 0: 2 */
    int size;    /* 0: 224 */
    picture_preparation prepare;
    int crops; /* 0: 1 */
} frame_options;

typedef enum film_event_kind { FILM_EVENT_FRAME, FILM_EVENT_SOUND, FILM_EVENT_END } film_event_kind;

typedef struct film_event {
    film_event_kind kind;
    sampled_frame frame;
    const float *samples;
    size_t sample_count;
    int64_t first_sample;
} film_event;

typedef struct film_reader film_reader;

smac_status film_reader_open(const char *path, const frame_options *options, film_reader **out, smac_error *error);
smac_status film_reader_start(media_file *file, const frame_options *options, film_reader **out, smac_error *error);
smac_status film_reader_next(film_reader *r, film_event *event, smac_error *error);
const decoder *film_reader_decoder(const film_reader *r);
void film_reader_close(film_reader *r);

#endif
