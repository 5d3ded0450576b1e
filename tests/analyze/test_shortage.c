/*
 * tests/analyze/test_shortage.c - a recording and a live session, from input to reports, while every allocation of ours
 * in turn fails.
 */
#include "support/shortage.h"

#include "semanticmac/semanticmac.h"
#include "small_model.h"
#include "support/film.h"

static char model_path[] = "/tmp/smac-shortage-XXXXXX";
static smac_model *model;
static film recording;

static const film_track tracks[] = {{.kind = FILM_PICTURE}, {.kind = FILM_SOUND}, {.kind = FILM_WORDS}};

static int prepare(void **state)
{
    (void)state;
    smac_set_threads(1);
    small_model_write(model_path, NULL, 5, 2);
    assert_ok(smac_model_open(model_path, NULL, &model, error));
    film_begin(&recording, tracks, 3, 3);
    for (int64_t at = 0; at < 3000; at += 250) {
        film_picture(&recording, 0, at, 250, at < 2000 ? 80 + (int)(at / 20) : 0);
        if (at != 1000)
            film_tone(&recording, 1, at, 4000, 0.4, NULL);
        if (at % 1500 == 0)
            film_words(&recording, 2, at, 1000, "a very good film");
    }
    return 0;
}

static int clean_up(void **state)
{
    (void)state;
    film_end(&recording);
    smac_model_free(model);
    unlink(model_path);
    return 0;
}

static smac_status render_all(const smac_analysis *a, smac_error *error)
{
    for (int f = SMAC_FORMAT_TEXT; f <= SMAC_FORMAT_CSV; f++) {
        smac_render_options how;
        char *text = NULL;
        smac_render_options_default(&how);
        how.format = f == SMAC_FORMAT_JSON ? SMAC_FORMAT_TEXT : (smac_format)f; /* jansson's memory is not ours */
        smac_status status = smac_analysis_render(&a, 1, &how, &text, NULL, error);
        smac_free(text);
        TRY(status);
    }
    return SMAC_OK;
}

static smac_status analyze_recording(void *context, smac_error *error)
{
    (void)context;
    smac_analysis *a = NULL;
    smac_analyze_options options;
    smac_analyze_options_default(&options);
    options.window = 1;
    TRY(smac_analyze_memory(model, recording.bytes.data, recording.bytes.length, "film.mkv", &options, &a, error));
    smac_status status = render_all(a, error);
    smac_analysis_free(a);
    return status;
}

static smac_status feed_session(smac_session *s, smac_error *error)
{
    static uint8_t rgb[48 * 32 * 3];
    static float samples[4000];
    for (int i = 0; i < 4000; i++)
        samples[i] = 0.3f * sinf((float)i);
    for (int i = 0; i < 16; i++) {
        const smac_segment *one;
        smac_picture p = {rgb, 48, 32, 0, SMAC_PIXELS_RGB};
        smac_sound sound = {samples, 4000, 1, 16000, SMAC_SAMPLES_FLOAT};
        memset(rgb, 60 + i, sizeof rgb);
        TRY(smac_session_frame(s, &p, i * 0.25, error));
        TRY(smac_session_sound(s, &sound, NAN, error));
        if (i % 4 == 3)
            TRY(smac_session_words(s, "so bad it hurts", i * 0.25 - 0.75, i * 0.25, error));
        do
            TRY(smac_session_next(s, &one, error));
        while (one);
    }
    return SMAC_OK;
}

static smac_status run_session(void *context, smac_error *error)
{
    (void)context;
    smac_session *s;
    smac_analysis *a = NULL;
    smac_analyze_options options;
    smac_analyze_options_default(&options);
    options.window = 1;
    options.thumbnails = true;
    TRY(smac_session_open(model, &options, &s, error));
    smac_status status = feed_session(s, error);
    if (status == SMAC_OK)
        status = smac_session_finish(s, &a, error);
    smac_analysis_free(a);
    smac_session_free(s);
    return status;
}

static void a_recording_survives(void **state)
{
    (void)state;
    print_message("%lld allocations\n", (long long)shortage_sweep("a recording", analyze_recording, NULL, 150));
}

static void a_session_survives(void **state)
{
    (void)state;
    print_message("%lld allocations\n", (long long)shortage_sweep("a session", run_session, NULL, 150));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_recording_survives), cmocka_unit_test(a_session_survives)};
    return cmocka_run_group_tests(tests, prepare, clean_up);
}
