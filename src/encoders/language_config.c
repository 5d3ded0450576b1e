/* encoders/language_config.c - a language model's sizes: config.json both ways by its family's table of keys, checks. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encoders/language_family.h"

/* --- activations -------------------------------------------------------------------------------------------------- */

/* The first name of each is the one that is written. */
static const struct {
    const char *name;
    activation activation;
} activations[] = {{"gelu", ACTIVATION_GELU}, {"gelu_new", ACTIVATION_GELU_TANH}, {"relu", ACTIVATION_RELU},
    {"tanh", ACTIVATION_TANH}, {"sigmoid", ACTIVATION_SIGMOID}, {"linear", ACTIVATION_NONE}, {"silu", ACTIVATION_SILU},
    {"quick_gelu", ACTIVATION_QUICK_GELU}, {"swish", ACTIVATION_SILU}, {"gelu_pytorch_tanh", ACTIVATION_GELU_TANH},
    {"gelu_fast", ACTIVATION_GELU_TANH}, {"gelu_accurate", ACTIVATION_GELU_TANH}, {"gelu_python", ACTIVATION_GELU},
    {"gelu_python_tanh", ACTIVATION_GELU_TANH}};
enum { ACTIVATIONS = sizeof activations / sizeof *activations };

const char *config_activation_name(activation a)
{
    size_t i = 0;
    while (i < ACTIVATIONS - 1 && activations[i].activation != a)
        i++;
    return activations[i].name;
}

void config_read_activation(config_reader *r, const char *key, const char *name, activation *out)
{
    for (size_t i = 0; i < ACTIVATIONS; i++)
        if (strcmp(name, activations[i].name) == 0) {
            *out = activations[i].activation;
            return;
        }
    if (r->status == SMAC_OK)
        r->status = FAIL(r->error, SMAC_ERROR_UNSUPPORTED, "the activation \"%s\" of %s is not supported", name, key);
}

/* --- reading single keys ------------------------------------------------------------------------------------------ */

void config_read_integer(config_reader *r, const char *key, int64_t *out)
{
    if (r->status == SMAC_OK)
        r->status = json_get_integer(r->json, key, *out, out, r->error);
}

void config_read_flag(config_reader *r, const char *key, bool *out)
{
    if (r->status == SMAC_OK)
        r->status = json_get_bool(r->json, key, *out, out, r->error);
}

const char *config_read_text(config_reader *r, const char *key)
{
    const char *value = NULL;
    if (r->status == SMAC_OK)
        r->status = json_get_text(r->json, key, false, &value, r->error);
    return value;
}

static void read_number(config_reader *r, const char *key, float *out)
{
    double value = (double)*out;
    if (r->status == SMAC_OK)
        r->status = json_get_number(r->json, key, value, &value, r->error);
    if (r->status == SMAC_OK && fabs(value) > 1e30)
        r->status = FAIL(r->error, SMAC_ERROR_FORMAT, "\"%s\" must be a number of at most 1e30", key);
    *out = (float)value + 0.0f; /* minus zero is zero */
}

/* A key that has one supported value: another one is refused with both. */
static void check_only(config_reader *r, const config_key *k)
{
    char have[100];
    int64_t integer = strtoll(k->only, NULL, 10);
    bool flag = strcmp(k->only, "true") == 0;
    const char *text = k->only;
    if (k->kind == CONFIG_ONLY_INTEGER) {
        config_read_integer(r, k->name, &integer);
        snprintf(have, sizeof have, "%lld", (long long)integer);
    } else if (k->kind == CONFIG_ONLY_FLAG) {
        config_read_flag(r, k->name, &flag);
        snprintf(have, sizeof have, "%s", flag ? "true" : "false");
    } else {
        const char *found = config_read_text(r, k->name);
        snprintf(have, sizeof have, "%.90s", found != NULL ? found : text);
    }
    if (r->status == SMAC_OK && strcmp(have, k->only) != 0)
        r->status =
            FAIL(r->error, SMAC_ERROR_UNSUPPORTED, "%s is %s, but only %s is supported", k->name, have, k->only);
}

static void read_key(config_reader *r, const config_key *k, language_model_config *c)
{
    void *field = (char *)c + k->offset;
    switch (k->kind) {
    case CONFIG_INTEGER:
    case CONFIG_INTEGER_READ:
        config_read_integer(r, k->name, field);
        break;
    case CONFIG_NUMBER:
        read_number(r, k->name, field);
        break;
    case CONFIG_NUMBER_WRITTEN:
        break;
    case CONFIG_FLAG:
        config_read_flag(r, k->name, field);
        break;
    case CONFIG_FLAG_INVERSE: {
        bool value = !*(bool *)field;
        config_read_flag(r, k->name, &value);
        *(bool *)field = !value;
        break;
    }
    case CONFIG_ACTIVATION: {
        const char *name = config_read_text(r, k->name);
        if (name != NULL)
            config_read_activation(r, k->name, name, field);
        break;
    }
    case CONFIG_ONLY_INTEGER:
    case CONFIG_ONLY_FLAG:
    case CONFIG_ONLY_TEXT:
        check_only(r, k);
        break;
    }
}

/* --- reading a configuration -------------------------------------------------------------------------------------- */

/* What a field holds until it is read or follows from others: no file can say it. */
#define FOLLOWS INT64_MIN

static void set_common(const language_family *f, language_model_config *c)
{
    bool bucketed = f->relative == RELATIVE_BIAS;
    *c = (language_model_config){.family = f,
        .vocabulary = 30522,
        .width = 768,
        .embedding_width = FOLLOWS,
        .layers = 12,
        .heads = 12,
        .head_width = FOLLOWS,
        .hidden = f->wide_hidden ? FOLLOWS : 3072,
        .positions = f->names.position_table != NULL ? 512 : 0,
        .token_types = f->names.type_table != NULL ? 2 : 0,
        .pad_id = -1,
        .buckets = bucketed ? 32 : 0,
        .bucket_distance = bucketed ? 128 : 0,
        .groups = FOLLOWS,
        .inner_groups = 1,
        .activation = ACTIVATION_GELU,
        .norm_epsilon = 1e-12f,
        .dropout = 0.1f,
        .attention_dropout = NAN,
        .initial_scale = 0.02f};
}

static void set_following(language_model_config *c)
{
    if (c->embedding_width == FOLLOWS)
        c->embedding_width = c->width;
    if (c->groups == FOLLOWS)
        c->groups = c->layers;
    if (c->head_width == FOLLOWS)
        c->head_width = c->heads > 0 ? c->width / c->heads : 0;
    if (c->hidden == FOLLOWS)
        c->hidden = c->width > 0 && c->width < INT64_MAX / 4 ? 4 * c->width : 0;
    if (isnan(c->attention_dropout))
        c->attention_dropout = c->dropout;
}

/* Members of from that are not null replace those of to; a key's other name becomes its own. */
static bool merge(const language_family *f, json_t *to, json_t *from)
{
    const char *name;
    json_t *value;
    bool whole = from != NULL;
    for (const config_key *k = f->keys; whole && k->name != NULL; k++) {
        value = k->other != NULL ? json_object_get(from, k->other) : NULL;
        if (value != NULL && !json_is_null(value))
            whole = json_object_set(to, k->name, value) == 0;
    }
    json_object_foreach(from, name, value) if (whole && !json_is_null(value)) whole =
        json_object_set(to, name, value) == 0;
    return whole;
}

static bool merge_text(const language_family *f, json_t *to, const char *members)
{
    char text[600];
    if (members == NULL)
        return true;
    snprintf(text, sizeof text, "{%s}", members);
    json_t *from = json_loads(text, 0, NULL);
    bool merged = merge(f, to, from);
    json_decref(from);
    return merged;
}

/* said: the file's own object, or NULL for the published base size. */
static smac_status read_config(const language_family *f, json_t *said, language_model_config *out, smac_error *error)
{
    config_reader r = {.json = json_object(), .error = error};
    bool whole = r.json != NULL && merge_text(f, r.json, f->missing) &&
        (said != NULL ? merge(f, r.json, said) : merge_text(f, r.json, f->base));
    if (!whole)
        r.status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for a language model's configuration");
    set_common(f, out);
    for (const config_key *k = f->keys; whole && k->name != NULL; k++)
        read_key(&r, k, out);
    if (whole && f->read != NULL)
        f->read(&r, out);
    set_following(out);
    json_decref(r.json);
    return r.status;
}

/* By model_type; without one (files from before it existed) by the class that "architectures" names. */
static smac_status find_family(json_t *root, const language_family **out, smac_error *error)
{
    const char *type = NULL;
    const char *class = json_string_value(json_array_get(json_object_get(root, "architectures"), 0));
    TRY(json_get_text(root, "model_type", false, &type, error));
    *out = type != NULL ? language_family_find(type) : class != NULL ? language_family_of_class(class) : NULL;
    if (*out != NULL)
        return SMAC_OK;
    text_buffer names = {0};
    for (size_t i = 0; language_family_at(i) != NULL; i++)
        text_format(&names, "%s%s", i > 0 ? ", " : "", language_family_at(i)->name);
    const char *known = names.data ? names.data : "";
    if (type != NULL)
        FAIL(error, SMAC_ERROR_UNSUPPORTED, "model_type is \"%.100s\", but supported are %s", type, known);
    else if (class != NULL)
        FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "there is no model_type, and the architecture \"%.100s\" is of none that is supported: %s", class, known);
    else
        FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "there is neither model_type nor architectures, one of which must name the kind of model: %s", known);
    text_free(&names);
    return SMAC_ERROR_UNSUPPORTED;
}

smac_status language_model_config_parse(const char *json, size_t size, language_model_config *out, smac_error *error)
{
    json_t *root;
    const language_family *family = NULL;
    language_model_config c;
    TRY(json_parse_object(json, size, "the configuration", &root, error));
    smac_status status = find_family(root, &family, error);
    if (status == SMAC_OK)
        status = read_config(family, root, &c, error);
    json_decref(root);
    TRY(status);
    TRY(language_model_config_check(&c, error));
    *out = c;
    return SMAC_OK;
}

smac_status language_model_config_base(const language_family *family, language_model_config *out, smac_error *error)
{
    return read_config(family, NULL, out, error);
}

smac_status language_model_config_tiny(int64_t vocabulary, language_model_config *out, smac_error *error)
{
    TRY(language_model_config_base(language_family_find("bert"), out, error));
    out->vocabulary = vocabulary;
    out->width = out->embedding_width = 64;
    out->layers = out->groups = 2;
    out->heads = 4;
    out->head_width = 16;
    out->hidden = 256;
    out->positions = 128;
    out->initial_scale = 0;
    return SMAC_OK;
}

/* --- checking ----------------------------------------------------------------------------------------------------- */

typedef struct sized_field {
    const char *name;
    size_t offset;
    int64_t least;
} sized_field;

#define SIZED(field, least)                                   \
    {                                                         \
#field, offsetof(language_model_config, field), least \
    }
static const sized_field sized_fields[] = {SIZED(vocabulary, 1), SIZED(width, 1), SIZED(embedding_width, 1),
    SIZED(layers, 1), SIZED(heads, 1), SIZED(head_width, 1), SIZED(hidden, 1), SIZED(positions, 0),
    SIZED(token_types, 0), SIZED(buckets, 0), SIZED(bucket_distance, 0), SIZED(groups, 1), SIZED(inner_groups, 1)};

/* The field's key in config.json, else its own name. */
static const char *key_of(const language_family *f, const sized_field *field)
{
    for (const config_key *k = f->keys; k->name != NULL; k++)
        if ((k->kind == CONFIG_INTEGER || k->kind == CONFIG_INTEGER_READ) && k->offset == field->offset)
            return k->name;
    return field->name;
}

static const int64_t huge = 1 << 24; /* beyond any known model, and products of two of them fit in 64 bits */

static smac_status check_fields(const language_model_config *c, smac_error *error)
{
    for (size_t i = 0; i < sizeof sized_fields / sizeof *sized_fields; i++) {
        const sized_field *f = &sized_fields[i];
        int64_t value = *(const int64_t *)((const char *)c + f->offset);
        if (value < f->least || value > huge)
            return FAIL(error, SMAC_ERROR_ARGUMENT,
                "a language model's %s (%s) is %lld, but must be between %lld and %lld", f->name, key_of(c->family, f),
                (long long)value, (long long)f->least, (long long)huge);
    }
    if (c->pad_id < -1 || c->pad_id > huge)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "a language model's padding id is %lld, but must be between -1 and %lld", (long long)c->pad_id,
            (long long)huge);
    if (!(c->norm_epsilon > 0 && c->norm_epsilon < 1) || !(c->dropout >= 0 && c->dropout < 1) ||
        !(c->attention_dropout >= 0 && c->attention_dropout < 1))
        return FAIL(error, SMAC_ERROR_ARGUMENT, "norm epsilon %g must be in (0, 1), dropouts %g and %g in [0, 1)",
            (double)c->norm_epsilon, (double)c->dropout, (double)c->attention_dropout);
    return SMAC_OK;
}

static smac_status check_blocks(const language_model_config *c, smac_error *error)
{
    if (!c->family->own_head_width && c->heads * c->head_width != c->width)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "a width of %lld does not divide into %lld heads of %lld",
            (long long)c->width, (long long)c->heads, (long long)c->head_width);
    if (c->convolution < 0 || c->convolution > 255 || (c->convolution > 0 && c->convolution % 2 == 0))
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "a convolution over %lld words was given, but an odd number up to 255 is needed",
            (long long)c->convolution);
    if (c->layers > 1024)
        return FAIL(
            error, SMAC_ERROR_ARGUMENT, "%lld layers are more than the 1024 that are supported", (long long)c->layers);
    if (c->groups > c->layers || c->layers % c->groups != 0)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%lld layers do not divide evenly into %lld groups",
            (long long)c->layers, (long long)c->groups);
    if (c->groups * c->inner_groups > 1024)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%lld groups of %lld blocks are more than the 1024 that are supported",
            (long long)c->groups, (long long)c->inner_groups);
    return SMAC_OK;
}

static smac_status check_positions(const language_model_config *c, smac_error *error)
{
    const language_family *f = c->family;
    if (f->names.position_table != NULL && !f->positions_optional && c->positions <= c->pad_id + 1)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%lld positions leave none for words", (long long)c->positions);
    bool enough = true;
    if (f->relative == RELATIVE_BIAS)
        enough = c->buckets >= 4 && c->bucket_distance > c->buckets / 4;
    else if (f->relative == RELATIVE_DISENTANGLED)
        enough = c->bucket_distance >= 1 &&
            (c->buckets == 0 || (c->buckets >= 4 && c->bucket_distance > c->buckets / 2 + 1));
    return enough
        ? SMAC_OK
        : FAIL(error, SMAC_ERROR_ARGUMENT, "%lld relative position buckets up to distance %lld are too few or too many",
              (long long)c->buckets, (long long)c->bucket_distance);
}

smac_status language_model_config_check(const language_model_config *c, smac_error *error)
{
    if (c->family == NULL)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "a language model's configuration has no family");
    TRY(check_fields(c, error));
    TRY(check_blocks(c, error));
    return check_positions(c, error);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

void config_put_integer(text_buffer *b, const char *key, int64_t value)
{
    text_format(b, ", \"%s\": %lld", key, (long long)value);
}

void config_put_text(text_buffer *b, const char *key, const char *value)
{
    text_format(b, ", \"%s\": \"%s\"", key, value);
}

void config_put_flag(text_buffer *b, const char *key, bool value)
{
    text_format(b, ", \"%s\": %s", key, value ? "true" : "false");
}

static void write_key(const config_key *k, const language_model_config *c, text_buffer *b)
{
    const void *field = (const char *)c + k->offset;
    switch (k->kind) {
    case CONFIG_INTEGER:
        config_put_integer(b, k->name, *(const int64_t *)field);
        break;
    case CONFIG_INTEGER_READ:
        break;
    case CONFIG_NUMBER:
    case CONFIG_NUMBER_WRITTEN: /* nine digits read back as the same float */
        text_format(b, ", \"%s\": %.9g", k->name, (double)*(const float *)field);
        break;
    case CONFIG_FLAG:
        config_put_flag(b, k->name, *(const bool *)field);
        break;
    case CONFIG_FLAG_INVERSE:
        config_put_flag(b, k->name, !*(const bool *)field);
        break;
    case CONFIG_ACTIVATION:
        config_put_text(b, k->name, config_activation_name(*(const activation *)field));
        break;
    case CONFIG_ONLY_INTEGER:
    case CONFIG_ONLY_FLAG:
        text_format(b, ", \"%s\": %s", k->name, k->only);
        break;
    case CONFIG_ONLY_TEXT:
        config_put_text(b, k->name, k->only);
        break;
    }
}

void language_model_config_to_json(const language_model_config *c, text_buffer *out)
{
    text_format(out, "{\"model_type\": \"%s\"", c->family->name);
    for (const config_key *k = c->family->keys; k->name != NULL; k++)
        write_key(k, c, out);
    if (c->family->write != NULL)
        c->family->write(c, out);
    text_add(out, "}");
}
