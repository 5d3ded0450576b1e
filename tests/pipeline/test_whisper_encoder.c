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

/* setting: one more, or NULL */
static smac_status make(const char *encoder, int blocks, const char *setting, affect_model **out, smac_error *failure)
{
    static const char *const settings[] = {"model.width=16", "model.heads=2", "model.head_width=8", "model.text=false",
        "model.vision=false", "interaction.queries=2", "interaction.layers=1", "contrast.projection=8"};
    configuration c;
    task_description task;
    configuration_defaults(&c);
    c.audio.voice_gate = false; /* tones are sound here */
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        assert_ok(configuration_set_assignment(&c, settings[i], error));
    if (setting)
        assert_ok(configuration_set_assignment(&c, setting, error));
    snprintf(c.audio.encoder, sizeof c.audio.encoder, "%s", encoder);
    c.audio.trainable_blocks = blocks;
    assert_ok(task_regression(&task, "sentiment", "mosi", -3, 3, error));
    affect_model_options options = {.configuration = &c, .tasks = &task, .task_count = 1};
    return affect_model_new(&options, out, failure);
}

enum { SECONDS = 3 };

static void sound_of_length(const affect_model *s, double pitch, size_t count, sample *out)
{
    float *samples = malloc(count * sizeof *samples);
    for (size_t i = 0; i < count; i++)
        samples[i] = (float)(0.3 * sin((double)i * pitch) * sin((double)i * 0.0004));
    memset(out, 0, sizeof *out);
    assert_ok(clips_to_sample(&s->preparation, NULL, 0, samples, count, out, error));
    assert_true(out->present[MODALITY_AUDIO]);
    free(samples);
}

static void sound_of(const affect_model *s, double pitch, sample *out)
{
    sound_of_length(s, pitch, SECONDS * 16000, out);
    assert_int_equal(sample_sounds(out), SECONDS);
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
        assert_ok(make(TINY, blocks, NULL, &s, error));
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
    assert_ok(make(TINY, 0, "audio.chunk_seconds=0", &s, error));
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

/* The encoder's states for a window of a sample, (steps, 16) of one layer; free(). */
static float *states_of(const affect_model *s, const sample *x, int layer, int64_t steps)
{
    const encoder_input input = {.rows = 1, .mel = x->mel, .mel_bins = 80, .mel_frames = x->mel_frames};
    value *hidden[8] = {NULL};
    encoder_states states = {.hidden = hidden};
    float *copy = malloc((size_t)steps * 16 * sizeof *copy);
    tape *t = tape_new(NULL);
    encoder_encode(t, s->encoders[MODALITY_AUDIO], &input, &states);
    assert_ok(tape_status(t, error));
    assert_int_equal(hidden[layer]->dim[1], steps);
    memcpy(copy, tape_numbers(t, hidden[layer]), (size_t)steps * 16 * sizeof *copy);
    tape_free(t);
    return copy;
}

/* An utterance of 3.5 s is one window of its own length; a clip is the mean over its own second of it. */
static void an_utterance_is_one_window(void **state)
{
    (void)state;
    affect_model *s = NULL;
    sample x, y;
    assert_ok(make(TINY, 0, NULL, &s, error));
    sound_of_length(s, 0.07, 56000, &x);
    sound_of_length(s, 0.07, 56000, &y);
    assert_int_equal(x.windows, 1);
    assert_int_equal(x.mel_frames, 350);
    assert_int_equal(x.part_count, 4);
    float *states = states_of(s, &x, (int)encoder_config_describe(encoder_get_config(s->encoders[1])).layers, 175);
    assert_ok(affect_model_encode(s, &y, NULL, error));
    assert_int_equal(y.ready[MODALITY_AUDIO].steps, 4);
    for (int clip = 0; clip < 4; clip++)
        for (int d = 0; d < 16; d++) {
            double sum = 0;
            int count = clip < 3 ? 50 : 25;
            for (int i = 0; i < count; i++)
                sum += (double)states[(50 * clip + i) * 16 + d];
            assert_near(y.ready[MODALITY_AUDIO].data[clip * 16 + d], sum / count, 1e-5);
        }
    free(states);
    sample_clear(&x);
    sample_clear(&y);
    affect_model_free(s);
}

/* Longer sound is heard in chunks side by side, each second once; the last one reaches back. */
static void long_sound_is_in_chunks(void **state)
{
    (void)state;
    affect_model *s = NULL;
    sample x;
    assert_ok(make(TINY, 0, "audio.chunk_seconds=4", &s, error));
    sound_of_length(s, 0.07, 160000, &x);
    assert_int_equal(x.windows, 3);
    assert_int_equal(x.part_count, 10);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(x.parts[i].window, i / 4);
        assert_int_equal(x.parts[i].first, i < 8 ? i % 4 * 100 : (i - 6) * 100);
        assert_int_equal(x.parts[i].count, 100);
        assert_int_equal(x.parts[i].frames, 400);
    }
    sample_clear(&x);
    affect_model_free(s);
}

/* Sounds of different lengths side by side in a batch give what each gives alone. */
static void a_batch_changes_nothing(void **state)
{
    (void)state;
    static const size_t lengths[] = {56000, 16000, 90000, 56000};
    affect_model *s = NULL;
    sample x[4];
    const sample *all[4];
    prediction together[4], alone;
    assert_ok(make(TINY, -1, "audio.chunk_seconds=4", &s, error));
    for (int i = 0; i < 4; i++) {
        sound_of_length(s, 0.05 + 0.02 * i, lengths[i], &x[i]);
        all[i] = &x[i];
    }
    assert_ok(affect_model_predict(s, all, 4, NULL, together, error));
    for (int i = 0; i < 4; i++) {
        assert_ok(affect_model_predict(s, &all[i], 1, NULL, &alone, error));
        assert_near(alone.tasks[0].prediction[0], together[i].tasks[0].prediction[0], 1e-5);
        prediction_clear(&alone);
        prediction_clear(&together[i]);
        sample_clear(&x[i]);
    }
    affect_model_free(s);
}

/* Layers side by side, each brought to mean 0 and deviation 1. */
static void layers_are_side_by_side(void **state)
{
    (void)state;
    affect_model *s = NULL;
    sample x, y;
    smac_error refusal;
    assert_ok(make(TINY, 0, "audio.layers_mix=0-1", &s, error));
    assert_int_equal(s->encoder_width[MODALITY_AUDIO], 32);
    sound_of_length(s, 0.07, 16000, &x);
    sound_of_length(s, 0.07, 16000, &y);
    assert_ok(affect_model_encode(s, &y, NULL, error));
    assert_int_equal(y.ready[MODALITY_AUDIO].width, 32);
    for (int layer = 0; layer < 2; layer++) {
        float *states = states_of(s, &x, layer, 50);
        double mean[16] = {0}, centre = 0, square = 0;
        for (int i = 0; i < 50 * 16; i++)
            mean[i % 16] += (double)states[i] / 50;
        for (int d = 0; d < 16; d++)
            centre += mean[d] / 16;
        for (int d = 0; d < 16; d++)
            square += (mean[d] - centre) * (mean[d] - centre) / 16;
        for (int d = 0; d < 16; d++)
            assert_near(y.ready[MODALITY_AUDIO].data[16 * layer + d], (mean[d] - centre) / sqrt(square + 1e-5), 1e-4);
        free(states);
    }
    sample_clear(&x);
    sample_clear(&y);
    affect_model_free(s);
    s = NULL;
    assert_int_equal(make(TINY, 0, "audio.layers_mix=1-9", &s, &refusal), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(refusal.message, "audio.layers_mix"));
    assert_int_equal(make(TINY, 0, "audio.layers_mix=middle", &s, &refusal), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(refusal.message, "2-5"));
    assert_null(s);
}

static void windows_that_cannot_be(void **state)
{
    (void)state;
    affect_model *s = NULL;
    smac_error refusal;
    assert_ok(make(TINY, 0, "audio.window_seconds=31", &s, error)); /* not used */
    affect_model_free(s);
    s = NULL;
    assert_int_equal(make("/nowhere", 0, NULL, &s, &refusal), SMAC_ERROR_NOT_FOUND);
    assert_null(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frozen_and_fine_tuned),
        cmocka_unit_test(a_clip_is_the_middle_second),
        cmocka_unit_test(an_utterance_is_one_window),
        cmocka_unit_test(long_sound_is_in_chunks),
        cmocka_unit_test(a_batch_changes_nothing),
        cmocka_unit_test(layers_are_side_by_side),
        cmocka_unit_test(windows_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
