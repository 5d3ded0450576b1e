/* tests/analyze/small_model.h - a model file of a few kilobytes with encoders of its own, and random weights. */
#ifndef SMAC_TESTS_ANALYZE_SMALL_MODEL_H
#define SMAC_TESTS_ANALYZE_SMALL_MODEL_H

#include "support/check.h"

#include <unistd.h>

#include "pipeline/affect_model.h"

/* path: a template of mkstemp, which is filled in; more: a further setting, or NULL; high: scores go from -high to high;
 * longest: of the training record. */
static inline void small_model_write(char *path, const char *more, double high, double longest)
{
    static const char *const words[] = {
        "this is a good film", "i hate this bad film", "a very good day", "so bad it hurts"};
    static const char *const settings[] = {"model.width=16", "model.heads=2", "model.head_width=8",
        "perceiver.latents=3", "perceiver.layers=1", "interaction.queries=2", "interaction.layers=1",
        "contrast.projection=8", "text.width=16", "text.heads=2", "text.hidden=32", "text.layers=1",
        "text.vocabulary=120", "audio.width=16", "audio.heads=2", "audio.hidden=32", "audio.layers=1",
        "audio.out_width=12", "audio.mel_bins=16", "audio.frames=32", "audio.kernel=8", "audio.stride=8",
        "vision.width=16", "vision.heads=2", "vision.hidden=32", "vision.layers=1", "vision.out_width=12",
        "vision.image_size=16", "vision.patch=8"};
    configuration c;
    task_description task;
    affect_model *s = NULL;
    configuration_defaults(&c);
    c.audio.voice_gate = false; /* tones are sound here */
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        assert_ok(configuration_set_assignment(&c, settings[i], error));
    if (more)
        assert_ok(configuration_set_assignment(&c, more, error));
    assert_ok(task_regression(&task, "sentiment", "sims", -high, high, error));
    affect_model_options options = {
        .configuration = &c, .tasks = &task, .task_count = 1, .texts = words, .text_count = 4};
    assert_ok(affect_model_new(&options, &s, error));
    s->training.longest_clip = longest;
    close(mkstemp(path));
    assert_ok(affect_model_save(s, path, NULL, error));
    affect_model_free(s);
}

#endif
