/*
 * tests/support/film.h - a Matroska film in memory with any time stamps, tracks and headers a test wants.
 *
 * Pictures are MJPEG of one grey, sound is 16-bit PCM, words are S_TEXT/UTF8 or S_TEXT/ASS.  Every block is a cluster of
 * its own with a time in milliseconds, so blocks may come in any order.
 */
#ifndef SMAC_TESTS_SUPPORT_FILM_H
#define SMAC_TESTS_SUPPORT_FILM_H

#include "support/check.h"

#include "base/text.h"
#include "media/jpeg.h"
#include "media/media.h"

typedef enum film_kind { FILM_PICTURE = 1, FILM_SOUND = 2, FILM_WORDS = 17 } film_kind;

typedef struct film_track {
    film_kind kind;
    const char *codec;    /* NULL: V_MJPEG, A_PCM/INT/LIT, S_TEXT/UTF8 */
    const char *header;   /* the codec's private data; NULL: none */
    const char *language; /* NULL: not said (then Matroska's default is English); "und" */
    const char *name;
    bool is_default, is_forced, is_comment, is_for_deaf;
    int width, height, shown_width, shown_height; /* 0: 64 x 48, shown as stored */
    int rate, channels;                           /* 0: 16000, 1 */
} film_track;

typedef struct film {
    text_buffer bytes;
    const film_track *tracks;
    media_memory memory;
} film;

static inline void film_number(text_buffer *b, uint64_t value, int size)
{
    for (int i = size - 1; i >= 0; i--)
        text_add_char(b, (char)(value >> (8 * i) & 0xFF));
}

/* The element's number, its size in eight bytes, its content. */
static inline void film_element(text_buffer *b, uint32_t number, const void *data, size_t size)
{
    film_number(b, number, number > 0xFFFFFF ? 4 : number > 0xFFFF ? 3 : number > 0xFF ? 2 : 1);
    film_number(b, (uint64_t)size | (uint64_t)1 << 56, 8);
    text_add_n(b, data, size);
}

static inline void film_integer(text_buffer *b, uint32_t number, uint64_t value)
{
    text_buffer content = {0};
    film_number(&content, value, 8);
    film_element(b, number, content.data, 8);
    text_free(&content);
}

static inline void film_float(text_buffer *b, uint32_t number, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    film_integer(b, number, bits);
}

static inline void film_text(text_buffer *b, uint32_t number, const char *text)
{
    if (text)
        film_element(b, number, text, strlen(text));
}

static inline void film_track_entry(text_buffer *out, const film_track *t, int number)
{
    text_buffer entry = {0}, form = {0};
    film_integer(&entry, 0xD7, (uint64_t)number);
    film_integer(&entry, 0x73C5, (uint64_t)number);
    film_integer(&entry, 0x83, (uint64_t)t->kind);
    film_integer(&entry, 0x88, t->is_default);
    film_integer(&entry, 0x55AA, t->is_forced);
    film_integer(&entry, 0x9C, 0); /* no lacing */
    if (t->is_comment)
        film_integer(&entry, 0x55AF, 1);
    if (t->is_for_deaf)
        film_integer(&entry, 0x55AB, 1);
    film_text(&entry, 0x22B59C, t->language);
    film_text(&entry, 0x536E, t->name);
    film_text(&entry, 0x86,
        t->codec                    ? t->codec
            : t->kind == FILM_SOUND ? "A_PCM/INT/LIT"
            : t->kind == FILM_WORDS ? "S_TEXT/UTF8"
                                    : "V_MJPEG");
    film_text(&entry, 0x63A2, t->header);
    if (t->kind == FILM_PICTURE) {
        film_integer(&form, 0xB0, (uint64_t)(t->width ? t->width : 64));
        film_integer(&form, 0xBA, (uint64_t)(t->height ? t->height : 48));
        if (t->shown_width) {
            film_integer(&form, 0x54B0, (uint64_t)t->shown_width);
            film_integer(&form, 0x54BA, (uint64_t)t->shown_height);
        }
        film_element(&entry, 0xE0, form.data, form.length);
    } else if (t->kind == FILM_SOUND) {
        film_float(&form, 0xB5, t->rate ? t->rate : 16000);
        film_integer(&form, 0x9F, (uint64_t)(t->channels ? t->channels : 1));
        film_integer(&form, 0x6264, 16);
        film_element(&entry, 0xE1, form.data, form.length);
    }
    film_element(out, 0xAE, entry.data, entry.length);
    text_free(&entry);
    text_free(&form);
}

/* seconds: what the header states, 0: nothing.  The tracks must live as long as the film. */
static inline void film_begin(film *f, const film_track *tracks, int count, double seconds)
{
    text_buffer part = {0};
    *f = (film){.tracks = tracks};
    film_text(&part, 0x4282, "matroska");
    film_element(&f->bytes, 0x1A45DFA3, part.data, part.length);
    film_number(&f->bytes, 0x18538067, 4); /* the segment, of unknown size */
    film_number(&f->bytes, 0x01FFFFFFFFFFFFFF, 8);
    part.length = 0;
    film_integer(&part, 0x2AD7B1, 1000000);
    if (seconds > 0)
        film_float(&part, 0x4489, seconds * 1000);
    film_text(&part, 0x4D80, "test");
    film_text(&part, 0x5741, "test");
    film_element(&f->bytes, 0x1549A966, part.data, part.length);
    part.length = 0;
    for (int i = 0; i < count; i++)
        film_track_entry(&part, &tracks[i], i + 1);
    film_element(&f->bytes, 0x1654AE6B, part.data, part.length);
    text_free(&part);
}

/* A block of track (from 0) at a time in milliseconds, negative too; length 0: not said. */
static inline void film_block(film *f, int track, int64_t time, int64_t length, const void *data, size_t size)
{
    text_buffer block = {0}, cluster = {0}, group = {0};
    film_integer(&cluster, 0xE7, time < 0 ? 0 : (uint64_t)time);
    text_add_char(&block, (char)(0x80 | (track + 1)));
    film_number(&block, time < 0 ? (uint64_t)time & 0xFFFF : 0, 2);
    text_add_char(&block, length > 0 ? 0 : (char)0x80);
    text_add_n(&block, data, size);
    if (length > 0) {
        film_element(&group, 0xA1, block.data, block.length);
        film_integer(&group, 0x9B, (uint64_t)length);
        film_element(&cluster, 0xA0, group.data, group.length);
    } else {
        film_element(&cluster, 0xA3, block.data, block.length);
    }
    film_element(&f->bytes, 0x1F43B675, cluster.data, cluster.length);
    text_free(&block);
    text_free(&cluster);
    text_free(&group);
}

static inline void film_picture(film *f, int track, int64_t time, int64_t length, int grey)
{
    const film_track *t = &f->tracks[track];
    int width = t->width ? t->width : 64, height = t->height ? t->height : 48;
    uint8_t *rgb = malloc((size_t)(width * height * 3)), *jpeg;
    size_t size;
    memset(rgb, grey, (size_t)(width * height * 3));
    assert_ok(jpeg_encode(rgb, width, height, 95, &jpeg, &size, error));
    film_block(f, track, time, length, jpeg, size);
    free(jpeg);
    free(rgb);
}

/* count samples of a tone of 1000 Hz, in each channel with its gain (NULL: all 1) times the amplitude. */
static inline void film_tone(film *f, int track, int64_t time, int count, double amplitude, const double *gains)
{
    const film_track *t = &f->tracks[track];
    int channels = t->channels ? t->channels : 1, rate = t->rate ? t->rate : 16000;
    int16_t *samples = malloc((size_t)(count * channels) * sizeof *samples);
    for (int i = 0; i < count; i++)
        for (int c = 0; c < channels; c++)
            samples[i * channels + c] = (int16_t)lround(32000 * amplitude * (gains ? gains[c] : 1) *
                sin(2 * 3.14159265358979 * 1000 * ((double)time / 1000 + (double)i / rate)));
    film_block(f, track, time, 0, samples, (size_t)(count * channels) * sizeof *samples);
    free(samples);
}

static inline void film_words(film *f, int track, int64_t time, int64_t length, const char *text)
{
    film_block(f, track, time, length, text, strlen(text));
}

/* Holds until film_end. */
static inline media_input film_input(film *f)
{
    f->memory = (media_memory){f->bytes.data, f->bytes.length, 0};
    return media_input_memory(&f->memory, "film.mkv");
}

static inline void film_end(film *f)
{
    text_free(&f->bytes);
}

#endif
