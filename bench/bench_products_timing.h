/*
 * bench/bench_products_timing.h - what the bench_products programs share: times, and the peak of this processor
 * (independent multiply-adds in registers on as many threads), so that rates can be given as shares of it.
 */
#ifndef SMAC_BENCH_PRODUCTS_TIMING_H
#define SMAC_BENCH_PRODUCTS_TIMING_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compute/cpu.h"
#include "compute/onednn.h"
#include "compute/parallel.h"
#include "compute/precision.h"

static clockid_t clock_used = CLOCK_MONOTONIC;

static double now(void)
{
    struct timespec t;
    clock_gettime(clock_used, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef void (*timed)(void *context);

static bool best_times;

/* Seconds of one call: the median, or the best. */
static double median_time(timed run, void *context, double budget)
{
    double all[400], start = now();
    int n = 0;
    run(context);
    while (n < 5 || (n < 400 && now() - start < budget)) {
        double t = now();
        run(context);
        all[n++] = now() - t;
    }
    qsort(all, (size_t)n, sizeof *all, by_value);
    return best_times ? all[0] : all[n / 2];
}

/* --- the peak ------------------------------------------------------------------------------------------------------ */
#if defined(__x86_64__)
#define EIGHT(i, r)                                                                                                  \
    i " %%" r "0, %%" r "0, %%" r "8\n" i " %%" r "1, %%" r "1, %%" r "9\n" i " %%" r "2, %%" r "2, %%" r "10\n" i   \
      " %%" r "3, %%" r "3, %%" r "11\n" i " %%" r "4, %%" r "4, %%" r "12\n" i " %%" r "5, %%" r "5, %%" r "13\n" i \
      " %%" r "6, %%" r "6, %%" r "14\n" i " %%" r "7, %%" r "7, %%" r "15\n"
#define LOOP(name, i, r)                                                                                            \
    static void name(long n)                                                                                        \
    {                                                                                                               \
        __asm__ volatile("vzeroall\n1:\n" EIGHT(i, r) EIGHT(i, r) "dec %0\n jnz 1b\n vzeroupper\n"                  \
                         : "+r"(n)                                                                                  \
                         :                                                                                          \
                         : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", \
                         "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");                                              \
    }
LOOP(fma_512, "vfmadd231ps", "zmm")
LOOP(bf16_512, "vdpbf16ps", "zmm")
LOOP(int8_512, "vpdpbusd", "zmm")
LOOP(fma_256, "vfmadd231ps", "ymm")
#endif

enum { TURNS = 1000000 };

static void peak_piece(void *loop, int64_t piece)
{
    (void)piece;
    (*(void (**)(long))loop)(TURNS);
}

/* operations (a multiplication and an addition are two) a second on all threads */
static double peak(precision how, int threads)
{
    double best = 0;
#if defined(__x86_64__)
    bool wide = cpu_has(CPU_AVX512);
    void (*loop)(long) = wide ? fma_512 : cpu_has(CPU_FMA) ? fma_256 : NULL;
    double each = wide ? 32 : 16;
    if (how == PRECISION_BF16 && cpu_has(CPU_AVX512_BF16))
        loop = bf16_512, each = 64;
    if (how == PRECISION_INT8 && cpu_has(CPU_AVX512_VNNI))
        loop = int8_512, each = 128;
    if (!loop)
        return NAN;
    for (int round = 0; round < 5; round++) {
        double t = now();
        parallel_for(threads, peak_piece, &loop);
        double rate = 16.0 * TURNS * each * threads / (now() - t);
        best = rate > best ? rate : best;
    }
#else
    (void)how, (void)threads;
#endif
    return best;
}

/* -t threads, -s seconds a measurement, -b; returns the last other argument or NULL.  Prints the processor's line. */
static const char *timing_options(int argc, char **argv, double *seconds)
{
    const char *rest = 0;
    *seconds = 0.3;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "-t") && i + 1 < argc) {
            parallel_set_threads(atoi(argv[++i]));
            onednn_threads(parallel_threads());
        } else if (!strcmp(argv[i], "-s") && i + 1 < argc) {
            *seconds = atof(argv[++i]);
        } else if (!strcmp(argv[i], "-b")) {
            best_times = true;
        } else {
            rest = argv[i];
        }
    }
    if (best_times && parallel_threads() == 1)
        clock_used = CLOCK_THREAD_CPUTIME_ID;
    char line[300];
    cpu_describe(line, sizeof line);
    printf("%s\n", line);
    return rest;
}

static const char *const precision_names[] = {"f32", "bf16", "int8"};

/* The three peaks, printed. */
static void measure_peaks(double peaks[3])
{
    for (int p = 0; p < 3; p++) {
        peaks[p] = peak((precision)p, parallel_threads());
        printf("peak %s %.0f G/s\n", precision_names[p], peaks[p] / 1e9);
    }
}

#endif
