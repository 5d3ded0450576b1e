/* Time stamps of films: gaps, jumps, overlaps, drift, limits. */
#include "watched.h"

#include "support/film.h"

static const film_track both[] = {{.kind = FILM_PICTURE}, {.kind = FILM_SOUND}};
static const film_track sound_only[] = {{.kind = FILM_SOUND}};

/* Sound of 20 ms a block from one time to another (ms); loud in the first 200 ms of each second of `loud`. */
static void film_sound_between(film *f, int track, int64_t from, int64_t to, int64_t shift, double amplitude)
{
    for (int64_t t = from; t < to; t += 20)
        film_tone(f, track, t + shift, 320, amplitude, NULL);
}

/* Picture at 10 a second and sound in step; the tone is loud where `loud` says (ms), the grey is 20 + ms / 1000. */
typedef struct stretch {
    int64_t from, to;       /* of the content, ms */
    int64_t picture, sound; /* added to the stamps; NONE: the stream is not there */
} stretch;
#define NONE INT64_MIN

static void film_stretch(film *f, const stretch *s, const int64_t loud[2])
{
    for (int64_t t = s->from; t < s->to; t += 20) {
        if (s->picture != NONE && t % 100 == 0)
            film_picture(f, 0, t + s->picture, 0, 20 + (int)(t / 1000));
        if (s->sound != NONE)
            film_tone(f, 1, t + s->sound, 320, t >= loud[0] && t < loud[1] ? 0.5 : 0, NULL);
    }
}

static watched *watch_stretches(const stretch *s, int count, const int64_t loud[2], double stated)
{
    film f;
    film_begin(&f, both, 2, stated);
    for (int i = 0; i < count; i++)
        film_stretch(&f, &s[i], loud);
    media_input input = film_input(&f);
    watched *w = watch(&input, NULL);
    film_end(&f);
    return w;
}

static void gaps_of_one_stream_are_kept(void **state)
{
    (void)state;
    /* the sound is missing from 2 to 82 s, or the picture is, with and without a stated length */
    for (int kind = 0; kind < 4; kind++) {
        const stretch parts[] = {
            {0, 2000, 0, 0}, {2000, 82000, kind < 2 ? 0 : NONE, kind < 2 ? NONE : 0}, {82000, 84000, 0, 0}};
        watched *w = watch_stretches(parts, 3, (const int64_t[]){82500, 82700}, kind % 2 ? 84.0 : 0);
        assert_int_equal(w->status, SMAC_OK);
        assert_near(watched_loud_after(w, 0), 82.5, 0.01);
        assert_int_equal(w->samples, 84 * 16000);
        assert_int_equal(w->holes, kind < 2 ? 80 * 16000 : 0);
        assert_near(watched_grey_at(w, 83.05), 20 + 83, 3);
        assert_near(watched_grey_at(w, 50), kind < 2 ? 20 + 50 : 20 + 1, 3);
        watched_warned(w, kind < 2 ? "gap of 80.00 s in all, the first at 2.00 s" : NULL);
        watched_free(w);
    }
}

static void gaps_of_all_streams_are_kept(void **state)
{
    (void)state;
    for (int stated = 0; stated < 2; stated++) {
        const stretch parts[] = {{0, 2000, 0, 0}, {92000, 94000, 0, 0}};
        watched *w = watch_stretches(parts, 2, (const int64_t[]){92500, 92700}, stated ? 94.0 : 0);
        assert_near(watched_loud_after(w, 0), 92.5, 0.01);
        assert_near(watched_grey_at(w, 93.05), 20 + 93, 3);
        watched_free(w);
    }
    film f;
    film_begin(&f, sound_only, 1, 0);
    film_sound_between(&f, 0, 0, 2000, 0, 0);
    film_sound_between(&f, 0, 77000, 78000, 0, 0.5);
    media_input input = film_input(&f);
    watched *w = watch(&input, NULL);
    assert_near(watched_loud_after(w, 0), 77.0, 0.01);
    film_end(&f);
    watched_free(w);
}

static void a_jump_of_both_streams_keeps_them_in_step(void **state)
{
    (void)state;
    /* a second film after the first, its clock begins again: at 2.0 s of the picture, 1.9 s of the sound */
    const stretch parts[] = {
        {0, 1900, 0, 0}, {1900, 2000, 0, NONE}, {2000, 4000, -2000, -2000}, {4000, 30000, -2000, -2000}};
    watched *w = watch_stretches(parts, 4, (const int64_t[]){3000, 3200}, 0);
    assert_int_equal(w->status, SMAC_OK);
    assert_near(watched_loud_after(w, 0), 3.0, 0.011);
    assert_near(watched_grey_at(w, 3.05), 20 + 3, 3);
    assert_near(watched_grey_at(w, 29.05), 20 + 29, 3);
    assert_near((double)w->samples / 16000, 30.0, 0.02);
    watched_warned(w, "picture and sound jump by -");
    watched_free(w);
}

static void subtitles_move_with_a_jump(void **state)
{
    (void)state;
    static const film_track all[] = {{.kind = FILM_PICTURE}, {.kind = FILM_SOUND}, {.kind = FILM_WORDS}};
    film f;
    film_begin(&f, all, 3, 0);
    film_stretch(&f, &(stretch){0, 2000, 0, 0}, (const int64_t[]){0, 0});
    film_stretch(&f, &(stretch){2000, 3000, -2000, -2000}, (const int64_t[]){0, 0});
    film_words(&f, 2, 1500, 500, "at three and a half"); /* on the second clock */
    film_stretch(&f, &(stretch){3000, 5000, -2000, -2000}, (const int64_t[]){0, 0});
    media_input input = film_input(&f);
    watched *w = watch(&input, &(media_options){.subtitles = true});
    assert_int_equal(w->words.count, 1);
    assert_near(w->words.segments[0].start, 3.5, 0.02);
    assert_near(w->words.segments[0].end, 4.0, 0.02);
    film_end(&f);
    watched_free(w);
}

static void an_overlap_of_the_sound_is_dropped(void **state)
{
    (void)state;
    /* from 3 s on the sound's stamps are 1.5 s early: what they overlap is dropped, and it is in step again */
    const stretch parts[] = {{0, 3000, 0, 0}, {3000, 8000, 0, -1500}};
    watched *w = watch_stretches(parts, 2, (const int64_t[]){6000, 6200}, 8.0);
    assert_near(watched_loud_after(w, 0), 4.5, 0.011);
    assert_near(watched_grey_at(w, 4.55), 20 + 4, 3);
    assert_near((double)w->samples / 16000, 6.5, 0.02);
    watched_warned(w, "overlaps 1 time, by 1.50 s in all, first at 1.50 s");
    watched_free(w);
}

static void an_overlap_of_the_picture_is_dropped(void **state)
{
    (void)state;
    const stretch parts[] = {{0, 3000, 0, 0}, {3000, 8000, -1500, 0}};
    watched *w = watch_stretches(parts, 2, (const int64_t[]){6000, 6200}, 8.0);
    assert_near(watched_loud_after(w, 0), 6.0, 0.011);
    assert_near(watched_grey_at(w, 5.05), 20 + 6, 3); /* what is at 6.5 s of the content */
    for (int i = 1; i < w->pictures; i++)
        assert_true(w->from[i] >= w->until[i - 1] - 1e-9);
    watched_warned(w, "overlapped the ones before");
    watched_free(w);
}

static void a_single_wrong_stamp_is_ignored(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) { /* of sound or picture, ahead or back */
        int64_t wrong = kind % 2 ? -1500 : 20000;
        bool picture = kind >= 2;
        const stretch parts[] = {
            {0, 3000, 0, 0}, {3000, 3020, picture ? wrong : 0, picture ? 0 : wrong}, {3020, 6000, 0, 0}};
        watched *w = watch_stretches(parts, 3, (const int64_t[]){5000, 5200}, 0);
        assert_near(watched_loud_after(w, 0), 5.0, 0.011);
        assert_near(watched_grey_at(w, 4.05), 20 + 4, 3);
        assert_int_equal(w->samples, 6 * 16000);
        assert_int_equal(w->pictures, 60);
        watched_warned(w, "were ignored");
        watched_free(w);
    }
}

static void sound_follows_stamps_that_drift(void **state)
{
    (void)state;
    static const double speeds[] = {0.97, 1.03, 0.999, 1.0005};
    for (size_t k = 0; k < sizeof speeds / sizeof *speeds; k++) {
        film f;
        film_begin(&f, sound_only, 1, 0);
        for (int i = 0; i < 3000; i++) /* a minute of samples; loud at 50 s of them */
            film_tone(&f, 0, llround(20 * i * speeds[k]), 320, i >= 2500 && i < 2510 ? 0.5 : 0, NULL);
        media_input input = film_input(&f);
        watched *w = watch(&input, NULL);
        assert_near(watched_loud_after(w, 0), 50 * speeds[k], 0.05);
        assert_near((double)w->samples / 16000, 60 * speeds[k], 0.07);
        if (k < 2)
            watched_warned(w, k == 0 ? "faster than its samples" : "slower than its samples");
        film_end(&f);
        watched_free(w);
    }
}

static void jitter_of_stamps_changes_nothing(void **state)
{
    (void)state;
    film f;
    film_begin(&f, sound_only, 1, 0);
    for (int i = 0; i < 500; i++)
        film_tone(&f, 0, 20 * i + (i % 3 - 1) * 15, 320, i == 250 ? 0.5 : 0.01, NULL);
    media_input input = film_input(&f);
    watched *w = watch(&input, NULL);
    assert_int_equal(w->samples, 500 * 320);
    watched_warned(w, NULL);
    film_end(&f);
    watched_free(w);
}

static void a_negative_start_is_a_start(void **state)
{
    (void)state;
    const stretch parts[] = {{0, 6000, -3000, -3000}};
    watched *w = watch_stretches(parts, 1, (const int64_t[]){1000, 1200}, 0);
    assert_near(w->info.start, -3, 1e-6);
    assert_near(watched_loud_after(w, 0), 1.0, 0.011);
    assert_near(watched_grey_at(w, 1.05), 20 + 1, 3);
    assert_int_equal(w->samples, 6 * 16000);
    watched_warned(w, NULL);
    watched_free(w);
}

static void what_begins_late_has_a_hole_before_it(void **state)
{
    (void)state;
    const stretch parts[] = {{0, 3000, 0, NONE}, {3000, 5000, 0, 0}};
    watched *w = watch_stretches(parts, 2, (const int64_t[]){3000, 3200}, 0);
    assert_near(watched_loud_after(w, 0), 3.0, 0.011);
    assert_int_equal(w->holes, 3 * 16000);
    watched_free(w);
    const stretch later[] = {{0, 3000, NONE, 0}, {3000, 5000, 0, 0}};
    w = watch_stretches(later, 2, (const int64_t[]){3000, 3200}, 0);
    assert_near(w->from[0], 3, 1e-6);
    assert_int_equal(watched_grey_at(w, 2.9), -1);
    assert_int_equal(w->holes, 0);
    watched_free(w);
}

static void what_is_too_long_is_refused(void **state)
{
    (void)state;
    const int64_t months = (int64_t)100 * 86400 * 1000;
    const stretch parts[] = {{0, 1000, 0, 0}, {1000, 2000, months, months}};
    for (int stated = 0; stated < 2; stated++) {
        watched *w = watch_stretches(parts, 2, (const int64_t[]){0, 1}, stated ? (double)months / 1000 + 2 : 0);
        assert_int_equal(w->status, SMAC_ERROR_FORMAT);
        if (!strstr(
                w->error.message, stated ? "by its header it lasts 8640002 s" : "has a gap of 8640000 s after 1.00 s"))
            fail_msg("the message is: %s", w->error.message);
        assert_true(w->samples <= 2 * 16000);
        watched_free(w);
    }
    /* the limits are the caller's; a part that lies before the gap is read */
    static const struct {
        media_options options;
        smac_status status;
    } cases[] = {{{.max_gap = 60}, SMAC_ERROR_FORMAT}, {{.max_gap = 80}, SMAC_OK},
        {{.max_seconds = 50}, SMAC_ERROR_FORMAT}, {{.max_seconds = 50, .end = 40}, SMAC_OK},
        {{.max_gap = 60, .end = 40}, SMAC_OK}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        film f;
        film_begin(&f, both, 2, 0);
        film_stretch(&f, &(stretch){0, 1000, 0, 0}, (const int64_t[]){0, 0});
        film_stretch(&f, &(stretch){71000, 72000, 0, 0}, (const int64_t[]){0, 0});
        media_input input = film_input(&f);
        watched *w = watch(&input, &cases[i].options);
        assert_int_equal(w->status, cases[i].status);
        film_end(&f);
        watched_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaps_of_one_stream_are_kept),
        cmocka_unit_test(gaps_of_all_streams_are_kept),
        cmocka_unit_test(a_jump_of_both_streams_keeps_them_in_step),
        cmocka_unit_test(subtitles_move_with_a_jump),
        cmocka_unit_test(an_overlap_of_the_sound_is_dropped),
        cmocka_unit_test(an_overlap_of_the_picture_is_dropped),
        cmocka_unit_test(a_single_wrong_stamp_is_ignored),
        cmocka_unit_test(sound_follows_stamps_that_drift),
        cmocka_unit_test(jitter_of_stamps_changes_nothing),
        cmocka_unit_test(a_negative_start_is_a_start),
        cmocka_unit_test(what_begins_late_has_a_hole_before_it),
        cmocka_unit_test(what_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
