/* train/run_data.c - what a run's datasets hold, and what that decides about the model. */
#include "train/run_data.h"

#include <string.h>

#include "base/folder.h"
#include "base/number.h"
#include "base/text.h"
#include "media/media.h"
#include "models/models.h"

/* "LOW:HIGH" */
static bool parse_range(const char *text, double range[2])
{
    char low[SETTINGS_TEXT_MAX];
    const char *colon = strchr(text, ':');
    if (!colon)
        return false;
    memcpy(low, text, (size_t)(colon - text));
    low[colon - text] = 0;
    return number_parse(low, &range[0]) && number_parse(colon + 1, &range[1]) && range[0] < range[1];
}

/* "text,audio": those that are not named are left out. */
static bool parse_use(const char *text, bool without[MODALITIES])
{
    for (int m = 0; m < MODALITIES; m++)
        without[m] = true;
    while (*text) {
        size_t length = strcspn(text, ",");
        int found = -1;
        for (int m = 0; m < MODALITIES; m++)
            if (strlen(modality_name((modality)m)) == length && !strncmp(modality_name((modality)m), text, length))
                found = m;
        if (found < 0)
            return false;
        without[found] = false;
        text += length + (text[length] == ',');
    }
    return true;
}

smac_status run_data_options(const data_settings *data, bool skip_bad, dataset_options *out, smac_error *error)
{
    *out = (dataset_options){.path = data->path,
        .layout = data->dataset,
        .task = *data->task ? data->task : NULL,
        .features = *data->features ? data->features : NULL,
        .form = data->form,
        .weight = data->weight,
        .skip_bad = skip_bad};
    if (*data->range && !parse_range(data->range, out->range))
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "the range of %.200s is \"%.60s\", expected its lowest and highest score as LOW:HIGH, like -1:1",
            data->path, data->range);
    if (*data->use && !parse_use(data->use, out->without))
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "of %.200s \"%.60s\" is to be used, expected some of text, audio and vision, like audio,vision", data->path,
            data->use);
    return SMAC_OK;
}

smac_status run_data_read(const run_settings *run, bool skip_bad, const reporter *r, dataset **out, smac_error *error)
{
    dataset_options data[RUN_DATASETS_MAX];
    for (int64_t i = 0; i < run->data_count; i++)
        TRY(run_data_options(&run->data[i], skip_bad, &data[i], error));
    return dataset_read_all(data, (int)run->data_count, r, out, error);
}

/* --- what there is ------------------------------------------------------------------------------------------------ */

/* In which forms a modality comes. */
typedef struct modality_forms {
    bool raw[MODALITIES]; /* as words or media, of a dataset without vectors of the modality */
    vector_forms vectors[MODALITIES];
} modality_forms;

/* The source's first clip with vectors of the modality; NULL: it has none. */
static const dataset_item *find_vectors(const dataset *d, int source, int m)
{
    for (int64_t i = 0; i < d->count; i++)
        if (d->items[i].source == source && d->items[i].features[m].data)
            return &d->items[i];
    return NULL;
}

/* One width within a source. */
static smac_status check_widths(const dataset *d, const dataset_item *first, int m, smac_error *error)
{
    for (int64_t i = 0; i < d->count; i++) {
        const dataset_item *item = &d->items[i];
        if (item->source == first->source && item->features[m].data &&
            item->features[m].width != first->features[m].width)
            return FAIL(error, SMAC_ERROR_MISMATCH,
                "the %s vectors of clip %.100s (line %lld) have %lld values, those of %.100s (line %lld) %lld: give "
                "vectors of one encoder",
                modality_name((modality)m), first->id, (long long)first->line, (long long)first->features[m].width,
                item->id, (long long)item->line, (long long)item->features[m].width);
    }
    return SMAC_OK;
}

/* The source's kind of vectors becomes one of the model's, where it is not one yet. */
static smac_status add_form(const dataset_source *source, int64_t width, int m, vector_forms *forms, smac_error *error)
{
    for (int i = 0; i < forms->count; i++)
        if (forms->of[i].width == width && strcmp(forms->of[i].name, source->form) == 0)
            return SMAC_OK;
    if (forms->count == VECTOR_FORMS_MAX)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "the datasets have more than %d kinds of %s vectors together: leave some out", VECTOR_FORMS_MAX,
            modality_name((modality)m));
    vector_form *form = &forms->of[forms->count++];
    snprintf(form->name, sizeof form->name, "%s", source->form);
    form->width = width;
    return SMAC_OK;
}

/* Which of sound and pictures the source's media have, by looking into the first of them: sets are of one kind of file. */
static void look_into_media(const dataset *d, int source, bool has[MODALITIES])
{
    enum { LOOKED_INTO = 3 };
    int looked = 0;
    for (int64_t i = 0; i < d->count && looked < LOOKED_INTO; i++) {
        const dataset_item *item = &d->items[i];
        media_info info;
        if (item->source != source || !item->media)
            continue;
        looked++;
        bool known = media_probe(item->media, NULL, &info, NULL) == SMAC_OK;
        has[MODALITY_AUDIO] = has[MODALITY_AUDIO] || !known || info.has_sound;
        has[MODALITY_VISION] = has[MODALITY_VISION] || !known || info.has_picture;
    }
    for (int64_t i = 0; i < d->count; i++)
        if (d->items[i].source == source && *d->items[i].text)
            has[MODALITY_TEXT] = true;
}

/* A source that has vectors of a modality uses these alone; another gives words or media to the model's encoder. */
static smac_status look_at_sources(const dataset *d, modality_forms *forms, smac_error *error)
{
    for (int s = 0; s < d->source_count; s++) {
        bool raw[MODALITIES] = {false};
        look_into_media(d, s, raw);
        for (int m = 0; m < MODALITIES; m++) {
            const dataset_item *first = find_vectors(d, s, m);
            forms->raw[m] = forms->raw[m] || (raw[m] && !first);
            if (!first)
                continue;
            TRY(check_widths(d, first, m, error));
            TRY(add_form(&d->sources[s], first->features[m].width, m, &forms->vectors[m], error));
        }
    }
    return SMAC_OK;
}

static bool all_words_are_lowered(const dataset *d)
{
    bool any = false;
    for (int64_t i = 0; i < d->count; i++) {
        if (!*d->items[i].text)
            continue;
        if (!d->sources[d->items[i].source].lowered)
            return false;
        any = true;
    }
    return any;
}

smac_status run_data_decide(
    const dataset *d, configuration *c, vector_forms vectors[MODALITIES], const reporter *r, smac_error *error)
{
    static const char *const names[MODALITIES] = {"words", "sound", "pictures"};
    bool *switches[MODALITIES] = {&c->model.text, &c->model.audio, &c->model.vision};
    modality_forms forms = {{false}, {{.count = 0}}};
    TRY(look_at_sources(d, &forms, error));
    for (int m = 0; m < MODALITIES; m++) {
        vectors[m] = forms.vectors[m];
        vectors[m].alone = !forms.raw[m] && vectors[m].count > 0;
        if (*switches[m] && !forms.raw[m] && !vectors[m].count) {
            *switches[m] = false;
            report_log(r, LOG_INFO, "the data have no %s: the model is built without them", names[m]);
        }
        if (*switches[m] && vectors[m].alone)
            report_log(r, LOG_INFO,
                "%s: the data have ready vectors alone, so the model has no encoder for them and leaves out those of a recording",
                names[m]);
    }
    if (!*switches[0] && !*switches[1] && !*switches[2])
        return FAIL(error, SMAC_ERROR_FORMAT,
            "the data have no words, sound or pictures that are used: look at --use, and at model.text, model.audio and "
            "model.vision");
    c->text.lower_words = c->text.lower_words || all_words_are_lowered(d);
    return SMAC_OK;
}

/* --- encoders from scratch ---------------------------------------------------------------------------------------- */

/* Whether an installed model of a family can be the encoder of a modality. */
static bool family_serves(const char *family, modality m)
{
    if (strcmp(family, "whisper") == 0)
        return m == MODALITY_AUDIO;
    if (strcmp(family, "imagebind") == 0)
        return m != MODALITY_TEXT;
    if (strcmp(family, "mobilenet") == 0)
        return m == MODALITY_VISION;
    return m == MODALITY_TEXT && strcmp(family, "retinaface") != 0;
}

/* The names of the installed models that could be the encoder, "a, b"; empty when there is none. */
static void list_installed(modality m, text_buffer *out)
{
    char **names = NULL;
    size_t count = 0;
    if (models_installed(&names, &count, NULL) != SMAC_OK)
        return;
    for (size_t i = 0; i < count; i++) {
        json_t *manifest = NULL;
        const char *family = models_manifest(names[i], &manifest, NULL) == SMAC_OK
            ? json_string_value(json_object_get(manifest, "family"))
            : NULL;
        if (family && family_serves(family, m))
            text_format(out, "%s%s", out->length ? ", " : "", names[i]);
        json_decref(manifest);
    }
    folder_list_free(names, count);
}

void run_data_note_scratch(const configuration *c, const vector_forms vectors[MODALITIES], const reporter *r)
{
    static const char *const what[MODALITIES] = {"words", "sound", "pictures"};
    const bool has[MODALITIES] = {c->model.text, c->model.audio, c->model.vision};
    const char *encoder[MODALITIES] = {c->text.encoder, c->audio.encoder, c->vision.encoder};
    for (int m = 0; m < MODALITIES; m++) {
        text_buffer names = {0};
        if (!has[m] || *encoder[m] || vectors[m].alone)
            continue;
        list_installed((modality)m, &names);
        if (names.length && !names.failed)
            report_log(r, LOG_INFO,
                "the encoder of %s is trained from scratch, though %s is installed: --set %s.encoder=NAME begins with what "
                "it has learned",
                what[m], names.data, modality_name((modality)m));
        text_free(&names);
    }
}
