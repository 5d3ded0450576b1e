/* train/run_presets.c - lists of settings under a name. */
#include <stdio.h>
#include <string.h>

#include "train/run_configuration.h"

/* docs/method.md to the letter: the numbers of its section 0. */
static const char *const method[] = {
    "audio.voice_gate=false",
    "model.width=256",
    "model.heads=8",
    "model.head_width=32",
    "model.dropout=0.1",
    "perceiver.pooling=perceiver",
    "perceiver.latents=16",
    "perceiver.layers=2",
    "perceiver.max_clips=256",
    "interaction.queries=4",
    "interaction.layers=2",
    "interaction.gate=both",
    "interaction.gate_start=0.5",
    "interaction.gate_rate_scale=10",
    "labels.scheme=generated",
    "labels.predictor=neighbours",
    "labels.similarity=cosine",
    "labels.neighbours=20",
    "labels.neighbour_fraction=0.1",
    "labels.temperature=0.1",
    "labels.mix=0.5",
    "labels.clipwise=false",
    "labels.reliability=false",
    "labels.momentum=true",
    "labels.start_epoch=1",
    "loss.specific=0.5",
    "loss.shared=0.5",
    "loss.intra=0.1",
    "loss.inter=0.1",
    "contrast.projection=128",
    "contrast.tau_intra=0.5",
    "contrast.tau_inter=0.1",
    "contrast.sigma_fraction=0.08333333333333333",
    "contrast.inter=kernel",
    "contrast.centre=true",
    "contrast.cross_negatives=false",
    "augment.words=0",
    "augment.flip=false",
    "augment.shift=0",
    "augment.light=0",
    "augment.level=0",
    "train.epochs=30",
    "train.batch=0",
    "train.small_batch=32",
    "train.large_batch=64",
    "train.large_from=5000",
    "train.rate=0.0005",
    "train.encoder_rate=0.00002",
    "train.beta1=0.9",
    "train.beta2=0.999",
    "train.weight_decay=0.001",
    "train.clip=5",
    "train.warmup=0.1",
    "train.schedule=constant",
    "train.modality_dropout=0.1",
    NULL,
};

/* A pre-trained language model fine-tuned on transcripts: measured with MiniLM-L6 on CMU-MOSI (docs/training.md). */
static const char *const words[] = {
    "model.width=128",
    "model.heads=4",
    "model.head_width=32",
    "text.encoder=minilm-l6",
    "text.dropout=0.1",
    "train.epochs=8",
    "train.batch=16",
    "train.rate=0.001",
    "train.encoder_rate=0.00005",
    "train.schedule=linear",
    "train.weight_decay=0.01",
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
    "augment.shift=0",
    "augment.light=0.15",
    "labels.predictor=held_out",
    "labels.ridge=0",
    "labels.clipwise=true",
    "labels.reliability=true",
    "labels.mix=0.7",
    "train.epochs=16",
    "train.batch=16",
    "train.rate=0.0005",
    "train.schedule=constant",
    NULL,
};

/* docs/method.md, section 1: every frame in two clips, three crops. */
static const char *const dense[] = {"media.clip_step=0.5", "vision.crops=3", NULL};

static const run_preset presets[] = {
    {"method", "the numbers of [method.md](method.md), section 0", method},
    {"words", "fine-tuning a pre-trained language model on transcripts", words},
    {"dense", "a clip every 0.5 s and three crops of each", dense},
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
