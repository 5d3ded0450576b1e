/*
 * tests/support/tiny.h - a tiny model and data in memory: ready vectors of three modalities whose sums make the label,
 * so that training has something to learn within seconds.
 */
#ifndef SMAC_TESTS_SUPPORT_TINY_H
#define SMAC_TESTS_SUPPORT_TINY_H

#include "support/check.h"

#include "base/random.h"
#include "data/cache.h"
#include "pipeline/affect_model.h"
#include "train/run_configuration.h"

enum {
    TINY_TRAIN = 44,
    TINY_VALID = 12,
    TINY_TEST = 8,
    TINY_CLIPS = TINY_TRAIN + TINY_VALID + TINY_TEST,
    TINY_WIDTH = 5
};

typedef struct tiny_data {
    dataset d;
    dataset_source source;
    dataset_item items[TINY_CLIPS];
    char names[TINY_CLIPS][3][32];
    dataset_target targets[TINY_CLIPS];
    float numbers[TINY_CLIPS][TRUTH_KINDS][TASK_CLASSES_MAX];
    sample samples[TINY_CLIPS];
    uint8_t usable[TINY_CLIPS];
    sample_cache cache;
} tiny_data;

static inline void tiny_configuration(run_configuration *c)
{
    static const char *const settings[] = {"model.width=16", "model.heads=2", "model.head_width=8",
        "perceiver.latents=3", "perceiver.layers=1", "interaction.queries=2", "interaction.layers=1",
        "contrast.projection=8", "train.epochs=3", "train.batch=8", "train.rate=0.003", "train.seed=5"};
    run_configuration_defaults(c);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        assert_ok(run_configuration_assign(c, settings[i], error));
}

/* A label as the item's target: a score, or one of so many classes. */
static inline void tiny_label(tiny_data *t, int i, int kind, double label, int classes)
{
    float *numbers = t->numbers[i][kind];
    if (classes)
        numbers[(int)((label + 1) / 2 * (classes - 0.001))] = 1;
    else
        numbers[0] = (float)label;
    t->targets[i].values[kind] = numbers;
}

/* classes 0: a score in [-1, 1]; else so many classes */
static inline void tiny_data_make(tiny_data *t, int classes)
{
    random_sequence r = random_start(7, 1);
    memset(t, 0, sizeof *t);
    snprintf(t->d.layout, sizeof t->d.layout, "sims");
    snprintf(t->d.sha256, sizeof t->d.sha256, "%064d", 1);
    if (classes)
        assert_ok(task_with_classes(&t->d.tasks[0], "emotion", "classes", classes, NULL, error));
    else
        assert_ok(task_regression(&t->d.tasks[0], "sentiment", "sims", -1, 1, error));
    t->d.task_count = 1;
    t->d.sources = &t->source;
    t->d.source_count = 1;
    t->source = (dataset_source){.name = "sims", .layout = "sims", .weight = 1, .count = TINY_CLIPS, .task_count = 1};
    snprintf(t->source.protocol[0], TASK_NAME_MAX, "%s", t->d.tasks[0].protocol);
    t->source.range[0][0] = t->d.tasks[0].low;
    t->source.range[0][1] = t->d.tasks[0].high;
    t->d.items = t->items;
    t->d.count = TINY_CLIPS;
    for (int i = 0; i < TINY_CLIPS; i++) {
        dataset_item *item = &t->items[i];
        double state[3], sum = 0;
        snprintf(t->names[i][0], 32, "video_%d", i / 4);
        snprintf(t->names[i][1], 32, "%d", i);
        snprintf(t->names[i][2], 32, "video_%d$_$%d", i / 4, i);
        item->video_id = t->names[i][0];
        item->clip_id = t->names[i][1];
        item->id = t->names[i][2];
        item->text = "";
        item->split = i < TINY_TRAIN ? SPLIT_TRAIN : i < TINY_TRAIN + TINY_VALID ? SPLIT_VALID : SPLIT_TEST;
        for (int m = 0; m < 3; m++) {
            float values[6 * TINY_WIDTH];
            int64_t steps = 1 + (int64_t)random_below(&r, 6);
            state[m] = 2 * random_uniform(&r) - 1;
            sum += state[m] / 3;
            for (int k = 0; k < steps * TINY_WIDTH; k++)
                values[k] = (float)(0.1 * random_normal(&r) + (k % TINY_WIDTH == m ? state[m] : 0));
            assert_ok(sample_set_ready(&t->samples[i], m, steps, 1, TINY_WIDTH, values, error));
            tiny_label(t, i, TRUTH_TEXT + m, state[m], classes);
        }
        tiny_label(t, i, TRUTH_MULTIMODAL, sum, classes);
        item->targets = &t->targets[i];
        item->target_count = 1;
        if (i % 7 == 3)
            sample_drop(&t->samples[i], i % 3); /* a missing modality here and there */
        t->usable[i] = 1;
    }
    t->cache = (sample_cache){.source = &t->d, .samples = t->samples, .usable = t->usable};
}

static inline void tiny_data_clear(tiny_data *t)
{
    for (int i = 0; i < TINY_CLIPS; i++)
        sample_clear(&t->samples[i]);
}

static inline affect_model *tiny_affect_model(const run_configuration *c, const tiny_data *t)
{
    affect_model *s = NULL;
    affect_model_options options = {.configuration = &c->model,
        .tasks = t->d.tasks,
        .task_count = 1,
        .vectors = {VECTORS_ALONE(TINY_WIDTH), VECTORS_ALONE(TINY_WIDTH), VECTORS_ALONE(TINY_WIDTH)},
        .seed = (uint64_t)c->run.train.seed};
    assert_ok(affect_model_new(&options, &s, error));
    return s;
}

#endif
