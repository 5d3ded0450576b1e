/* encoders/name_table.c - the table of published names, one entry a family. */
#include "encoders/name_table.h"

#include <stdio.h>
#include <string.h>

#define BERT_NAMES                                                                                                \
    .word_table = "embeddings.word_embeddings", .position_table = "embeddings.position_embeddings",               \
    .type_table = "embeddings.token_type_embeddings", .embedding_norm = "embeddings.LayerNorm",                   \
    .query = "encoder.layer.{}.attention.self.query", .key = "encoder.layer.{}.attention.self.key",               \
    .value = "encoder.layer.{}.attention.self.value", .out = "encoder.layer.{}.attention.output.dense",           \
    .attention_norm = "encoder.layer.{}.attention.output.LayerNorm", .up = "encoder.layer.{}.intermediate.dense", \
    .down = "encoder.layer.{}.output.dense", .output_norm = "encoder.layer.{}.output.LayerNorm"

static const family_names table[FAMILY_COUNT] = {
    [FAMILY_BERT] = {.file_prefixes = {"bert."}, BERT_NAMES},
    [FAMILY_ROBERTA] = {.file_prefixes = {"roberta."}, BERT_NAMES},
    [FAMILY_XLM_ROBERTA] = {.file_prefixes = {"roberta.", "xlm_roberta."}, BERT_NAMES},
    [FAMILY_DISTILBERT] =
        {
            .file_prefixes = {"distilbert."},
            .word_table = "embeddings.word_embeddings",
            .position_table = "embeddings.position_embeddings",
            .embedding_norm = "embeddings.LayerNorm",
            .query = "transformer.layer.{}.attention.q_lin",
            .key = "transformer.layer.{}.attention.k_lin",
            .value = "transformer.layer.{}.attention.v_lin",
            .out = "transformer.layer.{}.attention.out_lin",
            .attention_norm = "transformer.layer.{}.sa_layer_norm",
            .up = "transformer.layer.{}.ffn.lin1",
            .down = "transformer.layer.{}.ffn.lin2",
            .output_norm = "transformer.layer.{}.output_layer_norm",
        },
    [FAMILY_MPNET] =
        {
            .file_prefixes = {"mpnet."},
            .word_table = "embeddings.word_embeddings",
            .position_table = "embeddings.position_embeddings",
            .embedding_norm = "embeddings.LayerNorm",
            .relative_table = "encoder.relative_attention_bias",
            .query = "encoder.layer.{}.attention.attn.q",
            .key = "encoder.layer.{}.attention.attn.k",
            .value = "encoder.layer.{}.attention.attn.v",
            .out = "encoder.layer.{}.attention.attn.o",
            .attention_norm = "encoder.layer.{}.attention.LayerNorm",
            .up = "encoder.layer.{}.intermediate.dense",
            .down = "encoder.layer.{}.output.dense",
            .output_norm = "encoder.layer.{}.output.LayerNorm",
        },
    [FAMILY_ALBERT] =
        {
            .file_prefixes = {"albert."},
            .word_table = "embeddings.word_embeddings",
            .position_table = "embeddings.position_embeddings",
            .type_table = "embeddings.token_type_embeddings",
            .embedding_norm = "embeddings.LayerNorm",
            .embedding_projection = "encoder.embedding_hidden_mapping_in",
            .query = "encoder.albert_layer_groups.{}.albert_layers.{}.attention.query",
            .key = "encoder.albert_layer_groups.{}.albert_layers.{}.attention.key",
            .value = "encoder.albert_layer_groups.{}.albert_layers.{}.attention.value",
            .out = "encoder.albert_layer_groups.{}.albert_layers.{}.attention.dense",
            .attention_norm = "encoder.albert_layer_groups.{}.albert_layers.{}.attention.LayerNorm",
            .up = "encoder.albert_layer_groups.{}.albert_layers.{}.ffn",
            .down = "encoder.albert_layer_groups.{}.albert_layers.{}.ffn_output",
            .output_norm = "encoder.albert_layer_groups.{}.albert_layers.{}.full_layer_layer_norm",
        },
    [FAMILY_DEBERTA_V2] =
        {
            .file_prefixes = {"deberta."},
            .word_table = "embeddings.word_embeddings",
            .position_table = "embeddings.position_embeddings",
            .type_table = "embeddings.token_type_embeddings",
            .embedding_norm = "embeddings.LayerNorm",
            .relative_table = "encoder.rel_embeddings",
            .relative_norm = "encoder.LayerNorm",
            .query = "encoder.layer.{}.attention.self.query_proj",
            .key = "encoder.layer.{}.attention.self.key_proj",
            .value = "encoder.layer.{}.attention.self.value_proj",
            .out = "encoder.layer.{}.attention.output.dense",
            .attention_norm = "encoder.layer.{}.attention.output.LayerNorm",
            .up = "encoder.layer.{}.intermediate.dense",
            .down = "encoder.layer.{}.output.dense",
            .output_norm = "encoder.layer.{}.output.LayerNorm",
            .position_key = "encoder.layer.{}.attention.self.pos_key_proj",
            .position_query = "encoder.layer.{}.attention.self.pos_query_proj",
            .convolution = "encoder.conv.conv",
            .convolution_norm = "encoder.conv.LayerNorm",
        },
    [FAMILY_XLNET] =
        {
            .file_prefixes = {"transformer."},
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
            .segment_table = "layer.{}.rel_attn.seg_embed=",
        },
    [FAMILY_GPT2] =
        {
            .file_prefixes = {"transformer."},
            .word_table = "wte",
            .position_table = "wpe",
            .query = "h.{}.attn.c_attn",
            .out = "h.{}.attn.c_proj",
            .attention_norm = "h.{}.ln_1",
            .up = "h.{}.mlp.c_fc",
            .down = "h.{}.mlp.c_proj",
            .output_norm = "h.{}.ln_2",
            .final_norm = "ln_f",
        },
    [FAMILY_T5] =
        {
            .file_prefixes = {"transformer."},
            .aliases = {"shared.weight", "encoder.embed_tokens.weight"},
            .word_table = "shared",
            .relative_table = "encoder.block.0.layer.0.SelfAttention.relative_attention_bias",
            .query = "encoder.block.{}.layer.0.SelfAttention.q",
            .key = "encoder.block.{}.layer.0.SelfAttention.k",
            .value = "encoder.block.{}.layer.0.SelfAttention.v",
            .out = "encoder.block.{}.layer.0.SelfAttention.o",
            .attention_norm = "encoder.block.{}.layer.0.layer_norm",
            .up = "encoder.block.{}.layer.1.DenseReluDense.wi",
            .up_gated = "encoder.block.{}.layer.1.DenseReluDense.wi_0",
            .gate = "encoder.block.{}.layer.1.DenseReluDense.wi_1",
            .down = "encoder.block.{}.layer.1.DenseReluDense.wo",
            .output_norm = "encoder.block.{}.layer.1.layer_norm",
            .final_norm = "encoder.final_layer_norm",
        },
};

const family_names *name_table(language_family family)
{
    return (unsigned)family < FAMILY_COUNT ? &table[family] : NULL;
}

bool name_write(const char *base, const char *ending, int64_t first, int64_t second, char *out, size_t size)
{
    size_t used = 0;
    int number = 0;
    for (const char *c = base; *c; c++) {
        int wrote;
        if (c[0] == '{' && c[1] == '}') {
            wrote = snprintf(out + used, size - used, "%lld", (long long)(number++ ? second : first));
            c++;
        } else if (c[0] == '=' && !c[1]) {
            out[used] = 0;
            return true;
        } else {
            wrote = snprintf(out + used, size - used, "%c", *c);
        }
        if (wrote < 0 || (size_t)wrote >= size - used)
            return false;
        used += (size_t)wrote;
    }
    int wrote = snprintf(out + used, size - used, "%s", ending);
    return wrote >= 0 && (size_t)wrote < size - used;
}
