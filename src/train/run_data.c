/* train/run_data.c - what a run's datasets hold, and what that decides about the model. */
#include "train/run_data.h"

#include <string.h>

#include "base/folder.h"
#include "base/text.h"
#include "media/media.h"
#include "models/models.h"

dataset_options run_data_options(const data_settings *data, bool skip_bad)
{
    return (dataset_options){.path = data->path,
        .layout = data->dataset,
        .task = *data->task ? data->task : NULL,
        .features = *data->features ? data->features : NULL,
        .weight = data->weight,
        .skip_bad = skip_bad};
}

smac_status run_data_read(const run_settings *run, bool skip_bad, const reporter *r, dataset **out, smac_error *error)
{
    dataset_options data[RUN_DATASETS_MAX];
    for (int64_t i = 0; i < run->data_count; i++)
        data[i] = run_data_options(&run->data[i], skip_bad);
    return dataset_read_all(data, (int)run->data_count, r, out, error);
}

/* --- what there is ------------------------------------------------------------------------------------------------ */

/* In which forms a modality comes, each by the first clip that has it so. */
typedef struct modality_forms {
    const dataset_item *raw[MODALITIES], *features[MODALITIES];
} modality_forms;

/* Which of sound and pictures media have, by looking into the first of each source: sets are of one kind of file. */
static void look_into_media(const dataset *d, int source, modality_forms *forms)
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
        if ((!known || info.has_sound) && !forms->raw[MODALITY_AUDIO])
            forms->raw[MODALITY_AUDIO] = item;
        if ((!known || info.has_picture) && !forms->raw[MODALITY_VISION])
            forms->raw[MODALITY_VISION] = item;
    }
}

static smac_status look_at_clips(
    const dataset *d, modality_forms *forms, int64_t feature_width[MODALITIES], smac_error *error)
{
    for (int64_t i = 0; i < d->count; i++) {
        const dataset_item *item = &d->items[i];
        for (int m = 0; m < MODALITIES; m++) {
            const feature_sequence *f = &item->features[m];
            if (!f->data)
                continue;
            if (forms->features[m] && feature_width[m] != f->width)
                return FAIL(error, SMAC_ERROR_MISMATCH,
                    "the %s vectors of clip %.100s (line %lld) have %lld values, those of %.100s (line %lld) %lld: give "
                    "vectors of one encoder",
                    modality_name((modality)m), forms->features[m]->id, (long long)forms->features[m]->line,
                    (long long)feature_width[m], item->id, (long long)item->line, (long long)f->width);
            feature_width[m] = f->width;
            if (!forms->features[m])
                forms->features[m] = item;
        }
        if (*item->text && !item->features[MODALITY_TEXT].data && !forms->raw[MODALITY_TEXT])
            forms->raw[MODALITY_TEXT] = item;
    }
    for (int s = 0; s < d->source_count; s++)
        look_into_media(d, s, forms);
    return SMAC_OK;
}

/* Clips of one dataset use its vectors where it has them; another dataset must have them too, or nothing. */
static smac_status check_forms(const dataset *d, const modality_forms *forms, smac_error *error)
{
    for (int64_t i = 0; i < d->count; i++) {
        const dataset_item *item = &d->items[i];
        for (int m = 0; m < MODALITIES; m++) {
            const dataset_item *other = forms->features[m];
            bool raw = m == MODALITY_TEXT ? *item->text != 0 : item->media && forms->raw[m];
            if (other && other->source != item->source && raw && !item->features[m].data)
                return FAIL(error, SMAC_ERROR_MISMATCH,
                    "dataset %s gives %s as vectors, but %s as %s: a model takes a modality in one form, so train them "
                    "apart or give vectors for both",
                    d->sources[other->source].name, modality_name((modality)m), d->sources[item->source].name,
                    m == MODALITY_TEXT ? "words" : "media");
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
    const dataset *d, configuration *c, int64_t feature_width[MODALITIES], const reporter *r, smac_error *error)
{
    static const char *const names[MODALITIES] = {"words", "sound", "pictures"};
    bool *switches[MODALITIES] = {&c->model.text, &c->model.audio, &c->model.vision};
    modality_forms forms = {{NULL}, {NULL}};
    memset(feature_width, 0, MODALITIES * sizeof *feature_width);
    TRY(look_at_clips(d, &forms, feature_width, error));
    TRY(check_forms(d, &forms, error));
    for (int m = 0; m < MODALITIES; m++) {
        if (*switches[m] && !forms.raw[m] && !forms.features[m]) {
            *switches[m] = false;
            report_log(r, LOG_INFO, "the data have no %s: the model is built without them", names[m]);
        }
    }
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
    return m == MODALITY_TEXT;
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

void run_data_note_scratch(const configuration *c, const int64_t feature_width[MODALITIES], const reporter *r)
{
    static const char *const what[MODALITIES] = {"words", "sound", "pictures"};
    const bool has[MODALITIES] = {c->model.text, c->model.audio, c->model.vision};
    const char *encoder[MODALITIES] = {c->text.encoder, c->audio.encoder, c->vision.encoder};
    for (int m = 0; m < MODALITIES; m++) {
        text_buffer names = {0};
        if (!has[m] || *encoder[m] || feature_width[m] > 0)
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
