/* train/run_presets.c - lists of settings under a name. */
#include <stdio.h>
#include <string.h>

#include "train/run_configuration.h"

/* docs/method.md to the letter: the numbers of its section 0. */
static const char *const method[] = {
    "labels.predictor=neighbours",
    "labels.mix=0.5",
    "labels.clipwise=false",
    "labels.reliability=false",
    NULL,
};

/* The demo's model: small enough to learn everything from raw video in about a minute on two cores. */
static const char *const demo[] = {
    "model.name=demo",
    "model.width=64",
    "model.heads=4",
    "model.head_width=16",
    "text.width=64",
    "text.layers=1",
    "text.heads=4",
    "text.hidden=128",
    "text.vocabulary=2000",
    "audio.width=64",
    "audio.layers=1",
    "audio.heads=4",
    "audio.hidden=128",
    "audio.out_width=64",
    "vision.width=64",
    "vision.layers=1",
    "vision.heads=4",
    "vision.hidden=128",
    "vision.out_width=64",
    "vision.image_size=64",
    "vision.patch=16",
    "perceiver.latents=8",
    "perceiver.layers=1",
    "interaction.layers=1",
    "contrast.projection=64",
    "augment.words=0.25",
    "augment.flip=true",
    "augment.light=0.15",
    "labels.predictor=held_out",
    "labels.ridge=0",
    "labels.clipwise=true",
    "labels.reliability=true",
    "labels.mix=0.7",
    "train.epochs=16",
    "train.batch=16",
    "train.rate=0.0005",
    NULL,
};

static const run_preset presets[] = {
    {"method", "the numbers of [method.md](method.md), section 0", method},
    {"demo", "the small model of `semanticmac demo`", demo},
};
enum { PRESETS = sizeof presets / sizeof *presets };

const run_preset *run_preset_at(int index)
{
    return index >= 0 && index < PRESETS ? &presets[index] : NULL;
}

smac_status run_configuration_preset(run_configuration *c, const char *name, smac_error *error)
{
    char known[400] = "";
    for (int i = 0; i < PRESETS; i++) {
        if (strcmp(presets[i].name, name) == 0) {
            for (const char *const *a = presets[i].assignments; *a; a++)
                TRY(run_configuration_assign(c, *a, error));
            return SMAC_OK;
        }
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", presets[i].name);
    }
    return FAIL(error, SMAC_ERROR_ARGUMENT, "there is no preset '%.60s'; choose one of %s", name, known);
}
