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
    ready_encoder model;
    encoder_description is;
    tokenizer *words;
    smac_encoder *speech;
    configuration configuration;
    struct mel_filter_bank *mel;
    bool tokens, sound;
    int64_t longest, cut; /* tokens of a line; lines that were longer */
} embedder;

/* --- opening ------------------------------------------------------------------------------------------------------ */

static void embedder_close(embedder *e)
{
    smac_encoder_free(e->speech);
    ready_encoder_close(&e->model);
    tokenizer_close(e->words);
    mel_filter_bank_free(e->mel);
}

static smac_status open_words(embedder *e, smac_error *error)
{
    smac_status status = tokenizer_open(e->model.path, &e->words, error);
    if (status == SMAC_OK) {
        int64_t named = tokenizer_max_length(e->words), most = e->is.max_tokens;
        e->longest = named > 0 && named < most ? named : most;
    }
    return status;
}

/* Pictures or sounds of the encoder's own sizes. */
static smac_status open_media(embedder *e, smac_error *error)
{
    encoder_form form;
    configuration_defaults(&e->configuration);
    smac_status status =
        encoder_prepare(encoder_get_config(e->model.encoder), e->configuration.audio.window_seconds, &form, error);
    if (status == SMAC_OK && form.mel_bins > 0) {
        e->configuration.audio.mel_bins = form.mel_bins;
        e->configuration.audio.frames = form.mel_frames;
        status = mel_filter_bank_new_kaldi((int)form.mel_bins, &e->mel, error);
    } else if (status == SMAC_OK) {
        e->configuration.vision.image_size = form.image_size;
        e->configuration.vision.crops = 1;
    }
    return status;
}

static smac_status embedder_open(embedder *e, const char *name, precision how, smac_error *error)
{
    char *path = NULL;
    encoder_files files;
    smac_status status = models_open(name, &path, &files, error);
    if (status != SMAC_OK)
        return status;
    const encoder_config *first = encoder_files_first(&files);
    e->is = encoder_config_describe(first);
    bool pictures = files.of[MODALITY_VISION].kind || e->is.metadata_key; /* of ImageBind the picture, else the sound */
    if (e->sound && !pictures)
        status = error_set(
            error, SMAC_ERROR_ARGUMENT, "embed", "--sound is for ImageBind, which takes pictures else: leave it out");
    else if (e->tokens && pictures)
        status =
            error_set(error, SMAC_ERROR_ARGUMENT, "embed", "--tokens is for language models and Whisper: leave it out");
    encoder_files_close(&files);
    if (status == SMAC_OK && e->is.more_in_file) {
        smac_encoder_options options;
        smac_encoder_options_default(&options);
        options.precision = precision_name(how);
        status = smac_encoder_open(path, &options, &e->speech, error);
    } else if (status == SMAC_OK) {
        int m = !pictures ? (int)e->is.modality : e->sound ? MODALITY_AUDIO : MODALITY_VISION;
        status = models_open_encoder(path, m, how, &e->model, error);
        if (status == SMAC_OK) {
            e->is = encoder_config_describe(encoder_get_config(e->model.encoder));
            status = e->is.sequence ? open_words(e, error) : open_media(e, error);
        }
    }
    free(path);
    return status;
}

/* --- words -------------------------------------------------------------------------------------------------------- */

static smac_status embed_line(embedder *e, text_span line, vector_rows *out, smac_error *error)
{
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
    int64_t length = (int64_t)tokens.count, width = e->is.width;
    const encoder_input input = {.rows = 1, .length = length, .ids = tokens.ids, .types = tokens.types};
    value *states = t ? encoder_encode(t, e->model.encoder, &input, NULL) : NULL;
    status = t ? tape_status(t, error) : error_set(error, SMAC_ERROR_MEMORY, "embed", "no memory for a tape");
    if (status == SMAC_OK)
        status = e->tokens ? vector_rows_add(out, tape_numbers(t, states), length, width, true, error)
                           : vector_rows_add_mean(out, tape_numbers(t, states), length, width, error);
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
            "%.300s is not a text (byte %zu is 0), expected lines of words for a language model", path,
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
            error_context(error, status, "%.300s, line %zu", path, line);
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
    const embedder *e = k->e;
    int64_t size = e->configuration.vision.image_size, plane = 3 * size * size;
    for (int64_t i = 0; c->frames && i < 2; i++)
        picture_bytes_to_values(c->frames + i * plane, size, k->values + i * plane);
    const encoder_input input = {.rows = 1,
        .mel = c->mel,
        .mel_bins = e->configuration.audio.mel_bins,
        .mel_frames = e->configuration.audio.frames,
        .pictures = c->pictures ? c->pictures : k->values};
    while (k->out->rows < c->index) { /* where the recording has no sound or picture, a row of zeros keeps the time */
        smac_status status = vector_rows_add_zeros(k->out, e->is.width, error);
        if (status != SMAC_OK)
            return status;
    }
    tape *t = tape_new(NULL);
    value *vector = t ? encoder_encode(t, e->model.encoder, &input, NULL) : NULL;
    smac_status status =
        t ? tape_status(t, error) : error_set(error, SMAC_ERROR_MEMORY, "embed", "no memory for a tape");
    if (status == SMAC_OK)
        status = vector_rows_add(k->out, tape_numbers(t, vector), 1, e->is.width, false, error);
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
        status = e->words ? embed_text(e, paths[i], &files[i], error)
            : e->speech   ? embed_speech_file(e->speech, paths[i], e->tokens, console_reporter(), &files[i], error)
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
