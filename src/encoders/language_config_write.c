/* encoders/language_config_write.c - checking a language model's sizes, and writing them as a config.json. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encoders/language_model.h"

smac_status language_model_config_check(const language_model_config *c, smac_error *error)
{
    const int64_t huge = 1 << 24; /* beyond any model that is known, and products of two of them fit in 64 bits */
    const struct {
        const char *name;
        int64_t value, least;
    } fields[] = {{"vocabulary", c->vocabulary, 1}, {"width", c->width, 1}, {"embedding_width", c->embedding_width, 1},
        {"layers", c->layers, 1}, {"heads", c->heads, 1}, {"head_width", c->head_width, 1}, {"hidden", c->hidden, 1},
        {"positions", c->positions, 0}, {"token_types", c->token_types, 0}, {"buckets", c->buckets, 0},
        {"bucket_distance", c->bucket_distance, 0}, {"groups", c->groups, 1}, {"inner_groups", c->inner_groups, 1}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (fields[i].value < fields[i].least || fields[i].value > huge)
            return FAIL(error, SMAC_ERROR_ARGUMENT, "a language model's %s is %lld, but must lie between %lld and %lld",
                fields[i].name, (long long)fields[i].value, (long long)fields[i].least, (long long)huge);
    if ((unsigned)c->family >= FAMILY_COUNT)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "language model family %d is not known", (int)c->family);
    if (c->family != FAMILY_T5 && c->heads * c->head_width != c->width)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "a width of %lld cannot be split into %lld heads of %lld",
            (long long)c->width, (long long)c->heads, (long long)c->head_width);
    if (c->convolution < 0 || c->convolution > 255 || (c->convolution > 0 && c->convolution % 2 == 0))
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "a convolution over %lld words was given, but an odd number up to 255 is needed",
            (long long)c->convolution);
    if (c->layers > 1024)
        return FAIL(
            error, SMAC_ERROR_ARGUMENT, "%lld layers are more than the 1024 that are supported", (long long)c->layers);
    if (c->groups > c->layers || c->layers % c->groups != 0)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%lld layers cannot share %lld groups evenly", (long long)c->layers,
            (long long)c->groups);
    if (c->groups * c->inner_groups > 1024)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%lld groups of %lld blocks are more than the 1024 that are supported",
            (long long)c->groups, (long long)c->inner_groups);
    if (c->pad_id < -1 || c->pad_id > huge)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "a language model's padding id is %lld, but must lie between -1 and %lld", (long long)c->pad_id,
            (long long)huge);
    bool absolute = c->family != FAMILY_T5 && c->family != FAMILY_XLNET && c->family != FAMILY_DEBERTA_V2;
    if (absolute && c->positions <= c->pad_id + 1)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%lld positions leave none for words", (long long)c->positions);
    bool bucketed = c->family == FAMILY_MPNET || c->family == FAMILY_T5;
    if (bucketed && (c->buckets < 4 || c->bucket_distance <= c->buckets / 4))
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%lld relative position buckets up to distance %lld cannot be",
            (long long)c->buckets, (long long)c->bucket_distance);
    if (c->family == FAMILY_DEBERTA_V2 &&
        (c->bucket_distance < 1 || (c->buckets > 0 && (c->buckets < 4 || c->bucket_distance <= c->buckets / 2 + 1))))
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%lld relative position buckets up to distance %lld cannot be",
            (long long)c->buckets, (long long)c->bucket_distance);
    if (!(c->norm_epsilon > 0 && c->norm_epsilon < 1) || !(c->dropout >= 0 && c->dropout < 1) ||
        !(c->attention_dropout >= 0 && c->attention_dropout < 1))
        return FAIL(error, SMAC_ERROR_ARGUMENT, "norm epsilon %g must lie in (0, 1), dropouts %g and %g in [0, 1)",
            (double)c->norm_epsilon, (double)c->dropout, (double)c->attention_dropout);
    return SMAC_OK;
}

static const char *activation_name(activation a)
{
    switch (a) {
    case ACTIVATION_GELU:
        return "gelu";
    case ACTIVATION_GELU_TANH:
        return "gelu_new";
    case ACTIVATION_RELU:
        return "relu";
    case ACTIVATION_TANH:
        return "tanh";
    case ACTIVATION_SILU:
        return "silu";
    case ACTIVATION_QUICK_GELU:
        return "quick_gelu";
    case ACTIVATION_SIGMOID:
        return "sigmoid";
    case ACTIVATION_NONE:
        break;
    }
    return "linear";
}

static void put_integer(text_buffer *b, const char *key, int64_t value)
{
    text_format(b, ", \"%s\": %lld", key, (long long)value);
}

static void put_number(text_buffer *b, const char *key, float value)
{
    text_format(b, ", \"%s\": %.9g", key, (double)value); /* nine digits read back as the same float */
}

static void put_text(text_buffer *b, const char *key, const char *value)
{
    text_format(b, ", \"%s\": \"%s\"", key, value);
}

static void put_flag(text_buffer *b, const char *key, bool value)
{
    text_format(b, ", \"%s\": %s", key, value ? "true" : "false");
}

void language_model_config_to_json(const language_model_config *c, text_buffer *b)
{
    text_format(b, "{\"model_type\": \"%s\"", language_family_name(c->family));
    put_integer(b, "vocab_size", c->vocabulary);
    switch (c->family) {
    case FAMILY_DISTILBERT:
        put_integer(b, "dim", c->width);
        put_integer(b, "n_layers", c->layers);
        put_integer(b, "n_heads", c->heads);
        put_integer(b, "hidden_dim", c->hidden);
        put_integer(b, "max_position_embeddings", c->positions);
        put_text(b, "activation", activation_name(c->activation));
        put_number(b, "dropout", c->dropout);
        put_number(b, "attention_dropout", c->attention_dropout);
        break;
    case FAMILY_XLNET:
        put_integer(b, "d_model", c->width);
        put_integer(b, "n_layer", c->layers);
        put_integer(b, "n_head", c->heads);
        put_integer(b, "d_head", c->head_width);
        put_integer(b, "d_inner", c->hidden);
        put_text(b, "ff_activation", activation_name(c->activation));
        put_number(b, "layer_norm_eps", c->norm_epsilon);
        put_number(b, "dropout", c->dropout);
        break;
    case FAMILY_GPT2:
        put_integer(b, "n_embd", c->width);
        put_integer(b, "n_layer", c->layers);
        put_integer(b, "n_head", c->heads);
        put_integer(b, "n_positions", c->positions);
        put_integer(b, "n_inner", c->hidden);
        put_text(b, "activation_function", activation_name(c->activation));
        put_number(b, "layer_norm_epsilon", c->norm_epsilon);
        put_number(b, "resid_pdrop", c->dropout);
        put_number(b, "embd_pdrop", c->dropout);
        put_number(b, "attn_pdrop", c->attention_dropout);
        put_flag(b, "scale_attn_weights", !c->scale_flat);
        put_flag(b, "scale_attn_by_inverse_layer_idx", c->scale_by_layer);
        break;
    case FAMILY_T5:
        put_integer(b, "d_model", c->width);
        put_integer(b, "num_layers", c->layers);
        put_integer(b, "num_heads", c->heads);
        put_integer(b, "d_kv", c->head_width);
        put_integer(b, "d_ff", c->hidden);
        put_integer(b, "relative_attention_num_buckets", c->buckets);
        put_integer(b, "relative_attention_max_distance", c->bucket_distance);
        /* "gated-gelu" means its approximation by tanh; the exact one has a longer name */
        text_format(b, ", \"feed_forward_proj\": \"%s%s\"", c->gated ? "gated-" : "",
            !c->gated                                   ? activation_name(c->activation)
                : c->activation == ACTIVATION_GELU      ? "gelu_python"
                : c->activation == ACTIVATION_GELU_TANH ? "gelu"
                                                        : activation_name(c->activation));
        put_number(b, "layer_norm_epsilon", c->norm_epsilon);
        put_number(b, "dropout_rate", c->dropout);
        break;
    default:
        put_integer(b, "hidden_size", c->width);
        put_integer(b, "num_hidden_layers", c->layers);
        put_integer(b, "num_attention_heads", c->heads);
        put_integer(b, "intermediate_size", c->hidden);
        put_text(b, "hidden_act", activation_name(c->activation));
        put_number(b, "layer_norm_eps", c->norm_epsilon);
        put_number(b, "hidden_dropout_prob", c->dropout);
        put_number(b, "attention_probs_dropout_prob", c->attention_dropout);
        if (c->family == FAMILY_DEBERTA_V2)
            put_integer(b, "max_position_embeddings", c->positions > 0 ? c->positions : c->bucket_distance);
        else
            put_integer(b, "max_position_embeddings", c->positions);
        if (c->family != FAMILY_MPNET)
            put_integer(b, "type_vocab_size", c->token_types);
        if (c->family == FAMILY_ROBERTA || c->family == FAMILY_XLM_ROBERTA || c->family == FAMILY_MPNET)
            put_integer(b, "pad_token_id", c->pad_id);
        break;
    }
    if (c->family == FAMILY_MPNET)
        put_integer(b, "relative_attention_num_buckets", c->buckets);
    if (c->family == FAMILY_ALBERT) {
        put_integer(b, "embedding_size", c->embedding_width);
        put_integer(b, "num_hidden_groups", c->groups);
        put_integer(b, "inner_group_num", c->inner_groups);
    }
    if (c->family == FAMILY_DEBERTA_V2) {
        put_integer(b, "embedding_size", c->embedding_width);
        put_integer(b, "max_relative_positions", c->bucket_distance);
        put_integer(b, "position_buckets", c->buckets > 0 ? c->buckets : -1);
        put_text(b, "norm_rel_ebd", c->relative_norm ? "layer_norm" : "none");
        put_integer(b, "conv_kernel_size", c->convolution);
        if (c->convolution > 0)
            put_text(b, "conv_act", activation_name(c->convolution_activation));
        put_flag(b, "relative_attention", true);
        put_flag(b, "position_biased_input", c->positions > 0);
        put_flag(b, "share_att_key", c->shared_position_projection);
        text_format(b, ", \"pos_att_type\": [%s%s%s]", c->position_to_content ? "\"p2c\"" : "",
            c->position_to_content && c->content_to_position ? ", " : "", c->content_to_position ? "\"c2p\"" : "");
    }
    text_add(b, "}");
}
