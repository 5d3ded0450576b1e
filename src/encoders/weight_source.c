/* encoders/weight_source.c - finding a parameter's tensor in a file by its names, checking it, reading its values. */
#include "encoders/weight_source.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "compute/parallel.h"

/* --- names -------------------------------------------------------------------------------------------------------- */

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

/* What precedes name in the only tensor of the file that ends in "." + name; false: none or several do. */
static bool find_front(const tensor_file *file, const char *name, char *out, size_t size)
{
    size_t length = strlen(name), found = 0;
    for (size_t i = 0; i < tensor_file_count(file); i++) {
        const char *whole = tensor_file_at(file, i)->name;
        size_t front = strlen(whole) > length ? strlen(whole) - length : 0;
        if (front == 0 || front >= size || whole[front - 1] != '.' || strcmp(whole + front, name) != 0)
            continue;
        found++;
        snprintf(out, size, "%.*s", (int)front, whole);
    }
    return found == 1;
}

/* A prefix of the file's own, told by the first parameter of the list (a table that each file has once). */
static bool find_own_prefix(const parameter_list *list, const tensor_file *file, char *out, size_t size)
{
    const char *first = list->items[0].published;
    bool found = find_front(file, first, out, size);
    for (const char *const *a = list->aliases; !found && a != NULL && a[0] != NULL; a += 2)
        found = strcmp(a[0], first) == 0 && find_front(file, a[1], out, size);
    return found;
}

static const tensor_entry *find_after(
    const parameter_list *list, const tensor_file *file, const char *front, const char *name)
{
    char full[256];
    const tensor_entry *found = find_spelled(file, front, name);
    for (const char *const *p = list->file_prefixes; found == NULL && p != NULL && *p != NULL; p++) {
        snprintf(full, sizeof full, "%.120s%s", front, *p);
        found = find_spelled(file, full, name);
    }
    return found;
}

static const tensor_entry *find_published(const parameter_list *list, const tensor_file *file, const char *name)
{
    char own[120];
    const tensor_entry *found = find_after(list, file, "", name);
    if (found == NULL && find_own_prefix(list, file, own, sizeof own))
        found = find_after(list, file, own, name);
    return found;
}

static const tensor_entry *find_named(const parameter_list *list, const listed_parameter *item, const tensor_file *file)
{
    const tensor_entry *found = find_published(list, file, item->published);
    for (const char *const *a = list->aliases; found == NULL && a != NULL && a[0] != NULL; a += 2)
        if (strcmp(a[0], item->published) == 0)
            found = find_published(list, file, a[1]);
    return found;
}

/* --- checks ------------------------------------------------------------------------------------------------------- */

static bool has_shape(const tensor_entry *entry, int rank, const int64_t *dim)
{
    return entry->rank == rank && (rank == 0 || memcmp(entry->dim, dim, (size_t)rank * sizeof *dim) == 0);
}

static bool is_floating(const tensor_entry *e)
{
    return e->type == TENSOR_F32 || e->type == TENSOR_F16 || e->type == TENSOR_BF16 || e->type == TENSOR_F64;
}

/* A file may put it at any address. */
static float scale_at(const tensor_entry *scale, int64_t index)
{
    float out;
    if (scale->type == TENSOR_F32)
        memcpy(&out, (const char *)scale->data + (size_t)index * sizeof out, sizeof out);
    else
        tensor_to_f32_part(scale, index, 1, &out);
    return out;
}

static smac_status find_scale(const tensor_file *file, weight_source *s, smac_error *error)
{
    char name[520];
    int length = snprintf(name, sizeof name, "%s_scale", s->entry->name);
    int64_t rows = s->entry->rank == 0 ? 0 : s->entry->dim[0], want = rows == 0 ? 0 : s->transposed ? s->row : rows;
    s->scale = length > 0 && (size_t)length < sizeof name ? tensor_file_find(file, name) : NULL;
    if (s->scale == NULL || !is_floating(s->scale) || s->scale->rank > 1 || s->scale->count != want)
        return FAIL(error, SMAC_ERROR_MISMATCH,
            "tensor %s is of type I8, but there is no %s_scale of %lld floating point values beside it; convert the "
            "model again",
            s->entry->name, s->entry->name, (long long)want);
    for (int64_t i = 0; i < want; i++) {
        float scale = scale_at(s->scale, i);
        if (!isfinite(scale) || !isfinite(INT8_MAX / scale)) /* values are divided by it */
            return FAIL(error, SMAC_ERROR_FORMAT,
                "value %lld of tensor %s is %g, expected finite numbers other than 0; download or convert the model "
                "again",
                (long long)i, s->scale->name, (double)scale);
    }
    return SMAC_OK;
}

static smac_status take_entry(const tensor_file *file, weight_source *s, smac_error *error)
{
    const tensor_entry *e = s->entry;
    s->row = e->rank == 0 || e->dim[0] == 0 ? 0 : e->count / e->dim[0];
    if (!is_floating(e) && e->type != TENSOR_I8)
        return FAIL(error, SMAC_ERROR_MISMATCH,
            "tensor %s is of type %s, expected floating point, or int8 with scales; use the model's files that are not "
            "packed",
            e->name, tensor_type_name(e->type));
    return e->type == TENSOR_I8 ? find_scale(file, s, error) : SMAC_OK;
}

smac_status weight_source_of(
    const tensor_file *file, const tensor_entry *entry, int part, int parts, weight_source *out, smac_error *error)
{
    *out = (weight_source){.entry = entry, .count = entry->count / parts, .first = entry->count / parts * part};
    return take_entry(file, out, error);
}

/* --- finding ------------------------------------------------------------------------------------------------------ */

static smac_status fail_missing(const tensor_file *file, const char *name, smac_error *error)
{
    return FAIL(error, SMAC_ERROR_NOT_FOUND,
        "none of the %s file's %zu tensors is %s (the first is %.150s); " WEIGHTS_OF_ONE_MODEL, tensor_file_kind(file),
        tensor_file_count(file), name, tensor_file_count(file) > 0 ? tensor_file_at(file, 0)->name : "missing");
}

static smac_status fail_shape(const tensor_entry *found, int rank, const int64_t *dim, smac_error *error)
{
    char have[128], want[128];
    return FAIL(error, SMAC_ERROR_MISMATCH,
        "tensor %s has shape %s in the file, but the configuration needs %s; " WEIGHTS_OF_ONE_MODEL, found->name,
        tensor_shape_text(found->rank, found->dim, have, sizeof have), tensor_shape_text(rank, dim, want, sizeof want));
}

/* CTranslate2 stacks matrices (queries, keys and values) as rows of one. */
static smac_status find_stacked(
    const listed_parameter *item, const tensor_file *file, weight_source *out, smac_error *error)
{
    int64_t dim[PUBLISHED_MAX_RANK];
    const tensor_entry *found = tensor_file_find(file, item->stacked_name);
    if (found == NULL)
        return fail_missing(file, item->stacked_name, error);
    memcpy(dim, item->published_dim, sizeof dim);
    dim[0] *= item->parts;
    if (!has_shape(found, item->published_rank, dim))
        return fail_shape(found, item->published_rank, dim, error);
    return weight_source_of(file, found, item->part, item->parts, out, error);
}

smac_status weight_source_find(const parameter_list *list, const listed_parameter *item, const tensor_file *file,
    weight_source *out, smac_error *error)
{
    TRY(tensor_file_check(file, error)); /* it is read from next */
    const parameter *p = item->parameter;
    if (item->stacked_name != NULL && strcmp(tensor_file_kind(file), "CTranslate2") == 0)
        return find_stacked(item, file, out, error);
    const tensor_entry *found = tensor_file_find(file, p->name);
    bool ours = found != NULL;
    if (!ours)
        found = find_named(list, item, file);
    if (found == NULL)
        return fail_missing(file, item->published, error);
    bool stored = has_shape(found, p->rank, p->dim);
    bool published = has_shape(found, item->published_rank, item->published_dim);
    if (ours ? !stored && (item->transposed || !published) : !published)
        return ours && item->transposed ? fail_shape(found, p->rank, p->dim, error)
                                        : fail_shape(found, item->published_rank, item->published_dim, error);
    *out = (weight_source){.entry = found, .count = found->count, .transposed = item->transposed && !ours};
    return take_entry(file, out, error);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

void weight_source_read(const weight_source *s, int64_t first, int64_t count, float *out)
{
    first += s->first;
    tensor_to_f32_part(s->entry, first, count, out);
    if (s->scale == NULL || s->row == 0)
        return;
    for (int64_t i = 0, length; i < count; i += length) { /* a row, or what the part has of it */
        int64_t column = (first + i) % s->row;
        length = s->row - column < count - i ? s->row - column : count - i;
        float *part = out + i;
        if (s->transposed) {
            for (int64_t j = 0; j < length; j++)
                part[j] /= scale_at(s->scale, column + j);
        } else {
            float factor = scale_at(s->scale, (first + i) / s->row);
            for (int64_t j = 0; j < length; j++)
                part[j] /= factor;
        }
    }
}

enum { PIECE = 1 << 16 }; /* elements that one thread reads at once */

typedef struct reading {
    const weight_source *source;
    float *out;
} reading;

static void read_piece(void *context, int64_t piece)
{
    const reading *r = context;
    int64_t first = piece * PIECE, left = r->source->count - first;
    weight_source_read(r->source, first, left < PIECE ? left : PIECE, r->out + first);
}

/* (in, out) into (out, in), one row of the file after another. */
static smac_status load_transposed(const weight_source *s, float *to, smac_error *error)
{
    int64_t out = s->row, in = out > 0 ? s->count / out : 0;
    float *row = memory_new((size_t)out, sizeof *row);
    if (row == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory to transpose tensor %s", s->entry->name);
    for (int64_t i = 0; i < in; i++) {
        weight_source_read(s, i * out, out, row);
        for (int64_t o = 0; o < out; o++)
            to[o * in + i] = row[o];
    }
    free(row);
    return SMAC_OK;
}

smac_status weight_source_load(const weight_source *s, float *out, smac_error *error)
{
    if (s->transposed)
        return load_transposed(s, out, error);
    parallel_for((s->count + PIECE - 1) / PIECE, read_piece, &(reading){s, out});
    return SMAC_OK;
}
