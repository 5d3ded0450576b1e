/* encoders/parameter_list.c - adding an encoder's parameters to the store, with what their publishers call them. */
#include "encoders/parameter_list.h"

#include <stdlib.h>
#include <string.h>

smac_status parameter_list_begin(parameter_list *list, parameter_store *store, const char *prefix, smac_error *error)
{
    *list = (parameter_list){.store = store, .prefix = memory_copy_text(prefix ? prefix : "")};
    return list->prefix ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for an encoder's list of parameters");
}

void parameter_list_free(parameter_list *list)
{
    if (!list)
        return;
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].published);
        free(list->items[i].stacked_name);
    }
    free(list->items);
    free(list->prefix);
    *list = (parameter_list){0};
}

/* The shape in the store: matrices have two dimensions, all else is as published. */
static void store_shape(parameter_kind kind, int rank, const int64_t *dim, parameter_spec *spec)
{
    if (kind == KIND_KERNEL || kind == KIND_MATRIX_TRANSPOSED) {
        int64_t rest = 1;
        for (int i = 1; i < rank; i++)
            rest *= dim[i];
        spec->rank = 2;
        spec->dim[0] = kind == KIND_KERNEL ? dim[0] : rest;
        spec->dim[1] = kind == KIND_KERNEL ? rest : dim[0];
        return;
    }
    if (kind == KIND_CONVOLUTION_FOLDED) {
        spec->rank = 2;
        spec->dim[0] = dim[0];
        spec->dim[1] = dim[1] * dim[2] * dim[3];
        return;
    }
    if (kind == KIND_DEPTHWISE_FOLDED) {
        spec->rank = 3;
        spec->dim[0] = dim[2];
        spec->dim[1] = dim[3];
        spec->dim[2] = dim[0];
        return;
    }
    spec->rank = rank;
    for (int i = 0; i < rank; i++)
        spec->dim[i] = dim[i];
}

static void initial_values(const parameter_list *list, parameter_kind kind, parameter_spec *spec)
{
    spec->no_decay = kind == KIND_BIAS || kind == KIND_BIAS_FOLDED || kind == KIND_NORM_WEIGHT || kind == KIND_TOKEN ||
        kind == KIND_CONSTANT;
    switch (kind) {
    case KIND_BIAS:
    case KIND_BIAS_FOLDED:
        spec->init = INIT_ZEROS;
        return;
    case KIND_NORM_WEIGHT:
        spec->init = INIT_ONES;
        return;
    case KIND_CONSTANT:
        spec->init = INIT_CONSTANT;
        spec->scale = list->constant;
        return;
    case KIND_MATRIX:
    case KIND_MATRIX_TRANSPOSED:
    case KIND_KERNEL:
    case KIND_CONVOLUTION_FOLDED:
    case KIND_DEPTHWISE_FOLDED:
        spec->product = kind != KIND_KERNEL && kind != KIND_DEPTHWISE_FOLDED; /* those are read as float32 */
        spec->init = list->initial_scale > 0 ? INIT_NORMAL : INIT_XAVIER_UNIFORM;
        spec->scale = list->initial_scale > 0 ? list->initial_scale : 1;
        return;
    case KIND_TABLE:
        spec->init = INIT_NORMAL;
        spec->scale = list->initial_scale > 0 ? list->initial_scale : 0.02f;
        return;
    case KIND_TOKEN: /* added to patches of about unit size: at 0.02 a small tower would not know where a patch is */
        spec->init = INIT_NORMAL;
        spec->scale = list->initial_scale > 0 ? list->initial_scale : 0.5f;
        return;
    }
}

static parameter *list_append(
    parameter_list *list, const published_parameter *published, text_buffer *store_name, smac_error *error)
{
    const char *name = published->name;
    parameter_kind kind = published->kind;
    int rank = published->rank;
    const int64_t *dim = published->dim;
    if (rank < 0 || rank > PUBLISHED_MAX_RANK) {
        FAIL(error, SMAC_ERROR_INTERNAL, "parameter %s has rank %d", name, rank);
        return NULL;
    }
    text_add(store_name, list->prefix);
    text_add(store_name, name);
    if (kind == KIND_MATRIX_TRANSPOSED)
        text_add(store_name, ".transposed");
    if (kind >= KIND_CONVOLUTION_FOLDED)
        text_add(store_name, ".folded");
    if (store_name->failed ||
        !memory_grow((void **)&list->items, &list->capacity, list->count + 1, sizeof *list->items)) {
        FAIL(error, SMAC_ERROR_MEMORY, "no memory for the parameter %s", name);
        return NULL;
    }
    parameter_spec spec = {.name = store_name->data};
    store_shape(kind, rank, dim, &spec);
    initial_values(list, kind, &spec);
    listed_parameter item = {.published = memory_copy_text(name),
        .published_rank = rank,
        .stage = published->stage,
        .transposed = kind == KIND_MATRIX_TRANSPOSED};
    if (!item.published) {
        FAIL(error, SMAC_ERROR_MEMORY, "no memory for the parameter %s", name);
        return NULL;
    }
    for (int i = 0; i < rank; i++)
        item.published_dim[i] = dim[i];
    item.parameter = parameter_add(list->store, &spec, error);
    if (!item.parameter) {
        free(item.published);
        return NULL;
    }
    list->items[list->count++] = item;
    return item.parameter;
}

parameter *parameter_list_add(
    parameter_list *list, const published_parameter *published, smac_status *status, smac_error *error)
{
    if (*status != SMAC_OK)
        return NULL;
    smac_error local = {0};
    text_buffer store_name = {0};
    parameter *p = list_append(list, published, &store_name, &local);
    text_free(&store_name);
    if (!p) {
        *status = local.code != SMAC_OK ? local.code : SMAC_ERROR_MEMORY;
        if (error)
            *error = local;
    }
    return p;
}

void parameter_list_stacked(
    parameter_list *list, const char *name, int part, int parts, smac_status *status, smac_error *error)
{
    if (*status != SMAC_OK)
        return;
    listed_parameter *item = &list->items[list->count - 1];
    item->stacked_name = memory_copy_text(name);
    item->part = part;
    item->parts = parts;
    if (!item->stacked_name)
        *status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the name %s", name);
}

void parameter_list_set_trainable(parameter_list *list, int blocks, int all_blocks)
{
    int32_t first = blocks < 0 ? STAGE_BEFORE_BLOCKS : blocks == 0 ? 0 : all_blocks - blocks;
    if (first < 0 && blocks > 0)
        first = 0;
    for (size_t i = 0; i < list->count; i++)
        list->items[i].parameter->trainable = blocks != 0 && list->items[i].stage >= first;
}

parameter *parameter_list_find(const parameter_list *list, const char *published)
{
    for (size_t i = 0; i < list->count; i++)
        if (!strcmp(list->items[i].published, published))
            return list->items[i].parameter;
    return NULL;
}
