/* pipeline/affect_model.c - a new model: its vocabulary, encoders from files or from scratch, random weights. */
#include "pipeline/affect_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/path.h"
#include "face/detector.h"
#include "media/mel.h"
#include "pipeline/affect_model_build.h"
#include "text/tokenizer.h"

affect_model *affect_model_begin(
    const configuration *c, const task_description *tasks, int task_count, const vector_forms vectors[MODALITIES])
{
    affect_model *s = memory_new(1, sizeof *s);
    if (!s)
        return NULL;
    s->configuration = *c;
    s->task_count = task_count;
    memcpy(s->tasks, tasks, (size_t)task_count * sizeof *tasks);
    const bool wanted[MODALITIES] = {c->model.text, c->model.audio, c->model.vision};
    for (int m = 0; m < MODALITIES; m++) {
        s->has[m] = wanted[m];
        if (wanted[m] && vectors)
            s->vectors[m] = vectors[m];
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

void affect_model_free(affect_model *s)
{
    if (!s)
        return;
    for (int m = 0; m < MODALITIES; m++)
        encoder_free(s->encoders[m]);
    semanticmac_free(s->core);
    parameter_store_free(s->store);
    tokenizer_close(s->tokenizer);
    mel_filter_bank_free(s->mel);
    face_detector_free(s->faces);
    for (int m = 0; m < MODALITIES; m++)
        tensor_file_close(s->files[m]);
    free(s->tokenizer_text);
    free(s->card);
    free(s);
}

bool affect_model_keeps_vectors(const affect_model *s, int m)
{
    return s->has[m] && s->frozen[m] && s->encoder_sha256[m][0] &&
        encoder_settings_of(&s->configuration, m).trainable_blocks == 0;
}

/* "768, cremad 1024": the kinds of vectors, for a message. */
static void list_forms(const vector_forms *forms, char *out, size_t size)
{
    *out = 0;
    for (int i = 0; i < forms->count; i++) {
        size_t used = strlen(out);
        snprintf(out + used, size - used, "%s%s%s%lld", i ? ", " : "", forms->of[i].name, *forms->of[i].name ? " " : "",
            (long long)forms->of[i].width);
    }
}

smac_status affect_model_vector_input(
    const affect_model *s, int m, const vector_form *form, int *input, smac_error *error)
{
    const vector_forms *forms = &s->vectors[m];
    int first = forms->alone ? 0 : 1, found = -1, count = 0;
    char known[400];
    for (int i = 0; i < forms->count; i++) {
        if (forms->of[i].width != form->width)
            continue;
        if (strcmp(forms->of[i].name, form->name) == 0) {
            *input = first + i;
            return SMAC_OK;
        }
        found = i;
        count++;
    }
    list_forms(forms, known, sizeof known);
    if (count > 1)
        return FAIL(error, SMAC_ERROR_MISMATCH,
            "the model takes several kinds of %s vectors of width %lld (%s): name the one by the data's `form`",
            modality_name(m), (long long)form->width, known);
    if (count == 0)
        return FAIL(error, SMAC_ERROR_MISMATCH,
            "the data have %s vectors of width %lld, but the model takes %s%s: give the features that it was trained with",
            modality_name(m), (long long)form->width, forms->count ? "vectors of width " : "no such vectors", known);
    *input = first + found;
    return SMAC_OK;
}

bool affect_model_reads(const affect_model *s, int m)
{
    return s->has[m] && !s->vectors[m].alone;
}

int64_t affect_model_parameter_values(const affect_model *s)
{
    int64_t count = 0;
    for (int64_t i = 0; i < parameter_number(s->store); i++)
        count += parameter_at(s->store, i)->count;
    return count;
}

/* --- a new model ------------------------------------------------------------------------------------------------- */

static smac_status make_vocabulary(affect_model *s, const affect_model_options *options, smac_error *error)
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

/* An encoder from scratch, sized by the configuration. */
static smac_status plan_small_encoder(
    affect_model *s, int m, const affect_model_options *options, encoder_plan *plan, smac_error *error)
{
    encoder_settings settings = encoder_settings_of(&s->configuration, m);
    if (settings.form.modality == MODALITY_TEXT) {
        TRY(make_vocabulary(s, options, error));
        settings.sizes.vocabulary = tokenizer_size(s->tokenizer);
    }
    return encoder_config_small((modality)m, &settings.sizes, &plan->of[m], error);
}

static smac_status plan_encoders(
    affect_model *s, const affect_model_options *options, encoder_plan *plan, smac_error *error)
{
    for (int m = 0; m < MODALITIES; m++) {
        plan->has[m] = s->has[m] && !s->vectors[m].alone;
        if (!plan->has[m])
            continue;
        if (*encoder_settings_of(&s->configuration, m).path)
            TRY(affect_model_open_encoder(s, m, plan, error));
        else
            TRY(plan_small_encoder(s, m, options, plan, error));
    }
    return SMAC_OK;
}

smac_status affect_model_new(const affect_model_options *options, affect_model **out, smac_error *error)
{
    if (options->task_count < 1 || options->task_count > AFFECT_MODEL_TASKS_MAX)
        return FAIL(
            error, SMAC_ERROR_ARGUMENT, "%d tasks; expected 1 to %d", options->task_count, AFFECT_MODEL_TASKS_MAX);
    TRY(configuration_check(options->configuration, error));
    affect_model *s = affect_model_begin(options->configuration, options->tasks, options->task_count, options->vectors);
    if (!s)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a model");
    s->training.seed = options->seed;
    encoder_plan plan = {0};
    smac_status status = plan_encoders(s, options, &plan, error);
    if (status == SMAC_OK && plan.has[MODALITY_VISION])
        status = affect_model_open_faces(s, NULL, NULL, error);
    if (status == SMAC_OK)
        status = affect_model_build(s, &plan, true, true, error);
    if (status == SMAC_OK && s->tokenizer)
        status = tokenizer_serialise(s->tokenizer, &s->tokenizer_text, NULL, error);
    for (int m = 0; m < MODALITIES && status == SMAC_OK; m++) {
        if (!s->files[m])
            continue;
        int same = 0; /* ImageBind's file serves both sound and pictures */
        while (same < m &&
            (!s->files[same] ||
                strcmp(encoder_settings_of(&s->configuration, same).path,
                    encoder_settings_of(&s->configuration, m).path) != 0))
            same++;
        if (same < m)
            memcpy(s->encoder_sha256[m], s->encoder_sha256[same], sizeof s->encoder_sha256[m]);
        else
            status = affect_model_encoder_digest(s->files[m], s->encoder_sha256[m], error);
        if (status == SMAC_OK && s->frozen[m])
            status = parameter_store_pack(s->store, affect_model_prefix(m), s->precision[m], false, error);
    }
    if (status != SMAC_OK) {
        affect_model_free(s);
        return status;
    }
    *out = s;
    return SMAC_OK;
}
