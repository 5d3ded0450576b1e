/* Files that were written to a pipe, so that the lengths in their headers were never filled in; and files cut off. */
#include "watched.h"

#include "support/film.h"

static void put32(text_buffer *b, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        text_add_char(b, (char)(value >> (8 * i) & 0xFF));
}

/* A WAV of `samples` at 16 kHz whose header states these sizes. */
static text_buffer wav_of(int samples, uint32_t file_size, uint32_t data_size)
{
    text_buffer b = {0};
    text_add(&b, "RIFF");
    put32(&b, file_size);
    text_add(&b, "WAVEfmt ");
    put32(&b, 16);
    put32(&b, 1 | 1 << 16);
    put32(&b, 16000);
    put32(&b, 32000);
    put32(&b, 2 | 16 << 16);
    text_add(&b, "data");
    put32(&b, data_size);
    for (int i = 0; i < samples; i++) {
        int16_t value = (int16_t)lround(16000 * sin(2 * 3.14159265358979 * 440 * i / 16000));
        text_add_char(&b, (char)(value & 0xFF));
        text_add_char(&b, (char)(value >> 8 & 0xFF));
    }
    return b;
}

static watched *watch_bytes(const text_buffer *b, const char *name, bool seekable)
{
    media_memory memory = {b->data, b->length, 0};
    media_input input = media_input_memory(&memory, name);
    if (!seekable) {
        input.seek = NULL;
        input.size = -1;
    }
    watched *w = watch(&input, NULL);
    assert_int_equal(w->status, SMAC_OK);
    return w;
}

static void a_wav_of_unknown_length_is_whole(void **state)
{
    (void)state;
    static const uint32_t sizes[][2] = {
        {0xFFFFFFFF, 0xFFFFFFFF}, {0, 0}, {0xFFFFFFFF, 0}, {36 + 2 * 24681, 2 * 24681}, {0x7FFFFFFF, 0x7FFFFFFF - 36}};
    for (size_t i = 0; i < 4; i++)
        for (int seekable = 0; seekable < 2; seekable++) {
            text_buffer b = wav_of(24681, sizes[i][0], sizes[i][1]);
            watched *w = watch_bytes(&b, "a.wav", seekable);
            assert_int_equal(w->samples, 24681);
            assert_int_equal(w->broken, 0);
            watched_warned(w, NULL);
            watched_free(w);
            text_free(&b);
        }
}

static void a_wav_that_is_cut_off_is_told(void **state)
{
    (void)state;
    for (int odd = 0; odd < 2; odd++) {
        text_buffer b = wav_of(20000, 36 + 60000, 60000);
        b.length -= (size_t)odd;
        watched *w = watch_bytes(&b, "a.wav", true);
        assert_int_equal(w->samples, 20000 - odd);
        assert_int_equal(w->broken, 0);
        watched_warned(w, "by its header it has 60044 bytes, there are 400");
        watched_free(w);
        text_free(&b);
    }
}

/* A film of 20 s by its header with pictures and sound in these times. */
static watched *watch_parts(double picture_end, double sound_start, double sound_end)
{
    static const film_track tracks[] = {{.kind = FILM_PICTURE}, {.kind = FILM_SOUND}};
    film f;
    film_begin(&f, tracks, 2, 20);
    for (int at = 0; at < 20000; at += 200) {
        if (at < picture_end * 1000)
            film_picture(&f, 0, at, 200, 60 + at / 1000 * 5);
        if (at >= sound_start * 1000 && at < sound_end * 1000)
            film_tone(&f, 1, at, 3200, 0.5, NULL);
    }
    media_input input = film_input(&f);
    watched *w = watch(&input, NULL);
    assert_int_equal(w->status, SMAC_OK);
    film_end(&f);
    return w;
}

/* Matroska states one length for the whole file: sound that ends before the picture is not cut off. */
static void a_stream_may_end_before_the_other(void **state)
{
    (void)state;
    static const double whole[][3] = {{20, 12, 17}, {20, 0, 5}, {5, 0, 20}, {20, 0, 20}};
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        watched *w = watch_parts(whole[i][0], whole[i][1], whole[i][2]);
        watched_warned(w, NULL);
        watched_free(w);
    }
    watched *w = watch_parts(8, 0, 6);
    watched_warned(w, "cut off");
    watched_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wav_of_unknown_length_is_whole),
        cmocka_unit_test(a_wav_that_is_cut_off_is_told),
        cmocka_unit_test(a_stream_may_end_before_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
