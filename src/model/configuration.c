/* model/configuration.c - the table of keys, and everything that is made from it. */
#include "model/configuration.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/utf8.h"

#define INTEGER(key, member, initial, low, high, text)                                    \
    {                                                                                     \
        key, KEY_INTEGER, offsetof(configuration, member), initial, low, high, NULL, text \
    }
#define NUMBER(key, member, initial, low, high, text)                                    \
    {                                                                                    \
        key, KEY_NUMBER, offsetof(configuration, member), initial, low, high, NULL, text \
    }
#define SWITCH(key, member, initial, text)                                          \
    {                                                                               \
        key, KEY_SWITCH, offsetof(configuration, member), initial, 0, 1, NULL, text \
    }
#define CHOICE(key, member, initial, choices, text)                                    \
    {                                                                                  \
        key, KEY_CHOICE, offsetof(configuration, member), initial, 0, 0, choices, text \
    }
#define TEXT(key, member, initial, text)                                          \
    {                                                                             \
        key, KEY_TEXT, offsetof(configuration, member), initial, 0, 0, NULL, text \
    }

static const configuration_key keys[] = {
    TEXT("model.name", model.name, "semanticmac", "name that the model file and the analysis carry"),
    INTEGER("model.width", model.width, "256", 1, 65536, "width D of the trunk"),
    INTEGER("model.heads", model.heads, "8", 1, 1024, "attention heads of the trunk"),
    INTEGER("model.head_width", model.head_width, "32", 1, 4096, "width of one attention head of the trunk"),
    NUMBER("model.dropout", model.dropout, "0.1", 0, 0.99, "dropout in the trunk, the fusion and the heads"),
    SWITCH("model.text", model.text, "true", "the model reads words"),
    SWITCH("model.audio", model.audio, "true", "the model hears sound"),
    SWITCH("model.vision", model.vision, "true", "the model sees frames"),

    TEXT("text.encoder", text.encoder, "",
        "a Hugging Face folder or a known model's name; empty: a small BERT trained from scratch, sized below"),
    INTEGER("text.width", text.width, "128", 1, 65536, "width of the small BERT"),
    INTEGER("text.layers", text.layers, "2", 0, 256, "layers of the small BERT"),
    INTEGER("text.heads", text.heads, "4", 1, 1024, "attention heads of the small BERT"),
    INTEGER("text.hidden", text.hidden, "512", 1, 262144, "width of the small BERT's feed-forward"),
    INTEGER("text.vocabulary", text.vocabulary, "4000", 64, 1000000,
        "word pieces learned from the training transcripts for the small BERT, at most"),
    INTEGER("text.max_tokens", text.max_tokens, "128", 4, 8192, "tokens an utterance with its context, at most"),
    INTEGER("text.trainable_blocks", text.trainable_blocks, "-1", -1, 256,
        "how many of the last blocks are fine-tuned; -1: all and the embeddings, 0: frozen"),
    NUMBER("text.dropout", text.dropout, "0.1", 0, 0.99, "dropout inside the text encoder"),
    CHOICE("text.precision", text.precision, "auto", "auto|f32|bf16|int8",
        "products of a frozen encoder; auto: bf16 and int8 files as they are, others in float32"),
    SWITCH("text.lower_case", text.lower_case, "true", "lower-case words before the small BERT"),
    SWITCH("text.context", text.context, "true", "put the dialogue before the utterance where the dataset has one"),

    TEXT("audio.encoder", audio.encoder, "",
        "a weights file (ImageBind, Whisper) or a known model's name; empty: a small tower trained from scratch"),
    INTEGER("audio.width", audio.width, "96", 1, 65536, "width of the small audio tower"),
    INTEGER("audio.layers", audio.layers, "2", 0, 256, "blocks of the small audio tower"),
    INTEGER("audio.heads", audio.heads, "4", 1, 1024, "attention heads of the small audio tower"),
    INTEGER("audio.hidden", audio.hidden, "384", 1, 262144, "width of the small audio tower's feed-forward"),
    INTEGER("audio.out_width", audio.out_width, "128", 1, 65536, "width of the vectors that the audio tower gives"),
    INTEGER("audio.mel_bins", audio.mel_bins, "128", 8, 512, "mel bins of the filter bank"),
    INTEGER("audio.frames", audio.frames, "204", 16, 4096, "columns of the filter bank a window, padded or cut"),
    INTEGER("audio.kernel", audio.kernel, "16", 1, 512, "side of the square patches of the filter bank"),
    INTEGER("audio.stride", audio.stride, "16", 1, 512, "stride of the patches (ImageBind: 10)"),
    INTEGER("audio.trainable_blocks", audio.trainable_blocks, "-1", -1, 256,
        "how many of the last blocks are trained; -1: all and the stem, 0: frozen"),
    NUMBER("audio.dropout", audio.dropout, "0", 0, 0.99, "dropout inside the audio tower"),
    CHOICE("audio.precision", audio.precision, "auto", "auto|f32|bf16|int8",
        "products of a frozen encoder; auto: bf16 and int8 files as they are, others in float32"),
    NUMBER("audio.window_seconds", audio.window_seconds, "2", 0.1, 60, "seconds of sound around each clip"),

    TEXT("vision.encoder", vision.encoder, "",
        "a weights file (ImageBind) or a known model's name; empty: a small tower trained from scratch"),
    INTEGER("vision.width", vision.width, "96", 1, 65536, "width of the small vision tower"),
    INTEGER("vision.layers", vision.layers, "2", 0, 256, "blocks of the small vision tower"),
    INTEGER("vision.heads", vision.heads, "4", 1, 1024, "attention heads of the small vision tower"),
    INTEGER("vision.hidden", vision.hidden, "384", 1, 262144, "width of the small vision tower's feed-forward"),
    INTEGER("vision.out_width", vision.out_width, "128", 1, 65536, "width of the vectors that the vision tower gives"),
    INTEGER("vision.image_size", vision.image_size, "64", 8, 2048, "side of the cropped square picture in pixels"),
    INTEGER("vision.patch", vision.patch, "8", 1, 512, "side of a patch in pixels; divides vision.image_size"),
    INTEGER("vision.crops", vision.crops, "1", 1, 3, "crops a clip: 1 (centre) or 3, kept as separate tokens"),
    INTEGER("vision.trainable_blocks", vision.trainable_blocks, "-1", -1, 256,
        "how many of the last blocks are trained; -1: all and the stem, 0: frozen"),
    NUMBER("vision.dropout", vision.dropout, "0", 0, 0.99, "dropout inside the vision tower"),
    CHOICE("vision.precision", vision.precision, "auto", "auto|f32|bf16|int8",
        "products of a frozen encoder; auto: bf16 and int8 files as they are, others in float32"),
    CHOICE("vision.preparation", vision.preparation, "still", "still|video",
        "antialiased bicubic resize as for stills, or plain bilinear as ImageBind's video loader"),

    NUMBER("media.frames_per_second", media.frames_per_second, "2", 0.1, 120, "frames sampled a second"),
    NUMBER("media.clip_step", media.clip_step, "0", 0, 60,
        "seconds between clips, rounded to whole frames (dense preset: 0.5); 0: two frames, so that each is seen once"),

    CHOICE("perceiver.pooling", perceiver.pooling, "perceiver", "perceiver|mean",
        "the Affective Perceiver, or the mean of the projected vectors in its place"),
    INTEGER("perceiver.latents", perceiver.latents, "16", 1, 4096, "latent vectors of each Affective Perceiver"),
    INTEGER("perceiver.layers", perceiver.layers, "2", 0, 64, "layers of each Affective Perceiver"),
    INTEGER("perceiver.max_clips", perceiver.max_clips, "256", 1, 65536,
        "clips with a time position each; longer videos are subsampled uniformly to so many"),

    INTEGER("interaction.queries", interaction.queries, "4", 1, 1024, "queries M of each stream"),
    INTEGER("interaction.layers", interaction.layers, "2", 1, 64, "layers of the gated interaction"),
    CHOICE("interaction.gate", interaction.gate, "both", "none|tanh|sigmoid|both",
        "what guards the way from the other modalities: tanh(alpha), the sigmoid gate, both or nothing"),
    NUMBER("interaction.gate_start", interaction.gate_start, "0.5", -10, 10, "alpha at the start"),
    NUMBER(
        "interaction.gate_rate_scale", interaction.gate_rate_scale, "10", 0, 1000, "factor on alpha's learning rate"),

    CHOICE("labels.scheme", labels.scheme, "generated", "generated|self_mm|multimodal|true",
        "what teaches the unimodal and shared heads: generated labels, Self-MM's rule (regression alone), the "
        "multimodal label, or the dataset's own unimodal labels"),
    CHOICE("labels.predictor", labels.predictor, "neighbours", "neighbours|held_out",
        "generated labels come from the nearest neighbours' truth, or from a held-out ridge prediction"),
    CHOICE("labels.similarity", labels.similarity, "cosine", "cosine|euclidean",
        "neighbours are ranked by cosine of centred vectors, or by Euclidean distance"),
    INTEGER("labels.neighbours", labels.neighbours, "20", 1, 100000, "neighbours k"),
    NUMBER("labels.neighbour_fraction", labels.neighbour_fraction, "0.1", 0.0001, 1,
        "at most so much of the training samples are neighbours"),
    NUMBER("labels.temperature", labels.temperature, "0.1", 0.0001, 1000, "temperature of the neighbours' softmax"),
    NUMBER("labels.mix", labels.mix, "0.5", 0, 1, "weight of what the neighbours say against the truth"),
    NUMBER("labels.mix_text", labels.mix_text, "-1", -1, 1, "labels.mix for the words alone; -1: as labels.mix"),
    NUMBER("labels.mix_audio", labels.mix_audio, "-1", -1, 1, "labels.mix for the sound alone; -1: as labels.mix"),
    NUMBER("labels.mix_vision", labels.mix_vision, "-1", -1, 1, "labels.mix for the frames alone; -1: as labels.mix"),
    NUMBER("labels.mix_shared", labels.mix_shared, "-1", -1, 1, "labels.mix for the shared vector; -1: as labels.mix"),
    SWITCH("labels.clipwise", labels.clipwise, "false",
        "scale the mix by clip: more where the prediction is far from the truth for its accuracy over the set"),
    SWITCH("labels.reliability", labels.reliability, "false",
        "scale a modality's mix by how well its head does on validation, beside the best modality's"),
    SWITCH("labels.momentum", labels.momentum, "true", "average labels over epochs: n/(n+2) old, 2/(n+2) new"),
    INTEGER("labels.start_epoch", labels.start_epoch, "1", 1, 100000, "labels change from the end of this epoch on"),
    INTEGER("labels.folds", labels.folds, "5", 2, 1000, "folds of the held-out prediction"),
    NUMBER("labels.ridge", labels.ridge, "0.01", 0, 1000000,
        "ridge of the held-out prediction, as a share of the bank's mean variance"),

    NUMBER("loss.specific", loss.specific, "0.5", 0, 1000, "weight of the unimodal heads' losses"),
    NUMBER("loss.shared", loss.shared, "0.5", 0, 1000, "weight of the shared head's loss"),
    NUMBER("loss.intra", loss.intra, "0.1", 0, 1000, "weight of the intra-sample contrast"),
    NUMBER("loss.inter", loss.inter, "0.1", 0, 1000, "weight of the inter-sample contrast"),
    SWITCH("loss.class_weights", loss.class_weights, "false", "weigh classes by their inverse frequency"),

    INTEGER("contrast.projection", contrast.projection, "128", 1, 65536, "width of the contrasts' projections"),
    NUMBER("contrast.tau_intra", contrast.tau_intra, "0.5", 0.001, 1000, "temperature of the intra-sample contrast"),
    NUMBER("contrast.tau_inter", contrast.tau_inter, "0.1", 0.001, 1000, "temperature of the inter-sample contrast"),
    NUMBER("contrast.tau_rank", contrast.tau_rank, "2", 0.001, 1000, "temperature of Rank-N-Contrast"),
    NUMBER("contrast.sigma_fraction", contrast.sigma_fraction, "0.08333333333333333", 0.000001, 10,
        "width of the label kernel as a share of the label range"),
    CHOICE("contrast.inter", contrast.inter, "kernel", "kernel|rounded|rank",
        "which samples belong together: label kernel, equal rounded labels (ConFEDE) or Rank-N-Contrast"),
    SWITCH("contrast.centre", contrast.centre, "true",
        "centre each kind of vector over the batch in the intra-sample contrast"),
    SWITCH("contrast.cross_negatives", contrast.cross_negatives, "false",
        "other samples' shared vectors are further negatives of the intra-sample contrast"),

    NUMBER("augment.words", augment.words, "0", 0, 0.99, "in training a token becomes the unknown one so often"),
    SWITCH("augment.flip", augment.flip, "false", "in training half of the clips are mirrored left to right"),
    NUMBER("augment.shift", augment.shift, "0", 0, 0.5, "in training pictures move by up to this share of their side"),
    NUMBER("augment.light", augment.light, "0", 0, 1, "in training contrast and brightness change by up to this share"),
    NUMBER("augment.level", augment.level, "0", 0, 10,
        "in training the filter bank is raised or lowered by up to this much (of its normalised values)"),

    INTEGER("train.epochs", train.epochs, "30", 1, 1000000, "epochs; the best on validation is kept"),
    INTEGER("train.batch", train.batch, "0", 0, 1000000, "clips a step; 0: 32, and train.large_batch for large sets"),
    INTEGER("train.large_batch", train.large_batch, "64", 1, 1000000, "clips a step for large sets"),
    INTEGER("train.large_from", train.large_from, "5000", 1, 1000000000, "training clips from which a set is large"),
    INTEGER("train.accumulate", train.accumulate, "1", 1, 10000, "batches whose gradients are added to one step"),
    INTEGER("train.seed", train.seed, "1111", 0, 9007199254740992.0, "seed of initial weights, order and dropout"),
    INTEGER(
        "train.patience", train.patience, "0", 0, 1000000, "stop after so many epochs without a better one; 0: never"),
    INTEGER("train.threads", train.threads, "0", 0, 4096, "threads; 0: as many as the machine gives"),
    NUMBER("train.rate", train.rate, "0.0005", 0, 10, "learning rate"),
    NUMBER("train.language_rate", train.language_rate, "0.00002", 0, 10, "learning rate of pre-trained encoders"),
    NUMBER("train.beta1", train.beta1, "0.9", 0, 0.999999, "AdamW's first decay"),
    NUMBER("train.beta2", train.beta2, "0.999", 0, 0.99999999, "AdamW's second decay"),
    NUMBER("train.epsilon", train.epsilon, "0.00000001", 0, 1, "AdamW's epsilon"),
    NUMBER(
        "train.weight_decay", train.weight_decay, "0.001", 0, 10, "weight decay (none on bias, norm, gates, tokens)"),
    NUMBER("train.clip", train.clip, "5", 0, 1000000, "longest gradient; 0: no limit"),
    NUMBER("train.warmup", train.warmup, "0.1", 0, 1, "share of all steps over which the rate rises linearly"),
    NUMBER("train.modality_dropout", train.modality_dropout, "0.1", 0, 0.99,
        "probability that a modality of a sample is left out of a step, never all of them"),
    CHOICE("train.schedule", train.schedule, "constant", "constant|linear|cosine",
        "learning rate after the warm-up: constant, or falling to 0"),
    CHOICE("train.precision", train.precision, "f32", "f32|bf16", "precision of products in training"),
    SWITCH("train.check_finite", train.check_finite, "false", "test every operation's result, at some cost in time"),
};

enum { KEYS = sizeof keys / sizeof keys[0] };

size_t configuration_key_count(void)
{
    return KEYS;
}

const configuration_key *configuration_key_at(size_t index)
{
    return index < KEYS ? &keys[index] : NULL;
}

const configuration_key *configuration_key_find(const char *name)
{
    for (size_t i = 0; name && i < KEYS; i++)
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

void configuration_defaults(configuration *c)
{
    memset(c, 0, sizeof *c);
    for (size_t i = 0; i < KEYS; i++)
        configuration_set(c, keys[i].name, keys[i].initial, NULL);
}

/* --- what a key allows -------------------------------------------------------------------------------------------- */

/* The i-th of "a|b|c": its start, and its length through *length; NULL behind the last. */
static const char *choice_at(const char *choices, int i, size_t *length)
{
    const char *at = choices;
    for (; i > 0; i--) {
        at = strchr(at, '|');
        if (!at)
            return NULL;
        at++;
    }
    *length = strcspn(at, "|");
    return at;
}

void configuration_key_allowed(const configuration_key *key, char out[CONFIGURATION_TEXT_MAX])
{
    switch (key->type) {
    case KEY_INTEGER:
        number_format(out, CONFIGURATION_TEXT_MAX, "a whole number from %.0f to %.0f", key->low, key->high);
        break;
    case KEY_NUMBER:
        number_format(out, CONFIGURATION_TEXT_MAX, "a number from %.10g to %.10g", key->low, key->high);
        break;
    case KEY_SWITCH:
        snprintf(out, CONFIGURATION_TEXT_MAX, "true or false");
        break;
    case KEY_TEXT:
        snprintf(out, CONFIGURATION_TEXT_MAX, "a text of at most %d bytes", CONFIGURATION_TEXT_MAX - 1);
        break;
    case KEY_CHOICE: {
        size_t used = 0, length, next_length;
        out[0] = 0;
        for (int i = 0;; i++) {
            const char *choice = choice_at(key->choices, i, &length);
            if (!choice)
                break;
            bool more = choice_at(key->choices, i + 1, &next_length) != NULL;
            const char *glue = i == 0 ? "" : more ? ", " : " or ";
            used += (size_t)snprintf(out + used, CONFIGURATION_TEXT_MAX - used, "%s%.*s", glue, (int)length, choice);
        }
        break;
    }
    }
}

/* Levenshtein's distance of two short names. */
static int name_distance(const char *a, const char *b)
{
    enum { LONGEST = 64 };
    size_t la = strlen(a), lb = strlen(b);
    if (la > LONGEST || lb > LONGEST)
        return 1000;
    int row[LONGEST + 1];
    for (size_t j = 0; j <= lb; j++)
        row[j] = (int)j;
    for (size_t i = 1; i <= la; i++) {
        int corner = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= lb; j++) {
            int best = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            if (corner + 1 < best)
                best = corner + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[lb];
}

static int key_distance(const char *name, const char *key)
{
    int distance = name_distance(name, key);
    const char *tail = strchr(key, '.');
    if (tail && !strchr(name, '.')) { /* "latents" is meant for "perceiver.latents" */
        int short_distance = name_distance(name, tail + 1);
        if (short_distance < distance)
            distance = short_distance;
    }
    return distance;
}

static smac_status unknown_key(const char *name, smac_error *error)
{
    const char *nearest[3] = {NULL, NULL, NULL};
    int distance[3] = {1000, 1000, 1000};
    for (size_t i = 0; i < KEYS; i++) {
        int d = key_distance(name, keys[i].name);
        for (int place = 0; place < 3; place++) {
            if (d < distance[place]) {
                for (int p = 2; p > place; p--)
                    nearest[p] = nearest[p - 1], distance[p] = distance[p - 1];
                nearest[place] = keys[i].name, distance[place] = d;
                break;
            }
        }
    }
    return FAIL(error, SMAC_ERROR_ARGUMENT,
        "unknown configuration key '%.100s'; write one that is known, as %s, %s or %s", name, nearest[0], nearest[1],
        nearest[2]);
}

/* --- setting and getting ------------------------------------------------------------------------------------------ */

static smac_status bad_value(const configuration_key *key, const char *text, smac_error *error)
{
    char allowed[CONFIGURATION_TEXT_MAX];
    configuration_key_allowed(key, allowed);
    return FAIL(error, SMAC_ERROR_ARGUMENT, "configuration key %s is '%.100s', set it to %s", key->name, text, allowed);
}

static bool text_to_switch(const char *text, bool *out)
{
    static const char *const yes[] = {"true", "yes", "on", "1"}, *const no[] = {"false", "no", "off", "0"};
    for (int i = 0; i < 4; i++) {
        if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
            *out = strcmp(text, yes[i]) == 0;
            return true;
        }
    }
    return false;
}

smac_status configuration_set(configuration *c, const char *name, const char *text, smac_error *error)
{
    const configuration_key *key = configuration_key_find(name);
    if (!key)
        return unknown_key(name ? name : "", error);
    if (!text)
        text = "";
    void *place = (char *)c + key->offset;
    switch (key->type) {
    case KEY_INTEGER: {
        int64_t number;
        if (!number_parse_integer(text, &number) || (double)number < key->low || (double)number > key->high)
            return bad_value(key, text, error);
        *(int64_t *)place = number;
        break;
    }
    case KEY_NUMBER: {
        double number;
        if (!number_parse(text, &number) || !(number >= key->low && number <= key->high))
            return bad_value(key, text, error);
        *(double *)place = number;
        break;
    }
    case KEY_SWITCH: {
        bool on;
        if (!text_to_switch(text, &on))
            return bad_value(key, text, error);
        *(bool *)place = on;
        break;
    }
    case KEY_CHOICE: {
        size_t length;
        const char *choice;
        int i = 0;
        while ((choice = choice_at(key->choices, i, &length)) &&
            (strlen(text) != length || strncmp(choice, text, length) != 0))
            i++;
        if (!choice)
            return bad_value(key, text, error);
        memcpy(place, &i, sizeof i); /* every choice is an enum of int's size */
        break;
    }
    case KEY_TEXT:
        if (strlen(text) >= CONFIGURATION_TEXT_MAX || utf8_invalid_at(text, strlen(text)) != SIZE_MAX)
            return bad_value(key, text, error);
        memset(place, 0, CONFIGURATION_TEXT_MAX);
        memcpy(place, text, strlen(text));
        break;
    }
    return SMAC_OK;
}

smac_status configuration_set_assignment(configuration *c, const char *assignment, smac_error *error)
{
    const char *equals = assignment ? strchr(assignment, '=') : NULL;
    if (!equals || equals == assignment)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "setting '%.100s' has no name and value; write it as name=value, for example model.width=128",
            assignment ? assignment : "");
    char *name = memory_copy_text_n(assignment, (size_t)(equals - assignment));
    if (!name)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a configuration key's name");
    smac_status status = configuration_set(c, name, equals + 1, error);
    free(name);
    return status;
}

/* The shortest text of a double that reads back to the same bits. */
static void number_to_text(double number, char out[CONFIGURATION_TEXT_MAX])
{
    for (int digits = 6; digits <= 17; digits++) {
        double back;
        number_format(out, CONFIGURATION_TEXT_MAX, "%.*g", digits, number);
        for (char *comma = out; *comma; comma++) /* a locale may have put a comma */
            if (*comma == ',')
                *comma = '.';
        if (number_parse(out, &back) && back == number)
            return;
    }
}

bool configuration_get(const configuration *c, const char *name, char out[CONFIGURATION_TEXT_MAX])
{
    const configuration_key *key = configuration_key_find(name);
    if (!key)
        return false;
    const void *place = (const char *)c + key->offset;
    switch (key->type) {
    case KEY_INTEGER:
        snprintf(out, CONFIGURATION_TEXT_MAX, "%lld", (long long)*(const int64_t *)place);
        break;
    case KEY_NUMBER:
        number_to_text(*(const double *)place, out);
        break;
    case KEY_SWITCH:
        snprintf(out, CONFIGURATION_TEXT_MAX, "%s", *(const bool *)place ? "true" : "false");
        break;
    case KEY_CHOICE: {
        size_t length = 0;
        int i;
        memcpy(&i, place, sizeof i);
        const char *choice = i >= 0 ? choice_at(key->choices, i, &length) : NULL;
        snprintf(out, CONFIGURATION_TEXT_MAX, "%.*s", (int)length, choice ? choice : "");
        break;
    }
    case KEY_TEXT:
        snprintf(out, CONFIGURATION_TEXT_MAX, "%s", (const char *)place);
        break;
    }
    return true;
}

smac_status configuration_check(const configuration *c, smac_error *error)
{
    if (!c->model.text && !c->model.audio && !c->model.vision)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "model.text, model.audio and model.vision are all false; set at least one to true");
    if (c->text.width % c->text.heads)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "text.width %lld is not a multiple of text.heads %lld: change one of them", (long long)c->text.width,
            (long long)c->text.heads);
    if (c->audio.width % c->audio.heads)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "audio.width %lld is not a multiple of audio.heads %lld: change one of them", (long long)c->audio.width,
            (long long)c->audio.heads);
    if (c->vision.width % c->vision.heads)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "vision.width %lld is not a multiple of vision.heads %lld: change one of them", (long long)c->vision.width,
            (long long)c->vision.heads);
    if (c->vision.image_size % c->vision.patch)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "vision.image_size %lld is not a multiple of vision.patch %lld: change one of them",
            (long long)c->vision.image_size, (long long)c->vision.patch);
    if (c->audio.kernel > c->audio.mel_bins || c->audio.kernel > c->audio.frames)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "audio.kernel %lld is larger than the filter bank of %lld bins by %lld frames: lower it",
            (long long)c->audio.kernel, (long long)c->audio.mel_bins, (long long)c->audio.frames);
    if (c->vision.crops == 2)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "vision.crops is 2, set it to 1 or 3");
    return SMAC_OK;
}

double configuration_label_mix(const configuration *c, int target)
{
    const double own[4] = {c->labels.mix_text, c->labels.mix_audio, c->labels.mix_vision, c->labels.mix_shared};
    return target >= 0 && target < 4 && own[target] >= 0 ? own[target] : c->labels.mix;
}

int64_t configuration_batch(const configuration *c, int64_t training_clips)
{
    if (c->train.batch > 0)
        return c->train.batch;
    return training_clips >= c->train.large_from ? c->train.large_batch : 32;
}
