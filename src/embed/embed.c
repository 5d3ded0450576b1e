/* embed/embed.c - opening an encoder, calls and their vectors, text and pictures. */
#include "embed/embed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/option_struct.h"
#include "compute/parallel.h"
#include "media/resize.h"
#include "semanticmac/semanticmac.h"

static const double REPORT_EVERY = 0.2; /* seconds */
static const int POSITIONS_A_SECOND = 50;

/* --- encoders ----------------------------------------------------------------------------------------------------- */

static const smac_encoder_options encoder_defaults = {.size = sizeof encoder_defaults, .modality = -1};

SMAC_API void smac_encoder_options_init(smac_encoder_options *options, size_t size)
{
    option_struct_init(options, size, &encoder_defaults, sizeof encoder_defaults);
}

static smac_status encoder_open_words(smac_encoder *e, smac_error *error)
{
    TRY(tokenizer_open(e->model.path, &e->words, error));
    int64_t named = tokenizer_max_length(e->words), most = e->is.max_tokens;
    e->longest = named > 0 && named < most ? named : most == INT64_MAX ? 0 : most;
    return SMAC_OK;
}

static smac_status encoder_open_form(smac_encoder *e, smac_error *error)
{
    const encoder_config *c = encoder_get_config(e->model.encoder);
    configuration_defaults(&e->configuration);
    double window = e->is.modality == MODALITY_AUDIO && e->is.mel == MEL_WHISPER
        ? (double)c->whisper.positions / POSITIONS_A_SECOND
        : e->configuration.audio.window_seconds;
    TRY(encoder_prepare(c, window, &e->form, error));
    if (e->is.modality == MODALITY_VISION) {
        e->configuration.vision.image_size = e->form.image_size;
        e->configuration.vision.pictures = e->form.pictures;
        e->configuration.vision.crops = 1;
        return SMAC_OK;
    }
    e->configuration.audio.mel_bins = e->form.mel_bins;
    e->configuration.audio.frames = e->form.mel_frames;
    return e->form.mel == MEL_WHISPER ? mel_filter_bank_new_whisper((int)e->form.mel_bins, &e->mel, error)
                                      : mel_filter_bank_new_kaldi((int)e->form.mel_bins, &e->mel, error);
}

SMAC_API smac_status smac_encoder_open(
    const char *name_or_path, const smac_encoder_options *options, smac_encoder **out, smac_error *error)
{
    smac_encoder_options o = encoder_defaults;
    precision how = PRECISION_F32;
    if (!name_or_path || !out)
        return FAIL(
            error, SMAC_ERROR_ARGUMENT, "smac_encoder_open needs a name or a path, and a place for the encoder");
    *out = NULL;
    TRY(option_struct_read(options, &o, sizeof o, "smac_encoder_options", error));
    if (o.precision && !precision_from_name(o.precision, &how))
        return FAIL(error, SMAC_ERROR_ARGUMENT, "the precision is \"%.40s\": give f32, bf16 or int8", o.precision);
    if (o.modality < -1 || o.modality >= MODALITIES)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "the modality is number %d, expected SMAC_TEXT, SMAC_AUDIO, SMAC_VISION "
            "or -1",
            o.modality);
    smac_encoder *e = memory_new(1, sizeof *e);
    if (!e)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for an encoder");
    smac_status status = models_open_encoder(name_or_path, o.modality, how, &e->model, error);
    if (status == SMAC_OK) {
        e->is = encoder_config_describe(encoder_get_config(e->model.encoder));
        status = e->is.modality == MODALITY_TEXT ? encoder_open_words(e, error) : encoder_open_form(e, error);
    }
    if (status != SMAC_OK) {
        smac_encoder_free(e);
        return status;
    }
    *out = e;
    return SMAC_OK;
}

SMAC_API void smac_encoder_free(smac_encoder *e)
{
    if (!e)
        return;
    ready_encoder_close(&e->model);
    tokenizer_close(e->words);
    mel_filter_bank_free(e->mel);
    free(e);
}

SMAC_API const char *smac_encoder_family(const smac_encoder *e)
{
    return e ? e->is.family : "";
}

SMAC_API int smac_encoder_modality(const smac_encoder *e)
{
    return e ? (int)e->is.modality : -1;
}

SMAC_API size_t smac_encoder_width(const smac_encoder *e)
{
    return e ? (size_t)e->is.width : 0;
}

/* --- vectors ------------------------------------------------------------------------------------------------------ */

smac_status vectors_add(smac_vectors *v, const float *rows, int64_t count, smac_error *error)
{
    size_t more = (size_t)count * v->width, used = v->count * v->width;
    if (!memory_grow((void **)&v->values, &v->capacity, used + more, sizeof *v->values))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu vectors", v->count + (size_t)count);
    memcpy(v->values + used, rows, more * sizeof *rows);
    v->count += (size_t)count;
    return SMAC_OK;
}

SMAC_API void smac_vectors_free(smac_vectors *v)
{
    if (!v)
        return;
    free(v->values);
    free(v);
}

SMAC_API size_t smac_vectors_count(const smac_vectors *v)
{
    return v ? v->count : 0;
}

SMAC_API size_t smac_vectors_width(const smac_vectors *v)
{
    return v ? v->width : 0;
}

SMAC_API const float *smac_vectors_values(const smac_vectors *v)
{
    return v ? v->values : NULL;
}

SMAC_API double smac_vectors_per_second(const smac_vectors *v)
{
    return v ? v->per_second : 0;
}

SMAC_API size_t smac_vectors_tokens_cut(const smac_vectors *v)
{
    return v ? v->cut : 0;
}

/* --- calls -------------------------------------------------------------------------------------------------------- */

static const smac_embed_options embed_defaults = {.size = sizeof embed_defaults};

SMAC_API void smac_embed_options_init(smac_embed_options *options, size_t size)
{
    option_struct_init(options, size, &embed_defaults, sizeof embed_defaults);
}

smac_status embed_begin(
    embed_call *call, const smac_encoder *encoder, modality m, const smac_embed_options *options, smac_error *error)
{
    *call = (embed_call){.encoder = encoder, .options = embed_defaults};
    if (!encoder)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "no encoder is given: open one with smac_encoder_open");
    TRY(option_struct_read(options, &call->options, sizeof call->options, "smac_embed_options", error));
    if (encoder->is.modality != m)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%s was given to an encoder of %s: open another one", modality_name(m),
            modality_name((int)encoder->is.modality));
    if (call->options.tokens && !encoder->is.sequence && encoder->form.mel != MEL_WHISPER)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED, "%s gives pooled vectors alone: leave the option tokens out",
            encoder->is.family);
    if (call->options.threads < 0)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%d threads were asked for, give 0 or more", call->options.threads);
    call->vectors = memory_new(1, sizeof *call->vectors);
    if (!call->vectors)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for vectors");
    call->vectors->width = (size_t)encoder->is.width;
    call->begun = true;
    if (call->options.threads > 0)
        call->threads_before = parallel_request(call->options.threads);
    return SMAC_OK;
}

void embed_end(embed_call *call)
{
    if (call->begun && call->options.threads > 0)
        parallel_request(call->threads_before);
    smac_vectors_free(call->vectors);
    call->vectors = NULL;
}

/* The end of a call that is done in one go. */
static smac_status embed_give(embed_call *call, smac_status status, smac_vectors **out)
{
    if (status == SMAC_OK) {
        *out = call->vectors;
        call->vectors = NULL;
    }
    embed_end(call);
    return status;
}

int embed_asks(void *user)
{
    embed_call *call = user;
    struct timespec now;
    if (!call->options.progress || call->stopped)
        return call->stopped;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double seconds = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
    if (seconds - call->reported < REPORT_EVERY)
        return 0;
    call->reported = seconds;
    call->stopped = call->options.progress(call->options.user, "embedding", call->done, call->total) != 0;
    return call->stopped;
}

tape *embed_tape(embed_call *call)
{
    return tape_new(&(tape_options){.interrupt = {embed_asks, call}});
}

/* --- text --------------------------------------------------------------------------------------------------------- */

/* The mean of the rows with length 1 (L2; a length of at least 1e-12). */
static smac_status embed_mean(smac_vectors *v, const float *rows, int64_t count, smac_error *error)
{
    float *mean = memory_new(v->width, sizeof *mean);
    double squares = 0;
    if (!mean)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a vector");
    for (size_t i = 0; i < v->width; i++) {
        double sum = 0;
        for (int64_t r = 0; r < count; r++)
            sum += (double)rows[(size_t)r * v->width + i];
        mean[i] = (float)(sum / (double)count);
        squares += (double)mean[i] * (double)mean[i];
    }
    double norm = fmax(sqrt(squares), 1e-12);
    for (size_t i = 0; i < v->width; i++)
        mean[i] = (float)((double)mean[i] / norm);
    smac_status status = vectors_add(v, mean, 1, error);
    free(mean);
    return status;
}

static smac_status embed_tokens(embed_call *call, const token_encoding *tokens, smac_error *error)
{
    const smac_encoder *e = call->encoder;
    int64_t length = (int64_t)tokens->count;
    const encoder_input input = {.rows = 1, .length = length, .ids = tokens->ids, .types = tokens->types};
    tape *t = embed_tape(call);
    if (!t)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a tape");
    value *states = encoder_encode(t, e->model.encoder, &input, NULL);
    smac_status status = tape_status(t, error);
    if (status == SMAC_OK)
        status = call->options.tokens ? vectors_add(call->vectors, tape_numbers(t, states), length, error)
                                      : embed_mean(call->vectors, tape_numbers(t, states), length, error);
    tape_free(t);
    return status;
}

static smac_status embed_words(embed_call *call, const char *text, smac_error *error)
{
    token_encoding tokens = {0};
    const encode_options options = {.max_length = call->encoder->longest};
    TRY(tokenizer_encode(call->encoder->words, text_span_of(text), &options, &tokens, error));
    smac_status status = tokens.count > 0
        ? embed_tokens(call, &tokens, error)
        : FAIL(error, SMAC_ERROR_ARGUMENT, "the text has no token for this encoder: give a text with words");
    call->vectors->cut = tokens.cut;
    token_encoding_free(&tokens);
    return status;
}

SMAC_API smac_status smac_embed_text(const smac_encoder *encoder, const char *text, const smac_embed_options *options,
    smac_vectors **out, smac_error *error)
{
    embed_call call;
    if (!text || !out)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "smac_embed_text needs a text and a place for the vectors");
    *out = NULL;
    TRY(embed_begin(&call, encoder, MODALITY_TEXT, options, error));
    return embed_give(&call, embed_words(&call, text, error), out);
}

/* --- pictures ----------------------------------------------------------------------------------------------------- */

/* values (pictures, 3, S, S): a still picture is a clip of equal frames. */
static smac_status embed_prepared(embed_call *call, const float *values, smac_error *error)
{
    const encoder_input input = {.rows = 1, .pictures = values};
    tape *t = embed_tape(call);
    if (!t)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a tape");
    value *vector = encoder_encode(t, call->encoder->model.encoder, &input, NULL);
    smac_status status = tape_status(t, error);
    if (status == SMAC_OK)
        status = vectors_add(call->vectors, tape_numbers(t, vector), 1, error);
    tape_free(t);
    return status;
}

static smac_status embed_rgb(embed_call *call, const smac_rgb *p, smac_error *error)
{
    int size = (int)call->encoder->form.image_size;
    size_t plane = (size_t)size * (size_t)size;
    const picture shown = {
        .rgb = p->data, .width = p->width, .height = p->height, .stride = p->stride ? p->stride : 3 * (size_t)p->width};
    uint8_t *bytes = memory_new(3 * plane, 1);
    float *values = memory_new(6 * plane, sizeof *values);
    smac_status status =
        bytes && values ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a picture of %d x %d", size, size);
    if (status == SMAC_OK)
        status = picture_prepare(&shown, size, PREPARE_STILL, 1, bytes, NULL, error);
    if (status == SMAC_OK) {
        picture_normalise_rgb(bytes, size, values, plane);
        memcpy(values + 3 * plane, values, 3 * plane * sizeof *values);
        status = embed_prepared(call, values, error);
    }
    free(bytes);
    free(values);
    return status;
}

SMAC_API smac_status smac_embed_picture(const smac_encoder *encoder, const smac_rgb *picture,
    const smac_embed_options *options, smac_vectors **out, smac_error *error)
{
    embed_call call;
    if (!picture || !picture->data || !out)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "smac_embed_picture needs a picture and a place for the vectors");
    *out = NULL;
    if (picture->width < 1 || picture->height < 1 || picture->width > 1 << 16 || picture->height > 1 << 16 ||
        (picture->stride && picture->stride < 3 * (size_t)picture->width))
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "the picture is %d x %d with %zu bytes a row, expected 1 to 65536 and "
            "at least 3 bytes a pixel",
            picture->width, picture->height, picture->stride);
    TRY(embed_begin(&call, encoder, MODALITY_VISION, options, error));
    return embed_give(&call, embed_rgb(&call, picture, error), out);
}
