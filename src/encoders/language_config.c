/* encoders/language_config.c - a language model's sizes: published ones, tiny ones, and config.json both ways. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "encoders/language_model.h"

static const char *const family_names_list[FAMILY_COUNT] = {
    "bert", "distilbert", "roberta", "xlm-roberta", "mpnet", "albert", "deberta-v2", "xlnet", "gpt2", "t5"};

const char *language_family_name(language_family family)
{
    return (unsigned)family < FAMILY_COUNT ? family_names_list[family] : NULL;
}

void language_model_config_base(language_family family, language_model_config *out)
{
    language_model_config c = {.family = family,
        .vocabulary = 30522,
        .width = 768,
        .embedding_width = 768,
        .layers = 12,
        .heads = 12,
        .head_width = 64,
        .hidden = 3072,
        .positions = 512,
        .token_types = 2,
        .pad_id = -1,
        .groups = 12,
        .inner_groups = 1,
        .activation = ACTIVATION_GELU,
        .norm_epsilon = 1e-12f,
        .dropout = 0.1f,
        .attention_dropout = 0.1f,
        .initial_scale = 0.02f};
    switch (family) {
    case FAMILY_BERT:
    case FAMILY_COUNT:
        break;
    case FAMILY_DISTILBERT:
        c.layers = c.groups = 6;
        c.token_types = 0;
        break;
    case FAMILY_ROBERTA:
    case FAMILY_XLM_ROBERTA:
        c.vocabulary = family == FAMILY_ROBERTA ? 50265 : 250002;
        c.positions = 514;
        c.token_types = 1;
        c.pad_id = 1;
        c.norm_epsilon = 1e-5f;
        break;
    case FAMILY_MPNET:
        c.vocabulary = 30527;
        c.positions = 514;
        c.token_types = 0;
        c.pad_id = 1;
        c.buckets = 32;
        c.bucket_distance = 128;
        c.norm_epsilon = 1e-5f;
        break;
    case FAMILY_ALBERT:
        c.vocabulary = 30000;
        c.embedding_width = 128;
        c.groups = 1;
        c.activation = ACTIVATION_GELU_TANH;
        c.dropout = c.attention_dropout = 0;
        break;
    case FAMILY_DEBERTA_V2:
        c.vocabulary = 128100;
        c.positions = 0;
        c.token_types = 0;
        c.buckets = 256;
        c.bucket_distance = 512;
        c.shared_position_projection = c.content_to_position = c.position_to_content = c.relative_norm = true;
        c.norm_epsilon = 1e-7f;
        break;
    case FAMILY_XLNET:
        c.vocabulary = 32000;
        c.positions = 0;
        c.token_types = 0;
        break;
    case FAMILY_GPT2:
        c.vocabulary = 50257;
        c.positions = 1024;
        c.token_types = 0;
        c.activation = ACTIVATION_GELU_TANH;
        c.norm_epsilon = 1e-5f;
        break;
    case FAMILY_T5:
        c.vocabulary = 32128;
        c.positions = 0;
        c.token_types = 0;
        c.buckets = 32;
        c.bucket_distance = 128;
        c.activation = ACTIVATION_RELU;
        c.norm_epsilon = 1e-6f;
        break;
    }
    *out = c;
}

void language_model_config_tiny(int64_t vocabulary, language_model_config *out)
{
    language_model_config_base(FAMILY_BERT, out);
    out->vocabulary = vocabulary;
    out->width = out->embedding_width = 64;
    out->layers = out->groups = 2;
    out->heads = 4;
    out->head_width = 16;
    out->hidden = 256;
    out->positions = 128;
    out->initial_scale = 0;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

typedef struct config_reader {
    json_t *json;
    smac_status status;
    smac_error *error;
} config_reader;

/* The second key where the first is missing or null. */
static const char *key_in_use(const config_reader *r, const char *key, const char *other)
{
    const json_t *v = json_object_get(r->json, key);
    return other != NULL && (v == NULL || json_is_null(v)) ? other : key;
}

/* A key that is missing or null leaves *out: transformers' default. */
static void read_integer(config_reader *r, const char *key, const char *other, int64_t *out)
{
    if (r->status == SMAC_OK)
        r->status = json_get_integer(r->json, key_in_use(r, key, other), *out, out, r->error);
}

static void read_number(config_reader *r, const char *key, const char *other, float *out)
{
    double value = (double)*out;
    if (r->status == SMAC_OK)
        r->status = json_get_number(r->json, key_in_use(r, key, other), value, &value, r->error);
    if (r->status == SMAC_OK && fabs(value) > 1e30)
        r->status = FAIL(r->error, SMAC_ERROR_FORMAT, "\"%s\" must be a number of at most 1e30", key);
    *out = (float)value + 0.0f; /* minus zero is zero */
}

static bool read_flag(config_reader *r, const char *key, bool standard)
{
    bool value = standard;
    if (r->status == SMAC_OK)
        r->status = json_get_bool(r->json, key, standard, &value, r->error);
    return value;
}

static const char *read_text(config_reader *r, const char *key, const char *standard)
{
    const char *value = NULL;
    if (r->status == SMAC_OK)
        r->status = json_get_text(r->json, key, false, &value, r->error);
    return value != NULL ? value : standard;
}

/* A key that changes what the model computes and is not built: only its ordinary value may stand there. */
static void refuse_flag(config_reader *r, const char *key, bool ordinary)
{
    if (r->status == SMAC_OK && read_flag(r, key, ordinary) != ordinary)
        r->status = FAIL(r->error, SMAC_ERROR_UNSUPPORTED, "%s is %s, but only %s is supported", key,
            ordinary ? "false" : "true", ordinary ? "true" : "false");
}

static void refuse_text(config_reader *r, const char *key, const char *ordinary)
{
    const char *have = read_text(r, key, ordinary);
    if (r->status == SMAC_OK && strcmp(have, ordinary) != 0)
        r->status =
            FAIL(r->error, SMAC_ERROR_UNSUPPORTED, "%s is \"%s\", but only \"%s\" is supported", key, have, ordinary);
}

static void refuse_integer(config_reader *r, const char *key, int64_t ordinary)
{
    int64_t have = ordinary;
    read_integer(r, key, NULL, &have);
    if (r->status == SMAC_OK && have != ordinary)
        r->status = FAIL(r->error, SMAC_ERROR_UNSUPPORTED, "%s is %lld, but only %lld is supported", key,
            (long long)have, (long long)ordinary);
}

static const struct {
    const char *name;
    activation activation;
} activations[] = {{"gelu", ACTIVATION_GELU}, {"gelu_new", ACTIVATION_GELU_TANH},
    {"gelu_pytorch_tanh", ACTIVATION_GELU_TANH}, {"gelu_fast", ACTIVATION_GELU_TANH},
    {"gelu_accurate", ACTIVATION_GELU_TANH}, {"gelu_python", ACTIVATION_GELU},
    {"gelu_python_tanh", ACTIVATION_GELU_TANH}, {"relu", ACTIVATION_RELU}, {"tanh", ACTIVATION_TANH},
    {"sigmoid", ACTIVATION_SIGMOID}, {"linear", ACTIVATION_NONE}, {"silu", ACTIVATION_SILU}, {"swish", ACTIVATION_SILU},
    {"quick_gelu", ACTIVATION_QUICK_GELU}};

/* name: what the key has, or is taken to have */
static void take_activation(config_reader *r, const char *key, const char *name, activation *out)
{
    for (size_t i = 0; i < sizeof activations / sizeof activations[0]; i++)
        if (strcmp(name, activations[i].name) == 0) {
            *out = activations[i].activation;
            return;
        }
    r->status = FAIL(r->error, SMAC_ERROR_UNSUPPORTED, "the activation \"%s\" of %s is not supported", name, key);
}

static void read_activation(config_reader *r, const char *key, activation *out)
{
    const char *name = read_text(r, key, NULL);
    if (r->status == SMAC_OK && name != NULL)
        take_activation(r, key, name, out);
}

/* The keys that BERT's descendants share. */
static void read_bert_like(config_reader *r, language_model_config *c)
{
    read_integer(r, "hidden_size", NULL, &c->width);
    read_integer(r, "num_hidden_layers", NULL, &c->layers);
    read_integer(r, "num_attention_heads", NULL, &c->heads);
    read_integer(r, "intermediate_size", NULL, &c->hidden);
    read_integer(r, "max_position_embeddings", NULL, &c->positions);
    read_activation(r, "hidden_act", &c->activation);
    read_number(r, "layer_norm_eps", NULL, &c->norm_epsilon);
    read_number(r, "hidden_dropout_prob", NULL, &c->dropout);
    read_number(r, "attention_probs_dropout_prob", NULL, &c->attention_dropout);
    c->embedding_width = c->width;
}

/* "c2p", "p2c", or several with | between them: DeBERTa's terms of the attention's score beside content to content. */
static void read_score_terms(config_reader *r, const char *text, language_model_config *c)
{
    for (const char *at = text ? text : "?"; *at && r->status == SMAC_OK;) {
        size_t length = strcspn(at, "|");
        if (length == 3 && strncmp(at, "c2p", 3) == 0)
            c->content_to_position = true;
        else if (length == 3 && strncmp(at, "p2c", 3) == 0)
            c->position_to_content = true;
        else
            r->status =
                FAIL(r->error, SMAC_ERROR_UNSUPPORTED, "pos_att_type has \"%.40s\"; c2p and p2c are supported", at);
        at += length + (at[length] == '|');
    }
}

/* "none" or "layer_norm", in any case; transformers looks for the latter among words with | between them. */
static void read_relative_norm(config_reader *r, language_model_config *c)
{
    const char *kind = read_text(r, "norm_rel_ebd", "none");
    c->relative_norm = strcasecmp(kind, "layer_norm") == 0;
    if (r->status == SMAC_OK && !c->relative_norm && strcasecmp(kind, "none") != 0)
        r->status = FAIL(r->error, SMAC_ERROR_UNSUPPORTED,
            "norm_rel_ebd is \"%s\", but only \"none\" and \"layer_norm\" are supported", kind);
}

static void read_deberta(config_reader *r, language_model_config *c)
{
    int64_t table = 512, distance = -1, types = 0;
    read_bert_like(r, c);
    table = c->positions;
    read_integer(r, "max_relative_positions", NULL, &distance);
    read_integer(r, "position_buckets", NULL, &c->buckets);
    read_integer(r, "type_vocab_size", NULL, &types);
    read_integer(r, "embedding_size", NULL, &c->embedding_width);
    if (!read_flag(r, "position_biased_input", true))
        c->positions = 0;
    c->token_types = types;
    c->bucket_distance = distance < 1 ? table : distance;
    if (c->buckets < 1)
        c->buckets = 0;
    c->shared_position_projection = read_flag(r, "share_att_key", false);
    c->content_to_position = c->position_to_content = false;
    if (!read_flag(r, "relative_attention", false) && r->status == SMAC_OK)
        r->status = FAIL(r->error, SMAC_ERROR_UNSUPPORTED,
            "relative_attention is not true, but DeBERTa-v2 and v3 are supported with it alone");
    read_relative_norm(r, c);
    read_integer(r, "conv_kernel_size", NULL, &c->convolution);
    if (c->convolution < 0)
        c->convolution = 0;
    if (c->convolution > 0) {
        c->convolution_activation = ACTIVATION_TANH;
        read_activation(r, "conv_act", &c->convolution_activation);
        refuse_integer(r, "conv_groups", 1);
    }
    json_t *kinds = json_object_get(r->json, "pos_att_type");
    if (json_is_string(kinds))
        read_score_terms(r, json_string_value(kinds), c);
    for (size_t i = 0; json_is_array(kinds) && i < json_array_size(kinds); i++)
        read_score_terms(r, json_string_value(json_array_get(kinds, i)), c);
}

/* What transformers takes for keys that are missing, where that is not the published base size. */
static void set_missing(language_model_config *c)
{
    switch (c->family) {
    case FAMILY_ROBERTA:
    case FAMILY_XLM_ROBERTA:
        c->vocabulary = c->family == FAMILY_ROBERTA ? 50265 : 30522;
        c->positions = 512;
        c->token_types = 2;
        c->norm_epsilon = 1e-12f;
        break;
    case FAMILY_MPNET:
        c->positions = 512;
        c->norm_epsilon = 1e-12f;
        break;
    case FAMILY_ALBERT:
        c->width = 4096;
        c->heads = 64;
        c->hidden = 16384;
        break;
    case FAMILY_DEBERTA_V2:
        c->width = 1536;
        c->layers = c->heads = 24;
        c->hidden = 6144;
        c->positions = 512;
        c->buckets = -1;
        break;
    case FAMILY_XLNET:
        c->width = 1024;
        c->layers = 24;
        c->heads = 16;
        c->hidden = 4096;
        break;
    case FAMILY_T5:
        c->width = 512;
        c->layers = 6;
        c->heads = 8;
        c->hidden = 2048;
        break;
    default:
        break;
    }
}

static void read_family(config_reader *r, language_model_config *c)
{
    set_missing(c);
    read_integer(r, "vocab_size", c->family == FAMILY_XLNET ? "n_token" : NULL, &c->vocabulary);
    switch (c->family) {
    case FAMILY_BERT:
    case FAMILY_ROBERTA:
    case FAMILY_XLM_ROBERTA:
    case FAMILY_ALBERT:
        read_bert_like(r, c);
        read_integer(r, "type_vocab_size", NULL, &c->token_types);
        refuse_text(r, "position_embedding_type", "absolute");
        refuse_flag(r, "is_decoder", false);
        if (c->family == FAMILY_ALBERT) {
            c->embedding_width = 128;
            read_integer(r, "embedding_size", NULL, &c->embedding_width);
            read_integer(r, "num_hidden_groups", NULL, &c->groups);
            read_integer(r, "inner_group_num", NULL, &c->inner_groups);
        } else if (c->family != FAMILY_BERT) {
            read_integer(r, "pad_token_id", NULL, &c->pad_id);
        }
        break;
    case FAMILY_DISTILBERT:
        read_integer(r, "dim", "hidden_size", &c->width);
        read_integer(r, "n_layers", "num_hidden_layers", &c->layers);
        read_integer(r, "n_heads", "num_attention_heads", &c->heads);
        read_integer(r, "hidden_dim", NULL, &c->hidden);
        read_integer(r, "max_position_embeddings", NULL, &c->positions);
        read_number(r, "dropout", NULL, &c->dropout);
        read_number(r, "attention_dropout", NULL, &c->attention_dropout);
        read_activation(r, "activation", &c->activation);
        break;
    case FAMILY_MPNET:
        read_bert_like(r, c);
        refuse_integer(r, "relative_attention_num_buckets", 32); /* transformers counts with 32 whatever stands there */
        read_integer(r, "pad_token_id", NULL, &c->pad_id);
        break;
    case FAMILY_DEBERTA_V2:
        read_deberta(r, c);
        break;
    case FAMILY_XLNET:
        read_integer(r, "d_model", "hidden_size", &c->width);
        read_integer(r, "n_layer", "num_hidden_layers", &c->layers);
        read_integer(r, "n_head", "num_attention_heads", &c->heads);
        read_integer(r, "d_inner", NULL, &c->hidden);
        read_activation(r, "ff_activation", &c->activation);
        read_number(r, "layer_norm_eps", NULL, &c->norm_epsilon);
        read_number(r, "dropout", NULL, &c->dropout);
        c->attention_dropout = c->dropout;
        refuse_text(r, "attn_type", "bi");
        refuse_integer(r, "clamp_len", -1);
        refuse_flag(r, "bi_data", false);
        refuse_flag(r, "same_length", false);
        break;
    case FAMILY_GPT2:
        read_integer(r, "n_embd", "hidden_size", &c->width);
        read_integer(r, "n_layer", "num_hidden_layers", &c->layers);
        read_integer(r, "n_head", "num_attention_heads", &c->heads);
        read_integer(r, "n_positions", "max_position_embeddings", &c->positions);
        c->hidden = c->width > 0 && c->width < INT64_MAX / 4 ? 4 * c->width : 0;
        read_integer(r, "n_inner", NULL, &c->hidden);
        read_activation(r, "activation_function", &c->activation);
        read_number(r, "layer_norm_epsilon", NULL, &c->norm_epsilon);
        read_number(r, "resid_pdrop", NULL, &c->dropout);
        read_number(r, "attn_pdrop", NULL, &c->attention_dropout);
        c->scale_flat = !read_flag(r, "scale_attn_weights", true);
        c->scale_by_layer = read_flag(r, "scale_attn_by_inverse_layer_idx", false);
        break;
    case FAMILY_T5: {
        read_integer(r, "d_model", "hidden_size", &c->width);
        read_integer(r, "num_layers", "num_hidden_layers", &c->layers);
        read_integer(r, "num_heads", "num_attention_heads", &c->heads);
        read_integer(r, "d_kv", "head_dim", &c->head_width);
        read_integer(r, "d_ff", NULL, &c->hidden);
        read_integer(r, "relative_attention_num_buckets", NULL, &c->buckets);
        read_integer(r, "relative_attention_max_distance", NULL, &c->bucket_distance);
        read_number(r, "layer_norm_epsilon", NULL, &c->norm_epsilon);
        read_number(r, "dropout_rate", NULL, &c->dropout);
        c->attention_dropout = c->dropout;
        const char *kind = read_text(r, "feed_forward_proj", "relu"), *gate = "gated-";
        c->gated = strncmp(kind, gate, strlen(gate)) == 0;
        if (r->status == SMAC_OK && strcmp(kind, "gated-gelu") == 0)
            c->activation = ACTIVATION_GELU_TANH; /* what the published models mean by it */
        else if (r->status == SMAC_OK)
            take_activation(r, "feed_forward_proj", c->gated ? kind + strlen(gate) : kind, &c->activation);
        /* what transformers makes of the key stands beside it in newer files, and counts there */
        read_activation(r, "dense_act_fn", &c->activation);
        c->gated = read_flag(r, "is_gated_act", c->gated);
        break;
    }
    case FAMILY_COUNT:
        break;
    }
    if (c->family != FAMILY_ALBERT)
        c->groups = c->layers;
    if (c->family != FAMILY_ALBERT && c->family != FAMILY_DEBERTA_V2)
        c->embedding_width = c->width;
    if (c->family != FAMILY_T5)
        c->head_width = c->heads > 0 ? c->width / c->heads : 0;
    if (c->family == FAMILY_XLNET)
        read_integer(r, "d_head", NULL, &c->head_width);
}

smac_status language_model_config_parse(const char *json, size_t size, language_model_config *out, smac_error *error)
{
    json_t *root;
    TRY(json_parse_object(json, size, "the configuration", &root, error));
    config_reader r = {.json = root, .error = error};
    language_model_config c;
    const char *type = read_text(&r, "model_type", "");
    int family = 0;
    while (family < FAMILY_COUNT && strcmp(type, family_names_list[family]) != 0)
        family++;
    if (family == FAMILY_COUNT) {
        r.status = FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "model_type is \"%s\", but supported are bert, "
            "distilbert, roberta, xlm-roberta, mpnet, albert, deberta-v2, xlnet, gpt2 and t5",
            type);
    } else {
        language_model_config_base((language_family)family, &c);
        read_family(&r, &c);
    }
    json_decref(root);
    TRY(r.status);
    TRY(language_model_config_check(&c, error));
    *out = c;
    return SMAC_OK;
}
