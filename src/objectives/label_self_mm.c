/*
 * objectives/label_self_mm.c - the labels of Self-MM (Yu and others 2021): by how much nearer a sample's vector is to the
 * centre of the positive samples than to that of the negative ones.  Scores alone.
 */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "objectives/label_internal.h"

/* delta (N): (distance to the negative centre - distance to the positive one) / distance to the positive one */
static smac_status relative_distances(const label_generation *g, int kind, double *delta, smac_error *error)
{
    int64_t samples = g->bank->samples, width = g->bank->width;
    double middle = (g->options.low + g->options.high) / 2, count[2] = {0, 0};
    double *centre = memory_new(2 * (size_t)width, sizeof *centre);
    if (!centre)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for class centres");
    for (int64_t i = 0; i < samples; i++) {
        double y = g->label[kind < MODALITIES_AND_SHARED ? kind : 0][i];
        if (kind == LABEL_BANK_FUSED)
            y = g->truth[i];
        if (!g->have[i] || !g->bank->written[kind][i] || y == middle)
            continue;
        int side = y > middle;
        count[side]++;
        for (int64_t d = 0; d < width; d++)
            centre[side * width + d] += g->bank->vectors[kind][i * width + d];
    }
    for (int64_t i = 0; i < samples; i++) {
        double squares[2] = {0, 0};
        for (int side = 0; side < 2; side++)
            for (int64_t d = 0; count[side] > 0 && d < width; d++) {
                double gap = g->bank->vectors[kind][i * width + d] - centre[side * width + d] / count[side];
                squares[side] += gap * gap;
            }
        double negative = sqrt(squares[0]), positive = sqrt(squares[1]);
        bool known = count[0] > 0 && count[1] > 0 && g->have[i] && g->bank->written[kind][i];
        delta[i] = known ? (negative - positive) / (positive + 1e-8) : NAN;
    }
    free(centre);
    return SMAC_OK;
}

/* new = (alpha y + (y + delta_s - delta_f)) / 2 with alpha = delta_s / delta_f, around the middle of the range */
smac_status self_mm_renew(const label_generation *g, int64_t epoch, float *next[MODALITIES_AND_SHARED],
    float *suggestion[MODALITIES_AND_SHARED], smac_error *error)
{
    const label_generation_options *o = &g->options;
    double middle = (o->low + o->high) / 2, n = (double)epoch, step = o->momentum ? 2 / (n + 2) : 1;
    double *fused = memory_new((size_t)g->bank->samples, sizeof *fused),
           *own = memory_new((size_t)g->bank->samples, sizeof *own);
    smac_status status = fused && own ? relative_distances(g, LABEL_BANK_FUSED, fused, error)
                                      : FAIL(error, SMAC_ERROR_MEMORY, "no memory for Self-MM's distances");
    for (int target = 0; target < MODALITIES_AND_SHARED && status == SMAC_OK; target++) {
        status = relative_distances(g, target, own, error);
        for (int64_t i = 0; status == SMAC_OK && i < g->bank->samples; i++) {
            if (isnan(own[i]) || isnan(fused[i]))
                continue;
            double y = g->truth[i] - middle, alpha = own[i] / (fused[i] + 1e-8);
            double renewed = label_clamp(o, middle + 0.5 * alpha * y + 0.5 * (y + own[i] - fused[i]));
            suggestion[target][i] = (float)renewed;
            next[target][i] = label_clamp(o, next[target][i] + step * (renewed - next[target][i]));
        }
    }
    free(fused);
    free(own);
    return status;
}
