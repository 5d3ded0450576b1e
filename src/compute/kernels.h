/*
 * compute/kernels.h - the loops over arrays and rows, as one table of functions for each kind of processor.
 *
 * kernels_get gives the table in use; compute/backend.h has all of them, and tests compare each with the plain one.
 * Every function is single-threaded, works on float32 unless its name says otherwise, and needs no alignment.  n may be 0.  Results of one element (or one row) depend on
 * that element (row) alone, never on its place in the array, and sums go in a fixed order: calling a function piece by
 * piece from several threads changes no bit of an elementwise function.  Output and input may be the same array
 * (y == x), not overlap otherwise.  "+=" in a comment: the function adds to its output.
 *
 * NaN and infinity follow IEEE through all of them.
 */
#ifndef SMAC_COMPUTE_KERNELS_H
#define SMAC_COMPUTE_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#include "compute/activation.h"
#include "compute/depthwise.h"
#include "compute/dropout.h"
#include "compute/rectifier.h"

/* One step of AdamW (Loshchilov and Hutter 2019); first_correction = 1 - beta1^t, second_correction = 1 - beta2^t. */
typedef struct adamw_step {
    float rate, beta1, beta2, epsilon, weight_decay;
    double first_correction, second_correction;
    float gradient_scale; /* the gradient is multiplied by it on the way in (clipping, loss scale); 1: as it is */
} adamw_step;

struct kernels {
    /* --- element by element ------------------------------------------------------------------------------------- */
    void (*activate)(float *y, const float *x, int64_t n, activation a);
    /* dx += dy f'(x); x is what went in, for every activation.  dx may not be dy. */
    void (*activate_backward)(float *dx, const float *dy, const float *x, int64_t n, activation a);
    void (*exponential)(float *y, const float *x, int64_t n);
    void (*logarithm)(float *y, const float *x, int64_t n);
    void (*add)(float *y, const float *a, const float *b, int64_t n);          /* y = a + b */
    void (*subtract)(float *y, const float *a, const float *b, int64_t n);     /* y = a - b */
    void (*multiply)(float *y, const float *a, const float *b, int64_t n);     /* y = a b */
    void (*multiply_add)(float *y, const float *a, const float *b, int64_t n); /* y += a b */
    void (*axpy)(float *y, const float *x, float factor, int64_t n);           /* y += factor x */
    void (*scale)(float *y, const float *x, float factor, int64_t n);          /* y = factor x */

    void (*dropout)(const dropout_mask *mask, int64_t index, int64_t n, float *y, const float *x);

    /* --- sums, in a fixed order ----------------------------------------------------------------------------------- */
    double (*sum)(const float *x, int64_t n);                /* in double */
    double (*sum_squares)(const float *x, int64_t n);        /* in double */
    float (*dot)(const float *a, const float *b, int64_t n); /* in float32, in blocks */
    float (*maximum)(const float *x, int64_t n);             /* -infinity for n = 0; NaN are ignored */
    bool (*finite)(const float *x, int64_t n);               /* no NaN, no infinity */

    /* --- one row --------------------------------------------------------------------------------------------------- */
    /* y = softmax(scale x + bias) over positions with mask 1; others get 0; none left (or all -infinity): all 0.
     * bias(n) and mask(n) may be NULL. */
    void (*softmax)(float *y, const float *x, int64_t n, float scale, const float *bias, const uint8_t *mask);
    /* dx += scale y (dy - sum(dy y)) with y what softmax gave */
    void (*softmax_backward)(float *dx, const float *dy, const float *y, int64_t n, float scale);
    /* y = x - log(sum(exp x)) */
    void (*log_softmax)(float *y, const float *x, int64_t n);
    /* dx += dy - exp(y) sum(dy) with y what log_softmax gave */
    void (*log_softmax_backward)(float *dx, const float *dy, const float *y, int64_t n);
    /* y = (x - mean) / sqrt(variance + epsilon) w + b (Ba, Kiros and Hinton 2016); w and b may be NULL; mean and
     * inverse (1 / sqrt(...)) are stored for the backward pass unless NULL. */
    void (*layer_norm)(float *y, const float *x, const float *w, const float *b, int64_t n, float epsilon, float *mean,
        float *inverse);
    /* dx +=, dw +=, db +=; each may be NULL */
    void (*layer_norm_backward)(float *dx, float *dw, float *db, const float *dy, const float *x, const float *w,
        int64_t n, float mean, float inverse);
    /* y = x / sqrt(mean(x x) + epsilon) w (Zhang and Sennrich 2019) */
    void (*rms_norm)(float *y, const float *x, const float *w, int64_t n, float epsilon, float *inverse);
    void (*rms_norm_backward)(
        float *dx, float *dw, const float *dy, const float *x, const float *w, int64_t n, float inverse);

    /* --- other number formats ---------------------------------------------------------------------------------------- */
    void (*to_bf16)(uint16_t *y, const float *x, int64_t n); /* to the nearest, ties to even; NaN stay NaN (quiet) */
    void (*from_bf16)(float *y, const uint16_t *x, int64_t n);
    void (*to_f16)(uint16_t *y, const float *x, int64_t n); /* IEEE binary16, to the nearest even */
    void (*from_f16)(float *y, const uint16_t *x, int64_t n);
    /* q = round(x / s) with s = max|x| / 127 (0 for a row of zeros: q 0); returns s.  Ties to even. */
    float (*quantise)(int8_t *q, const float *x, int64_t n);
    /* end of an int8 product: y = act(s_row s_column(n) (sums(n) - zero column_sum(n)) + bias(n)); bias may be NULL */
    void (*dequantise)(float *y, const int32_t *sums, const int32_t *column_sum, int32_t zero, float row_scale,
        const float *column_scale, const float *bias, int64_t n, activation a);

    /* --- packing for products (compute/packing.h) ------------------------------------------------------------------- */
    uint32_t side; /* transpose works on blocks of side x side words of 32 bits */
    void (*transpose)(void *out, int64_t out_row, const void *in, int64_t in_row);        /* rows in words */
    void (*pair_bf16)(uint16_t *out, const float *first, const float *second, int64_t n); /* rounded, side by side */
    /*
     * q = round(x / s) + zero, 0 to 255, over the row's own range and 0: s = (max(x, 0) - min(x, 0)) / 255, zero =
     * round(-min(x, 0) / s), so that 0 stays 0.  Returns s; NaN (and q 0) if one is not finite.
     */
    float (*quantise_unsigned)(uint8_t *q, const float *x, int64_t n, int32_t *zero);
    float (*magnitude)(const float *x, int64_t n);                           /* max|x|; NaN if one is not finite */
    void (*quantise_by)(int8_t *q, const float *x, int64_t n, float factor); /* round(x factor), at most +-127 */

    /* --- convolutions ------------------------------------------------------------------------------------------------- */
    /* y = f(x + b); b(n) may be NULL */
    void (*rectify)(float *y, const float *x, const float *b, int64_t n, rectifier f);
    /* d = dy f', with y what f gave: dy where 0 < y < ceiling, 0 from the ceiling on, slope dy elsewhere.  d may be dy. */
    void (*rectify_backward)(float *d, const float *dy, const float *y, int64_t n, rectifier f);
    /* y = f(bias + the sum over taps of w x), or y += that sum */
    void (*depthwise)(const depthwise_row *r);
    /* dw of each tap += the sum over pixels of dy x */
    void (*depthwise_weights)(const depthwise_row *r);

    /* --- the optimiser -------------------------------------------------------------------------------------------------- */
    /* p, m and v are renewed in one pass; g is only read.  p -= rate (m^ / (sqrt(v^) + epsilon) + weight_decay p) */
    void (*adamw)(float *p, float *m, float *v, const float *g, int64_t n, const adamw_step *step);
};

typedef struct kernels kernels;

const struct kernels *kernels_get(void);

/*
 * Over long arrays with all threads, in fixed pieces of 65536 elements: the same bits for any number of threads.
 */
double parallel_sum_squares(const float *x, int64_t n);
bool parallel_finite(const float *x, int64_t n);
void parallel_adamw(float *p, float *m, float *v, const float *g, int64_t n, const adamw_step *step);
void parallel_activate(float *y, const float *x, int64_t n, activation a);

#endif
