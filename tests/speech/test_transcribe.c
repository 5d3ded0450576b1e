/*
 * tests/speech/test_transcribe.c - the public transcription (semanticmac/transcribe.h) with the tiny random model: files,
 * samples of other rates and streams give the same words, old and new option structs, interruption, wrong use.
 */
#include "support/check.h"

#include "media/sound.h"
#include "semanticmac/semanticmac.h"

static const char tone[] = SMAC_SOURCE_DIR "/tests/golden/media/tone.flac";
static smac_speech *speech;

static int set_up(void **state)
{
    (void)state;
    assert_ok(smac_speech_open(SMAC_SOURCE_DIR "/tests/golden/speech/tiny", &speech, error));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    smac_speech_free(speech);
    return 0;
}

static void options_for_test(smac_transcribe_options *o)
{
    smac_transcribe_options_default(o);
    o->temperature = 0;
    o->silence = 0;
    o->beams = 2;
}

static void assert_same(const smac_transcription *a, const smac_transcription *b)
{
    size_t count = smac_transcription_segment_count(a), words = 0;
    assert_true(count > 0);
    assert_int_equal(count, smac_transcription_segment_count(b));
    assert_string_equal(smac_transcription_language(a), smac_transcription_language(b));
    for (size_t i = 0; i < count; i++) {
        const smac_spoken_segment *s = smac_transcription_segment(a, i), *t = smac_transcription_segment(b, i);
        assert_string_equal(s->text, t->text);
        assert_true(s->start == t->start && s->end == t->end && s->word_count == t->word_count);
        for (size_t k = 0; k < s->word_count; k++, words++) {
            const smac_spoken_word *x = smac_transcription_word(a, i, k), *y = smac_transcription_word(b, i, k);
            assert_string_equal(x->text, y->text);
            assert_true(x->start == y->start && x->end == y->end && x->probability == y->probability);
        }
        assert_null(smac_transcription_word(a, i, s->word_count));
    }
    assert_true(words > 0);
    assert_null(smac_transcription_segment(a, count));
}

static void files_samples_and_streams_are_the_same(void **state)
{
    (void)state;
    float *samples;
    size_t count;
    smac_transcription *file, *whole;
    smac_transcriber *stream;
    smac_transcribe_options o;
    options_for_test(&o);
    assert_ok(smac_transcribe_file(speech, tone, &o, &file, error));
    assert_ok(sound_load(tone, NULL, &samples, &count, NULL, error));
    assert_near(smac_transcription_duration(file), (double)count / 16000, 0.01);
    assert_ok(smac_transcribe_samples(speech, samples, count, 16000, &o, &whole, error));
    assert_same(file, whole);
    assert_ok(smac_transcriber_open(speech, 16000, &o, &stream, error));
    for (size_t at = 0; at < count; at += 777)
        assert_ok(smac_transcriber_feed(stream, samples + at, count - at < 777 ? count - at : 777, error));
    assert_int_equal(smac_transcription_segment_count(smac_transcriber_result(stream)), 0);
    assert_ok(smac_transcriber_finish(stream, error));
    assert_same(file, smac_transcriber_result(stream));
    smac_error refusal;
    assert_int_equal(smac_transcriber_feed(stream, samples, 1, &refusal), SMAC_ERROR_ARGUMENT);
    smac_transcriber_free(stream);
    smac_transcription_free(whole);
    smac_transcription_free(file);
    free(samples);
}

/* 32 000 samples a second, each twice: as long as the recording; 8000: half of them. */
static void other_rates_are_resampled(void **state)
{
    (void)state;
    enum { COUNT = 16000 * 4 };
    static float samples[COUNT];
    static const int rates[] = {8000, 16000, 22050, 48000};
    for (size_t k = 0; k < 4; k++) {
        smac_transcription *t;
        smac_transcribe_options o;
        int count = rates[k] * 2;
        options_for_test(&o);
        if (count > COUNT)
            count = COUNT;
        for (int i = 0; i < count; i++)
            samples[i] = 0.3f * sinf(6.2831853f * 440 * (float)i / (float)rates[k]);
        assert_ok(smac_transcribe_samples(speech, samples, (size_t)count, rates[k], &o, &t, error));
        assert_near(smac_transcription_duration(t), (double)count / rates[k], 0.02);
        smac_transcription_free(t);
    }
}

static void texts_are_rendered(void **state)
{
    (void)state;
    smac_transcription *t;
    smac_transcribe_options o;
    static const char *const marks[] = {[SMAC_TRANSCRIPT_TEXT] = "\n",
        [SMAC_TRANSCRIPT_SRT] = "-->",
        [SMAC_TRANSCRIPT_VTT] = "WEBVTT",
        [SMAC_TRANSCRIPT_JSON] = "\"words\""};
    options_for_test(&o);
    assert_ok(smac_transcribe_file(speech, tone, &o, &t, error));
    for (int format = SMAC_TRANSCRIPT_TEXT; format <= SMAC_TRANSCRIPT_JSON; format++) {
        char *text;
        size_t length;
        assert_ok(smac_transcription_render(t, (smac_transcript_format)format, &text, &length, error));
        assert_int_equal(strlen(text), length);
        assert_non_null(strstr(text, marks[format]));
        free(text); /* what smac_free does, which is in a module above */
    }
    smac_transcription_free(t);
}

static int stop_at_once(void *user, const char *what, double done, double total)
{
    (void)done, (void)total;
    ++*(int *)user;
    return strcmp(what, "listening") == 0;
}

static void stopping_gives_what_is_there(void **state)
{
    (void)state;
    int calls = 0;
    smac_transcription *t = NULL;
    smac_transcribe_options o;
    smac_error refusal;
    options_for_test(&o);
    o.progress = stop_at_once;
    o.user = &calls;
    assert_int_equal(smac_transcribe_file(speech, tone, &o, &t, &refusal), SMAC_ERROR_INTERRUPTED);
    assert_non_null(t);
    assert_true(calls >= 1);
    smac_transcription_free(t);
}

/* Programs that were built with a smaller or a larger struct. */
static void option_structs_have_sizes(void **state)
{
    (void)state;
    struct {
        smac_transcribe_options o;
        char later[16];
    } larger;
    smac_error refusal;
    smac_transcription *t;
    memset(&larger, 7, sizeof larger);
    smac_transcribe_options_init(&larger.o, sizeof larger);
    assert_int_equal(larger.o.size, sizeof larger);
    assert_int_equal(larger.later[15], 0);
    larger.o.temperature = 0;
    assert_ok(smac_transcribe_file(speech, tone, &larger.o, &t, error));
    smac_transcription_free(t);
    larger.later[3] = 1;
    assert_int_equal(smac_transcribe_file(speech, tone, &larger.o, &t, &refusal), SMAC_ERROR_UNSUPPORTED);
    assert_null(t);
    smac_transcribe_options smaller;
    memset(&smaller, 7, sizeof smaller);
    smac_transcribe_options_init(&smaller, offsetof(smac_transcribe_options, words));
    assert_int_equal(smaller.beams, 5);
    assert_int_equal(*(unsigned char *)&smaller.words, 7); /* not ours to write */
    assert_ok(smac_transcribe_file(speech, tone, &smaller, &t, error));
    assert_true(smac_transcription_segment_count(t) == 0 || smac_transcription_word(t, 0, 0) != NULL); /* the default */
    smac_transcription_free(t);
}

static void wrong_use_is_refused(void **state)
{
    (void)state;
    smac_error refusal;
    smac_transcription *t = NULL;
    smac_transcriber *stream = NULL;
    smac_transcribe_options o;
    smac_speech *none;
    float bad[2] = {0, NAN};
    memset(&o, 0, sizeof o);
    assert_int_equal(smac_transcribe_file(speech, tone, &o, &t, &refusal), SMAC_ERROR_ARGUMENT); /* no size */
    assert_int_equal(smac_transcribe_file(NULL, tone, NULL, &t, &refusal), SMAC_ERROR_ARGUMENT);
    assert_int_equal(smac_transcribe_file(speech, NULL, NULL, &t, &refusal), SMAC_ERROR_ARGUMENT);
    assert_int_equal(smac_transcribe_file(speech, "/nowhere.wav", NULL, &t, &refusal), SMAC_ERROR_NOT_FOUND);
    assert_null(t);
    assert_int_equal(smac_transcribe_samples(speech, bad, 2, 16000, NULL, &t, &refusal), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(refusal.message, "sample 1"));
    assert_int_equal(smac_transcribe_samples(speech, bad, 1, 10, NULL, &t, &refusal), SMAC_ERROR_ARGUMENT);
    options_for_test(&o);
    o.language = "fr";
    assert_int_equal(smac_transcriber_open(speech, 16000, &o, &stream, &refusal), SMAC_ERROR_ARGUMENT);
    options_for_test(&o);
    o.threads = -1;
    assert_int_equal(smac_transcriber_open(speech, 16000, &o, &stream, &refusal), SMAC_ERROR_ARGUMENT);
    options_for_test(&o);
    o.beams = 99;
    assert_int_equal(smac_transcriber_open(speech, 16000, &o, &stream, &refusal), SMAC_ERROR_ARGUMENT);
    assert_null(stream);
    smac_speech_options how;
    smac_speech_options_default(&how);
    how.precision = "f64";
    assert_int_equal(
        smac_speech_open_with(SMAC_SOURCE_DIR "/tests/golden/speech/tiny", &how, &none, &refusal), SMAC_ERROR_ARGUMENT);
    assert_int_equal(smac_transcription_segment_count(NULL), 0);
    assert_null(smac_transcription_segment(NULL, 0));
    assert_null(smac_transcription_word(NULL, 0, 0));
    assert_string_equal(smac_transcription_language(NULL), "");
    assert_null(smac_transcriber_result(NULL));
    smac_transcription_free(NULL);
    smac_transcriber_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_samples_and_streams_are_the_same),
        cmocka_unit_test(other_rates_are_resampled),
        cmocka_unit_test(texts_are_rendered),
        cmocka_unit_test(stopping_gives_what_is_there),
        cmocka_unit_test(option_structs_have_sizes),
        cmocka_unit_test(wrong_use_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
