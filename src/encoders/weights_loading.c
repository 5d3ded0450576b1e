/* encoders/weights_loading.c - an encoder's parameters packed from a file, used where it is mapped, or copied. */
#include "encoders/weights_loading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute/products.h"

smac_status encoder_configuration_advise(smac_error *error, smac_status status)
{
    static const char again[] = "config.json is damaged or altered: download the model again";
    error_advise(error, status, SMAC_ERROR_FORMAT, again);
    error_advise(error, status, SMAC_ERROR_ARGUMENT, again);
    return error_advise(error, status, SMAC_ERROR_UNSUPPORTED, "choose one that `semanticmac models list` shows");
}

static smac_status pack_one(
    parameter_list *list, listed_parameter *item, const tensor_file *file, precision how, smac_error *error)
{
    parameter *p = item->parameter;
    weight_source source;
    TRY(weight_source_find(list, item, file, &source, error));
    const tensor_entry *entry = source.entry;
    bool whole = !source.transposed && source.count == entry->count;
    struct packed_matrix *packed = NULL;
    if (entry->type == TENSOR_BF16 && whole && (uintptr_t)entry->data % _Alignof(uint16_t) == 0) {
        packed = packed_matrix_new_bf16(entry->data, p->dim[0], p->dim[1], how);
    } else if (entry->type == TENSOR_F32 && whole && (uintptr_t)entry->data % _Alignof(float) == 0) {
        packed = packed_matrix_new(entry->data, p->dim[0], p->dim[1], how);
    } else {
        float *copy = memory_new((size_t)p->count, sizeof *copy);
        if (copy != NULL && weight_source_load(&source, copy, error) == SMAC_OK)
            packed = packed_matrix_new(copy, p->dim[0], p->dim[1], how);
        free(copy);
    }
    if (packed == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory to pack tensor %s", entry->name);
    if (whole)
        tensor_file_forget(file, entry);
    TRY(parameter_adopt_packed(list->store, p, packed, error));
    item->packed = true;
    return SMAC_OK;
}

smac_status parameter_list_pack(parameter_list *list, const tensor_file *file, precision how, smac_error *error)
{
    for (size_t i = 0; i < list->count; i++) {
        listed_parameter *item = &list->items[i];
        if (item->parameter->product && !item->parameter->trainable && !item->packed)
            TRY(pack_one(list, item, file, how, error));
    }
    return tensor_file_check(file, error);
}

static bool is_scale(const tensor_file *file, const tensor_entry *entry)
{
    char name[512];
    size_t length = strlen(entry->name), ending = strlen("_scale");
    if (length <= ending || length >= sizeof name || strcmp(entry->name + length - ending, "_scale") != 0)
        return false;
    snprintf(name, sizeof name, "%.*s", (int)(length - ending), entry->name);
    const tensor_entry *of = tensor_file_find(file, name);
    return of != NULL && of->type == TENSOR_I8;
}

static void count_unexpected(const tensor_file *file, const bool *used, loading_report *report)
{
    for (size_t i = 0; i < tensor_file_count(file); i++) {
        if (used[i] || is_scale(file, tensor_file_at(file, i)))
            continue;
        if (report->unexpected++ == 0)
            snprintf(report->first_unexpected, sizeof report->first_unexpected, "%s", tensor_file_at(file, i)->name);
    }
}

static smac_status load_all(
    parameter_list *list, const tensor_file *file, bool *used, loading_report *report, smac_error *error)
{
    for (size_t i = 0; i < list->count; i++) {
        listed_parameter *item = &list->items[i];
        weight_source source;
        TRY(weight_source_find(list, item, file, &source, error));
        used[source.entry - tensor_file_at(file, 0)] = true;
        report->packed += item->packed;
        if (item->packed)
            continue;
        parameter *p = item->parameter;
        float *numbers = parameter_map(p);
        if (numbers == NULL)
            return FAIL(
                error, SMAC_ERROR_INTERNAL, "parameter %s has no memory: seal its store before loading", p->name);
        smac_status status = weight_source_load(&source, numbers, error);
        TRY(parameter_unmap(p, numbers, status == SMAC_OK, error));
        TRY(status);
        report->loaded++;
    }
    return tensor_file_check(file, error);
}

smac_status parameter_list_load(
    parameter_list *list, const tensor_file *file, loading_report *report, smac_error *error)
{
    loading_report local = {0};
    bool *used = memory_new(tensor_file_count(file) + 1, sizeof *used);
    if (used == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory to load the weights of %s", list->prefix);
    smac_status status = load_all(list, file, used, &local, error);
    if (status == SMAC_OK)
        count_unexpected(file, used, &local);
    if (report != NULL)
        *report = local;
    free(used);
    return status;
}
