/*
 * bench/bench_labels.c - how long the refresh of the generated labels takes at MOSEI's size: 22 000 training clips, four
 * banks of width 256, by neighbours and by held-out prediction.  Arguments: clips, width.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"
#include "base/random.h"
#include "compute/parallel.h"
#include "objectives/label_generation.h"

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct clip_vectors {
    int64_t clips, width;
    const float *truth, *vectors; /* (clips), (clips, width) */
    const int64_t *samples;
} clip_vectors;

static smac_status time_refresh(label_rule rule, const char *name, const clip_vectors *v, smac_error *error)
{
    int64_t clips = v->clips, width = v->width;
    label_generation_options o = {.targets = 1,
        .low = -3,
        .high = 3,
        .rule = rule,
        .neighbours = 20,
        .neighbour_fraction = 0.1,
        .temperature = 0.1,
        .mix = {0.5, 0.5, 0.5, 0.5},
        .momentum = true,
        .start_epoch = 1,
        .folds = 5,
        .ridge = 0};
    label_bank *bank;
    label_generation *g = NULL;
    TRY(label_bank_new(rule, clips, width, &bank, error));
    smac_status status = label_generation_new(&o, bank, &(label_truth){.values = v->truth}, &g, error);
    for (int kind = 0; kind < MODALITIES_AND_SHARED && status == SMAC_OK; kind++)
        status = label_bank_write(bank, kind, v->samples, clips, v->vectors, NULL, error);
    double wall = seconds(CLOCK_MONOTONIC), work = seconds(CLOCK_PROCESS_CPUTIME_ID);
    if (status == SMAC_OK)
        status = label_generation_refresh(g, 1, NULL, error);
    printf("%-11s %lld clips x %lld, 4 banks, %d threads: %.2f s (%.2f s of processor time)\n", name, (long long)clips,
        (long long)width, parallel_threads(), seconds(CLOCK_MONOTONIC) - wall,
        seconds(CLOCK_PROCESS_CPUTIME_ID) - work);
    label_generation_free(g);
    label_bank_free(bank);
    return status;
}

int main(int count, char **arguments)
{
    int64_t clips = count > 1 ? atoll(arguments[1]) : 22000, width = count > 2 ? atoll(arguments[2]) : 256;
    if (clips < 2 || width < 1) {
        fprintf(stderr, "usage: bench_labels [CLIPS [WIDTH]]\n");
        return 2;
    }
    float *truth = memory_new((size_t)clips, sizeof *truth),
          *vectors = memory_new((size_t)clips, (size_t)width * sizeof *vectors);
    int64_t *samples = memory_new((size_t)clips, sizeof *samples);
    if (!truth || !vectors || !samples)
        return 1;
    for (int64_t i = 0; i < clips; i++) {
        samples[i] = i;
        truth[i] = 6 * random_uniform_at(1, 1, (uint64_t)i) - 3;
        for (int64_t d = 0; d < width; d++)
            vectors[i * width + d] = random_normal_at(1, 2, (uint64_t)(i * width + d)) + 0.2f * truth[i];
    }
    const clip_vectors all = {clips, width, truth, vectors, samples};
    smac_error error = {0};
    smac_status status = time_refresh(LABEL_RULE_NEIGHBOURS, "neighbours", &all, &error);
    if (status == SMAC_OK)
        status = time_refresh(LABEL_RULE_HELD_OUT, "held out", &all, &error);
    if (status != SMAC_OK)
        fprintf(stderr, "%s\n", error.message);
    free(truth);
    free(vectors);
    free(samples);
    return status == SMAC_OK ? 0 : 1;
}
