/*
 * compute/rectifier.h - piecewise linear functions, which end convolutions: f(v) = v for v > 0 and slope v elsewhere, at
 * most ceiling.  Their derivative follows from the result alone, so what went in need not be kept.
 */
#ifndef SMAC_COMPUTE_RECTIFIER_H
#define SMAC_COMPUTE_RECTIFIER_H

#include <math.h>
#include <stdbool.h>

typedef enum rectifier_kind { RECTIFIER_NONE, RECTIFIER_RELU, RECTIFIER_RELU6, RECTIFIER_LEAKY } rectifier_kind;

typedef struct rectifier {
    float slope;   /* 0 or more; 1: none */
    float ceiling; /* above 0; INFINITY: none */
} rectifier;

/* slope: of RECTIFIER_LEAKY, else ignored */
static inline rectifier rectifier_of(rectifier_kind kind, float slope)
{
    switch (kind) {
    case RECTIFIER_RELU:
        return (rectifier){0, INFINITY};
    case RECTIFIER_RELU6:
        return (rectifier){0, 6};
    case RECTIFIER_LEAKY:
        return (rectifier){slope, INFINITY};
    case RECTIFIER_NONE:
        break;
    }
    return (rectifier){1, INFINITY};
}

static inline bool rectifier_changes(rectifier f)
{
    return f.slope != 1 || f.ceiling < INFINITY;
}

#endif
