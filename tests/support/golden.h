/* tests/support/golden.h - comparing with golden files: relative to the largest magnitude of the expected tensor. */
#ifndef SMAC_TESTS_SUPPORT_GOLDEN_H
#define SMAC_TESTS_SUPPORT_GOLDEN_H

#include "support/check.h"

#include "weights/tensor_file.h"

static inline tensor_file *golden_open(const char *module, const char *name)
{
    char path[600];
    snprintf(path, sizeof path, "%s/tests/golden/%s/%s.safetensors", SMAC_SOURCE_DIR, module, name);
    tensor_file *file = NULL;
    assert_ok(tensor_file_open(path, &file, error));
    return file;
}

/* A float32 copy (free it); count may be NULL. */
static inline float *golden_floats(const tensor_file *file, const char *name, int64_t *count)
{
    const tensor_entry *e = tensor_file_find(file, name);
    if (e == NULL)
        fail_msg("the golden file has no %s", name);
    float *out = malloc((size_t)(e->count > 0 ? e->count : 1) * sizeof *out);
    assert_non_null(out);
    tensor_to_f32(e, out);
    if (count != NULL)
        *count = e->count;
    return out;
}

/* Largest |a - b| over rows whose mask is 1 (mask NULL: all), divided by the largest |b| of those rows. */
static inline double golden_error(const float *a, const float *b, int64_t rows, int64_t width, const uint8_t *mask)
{
    double worst = 0, largest = 0;
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < width && (mask == NULL || mask[i]); j++) {
            double difference = fabs((double)a[i * width + j] - (double)b[i * width + j]);
            if (!(difference <= worst))
                worst = difference;
            if (fabs((double)b[i * width + j]) > largest)
                largest = fabs((double)b[i * width + j]);
        }
    return largest > 0 ? worst / largest : worst;
}

/*
 * The largest errors since the last report, of results (0) and of gradients (1): what a document's table of agreement
 * is made from (docs/encoders.md).  golden_report prints them as a comment of the test's output.
 */
static double golden_worst[2];

static inline double golden_note(int gradient, double error_found)
{
    golden_worst[gradient] = error_found > golden_worst[gradient] ? error_found : golden_worst[gradient];
    return error_found;
}

static inline void golden_report(const char *name)
{
    print_message("# agreement of %s: results %.1e, gradients %.1e\n", name, golden_worst[0], golden_worst[1]);
    golden_worst[0] = golden_worst[1] = 0;
}

#endif
