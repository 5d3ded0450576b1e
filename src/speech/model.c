/*
 * speech/model.c - a Whisper folder: weights, tokenizer, and the lists that the makers publish beside them
 * (generation_config.json or config.json; CTranslate2's config.json has its own names for the same).
 */
#include "speech/model.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/path.h"
#include "speech/languages.h"

enum { TIMESTAMP_SECONDS = 30, MANY_LANGUAGES = 51865 };

void speech_model_free(speech_model *m)
{
    if (m == NULL)
        return;
    whisper_encoder_free(m->encoder);
    whisper_decoder_free(m->decoder);
    parameter_store_free(m->store);
    tokenizer_close(m->tokens);
    tensor_file_close(m->file);
    free(m->suppress);
    free(m->languages);
    free(m->heads);
    free(m);
}

/* --- the published lists ------------------------------------------------------------------------------------------ */

static smac_status model_read_json(const char *folder, const char *name, json_t **out, smac_error *error)
{
    char *path = path_join(folder, name);
    *out = NULL;
    if (path == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory to read %s", name);
    smac_status status = file_exists(path) ? json_read_object(path, (size_t)1 << 26, out, error) : SMAC_OK;
    free(path);
    return status;
}

/* The first of the names that is a list, in either file. */
static const json_t *find_list(const json_t *const files[2], const char *first, const char *second)
{
    for (int f = 0; f < 2; f++)
        for (int n = 0; n < 2; n++) {
            const json_t *found = json_object_get(files[f], n ? second : first);
            if (json_is_array(found))
                return found;
        }
    return NULL;
}

static smac_status copy_ids(
    const json_t *list, const char *name, int32_t vocabulary, int32_t *out, size_t *count, smac_error *error)
{
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item)
    {
        json_int_t id = json_is_integer(item) ? json_integer_value(item) : -1;
        if (id < 0 || id >= vocabulary)
            return FAIL(error, SMAC_ERROR_FORMAT, "entry %zu of %s is not a token id from 0 to %d", i, name,
                (int)vocabulary - 1);
        out[(*count)++] = (int32_t)id;
    }
    return SMAC_OK;
}

static smac_status read_suppressed(speech_model *m, const json_t *const files[2], smac_error *error)
{
    const json_t *always = find_list(files, "suppress_ids", "suppress_tokens");
    const json_t *first = find_list(files, "suppress_ids_begin", "begin_suppress_tokens");
    size_t most = json_array_size(always) + json_array_size(first);
    static const char *const never[] = {"<|translate|>", "<|transcribe|>", "<|startoftranscript|>", "<|startofprev|>",
        "<|startoflm|>", "<|nospeech|>", "<|nocaptions|>"};
    size_t fixed = sizeof never / sizeof *never;
    m->suppress = memory_new(most + fixed + 1, sizeof *m->suppress);
    if (m->suppress == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a list of %zu tokens", most);
    TRY(copy_ids(always, "the suppressed tokens", m->rules.vocabulary, m->suppress, &m->rules.suppress_count, error));
    for (size_t i = 0; i < fixed; i++) {
        int32_t id = tokenizer_id(m->tokens, never[i]);
        if (id >= 0 && id < m->rules.vocabulary)
            m->suppress[m->rules.suppress_count++] = id;
    }
    m->rules.suppress = m->suppress;
    int32_t *begin = m->suppress + m->rules.suppress_count;
    m->rules.suppress_first = begin;
    return copy_ids(first, "the tokens suppressed at the beginning", m->rules.vocabulary, begin,
        &m->rules.suppress_first_count, error);
}

static smac_status read_heads(speech_model *m, const json_t *const files[2], smac_error *error)
{
    const json_t *list = find_list(files, "alignment_heads", "alignment_heads"), *item;
    int64_t layers = m->config.decoder_layers, heads = m->config.decoder_heads;
    if (json_array_size(list) == 0)
        list = NULL;
    if (json_array_size(list) > (size_t)(layers * heads))
        return FAIL(error, SMAC_ERROR_FORMAT,
            "alignment_heads lists %zu heads, expected at most the %lld that the decoder has", json_array_size(list),
            (long long)(layers * heads));
    size_t count = list ? json_array_size(list) : (size_t)((layers - layers / 2) * heads), i;
    m->heads = memory_new(count + 1, sizeof *m->heads);
    if (m->heads == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a list of %zu heads", count);
    if (list == NULL) { /* as published: all heads of the second half */
        for (int64_t l = layers / 2; l < layers; l++)
            for (int64_t h = 0; h < heads; h++, m->head_count++) {
                m->heads[m->head_count][0] = (int32_t)l;
                m->heads[m->head_count][1] = (int32_t)h;
            }
        return SMAC_OK;
    }
    json_array_foreach(list, i, item)
    {
        json_int_t layer = json_integer_value(json_array_get(item, 0));
        json_int_t head = json_integer_value(json_array_get(item, 1));
        if (json_array_size(item) != 2 || layer < 0 || layer >= layers || head < 0 || head >= heads)
            return FAIL(error, SMAC_ERROR_FORMAT,
                "entry %zu of alignment_heads is not a [layer, head] below [%lld, %lld]", i, (long long)layers,
                (long long)heads);
        m->heads[m->head_count][0] = (int32_t)layer;
        m->heads[m->head_count++][1] = (int32_t)head;
    }
    return SMAC_OK;
}

static bool is_language(const char *token)
{
    size_t length = strlen(token), letters = strspn(token + (length > 2 ? 2 : length), "abcdefghijklmnopqrstuvwxyz");
    return length >= 6 && length <= 12 && strncmp(token, "<|", 2) == 0 && letters == length - 4 && letters <= 3 &&
        strcmp(token + length - 2, "|>") == 0;
}

static smac_status read_languages(speech_model *m, const json_t *const files[2], smac_error *error)
{
    m->languages = memory_new(256, sizeof *m->languages);
    if (m->languages == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the list of languages");
    for (int32_t id = m->rules.start + 1; id < m->rules.no_timestamps && m->language_count < 256; id++) {
        const char *token = tokenizer_token(m->tokens, id);
        if (token && is_language(token))
            m->languages[m->language_count++] = id;
    }
    const json_t *said = json_object_get(files[0], "is_multilingual");
    if (!json_is_boolean(said))
        said = json_object_get(files[1], "is_multilingual");
    bool many = json_is_boolean(said) ? json_is_true(said) : m->config.vocabulary >= MANY_LANGUAGES;
    m->many_languages = many && m->language_count > 0 && m->transcribe >= 0;
    return SMAC_OK;
}

static smac_status model_token_id(const speech_model *m, const char *name, int32_t *out, smac_error *error)
{
    *out = tokenizer_id(m->tokens, name);
    if (*out < 0 || *out >= m->config.vocabulary)
        return FAIL(error, SMAC_ERROR_FORMAT, "the tokenizer has no %s among the model's %lld tokens", name,
            (long long)m->config.vocabulary);
    return SMAC_OK;
}

smac_status speech_model_read_lists(speech_model *m, const json_t *const files[2], smac_error *error)
{
    speech_rules *r = &m->rules;
    r->vocabulary = (int32_t)m->config.vocabulary;
    TRY(model_token_id(m, "<|endoftext|>", &r->end, error));
    TRY(model_token_id(m, "<|startoftranscript|>", &r->start, error));
    TRY(model_token_id(m, "<|notimestamps|>", &r->no_timestamps, error));
    r->no_speech = tokenizer_id(m->tokens, "<|nospeech|>");
    if (r->no_speech < 0)
        r->no_speech = tokenizer_id(m->tokens, "<|nocaptions|>");
    m->transcribe = tokenizer_id(m->tokens, "<|transcribe|>");
    m->previous = tokenizer_id(m->tokens, "<|startofprev|>");
    r->first_timestamp = r->no_timestamps + 1;
    r->last_timestamp = r->first_timestamp + TIMESTAMP_SECONDS * 50;
    r->max_initial = 50;
    if (r->last_timestamp >= r->vocabulary)
        return FAIL(error, SMAC_ERROR_FORMAT, "the model has %d tokens, too few for the time stamps from %d on",
            (int)r->vocabulary, (int)r->first_timestamp);
    r->last_timestamp = r->vocabulary - 1;
    const char *of_tokens = tokenizer_token(m->tokens, r->last_timestamp);
    if (of_tokens == NULL)
        r->last_timestamp = r->first_timestamp + TIMESTAMP_SECONDS * 50;
    TRY(read_suppressed(m, files, error));
    TRY(read_heads(m, files, error));
    return read_languages(m, files, error);
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static smac_status open_weights(speech_model *m, smac_error *error)
{
    m->store = parameter_store_new();
    if (m->store == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a model's parameters");
    TRY(whisper_encoder_add(m->store, "", &m->config, 0, &m->encoder, error));
    TRY(whisper_decoder_add(m->store, "", &m->config, &m->decoder, error));
    TRY(whisper_encoder_pack(m->encoder, m->file, m->how, error));
    TRY(whisper_decoder_pack(m->decoder, m->file, m->how, error));
    TRY(parameter_store_seal(m->store, false, 0, error));
    TRY(whisper_encoder_load(m->encoder, m->file, error));
    TRY(whisper_decoder_load(m->decoder, m->file, error));
    tensor_file_close(m->file);
    m->file = NULL;
    return SMAC_OK;
}

static smac_status open_parts(speech_model *m, const char *path, smac_error *error)
{
    json_t *read[2] = {0};
    if (!file_is_folder(path))
        return FAIL(error, file_exists(path) ? SMAC_ERROR_ARGUMENT : SMAC_ERROR_NOT_FOUND,
            "%s is not a folder, expected a Whisper model's (config.json, tokenizer.json, model.bin or "
            "model.safetensors): give one that `semanticmac models list` shows",
            path);
    TRY(whisper_open_folder(path, &m->file, &m->config, error));
    if (m->config.positions != TIMESTAMP_SECONDS * 50) /* the stream holds frames ahead for such windows, and no more */
        return FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "%s: max_source_positions is %lld, expected the %d of windows of "
            "%d s, which the time stamps count in; choose another Whisper model",
            path, (long long)m->config.positions, TIMESTAMP_SECONDS * 50, TIMESTAMP_SECONDS);
    TRY(tokenizer_open(path, &m->tokens, error));
    smac_status status = model_read_json(path, "generation_config.json", &read[0], error);
    if (status == SMAC_OK)
        status = model_read_json(path, "config.json", &read[1], error);
    const json_t *files[2] = {read[0], read[1]};
    if (status == SMAC_OK)
        status = error_context(error, speech_model_read_lists(m, files, error), "%s", path);
    json_decref(read[0]);
    json_decref(read[1]);
    if (status == SMAC_OK)
        status = error_context(error, open_weights(m, error), "%s", path);
    return error_advise(error, status, SMAC_ERROR_FORMAT, "download the model again");
}

smac_status speech_model_open(const char *path, precision how, speech_model **out, smac_error *error)
{
    speech_model *m = memory_new(1, sizeof *m);
    if (m == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory to open %s", path);
    m->how = how;
    smac_status status = open_parts(m, path, error);
    if (status != SMAC_OK) {
        speech_model_free(m);
        return status;
    }
    *out = m;
    return SMAC_OK;
}

bool speech_model_language(const speech_model *m, int32_t id, char *out, size_t size)
{
    const char *token = tokenizer_token(m->tokens, id);
    size_t length = token ? strlen(token) : 0;
    if (length < 5 || length - 4 >= size)
        return false;
    memcpy(out, token + 2, length - 4);
    out[length - 4] = 0;
    return true;
}

int32_t speech_model_language_id(const speech_model *m, const char *language)
{
    char code[LANGUAGE_CODE_SIZE], token[LANGUAGE_CODE_SIZE + 4];
    if (!language_code(language, code))
        return -1;
    snprintf(token, sizeof token, "<|%s|>", code);
    int32_t id = tokenizer_id(m->tokens, token);
    if (!m->many_languages)
        return strcmp(code, "en") == 0 ? id : -1;
    for (size_t i = 0; i < m->language_count; i++)
        if (m->languages[i] == id)
            return id;
    return -1;
}

smac_status speech_model_check_language(const speech_model *m, const char *language, smac_error *error)
{
    char code[LANGUAGE_CODE_SIZE];
    if (strcmp(language, "auto") == 0 || speech_model_language_id(m, language) >= 0)
        return SMAC_OK;
    if (!m->many_languages)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "the language is \"%.40s\", but this speech model knows English alone: give en or auto, or choose a model of "
            "many languages",
            language);
    text_buffer list = {0};
    for (size_t i = 0; i < m->language_count; i++)
        if (speech_model_language(m, m->languages[i], code, sizeof code))
            text_format(&list, "%s%s", list.length > 0 ? ", " : "", code);
    smac_status status = FAIL(error, SMAC_ERROR_ARGUMENT,
        "the language is \"%.40s\", which this speech model does not know: give auto, or the code or English name of "
        "one of %.700s",
        language, list.data ? list.data : "none");
    text_free(&list);
    return status;
}

bool speech_model_knows(const speech_model *m, const char *language)
{
    return speech_model_language_id(m, language) >= 0;
}
