/*
 * encoders/whisper_tensors.c - the table of Whisper's tensors, and finding them in safetensors, PyTorch archives and
 * CTranslate2's model.bin.
 */
#include "encoders/whisper_tensors.h"

#include <stdio.h>
#include <string.h>

#include "encoders/weights_loading.h"

typedef enum row_form {
    FORM_LINEAR,
    FORM_LINEAR_WITHOUT_BIAS,
    FORM_NORM,
    FORM_CONVOLUTION,
    FORM_TABLE,    /* of tokens */
    FORM_POSITIONS /* of places */
} row_form;

typedef enum row_size { WIDTH, HIDDEN, MEL_BINS, PLACES, VOCABULARY } row_size;

typedef enum row_place { BEFORE_LAYERS, IN_LAYERS, AFTER_LAYERS } row_place;

enum { ENCODER = 1 << WHISPER_ENCODER, DECODER = 1 << WHISPER_DECODER, BOTH = ENCODER | DECODER, KERNEL_WIDTH = 3 };

typedef struct table_row {
    int sides;
    row_place place;
    row_form form;
    row_size out, in;
    const char *name, *ctranslate2; /* after "encoder." and "encoder/", or "encoder.layers.0." and "encoder/layer_0/" */
    int part, parts;
    size_t member; /* of whisper_parts or whisper_layer: a linear or a layer_norm */
} table_row;

#define OUTER(member) offsetof(whisper_parts, member)
#define LAYER(member) offsetof(whisper_layer, member)
static const table_row table[] = {
    {ENCODER, BEFORE_LAYERS, FORM_CONVOLUTION, WIDTH, MEL_BINS, "conv1", "conv1", 0, 1, OUTER(conv1)},
    {ENCODER, BEFORE_LAYERS, FORM_CONVOLUTION, WIDTH, WIDTH, "conv2", "conv2", 0, 1, OUTER(conv2)},
    {DECODER, BEFORE_LAYERS, FORM_TABLE, VOCABULARY, WIDTH, "embed_tokens", "embeddings", 0, 1, OUTER(tokens)},
    {BOTH, BEFORE_LAYERS, FORM_POSITIONS, PLACES, WIDTH, "embed_positions", "position_encodings", 0, 1,
        OUTER(positions)},
    {BOTH, IN_LAYERS, FORM_LINEAR_WITHOUT_BIAS, WIDTH, WIDTH, "self_attn.k_proj", "self_attention/linear_0", 1, 3,
        LAYER(self_key)},
    {BOTH, IN_LAYERS, FORM_LINEAR, WIDTH, WIDTH, "self_attn.v_proj", "self_attention/linear_0", 2, 3,
        LAYER(self_value)},
    {BOTH, IN_LAYERS, FORM_LINEAR, WIDTH, WIDTH, "self_attn.q_proj", "self_attention/linear_0", 0, 3,
        LAYER(self_query)},
    {BOTH, IN_LAYERS, FORM_LINEAR, WIDTH, WIDTH, "self_attn.out_proj", "self_attention/linear_1", 0, 1,
        LAYER(self_out)},
    {BOTH, IN_LAYERS, FORM_NORM, WIDTH, WIDTH, "self_attn_layer_norm", "self_attention/layer_norm", 0, 1,
        LAYER(self_norm)},
    {DECODER, IN_LAYERS, FORM_LINEAR, WIDTH, WIDTH, "encoder_attn.q_proj", "attention/linear_0", 0, 1,
        LAYER(cross_query)},
    {DECODER, IN_LAYERS, FORM_LINEAR_WITHOUT_BIAS, WIDTH, WIDTH, "encoder_attn.k_proj", "attention/linear_1", 0, 2,
        LAYER(cross_key)},
    {DECODER, IN_LAYERS, FORM_LINEAR, WIDTH, WIDTH, "encoder_attn.v_proj", "attention/linear_1", 1, 2,
        LAYER(cross_value)},
    {DECODER, IN_LAYERS, FORM_LINEAR, WIDTH, WIDTH, "encoder_attn.out_proj", "attention/linear_2", 0, 1,
        LAYER(cross_out)},
    {DECODER, IN_LAYERS, FORM_NORM, WIDTH, WIDTH, "encoder_attn_layer_norm", "attention/layer_norm", 0, 1,
        LAYER(cross_norm)},
    {BOTH, IN_LAYERS, FORM_LINEAR, HIDDEN, WIDTH, "fc1", "ffn/linear_0", 0, 1, LAYER(up)},
    {BOTH, IN_LAYERS, FORM_LINEAR, WIDTH, HIDDEN, "fc2", "ffn/linear_1", 0, 1, LAYER(down)},
    {BOTH, IN_LAYERS, FORM_NORM, WIDTH, WIDTH, "final_layer_norm", "ffn/layer_norm", 0, 1, LAYER(feed_norm)},
    {BOTH, AFTER_LAYERS, FORM_NORM, WIDTH, WIDTH, "layer_norm", "layer_norm", 0, 1, OUTER(norm)}};
enum { ROWS = sizeof table / sizeof *table, FIRST_LAYER_ROW = 4, LAYER_ROWS_END = ROWS - 1 };

/* --- going through the table -------------------------------------------------------------------------------------- */

static int64_t size_of(const whisper_config *c, whisper_side side, row_size size)
{
    bool encoder = side == WHISPER_ENCODER;
    switch (size) {
    case WIDTH:
        return c->width;
    case HIDDEN:
        return encoder ? c->encoder_hidden : c->decoder_hidden;
    case MEL_BINS:
        return c->mel_bins;
    case PLACES:
        return encoder ? c->positions : c->text_positions;
    case VOCABULARY:
        return c->vocabulary;
    }
    return 0;
}

static bool has_bias(const table_row *row)
{
    return row->form == FORM_LINEAR || row->form == FORM_NORM || row->form == FORM_CONVOLUTION;
}

static void fill_names(whisper_item *out, const table_row *row, const char *side, bool bias)
{
    const char *ending = bias ? "bias" : "weight", *theirs = ending;
    if (row->form == FORM_NORM)
        theirs = bias ? "beta" : "gamma";
    else if (row->form == FORM_POSITIONS)
        theirs = "encodings";
    if (row->place == IN_LAYERS) {
        snprintf(out->name, sizeof out->name, "%s.layers.%d.%s.%s", side, (int)out->number, row->name, ending);
        snprintf(out->ctranslate2, sizeof out->ctranslate2, "%s/layer_%d/%s/%s", side, (int)out->number,
            row->ctranslate2, theirs);
    } else {
        snprintf(out->name, sizeof out->name, "%s.%s.%s", side, row->name, ending);
        snprintf(out->ctranslate2, sizeof out->ctranslate2, "%s/%s/%s", side, row->ctranslate2, theirs);
    }
}

static void fill_item(
    const whisper_config *c, whisper_side side, size_t number, int64_t layer, bool bias, whisper_item *out)
{
    static const parameter_kind kinds[] = {[FORM_LINEAR] = KIND_MATRIX,
        [FORM_LINEAR_WITHOUT_BIAS] = KIND_MATRIX,
        [FORM_NORM] = KIND_NORM_WEIGHT,
        [FORM_CONVOLUTION] = KIND_KERNEL,
        [FORM_TABLE] = KIND_TABLE,
        [FORM_POSITIONS] = KIND_TOKEN};
    const table_row *row = &table[number];
    *out = (whisper_item){.part = row->part,
        .parts = row->parts,
        .kind = bias ? KIND_BIAS : kinds[row->form],
        .rank = bias || row->form == FORM_NORM ? 1
            : row->form == FORM_CONVOLUTION    ? 3
                                               : 2,
        .dim = {size_of(c, side, row->out), size_of(c, side, row->in), KERNEL_WIDTH},
        .stage = row->place == IN_LAYERS  ? (int32_t)layer
            : row->place == BEFORE_LAYERS ? STAGE_BEFORE_BLOCKS
                                          : STAGE_AFTER_BLOCKS,
        .side = side,
        .bias = bias,
        .row = number,
        .number = row->place == IN_LAYERS ? layer : -1};
    fill_names(out, row, side == WHISPER_ENCODER ? "encoder" : "decoder", bias);
}

whisper_walk whisper_walk_of(const whisper_config *config, whisper_side side)
{
    return (whisper_walk){.config = config, .side = side};
}

static int64_t layers_of(const whisper_walk *w)
{
    return w->side == WHISPER_ENCODER ? w->config->encoder_layers : w->config->decoder_layers;
}

static size_t next_row(whisper_walk *w)
{
    if (w->row + 1 != LAYER_ROWS_END || w->layer + 1 >= layers_of(w))
        return w->row + 1;
    w->layer++;
    return FIRST_LAYER_ROW;
}

bool whisper_walk_next(whisper_walk *w, whisper_item *out)
{
    for (; w->row < ROWS; w->row = next_row(w), w->ending = 0) {
        const table_row *row = &table[w->row];
        if ((row->sides & 1 << w->side) != 0 && w->ending < 1 + has_bias(row)) {
            fill_item(w->config, w->side, w->row, w->layer, w->ending == 1, out);
            w->ending++;
            return true;
        }
    }
    return false;
}

bool whisper_item_part(const whisper_config *config, const whisper_item *item, int part, whisper_item *out)
{
    const table_row *row = &table[item->row];
    for (size_t i = 0; i < ROWS; i++)
        if (table[i].part == part && (table[i].sides & 1 << item->side) != 0 && table[i].place == row->place &&
            strcmp(table[i].ctranslate2, row->ctranslate2) == 0) {
            fill_item(config, item->side, i, item->number, item->bias, out);
            return !item->bias || has_bias(&table[i]);
        }
    return false;
}

parameter **whisper_item_place(whisper_parts *p, const whisper_item *item)
{
    const table_row *row = &table[item->row];
    char *whole = row->place == IN_LAYERS ? (char *)&p->layers[item->number] : (char *)p;
    if (row->form == FORM_NORM) {
        layer_norm *norm = (layer_norm *)(void *)(whole + row->member);
        norm->epsilon = 1e-5f;
        return item->bias ? &norm->bias : &norm->weight;
    }
    linear *layer = (linear *)(void *)(whole + row->member);
    return item->bias ? &layer->bias : &layer->weight;
}

/* --- in a file ---------------------------------------------------------------------------------------------------- */

bool whisper_is_ctranslate2(const tensor_file *file)
{
    return strcmp(tensor_file_kind(file), "CTranslate2") == 0;
}

/* The tensor with the item in it, under any of its names. */
static smac_status find_entry(
    const tensor_file *file, const whisper_item *item, const tensor_entry **out, smac_error *error)
{
    char full[112];
    bool ctranslate2 = whisper_is_ctranslate2(file);
    snprintf(full, sizeof full, "model.%s", item->name);
    const char *name = ctranslate2 ? item->ctranslate2 : full;
    *out = tensor_file_find(file, name);
    if (*out == NULL && !ctranslate2)
        *out = tensor_file_find(file, item->name);
    if (*out != NULL)
        return SMAC_OK;
    return FAIL(error, SMAC_ERROR_NOT_FOUND, "none of the %s file's %zu tensors is %s; " WEIGHTS_OF_ONE_MODEL,
        tensor_file_kind(file), tensor_file_count(file), name);
}

smac_status whisper_find(const tensor_file *file, const whisper_item *item, weight_source *out, smac_error *error)
{
    const tensor_entry *found;
    int64_t wanted[3], parts = whisper_is_ctranslate2(file) ? item->parts : 1;
    TRY(find_entry(file, item, &found, error));
    memcpy(wanted, item->dim, sizeof wanted);
    wanted[0] *= parts;
    if (found->rank != item->rank || memcmp(found->dim, wanted, (size_t)item->rank * sizeof *wanted) != 0) {
        char have[128], want[128];
        return FAIL(error, SMAC_ERROR_MISMATCH,
            "tensor %s has shape %s in the file, but this Whisper needs %s; " WEIGHTS_OF_ONE_MODEL, found->name,
            tensor_shape_text(found->rank, found->dim, have, sizeof have),
            tensor_shape_text(item->rank, wanted, want, sizeof want));
    }
    return weight_source_of(file, found, parts > 1 ? item->part : 0, (int)parts, out, error);
}

smac_status whisper_load(const tensor_file *file, const whisper_item *item, float *out, smac_error *error)
{
    weight_source source;
    TRY(whisper_find(file, item, &source, error));
    return weight_source_load(&source, out, error);
}

smac_status whisper_visit_file(
    const tensor_file *file, const whisper_config *c, whisper_visitor visit, void *user, smac_error *error)
{
    TRY(whisper_config_check(c, error));
    for (int side = WHISPER_ENCODER; side <= WHISPER_DECODER; side++) {
        whisper_walk walk = whisper_walk_of(c, (whisper_side)side);
        whisper_item item;
        while (whisper_walk_next(&walk, &item)) {
            weight_source found;
            TRY(whisper_find(file, &item, &found, error));
            if (visit != NULL)
                TRY(visit(user, found.entry, item.kind == KIND_MATRIX, error));
        }
    }
    return SMAC_OK;
}

smac_status whisper_check_file(const tensor_file *file, const whisper_config *c, smac_error *error)
{
    return whisper_visit_file(file, c, NULL, NULL, error);
}
