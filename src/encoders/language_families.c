/* encoders/language_families.c - the table of language model families, one entry each. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "encoders/language_family.h"

#define AT(field) offsetof(language_model_config, field)
#define INTEGER(name, other, field)                  \
    {                                                \
        name, other, CONFIG_INTEGER, AT(field), NULL \
    }
#define NUMBER(name, field)                        \
    {                                              \
        name, NULL, CONFIG_NUMBER, AT(field), NULL \
    }
#define FLAG(name, field)                        \
    {                                            \
        name, NULL, CONFIG_FLAG, AT(field), NULL \
    }
#define ACTIVATION(name, field)                        \
    {                                                  \
        name, NULL, CONFIG_ACTIVATION, AT(field), NULL \
    }
#define ONLY_INTEGER(name, value)                 \
    {                                             \
        name, NULL, CONFIG_ONLY_INTEGER, 0, value \
    }
#define ONLY_FLAG(name, value)                 \
    {                                          \
        name, NULL, CONFIG_ONLY_FLAG, 0, value \
    }
#define ONLY_TEXT(name, value)                 \
    {                                          \
        name, NULL, CONFIG_ONLY_TEXT, 0, value \
    }

/* --- keys and names that families share --------------------------------------------------------------------------- */

#define VOCABULARY INTEGER("vocab_size", NULL, vocabulary)
#define BERT_SIZES                                                                               \
    VOCABULARY, INTEGER("hidden_size", NULL, width), INTEGER("num_hidden_layers", NULL, layers), \
        INTEGER("num_attention_heads", NULL, heads), INTEGER("intermediate_size", NULL, hidden), \
        ACTIVATION("hidden_act", activation), NUMBER("layer_norm_eps", norm_epsilon),            \
        NUMBER("hidden_dropout_prob", dropout), NUMBER("attention_probs_dropout_prob", attention_dropout)
#define POSITIONS INTEGER("max_position_embeddings", NULL, positions)
#define BERT_KEYS                                                         \
    BERT_SIZES, POSITIONS, INTEGER("type_vocab_size", NULL, token_types), \
        ONLY_TEXT("position_embedding_type", "absolute"), ONLY_FLAG("is_decoder", "false")
#define PADDING INTEGER("pad_token_id", NULL, pad_id)

#define EMBEDDING_NAMES                                                                             \
    .word_table = "embeddings.word_embeddings", .position_table = "embeddings.position_embeddings", \
    .embedding_norm = "embeddings.LayerNorm"
#define TYPE_NAME .type_table = "embeddings.token_type_embeddings"
#define FEED_NAMES                                                                        \
    .up = "encoder.layer.{}.intermediate.dense", .down = "encoder.layer.{}.output.dense", \
    .output_norm = "encoder.layer.{}.output.LayerNorm"
#define BERT_NAMES                                                                                          \
    EMBEDDING_NAMES, TYPE_NAME, FEED_NAMES,                                                                 \
        .query = "encoder.layer.{}.attention.self.query", .key = "encoder.layer.{}.attention.self.key",     \
        .value = "encoder.layer.{}.attention.self.value", .out = "encoder.layer.{}.attention.output.dense", \
        .attention_norm = "encoder.layer.{}.attention.output.LayerNorm"
/* The word table under the name of the output layer that is tied to it, for a file that holds only that one. */
#define TIED_TO(name) .aliases = {"embeddings.word_embeddings.weight", name}

#define ROBERTA_KEYS BERT_KEYS, PADDING
#define ROBERTA_BASE "\"max_position_embeddings\": 514, \"type_vocab_size\": 1, \"layer_norm_eps\": 1e-5"

#define T5_NAMES                                                                                                  \
    .file_prefixes = {"transformer."},                                                                            \
    .aliases = {"shared.weight", "encoder.embed_tokens.weight", "shared.weight", "decoder.embed_tokens.weight",   \
        "shared.weight", "lm_head.weight"},                                                                       \
    .word_table = "shared", .relative_table = "encoder.block.0.layer.0.SelfAttention.relative_attention_bias",    \
    .query = "encoder.block.{}.layer.0.SelfAttention.q", .key = "encoder.block.{}.layer.0.SelfAttention.k",       \
    .value = "encoder.block.{}.layer.0.SelfAttention.v", .out = "encoder.block.{}.layer.0.SelfAttention.o",       \
    .attention_norm = "encoder.block.{}.layer.0.layer_norm", .up = "encoder.block.{}.layer.1.DenseReluDense.wi",  \
    .up_gated = "encoder.block.{}.layer.1.DenseReluDense.wi_0",                                                   \
    .gate = "encoder.block.{}.layer.1.DenseReluDense.wi_1", .down = "encoder.block.{}.layer.1.DenseReluDense.wo", \
    .output_norm = "encoder.block.{}.layer.1.layer_norm", .final_norm = "encoder.final_layer_norm"
#define T5_KEYS                                                                                                        \
    VOCABULARY, INTEGER("d_model", "hidden_size", width), INTEGER("num_layers", "num_hidden_layers", layers),          \
        INTEGER("num_heads", "num_attention_heads", heads), INTEGER("d_kv", "head_dim", head_width),                   \
        INTEGER("d_ff", NULL, hidden), INTEGER("relative_attention_num_buckets", NULL, buckets),                       \
        INTEGER("relative_attention_max_distance", NULL, bucket_distance), NUMBER("layer_norm_epsilon", norm_epsilon), \
        NUMBER("dropout_rate", dropout)
#define T5_OPTIONS                                                                                          \
    .read = t5_read, .write = t5_write, .relative = RELATIVE_BIAS, .pre_norm = true, .inner_dropout = true, \
    .final_dropout = true, .no_biases = true, .unscaled = true, .own_head_width = true

/* --- T5's and DeBERTa's own keys ---------------------------------------------------------------------------------- */

/* "relu", "gated-gelu", ...; newer files say beside it what transformers made of it, and that counts there. */
static void t5_read(config_reader *r, language_model_config *c)
{
    static const char gate[] = "gated-";
    const char *kind = config_read_text(r, "feed_forward_proj"), *act = config_read_text(r, "dense_act_fn");
    if (kind != NULL) {
        c->gated = strncmp(kind, gate, strlen(gate)) == 0;
        if (strcmp(kind, "gated-gelu") == 0)
            c->activation = ACTIVATION_GELU_TANH; /* what the published models mean by it */
        else
            config_read_activation(r, "feed_forward_proj", c->gated ? kind + strlen(gate) : kind, &c->activation);
    }
    if (act != NULL)
        config_read_activation(r, "dense_act_fn", act, &c->activation);
    config_read_flag(r, "is_gated_act", &c->gated);
}

static void t5_write(const language_model_config *c, text_buffer *out)
{
    char kind[64];
    /* "gated-gelu" means the approximation by tanh; the exact one has a longer name */
    const char *name = !c->gated                ? config_activation_name(c->activation)
        : c->activation == ACTIVATION_GELU_TANH ? "gelu"
        : c->activation == ACTIVATION_GELU      ? "gelu_python"
                                                : config_activation_name(c->activation);
    snprintf(kind, sizeof kind, "%s%s", c->gated ? "gated-" : "", name);
    config_put_text(out, "feed_forward_proj", kind);
}

/* "c2p", "p2c", or several with | between them: DeBERTa's terms of the attention's score beside content to content. */
static void deberta_read_terms(config_reader *r, const char *text, language_model_config *c)
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

static void deberta_read(config_reader *r, language_model_config *c)
{
    int64_t table = c->positions, distance = -1, convolution_groups = 1;
    bool biased = true;
    config_read_integer(r, "max_relative_positions", &distance);
    config_read_flag(r, "position_biased_input", &biased);
    c->bucket_distance = distance < 1 ? table : distance;
    c->positions = biased ? table : 0;
    c->buckets = c->buckets < 1 ? 0 : c->buckets;
    c->convolution = c->convolution < 0 ? 0 : c->convolution;
    config_read_integer(r, "conv_groups", &convolution_groups);
    if (r->status == SMAC_OK && c->convolution > 0 && convolution_groups != 1)
        r->status = FAIL(r->error, SMAC_ERROR_UNSUPPORTED, "conv_groups is %lld, but only 1 is supported",
            (long long)convolution_groups);
    /* in any case; transformers looks for it among words with | between them */
    const char *norm = config_read_text(r, "norm_rel_ebd");
    c->relative_norm = norm != NULL && strcasecmp(norm, "layer_norm") == 0;
    if (r->status == SMAC_OK && norm != NULL && !c->relative_norm && strcasecmp(norm, "none") != 0)
        r->status = FAIL(r->error, SMAC_ERROR_UNSUPPORTED,
            "norm_rel_ebd is \"%s\", but only \"none\" and \"layer_norm\" are supported", norm);
    json_t *terms = json_object_get(r->json, "pos_att_type");
    if (json_is_string(terms))
        deberta_read_terms(r, json_string_value(terms), c);
    for (size_t i = 0; json_is_array(terms) && i < json_array_size(terms); i++)
        deberta_read_terms(r, json_string_value(json_array_get(terms, i)), c);
}

static void deberta_write(const language_model_config *c, text_buffer *out)
{
    config_put_integer(out, "max_position_embeddings", c->positions > 0 ? c->positions : c->bucket_distance);
    config_put_flag(out, "position_biased_input", c->positions > 0);
    config_put_integer(out, "max_relative_positions", c->bucket_distance);
    config_put_integer(out, "position_buckets", c->buckets > 0 ? c->buckets : -1);
    config_put_text(out, "norm_rel_ebd", c->relative_norm ? "layer_norm" : "none");
    text_format(out, ", \"pos_att_type\": [%s%s%s]", c->position_to_content ? "\"p2c\"" : "",
        c->position_to_content && c->content_to_position ? ", " : "", c->content_to_position ? "\"c2p\"" : "");
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

static const language_family families[] = {
    {
        .name = "bert", /* and MiniLM */
        .class_names = {"Bert"},
        .names = {.file_prefixes = {"bert."}, TIED_TO("cls.predictions.decoder.weight"), BERT_NAMES},
        .keys = {BERT_KEYS},
    },
    {
        .name = "distilbert",
        .class_names = {"DistilBert"},
        .names = {.file_prefixes = {"distilbert."},
            TIED_TO("vocab_projector.weight"),
            EMBEDDING_NAMES,
            .query = "transformer.layer.{}.attention.q_lin",
            .key = "transformer.layer.{}.attention.k_lin",
            .value = "transformer.layer.{}.attention.v_lin",
            .out = "transformer.layer.{}.attention.out_lin",
            .attention_norm = "transformer.layer.{}.sa_layer_norm",
            .up = "transformer.layer.{}.ffn.lin1",
            .down = "transformer.layer.{}.ffn.lin2",
            .output_norm = "transformer.layer.{}.output_layer_norm"},
        .keys = {VOCABULARY, INTEGER("dim", "hidden_size", width), INTEGER("n_layers", "num_hidden_layers", layers),
            INTEGER("n_heads", "num_attention_heads", heads), INTEGER("hidden_dim", NULL, hidden), POSITIONS,
            NUMBER("dropout", dropout), NUMBER("attention_dropout", attention_dropout),
            ACTIVATION("activation", activation)},
        .missing = "\"n_layers\": 6",
    },
    {
        .name = "roberta", /* and DistilRoBERTa */
        .class_names = {"Roberta"},
        .names = {.file_prefixes = {"roberta."}, TIED_TO("lm_head.decoder.weight"), BERT_NAMES},
        .keys = {ROBERTA_KEYS},
        .missing = "\"vocab_size\": 50265, \"pad_token_id\": 1",
        .base = ROBERTA_BASE,
    },
    {
        .name = "xlm-roberta",
        .class_names = {"XLMRoberta"},
        .names = {.file_prefixes = {"roberta.", "xlm_roberta."}, TIED_TO("lm_head.decoder.weight"), BERT_NAMES},
        .keys = {ROBERTA_KEYS},
        .missing = "\"pad_token_id\": 1",
        .base = "\"vocab_size\": 250002, " ROBERTA_BASE,
    },
    {
        .name = "camembert",
        .class_names = {"Camembert"},
        .names = {.file_prefixes = {"roberta.", "camembert."}, TIED_TO("lm_head.decoder.weight"), BERT_NAMES},
        .keys = {ROBERTA_KEYS},
        .missing = "\"pad_token_id\": 1",
        .base = "\"vocab_size\": 32005, " ROBERTA_BASE,
    },
    {
        .name = "mpnet",
        .class_names = {"MPNet"},
        .names = {.file_prefixes = {"mpnet."},
            TIED_TO("lm_head.decoder.weight"),
            EMBEDDING_NAMES,
            FEED_NAMES,
            .relative_table = "encoder.relative_attention_bias",
            .query = "encoder.layer.{}.attention.attn.q",
            .key = "encoder.layer.{}.attention.attn.k",
            .value = "encoder.layer.{}.attention.attn.v",
            .out = "encoder.layer.{}.attention.attn.o",
            .attention_norm = "encoder.layer.{}.attention.LayerNorm"},
        /* transformers counts with 32 buckets whatever the file says */
        .keys = {BERT_SIZES, POSITIONS, PADDING, ONLY_INTEGER("relative_attention_num_buckets", "32")},
        .missing = "\"vocab_size\": 30527, \"pad_token_id\": 1",
        .base = "\"max_position_embeddings\": 514, \"layer_norm_eps\": 1e-5",
        .relative = RELATIVE_BIAS,
    },
    {
        .name = "albert",
        .class_names = {"Albert"},
        .names = {.file_prefixes = {"albert."},
            TIED_TO("predictions.decoder.weight"),
            EMBEDDING_NAMES,
            TYPE_NAME,
            .embedding_projection = "encoder.embedding_hidden_mapping_in",
            .query = "encoder.albert_layer_groups.{}.albert_layers.{}.attention.query",
            .key = "encoder.albert_layer_groups.{}.albert_layers.{}.attention.key",
            .value = "encoder.albert_layer_groups.{}.albert_layers.{}.attention.value",
            .out = "encoder.albert_layer_groups.{}.albert_layers.{}.attention.dense",
            .attention_norm = "encoder.albert_layer_groups.{}.albert_layers.{}.attention.LayerNorm",
            .up = "encoder.albert_layer_groups.{}.albert_layers.{}.ffn",
            .down = "encoder.albert_layer_groups.{}.albert_layers.{}.ffn_output",
            .output_norm = "encoder.albert_layer_groups.{}.albert_layers.{}.full_layer_layer_norm"},
        .keys = {BERT_KEYS, INTEGER("embedding_size", NULL, embedding_width),
            INTEGER("num_hidden_groups", NULL, groups), INTEGER("inner_group_num", NULL, inner_groups)},
        .missing =
            "\"vocab_size\": 30000, \"embedding_size\": 128, \"hidden_size\": 4096, \"num_attention_heads\": 64, "
            "\"intermediate_size\": 16384, \"num_hidden_groups\": 1, \"inner_group_num\": 1, \"hidden_act\": "
            "\"gelu_new\", \"hidden_dropout_prob\": 0, \"attention_probs_dropout_prob\": 0",
        .base = "\"hidden_size\": 768, \"num_attention_heads\": 12, \"intermediate_size\": 3072",
    },
    {
        .name = "deberta-v2", /* DeBERTa-v2 and v3 */
        .class_names = {"DebertaV2"},
        .names = {.file_prefixes = {"deberta."},
            TIED_TO("cls.predictions.decoder.weight"),
            EMBEDDING_NAMES,
            TYPE_NAME,
            FEED_NAMES,
            .relative_table = "encoder.rel_embeddings",
            .relative_norm = "encoder.LayerNorm",
            .query = "encoder.layer.{}.attention.self.query_proj",
            .key = "encoder.layer.{}.attention.self.key_proj",
            .value = "encoder.layer.{}.attention.self.value_proj",
            .out = "encoder.layer.{}.attention.output.dense",
            .attention_norm = "encoder.layer.{}.attention.output.LayerNorm",
            .position_key = "encoder.layer.{}.attention.self.pos_key_proj",
            .position_query = "encoder.layer.{}.attention.self.pos_query_proj",
            .convolution = "encoder.conv.conv",
            .convolution_norm = "encoder.conv.LayerNorm"},
        .keys = {BERT_SIZES, INTEGER("type_vocab_size", NULL, token_types),
            INTEGER("embedding_size", NULL, embedding_width), ONLY_FLAG("relative_attention", "true"),
            FLAG("share_att_key", shared_position_projection), INTEGER("conv_kernel_size", NULL, convolution),
            ACTIVATION("conv_act", convolution_activation),
            /* read together with other keys, so written by deberta_write */
            {"max_position_embeddings", NULL, CONFIG_INTEGER_READ, AT(positions), NULL},
            {"position_buckets", NULL, CONFIG_INTEGER_READ, AT(buckets), NULL}},
        .read = deberta_read,
        .write = deberta_write,
        .missing = "\"vocab_size\": 128100, \"hidden_size\": 1536, \"num_hidden_layers\": 24, \"num_attention_heads\": "
                   "24, \"intermediate_size\": 6144, \"type_vocab_size\": 0, \"layer_norm_eps\": 1e-7, "
                   "\"relative_attention\": false, \"conv_act\": \"tanh\"",
        .base = "\"hidden_size\": 768, \"num_hidden_layers\": 12, \"num_attention_heads\": 12, \"intermediate_size\": "
                "3072, \"relative_attention\": true, \"position_buckets\": 256, \"position_biased_input\": false, "
                "\"share_att_key\": true, \"pos_att_type\": \"p2c|c2p\", \"norm_rel_ebd\": \"layer_norm\"",
        .relative = RELATIVE_DISENTANGLED,
        .positions_optional = true,
    },
    {
        .name = "electra", /* the discriminator */
        .class_names = {"Electra"},
        .names = {.file_prefixes = {"electra."},
            TIED_TO("generator_lm_head.weight"),
            BERT_NAMES,
            .embedding_projection = "embeddings_project"},
        .keys = {BERT_KEYS, INTEGER("embedding_size", NULL, embedding_width)},
        .missing =
            "\"embedding_size\": 128, \"hidden_size\": 256, \"num_attention_heads\": 4, \"intermediate_size\": 1024",
        .base =
            "\"embedding_size\": 768, \"hidden_size\": 768, \"num_attention_heads\": 12, \"intermediate_size\": 3072",
        .projection_if_wider = true,
    },
    {
        .name = "xlnet",
        .class_names = {"XLNet"},
        .names = {.file_prefixes = {"transformer."},
            .aliases = {"word_embedding.weight", "lm_loss.weight"},
            .word_table = "word_embedding",
            .query = "layer.{}.rel_attn.q=",
            .key = "layer.{}.rel_attn.k=",
            .value = "layer.{}.rel_attn.v=",
            .out = "layer.{}.rel_attn.o=",
            .attention_norm = "layer.{}.rel_attn.layer_norm",
            .up = "layer.{}.ff.layer_1",
            .down = "layer.{}.ff.layer_2",
            .output_norm = "layer.{}.ff.layer_norm",
            .relative = "layer.{}.rel_attn.r=",
            .content_bias = "layer.{}.rel_attn.r_w_bias=",
            .relative_bias = "layer.{}.rel_attn.r_r_bias=",
            .segment_bias = "layer.{}.rel_attn.r_s_bias=",
            .segment_table = "layer.{}.rel_attn.seg_embed="},
        .keys = {INTEGER("vocab_size", "n_token", vocabulary), INTEGER("d_model", "hidden_size", width),
            INTEGER("n_layer", "num_hidden_layers", layers), INTEGER("n_head", "num_attention_heads", heads),
            INTEGER("d_head", NULL, head_width), INTEGER("d_inner", NULL, hidden),
            ACTIVATION("ff_activation", activation), NUMBER("layer_norm_eps", norm_epsilon), NUMBER("dropout", dropout),
            ONLY_TEXT("attn_type", "bi"), ONLY_INTEGER("clamp_len", "-1"), ONLY_FLAG("bi_data", "false"),
            ONLY_FLAG("same_length", "false")},
        .missing = "\"vocab_size\": 32000, \"d_model\": 1024, \"n_layer\": 24, \"n_head\": 16, \"d_inner\": 4096",
        .base = "\"d_model\": 768, \"n_layer\": 12, \"n_head\": 12, \"d_inner\": 3072",
        .relative = RELATIVE_SINUSOIDAL,
        .inner_dropout = true,
        .final_dropout = true,
        .takes_types = true,
    },
    {
        .name = "gpt2",
        .class_names = {"GPT2"},
        .names = {.file_prefixes = {"transformer."},
            .aliases = {"wte.weight", "lm_head.weight"},
            .word_table = "wte",
            .position_table = "wpe",
            .query = "h.{}.attn.c_attn",
            .out = "h.{}.attn.c_proj",
            .attention_norm = "h.{}.ln_1",
            .up = "h.{}.mlp.c_fc",
            .down = "h.{}.mlp.c_proj",
            .output_norm = "h.{}.ln_2",
            .final_norm = "ln_f"},
        .keys = {VOCABULARY, INTEGER("n_embd", "hidden_size", width), INTEGER("n_layer", "num_hidden_layers", layers),
            INTEGER("n_head", "num_attention_heads", heads),
            INTEGER("n_positions", "max_position_embeddings", positions), INTEGER("n_inner", NULL, hidden),
            ACTIVATION("activation_function", activation), NUMBER("layer_norm_epsilon", norm_epsilon),
            NUMBER("resid_pdrop", dropout), {"embd_pdrop", NULL, CONFIG_NUMBER_WRITTEN, AT(dropout), NULL},
            NUMBER("attn_pdrop", attention_dropout),
            {"scale_attn_weights", NULL, CONFIG_FLAG_INVERSE, AT(scale_flat), NULL},
            FLAG("scale_attn_by_inverse_layer_idx", scale_by_layer)},
        .missing = "\"vocab_size\": 50257, \"n_positions\": 1024, \"activation_function\": \"gelu_new\", "
                   "\"layer_norm_epsilon\": 1e-5",
        .pre_norm = true,
        .causal = true,
        .transposed = true,
        .wide_hidden = true,
    },
    {
        .name = "t5", /* the encoder alone */
        .class_names = {"T5"},
        .names = {T5_NAMES},
        .keys = {T5_KEYS},
        .missing = "\"vocab_size\": 32128, \"d_model\": 512, \"num_layers\": 6, \"num_heads\": 8, \"d_kv\": 64, "
                   "\"d_ff\": 2048, \"layer_norm_epsilon\": 1e-6, \"feed_forward_proj\": \"relu\"",
        .base = "\"d_model\": 768, \"num_layers\": 12, \"num_heads\": 12, \"d_ff\": 3072",
        T5_OPTIONS,
    },
    {
        .name = "mt5", /* the encoder alone */
        .class_names = {"MT5"},
        .names = {T5_NAMES},
        .keys = {T5_KEYS},
        .missing = "\"vocab_size\": 250112, \"d_model\": 512, \"num_layers\": 8, \"num_heads\": 6, \"d_kv\": 64, "
                   "\"d_ff\": 1024, \"layer_norm_epsilon\": 1e-6, \"feed_forward_proj\": \"gated-gelu\"",
        .base = "\"d_model\": 768, \"num_layers\": 12, \"num_heads\": 12, \"d_ff\": 2048",
        T5_OPTIONS,
    },
};
enum { FAMILIES = sizeof families / sizeof *families };

/* --- finding ------------------------------------------------------------------------------------------------------ */

const language_family *language_family_at(size_t index)
{
    return index < FAMILIES ? &families[index] : NULL;
}

const language_family *language_family_find(const char *model_type)
{
    for (size_t i = 0; i < FAMILIES; i++)
        if (strcmp(families[i].name, model_type) == 0)
            return &families[i];
    return NULL;
}

/* "Bert" begins BertModel and BertForMaskedLM, but not BertGenerationEncoder. */
static bool is_class_of(const char *class, const char *begin)
{
    static const char *const next[] = {"Model", "For", "EncoderModel", "LMHead", "DoubleHeads", "PreTrained"};
    size_t length = strlen(begin);
    for (size_t i = 0; strncmp(class, begin, length) == 0 && i < sizeof next / sizeof *next; i++)
        if (strncmp(class + length, next[i], strlen(next[i])) == 0)
            return true;
    return false;
}

const language_family *language_family_of_class(const char *class)
{
    for (size_t i = 0; i < FAMILIES; i++)
        for (const char *const *begin = families[i].class_names; *begin != NULL; begin++)
            if (is_class_of(class, *begin))
                return &families[i];
    return NULL;
}

const char *language_family_name(const language_family *family)
{
    return family->name;
}
