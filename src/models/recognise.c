/* models/recognise.c - whether the weights of a folder or a file fit its configuration, and what it is in words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/folder.h"
#include "base/path.h"
#include "encoders/weights_loading.h"
#include "models/models_internal.h"
#include "text/tokenizer.h"

/* --- the tensors that are read ------------------------------------------------------------------------------------ */

typedef struct collector {
    const tensor_file *file;
    read_tensor *items;
    size_t count, capacity;
    size_t *place; /* for each tensor of the file its number among the items, plus 1; 0: not yet */
} collector;

static smac_status collect(collector *c, read_tensor one, smac_error *error)
{
    size_t *place = &c->place[one.source.entry - tensor_file_at(c->file, 0)];
    if (*place > 0) {
        c->items[*place - 1].product &= one.product;
        return SMAC_OK;
    }
    if (!memory_grow((void **)&c->items, &c->capacity, c->count + 1, sizeof *c->items))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a list of tensors");
    c->items[c->count++] = one;
    *place = c->count;
    return SMAC_OK;
}

static smac_status collect_list(collector *c, const parameter_list *list, smac_error *error)
{
    for (size_t i = 0; i < list->count; i++) {
        const listed_parameter *item = &list->items[i];
        read_tensor one = {.product = item->parameter->product};
        TRY(weight_source_find(list, item, c->file, &one.source, error));
        TRY(collect(c, one, error));
    }
    return SMAC_OK;
}

static smac_status collect_vector(void *user, const tensor_entry *entry, smac_error *error)
{
    collector *c = user;
    read_tensor one = {.product = false};
    TRY(weight_source_of(c->file, entry, 0, 1, &one.source, error));
    return collect(c, one, error);
}

/* The tensors of every encoder in the file, by the parameters that it would have. */
static smac_status collect_encoders(collector *c, const encoder_files *f, parameter_store *store, smac_error *error)
{
    smac_status status = SMAC_OK;
    for (int m = 0; m < MODALITIES && status == SMAC_OK; m++) {
        encoder *e = NULL;
        if (f->of[m].kind == NULL)
            continue;
        status = encoder_new(store, modality_name(m), &f->of[m], 0, &e, error);
        if (status == SMAC_OK)
            status = collect_list(c, encoder_parameters(e), error);
        if (status == SMAC_OK)
            status = encoder_visit_more(e, f->file, collect_vector, c, error);
        encoder_free(e);
    }
    return status;
}

static smac_status collect_one(void *user, const tensor_entry *entry, bool matrix, smac_error *error)
{
    collector *c = user;
    read_tensor one = {.product = matrix};
    TRY(weight_source_of(c->file, entry, 0, 1, &one.source, error));
    return collect(c, one, error);
}

static smac_status collect_whisper(collector *c, const whisper_config *config, smac_error *error)
{
    return whisper_visit_file(c->file, config, collect_one, c, error);
}

smac_status models_tensors(const encoder_files *f, read_tensor **out, size_t *count, smac_error *error)
{
    const encoder_config *first = encoder_files_first(f);
    collector c = {.file = f->file, .place = memory_new(tensor_file_count(f->file) + 1, sizeof *c.place)};
    parameter_store *store = parameter_store_new();
    smac_status status = !store || !c.place           ? FAIL(error, SMAC_ERROR_MEMORY, "no memory for a model")
        : encoder_config_describe(first).more_in_file ? collect_whisper(&c, &first->whisper, error)
                                                      : collect_encoders(&c, f, store, error);
    parameter_store_free(store);
    free(c.place);
    if (status != SMAC_OK) {
        free(c.items);
        return status;
    }
    *out = c.items;
    *count = c.count;
    return SMAC_OK;
}

/* --- the summary -------------------------------------------------------------------------------------------------- */

static void write_summary(const encoder_files *f, model_summary *out)
{
    char one[150];
    size_t used = 0;
    snprintf(out->family, sizeof out->family, "%s", encoder_config_describe(encoder_files_first(f)).family);
    snprintf(out->weights, sizeof out->weights, "%s", f->weights);
    for (int m = 0; m < MODALITIES; m++) {
        if (f->of[m].kind == NULL)
            continue;
        encoder_config_details(&f->of[m], one, sizeof one);
        bool named = encoder_config_describe(&f->of[m]).metadata_key != NULL; /* one file may hold two encoders */
        int wrote = snprintf(out->details + used, sizeof out->details - used, "%s%s%s%s", used > 0 ? "; " : "",
            named ? modality_name(m) : "", named ? " " : "", one);
        used += wrote > 0 && (size_t)wrote < sizeof out->details - used ? (size_t)wrote : 0;
    }
}

/* The tokenizer beside a language model or Whisper, which must not have more tokens than there are vectors. */
static smac_status check_tokenizer(const char *path, const encoder_description *d, smac_error *error)
{
    tokenizer *words = NULL;
    smac_status status = tokenizer_open(path, &words, error);
    if (status == SMAC_OK && d->vocabulary > 0 && tokenizer_size(words) > d->vocabulary)
        status = FAIL(error, SMAC_ERROR_MISMATCH,
            "%.500s: the tokenizer has %d tokens, but the weights have vectors for %lld; download both again", path,
            tokenizer_size(words), (long long)d->vocabulary);
    tokenizer_close(words);
    return status;
}

/* The face detector, which is not an encoder: tensors that it alone has. */
static bool recognise_detector(const char *path, model_summary *out)
{
    static const char *const own[] = {"body.stage1.0.0.weight", "fpn.output1.0.weight", "ssh1.conv3X3.0.weight",
        "ClassHead.0.conv1x1.weight", "BboxHead.0.conv1x1.weight", "LandmarkHead.0.conv1x1.weight"};
    static const char *const prefixes[] = {"", "module."};
    tensor_file *file = NULL;
    char **names = NULL, name[64];
    size_t count = 0, found = 0;
    if (encoder_weights_open(path, &file, NULL) != SMAC_OK)
        return false;
    for (size_t p = 0; p < 2 && !found; p++)
        for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
            snprintf(name, sizeof name, "%s%s", prefixes[p], own[i]);
            found += tensor_file_find(file, name) != NULL;
        }
    bool is = found == sizeof own / sizeof *own;
    if (is) {
        snprintf(out->family, sizeof out->family, "retinaface");
        snprintf(out->details, sizeof out->details, "face detector, %zu tensors", tensor_file_count(file));
        for (size_t i = 0; i < tensor_file_count(file); i++)
            out->parameters += tensor_file_at(file, i)->count;
        if (!file_is_folder(path))
            snprintf(out->weights, sizeof out->weights, "%.120s", path_base(path));
        else if (models_files(path, &names, &count, NULL) == SMAC_OK && count > 0)
            snprintf(out->weights, sizeof out->weights, "%.120s", names[0]);
        folder_list_free(names, count);
    }
    tensor_file_close(file);
    return is;
}

smac_status models_recognise(const char *path, model_summary *out, smac_error *error)
{
    encoder_files f;
    read_tensor *tensors = NULL;
    size_t count = 0;
    memset(out, 0, sizeof *out);
    if (recognise_detector(path, out))
        return SMAC_OK;
    TRY(encoder_files_open(path, &f, error));
    encoder_description d = encoder_config_describe(encoder_files_first(&f));
    smac_status status = models_tensors(&f, &tensors, &count, error);
    error_context(error, status, "%.500s", path);
    if (status == SMAC_OK && (d.vocabulary > 0 || d.more_in_file))
        status = check_tokenizer(path, &d, error);
    if (status == SMAC_OK)
        write_summary(&f, out);
    for (size_t i = 0; status == SMAC_OK && i < count; i++)
        out->parameters += tensors[i].source.count;
    free(tensors);
    encoder_files_close(&f);
    return status;
}
