/*
 * compute/cpu.h - what the processor can do: asked by cpuid and of the operating system, once.
 *
 * SMAC_CPU_MASK=avx512_bf16,avx512_vnni takes the features it names away, for tests of what other processors would run.
 */
#ifndef SMAC_COMPUTE_CPU_H
#define SMAC_COMPUTE_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A set of features, one bit each. */
typedef uint32_t cpu_features;
enum {
    CPU_AVX2 = 1 << 0,
    CPU_FMA = 1 << 1,
    CPU_F16C = 1 << 2,
    CPU_AVX_VNNI = 1 << 3, /* the int8 dot product on 256 bits, without AVX-512 */
    CPU_AVX512F = 1 << 4,
    CPU_AVX512BW = 1 << 5,
    CPU_AVX512VL = 1 << 6,
    CPU_AVX512DQ = 1 << 7,
    CPU_AVX512_BF16 = 1 << 8,
    CPU_AVX512_VNNI = 1 << 9,
    CPU_AMX_TILE = 1 << 10, /* these only if the system grants the tile registers to this process */
    CPU_AMX_BF16 = 1 << 11,
    CPU_AMX_INT8 = 1 << 12
};
#define CPU_AVX512 (CPU_AVX512F | CPU_AVX512BW | CPU_AVX512VL | CPU_AVX512DQ)

/* Safe from any thread. */
cpu_features cpu_get(void);
bool cpu_has(cpu_features wanted); /* all of them */

/* "AMD EPYC, avx2 fma avx512_bf16 avx512_vnni, kernels avx512 (bf16 avx512_bf16, int8 avx512_vnni), 2 threads": one line, cut at size. */
void cpu_describe(char *out, size_t size);

/* --- for tests ----------------------------------------------------------------------------------------------------- */
/* What cpuid and xgetbv answer. */
typedef struct cpu_answers {
    uint32_t leaf1_ecx, leaf7_ebx, leaf7_ecx, leaf7_edx, leaf7_1_eax;
    uint64_t enabled_states; /* xgetbv 0; looked at only if leaf 1 says that it may be asked */
    bool tiles_granted;
} cpu_answers;
cpu_features cpu_features_of(const cpu_answers *a);
cpu_features cpu_features_named(const char *names); /* of a comma-separated list; unknown names are ignored */

#endif
