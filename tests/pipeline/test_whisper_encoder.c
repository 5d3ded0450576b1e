/*
 * tests/pipeline/test_whisper_encoder.c - Whisper's encoder for the sound of a model, frozen and fine-tuned: one
 * vector a clip, inside and outside of the model file, from a Hugging Face folder.
 */
#include "support/folder.h"

#include "support/clips.h"

#include "encoders/encoder.h"
#include "media/mel.h"
#include "pipeline/affect_model.h"

static const char *const TINY = SMAC_SOURCE_DIR "/tests/golden/speech/tiny";

static smac_status make(const char *encoder, int blocks, const char *seconds, affect_model **out, smac_error *failure)
{
    static const char *const settings[] = {"model.width=16", "model.heads=2", "model.head_width=8", "model.text=false",
        "model.vision=false", "interaction.queries=2", "interaction.layers=1", "contrast.projection=8"};
    configuration c;
    task_description task;
    char window[64];
    configuration_defaults(&c);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        assert_ok(configuration_set_assignment(&c, settings[i], error));
    snprintf(window, sizeof window, "audio.window_seconds=%s", seconds);
    assert_ok(configuration_set_assignment(&c, window, error));
    snprintf(c.audio.encoder, sizeof c.audio.encoder, "%s", encoder);
    c.audio.trainable_blocks = blocks;
    assert_ok(task_regression(&task, "sentiment", "mosi", -3, 3, error));
    affect_model_options options = {.configuration = &c, .tasks = &task, .task_count = 1};
    return affect_model_new(&options, out, failure);
}

static void sound_of(const affect_model *s, double pitch, sample *out)
{
    enum { COUNT = 3 * 16000 };
    float *samples = malloc(COUNT * sizeof *samples);
    for (int i = 0; i < COUNT; i++)
        samples[i] = (float)(0.3 * sin(i * pitch) * sin(i * 0.0004));
    memset(out, 0, sizeof *out);
    assert_ok(clips_to_sample(&s->preparation, NULL, 0, samples, COUNT, out, error));
    assert_true(out->present[MODALITY_AUDIO] && out->windows == 3);
    free(samples);
}

static float predict(const affect_model *s, double pitch)
{
    sample x;
    const sample *one = &x;
    prediction r;
    sound_of(s, pitch, &x);
    assert_ok(affect_model_predict(s, &one, 1, NULL, &r, error));
    sample_clear(&x);
    float score = r.tasks[0].prediction[0];
    prediction_clear(&r);
    return score;
}

static void frozen_and_fine_tuned(void **state)
{
    (void)state;
    char folder[256], path[512];
    folder_new(folder);
    for (int blocks = -1; blocks <= 1; blocks++) {
        affect_model *s = NULL, *loaded = NULL;
        assert_ok(make(TINY, blocks, "2", &s, error));
        const parameter *p = parameter_find(s->store, "audio.encoder.layers.0.fc1.weight");
        const parameter *q = parameter_find(s->store, "audio.encoder.conv1.weight");
        assert_non_null(p);
        assert_true(p->pretrained);
        assert_int_equal(p->trainable, blocks != 0);
        assert_int_equal(q->trainable, blocks < 0);
        assert_int_equal(s->frozen[MODALITY_AUDIO], blocks == 0);
        assert_int_equal(s->encoder_width[MODALITY_AUDIO], 16);
        assert_ok(affect_model_save(s, file_in(folder, "trained", path), NULL, error));
        assert_ok(affect_model_load(path, NULL, &loaded, error));
        assert_near(predict(s, 0.05), predict(loaded, 0.05), 1e-5);
        assert_true(predict(s, 0.05) != predict(s, 0.4));
        affect_model_free(loaded);
        affect_model_free(s);
    }
    folder_remove(folder);
}

/* The vector of a clip is the mean over the middle second of its window. */
static void a_clip_is_the_middle_second(void **state)
{
    (void)state;
    affect_model *s = NULL;
    sample x, y;
    assert_ok(make(TINY, 0, "2", &s, error));
    sound_of(s, 0.07, &x);
    sound_of(s, 0.07, &y);
    assert_ok(affect_model_encode(s, &y, NULL, error));
    assert_int_equal(y.ready[MODALITY_AUDIO].steps, 3);
    assert_int_equal(y.ready[MODALITY_AUDIO].width, 16);
    assert_int_equal(x.mel_frames, 200);
    const encoder_input second = {.rows = 1, .mel = x.mel + 80 * 200, .mel_bins = 80, .mel_frames = 200};
    encoder_states states = {0};
    tape *t = tape_new(NULL);
    encoder_encode(t, s->encoders[MODALITY_AUDIO], &second, &states);
    const value *v = states.steps;
    assert_ok(tape_status(t, error));
    for (int d = 0; d < 16; d++) {
        double sum = 0;
        for (int i = 25; i < 75; i++)
            sum += (double)v->device_data[i * 16 + d];
        assert_near(y.ready[MODALITY_AUDIO].data[16 + d], sum / 50, 1e-5);
    }
    tape_free(t);
    sample_clear(&x);
    sample_clear(&y);
    affect_model_free(s);
}

static void windows_that_cannot_be(void **state)
{
    (void)state;
    affect_model *s = NULL;
    smac_error refusal;
    assert_int_equal(make(TINY, 0, "31", &s, &refusal), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(refusal.message, "audio.window_seconds"));
    assert_int_equal(make("/nowhere", 0, "2", &s, &refusal), SMAC_ERROR_NOT_FOUND);
    assert_null(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frozen_and_fine_tuned),
        cmocka_unit_test(a_clip_is_the_middle_second),
        cmocka_unit_test(windows_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
