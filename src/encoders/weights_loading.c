/* encoders/weights_loading.c - finding a parameter's tensor in a file, checking its shape, copying or borrowing it. */
#include "encoders/weights_loading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute/parallel.h"
#include "compute/products.h"

/* The file's tensor called front + name, or its old spelling. */
static const tensor_entry *find_spelled(const tensor_file *file, const char *front, const char *name)
{
    char full[512];
    int length = snprintf(full, sizeof full, "%s%s", front, name);
    if (length < 0 || (size_t)length >= sizeof full)
        return NULL;
    const tensor_entry *found = tensor_file_find(file, full);
    if (found != NULL)
        return found;
    static const char *const old_names[][2] = {{"Norm.weight", "Norm.gamma"}, {"Norm.bias", "Norm.beta"}};
    for (size_t i = 0; i < 2; i++) {
        size_t new_length = strlen(old_names[i][0]), old_length = strlen(old_names[i][1]);
        char *end = full + length - new_length;
        if ((size_t)length < new_length || strcmp(end, old_names[i][0]) != 0 || new_length + 1 < old_length)
            continue;
        memcpy(end, old_names[i][1], old_length + 1);
        return tensor_file_find(file, full);
    }
    return NULL;
}

static const tensor_entry *find_published(const parameter_list *list, const tensor_file *file, const char *name)
{
    const tensor_entry *found = find_spelled(file, "", name);
    for (const char *const *p = list->file_prefixes; found == NULL && p != NULL && *p != NULL; p++)
        found = find_spelled(file, *p, name);
    return found;
}

static bool has_shape(const tensor_entry *entry, int rank, const int64_t *dim)
{
    return entry->rank == rank && (rank == 0 || memcmp(entry->dim, dim, (size_t)rank * sizeof *dim) == 0);
}

static const tensor_entry *scale_of(const tensor_file *file, const tensor_entry *entry)
{
    char name[520];
    int length = snprintf(name, sizeof name, "%s_scale", entry->name);
    return length > 0 && (size_t)length < sizeof name ? tensor_file_find(file, name) : NULL;
}

static smac_status check_scale(const tensor_file *file, const tensor_entry *entry, bool turned, smac_error *error)
{
    const tensor_entry *scale = scale_of(file, entry);
    int64_t want = entry->rank == 0 || entry->dim[0] == 0 ? 0 : turned ? entry->count / entry->dim[0] : entry->dim[0];
    if (scale == NULL || scale->type != TENSOR_F32 || scale->count != want)
        return FAIL(error, SMAC_ERROR_MISMATCH,
            "tensor %s is of type I8, but there is no %s_scale of %lld float32 "
            "values beside it; convert the model again",
            entry->name, entry->name, (long long)want);
    return SMAC_OK;
}

smac_status encoder_configuration_advise(smac_error *error, smac_status status)
{
    static const char again[] = "config.json is damaged or altered: download the model again";
    error_advise(error, status, SMAC_ERROR_FORMAT, again);
    error_advise(error, status, SMAC_ERROR_ARGUMENT, again);
    return error_advise(error, status, SMAC_ERROR_UNSUPPORTED, "choose one that `semanticmac models list` shows");
}

smac_status parameter_list_tensor(const parameter_list *list, const listed_parameter *item, const tensor_file *file,
    const tensor_entry **out, bool *turn, smac_error *error)
{
    const parameter *p = item->parameter;
    const tensor_entry *found = tensor_file_find(file, p->name);
    bool ours = found != NULL;
    if (!ours)
        found = find_published(list, file, item->published);
    for (const char *const *a = list->aliases; found == NULL && a != NULL && a[0] != NULL; a += 2)
        if (strcmp(a[0], item->published) == 0)
            found = find_published(list, file, a[1]);
    if (found == NULL)
        return FAIL(error, SMAC_ERROR_NOT_FOUND, "none of the file's %zu tensors is %s; " WEIGHTS_OF_ONE_MODEL,
            tensor_file_count(file), item->published);
    bool stored = has_shape(found, p->rank, p->dim);
    bool published = has_shape(found, item->published_rank, item->published_dim);
    if (ours ? !stored && (item->transposed || !published) : !published) {
        char have[128], want[128];
        const bool want_store = ours && item->transposed;
        return FAIL(error, SMAC_ERROR_MISMATCH,
            "tensor %s has shape %s in the file, but the configuration needs %s; " WEIGHTS_OF_ONE_MODEL, found->name,
            tensor_shape_text(found->rank, found->dim, have, sizeof have),
            tensor_shape_text(want_store ? p->rank : item->published_rank, want_store ? p->dim : item->published_dim,
                want, sizeof want));
    }
    bool floating = found->type == TENSOR_F32 || found->type == TENSOR_F16 || found->type == TENSOR_BF16 ||
        found->type == TENSOR_F64;
    if (!floating && found->type != TENSOR_I8)
        return FAIL(error, SMAC_ERROR_MISMATCH,
            "tensor %s is of type %s, expected floating point, or int8 with "
            "scales; use the model's files that are not packed",
            found->name, tensor_type_name(found->type));
    *out = found;
    *turn = item->transposed && !ours;
    return found->type == TENSOR_I8 ? check_scale(file, found, *turn, error) : SMAC_OK;
}

/* check_scale saw to float32; a file may put it at any address. */
static float scale_at(const tensor_entry *scale, int64_t index)
{
    float out;
    memcpy(&out, (const char *)scale->data + (size_t)index * sizeof out, sizeof out);
    return out;
}

void parameter_tensor_read(
    const tensor_file *file, const tensor_entry *entry, bool turned, int64_t first, int64_t count, float *out)
{
    tensor_to_f32_part(entry, first, count, out);
    const tensor_entry *scale = entry->type == TENSOR_I8 ? scale_of(file, entry) : NULL;
    if (scale == NULL || entry->rank == 0)
        return;
    int64_t row = entry->count / entry->dim[0];
    for (int64_t i = 0, length; i < count; i += length) { /* a row, or what the part has of it */
        int64_t column = (first + i) % row;
        length = row - column < count - i ? row - column : count - i;
        float factor = scale_at(scale, turned ? column : (first + i) / row), *part = out + i;
        for (int64_t j = 0; turned && j < length; j++)
            part[j] /= scale_at(scale, column + j);
        for (int64_t j = 0; !turned && j < length; j++)
            part[j] /= factor;
    }
}

enum { ROWS_AT_ONCE = 64 };

typedef struct reading_rows {
    const tensor_file *file;
    const tensor_entry *entry;
    int64_t rows, row;
    float *out;
} reading_rows;

static void read_rows(void *context, int64_t piece)
{
    const reading_rows *r = context;
    int64_t first = piece * ROWS_AT_ONCE, count = r->rows - first < ROWS_AT_ONCE ? r->rows - first : ROWS_AT_ONCE;
    parameter_tensor_read(r->file, r->entry, false, first * r->row, count * r->row, r->out + first * r->row);
}

smac_status parameter_list_borrow(parameter_list *list, const tensor_file *file, smac_error *error)
{
    for (size_t i = 0; i < list->count; i++) {
        listed_parameter *item = &list->items[i];
        if (item->parameter->trainable || item->borrowed || item->packed)
            continue;
        bool turn;
        const tensor_entry *entry;
        TRY(parameter_list_tensor(list, item, file, &entry, &turn, error));
        if (entry->type != TENSOR_F32 || turn || (uintptr_t)entry->data % _Alignof(float) != 0)
            continue;
        TRY(parameter_borrow(list->store, item->parameter, entry->data, error));
        item->borrowed = true;
    }
    return SMAC_OK;
}

/* Published (in, out) into the store's (out, in), a band of rows at a time. */
static smac_status turn_around(
    const tensor_file *file, const tensor_entry *entry, const parameter *p, float *to, smac_error *error)
{
    int64_t out = p->dim[0], in = p->dim[1];
    float *row = memory_new((size_t)out, sizeof *row);
    if (row == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory to turn tensor %s around", entry->name);
    for (int64_t i = 0; i < in; i++) {
        parameter_tensor_read(file, entry, true, i * out, out, row);
        for (int64_t o = 0; o < out; o++)
            to[o * in + i] = row[o];
    }
    free(row);
    return SMAC_OK;
}

static smac_status pack_one(
    parameter_list *list, listed_parameter *item, const tensor_file *file, precision how, smac_error *error)
{
    parameter *p = item->parameter;
    const tensor_entry *entry;
    bool turn;
    TRY(parameter_list_tensor(list, item, file, &entry, &turn, error));
    struct packed_matrix *packed = NULL;
    if (entry->type == TENSOR_BF16 && !turn && (uintptr_t)entry->data % _Alignof(uint16_t) == 0) {
        packed = packed_matrix_new_bf16(entry->data, p->dim[0], p->dim[1], how);
    } else if (entry->type == TENSOR_F32 && !turn && (uintptr_t)entry->data % _Alignof(float) == 0) {
        packed = packed_matrix_new(entry->data, p->dim[0], p->dim[1], how);
    } else {
        float *copy = memory_new((size_t)p->count, sizeof *copy);
        if (copy != NULL) {
            smac_status status = SMAC_OK;
            if (turn)
                status = turn_around(file, entry, p, copy, error);
            else
                parallel_for((p->dim[0] + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE, read_rows,
                    &(reading_rows){file, entry, p->dim[0], p->dim[1], copy});
            if (status == SMAC_OK)
                packed = packed_matrix_new(copy, p->dim[0], p->dim[1], how);
        }
        free(copy);
    }
    if (packed == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory to pack tensor %s", entry->name);
    tensor_file_forget(file, entry);
    TRY(parameter_adopt_packed(list->store, p, packed, error));
    item->packed = true;
    return SMAC_OK;
}

smac_status parameter_list_pack(parameter_list *list, const tensor_file *file, precision how, smac_error *error)
{
    for (size_t i = 0; i < list->count; i++) {
        listed_parameter *item = &list->items[i];
        if (item->parameter->product && !item->parameter->trainable && !item->packed && !item->borrowed)
            TRY(pack_one(list, item, file, how, error));
    }
    return SMAC_OK;
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
        bool turn;
        const tensor_entry *entry;
        TRY(parameter_list_tensor(list, item, file, &entry, &turn, error));
        used[entry - tensor_file_at(file, 0)] = true;
        report->borrowed += item->borrowed;
        report->packed += item->packed;
        if (item->borrowed || item->packed)
            continue;
        parameter *p = item->parameter;
        float *numbers = parameter_map(p);
        if (numbers == NULL)
            return FAIL(
                error, SMAC_ERROR_INTERNAL, "parameter %s has no memory: seal its store before loading", p->name);
        smac_status status = SMAC_OK;
        if (turn)
            status = turn_around(file, entry, p, numbers, error);
        else
            parameter_tensor_read(file, entry, false, 0, p->count, numbers);
        parameter_unmap(p, numbers, true);
        TRY(status);
        report->loaded++;
    }
    return SMAC_OK;
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
