/* train/run_configuration.c - the keys of a run, and the run's and the model's keys as one set. */
#include "train/run_configuration.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const setting augment_keys[] = {
    SETTING_N(augment_settings, words, "-1", -1, 0.99,
        "probability that a token becomes the unknown one in training; -1: 0.25 for an encoder trained from scratch, else 0"),
    SETTING_S(augment_settings, flip, "true", "in training half of the clips are mirrored left to right"),
    SETTING_S(augment_settings, frozen, "false",
        "change pictures for a frozen encoder too: they are kept, in memory and in the feature store, and encoded anew at every step"),
    SETTING_N(augment_settings, shift, "0", 0, 0.5, "in training pictures move by up to this share of their side"),
    SETTING_N(augment_settings, rotation, "0", 0, 180,
        "in training pictures are turned about their middle by up to so many degrees"),
    SETTING_N(
        augment_settings, scale, "0", 0, 0.9, "in training pictures become larger or smaller by up to this share"),
    SETTING_N(augment_settings, light, "0.15", 0, 1, "in training contrast and brightness change by up to this share"),
    SETTING_N(augment_settings, level, "0", 0, 10,
        "in training the filter bank is raised or lowered by up to this much (of its normalised values)"),
};
static const settings_section augment_section = {"augment", augment_keys, sizeof augment_keys / sizeof *augment_keys};

static const setting train_keys[] = {
    SETTING_I(train_settings, epochs, "16", 1, 1000000, "epochs; the best on validation is kept"),
    SETTING_I(train_settings, batch, "0", 0, 1000000,
        "clips a step; 0: train.small_batch, and train.large_batch for large sets"),
    SETTING_I(train_settings, small_batch, "16", 1, 1000000, "clips a step for other sets"),
    SETTING_I(train_settings, large_batch, "64", 1, 1000000, "clips a step for large sets"),
    SETTING_I(train_settings, large_from, "5000", 1, 1000000000, "training clips from which a set is large"),
    SETTING_N(train_settings, sampling, "1", 0.01, 100,
        "temperature of sampling between datasets: a dataset of n clips is drawn by weight * n^(1/sampling); 1: every clip once an epoch"),
    SETTING_I(train_settings, accumulate, "1", 1, 10000, "batches whose gradients are added to one step"),
    SETTING_I(train_settings, seed, "1111", 0, 9007199254740992.0, "seed of initial weights, order and dropout"),
    SETTING_I(train_settings, patience, "0", 0, 1000000, "stop after so many epochs without a better one; 0: never"),
    SETTING_T(train_settings, choose, "",
        "the validation figure that chooses the best epoch, as MAE, sentiment.MAE or emotion@meld.weighted_F1; empty: the task's own, of several tasks their mean"),
    SETTING_I(train_settings, threads, "0", 0, 4096, "threads; 0: as many as the machine gives"),
    SETTING_N(train_settings, rate, "0.0005", 0, 10, "learning rate"),
    SETTING_N(train_settings, encoder_rate, "0.00002", 0, 10, "learning rate of pre-trained encoders"),
    SETTING_N(train_settings, beta1, "0.9", 0, 0.999999, "AdamW's first decay"),
    SETTING_N(train_settings, beta2, "0.999", 0, 0.99999999, "AdamW's second decay"),
    SETTING_N(train_settings, epsilon, "0.00000001", 0, 1, "AdamW's epsilon"),
    SETTING_N(train_settings, weight_decay, "0.001", 0, 10, "weight decay (none on bias, norm, gates, tokens)"),
    SETTING_N(train_settings, clip, "5", 0, 1000000, "longest gradient; 0: no limit"),
    SETTING_N(train_settings, warmup, "0.1", 0, 1, "share of all steps over which the rate rises linearly"),
    SETTING_N(train_settings, modality_dropout, "0.1", 0, 0.99,
        "probability that a modality of a sample is left out of a step, never all of them"),
    SETTING_N(train_settings, pairs, "0", 0, 1,
        "share of the clips of an epoch that get modalities they lack from clips with the same label"),
    SETTING_N(train_settings, pairs_unlike, "0.5", 0, 1,
        "with train.unlike: share of these whose parts are of opposite valence instead"),
    SETTING_T(train_settings, unlike, "",
        "TASK:CLASS, as sarcasm:sarcastic: what such parts teach the fused and shared heads; parts that agree teach the other classes"),
    SETTING_C(train_settings, schedule, "constant", "constant|linear|cosine",
        "learning rate after the warm-up: constant, or falling to 0"),
    SETTING_T(train_settings, stored_states, "text",
        "modalities of whose partly trained encoders the frozen first blocks are run once a clip, and what they give is kept in memory and in the feature store, as text,audio; empty: none.  A modality that is augmented is not kept"),
    SETTING_C(train_settings, precision, "f32", "f32|bf16", "precision of products in training"),
    SETTING_S(train_settings, check_finite, "false", "test every operation's result, at some cost in time"),
};
static const settings_section train_section = {"train", train_keys, sizeof train_keys / sizeof *train_keys};

static const setting data_keys[] = {
    SETTING_T(data_settings, path, "", "the dataset's folder or file"),
    SETTING_T(data_settings, dataset, "",
        "its layout: sims, simsv2, mosi, mosei, table, manifest; empty: by the file's ending"),
    SETTING_T(data_settings, task, "", "which of its tasks, as sentiment or sentiment,emotion; empty: the first"),
    SETTING_T(data_settings, features, "", "an MMSA feature pickle beside it; empty: none"),
    SETTING_T(data_settings, form, "",
        "name of the kind of its ready vectors: datasets whose vectors have the same name and width share an input of the model; empty: the same width"),
    SETTING_T(data_settings, range, "",
        "map its scores linearly to LOW:HIGH, as -1:1, so that sets of other scales are one task; empty: left alone"),
    SETTING_T(data_settings, use, "", "which of its modalities are used, as audio,vision; empty: all"),
    SETTING_N(data_settings, weight, "1", 0.001, 1000, "of its clips in training, beside their number"),
};
static const settings_section data_section = {"data", data_keys, sizeof data_keys / sizeof *data_keys};

static const settings_part parts[] = {
    {&labels_section, offsetof(run_settings, labels)},
    {&loss_section, offsetof(run_settings, loss)},
    {&contrast_section, offsetof(run_settings, contrast)},
    {&augment_section, offsetof(run_settings, augment)},
    {&train_section, offsetof(run_settings, train)},
};

static const settings_list lists[] = {
    {&data_section, offsetof(run_settings, data), offsetof(run_settings, data_count), sizeof(data_settings),
        RUN_DATASETS_MAX,
        "the datasets, a list of maps with these keys (on the command line: --data, --dataset, --task)"},
};

static const settings_renamed renamed[] = {
    {"train.language_rate", "train.encoder_rate", "it is the rate of all pre-trained encoders"},
};

const settings_table run_table = {.parts = parts,
    .part_count = sizeof parts / sizeof *parts,
    .lists = lists,
    .list_count = sizeof lists / sizeof *lists,
    .renamed = renamed,
    .renamed_count = sizeof renamed / sizeof *renamed};

/* --- both parts --------------------------------------------------------------------------------------------------- */

settings_views run_views(const run_configuration *c, settings_view room[2])
{
    room[0] = (settings_view){&configuration_table, (void *)(uintptr_t)&c->model};
    room[1] = (settings_view){&run_table, (void *)(uintptr_t)&c->run};
    return (settings_views){room, 2};
}

void run_configuration_defaults(run_configuration *c)
{
    memset(c, 0, sizeof *c);
    configuration_defaults(&c->model);
    settings_defaults((settings_view){&run_table, &c->run});
}

smac_status run_configuration_set(run_configuration *c, const char *name, const char *text, smac_error *error)
{
    settings_view room[2];
    return settings_set(run_views(c, room), name, text, error);
}

smac_status run_configuration_assign(run_configuration *c, const char *assignment, smac_error *error)
{
    settings_view room[2];
    return settings_assign(run_views(c, room), assignment, error);
}

smac_status run_settings_add_data(
    run_settings *run, const char *path, const char *layout, const char *task, smac_error *error)
{
    data_settings *data = settings_list_add(&lists[0], run);
    if (!data)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "more than %d datasets", RUN_DATASETS_MAX);
    TRY(settings_list_set(&lists[0], data, "path", path, error));
    TRY(settings_list_set(&lists[0], data, "dataset", layout ? layout : "", error));
    return settings_list_set(&lists[0], data, "task", task ? task : "", error);
}

smac_status run_configuration_check(const run_configuration *c, smac_error *error)
{
    double weight;
    char name[LOSS_NAME], why[200];
    const char *at = c->run.loss.tasks;
    TRY(configuration_check(&c->model, error));
    while (loss_next_task(&at, name, &weight, why))
        continue;
    if (*why)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "configuration key loss.tasks is '%.100s': %s", c->run.loss.tasks, why);
    return SMAC_OK;
}

int64_t run_batch(const train_settings *train, int64_t training_clips)
{
    if (train->batch > 0)
        return train->batch;
    return training_clips >= train->large_from ? train->large_batch : train->small_batch;
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

char *run_configuration_to_markdown(void)
{
    text_buffer out = {0};
    int preset_index = 0;
    char *model = settings_to_markdown(&configuration_table), *run = settings_to_markdown(&run_table);
    text_add(&out,
        "# Configuration keys\n\n"
        "Each key can be given in a YAML file (`--config FILE`, sections as maps) and on the command line "
        "(`--set section.key=value`, which wins). Unknown keys and values outside their range are errors. "
        "Formulas: [method.md](method.md). This page is generated from the tables of the modules "
        "(`src/model/configuration.c`, `src/objectives/objective_settings.c`, `src/train/run_configuration.c`); a test "
        "compares them.\n\n## Presets\n\n`--preset NAME` (in YAML: `preset: NAME`) sets several keys at once, before "
        "all others.\n\n| preset | what it sets |\n|---|---|\n");
    for (const run_preset *preset; (preset = run_preset_at(preset_index++)) != NULL;) {
        text_format(&out, "| `%s` | %s:", preset->name, preset->documentation);
        for (const char *const *a = preset->assignments; *a; a++)
            text_format(&out, " `%s`", *a);
        text_add(&out, " |\n");
    }
    text_add(&out, "\n## The model\n\nThese keys decide what a model is; the model file holds them.\n");
    text_add(&out, model ? model : "");
    text_add(&out, "\n## The run\n\nThese keys decide how it is trained.\n");
    text_add(&out, run ? run : "");
    out.failed = out.failed || !model || !run;
    free(model);
    free(run);
    if (out.failed) {
        text_free(&out);
        return NULL;
    }
    return out.data;
}
