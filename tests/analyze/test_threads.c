/*
 * tests/analyze/test_threads.c - one open model, several threads that analyse with it at once, the same answers; and
 * what the public face promises: windows, missing modalities, words spread over time, refusals, every format.
 * (tools/test-threads runs this under the thread sanitizer.)
 */
#include "support/check.h"

#include <pthread.h>
#include <unistd.h>

#include "small_model.h"

#include "analyze/analysis.h"
#include "analyze/model.h"

#define MEDIA SMAC_SOURCE_DIR "/tests/golden/media/"

static char model_path[] = "/tmp/smac-analyze-XXXXXX";

static int make_model(void **state)
{
    (void)state;
    small_model_write(model_path, NULL, 1, 0);
    return 0;
}

static int remove_model(void **state)
{
    (void)state;
    unlink(model_path);
    return 0;
}

typedef struct worker {
    const smac_model *model;
    const char *file;
    smac_analysis *analysis;
    smac_status status;
    smac_error error;
} worker;

static void *work(void *argument)
{
    worker *w = argument;
    smac_analyze_options options;
    smac_analyze_options_default(&options);
    options.text = "a very good film";
    options.window = 1;
    options.hop = 0.5;
    w->status = smac_analyze_file(w->model, w->file, &options, &w->analysis, &w->error);
    return NULL;
}

static void threads_share_a_model(void **state)
{
    (void)state;
    smac_model *model = NULL;
    assert_ok(smac_model_open(model_path, NULL, &model, error));
    smac_set_threads(1); /* the threads here are the caller's own */
    worker alone = {.model = model, .file = MEDIA "plain.mp4"}, many[4];
    work(&alone);
    assert_int_equal(alone.status, SMAC_OK);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        many[i] = (worker){.model = model, .file = MEDIA "plain.mp4"};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &many[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(many[i].status, SMAC_OK);
        size_t count = smac_analysis_segment_count(alone.analysis);
        assert_int_equal(smac_analysis_segment_count(many[i].analysis), count);
        for (size_t k = 0; k < count; k++) {
            const smac_segment *a = smac_analysis_segment(alone.analysis, k),
                               *b = smac_analysis_segment(many[i].analysis, k);
            assert_memory_equal(a->tasks[0].prediction, b->tasks[0].prediction, sizeof(float));
            assert_memory_equal(a->tasks[0].modality[1], b->tasks[0].modality[1], sizeof(float));
        }
        smac_analysis_free(many[i].analysis);
    }
    smac_analysis_free(alone.analysis);
    smac_model_free(model);
    smac_set_threads(0);
}

static void windows_cover_the_recording(void **state)
{
    (void)state;
    smac_model *model = NULL;
    smac_analysis *a = NULL;
    assert_ok(smac_model_open(model_path, NULL, &model, error));
    assert_int_equal(smac_model_task_count(model), 1);
    assert_string_equal(smac_model_task(model, 0)->name, "sentiment");
    assert_int_equal(smac_model_task(model, 0)->classes, 0);
    assert_null(smac_model_task(model, 1));
    smac_analyze_options options;
    smac_analyze_options_default(&options);
    options.window = 1;
    options.hop = 0.5;
    options.text = "good words said over all of the time that there is";
    assert_ok(smac_analyze_file(model, MEDIA "plain.mp4", &options, &a, error));
    double duration = smac_analysis_duration(a);
    size_t count = smac_analysis_segment_count(a);
    assert_true(duration > 1 && count > 1);
    for (size_t i = 0; i < count; i++) {
        const smac_segment *s = smac_analysis_segment(a, i);
        assert_near(s->start, 0.5 * (double)i, 1e-9);
        assert_true(s->end > s->start && s->end <= duration + 1e-9 && s->end - s->start <= 1 + 1e-9);
        assert_true(s->tasks[0].prediction[0] >= -1 && s->tasks[0].prediction[0] <= 1);
        assert_true(s->tasks[0].disagreement >= 0 && s->tasks[0].disagreement <= 1);
    }
    assert_near(smac_analysis_segment(a, count - 1)->end, duration, 1e-9);
    assert_null(smac_analysis_segment(a, count));
    assert_non_null(strstr(smac_analysis_segment(a, 0)->text, "good"));
    assert_null(strstr(smac_analysis_segment(a, count - 1)->text, "good")); /* spread evenly */
    for (int f = SMAC_FORMAT_TEXT; f <= SMAC_FORMAT_HTML; f++) {
        char *text = NULL;
        size_t length = 0;
        const smac_analysis *one = a;
        smac_render_options how;
        smac_render_options_default(&how);
        how.format = (smac_format)f;
        how.columns = 60;
        how.colour = true;
        assert_ok(smac_analysis_render(&one, 1, &how, &text, &length, error));
        assert_true(length > 50 && strlen(text) == length);
        free(text);
    }
    smac_analysis_free(a);
    smac_model_free(model);
}

static void one_window_says_what_the_summary_says(void **state)
{
    (void)state;
    smac_model *model = NULL;
    smac_analysis *a = NULL;
    assert_ok(smac_model_open(model_path, NULL, &model, error));
    smac_analyze_options options;
    smac_analyze_options_default(&options);
    options.window = 100; /* more than the recording: every clip lies in the one window */
    options.text = "a very good film";
    assert_ok(smac_analyze_file(model, MEDIA "plain.mp4", &options, &a, error));
    assert_int_equal(smac_analysis_segment_count(a), 1);
    const smac_segment *s = smac_analysis_segment(a, 0), *whole = smac_analysis_summary(a);
    assert_memory_equal(s->tasks[0].prediction, whole->tasks[0].prediction, sizeof(float));
    for (int m = 0; m < SMAC_MODALITIES; m++)
        assert_memory_equal(s->tasks[0].modality[m], whole->tasks[0].modality[m], sizeof(float));
    assert_string_equal(s->text, whole->text);
    smac_analysis_free(a);
    smac_model_free(model);
}

static void a_missing_modality_is_not_a_number(void **state)
{
    (void)state;
    smac_model *model = NULL;
    smac_analysis *a = NULL;
    assert_ok(smac_model_open(model_path, NULL, &model, error));
    assert_ok(smac_analyze_file(model, MEDIA "tone.mp3", NULL, &a, error));
    const smac_segment *s = smac_analysis_summary(a);
    assert_true(s->has[SMAC_AUDIO] && !s->has[SMAC_VISION] && !s->has[SMAC_TEXT]);
    assert_true(!s->tasks[0].modality[SMAC_VISION] && !s->tasks[0].modality[SMAC_TEXT]);
    assert_true(isfinite(s->tasks[0].modality[SMAC_AUDIO][0]) && isfinite(s->tasks[0].prediction[0]));
    assert_true(isnan(s->tasks[0].disagreement));     /* one modality has nobody to disagree with */
    assert_true(smac_analysis_warning_count(a) >= 2); /* no words, no picture */
    char *text = NULL;
    const smac_analysis *one = a;
    smac_render_options how;
    smac_render_options_default(&how);
    how.format = SMAC_FORMAT_JSON;
    assert_ok(smac_analysis_render(&one, 1, &how, &text, NULL, error));
    assert_non_null(strstr(text, "\"vision\": null"));
    free(text);
    smac_analysis_free(a);
    smac_model_free(model);
}

typedef struct counted {
    int loads; /* of the speech model */
} counted;

static int count_loads(void *user, const char *what, double done, double total)
{
    (void)done;
    (void)total;
    counted *c = user;
    if (strcmp(what, "loading the speech model") == 0)
        __atomic_add_fetch(&c->loads, 1, __ATOMIC_SEQ_CST);
    return 0;
}

typedef struct hearer {
    const smac_model *model;
    smac_analyze_options options;
    const char *file;
    smac_status status;
    bool heard;
} hearer;

static void *hear(void *argument)
{
    hearer *h = argument;
    smac_analysis *a = NULL;
    h->status = smac_analyze_file(h->model, h->file, &h->options, &a, NULL);
    h->heard = a && a->words_from && strcmp(a->words_from, "speech") == 0;
    smac_analysis_free(a);
    return NULL;
}

static void a_speech_model_is_loaded_once(void **state)
{
    (void)state;
    smac_model *model = NULL;
    smac_speech *speech = NULL;
    counted count = {0}, counts[3] = {{0}};
    assert_ok(smac_model_open(model_path, NULL, &model, error));
    assert_ok(smac_speech_open(SMAC_SOURCE_DIR "/tests/golden/speech/tiny", &speech, error));
    hearer h = {.model = model, .file = MEDIA "still.png"};
    smac_analyze_options_default(&h.options);
    h.options.speech = speech;
    h.options.progress = count_loads;
    h.options.user = &count;
    hear(&h);
    assert_int_equal(h.status, SMAC_OK);
    assert_int_equal(count.loads, 0); /* nothing to hear, nothing to load */
    static const char *const files[] = {MEDIA "tone.flac", MEDIA "tone.mp3", MEDIA "plain.mp4"};
    hearer many[3];
    pthread_t threads[3];
    smac_set_threads(1);
    for (int i = 0; i < 3; i++) {
        many[i] = h;
        many[i].file = files[i];
        many[i].options.user = &counts[i];
        assert_int_equal(pthread_create(&threads[i], NULL, hear, &many[i]), 0);
    }
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    smac_set_threads(0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(many[i].status, SMAC_OK);
    assert_true(many[0].heard);
    int loading = 0, before = counts[0].loads;
    for (int i = 0; i < 3; i++)
        loading += counts[i].loads > 0; /* asked once a tensor */
    assert_int_equal(loading, 1);
    hear(&many[0]);
    assert_true(many[0].heard);
    assert_int_equal(counts[0].loads, before);
    smac_speech_free(speech);
    /* one that cannot be loaded says so in each analysis, and is tried once */
    assert_ok(smac_speech_open(MEDIA, &speech, error));
    many[0].options.speech = speech;
    many[0].options.user = &count;
    for (int i = 0; i < 2; i++) {
        hear(&many[0]);
        assert_int_not_equal(many[0].status, SMAC_OK);
        assert_int_equal(count.loads, 1);
    }
    smac_speech_free(speech);
    smac_speech_free(NULL);
    assert_int_equal(smac_speech_open("/nonexistent", &speech, NULL), SMAC_ERROR_NOT_FOUND);
    assert_int_equal(smac_speech_open(MEDIA "tone.mp3", &speech, NULL), SMAC_ERROR_ARGUMENT);
    smac_model_free(model);
}

static void wrong_things_are_refused(void **state)
{
    (void)state;
    smac_model *model = NULL;
    smac_analysis *a = NULL;
    smac_error error = {0};
    assert_int_equal(smac_model_open("/nonexistent", NULL, &model, &error), SMAC_ERROR_NOT_FOUND);
    assert_int_not_equal(smac_model_open(MEDIA "plain.mp4", NULL, &model, &error), SMAC_OK);
    assert_null(model);
    assert_ok(smac_model_open(model_path, NULL, &model, error));
    smac_analyze_options options;
    smac_analyze_options_default(&options);
    options.window = -1;
    assert_int_equal(smac_analyze_file(model, MEDIA "plain.mp4", &options, &a, &error), SMAC_ERROR_ARGUMENT);
    smac_analyze_options_default(&options);
    options.transcript = MEDIA "tone.mp3";
    assert_int_not_equal(smac_analyze_file(model, MEDIA "plain.mp4", &options, &a, &error), SMAC_OK);
    assert_int_equal(smac_analyze_file(model, "/nonexistent.mp4", NULL, &a, &error), SMAC_ERROR_NOT_FOUND);
    assert_non_null(strstr(error.message, "/nonexistent.mp4"));
    assert_null(a);
    smac_analysis_free(NULL);
    smac_model_free(NULL);
    smac_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(threads_share_a_model),
        cmocka_unit_test(windows_cover_the_recording), cmocka_unit_test(one_window_says_what_the_summary_says),
        cmocka_unit_test(a_missing_modality_is_not_a_number), cmocka_unit_test(a_speech_model_is_loaded_once),
        cmocka_unit_test(wrong_things_are_refused)};
    return cmocka_run_group_tests(tests, make_model, remove_model);
}
