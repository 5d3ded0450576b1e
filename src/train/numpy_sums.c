/* train/numpy_sums.c - pairwise sums as numpy/_core/src/umath/loops_utils.h.src has them. */
#include "train/numpy_sums.h"

#include <math.h>

enum { LANES = 8, BLOCK = 128 };

/* One body for both types: TYPE name(TERM term, const void *context, int64_t from, int64_t count) */
#define PAIRWISE(TYPE, TERM, NAME)                                                                   \
    static TYPE NAME(TERM term, const void *context, int64_t from, int64_t count)                    \
    {                                                                                                \
        if (count < LANES) {                                                                         \
            TYPE sum = (TYPE)-0.0;                                                                   \
            for (int64_t i = 0; i < count; i++)                                                      \
                sum += term(context, from + i);                                                      \
            return sum;                                                                              \
        }                                                                                            \
        if (count > BLOCK) {                                                                         \
            int64_t half = count / 2;                                                                \
            half -= half % LANES;                                                                    \
            return NAME(term, context, from, half) + NAME(term, context, from + half, count - half); \
        }                                                                                            \
        TYPE lane[LANES];                                                                            \
        int64_t whole = count - count % LANES;                                                       \
        for (int k = 0; k < LANES; k++)                                                              \
            lane[k] = term(context, from + k);                                                       \
        for (int64_t i = LANES; i < whole; i += LANES)                                               \
            for (int k = 0; k < LANES; k++)                                                          \
                lane[k] += term(context, from + i + k);                                              \
        TYPE left = (lane[0] + lane[1]) + (lane[2] + lane[3]);                                       \
        TYPE sum = left + ((lane[4] + lane[5]) + (lane[6] + lane[7]));                               \
        for (int64_t i = whole; i < count; i++)                                                      \
            sum += term(context, from + i);                                                          \
        return sum;                                                                                  \
    }

PAIRWISE(float, float_term, pairwise_f32)
PAIRWISE(double, double_term, pairwise_f64)

float numpy_sum_f32(float_term term, const void *context, int64_t count)
{
    return 0 + pairwise_f32(term, context, 0, count); /* 0: the sum of none has no sign */
}

double numpy_sum_f64(double_term term, const void *context, int64_t count)
{
    return 0 + pairwise_f64(term, context, 0, count);
}

float numpy_mean_f32(float_term term, const void *context, int64_t count)
{
    return count > 0 ? (float)((double)numpy_sum_f32(term, context, count) / (double)count) : NAN;
}
