/* apps/cli/embed.c - semanticmac embed: the vectors of an encoder alone, for whoever wants only those. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"
#include "cli.h"
#include "embed_speech.h"
#include "embed_write.h"
#include "encoders/weights_loading.h"
#include "media/mel.h"
#include "models/models.h"
#include "pipeline/batch.h"
#include "pipeline/clip_encoder.h"
#include "pipeline/media_feed.h"
#include "text/tokenizer.h"

static int run(int argc, char **argv);

const command command_embed = {"embed", "embed --encoder NAME|PATH FILE... [-o OUT.npy|OUT.safetensors]",
    "the vectors of a language model (lines of text), ImageBind (pictures, sounds) or Whisper (sounds)",
    "Language models: each line of a text file gives one sentence vector, the mean of the last hidden states over\n"
    "its tokens made one long (L2); --tokens gives the hidden states themselves.  ImageBind: each second of a\n"
    "recording gives one vector, of the picture or (--sound) of the sound.  Whisper: each second of sound gives the\n"
    "mean of its encoder's 50 vectors, --tokens gives them all.  Without -o the numbers are printed, one vector a\n"
    "line.  safetensors: a tensor a file, under its name; with --tokens of text also NAME.lengths, the tokens of each\n"
    "line.  npy: the rows of all files one under the other.",
    run};

typedef struct embedder {
    tensor_file *file;
    parameter_store *store;
    language_model *language;
    tokenizer *words;
    imagebind *picture;
    speech_encoder *speech;
    configuration configuration;
    struct mel_filter_bank *mel;
    bool tokens, sound;
    int64_t longest, cut; /* tokens of a line; lines that were longer */
} embedder;

/* --- opening ------------------------------------------------------------------------------------------------------ */

static void embedder_close(embedder *e)
{
    language_model_free(e->language);
    imagebind_free(e->picture);
    speech_encoder_close(e->speech);
    parameter_store_free(e->store);
    tokenizer_close(e->words);
    mel_filter_bank_free(e->mel);
    tensor_file_close(e->file);
}

static smac_status load(embedder *e, parameter_list *list, precision how, smac_error *error)
{
    if (how != PRECISION_F32) {
        smac_status status = parameter_list_pack(list, e->file, how, error);
        if (status != SMAC_OK)
            return status;
    }
    smac_status status = parameter_list_borrow(list, e->file, error);
    if (status == SMAC_OK)
        status = parameter_store_seal(e->store, false, 0, error);
    if (status == SMAC_OK)
        status = parameter_list_load(list, e->file, NULL, error);
    if (status == SMAC_OK && how == PRECISION_F32)
        status = parameter_store_pack(e->store, "", how, true, error);
    return status;
}

static smac_status open_language(embedder *e, const char *path, precision how, smac_error *error)
{
    char *config = path_join(path, "config.json"), *json = NULL;
    size_t size = 0;
    language_model_config c;
    smac_status status = config ? file_read(config, 1 << 24, &json, &size, error)
                                : error_set(error, SMAC_ERROR_MEMORY, "embed", "no memory for a path");
    if (status == SMAC_OK)
        status = language_model_config_parse(json, size, &c, error);
    if (status == SMAC_OK)
        status = tokenizer_open(path, &e->words, error);
    if (status == SMAC_OK)
        status = language_model_add(e->store, "text.", &c, 0, &e->language, error);
    if (status == SMAC_OK)
        status = load(e, language_model_parameters(e->language), how, error);
    if (status == SMAC_OK) {
        int64_t named = tokenizer_max_length(e->words), can = language_model_max_length(e->language);
        e->longest = named > 0 && named < can ? named : can;
    }
    free(json);
    free(config);
    return status;
}

static smac_status open_imagebind(embedder *e, precision how, smac_error *error)
{
    imagebind_config c;
    imagebind_config_huge(e->sound ? IMAGEBIND_AUDIO : IMAGEBIND_VISION, &c);
    const char *json = tensor_file_metadata(e->file, e->sound ? "imagebind.audio" : "imagebind.vision");
    smac_status status = json ? imagebind_config_from_json(json, strlen(json), &c, error) : SMAC_OK;
    if (status == SMAC_OK && !e->sound && (c.rows != c.columns || c.frames != 2 || c.channels != 3))
        status = error_set(error, SMAC_ERROR_UNSUPPORTED, "embed",
            "the model's pictures are %lld x %lld with %lld colours and %lld frames; expected squares, 3 colours and "
            "2 frames",
            (long long)c.rows, (long long)c.columns, (long long)c.channels, (long long)c.frames);
    configuration_defaults(&e->configuration);
    if (status == SMAC_OK && e->sound) {
        e->configuration.audio.mel_bins = c.rows;
        e->configuration.audio.frames = c.columns;
        status = mel_filter_bank_new_kaldi((int)c.rows, &e->mel, error);
    } else {
        e->configuration.vision.image_size = c.rows;
        e->configuration.vision.crops = 1;
    }
    if (status == SMAC_OK)
        status = imagebind_add(e->store, "imagebind.", &c, 0, &e->picture, error);
    return status == SMAC_OK ? load(e, imagebind_parameters(e->picture), how, error) : status;
}

static smac_status embedder_open(embedder *e, const char *name, precision how, smac_error *error)
{
    char *path = NULL;
    model_summary summary;
    smac_status status = models_find(name, &path, error);
    if (status == SMAC_OK)
        status = models_recognise(path, &summary, error);
    if (status == SMAC_OK && strcmp(summary.family, "whisper"))
        status = tensor_file_open(path, &e->file, error);
    if (status == SMAC_OK && !(e->store = parameter_store_new()))
        status = error_set(error, SMAC_ERROR_MEMORY, "embed", "no memory for a model");
    if (status == SMAC_OK && !strcmp(summary.family, "whisper"))
        status = speech_encoder_open(path, how, &e->speech, error);
    else if (status == SMAC_OK && !strcmp(summary.family, "imagebind"))
        status = open_imagebind(e, how, error);
    else if (status == SMAC_OK)
        status = open_language(e, path, how, error);
    free(path);
    return status;
}

/* --- words -------------------------------------------------------------------------------------------------------- */

static smac_status embed_line(embedder *e, text_span line, vector_rows *out, smac_error *error)
{
    const language_model_config *c = language_model_get_config(e->language);
    token_encoding tokens = {0};
    encode_options options = {.max_length = e->longest == INT64_MAX ? 0 : e->longest};
    smac_status status = tokenizer_encode(e->words, line, &options, &tokens, error);
    if (status == SMAC_OK && tokens.count == 0)
        status = error_set(error, SMAC_ERROR_FORMAT, "embed",
            "a line without any token has no vector with this model; take empty lines out");
    if (status != SMAC_OK)
        return status;
    e->cut += tokens.cut > 0;
    tape *t = tape_new(NULL);
    bool types = c->token_types > 0 || c->family == FAMILY_XLNET;
    int64_t length = (int64_t)tokens.count;
    value *states = t
        ? language_model_forward(t, e->language, tokens.ids, NULL, types ? tokens.types : NULL, 1, length, NULL)
        : NULL;
    status = t ? tape_status(t, error) : error_set(error, SMAC_ERROR_MEMORY, "embed", "no memory for a tape");
    if (status == SMAC_OK)
        status = e->tokens ? vector_rows_add(out, tape_numbers(t, states), length, c->width, true, error)
                           : vector_rows_add_mean(out, tape_numbers(t, states), length, c->width, error);
    tape_free(t);
    token_encoding_free(&tokens);
    return status;
}

static smac_status embed_text(embedder *e, const char *path, vector_rows *out, smac_error *error)
{
    char *text = NULL;
    size_t size = 0;
    smac_status status = file_read(path, 0, &text, &size, error);
    size_t line = 0;
    const char *nul = status == SMAC_OK ? memchr(text, 0, size) : NULL;
    if (nul)
        status = error_set(error, SMAC_ERROR_FORMAT, "embed",
            "%.300s is no text (byte %zu is 0), expected lines of words for a language model", path,
            (size_t)(nul - text));
    if (status == SMAC_OK && size == 0)
        status =
            error_set(error, SMAC_ERROR_FORMAT, "embed", "%.300s is empty, expected lines of words: name a text", path);
    for (size_t at = 0; status == SMAC_OK && at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t next = end ? (size_t)(end - text) + 1 : size, stop = end ? next - 1 : size;
        if (stop > at && text[stop - 1] == '\r')
            stop--;
        line++;
        status = embed_line(e, (text_span){text + at, stop - at}, out, error);
        if (status != SMAC_OK)
            error_prefix(error, "%.300s, line %zu", path, line);
        at = next;
        if (status == SMAC_OK && report_progress(console_reporter(), path, (double)at, (double)size) != 0)
            status = error_set(error, SMAC_ERROR_INTERRUPTED, "embed", "stopped in line %zu of %.300s", line, path);
    }
    free(text);
    return status;
}

/* --- pictures and sounds ------------------------------------------------------------------------------------------ */

typedef struct clip_embedding {
    embedder *e;
    clip_encoder *clips;
    vector_rows *out;
    const char *path;
    float *values; /* a clip's two pictures, normalised */
} clip_embedding;

static smac_status embed_clip(clip_embedding *k, const clip *c, smac_error *error)
{
    const imagebind *encoder = k->e->picture;
    int64_t size = k->e->configuration.vision.image_size, plane = 3 * size * size;
    for (int64_t i = 0; c->frames && i < 2; i++)
        picture_bytes_to_values(c->frames + i * plane, size, k->values + i * plane);
    const float *input = c->mel ? c->mel : c->pictures ? c->pictures : k->values;
    int64_t width = imagebind_get_config(encoder)->out;
    while (k->out->rows < c->index) { /* where the recording has no sound or picture, a row of zeros keeps the time */
        smac_status status = vector_rows_add_zeros(k->out, width, error);
        if (status != SMAC_OK)
            return status;
    }
    tape *t = tape_new(NULL);
    value *vector = t ? imagebind_forward(t, encoder, input, 1, NULL, NULL) : NULL;
    smac_status status =
        t ? tape_status(t, error) : error_set(error, SMAC_ERROR_MEMORY, "embed", "no memory for a tape");
    if (status == SMAC_OK)
        status = vector_rows_add(k->out, tape_numbers(t, vector), 1, width, false, error);
    tape_free(t);
    return status;
}

static smac_status embed_ready_clips(clip_embedding *k, smac_error *error)
{
    clip c;
    smac_status status = SMAC_OK;
    while (status == SMAC_OK && clip_encoder_next(k->clips, &c)) {
        status = embed_clip(k, &c, error);
        if (status == SMAC_OK && report_progress(console_reporter(), k->path, c.end, 0) != 0)
            status =
                error_set(error, SMAC_ERROR_INTERRUPTED, "embed", "stopped after %.1f s of %.300s", c.end, k->path);
    }
    return status;
}

static bool embed_wants_picture(void *user, const picture_span *span)
{
    return clip_encoder_wants_picture(((clip_embedding *)user)->clips, span);
}

static smac_status embed_picture(void *user, const picture *shown, const picture_span *span, smac_error *error)
{
    clip_embedding *k = user;
    smac_status status = clip_encoder_feed_picture(k->clips, shown, span, error);
    return status == SMAC_OK ? embed_ready_clips(k, error) : status;
}

static smac_status embed_sound(void *user, const float *samples, size_t count, bool hole, smac_error *error)
{
    clip_embedding *k = user;
    smac_status status = hole ? clip_encoder_feed_hole(k->clips, (int64_t)count, error)
                              : clip_encoder_feed_sound(k->clips, samples, count, error);
    return status == SMAC_OK ? embed_ready_clips(k, error) : status;
}

static int stop_asked(void *user)
{
    (void)user;
    return console_interrupted();
}

static smac_status embed_recording(clip_embedding *k, smac_error *error)
{
    media_sink to = {.user = k, .wants_picture = embed_wants_picture, .picture = embed_picture, .sound = embed_sound};
    media_options options = {
        .interrupt = stop_asked, .report = console_reporter(), .skip_picture = k->e->sound, .skip_sound = !k->e->sound};
    decoder *from;
    smac_status status = decoder_open(k->path, &options, &from, error);
    if (status != SMAC_OK)
        return status;
    status = media_feed(from, &to, error);
    if (status == SMAC_OK)
        status = clip_encoder_finish(k->clips, error);
    if (status == SMAC_OK)
        status = embed_ready_clips(k, error);
    decoder_close(from);
    return status;
}

static smac_status embed_media(embedder *e, const char *path, vector_rows *out, smac_error *error)
{
    preparation p = {.configuration = &e->configuration, .mel = e->mel, .wants = {false, e->sound, !e->sound}};
    clip_encoder_options options = {.preparation = &p, .keep_blank = true};
    clip_embedding k = {.e = e, .out = out, .path = path};
    int64_t size = e->configuration.vision.image_size;
    k.values = memory_new((size_t)(6 * size * size), sizeof *k.values);
    smac_status status = k.values ? clip_encoder_new(&options, &k.clips, error)
                                  : error_set(error, SMAC_ERROR_MEMORY, "embed", "no memory for a picture");
    if (status == SMAC_OK)
        status = embed_recording(&k, error);
    if (status == SMAC_OK && out->rows == 0)
        status = error_set(error, SMAC_ERROR_FORMAT, "embed", "%.300s has no %s: name another file", path,
            e->sound ? "sound" : "picture (--sound takes its sound)");
    clip_encoder_free(k.clips);
    free(k.values);
    return status;
}

/* --- the command -------------------------------------------------------------------------------------------------- */

static smac_status embed_files(embedder *e, char **paths, int count, const char *output, smac_error *error)
{
    vector_rows *files = memory_new((size_t)count, sizeof *files);
    smac_status status = files ? SMAC_OK : error_set(error, SMAC_ERROR_MEMORY, "embed", "no memory");
    for (int i = 0; status == SMAC_OK && i < count; i++) {
        files[i].name = path_base(paths[i]);
        for (int j = 0; j < i; j++)
            if (!strcmp(path_base(paths[j]), files[i].name))
                files[i].name = paths[i]; /* two of one name: by their paths */
        status = e->language ? embed_text(e, paths[i], &files[i], error)
            : e->speech      ? speech_encoder_file(e->speech, paths[i], e->tokens, console_reporter(), &files[i], error)
                             : embed_media(e, paths[i], &files[i], error);
    }
    console_finish();
    if (status == SMAC_OK)
        status = vector_rows_write(files, (size_t)count, output, error);
    for (int i = 0; files && i < count; i++)
        vector_rows_clear(&files[i]);
    free(files);
    return status;
}

static bool known_ending(const char *output)
{
    const char *dot = output ? strrchr(output, '.') : NULL;
    return !output || !strcmp(output, "-") || (dot && (!strcmp(dot, ".npy") || !strcmp(dot, ".safetensors")));
}

static int run(int argc, char **argv)
{
    embedder e = {0};
    const char *encoder = NULL, *output = NULL, *how_name = "f32";
    const option_row rows[] = {
        {"encoder", 'e', OPTION_TEXT, &encoder, "NAME", "an installed model (semanticmac models list), or a path"},
        {"output", 'o', OPTION_TEXT, &output, "FILE", "OUT.npy or OUT.safetensors"},
        {"tokens", 0, OPTION_FLAG, &e.tokens, NULL,
            "language models: a vector a token; Whisper: all 50 vectors a second"},
        {"sound", 0, OPTION_FLAG, &e.sound, NULL, "ImageBind: of the sound, not the picture"},
        {"precision", 0, OPTION_TEXT, &how_name, "NAME", "of the weights: f32, bf16 or int8 (f32)"},
    };
    int count, status = options_parse(&command_embed, rows, sizeof rows / sizeof *rows, argc, argv, &count);
    if (status >= 0)
        return status;
    if (!encoder)
        return usage_error(&command_embed, "no encoder is named, give --encoder NAME");
    if (count == 0)
        return usage_error(&command_embed, "no file is named, give at least one");
    for (int i = 1; i <= count; i++)
        for (int j = 1; j < i; j++)
            if (!strcmp(argv[i], argv[j]))
                return usage_error(&command_embed, "%s is named twice: name it once", argv[i]);
    if (!known_ending(output))
        return usage_error(&command_embed, "\"%s\" ends neither in .npy nor in .safetensors: give such a name", output);
    precision how;
    if (!precision_from_name(how_name, &how))
        return usage_error(&command_embed, "there is no precision \"%s\": give f32, bf16 or int8", how_name);
    status = check_output(&command_embed, "-o", output, argv + 1, (size_t)count);
    if (status >= 0)
        return status;
    smac_error error = {0};
    smac_status code = embedder_open(&e, encoder, how, &error);
    if (code == SMAC_OK && e.tokens && e.picture)
        code = error_set(
            &error, SMAC_ERROR_ARGUMENT, "embed", "--tokens is for language models and Whisper: leave it out");
    if (code == SMAC_OK && e.sound && !e.picture)
        code = error_set(
            &error, SMAC_ERROR_ARGUMENT, "embed", "--sound is for ImageBind, which takes pictures else: leave it out");
    if (code == SMAC_OK)
        code = embed_files(&e, argv + 1, count, output, &error);
    status = code == SMAC_OK ? EXIT_DONE : failure(&command_embed, &error);
    if (code == SMAC_OK && e.cut > 0)
        fprintf(stderr,
            "semanticmac embed: %lld lines were longer than the %lld tokens that the model takes, and were cut\n",
            (long long)e.cut, (long long)e.longest);
    embedder_close(&e);
    return status;
}
