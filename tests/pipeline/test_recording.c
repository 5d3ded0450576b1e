/*
 * From media files to tensors: clips and windows of real files, missing streams, encoded in pieces and whole.
 */
#include "support/folder.h"

#include "compute/parallel.h"
#include "pipeline/clip_encoder.h"
#include "pipeline/media_feed.h"
#include "pipeline/sample_read.h"
#include "pipeline/affect_model.h"
#include "pipeline/clip_track.h"

static affect_model *sys;

static void make_affect_model(void)
{
    static const char *const settings[] = {"model.width=16", "model.heads=2", "model.head_width=8",
        "perceiver.latents=3", "perceiver.layers=1", "interaction.queries=2", "interaction.layers=1",
        "contrast.projection=8", "text.width=16", "text.heads=2", "text.hidden=32", "text.layers=1",
        "text.vocabulary=120", "audio.width=16", "audio.heads=2", "audio.hidden=32", "audio.layers=1",
        "audio.out_width=12", "audio.kernel=16", "audio.stride=16", "vision.width=16", "vision.heads=2",
        "vision.hidden=32", "vision.layers=1", "vision.out_width=12", "vision.image_size=16", "vision.patch=8"};
    static const char *const words[] = {"a good film", "a bad film"};
    configuration c;
    task_description task;
    configuration_defaults(&c);
    c.audio.voice_gate = false; /* tones are sound here */
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        assert_ok(configuration_set_assignment(&c, settings[i], error));
    assert_ok(task_regression(&task, "sentiment", "sims", -1, 1, error));
    affect_model_options options = {
        .configuration = &c, .tasks = &task, .task_count = 1, .texts = words, .text_count = 2};
    assert_ok(affect_model_new(&options, &sys, error));
}

static const char *golden(const char *name)
{
    static char path[600];
    snprintf(path, sizeof path, "%s/tests/golden/media/%s", SMAC_SOURCE_DIR, name);
    return path;
}

static smac_status read_file(const char *path, const char *text, sample *x, smac_error *error)
{
    sample_source source = {.media = path, .text = text};
    return sample_read(&sys->preparation, &source, x, error);
}

static void test_files(void **state)
{
    (void)state;
    sample x;
    assert_ok(read_file(golden("plain.mp4"), "a good film", &x, error));
    assert_true(x.present[MODALITY_TEXT] && x.present[MODALITY_VISION] && x.present[MODALITY_AUDIO]);
    assert_true(x.clips >= 1 && x.windows >= 1 && x.end > 0);
    for (int64_t i = 0; i < x.windows * x.mel_bins * x.mel_frames; i++)
        assert_true(isfinite(x.mel[i]));
    sample_clear(&x);
    assert_ok(read_file(golden("stereo8.wav"), NULL, &x, error));
    assert_true(x.present[MODALITY_AUDIO] && !x.present[MODALITY_VISION] && !x.present[MODALITY_TEXT]);
    sample_clear(&x);
    assert_ok(read_file(golden("short.wav"), NULL, &x, error));
    assert_int_equal(x.windows, 1);
    sample_clear(&x);
    assert_ok(read_file(golden("still.png"), NULL, &x, error));
    assert_int_equal(x.clips, 1);
    assert_memory_equal(x.frames, x.frames + 16 * 16 * 3, 16 * 16 * 3);
    assert_false(x.present[MODALITY_AUDIO]);
    sample_clear(&x);
    assert_ok(read_file(NULL, "a bad film", &x, error));
    assert_true(x.present[MODALITY_TEXT] && !x.present[MODALITY_AUDIO]);
    sample_clear(&x);
}

static void test_refusals(void **state)
{
    (void)state;
    sample x;
    smac_error why = {0};
    assert_int_not_equal(read_file("/no/such/file.mp4", "words", &x, &why), SMAC_OK);
    assert_non_null(strstr(why.message, "/no/such/file.mp4"));
    assert_int_equal(read_file(NULL, NULL, &x, &why), SMAC_ERROR_FORMAT);
    assert_int_equal(read_file(NULL, " ", &x, &why), SMAC_ERROR_FORMAT);
    sample_source source = {.media = golden("stereo8.wav"), .without = {true, true, false}};
    assert_int_not_equal(sample_read(&sys->preparation, &source, &x, &why), SMAC_OK);
}

typedef struct session {
    clip_encoder *clips;
    clip_track vectors;
} session;

static smac_status take(session *s, smac_error *error)
{
    clip c;
    while (clip_encoder_next(s->clips, &c))
        TRY(clip_track_add(&s->vectors, &c, error));
    return SMAC_OK;
}

static bool wants(void *user, const picture_span *span)
{
    return clip_encoder_wants_picture(((session *)user)->clips, span);
}

static smac_status on_picture(void *user, const picture *shown, const picture_span *span, smac_error *error)
{
    TRY(clip_encoder_feed_picture(((session *)user)->clips, shown, span, error));
    return take(user, error);
}

static smac_status on_sound(void *user, const float *samples, size_t count, bool hole, smac_error *error)
{
    session *s = user;
    TRY(hole ? clip_encoder_feed_hole(s->clips, (int64_t)count, error)
             : clip_encoder_feed_sound(s->clips, samples, count, error));
    return take(s, error);
}

/* The way of analysis: encoded while it is decoded, by time. */
static void encode_file(const char *path, int64_t at_once, sample *out)
{
    session s = {.vectors.timing = clip_timing_of(&sys->configuration)};
    clip_encoder_options options = {.preparation = &sys->preparation, .model = sys, .at_once = at_once};
    media_sink to = {.user = &s, .wants_picture = wants, .picture = on_picture, .sound = on_sound};
    decoder *from;
    assert_ok(clip_encoder_new(&options, &s.clips, error));
    assert_ok(decoder_open(path, NULL, &from, error));
    assert_ok(media_feed(from, &to, error));
    assert_ok(clip_encoder_finish(s.clips, error));
    assert_ok(take(&s, error));
    memset(out, 0, sizeof *out);
    assert_ok(clip_track_window(&s.vectors, 0, INFINITY, out, error));
    decoder_close(from);
    clip_encoder_free(s.clips);
    clip_track_clear(&s.vectors);
}

/* Training reads a clip's raw tensors and encodes them, analysis encodes while it reads: the same bits. */
static void test_training_and_analysis_see_the_same(void **state)
{
    (void)state;
    static const char *const files[] = {"long-sound.mp4", "plain.mp4", "mpeg4.avi", "vfr.mkv", "still.png"};
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        sample training, analysis;
        assert_ok(read_file(golden(files[f]), NULL, &training, error));
        assert_ok(affect_model_encode(sys, &training, &(affect_model_encode_options){.everything = true}, error));
        for (int64_t at_once = 0; at_once <= 5; at_once++) {
            encode_file(golden(files[f]), at_once, &analysis);
            for (int m = MODALITY_AUDIO; m <= MODALITY_VISION; m++) {
                const feature_sequence *a = &training.ready[m], *b = &analysis.ready[m];
                assert_int_equal(training.present[m], analysis.present[m]);
                assert_int_equal(a->steps, b->steps);
                for (int64_t i = 0; i < a->steps * a->crops * a->width;
                     i++) /* batches of another size round otherwise */
                    assert_near(a->data[i], b->data[i], at_once == 0 ? 0 : 1e-5);
            }
            sample_clear(&analysis);
        }
        sample_clear(&training);
    }
}

static int stop_after(void *user)
{
    return (*(int *)user)-- <= 0;
}

/* Encoding and predicting can be stopped before each of their operations. */
static void test_interruption(void **state)
{
    (void)state;
    int stops[2] = {0};
    for (int moment = 0, done = 0; !done; moment++) {
        sample x;
        const sample *one = &x;
        prediction p = {0};
        int left = moment;
        smac_error why = {0};
        assert_ok(read_file(golden("plain.mp4"), "a good film", &x, error));
        affect_model_encode_options options = {.everything = true, .interrupt = {stop_after, &left}};
        smac_status status = affect_model_encode(sys, &x, &options, &why);
        bool encoded = status == SMAC_OK;
        predict_options how = {.interrupt = {stop_after, &left}};
        if (encoded)
            status = affect_model_predict(sys, &one, 1, &how, &p, &why);
        done = status == SMAC_OK;
        stops[encoded] += !done;
        assert_true(done || status == SMAC_ERROR_INTERRUPTED);
        prediction_clear(&p);
        sample_clear(&x);
    }
    assert_true(stops[0] > 30 && stops[1] > 30); /* of operations, not of passes */
}

/* vision.preparation video: pictures as numbers, near those of the other way. */
static void test_video_preparation(void **state)
{
    (void)state;
    sample still, video;
    assert_ok(read_file(golden("plain.mp4"), NULL, &still, error));
    sys->configuration.vision.preparation = PICTURE_VIDEO;
    assert_ok(read_file(golden("plain.mp4"), NULL, &video, error));
    sys->configuration.vision.preparation = PICTURE_STILL;
    assert_non_null(video.pictures);
    assert_null(video.frames);
    assert_int_equal(video.clips, still.clips);
    batch a, b;
    const sample *one = &still, *two = &video;
    assert_ok(affect_model_batch(sys, &one, 1, NULL, &a, error));
    assert_ok(affect_model_batch(sys, &two, 1, NULL, &b, error));
    double difference = 0;
    int64_t count = a.part[MODALITY_VISION].rows * 2 * 3 * 16 * 16;
    for (int64_t i = 0; i < count; i++)
        difference += fabs(a.pictures[i] - b.pictures[i]) / (double)count;
    assert_true(difference < 0.6); /* no antialiasing: near, not equal */
    batch_clear(&a);
    batch_clear(&b);
    sample_clear(&still);
    sample_clear(&video);
}

static int prepare(void **state)
{
    (void)state;
    parallel_set_threads(1);
    make_affect_model();
    return 0;
}

static int finish(void **state)
{
    (void)state;
    affect_model_free(sys);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_files), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_training_and_analysis_see_the_same), cmocka_unit_test(test_interruption),
        cmocka_unit_test(test_video_preparation)};
    return cmocka_run_group_tests(tests, prepare, finish);
}
