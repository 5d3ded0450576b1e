/*
 * tests/speech/test_listen.c - whole recordings with a tiny random Whisper from a Hugging Face folder: segments, their
 * times and words are faster-whisper's (tools/golden/speech_listen.py); streams, silence, interruption, wrong use.
 */
#include "support/folder.h"
#include "support/golden.h"

#include <jansson.h>

#include "speech/listen.h"

enum { SECONDS = 70, SAMPLES = SECONDS * 16000 };

static speech_model *model;
static float *samples;

static int set_up(void **state)
{
    (void)state;
    assert_ok(speech_model_open(SMAC_SOURCE_DIR "/tests/golden/speech/tiny", PRECISION_F32, &model, error));
    samples = malloc(SAMPLES * sizeof *samples);
    uint32_t x = 12345;
    for (int i = 0; i < SAMPLES; i++) {
        x = (uint32_t)(((uint64_t)x * 1103515245u + 12345u) & 0x7fffffffu);
        int product = ((int)((x >> 16) & 0x7fff) - 16384) * ((i / 8000 * 7) % 6);
        int value = product >= 0 ? product / 8 : -((-product + 7) / 8); /* rounded down, as Python's // */
        samples[i] = i >= 600000 && i < 960000 ? 0 : (float)value / 32768.0f;
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    speech_model_free(model);
    free(samples);
    return 0;
}

static void options_for_test(speech_options *o)
{
    speech_options_default(o);
    o->temperature_count = 1;
    o->language = "en";
    o->no_speech = INFINITY;
    o->silence = 0;
}

static smac_status listen(const speech_options *o, int64_t count, int64_t piece, speech_result *r, smac_error *error)
{
    speech_listener *l;
    TRY(speech_listener_new(model, o, r, &l, error));
    smac_status status = SMAC_OK;
    for (int64_t at = 0; status == SMAC_OK && at < count; at += piece)
        status = speech_listener_feed(l, samples + at, (size_t)(count - at < piece ? count - at : piece), error);
    if (status == SMAC_OK)
        status = speech_listener_finish(l, error);
    speech_listener_free(l);
    return status;
}

static double number(const json_t *of, const char *key)
{
    return json_number_value(json_object_get(of, key));
}

static void compare_segment(const speech_segment *s, const json_t *expected, bool timed)
{
    const json_t *tokens = json_object_get(expected, "tokens"), *words = json_object_get(expected, "words");
    if (!timed || json_array_size(words) > 0) { /* theirs keeps the stamps of one whose text a word before took */
        assert_near(s->start, number(expected, "start"), 1e-6);
        assert_near(s->end, fmin(number(expected, "end"), SECONDS), 1e-6); /* nothing is said after the sound's end */
    }
    assert_int_equal(s->token_count, json_array_size(tokens));
    for (size_t t = 0; t < s->token_count; t++)
        assert_int_equal(s->tokens[t], json_integer_value(json_array_get(tokens, t)));
    assert_int_equal(s->word_count, json_array_size(words));
    for (size_t w = 0; w < s->word_count; w++) {
        const json_t *word = json_array_get(words, w);
        assert_string_equal(s->words[w].text, json_string_value(json_object_get(word, "word")));
        assert_near(s->words[w].start, number(word, "start"), 1e-6);
        assert_near(s->words[w].end, number(word, "end"), 1e-6);
    }
}

static void segments_are_faster_whispers(void **state)
{
    (void)state;
    json_error_t where;
    json_t *golden = json_load_file(SMAC_SOURCE_DIR "/tests/golden/speech/listen.json", 0, &where);
    assert_non_null(golden);
    for (int beams = 1; beams <= 4; beams += 3) {
        char key[8];
        speech_options o;
        speech_result r = {0};
        options_for_test(&o);
        o.beams = beams;
        o.words = o.previous_text = beams == 4;
        assert_ok(listen(&o, SAMPLES, 50000, &r, error));
        snprintf(key, sizeof key, "%d", beams);
        const json_t *expected = json_object_get(golden, key);
        size_t at = 0, after_end = 0;
        for (size_t i = 0; i < json_array_size(expected); i++) {
            const json_t *theirs = json_array_get(expected, i);
            if (number(theirs, "start") >= SECONDS) {
                after_end++; /* the model says 30 s also where the sound ends before: theirs has them, ours has not */
                continue;
            }
            assert_in_range(at, 0, r.count - 1);
            compare_segment(&r.segments[at++], theirs, o.words);
        }
        assert_int_equal(at, r.count);
        assert_int_equal(after_end, beams);
        assert_near(r.duration, SECONDS, 1e-9);
        assert_string_equal(r.language, "en");
        speech_result_clear(&r);
    }
    json_decref(golden);
}

static bool same(const speech_result *a, const speech_result *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->segments[i].start != b->segments[i].start || strcmp(a->segments[i].text, b->segments[i].text) != 0)
            return false;
    return true;
}

/* Whatever the model says: segments and words in order, words within their segment, all within the sound. */
static void times_are_in_order(void **state)
{
    (void)state;
    int64_t cuts[] = {1600, 16000, 100000, 333333, 480000, 490001, 600001, 970000, SAMPLES};
    size_t seen = 0;
    for (size_t k = 0; k < 2 * sizeof cuts / sizeof *cuts; k++) {
        speech_options o;
        speech_result r = {0};
        options_for_test(&o);
        o.beams = k % 2 ? 3 : 1;
        o.words = true;
        assert_ok(listen(&o, cuts[k / 2], 50000, &r, error));
        double last = 0, word_last = 0;
        for (size_t i = 0; i < r.count; i++) {
            const speech_segment *s = &r.segments[i];
            assert_true(s->start >= last && s->end >= s->start && s->end <= r.duration);
            last = s->end;
            for (size_t w = 0; w < s->word_count; w++, seen++) {
                assert_true(s->words[w].start >= word_last && s->words[w].end >= s->words[w].start);
                assert_true(s->words[w].start >= s->start && s->words[w].end <= s->end);
                word_last = s->words[w].end;
            }
        }
        speech_result_clear(&r);
    }
    assert_in_range(seen, 20, 100000);
}

static void pieces_of_a_stream_do_not_matter(void **state)
{
    (void)state;
    speech_options o;
    speech_result whole = {0}, pieces = {0};
    options_for_test(&o);
    o.beams = 2;
    assert_ok(listen(&o, SAMPLES, SAMPLES, &whole, error));
    assert_ok(listen(&o, SAMPLES, 1777, &pieces, error));
    assert_true(whole.count > 2 && same(&whole, &pieces));
    speech_result_clear(&whole);
    speech_result_clear(&pieces);
}

/* Five minutes (too quiet to be searched) are held two minutes and a window at a time. */
static void memory_does_not_grow_with_the_sound(void **state)
{
    (void)state;
    enum { PIECE = 16000 * 10, PIECES = 30, MOST = 100 * (120 + 30 + 10) };
    float *quiet = malloc(PIECE * sizeof *quiet);
    for (int i = 0; i < PIECE; i++)
        quiet[i] = i % 2 ? 1e-5f : -1e-5f;
    speech_listener *l;
    speech_options o;
    speech_result r = {0};
    size_t most = 0;
    options_for_test(&o);
    o.silence = 0.001;
    assert_ok(speech_listener_new(model, &o, &r, &l, error));
    for (int i = 0; i < PIECES; i++) {
        assert_ok(speech_listener_feed(l, quiet, PIECE, error));
        assert_in_range(l->features.frames, 0, MOST);
        if (i == 16)
            most = l->features.mel_capacity + l->features.capacity + l->features.power_capacity;
    }
    assert_true(l->features.mel_capacity + l->features.capacity + l->features.power_capacity == most);
    assert_ok(speech_listener_finish(l, error));
    assert_near(r.duration, 300, 1e-9);
    assert_int_equal(r.windows, 10);
    assert_int_equal(r.silent_windows, 10);
    assert_int_equal(r.count, 0);
    speech_listener_free(l);
    speech_result_clear(&r);
    free(quiet);
}

static void silence_says_nothing(void **state)
{
    (void)state;
    speech_options o;
    speech_result r = {0};
    options_for_test(&o);
    o.silence = 0.001;
    assert_ok(listen(&o, SAMPLES, 30000, &r, error));
    assert_true(r.count > 0);
    for (size_t i = 0; i < r.count; i++) /* 37.5 s to 60 s are silent */
        assert_false(r.segments[i].start >= 37.6 && r.segments[i].end <= 59.9);
    speech_result_clear(&r);
    float *kept = samples;
    samples = calloc(SAMPLES, sizeof *samples);
    memcpy(samples + 28 * 16000, kept,
        16000 * 4 * sizeof *samples); /* silence goes before a window, none cuts the sound */
    assert_ok(listen(&o, 16000 * 33, 30000, &r, error));
    assert_int_equal(r.windows, r.silent_windows + 1);
    assert_true(r.count > 0 && r.segments[0].start >= 26.9);
    speech_result_clear(&r);
    free(samples);
    samples = calloc(SAMPLES, sizeof *samples);
    assert_ok(listen(&o, SAMPLES, 30000, &r, error));
    assert_int_equal(r.count, 0);
    assert_int_equal(r.searches, 0);
    assert_int_equal(r.silent_windows, 3);
    assert_string_equal(r.language, "");
    assert_near(r.language_probability, 0, 0);
    text_buffer text = {0};
    assert_ok(speech_result_json(&r, &text, error));
    assert_non_null(strstr(text.data, "\"language\": null"));
    text_free(&text);
    speech_result_clear(&r);
    assert_ok(listen(&o, 0, 1, &r, error)); /* nothing at all */
    assert_int_equal(r.windows, 0);
    speech_result_clear(&r);
    free(samples);
    samples = kept;
}

/* Of a live stream nothing waits for two minutes of sound: never more than 8 s and a step. */
static void a_live_stream_is_heard_at_once(void **state)
{
    (void)state;
    enum { PIECE = 8000 };
    speech_options o;
    speech_result r = {0};
    speech_listener *l;
    options_for_test(&o);
    o.live = true;
    o.beams = 1;
    assert_ok(speech_listener_new(model, &o, &r, &l, error));
    for (int i = 0; i < 40; i++) {
        assert_ok(speech_listener_feed(l, samples + i * PIECE, PIECE, error));
        assert_true((i + 1) * 0.5 - speech_listener_reached(l) < 9);
    }
    assert_true(r.windows > 1);
    assert_ok(speech_listener_finish(l, error));
    assert_near(r.duration, 20, 1e-9);
    speech_listener_free(l);
    speech_result_clear(&r);
}

static void repetition_and_doubt_are_searched_again(void **state)
{
    (void)state;
    speech_options o;
    speech_result once = {0}, again = {0};
    options_for_test(&o);
    o.beams = 1;
    assert_ok(listen(&o, 16000 * 8, 30000, &once, error));
    speech_options_default(&o);
    o.language = "en";
    o.no_speech = INFINITY;
    o.silence = 0;
    o.temperature_count = 3;
    o.best_of = 2;
    o.log_probability = -0.001; /* never good enough */
    assert_ok(listen(&o, 16000 * 8, 30000, &again, error));
    assert_int_equal(once.searches, once.windows);
    assert_int_equal(again.searches, 3 * again.windows);
    for (size_t i = 0; i < again.count; i++)
        assert_near(again.segments[i].temperature, 0.4, 1e-9);
    speech_result_clear(&again);
    o.no_speech = 0; /* unlikely, and no speech: silence, after one search */
    assert_ok(listen(&o, 16000 * 8, 30000, &again, error));
    assert_int_equal(again.count, 0);
    assert_int_equal(again.searches, again.windows);
    speech_result_clear(&again);
    o.log_probability = -INFINITY;
    o.compression_ratio = 0.001; /* repeats itself, and no speech: silence too (noise and tones give such loops) */
    assert_ok(listen(&o, 16000 * 8, 30000, &again, error));
    assert_int_equal(again.count, 0);
    assert_int_equal(again.searches, again.windows);
    assert_int_equal(again.silent_windows, again.windows);
    speech_result_clear(&again);
    speech_result_clear(&once);
}

typedef struct stopping {
    double after; /* seconds of sound */
    int calls, asked;
    double last;
} stopping;

static int stop(void *user, const char *what, double done, double total)
{
    (void)what;
    stopping *s = user;
    assert_true(s->asked == 0); /* nobody asks again after the answer */
    assert_true(done >= s->last && (total == 0 || total >= done - 30));
    s->last = done;
    s->calls++;
    s->asked = done >= s->after;
    return s->asked;
}

static void stopping_keeps_what_was_heard(void **state)
{
    (void)state;
    stopping s = {.after = 1};
    reporter report = {.progress = stop, .user = &s};
    speech_options o;
    speech_result r = {0};
    smac_error refusal;
    options_for_test(&o);
    o.beams = 1;
    o.report = &report;
    assert_int_equal(listen(&o, SAMPLES, 40000, &r, &refusal), SMAC_ERROR_INTERRUPTED);
    assert_non_null(strstr(refusal.message, "s of sound"));
    assert_true(r.windows == 1 && r.count > 0);
    speech_result_clear(&r);
}

/* With report_every 0 the question comes after every operation: a window does not have to end first. */
static void stopping_does_not_wait_for_a_window(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) { /* in the encoder, and in the search */
        stopping s = {.after = k == 0 ? 0 : INFINITY};
        reporter report = {.progress = stop, .user = &s};
        speech_options o;
        speech_result r = {0};
        smac_error refusal;
        options_for_test(&o);
        o.beams = 1;
        o.report = &report;
        o.report_every = 0;
        smac_status status = listen(&o, 16000 * 20, 40000, &r, &refusal);
        assert_int_equal(status, k == 0 ? SMAC_ERROR_INTERRUPTED : SMAC_OK);
        if (k == 0)
            assert_true(r.count == 0 && r.searches == 0 && s.calls == 1);
        else
            assert_true(s.calls > 10); /* encoder's operations and steps of the search */
        speech_result_clear(&r);
    }
}

static void threads_do_not_change_the_result(void **state)
{
    (void)state;
    speech_options o;
    speech_result one = {0}, three = {0};
    options_for_test(&o);
    o.threads = 1;
    assert_ok(listen(&o, 16000 * 20, 40000, &one, error));
    o.threads = 3;
    assert_ok(listen(&o, 16000 * 20, 1, &three, error)); /* and single samples */
    assert_true(one.count > 0 && same(&one, &three));
    speech_result_clear(&one);
    speech_result_clear(&three);
}

static void nothing_follows_the_end(void **state)
{
    (void)state;
    speech_options o;
    speech_result r = {0};
    speech_listener *l;
    smac_error refusal;
    options_for_test(&o);
    assert_ok(speech_listener_new(model, &o, &r, &l, error));
    assert_ok(speech_listener_finish(l, error));
    assert_ok(speech_listener_finish(l, error));
    assert_int_equal(speech_listener_feed(l, samples, 1, &refusal), SMAC_ERROR_ARGUMENT);
    speech_listener_free(l);
    speech_result_clear(&r);
}

static void results_are_written(void **state)
{
    (void)state;
    speech_options o;
    speech_result r = {0};
    text_buffer text = {0}, srt = {0};
    transcript t = {0};
    options_for_test(&o);
    o.beams = 1;
    o.words = true;
    assert_ok(listen(&o, 16000 * 20, 40000, &r, error));
    assert_ok(speech_result_json(&r, &text, error));
    json_t *root = json_loads(text.data, 0, NULL);
    assert_non_null(root);
    assert_int_equal(json_array_size(json_object_get(root, "segments")), r.count);
    json_decref(root);
    assert_ok(speech_result_transcript(&r, &t, error));
    assert_int_equal(t.count, r.count);
    for (size_t i = 0; i < r.count; i++)
        assert_int_equal(t.segments[i].word_count, r.segments[i].word_count);
    transcript_write_srt(&t, r.duration, &srt);
    assert_non_null(strstr(srt.data, " --> "));
    transcript_free(&t);
    text_free(&text);
    text_free(&srt);
    speech_result_clear(&r);
}

static void wrong_use_is_refused(void **state)
{
    (void)state;
    speech_options o;
    speech_result r = {0};
    smac_error refusal;
    speech_model *none = NULL;
    char folder[256];
    options_for_test(&o);
    o.language = "fr";
    assert_int_equal(listen(&o, 10, 10, &r, &refusal), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(refusal.message, "fr"));
    assert_non_null(strstr(refusal.message, "English alone"));
    static const char *const english[] = {"EN", "English", "en-GB", "en_US", "ENGLISH"};
    for (size_t i = 0; i < 5; i++) {
        options_for_test(&o);
        o.language = english[i];
        assert_ok(listen(&o, 10, 10, &r, error));
        speech_result_clear(&r);
    }
    options_for_test(&o);
    o.beams = 0;
    assert_int_equal(listen(&o, 10, 10, &r, &refusal), SMAC_ERROR_ARGUMENT);
    options_for_test(&o);
    o.length_penalty = INFINITY;
    assert_int_equal(listen(&o, 10, 10, &r, &refusal), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(refusal.message, "penalty inf"));
    assert_int_equal(speech_model_open("/nowhere/at/all", PRECISION_F32, &none, &refusal), SMAC_ERROR_NOT_FOUND);
    folder_new(folder);
    assert_int_not_equal(speech_model_open(folder, PRECISION_F32, &none, &refusal), SMAC_OK);
    assert_non_null(strstr(refusal.message, folder));
    folder_remove(folder);
    assert_null(none);
    assert_true(speech_model_knows(model, "en") && !speech_model_knows(model, "zh")); /* English alone */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_are_faster_whispers),
        cmocka_unit_test(times_are_in_order),
        cmocka_unit_test(pieces_of_a_stream_do_not_matter),
        cmocka_unit_test(memory_does_not_grow_with_the_sound),
        cmocka_unit_test(silence_says_nothing),
        cmocka_unit_test(a_live_stream_is_heard_at_once),
        cmocka_unit_test(repetition_and_doubt_are_searched_again),
        cmocka_unit_test(stopping_keeps_what_was_heard),
        cmocka_unit_test(stopping_does_not_wait_for_a_window),
        cmocka_unit_test(threads_do_not_change_the_result),
        cmocka_unit_test(nothing_follows_the_end),
        cmocka_unit_test(results_are_written),
        cmocka_unit_test(wrong_use_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
