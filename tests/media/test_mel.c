/* Filter banks: the vector of formats.md, torchaudio's Kaldi code, transformers' WhisperFeatureExtractor. */
#include "support/golden.h"

#include "media/clips.h"
#include "media/mel.h"

#ifndef M_PI
#define M_PI 3.14159265358979323846
#endif

static void the_vector_of_two_tones(void **state)
{
    (void)state;
    static float samples[32000], mel[128 * 204];
    for (int n = 0; n < 32000; n++)
        samples[n] = (float)(0.5 * sin(2 * M_PI * 440 * n / 16000) + 0.25 * sin(2 * M_PI * 1000 * n / 16000));
    mel_filter_bank *bank;
    assert_ok(mel_filter_bank_new_kaldi(128, &bank, error));
    assert_ok(imagebind_mel(bank, samples, 32000, mel, error));
    static const struct {
        int bin, frame;
        double value;
    } expected[] = {{0, 0, -1.057817}, {1, 0, -1.227513}, {10, 0, -0.590626}, {20, 0, 0.427868}, {30, 0, -0.373887},
        {31, 0, -0.397253}, {32, 0, -0.519710}, {50, 0, -0.412921}, {51, 0, -0.625600}, {52, 0, -0.757054},
        {64, 100, -1.277565}, {127, 197, -1.277565}, {0, 198, 0.467061}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_near(mel[expected[i].bin * 204 + expected[i].frame], expected[i].value, 1e-4);
    double sum = 0, least = 1, most = -1;
    for (int i = 0; i < 128 * 204; i++) {
        sum += mel[i];
        least = fmin(least, mel[i]);
        most = fmax(most, mel[i]);
    }
    assert_near(sum / -20397.0445, 1.0, 1e-5);
    assert_near(least, -1.277565, 1e-5);
    assert_near(most, 0.931103, 1e-5);
    for (int i = 0; i < 204; i++) /* row 3 holds no power at these settings */
        assert_near(mel[3 * 204 + i], i < 198 ? -1.277565 : 0.467061, 1e-5);
    mel_filter_bank_free(bank);
}

static void imagebind_equals_torchaudio(void **state)
{
    (void)state;
    tensor_file *golden = golden_open("media", "mel");
    float *samples = golden_floats(golden, "samples", NULL), *mel = malloc(128 * 204 * sizeof *mel);
    mel_filter_bank *bank;
    assert_ok(mel_filter_bank_new_kaldi(128, &bank, error));
    static const int lengths[] = {1000, 32000, 36000}; /* padded, padded by six, cut */
    for (int i = 0; i < 3; i++) {
        char name[40];
        snprintf(name, sizeof name, "imagebind.%d", lengths[i]);
        float *expected = golden_floats(golden, name, NULL);
        assert_ok(imagebind_mel(bank, samples, (size_t)lengths[i], mel, error));
        for (int k = 0; k < 128 * 204; k++)
            assert_near(mel[k], expected[k], 1e-4);
        free(expected);
    }
    free(samples);
    free(mel);
    mel_filter_bank_free(bank);
    tensor_file_close(golden);
}

static void little_sound_and_none(void **state)
{
    (void)state;
    static float samples[400], mel[128 * 204];
    for (int n = 0; n < 400; n++)
        samples[n] = (float)sin(n * 0.3);
    mel_filter_bank *bank;
    assert_ok(mel_filter_bank_new_kaldi(128, &bank, error));
    assert_int_equal(kaldi_frame_count(399), 0);
    assert_int_equal(kaldi_frame_count(400), 1);
    assert_int_equal(kaldi_frame_count(559), 1);
    assert_int_equal(kaldi_frame_count(560), 2);
    assert_int_equal(kaldi_frame_count(32000), 198);
    for (int count = 0; count <= 400; count += 133) {
        assert_ok(imagebind_mel(bank, samples, (size_t)count, mel, error));
        for (int k = 0; k < 128 * 204; k++)
            assert_true(isfinite(mel[k]));
        assert_near(mel[1], 0.467061, 1e-5); /* one frame alone */
        if (count == 0)
            assert_near(mel[127 * 204], -1.277565, 1e-5);
    }
    mel_filter_bank_free(bank);
}

static void check_whisper(const char *file, int bins)
{
    tensor_file *common = golden_open("media", "mel"), *golden = golden_open("media", file);
    int64_t count;
    float *samples = golden_floats(common, "samples", &count);
    mel_filter_bank *bank;
    assert_ok(mel_filter_bank_new_whisper(bins, &bank, error));
    char name[40];
    float *mel = malloc((size_t)bins * 3000 * sizeof *mel);
    assert_ok(whisper_log_mel(bank, samples, (size_t)count, WHISPER_WINDOW_SAMPLES, mel, error));
    snprintf(name, sizeof name, "whisper.%d.begin", bins);
    float *begin = golden_floats(golden, name, NULL);
    snprintf(name, sizeof name, "whisper.%d.end", bins);
    float *end = golden_floats(golden, name, NULL);
    for (int bin = 0; bin < bins; bin++) {
        for (int i = 0; i < 240; i++)
            assert_near(mel[bin * 3000 + i], begin[bin * 240 + i], 1e-4);
        for (int i = 0; i < 8; i++)
            assert_near(mel[bin * 3000 + 2992 + i], end[bin * 8 + i], 1e-4);
    }
    int frames = (int)(count / WHISPER_HOP);
    snprintf(name, sizeof name, "whisper.%d.whole", bins);
    float *whole = golden_floats(golden, name, NULL);
    assert_ok(whisper_log_mel(bank, samples, (size_t)count, (size_t)count, mel, error));
    for (int k = 0; k < bins * frames; k++)
        assert_near(mel[k], whole[k], 1e-4);
    assert_int_equal(whisper_log_mel(bank, samples, 100, 401, mel, NULL), SMAC_ERROR_ARGUMENT);
    assert_ok(whisper_log_mel(bank, samples, 0, 480, mel, error));
    free(begin);
    free(end);
    free(whole);
    free(mel);
    free(samples);
    mel_filter_bank_free(bank);
    tensor_file_close(golden);
    tensor_file_close(common);
}

static void whisper_equals_transformers(void **state)
{
    (void)state;
    check_whisper("mel", 80);
    check_whisper("mel128", 128);
}

/* Windows of a ramp: the value of a sample is its position. */
static void check_windows(int total, int piece, int step, int expected_count)
{
    clip_timing timing = {2.0, step};
    sound_windows *w = sound_windows_new(&timing, 2.0);
    assert_non_null(w);
    float *ramp = malloc((size_t)(total + 1) * sizeof *ramp);
    for (int i = 0; i < total; i++)
        ramp[i] = (float)i;
    int seen = 0;
    for (int at = 0; at <= total;) {
        int take = total - at < piece ? total - at : piece;
        assert_ok(sound_windows_feed(w, ramp + at, (size_t)take, error));
        at += take;
        if (at == total)
            sound_windows_finish(w);
        sound_window window;
        while (sound_windows_next(w, &window)) {
            assert_int_equal(window.index, seen);
            const float *samples = window.samples;
            size_t count = window.count;
            int wanted = (seen * step + 1) * 8000 - 16000;
            wanted = wanted < 0 ? 0 : wanted;
            if (wanted + 32000 > total)
                wanted = total > 32000 ? total - 32000 : 0;
            assert_int_equal(count, total < 32000 ? total : 32000);
            assert_int_equal((int)samples[0], wanted);
            assert_int_equal((int)samples[count - 1], wanted + (int)count - 1);
            seen++;
        }
        if (at == total)
            break;
    }
    assert_int_equal(seen, expected_count);
    free(ramp);
    sound_windows_free(w);
}

static void windows_are_centred_and_lie_within_the_sound(void **state)
{
    (void)state;
    static const int pieces[] = {1, 77, 1024, 16000, 200000};
    for (int i = 0; i < 5; i++) {
        int piece = pieces[i];
        check_windows(80000, piece, 2, 5);
        check_windows(80000, piece, 1, 9);
        check_windows(84001, piece, 2, 6); /* 5.25 s and a bit: the frame at 5.25 s is on show */
        check_windows(84000, piece, 2, 5);
        check_windows(20000, piece, 2, 1);
        check_windows(320, piece, 2, 1);
    }
    check_windows(0, 10, 2, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vector_of_two_tones),
        cmocka_unit_test(imagebind_equals_torchaudio),
        cmocka_unit_test(little_sound_and_none),
        cmocka_unit_test(whisper_equals_transformers),
        cmocka_unit_test(windows_are_centred_and_lie_within_the_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
