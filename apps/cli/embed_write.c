/* apps/cli/embed_write.c - vectors as text, NumPy's npy (version 1.0) and safetensors. */
#include "embed_write.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "weights/safetensors.h"

void vector_rows_clear(vector_rows *v)
{
    free(v->data);
    free(v->lengths);
    memset(v, 0, sizeof *v);
}

smac_status vector_rows_add(
    vector_rows *v, const float *rows, int64_t count, int64_t width, bool group, smac_error *error)
{
    size_t values;
    if (!checked_multiply((size_t)(v->rows + count), (size_t)width, &values) ||
        !memory_grow((void **)&v->data, &v->capacity, values, sizeof *v->data) ||
        (group && !memory_grow((void **)&v->lengths, &v->group_capacity, v->groups + 1, sizeof *v->lengths)))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %lld vectors", (long long)(v->rows + count));
    memcpy(v->data + v->rows * width, rows, (size_t)(count * width) * sizeof *rows);
    v->rows += count;
    v->width = width;
    if (group)
        v->lengths[v->groups++] = count;
    return SMAC_OK;
}

smac_status vector_rows_add_zeros(vector_rows *v, int64_t width, smac_error *error)
{
    float *zeros = memory_new((size_t)width, sizeof *zeros);
    if (!zeros)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a vector");
    smac_status status = vector_rows_add(v, zeros, 1, width, false, error);
    free(zeros);
    return status;
}

smac_status vector_rows_add_mean(vector_rows *v, const float *rows, int64_t count, int64_t width, smac_error *error)
{
    float *mean = memory_new((size_t)width, sizeof *mean);
    if (!mean)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a vector");
    double squares = 0;
    for (int64_t i = 0; i < width; i++) {
        double sum = 0;
        for (int64_t r = 0; r < count; r++)
            sum += rows[r * width + i];
        mean[i] = (float)(sum / (double)count);
        squares += (double)mean[i] * mean[i];
    }
    double norm = fmax(sqrt(squares), 1e-12);
    for (int64_t i = 0; i < width; i++)
        mean[i] = (float)(mean[i] / norm);
    smac_status status = vector_rows_add(v, mean, 1, width, false, error);
    free(mean);
    return status;
}

static void print_rows(const vector_rows *files, size_t count)
{
    for (size_t f = 0; f < count; f++)
        for (int64_t r = 0; r < files[f].rows; r++)
            for (int64_t i = 0; i < files[f].width; i++)
                printf("%.9g%c", (double)files[f].data[r * files[f].width + i], i + 1 < files[f].width ? ' ' : '\n');
}

static smac_status write_npy(const vector_rows *files, size_t count, const char *output, smac_error *error)
{
    long long rows = 0, width = 0;
    for (size_t f = 0; f < count; f++) {
        rows += files[f].rows;
        width = files[f].rows ? files[f].width : width;
    }
    char header[128];
    int length = snprintf(
        header, sizeof header, "{'descr': '<f4', 'fortran_order': False, 'shape': (%lld, %lld), }", rows, width);
    while ((10 + length + 1) % 64 != 0)
        header[length++] = ' ';
    header[length++] = '\n';
    file_writer w;
    TRY(file_writer_begin(&w, output, error));
    fwrite("\x93NUMPY\x01\x00", 1, 8, w.file);
    fputc(length & 255, w.file);
    fputc(length >> 8, w.file);
    fwrite(header, 1, (size_t)length, w.file);
    for (size_t f = 0; f < count; f++)
        if (files[f].rows)
            fwrite(files[f].data, sizeof(float), (size_t)(files[f].rows * files[f].width), w.file);
    return file_writer_commit(&w, error);
}

static smac_status write_tensors(const vector_rows *files, size_t count, const char *output, smac_error *error)
{
    tensor_entry *entries = memory_new(2 * count, sizeof *entries);
    arena *names = arena_new(0);
    size_t used = 0;
    smac_status status = entries && names ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory to write %s", output);
    for (int pass = 0; pass < 2 && status == SMAC_OK; pass++) { /* the wider type comes first */
        for (size_t f = 0; f < count && status == SMAC_OK; f++) {
            const vector_rows *v = &files[f];
            if (pass == 1) {
                int64_t values = v->rows * v->width;
                entries[used++] = (tensor_entry){.name = v->name,
                    .type = TENSOR_F32,
                    .rank = 2,
                    .dim = {v->rows, v->width},
                    .count = values,
                    .data = v->data,
                    .bytes = (size_t)values * sizeof(float)};
            } else if (v->lengths) {
                char *name = arena_take(names, strlen(v->name) + 16);
                if (!name) {
                    status = FAIL(error, SMAC_ERROR_MEMORY, "no memory to write %s", output);
                    break;
                }
                sprintf(name, "%s.lengths", v->name);
                entries[used++] = (tensor_entry){.name = name,
                    .type = TENSOR_I64,
                    .rank = 1,
                    .dim = {(int64_t)v->groups},
                    .count = (int64_t)v->groups,
                    .data = v->lengths,
                    .bytes = v->groups * sizeof(int64_t)};
            }
        }
    }
    if (status == SMAC_OK)
        status = safetensors_write(output, entries, used, NULL, 0, error);
    arena_free(names);
    free(entries);
    return status;
}

smac_status vector_rows_write(const vector_rows *files, size_t count, const char *output, smac_error *error)
{
    if (!output || !strcmp(output, "-")) {
        print_rows(files, count);
        return SMAC_OK;
    }
    size_t length = strlen(output);
    return length > 4 && !strcmp(output + length - 4, ".npy") ? write_npy(files, count, output, error)
                                                              : write_tensors(files, count, output, error);
}
