/* data/manifest_features.c - ready vectors of a manifest's clips: written out in the line, or a tensor of a file. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "data/manifest_internal.h"

static smac_status refuse(const manifest_reading *g, const manifest_line *line, modality m, const char *why)
{
    return FAIL(g->set.error, SMAC_ERROR_FORMAT, "%.300s line %lld: its features of %s %s", g->set.path,
        (long long)line->number, modality_name(m), why);
}

/* Room in the dataset for steps x crops x width values; NULL when memory is short. */
static float *take_values(manifest_reading *g, feature_sequence *f, int64_t steps, int64_t crops, int64_t width)
{
    size_t count;
    *f = (feature_sequence){.steps = steps, .crops = crops, .width = width};
    if (!checked_multiply((size_t)(steps * crops), (size_t)width, &count))
        return NULL;
    return f->data = arena_take(dataset_arena(g->set.d), count * sizeof(float));
}

static bool all_finite(const feature_sequence *f)
{
    for (int64_t i = 0; i < f->steps * f->crops * f->width; i++)
        if (!isfinite(f->data[i]))
            return false;
    return true;
}

/* [[0.1, 0.2], [0.3, 0.4]]: steps of equal width. */
static smac_status read_list(
    manifest_reading *g, const manifest_line *line, modality m, const json_t *list, feature_sequence *out)
{
    size_t steps = json_array_size(list), width = json_array_size(json_array_get(list, 0));
    if (steps == 0 || width == 0)
        return refuse(g, line, m, "are not a list of vectors");
    float *values = take_values(g, out, (int64_t)steps, 1, (int64_t)width);
    if (!values)
        return FAIL(g->set.error, SMAC_ERROR_MEMORY, "no memory for vectors");
    for (size_t i = 0; i < steps; i++) {
        const json_t *row = json_array_get(list, i);
        if (json_array_size(row) != width)
            return refuse(g, line, m, "are vectors of different lengths");
        for (size_t k = 0; k < width; k++) {
            const json_t *one = json_array_get(row, k);
            if (!json_is_number(one))
                return refuse(g, line, m, "hold something that is not a number");
            values[i * width + k] = (float)json_number_value(one);
        }
    }
    return SMAC_OK;
}

static smac_status open_file(manifest_reading *g, const char *relative, tensor_file **out)
{
    char *path = path_join(g->set.folder, relative);
    if (!path || !memory_grow((void **)&g->files, &g->file_capacity, g->file_count + 1, sizeof *g->files)) {
        free(path);
        return FAIL(g->set.error, SMAC_ERROR_MEMORY, "no memory for a path");
    }
    for (size_t i = 0; i < g->file_count; i++) {
        if (strcmp(g->files[i].path, path) == 0) {
            *out = g->files[i].file;
            free(path);
            return SMAC_OK;
        }
    }
    smac_status status = tensor_file_open(path, out, g->set.error);
    if (status != SMAC_OK) {
        free(path);
        return status;
    }
    g->files[g->file_count++] = (feature_file){path, *out};
    return SMAC_OK;
}

/* A tensor (width), (steps, width) or (steps, crops, width). */
static smac_status read_tensor(
    manifest_reading *g, const manifest_line *line, modality m, const json_t *place, feature_sequence *out)
{
    const char *path = json_string_value(json_object_get(place, "file"));
    const char *name = json_string_value(json_object_get(place, "tensor"));
    tensor_file *file;
    if (!path || !name)
        return refuse(g, line, m, "are neither a list of vectors nor {\"file\": PATH, \"tensor\": NAME}");
    smac_status status = open_file(g, path, &file);
    if (status != SMAC_OK)
        return error_context(g->set.error, status, "%.200s line %lld", g->set.path, (long long)line->number);
    const tensor_entry *e = tensor_file_find(file, name);
    if (!e || e->rank < 1 || e->rank > 3 || e->count == 0)
        return FAIL(g->set.error, SMAC_ERROR_FORMAT,
            "%.200s line %lld: %.200s has no tensor %.100s of one to three dimensions", g->set.path,
            (long long)line->number, path, name);
    int64_t steps = e->rank > 1 ? e->dim[0] : 1, crops = e->rank > 2 ? e->dim[1] : 1;
    float *values = take_values(g, out, steps, crops, e->dim[e->rank - 1]);
    if (!values)
        return FAIL(g->set.error, SMAC_ERROR_MEMORY, "no memory for vectors");
    tensor_to_f32(e, values);
    return SMAC_OK;
}

smac_status manifest_read_features(manifest_reading *g, const manifest_line *line, dataset_item *item)
{
    const json_t *features = json_object_get(line->object, "features");
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)features, name, value)
    {
        int m = 0;
        while (m < MODALITIES && strcmp(modality_name((modality)m), name) != 0)
            m++;
        if (m == MODALITIES)
            return FAIL(g->set.error, SMAC_ERROR_FORMAT,
                "%.300s line %lld has features of '%.60s'; expected text, audio or vision", g->set.path,
                (long long)line->number, name);
        if (json_is_null(value))
            continue;
        if (json_is_array(value))
            TRY(read_list(g, line, (modality)m, value, &item->features[m]));
        else
            TRY(read_tensor(g, line, (modality)m, value, &item->features[m]));
        if (!all_finite(&item->features[m]))
            return refuse(g, line, (modality)m, "hold a value that is not finite");
    }
    return SMAC_OK;
}

void manifest_close_features(manifest_reading *g)
{
    for (size_t i = 0; i < g->file_count; i++) {
        tensor_file_close(g->files[i].file);
        free(g->files[i].path);
    }
    free(g->files);
}
