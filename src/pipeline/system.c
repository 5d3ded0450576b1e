/* pipeline/system.c - putting a system together: tokenizer, encoders, core, parameters. */
#include "pipeline/system.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/path.h"
#include "compute/parallel.h"
#include "encoders/weights_loading.h"
#include "media/mel.h"
#include "models/models.h"
#include "pipeline/system_build.h"
#include "text/tokenizer.h"

static const char *const prefixes[MODALITIES] = {"text.", "audio.", "vision."};

/* --- small questions ---------------------------------------------------------------------------------------------- */

const char *system_encoder_path(const configuration *c, int m)
{
    return m == MODALITY_TEXT ? c->text.encoder : m == MODALITY_AUDIO ? c->audio.encoder : c->vision.encoder;
}

int64_t system_trainable_blocks(const configuration *c, int m)
{
    return m == MODALITY_TEXT ? c->text.trainable_blocks
        : m == MODALITY_AUDIO ? c->audio.trainable_blocks
                              : c->vision.trainable_blocks;
}

int64_t system_parameter_values(const affect_system *s)
{
    int64_t count = 0;
    for (int64_t i = 0; i < parameter_number(s->store); i++)
        count += parameter_at(s->store, i)->count;
    return count;
}

enum { DIGEST_PIECE = 8 << 20 }; /* bytes of a tensor that are hashed as one piece */

typedef struct digest_work {
    const tensor_file *file;
    const int64_t *first; /* (tensors + 1) the number of each tensor's first piece */
    char (*pieces)[65];
} digest_work;

static void digest_piece(void *context, int64_t piece)
{
    const digest_work *w = context;
    size_t low = 0, high = tensor_file_count(w->file);
    while (high - low > 1) { /* the last tensor that begins at or before this piece */
        size_t middle = low + (high - low) / 2;
        *(w->first[middle] <= piece ? &low : &high) = middle;
    }
    const tensor_entry *e = tensor_file_at(w->file, low);
    size_t from = (size_t)(piece - w->first[low]) * DIGEST_PIECE;
    size_t size = e->bytes - from < DIGEST_PIECE ? e->bytes - from : DIGEST_PIECE;
    const tensor_entry part = {.data = (const char *)e->data + from, .bytes = size};
    sha256_hex(part.data, part.bytes, w->pieces[piece]);
    tensor_file_forget(w->file, &part); /* else the file lies in memory beside what is packed from it */
}

smac_status system_encoder_digest(const tensor_file *file, char out[65], smac_error *error)
{
    size_t count = tensor_file_count(file);
    int64_t *first = memory_new(count + 1, sizeof *first);
    for (size_t i = 0; first && i < count; i++) {
        size_t bytes = tensor_file_at(file, i)->bytes;
        first[i + 1] = first[i] + (int64_t)(bytes / DIGEST_PIECE) + (bytes % DIGEST_PIECE != 0);
    }
    digest_work work = {file, first, first ? memory_new((size_t)first[count] + 1, sizeof *work.pieces) : NULL};
    sha256_state *hash = work.pieces ? sha256_new() : NULL;
    if (hash)
        parallel_for(first[count], digest_piece, &work);
    bool whole = hash != NULL;
    for (int64_t i = 0; whole && i < first[count]; i++)
        whole = work.pieces[i][0] != 0;
    for (size_t i = 0; whole && i < count; i++) {
        const tensor_entry *e = tensor_file_at(file, i);
        char shape[128];
        sha256_add(hash, e->name, strlen(e->name) + 1);
        sha256_add(hash, tensor_type_name(e->type), strlen(tensor_type_name(e->type)) + 1);
        tensor_shape_text(e->rank, e->dim, shape, sizeof shape);
        sha256_add(hash, shape, strlen(shape) + 1);
        sha256_add(hash, work.pieces[first[i]], (size_t)(first[i + 1] - first[i]) * sizeof *work.pieces);
    }
    if (hash)
        sha256_finish_free(hash, out);
    free(work.pieces);
    free(first);
    return whole ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for the SHA-256 of an encoder");
}

/* --- the beginning and the end ------------------------------------------------------------------------------------ */

affect_system *system_begin(
    const configuration *c, const task_description *tasks, int task_count, const int64_t ready_width[MODALITIES])
{
    affect_system *s = memory_new(1, sizeof *s);
    if (!s)
        return NULL;
    s->configuration = *c;
    s->task_count = task_count;
    memcpy(s->tasks, tasks, (size_t)task_count * sizeof *tasks);
    const bool wanted[MODALITIES] = {c->model.text, c->model.audio, c->model.vision};
    for (int m = 0; m < MODALITIES; m++) {
        s->has[m] = wanted[m];
        s->ready_width[m] = wanted[m] && ready_width ? ready_width[m] : 0;
    }
    s->training.metric_value = NAN;
    snprintf(s->name, sizeof s->name, "%.120s", c->model.name);
    s->store = parameter_store_new();
    if (!s->store) {
        free(s);
        return NULL;
    }
    return s;
}

void system_free(affect_system *s)
{
    if (!s)
        return;
    language_model_free(s->text_encoder);
    imagebind_free(s->audio_encoder);
    whisper_encoder_free(s->whisper);
    imagebind_free(s->vision_encoder);
    semanticmac_free(s->core);
    parameter_store_free(s->store);
    tokenizer_close(s->tokenizer);
    mel_filter_bank_free(s->mel);
    for (int m = 0; m < MODALITIES; m++)
        tensor_file_close(s->files[m]);
    free(s->tokenizer_text);
    free(s);
}

/* --- encoders ----------------------------------------------------------------------------------------------------- */

static smac_status open_language_model(const char *folder, language_model_config *out, smac_error *error)
{
    char *path = path_join(folder, "config.json"), *json = NULL;
    size_t size = 0;
    if (!path)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a path");
    smac_status status = file_read(path, 1 << 24, &json, &size, error);
    if (status == SMAC_OK) {
        status = language_model_config_parse(json, size, out, error);
        if (status != SMAC_OK)
            encoder_configuration_advise(error, error_prefix(error, "%s", path));
    }
    free(json);
    free(path);
    return status;
}

/* Whether a sound encoder is Whisper: a CTranslate2 file, or a folder whose config.json says so. */
static bool is_whisper(const char *path, const tensor_file *file)
{
    if (!strcmp(tensor_file_kind(file), "CTranslate2"))
        return true;
    char *name = file_is_folder(path) ? path_join(path, "config.json") : NULL, *json = NULL;
    size_t size;
    bool found = name && file_exists(name) && file_read(name, 1 << 24, &json, &size, NULL) == SMAC_OK &&
        strstr(json, "\"whisper\"");
    free(json);
    free(name);
    return found;
}

/* Windows of window_seconds, 100 frames of log-mel a second, at most the 30 s that Whisper has positions for. */
static smac_status open_whisper(affect_system *s, const char *path, encoder_plan *plan, smac_error *error)
{
    configuration *c = &s->configuration;
    int64_t frames = 2 * llround(c->audio.window_seconds * 50);
    tensor_file_close(s->files[MODALITY_AUDIO]);
    s->files[MODALITY_AUDIO] = NULL;
    TRY(whisper_open_folder(path, &s->files[MODALITY_AUDIO], &plan->whisper, error));
    if (frames < 4 || frames > 2 * plan->whisper.positions)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "audio.window_seconds is %g, set it to 0.04 to %g with the sound encoder %.300s", c->audio.window_seconds,
            (double)plan->whisper.positions / 50, path);
    plan->is_whisper = true;
    c->audio.mel_bins = plan->whisper.mel_bins;
    c->audio.frames = frames;
    return SMAC_OK;
}

smac_status system_open_encoder(affect_system *s, int m, const char *path, encoder_plan *plan, smac_error *error)
{
    configuration *c = &s->configuration;
    if (!file_exists(path) && !file_is_folder(path))
        return FAIL(error, SMAC_ERROR_NOT_FOUND,
            "there is no %s encoder at %.300s; expected %s: fetch one that `semanticmac models list` shows",
            modality_name(m), path,
            m == MODALITY_TEXT        ? "a Hugging Face folder"
                : m == MODALITY_AUDIO ? "a weights file of ImageBind or a Whisper folder"
                                      : "a weights file of ImageBind");
    TRY(tensor_file_open(path, &s->files[m], error));
    if (m == MODALITY_TEXT)
        return open_language_model(path, &plan->text, error);
    if (m == MODALITY_AUDIO && is_whisper(path, s->files[m]))
        return open_whisper(s, path, plan, error);
    imagebind_config *config = m == MODALITY_AUDIO ? &plan->audio : &plan->vision;
    const char *key = m == MODALITY_AUDIO ? "imagebind.audio" : "imagebind.vision";
    const char *json = tensor_file_metadata(s->files[m], key);
    if (json)
        TRY(imagebind_config_from_json(json, strlen(json), config, error));
    else
        imagebind_config_huge(m == MODALITY_AUDIO ? IMAGEBIND_AUDIO : IMAGEBIND_VISION, config);
    if (m == MODALITY_AUDIO) {
        c->audio.mel_bins = config->rows;
        c->audio.frames = config->columns;
        return SMAC_OK;
    }
    c->vision.image_size = config->rows;
    if (config->rows != config->columns)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "the pictures of %.300s are %lld by %lld, expected squares; choose another encoder", path,
            (long long)config->rows, (long long)config->columns);
    return SMAC_OK;
}

/* Encoders from scratch, sized by the configuration. */
static void plan_small_text(const configuration *c, int64_t vocabulary, language_model_config *out)
{
    language_model_config_tiny(vocabulary, out);
    out->width = out->embedding_width = c->text.width;
    out->layers = out->groups = c->text.layers;
    out->heads = c->text.heads;
    out->head_width = c->text.width / c->text.heads;
    out->hidden = c->text.hidden;
    out->positions = c->text.max_tokens;
    out->dropout = out->attention_dropout = (float)c->text.dropout;
}

static void plan_small_picture(const configuration *c, imagebind_config *out)
{
    imagebind_config_tiny(IMAGEBIND_VISION, out);
    out->width = c->vision.width;
    out->layers = c->vision.layers;
    out->heads = c->vision.heads;
    out->hidden = c->vision.hidden;
    out->out = c->vision.out_width;
    out->rows = out->columns = c->vision.image_size;
    out->kernel = out->stride = c->vision.patch;
}

static void plan_small_sound(const configuration *c, imagebind_config *out)
{
    imagebind_config_tiny(IMAGEBIND_AUDIO, out);
    out->width = c->audio.width;
    out->layers = c->audio.layers;
    out->heads = c->audio.heads;
    out->hidden = c->audio.hidden;
    out->out = c->audio.out_width;
    out->rows = c->audio.mel_bins;
    out->columns = c->audio.frames;
    out->kernel = c->audio.kernel;
    out->stride = c->audio.stride;
}

parameter_list *system_encoder_parameters(const affect_system *s, int m)
{
    return m == MODALITY_TEXT ? language_model_parameters(s->text_encoder)
        : m == MODALITY_AUDIO && s->whisper
        ? whisper_encoder_parameters(s->whisper)
        : imagebind_parameters(m == MODALITY_AUDIO ? s->audio_encoder : s->vision_encoder);
}

static smac_status add_encoder(affect_system *s, const encoder_plan *plan, int m, bool trainable, smac_error *error)
{
    int64_t blocks = trainable ? system_trainable_blocks(&s->configuration, m) : 0;
    if (m == MODALITY_TEXT) {
        TRY(language_model_add(s->store, prefixes[m], &plan->text, (int)blocks, &s->text_encoder, error));
        s->encoder_width[m] = plan->text.width;
        if (!*s->configuration.text.encoder) /* from scratch: it learns at the rate of the rest */
            parameter_set_language(s->store, prefixes[m], false);
    } else if (m == MODALITY_AUDIO && plan->is_whisper) {
        TRY(whisper_encoder_add(s->store, prefixes[m], &plan->whisper, (int)blocks, &s->whisper, error));
        s->encoder_width[m] = plan->whisper.width;
        if (*system_encoder_path(&s->configuration, m))
            parameter_set_language(s->store, prefixes[m], true);
    } else {
        const imagebind_config *config = m == MODALITY_AUDIO ? &plan->audio : &plan->vision;
        TRY(imagebind_add(s->store, prefixes[m], config, (int)blocks,
            m == MODALITY_AUDIO ? &s->audio_encoder : &s->vision_encoder, error));
        s->encoder_width[m] = config->out;
        if (*system_encoder_path(&s->configuration, m))
            parameter_set_language(s->store, prefixes[m], true);
    }
    s->frozen[m] = blocks == 0;
    if (!s->frozen[m] || !s->files[m])
        return SMAC_OK;
    parameter_list *list = system_encoder_parameters(s, m);
    if (system_encoder_outside(s, m)) /* never written by us: its matrices need no float32 values */
        TRY(m == MODALITY_AUDIO && s->whisper ? whisper_encoder_pack(s->whisper, s->files[m], s->precision[m], error)
                                              : parameter_list_pack(list, s->files[m], s->precision[m], error));
    bool compact = strcmp(tensor_file_kind(s->files[m]), "CTranslate2") == 0;
    return compact ? SMAC_OK : parameter_list_borrow(list, s->files[m], error);
}

/* Samples are made to the configuration's sizes and read at the encoders' own: a model file may claim any of both. */
static smac_status check_inputs(const configuration *c, const encoder_plan *plan, smac_error *error)
{
    const imagebind_config *a = &plan->audio, *v = &plan->vision;
    if (plan->has[MODALITY_AUDIO] && plan->is_whisper && plan->whisper.mel_bins != c->audio.mel_bins)
        return FAIL(error, SMAC_ERROR_MISMATCH,
            "the sound encoder hears %lld mel bins, but audio.mel_bins is %lld: set it so",
            (long long)plan->whisper.mel_bins, (long long)c->audio.mel_bins);
    if (plan->has[MODALITY_AUDIO] && plan->is_whisper &&
        (c->audio.frames % 2 || c->audio.frames > 2 * plan->whisper.positions))
        return FAIL(error, SMAC_ERROR_MISMATCH,
            "audio.frames is %lld; set it to an even number up to %lld, which the sound encoder has positions for",
            (long long)c->audio.frames, (long long)(2 * plan->whisper.positions));
    if (plan->has[MODALITY_AUDIO] && !plan->is_whisper &&
        (a->modality != IMAGEBIND_AUDIO || a->channels != 1 || a->frames != 1 || a->rows != c->audio.mel_bins ||
            a->columns != c->audio.frames))
        return FAIL(error, SMAC_ERROR_MISMATCH,
            "the sound encoder reads %lld x %lld x %lld x %lld values%s; expected "
            "1 x 1 x %lld x %lld (set audio.mel_bins and audio.frames so)",
            (long long)a->channels, (long long)a->frames, (long long)a->rows, (long long)a->columns,
            a->modality == IMAGEBIND_AUDIO ? "" : " of pictures", (long long)c->audio.mel_bins,
            (long long)c->audio.frames);
    if (plan->has[MODALITY_VISION] &&
        (v->modality != IMAGEBIND_VISION || v->channels != 3 || v->frames != 2 || v->rows != c->vision.image_size ||
            v->columns != c->vision.image_size))
        return FAIL(error, SMAC_ERROR_MISMATCH,
            "the picture encoder reads %lld x %lld x %lld x %lld values%s; "
            "expected 3 x 2 x %lld x %lld (set vision.image_size so)",
            (long long)v->channels, (long long)v->frames, (long long)v->rows, (long long)v->columns,
            v->modality == IMAGEBIND_VISION ? "" : " of sound", (long long)c->vision.image_size,
            (long long)c->vision.image_size);
    return SMAC_OK;
}

smac_status system_build(affect_system *s, const encoder_plan *plan, bool initialise, bool trainable, smac_error *error)
{
    const configuration *c = &s->configuration;
    int64_t width[MODALITIES] = {0}, crops[MODALITIES] = {1, 1, c->vision.crops};
    smac_status fits = check_inputs(c, plan, error);
    if (fits != SMAC_OK)
        return plan->model_path ? error_prefix(error, "%.300s", plan->model_path) : fits;
    for (int m = 0; m < MODALITIES; m++) {
        if (!s->has[m])
            continue;
        if (plan->has[m])
            TRY(add_encoder(s, plan, m, trainable, error));
        else
            s->encoder_width[m] = s->ready_width[m];
        width[m] = s->encoder_width[m];
        if (!plan->has[m])
            crops[m] = 1;
    }
    TRY(semanticmac_add(s->store, "core", c, width, crops, s->tasks, s->task_count, &s->core, error));
    if (!trainable)
        parameter_set_trainable(s->store, "", false);
    if (s->whisper && s->files[MODALITY_AUDIO] && !strcmp(tensor_file_kind(s->files[MODALITY_AUDIO]), "CTranslate2"))
        /* the others' shapes were compared when they were borrowed */
        TRY(whisper_check_file(s->files[MODALITY_AUDIO], &plan->whisper, error));
    if (plan->model_file)
        TRY(system_check_values(s, plan->model_file, plan->model_path, error));
    TRY(parameter_store_seal(s->store, initialise, (uint64_t)c->train.seed, error));
    for (int m = 0; m < MODALITIES; m++) {
        if (!s->files[m] || !(initialise || plan->outside[m]))
            continue;
        smac_status status = m == MODALITY_AUDIO && s->whisper
            ? whisper_encoder_load(s->whisper, s->files[m], error)
            : parameter_list_load(system_encoder_parameters(s, m), s->files[m], NULL, error);
        if (status != SMAC_OK)
            return error_prefix(error, "%s encoder %.300s", modality_name(m), system_encoder_path(c, m));
    }
    preparation *p = &s->preparation;
    p->configuration = c;
    p->tokenizer = s->tokenizer;
    p->max_tokens = c->text.max_tokens;
    if (s->text_encoder && language_model_max_length(s->text_encoder) < p->max_tokens)
        p->max_tokens = language_model_max_length(s->text_encoder);
    for (int m = 0; m < MODALITIES; m++)
        p->wants[m] = plan->has[m];
    p->whisper = plan->is_whisper;
    if (plan->has[MODALITY_AUDIO] && plan->is_whisper)
        TRY(mel_filter_bank_new_whisper((int)c->audio.mel_bins, &s->mel, error));
    else if (plan->has[MODALITY_AUDIO])
        TRY(mel_filter_bank_new_kaldi((int)c->audio.mel_bins, &s->mel, error));
    p->mel = s->mel;
    return SMAC_OK;
}

/* --- a new system ------------------------------------------------------------------------------------------------- */

static smac_status make_vocabulary(affect_system *s, const system_options *options, smac_error *error)
{
    const configuration *c = &s->configuration;
    char **tokens = NULL;
    size_t count = 0;
    text_span *texts = memory_new((size_t)options->text_count + 1, sizeof *texts);
    if (!texts)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %lld texts", (long long)options->text_count);
    for (int64_t i = 0; i < options->text_count; i++)
        texts[i] = text_span_of(options->texts[i]);
    smac_status status = wordpiece_vocabulary_build(
        texts, (size_t)options->text_count, (size_t)c->text.vocabulary, c->text.lower_case, &tokens, &count, error);
    if (status == SMAC_OK)
        status = tokenizer_open_wordpiece((const char *const *)tokens, count, c->text.lower_case, &s->tokenizer, error);
    free(tokens);
    free(texts);
    return status;
}

/* The precision of a frozen encoder's products: the configuration's, or the one of most of its file's bytes. */
static precision choose_precision(encoder_precision wanted, const tensor_file *file)
{
    if (wanted != ENCODER_AUTO)
        return wanted == ENCODER_F32 ? PRECISION_F32 : wanted == ENCODER_BF16 ? PRECISION_BF16 : PRECISION_INT8;
    double all = 0, bf16 = 0, int8 = 0;
    for (size_t i = 0; i < tensor_file_count(file); i++) {
        const tensor_entry *e = tensor_file_at(file, i);
        all += (double)e->count;
        bf16 += e->type == TENSOR_BF16 ? (double)e->count : 0;
        int8 += e->type == TENSOR_I8 ? (double)e->count : 0;
    }
    return int8 > all / 2 ? PRECISION_INT8 : int8 + bf16 > all / 2 ? PRECISION_BF16 : PRECISION_F32;
}

/* A path, or the name of an installed model (models/models.h). */
static smac_status open_named_encoder(affect_system *s, int m, const char *name, encoder_plan *plan, smac_error *error)
{
    char *path = NULL;
    smac_status status = models_find(name, &path, error);
    if (status != SMAC_OK)
        return error_prefix(error, "%s encoder", modality_name(m));
    status = system_open_encoder(s, m, path, plan, error);
    if (status == SMAC_OK && m == MODALITY_TEXT)
        status = tokenizer_open(path, &s->tokenizer, error);
    const configuration *c = &s->configuration;
    if (status == SMAC_OK && system_trainable_blocks(c, m) == 0)
        s->precision[m] = choose_precision(m == MODALITY_TEXT ? c->text.precision
                : m == MODALITY_AUDIO                         ? c->audio.precision
                                                              : c->vision.precision,
            s->files[m]);
    free(path);
    return status;
}

static smac_status plan_encoders(affect_system *s, const system_options *options, encoder_plan *plan, smac_error *error)
{
    const configuration *c = &s->configuration;
    for (int m = 0; m < MODALITIES; m++) {
        const char *path = system_encoder_path(c, m);
        plan->has[m] = s->has[m] && s->ready_width[m] == 0;
        if (!plan->has[m])
            continue;
        if (*path)
            TRY(open_named_encoder(s, m, path, plan, error));
        if (m == MODALITY_TEXT) {
            if (!*path) {
                TRY(make_vocabulary(s, options, error));
                plan_small_text(c, tokenizer_size(s->tokenizer), &plan->text);
            }
        } else if (!*path) {
            if (m == MODALITY_AUDIO)
                plan_small_sound(c, &plan->audio);
            else
                plan_small_picture(c, &plan->vision);
        }
    }
    return SMAC_OK;
}

smac_status system_new(const system_options *options, affect_system **out, smac_error *error)
{
    if (options->task_count < 1 || options->task_count > SYSTEM_TASKS_MAX)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%d tasks; expected 1 to %d", options->task_count, SYSTEM_TASKS_MAX);
    TRY(configuration_check(options->configuration, error));
    affect_system *s = system_begin(options->configuration, options->tasks, options->task_count, options->ready_width);
    if (!s)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a model");
    encoder_plan plan = {0};
    smac_status status = plan_encoders(s, options, &plan, error);
    if (status == SMAC_OK)
        status = system_build(s, &plan, true, true, error);
    if (status == SMAC_OK && s->tokenizer)
        status = tokenizer_serialise(s->tokenizer, &s->tokenizer_text, NULL, error);
    for (int m = 0; m < MODALITIES && status == SMAC_OK; m++) {
        if (!s->files[m])
            continue;
        int same = 0; /* ImageBind's file serves both sound and pictures */
        while (same < m &&
            (!s->files[same] ||
                strcmp(system_encoder_path(&s->configuration, same), system_encoder_path(&s->configuration, m)) != 0))
            same++;
        if (same < m)
            memcpy(s->encoder_sha256[m], s->encoder_sha256[same], sizeof s->encoder_sha256[m]);
        else
            status = system_encoder_digest(s->files[m], s->encoder_sha256[m], error);
        if (status == SMAC_OK && s->frozen[m])
            status = parameter_store_pack(s->store, prefixes[m], s->precision[m], false, error);
    }
    if (status != SMAC_OK) {
        system_free(s);
        return status;
    }
    *out = s;
    return SMAC_OK;
}
