/* compute/cpu.h - what the processor can do, asked by cpuid and by the operating system, and which kernels that gives. */
#ifndef SMAC_COMPUTE_CPU_H
#define SMAC_COMPUTE_CPU_H

#include <stdbool.h>
#include <stddef.h>

typedef struct cpu_features {
    bool avx2, fma, f16c;
    bool avx512f, avx512bw, avx512vl, avx512dq, avx512_bf16, avx512_vnni;
    bool amx_tile, amx_bf16, amx_int8; /* only if the system also grants the tile registers to this process */
} cpu_features;

/* Ordered: a higher level contains the lower ones. */
typedef enum kernel_level {
    KERNEL_PLAIN, /* C without any extension, always there; products without oneDNN */
    KERNEL_AVX2,  /* avx2, fma and f16c */
    KERNEL_AVX512 /* avx512 f, bw, vl and dq */
} kernel_level;

/* Found once, at the first call; safe from any thread. */
const cpu_features *cpu_get(void);
/* The best level of the machine, and the one in use: forced down by SMAC_KERNELS=plain|avx2|avx512, read once. */
kernel_level cpu_best_level(void);
kernel_level cpu_level(void);
const char *kernel_level_name(kernel_level level);

/* "AMD EPYC, avx2 fma avx512 avx512_bf16 avx512_vnni, kernels avx512, 2 threads": one line, cut at size. */
void cpu_describe(char *out, size_t size);

#endif
