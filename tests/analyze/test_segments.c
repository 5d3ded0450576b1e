/*
 * What is said about each part of a recording: nothing where a modality has not begun, has a hole, has ended or shows
 * nothing; windows that cover it; a summary by one rule at every length; frame rates and clip steps.
 */
#include "support/comma_locale.h"
#include "support/film.h"

#include "analyze/analysis.h"
#include "small_model.h"

static char model_path[] = "/tmp/smac-segments-XXXXXX";
static smac_model *model;

static int open_model(void **state)
{
    (void)state;
    small_model_write(model_path, NULL, 5, 4);
    assert_ok(smac_model_open(model_path, NULL, &model, error));
    return 0;
}

static int close_model(void **state)
{
    (void)state;
    smac_model_free(model);
    unlink(model_path);
    return 0;
}

static const film_track tracks[] = {{.kind = FILM_PICTURE}, {.kind = FILM_SOUND}};

/* Ten pictures a second whose grey changes every second, in [from, to) seconds. */
static void add_pictures(film *f, double from, double to, int grey)
{
    for (int64_t at = (int64_t)(from * 1000); at < (int64_t)(to * 1000); at += 100)
        film_picture(f, 0, at, 100, grey < 0 ? 60 + (int)(at / 1000 % 4) * 40 : grey);
}

static void add_sound(film *f, double from, double to, double loud)
{
    for (int64_t at = (int64_t)(from * 1000); at < (int64_t)(to * 1000); at += 100)
        film_tone(f, 1, at, 1600, loud * (1 + (double)(at / 1000 % 3)) / 4, NULL);
}

static smac_analysis *analyze(film *f, const smac_model *with, double window, double hop)
{
    smac_analyze_options options;
    smac_analysis *a = NULL;
    smac_analyze_options_default(&options);
    options.window = window;
    options.hop = hop;
    assert_ok(smac_analyze_memory(with, f->bytes.data, f->bytes.length, "film.mkv", &options, &a, error));
    film_end(f);
    return a;
}

static bool has_warning(const smac_analysis *a, const char *text)
{
    for (size_t i = 0; i < smac_analysis_warning_count(a); i++)
        if (strstr(smac_analysis_warning(a, i), text))
            return true;
    return false;
}

/* In which of the segments, one a second, the modality is there: as a text of 0 and 1. */
static void check_present(const smac_analysis *a, int modality, const char *expected)
{
    char found[100] = "";
    size_t count = smac_analysis_segment_count(a);
    assert_true(count < sizeof found);
    for (size_t i = 0; i < count; i++) {
        const smac_segment *s = smac_analysis_segment(a, i);
        const float *value = s->tasks[0].modality[modality];
        assert_int_equal(value != NULL, s->has[modality]);
        assert_true(!value || isfinite(*value));
        strcat(found, value ? "1" : "0");
    }
    assert_string_equal(found, expected);
}

static void a_modality_is_there_where_it_is(void **state)
{
    (void)state;
    film f;
    film_begin(&f, tracks, 2, 12);
    add_pictures(&f, 0, 5, -1); /* ends early; the sound begins late and has a hole */
    add_sound(&f, 2, 4, 0.5);
    add_sound(&f, 8, 12, 0.5);
    smac_analysis *a = analyze(&f, model, 1, 1);
    check_present(a, SMAC_VISION, "111110000000");
    check_present(a, SMAC_AUDIO, "001100001111");
    const smac_segment *nothing = smac_analysis_segment(a, 6);
    assert_null(nothing->tasks[0].prediction);
    assert_true(isnan(nothing->tasks[0].disagreement));
    smac_analysis_free(a);

    film_begin(&f, tracks, 2, 12);
    add_sound(&f, 0, 3, 0.5);
    add_pictures(&f, 7, 12, -1);
    a = analyze(&f, model, 1, 1);
    check_present(a, SMAC_VISION, "000000011111");
    check_present(a, SMAC_AUDIO, "111000000000");
    smac_analysis_free(a);
}

static void black_and_silence_are_not_judged(void **state)
{
    (void)state;
    film f;
    film_begin(&f, tracks, 2, 10);
    for (int second = 0; second < 10; second++) {
        add_pictures(&f, second, second + 1, second >= 2 && second < 5 ? 0 : -1);
        add_sound(&f, second, second + 1, second >= 3 && second < 8 ? 0 : 0.5);
    }
    smac_analysis *a = analyze(&f, model, 1, 1);
    check_present(a, SMAC_VISION, "1100011111");
    check_present(a, SMAC_AUDIO, "1111000111"); /* the window of a clip takes half a second more on each side */
    assert_true(has_warning(a, "picture is black for 3 s"));
    assert_true(has_warning(a, "sound is silent for 3 s"));
    smac_analysis_free(a);

    film_begin(&f, tracks, 2, 3);
    add_pictures(&f, 0, 3, 0);
    add_sound(&f, 0, 3, 0);
    smac_error why = {0};
    assert_int_equal(
        smac_analyze_memory(model, f.bytes.data, f.bytes.length, "film.mkv", NULL, &a, &why), SMAC_ERROR_FORMAT);
    assert_non_null(strstr(why.message, "nothing to go by: its sound is silent, its picture is black"));
    film_end(&f);
}

static void no_segment_begins_after_the_end(void **state)
{
    (void)state;
    static const struct {
        double window, hop;
        size_t count;
        double last_start, last_end;
    } cases[] = {{2, 7, 2, 7, 9}, {2, 20, 1, 0, 2}, {4, 1, 7, 6, 9.7}, {4, 4, 3, 8, 9.7}, {9.65, 1, 1, 0, 9.65},
        {100, 100, 1, 0, 9.7}, {3, 3, 4, 9, 9.7}, {0.5, 4.85, 2, 4.85, 5.35}, {2.4, 2.4, 5, 9.6, 9.7}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        film f;
        film_begin(&f, tracks, 2, 9.7);
        add_pictures(&f, 0, 9.7, -1);
        smac_analysis *a = analyze(&f, model, cases[i].window, cases[i].hop);
        size_t count = smac_analysis_segment_count(a);
        bool tail = cases[i].window == 2.4; /* a tenth of a second is too short for a segment of its own */
        assert_int_equal(count, tail ? 4 : cases[i].count);
        const smac_segment *last = smac_analysis_segment(a, count - 1);
        assert_near(last->start, tail ? 7.2 : cases[i].last_start, 1e-6);
        assert_near(last->end, tail ? 9.6 : cases[i].last_end, 1e-3);
        smac_analysis_free(a);
    }
}

static double summary_of(const smac_analysis *a, int row)
{
    const smac_task_result *r = &smac_analysis_summary(a)->tasks[0];
    return (double)*(row < SMAC_MODALITIES ? r->modality[row] : r->prediction);
}

/* One clip of four seconds again and again: the summary is about what its windows say, however often. */
static void a_repeated_clip_has_one_summary(void **state)
{
    (void)state;
    double first[SMAC_MODALITIES + 1] = {0};
    for (int length = 8; length <= 72; length += length < 60 ? 26 : 2) { /* 8, 34, 60, 62, ... */
        film f;
        film_begin(&f, tracks, 2, length);
        for (int at = 0; at < length; at++) {
            add_pictures(&f, at, at + 1, 60 + at % 4 * 40);
            for (int64_t ms = at * 1000; ms < at * 1000 + 1000; ms += 100)
                film_tone(&f, 1, ms, 1600, 0.1 + 0.2 * (at % 4), NULL);
        }
        smac_analysis *a = analyze(&f, model, 4, 4);
        for (int row = SMAC_AUDIO; row <= SMAC_MODALITIES; row++) {
            double mean = 0, count = (double)(length / 4);
            for (size_t i = 0; i < (size_t)count; i++) {
                const smac_task_result *r = &smac_analysis_segment(a, i)->tasks[0];
                mean += (double)*(row < SMAC_MODALITIES ? r->modality[row] : r->prediction) / count;
            }
            first[row] = length == 8 ? summary_of(a, row) : first[row];
            assert_near(summary_of(a, row), mean, 0.1); /* of 10, the range */
            assert_near(summary_of(a, row), first[row], 0.1);
        }
        smac_analysis_free(a);
    }
}

/* What changes at five seconds changes there in the report, whatever the clip step and the frame rate are. */
static void steps_and_rates_keep_the_time(void **state)
{
    (void)state;
    static const char *const settings[] = {"media.clip_step=0.7", "media.clip_step=1.2", "media.clip_step=0.5",
        "media.frames_per_second=1", "media.frames_per_second=5", "media.frames_per_second=10"};
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        char path[] = "/tmp/smac-steps-XXXXXX";
        smac_model *other;
        film f;
        small_model_write(path, settings[i], 5, 4);
        assert_ok(smac_model_open(path, NULL, &other, error));
        film_begin(&f, tracks, 2, 10);
        add_pictures(&f, 0, 6, -1);
        add_sound(&f, 4, 10, 0.5);
        smac_analysis *a = analyze(&f, other, 2, 2);
        check_present(a, SMAC_VISION, "11100");
        check_present(a, SMAC_AUDIO, "00111");
        smac_analysis_free(a);
        smac_model_free(other);
        unlink(path);
    }
}

/* All reports of one film, one after another; the times that the analysis took are not in them. */
static char *all_reports(void)
{
    static const smac_format formats[] = {SMAC_FORMAT_TEXT, SMAC_FORMAT_CSV, SMAC_FORMAT_SRT, SMAC_FORMAT_HTML};
    film f;
    film_begin(&f, tracks, 2, 4.5);
    add_pictures(&f, 0, 4.5, -1);
    add_sound(&f, 0, 4.5, 0.5);
    const smac_analysis *a = analyze(&f, model, 1.5, 1.5);
    text_buffer all = {0};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        smac_render_options options;
        char *text;
        smac_render_options_default(&options);
        options.format = formats[i];
        assert_ok(smac_analysis_render(&a, 1, &options, &text, NULL, error));
        text_add(&all, text);
        smac_free(text);
    }
    smac_analysis_free((smac_analysis *)(uintptr_t)a);
    assert_false(all.failed);
    return all.data;
}

/* A host program may have chosen a locale whose decimal point is a comma: models, media and reports are as before. */
static void a_locale_with_commas_changes_nothing(void **state)
{
    char *before = all_reports();
    close_model(state);
    if (!comma_locale_begin()) {
        free(before);
        open_model(state);
        skip();
    }
    strcpy(model_path, "/tmp/smac-segments-XXXXXX");
    open_model(state); /* written and read in that locale */
    char *after = all_reports();
    comma_locale_end();
    assert_string_equal(after, before);
    assert_non_null(strstr(after, "1.500"));
    free(before);
    free(after);
}

static void words_after_the_end_are_told(void **state)
{
    (void)state;
    film f;
    smac_analysis *a = NULL;
    smac_analyze_options options;
    char path[] = "/tmp/smac-words-XXXXXX.srt";
    FILE *file = fdopen(mkstemps(path, 4), "w");
    fputs("1\n00:00:00,500 --> 00:00:01,500\nA good film\n\n2\n00:00:20,000 --> 00:00:21,000\nA bad film\n", file);
    fclose(file);
    smac_analyze_options_default(&options);
    options.transcript = path;
    film_begin(&f, tracks, 2, 3);
    add_pictures(&f, 0, 3, -1);
    assert_ok(smac_analyze_memory(model, f.bytes.data, f.bytes.length, "film.mkv", &options, &a, error));
    assert_true(has_warning(a, "1 of 2 lines"));
    assert_string_equal(smac_analysis_words_from(a), path);
    smac_analysis_free(a);
    film_end(&f);
    unlink(path);
}

/* The small model again, but with ready vectors alone in place of the encoders from modality `from` on. */
static void write_with_vectors(char *path, int from)
{
    static const char *const words[] = {"a good film", "a bad film"};
    affect_model *small, *other;
    assert_ok(affect_model_load(model_path, NULL, &small, error));
    affect_model_options options = {.configuration = &small->configuration,
        .tasks = small->tasks,
        .task_count = 1,
        .texts = words,
        .text_count = 2};
    for (int m = from; m < MODALITIES; m++)
        options.vectors[m] = (vector_forms)VECTORS_ALONE(3);
    assert_ok(affect_model_new(&options, &other, error));
    close(mkstemp(path));
    assert_ok(affect_model_save(other, path, NULL, error));
    affect_model_free(other);
    affect_model_free(small);
}

static void a_recording_has_no_ready_vectors(void **state)
{
    (void)state;
    char two[] = "/tmp/smac-vectors-XXXXXX", none[] = "/tmp/smac-vectors-XXXXXX";
    smac_model *other;
    smac_analysis *a = NULL;
    smac_error why = {0};
    film f;
    write_with_vectors(two, MODALITY_VISION);
    assert_ok(smac_model_open(two, NULL, &other, error));
    film_begin(&f, tracks, 2, 3);
    add_pictures(&f, 0, 3, -1);
    add_sound(&f, 0, 3, 0.5);
    a = analyze(&f, other, 3, 3);
    check_present(a, SMAC_AUDIO, "1");
    check_present(a, SMAC_VISION, "0");
    assert_false(has_warning(a, "no picture"));
    assert_non_null(strstr(a->missing[SMAC_VISION], "ready features alone"));
    smac_analysis_free(a);
    smac_model_free(other);
    write_with_vectors(none, MODALITY_TEXT);
    assert_ok(smac_model_open(none, NULL, &other, error));
    smac_analyze_options options;
    smac_analyze_options_default(&options);
    film_begin(&f, tracks, 2, 3);
    add_pictures(&f, 0, 3, -1);
    a = NULL;
    assert_int_equal(smac_analyze_memory(other, f.bytes.data, f.bytes.length, "film.mkv", &options, &a, &why),
        SMAC_ERROR_UNSUPPORTED);
    assert_non_null(strstr(why.message, "ready features"));
    film_end(&f);
    smac_model_free(other);
    unlink(two);
    unlink(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_modality_is_there_where_it_is),
        cmocka_unit_test(black_and_silence_are_not_judged), cmocka_unit_test(no_segment_begins_after_the_end),
        cmocka_unit_test(a_repeated_clip_has_one_summary), cmocka_unit_test(steps_and_rates_keep_the_time),
        cmocka_unit_test(words_after_the_end_are_told), cmocka_unit_test(a_recording_has_no_ready_vectors),
        cmocka_unit_test(a_locale_with_commas_changes_nothing)};
    return cmocka_run_group_tests(tests, open_model, close_model);
}
