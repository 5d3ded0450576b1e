/* tests/speech/test_features.c - log-mel of a stream against faster-whisper's, in pieces of any size; loudness. */
#include "support/golden.h"

#include "speech/features.h"

static void stream(speech_features *f, const float *samples, int64_t count, int64_t piece)
{
    for (int64_t at = 0; at < count; at += piece)
        assert_ok(features_feed(f, samples + at, (size_t)(count - at < piece ? count - at : piece), error));
    assert_ok(features_finish(f, error));
}

static void features_are_faster_whispers(void **state)
{
    (void)state;
    static const int64_t pieces[] = {7213, 1000, 160, 37};
    tensor_file *golden = golden_open("speech", "speech");
    int64_t count, values;
    float *samples = golden_floats(golden, "samples", &count), *expected = golden_floats(golden, "features", &values);
    for (size_t i = 0; i < 4; i++) {
        speech_features f;
        assert_ok(features_begin(&f, 80, error));
        stream(&f, samples, count, pieces[i]);
        int64_t frames = features_length(&f);
        assert_int_equal(frames, 45);
        assert_int_equal(values, frames * 80);
        float *out = malloc(60 * 80 * sizeof *out);
        features_window(&f, 0, frames, 60, out);
        assert_true(golden_error(out, expected, frames, 80, NULL) < 2e-5);
        for (int k = (int)frames * 80; k < 60 * 80; k++)
            assert_near(out[k], 0, 0);
        features_forget(&f, 20);
        features_window(&f, 20, frames - 20, 60, out);
        assert_true(golden_error(out, expected + 20 * 80, frames - 20, 80, NULL) < 2e-5);
        free(out);
        features_clear(&f);
    }
    free(samples);
    free(expected);
    tensor_file_close(golden);
}

static void short_sounds_and_none(void **state)
{
    (void)state;
    static const int64_t lengths[] = {0, 1, 100, 159, 160, 199, 201, 399, 401};
    float samples[401];
    for (int i = 0; i < 401; i++)
        samples[i] = (float)sin(i * 0.3);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        speech_features f;
        assert_ok(features_begin(&f, 80, error));
        stream(&f, samples, lengths[i], 50);
        assert_int_equal(features_length(&f), lengths[i] / 160);
        assert_true(features_ready(&f) >= lengths[i] / 160);
        features_clear(&f);
    }
}

static void loudness_is_that_of_the_loudest_tenth(void **state)
{
    (void)state;
    speech_features f;
    float *samples = calloc(32000, sizeof *samples);
    for (int i = 16000; i < 17600; i++) /* a tenth of a second at 1 s */
        samples[i] = i % 2 ? 0.5f : -0.5f;
    assert_ok(features_begin(&f, 80, error));
    stream(&f, samples, 32000, 3000);
    assert_near(features_loudness(&f, 0, 200), 0.5, 1e-6);
    assert_near(features_loudness(&f, 0, 100), 0, 0);
    assert_near(features_loudness(&f, 105, 200), sqrt(0.125), 1e-6);
    assert_near(features_loudness(&f, 110, 200), 0, 1e-6);
    assert_near(features_loudness(&f, 50, 50), 0, 0);
    features_clear(&f);
    free(samples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(features_are_faster_whispers),
        cmocka_unit_test(short_sounds_and_none),
        cmocka_unit_test(loudness_is_that_of_the_loudest_tenth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
