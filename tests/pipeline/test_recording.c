/*
 * From media files to tensors: clips and windows of real files, missing streams, encoded in pieces and whole.
 */
#include "support/folder.h"

#include "compute/parallel.h"
#include "pipeline/system.h"

static affect_system *sys;

static void make_system(void)
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
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        assert_ok(configuration_set_assignment(&c, settings[i], error));
    assert_ok(task_regression(&task, "sentiment", "sims", -1, 1, error));
    system_options options = {.configuration = &c, .tasks = &task, .task_count = 1, .texts = words, .text_count = 2};
    assert_ok(system_new(&options, &sys, error));
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

/* Encoding while reading gives the vectors that reading first and encoding then gives. */
static void test_streamed(void **state)
{
    (void)state;
    sample whole, streamed;
    sample_source source = {.media = golden("long-sound.mp4"), .text = "a good film"};
    assert_ok(sample_read(&sys->preparation, &source, &whole, error));
    assert_ok(system_encode(sys, &whole, true, error));
    assert_ok(system_read_encoded(sys, &source, NULL, &streamed, error));
    for (int m = MODALITY_AUDIO; m <= MODALITY_VISION; m++) {
        const feature_sequence *a = &whole.ready[m], *b = &streamed.ready[m];
        assert_int_equal(whole.present[m], streamed.present[m]);
        assert_int_equal(a->steps, b->steps);
        for (int64_t i = 0; i < a->steps * a->crops * a->width; i++)
            assert_near(a->data[i], b->data[i], 1e-5);
    }
    assert_true(streamed.present[MODALITY_TEXT] && streamed.ids != NULL);
    assert_near(whole.end, streamed.end, 1e-9);
    sample_clear(&whole);
    sample_clear(&streamed);
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
    assert_ok(system_batch(sys, &one, 1, NULL, &a, error));
    assert_ok(system_batch(sys, &two, 1, NULL, &b, error));
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
    make_system();
    return 0;
}

static int finish(void **state)
{
    (void)state;
    system_free(sys);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_files), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_streamed), cmocka_unit_test(test_video_preparation)};
    return cmocka_run_group_tests(tests, prepare, finish);
}
