/*
 * The clip encoder fed by hand: which frames and which sound make a clip, where a modality begins late, has a hole or
 * ends early, what black pictures and digital silence give, frame rates and clip steps.
 */
#include "support/check.h"

#include "media/mel.h"
#include "pipeline/clip_encoder.h"
#include "pipeline/clip_track.h"

enum { SIZE = 8, MOST = 400 };

typedef struct outcome {
    int64_t count, index[MOST];
    double middle[MOST];
    int first[MOST], second[MOST]; /* grey of a clip's two frames */
} outcome;

typedef struct bench {
    configuration c;
    struct mel_filter_bank *bank;
    preparation p;
    clip_encoder *e;
    outcome got[MODALITIES];
} bench;

static void bench_open_of(bench *b, double rate, double step, int64_t pictures)
{
    memset(b, 0, sizeof *b);
    configuration_defaults(&b->c);
    b->c.audio.voice_gate = false; /* tones are sound here */
    b->c.media.frames_per_second = rate;
    b->c.media.clip_step = step;
    b->c.vision.image_size = SIZE;
    b->c.vision.crops = 1;
    b->c.vision.pictures = pictures;
    b->c.audio.mel_bins = 16;
    b->c.audio.frames = 32;
    assert_ok(mel_filter_bank_new_kaldi(16, &b->bank, error));
    b->p = (preparation){.configuration = &b->c, .mel = b->bank, .wants = {false, true, true}};
    clip_encoder_options options = {.preparation = &b->p};
    assert_ok(clip_encoder_new(&options, &b->e, error));
}

static void bench_open(bench *b, double rate, double step)
{
    bench_open_of(b, rate, step, 2);
}

static void bench_take(bench *b)
{
    clip c;
    while (clip_encoder_next(b->e, &c)) {
        outcome *o = &b->got[c.modality];
        assert_true(o->count < MOST);
        if (c.modality == MODALITY_VISION) {
            o->first[o->count] = c.frames[0];
            o->second[o->count] = b->c.vision.pictures == 2 ? c.frames[SIZE * SIZE * 3] : 0;
        }
        o->index[o->count] = c.index;
        o->middle[o->count++] = (c.start + c.end) / 2;
        assert_true(o->count == 1 || o->index[o->count - 2] < c.index);
        assert_true(clip_encoder_reached(b->e, c.modality) > o->middle[o->count - 1]);
    }
}

static void bench_picture(bench *b, int grey, double from, double until, bool last)
{
    uint8_t rgb[SIZE * SIZE * 3];
    picture shown = {.rgb = rgb, .width = SIZE, .height = SIZE, .stride = SIZE * 3};
    picture_span span = {from, until, last};
    memset(rgb, grey, sizeof rgb);
    assert_ok(clip_encoder_feed_picture(b->e, clip_encoder_wants_picture(b->e, &span) ? &shown : NULL, &span, error));
    bench_take(b);
}

/* Pictures 25 a second; each is as grey as its second is late. */
static void bench_pictures(bench *b, double from, double until)
{
    for (int i = 0; from + i * 0.04 < until - 1e-9; i++) {
        double at = from + i * 0.04;
        bench_picture(b, 20 + (int)at, at, at + 0.04, at + 0.04 >= until - 1e-9);
    }
}

static void bench_sound(bench *b, double seconds, float loud)
{
    int64_t left = llround(seconds * 16000);
    float piece[1000];
    for (int i = 0; i < 1000; i++)
        piece[i] = loud * sinf((float)i);
    for (; left > 0; left -= 1000) {
        assert_ok(clip_encoder_feed_sound(b->e, piece, left < 1000 ? (size_t)left : 1000, error));
        bench_take(b);
    }
}

static void bench_hole(bench *b, double seconds)
{
    for (int64_t left = llround(seconds * 16000); left > 0; left -= 16000) { /* as the decoder gives them */
        assert_ok(clip_encoder_feed_hole(b->e, left < 16000 ? left : 16000, error));
        bench_take(b);
    }
}

static void bench_finish(bench *b)
{
    assert_ok(clip_encoder_finish(b->e, error));
    bench_take(b);
    assert_true(isinf(clip_encoder_reached(b->e, MODALITY_AUDIO)));
}

static void bench_close(bench *b)
{
    clip_encoder_free(b->e);
    mel_filter_bank_free(b->bank);
}

static void check_middles(const outcome *o, int64_t count, double first, double step)
{
    assert_int_equal(o->count, count);
    for (int64_t i = 0; i < count; i++)
        assert_near(o->middle[i], first + (double)i * step, 1e-9);
}

static void clips_of_a_plain_recording(void **state)
{
    (void)state;
    bench b;
    bench_open(&b, 2, 0);
    bench_pictures(&b, 0, 10);
    bench_sound(&b, 10, 0.1f);
    bench_finish(&b);
    check_middles(&b.got[MODALITY_VISION], 10, 0.5, 1);
    check_middles(&b.got[MODALITY_AUDIO], 10, 0.5, 1);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(b.got[MODALITY_VISION].first[i], 20 + i);
        assert_int_equal(b.got[MODALITY_VISION].second[i], 20 + i);
    }
    assert_int_equal(clip_encoder_blank(b.e, MODALITY_VISION).count, 0);
    bench_close(&b);
}

/* A clip of one picture has the first of its two frames, or the second where there is no first; a still is one clip. */
static void clips_of_one_picture(void **state)
{
    (void)state;
    static const struct {
        double step, from, until;
        int64_t clips, first;
    } cases[] = {{0, 0, 10, 10, 0}, {0.5, 0, 5, 10, 0}, {0, 0.6, 4, 4, 0}, {2, 0, 9.4, 5, 0}, {0, 3.1, 3.2, 1, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bench b;
        bench_open_of(&b, 2, cases[i].step, 1);
        bench_pictures(&b, cases[i].from, cases[i].until);
        bench_finish(&b);
        const outcome *o = &b.got[MODALITY_VISION];
        assert_int_equal(o->count, cases[i].clips);
        assert_int_equal(o->index[0], cases[i].first);
        for (int64_t k = 0; k < o->count; k++)
            assert_near(o->first[k], 20 + (double)o->index[k] * (cases[i].step > 0 ? cases[i].step : 1), 1.01);
        bench_close(&b);
    }
}

static void what_begins_late_or_ends_early_is_not_there(void **state)
{
    (void)state;
    bench b;
    bench_open(&b, 2, 1);
    bench_pictures(&b, 3.6, 7.4);
    bench_hole(&b, 5);
    bench_sound(&b, 3, 0.1f);
    bench_finish(&b);
    /* frames at 3.75 (alone in its clip) to 7.25 */
    check_middles(&b.got[MODALITY_VISION], 5, 3.5, 1);
    assert_int_equal(b.got[MODALITY_VISION].first[0], 23);
    assert_int_equal(b.got[MODALITY_VISION].second[0], 23);
    check_middles(&b.got[MODALITY_AUDIO], 3, 5.5, 1);
    bench_close(&b);
}

static void no_clip_has_its_middle_in_a_hole(void **state)
{
    (void)state;
    bench b;
    bench_open(&b, 2, 1);
    bench_sound(&b, 4, 0.1f);
    bench_hole(&b, 6);
    bench_sound(&b, 3, 0.1f);
    bench_hole(&b, 0.5); /* short: filled with silence */
    bench_sound(&b, 2.5, 0.1f);
    bench_pictures(&b, 0, 2);
    bench_pictures(&b, 8, 10);
    bench_finish(&b);
    static const double middles[] = {0.5, 1.5, 2.5, 3.5, 10.5, 11.5, 12.5, 13.5, 14.5, 15.5};
    assert_int_equal(b.got[MODALITY_AUDIO].count, 10);
    for (int i = 0; i < 10; i++)
        assert_near(b.got[MODALITY_AUDIO].middle[i], middles[i], 1e-9);
    assert_int_equal(b.got[MODALITY_VISION].count, 4);
    assert_near(b.got[MODALITY_VISION].middle[2], 8.5, 1e-9);
    bench_close(&b);
}

static void black_and_silent_clips_are_left_out(void **state)
{
    (void)state;
    bench b;
    bench_open(&b, 2, 1);
    bench_pictures(&b, 0, 2);
    bench_picture(&b, 0, 2, 4, false);
    bench_picture(&b, 3, 4, 5, false); /* what a codec leaves of black */
    bench_pictures(&b, 5, 7);
    bench_sound(&b, 3, 0.1f);
    bench_sound(&b, 5, 0);
    bench_sound(&b, 2, 0.1f);
    bench_finish(&b);
    const outcome *v = &b.got[MODALITY_VISION], *a = &b.got[MODALITY_AUDIO];
    assert_int_equal(v->count, 4);
    assert_near(v->middle[1], 1.5, 1e-9);
    assert_near(v->middle[2], 5.5, 1e-9);
    assert_int_equal(a->count, 7); /* windows are two seconds long: 4.5, 5.5 and 6.5 hold silence alone */
    assert_near(a->middle[3], 3.5, 1e-9);
    assert_near(a->middle[4], 7.5, 1e-9);
    assert_int_equal(clip_encoder_blank(b.e, MODALITY_VISION).count, 3);
    assert_near(clip_encoder_blank(b.e, MODALITY_VISION).first, 2, 1e-9);
    assert_int_equal(clip_encoder_blank(b.e, MODALITY_AUDIO).count, 3);
    assert_near(clip_encoder_blank(b.e, MODALITY_AUDIO).first, 4, 1e-9);
    bench_close(&b);
}

static void a_short_recording_and_a_still_give_one_clip(void **state)
{
    (void)state;
    bench b;
    bench_open(&b, 2, 1);
    bench_picture(&b, 99, 0, 0.04, true);
    bench_sound(&b, 0.02, 0.1f);
    bench_finish(&b);
    check_middles(&b.got[MODALITY_VISION], 1, 0.5, 1);
    check_middles(&b.got[MODALITY_AUDIO], 1, 0.5, 1);
    assert_int_equal(b.got[MODALITY_VISION].second[0], 99);
    bench_close(&b);
}

/* At r frames a second the model sees r frames a second, in pairs; an explicit step is a whole number of frames. */
static void frame_rates_and_steps(void **state)
{
    (void)state;
    static const struct {
        double rate, step, real;
        int64_t clips; /* of 20 s */
    } cases[] = {{1, 0, 2, 10}, {2, 0, 1, 20}, {5, 0, 0.4, 50}, {10, 0, 0.2, 100}, {2, 1, 1, 20}, {2, 0.5, 0.5, 39},
        {2, 0.7, 0.5, 39}, {3, 1, 1, 20}, {3, 1.1, 1, 20}, {2, 5, 5, 4}, {10, 1, 1, 20}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bench b;
        bench_open(&b, cases[i].rate, cases[i].step);
        bench_pictures(&b, 0, 20);
        bench_sound(&b, 20, 0.1f);
        bench_finish(&b);
        clip_timing t = clip_timing_of(&b.c);
        assert_near(clip_step_seconds(&t), cases[i].real, 1e-9);
        check_middles(&b.got[MODALITY_VISION], cases[i].clips, 1 / cases[i].rate, cases[i].real);
        check_middles(&b.got[MODALITY_AUDIO], cases[i].clips, 1 / cases[i].rate, cases[i].real);
        bench_close(&b);
    }
}

/* Every frame that a rate samples is in the clips that the model gets: pictures ten a second, each with a grey of its own. */
static void every_sampled_frame_is_seen(void **state)
{
    (void)state;
    enum { SECONDS = 4, SHOWN = 10 * SECONDS };
    static const struct {
        double rate, step;
        int clips; /* how many a frame is in, but for the first and the last */
    } cases[] = {{1, 0, 1}, {2, 0, 1}, {5, 0, 1}, {10, 0, 1}, {2, 0.5, 2}, {10, 0.1, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bench b;
        int seen[256] = {0}, frames = (int)(SECONDS * cases[i].rate);
        bench_open(&b, cases[i].rate, cases[i].step);
        for (int k = 0; k < SHOWN; k++)
            bench_picture(&b, 40 + 5 * k, k ? k * 0.1 - 0.02 : 0, (k + 1) * 0.1 - 0.02, k + 1 == SHOWN);
        bench_finish(&b);
        const outcome *o = &b.got[MODALITY_VISION];
        for (int c = 0; c < o->count; c++) {
            seen[o->first[c]]++;
            seen[o->second[c]]++;
        }
        for (int f = 0; f < frames; f++) {
            /* of the picture that is on show in the middle of the frame's time */
            int grey = 40 + 5 * (int)(10 * ((f + 0.5) / cases[i].rate + 0.02));
            if (f == 0 || f == frames - 1 || cases[i].clips == 1)
                assert_true(seen[grey] >= 1);
            else
                assert_int_equal(seen[grey], cases[i].clips);
        }
        bench_close(&b);
    }
}

static void windows_take_the_clips_that_are_there(void **state)
{
    (void)state;
    clip_track t = {.timing = {2, 2}};
    float vector[2] = {0};
    for (int64_t j = 0; j < 10; j++) {
        clip c = {.modality = MODALITY_AUDIO, .index = j, .vectors = vector, .crops = 1, .width = 2};
        vector[0] = (float)j;
        if (j < 4 || j > 6)
            assert_ok(clip_track_add(&t, &c, error));
    }
    static const struct {
        double start, end;
        int64_t count;
        float first;
    } cases[] = {{0, 4, 4, 0}, {2, 6, 2, 2}, {4, 5, 0, 0}, {3.9, 4, 1, 3}, {4, 4.5, 0, 0}, {4.6, 5.4, 0, 0},
        {6.6, 7, 0, 0}, {7, 7.1, 1, 7}, {5, 7, 0, 0}, {5, 7.1, 1, 7}, {6, 8, 1, 7}, {9.6, 9.7, 1, 9}, {10, 12, 0, 0},
        {9.99, 12, 1, 9}, {0, 0, 1, 0}, {0.1, 0.2, 1, 0}, {1.1, 1.2, 1, 1}, {0, INFINITY, 7, 0}};
    for (int forgotten = 0; forgotten < 2; forgotten++) {
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            sample x = {0};
            if (forgotten && cases[i].start < 5)
                continue;
            assert_ok(clip_track_window(&t, cases[i].start, cases[i].end, &x, error));
            assert_int_equal(x.present[MODALITY_AUDIO], cases[i].count > 0);
            assert_int_equal(x.ready[MODALITY_AUDIO].steps, cases[i].count);
            if (cases[i].count)
                assert_near(x.ready[MODALITY_AUDIO].data[0], cases[i].first, 0);
            sample_clear(&x);
        }
        clip_track_forget(&t, 5);
        assert_int_equal(t.lanes[MODALITY_AUDIO].count, 3);
    }
    clip_track_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(clips_of_a_plain_recording),
        cmocka_unit_test(clips_of_one_picture), cmocka_unit_test(what_begins_late_or_ends_early_is_not_there),
        cmocka_unit_test(no_clip_has_its_middle_in_a_hole), cmocka_unit_test(black_and_silent_clips_are_left_out),
        cmocka_unit_test(a_short_recording_and_a_still_give_one_clip), cmocka_unit_test(frame_rates_and_steps),
        cmocka_unit_test(every_sampled_frame_is_seen), cmocka_unit_test(windows_take_the_clips_that_are_there)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
