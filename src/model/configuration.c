/* model/configuration.c - the keys that decide what a model is. */
#include "model/configuration.h"

#include <string.h>

static const setting model_keys[] = {
    SETTING_T(model_configuration, name, "semanticmac", "name that the model file and the analysis carry"),
    SETTING_I(model_configuration, width, "256", 1, 65536, "width D of the trunk"),
    SETTING_I(model_configuration, heads, "8", 1, 1024, "attention heads of the trunk"),
    SETTING_I(model_configuration, head_width, "32", 1, 4096, "width of one attention head of the trunk"),
    SETTING_N(model_configuration, dropout, "0.1", 0, 0.99, "dropout in the trunk, the fusion and the heads"),
    SETTING_S(model_configuration, text, "true", "the model reads words"),
    SETTING_S(model_configuration, audio, "true", "the model hears sound"),
    SETTING_S(model_configuration, vision, "true", "the model sees frames"),
};
static const settings_section model_section = {"model", model_keys, sizeof model_keys / sizeof *model_keys};

static const setting text_keys[] = {
    SETTING_T(text_configuration, encoder, "",
        "a Hugging Face folder or a known model's name; empty: a small BERT trained from scratch, sized below"),
    SETTING_I(text_configuration, width, "128", 1, 65536, "width of the small BERT"),
    SETTING_I(text_configuration, layers, "2", 1, 256, "layers of the small BERT"),
    SETTING_I(text_configuration, heads, "4", 1, 1024, "attention heads of the small BERT"),
    SETTING_I(text_configuration, hidden, "512", 1, 262144, "width of the small BERT's feed-forward"),
    SETTING_I(text_configuration, vocabulary, "4000", 64, 1000000,
        "word pieces learned from the training transcripts for the small BERT, at most"),
    SETTING_I(text_configuration, max_tokens, "128", 4, 8192, "tokens an utterance with its context, at most"),
    SETTING_I(text_configuration, trainable_blocks, "-1", -1, 256,
        "how many of the last blocks are fine-tuned; -1: all and the embeddings, 0: frozen"),
    SETTING_N(text_configuration, dropout, "0.1", 0, 0.99, "dropout inside the text encoder"),
    SETTING_C(text_configuration, precision, "auto", "auto|f32|bf16|int8",
        "products of a frozen encoder; auto: bf16 and int8 files as they are, others in float32"),
    SETTING_T(text_configuration, layers_mix, "none",
        "layers of the encoder that the model reads side by side: none (its result), all, one, or a range like 2-5"),
    SETTING_S(text_configuration, lower_case, "true", "lower-case words before the small BERT"),
    SETTING_S(text_configuration, lower_words, "false",
        "lower-case the ASCII letters of all words; train sets it when the words of all its data were lowered"),
    SETTING_S(text_configuration, context, "true", "put the dialogue before the utterance where the dataset has one"),
};
static const settings_section text_section = {"text", text_keys, sizeof text_keys / sizeof *text_keys};

static const setting audio_keys[] = {
    SETTING_T(audio_configuration, encoder, "",
        "a weights file (ImageBind, Whisper) or a known model's name; empty: a small tower trained from scratch"),
    SETTING_I(audio_configuration, width, "96", 1, 65536, "width of the small audio tower"),
    SETTING_I(audio_configuration, layers, "2", 1, 256, "blocks of the small audio tower"),
    SETTING_I(audio_configuration, heads, "4", 1, 1024, "attention heads of the small audio tower"),
    SETTING_I(audio_configuration, hidden, "384", 1, 262144, "width of the small audio tower's feed-forward"),
    SETTING_I(audio_configuration, out_width, "128", 1, 65536, "width of the vectors that the audio tower gives"),
    SETTING_I(audio_configuration, mel_bins, "128", 8, 512, "mel bins of the filter bank"),
    SETTING_I(audio_configuration, frames, "204", 16, 4096, "columns of the filter bank a window, padded or cut"),
    SETTING_I(audio_configuration, kernel, "16", 1, 512, "side of the square patches of the filter bank"),
    SETTING_I(audio_configuration, stride, "16", 1, 512, "stride of the patches (ImageBind: 10)"),
    SETTING_I(audio_configuration, trainable_blocks, "-1", -1, 256,
        "how many of the last blocks are trained; -1: all and the stem, 0: frozen"),
    SETTING_N(audio_configuration, dropout, "0", 0, 0.99, "dropout inside the audio tower"),
    SETTING_C(audio_configuration, precision, "auto", "auto|f32|bf16|int8",
        "products of a frozen encoder; auto: bf16 and int8 files as they are, others in float32"),
    SETTING_N(audio_configuration, window_seconds, "2", 0.1, 60, "seconds of sound around each clip"),
    SETTING_S(audio_configuration, voice_gate, "true",
        "leave out clips whose sound has no voice in it: silence, noise, tones, most music"),
    SETTING_N(audio_configuration, chunk_seconds, "10", 0, 30,
        "Whisper: seconds of sound that it hears at once, an utterance whole up to that; 0: audio.window_seconds a clip"),
    SETTING_T(audio_configuration, layers_mix, "none",
        "layers of the encoder that the model reads side by side: none (its result), all, one, or a range like 2-5"),
};
static const settings_section audio_section = {"audio", audio_keys, sizeof audio_keys / sizeof *audio_keys};

static const setting vision_keys[] = {
    SETTING_T(vision_configuration, encoder, "",
        "a weights file (ImageBind, MobileNetV2) or a known model's name; empty: a small tower trained from scratch"),
    SETTING_I(vision_configuration, width, "96", 1, 65536, "width of the small vision tower"),
    SETTING_I(vision_configuration, layers, "2", 1, 256, "blocks of the small vision tower"),
    SETTING_I(vision_configuration, heads, "4", 1, 1024, "attention heads of the small vision tower"),
    SETTING_I(vision_configuration, hidden, "384", 1, 262144, "width of the small vision tower's feed-forward"),
    SETTING_I(vision_configuration, out_width, "128", 1, 65536, "width of the vectors that the vision tower gives"),
    SETTING_I(vision_configuration, image_size, "64", 8, 2048, "side of the cropped square picture in pixels"),
    SETTING_I(vision_configuration, pictures, "2", 1, 2,
        "pictures a clip: 2 that follow each other, or 1 (a still is then encoded once); an encoder that is given decides"),
    SETTING_I(vision_configuration, patch, "8", 1, 512, "side of a patch in pixels; divides vision.image_size"),
    SETTING_I(vision_configuration, crops, "1", 1, 3, "crops a clip: 1 (centre) or 3, kept as separate tokens"),
    SETTING_I(vision_configuration, trainable_blocks, "-1", -1, 256,
        "how many of the last blocks are trained; -1: all and the stem, 0: frozen"),
    SETTING_N(vision_configuration, dropout, "0", 0, 0.99, "dropout inside the vision tower"),
    SETTING_C(vision_configuration, precision, "auto", "auto|f32|bf16|int8",
        "products of a frozen encoder; auto: bf16 and int8 files as they are, others in float32"),
    SETTING_T(vision_configuration, layers_mix, "none",
        "layers of the encoder that the model reads side by side: none (its result), all, one, or a range like 2-5"),
    SETTING_C(vision_configuration, preparation, "still", "still|video",
        "antialiased bicubic resize as for stills, or plain bilinear as ImageBind's video loader"),
    SETTING_C(vision_configuration, crop, "whole", "whole|face|centre|left|right",
        "what is seen of a picture: its middle square, a face that is followed and cut out upright (needs the model "
        "retinaface), or the middle square of the middle, left or right half"),
    SETTING_C(vision_configuration, face, "largest", "largest|left|right|centre",
        "whose face with vision.crop face, where there are several: who is there longest and largest, or by position"),
};
static const settings_section vision_section = {"vision", vision_keys, sizeof vision_keys / sizeof *vision_keys};

static const setting media_keys[] = {
    SETTING_N(media_configuration, frames_per_second, "2", 0.1, 120, "frames sampled a second"),
    SETTING_N(media_configuration, clip_step, "0", 0, 60,
        "seconds between clips, rounded to whole frames (dense preset: 0.5); 0: two frames, so that each is seen once"),
};
static const settings_section media_section = {"media", media_keys, sizeof media_keys / sizeof *media_keys};

static const setting perceiver_keys[] = {
    SETTING_C(perceiver_configuration, pooling, "perceiver", "perceiver|mean",
        "the Affective Perceiver, or the mean of the projected vectors in its place"),
    SETTING_I(perceiver_configuration, latents, "16", 1, 4096, "latent vectors of each Affective Perceiver"),
    SETTING_I(perceiver_configuration, layers, "2", 0, 64, "layers of each Affective Perceiver"),
    SETTING_I(perceiver_configuration, max_clips, "256", 1, 65536,
        "clips with a time position each; longer videos are subsampled uniformly to so many"),
};
static const settings_section perceiver_section = {
    "perceiver", perceiver_keys, sizeof perceiver_keys / sizeof *perceiver_keys};

static const setting interaction_keys[] = {
    SETTING_I(interaction_configuration, queries, "4", 1, 1024, "queries M of each stream"),
    SETTING_I(interaction_configuration, layers, "2", 1, 64, "layers of the gated interaction"),
    SETTING_C(interaction_configuration, gate, "both", "none|tanh|sigmoid|both",
        "what guards the way from the other modalities: tanh(alpha), the sigmoid gate, both or nothing"),
    SETTING_N(interaction_configuration, gate_start, "0.5", -10, 10, "alpha at the start"),
    SETTING_N(interaction_configuration, gate_rate_scale, "10", 0, 1000, "factor on alpha's learning rate"),
};
static const settings_section interaction_section = {
    "interaction", interaction_keys, sizeof interaction_keys / sizeof *interaction_keys};

static const setting projection_keys[] = {
    SETTING_I(projection_configuration, projection, "128", 1, 65536, "width of the contrasts' projections"),
};
static const settings_section projection_section = {"contrast", projection_keys, 1};

static const settings_part parts[] = {
    {&model_section, offsetof(configuration, model)},
    {&text_section, offsetof(configuration, text)},
    {&audio_section, offsetof(configuration, audio)},
    {&vision_section, offsetof(configuration, vision)},
    {&media_section, offsetof(configuration, media)},
    {&perceiver_section, offsetof(configuration, perceiver)},
    {&interaction_section, offsetof(configuration, interaction)},
    {&projection_section, offsetof(configuration, contrast)},
};

const settings_table configuration_table = {.parts = parts, .part_count = sizeof parts / sizeof *parts};

/* --- the same for a configuration alone --------------------------------------------------------------------------- */

/* The struct is only read through a view of a const one. */
static settings_view view_of(const configuration *c)
{
    return (settings_view){&configuration_table, (void *)(uintptr_t)c};
}

void configuration_defaults(configuration *c)
{
    memset(c, 0, sizeof *c);
    settings_defaults(view_of(c));
}

smac_status configuration_set(configuration *c, const char *name, const char *text, smac_error *error)
{
    settings_view view = view_of(c);
    return settings_set((settings_views){&view, 1}, name, text, error);
}

smac_status configuration_set_assignment(configuration *c, const char *assignment, smac_error *error)
{
    settings_view view = view_of(c);
    return settings_assign((settings_views){&view, 1}, assignment, error);
}

bool configuration_get(const configuration *c, const char *name, char out[CONFIGURATION_TEXT_MAX])
{
    settings_view view = view_of(c);
    return settings_get((settings_views){&view, 1}, name, out);
}

json_t *configuration_to_json(const configuration *c)
{
    settings_view view = view_of(c);
    return settings_to_json((settings_views){&view, 1});
}

smac_status configuration_from_json(configuration *c, const json_t *object, smac_error *error)
{
    configuration next = *c; /* all or nothing */
    settings_view view = view_of(&next);
    TRY(settings_from_json((settings_views){&view, 1}, object, error));
    *c = next;
    return SMAC_OK;
}

smac_status configuration_from_old_json(configuration *c, const json_t *object, smac_error *error)
{
    static const char *const run_sections[] = {"labels", "loss", "augment", "train"};
    json_t *model = json_is_object(object) ? json_copy((json_t *)(uintptr_t)object) : NULL;
    const json_t *projection = json_object_get(json_object_get(object, "contrast"), "projection");
    if (!model)
        return FAIL(error, SMAC_ERROR_FORMAT, "the configuration is not a JSON object");
    for (size_t i = 0; i < sizeof run_sections / sizeof *run_sections; i++)
        json_object_del(model, run_sections[i]);
    if (projection)
        json_object_set_new(model, "contrast", json_pack("{s:O}", "projection", projection));
    smac_status status = configuration_from_json(c, model, error);
    json_decref(model);
    return status;
}

/* --- conditions --------------------------------------------------------------------------------------------------- */

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
    if (c->vision.crops != 1 && c->vision.crop == CROP_FACE)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "vision.crops is %lld with vision.crop face, which gives one crop: set vision.crops to 1",
            (long long)c->vision.crops);
    return SMAC_OK;
}
