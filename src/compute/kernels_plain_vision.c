/* compute/kernels_plain_vision.c - the plain kernels for convolutions: rectifiers and depthwise rows. */
#include <math.h>

#include "compute/kernels_internal.h"

static float rectified(float v, rectifier f)
{
    float low = v > 0 || isnan(v) ? v : f.slope == 0 ? 0 : f.slope * v;
    return low > f.ceiling ? f.ceiling : low;
}

void rectify_plain(float *y, const float *x, const float *b, int64_t n, rectifier f)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = rectified(b ? x[i] + b[i] : x[i], f);
}

void rectify_backward_plain(float *d, const float *dy, const float *y, int64_t n, rectifier f)
{
    for (int64_t i = 0; i < n; i++)
        d[i] = !(y[i] > 0) ? f.slope * dy[i] : y[i] < f.ceiling ? dy[i] : 0;
}

void depthwise_plain(const depthwise_row *r)
{
    for (int64_t p = 0; p < r->pixels; p++)
        for (int64_t c = 0; c < r->channels; c++) {
            float sum = r->bias ? r->bias[c] : 0, *y = r->y + p * r->y_step + c;
            for (int t = 0; t < r->taps; t++)
                sum += r->w[t][c] * r->x[t][p * r->x_step + c];
            *y = r->add ? *y + sum : rectified(sum, r->end);
        }
}

void depthwise_weights_plain(const depthwise_row *r)
{
    for (int t = 0; t < r->taps; t++)
        for (int64_t p = 0; p < r->pixels; p++)
            for (int64_t c = 0; c < r->channels; c++)
                r->dw[t][c] += r->dy[p * r->y_step + c] * r->x[t][p * r->x_step + c];
}
