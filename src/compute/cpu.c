/* compute/cpu.c - processor features by cpuid, tile permission by arch_prctl (Linux). */
#include "compute/cpu.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute/parallel.h"

static cpu_features found;
static kernel_level best, chosen;
static char brand[64];
static pthread_once_t once = PTHREAD_ONCE_INIT;

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

static uint64_t enabled_states(void)
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

/* Linux gives the tile registers only to a process that asks (ARCH_REQ_XCOMP_PERM, feature 18). */
static bool tiles_granted(uint64_t states)
{
    if ((states >> 17 & 3) != 3)
        return false;
#if defined(__linux__)
    return syscall(SYS_arch_prctl, 0x1023, 18) == 0;
#else
    return false;
#endif
}

static void ask_processor(void)
{
    uint32_t a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1)) /* OSXSAVE */
        return;
    bool fma = c >> 12 & 1, f16c = c >> 29 & 1, avx = c >> 28 & 1;
    uint64_t states = enabled_states();
    bool ymm = avx && (states & 6) == 6, zmm = ymm && (states & 0xe0) == 0xe0;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
        uint32_t leaves = a;
        found.avx2 = ymm && (b >> 5 & 1);
        found.fma = ymm && fma;
        found.f16c = ymm && f16c;
        found.avx512f = zmm && (b >> 16 & 1);
        found.avx512dq = zmm && (b >> 17 & 1);
        found.avx512bw = zmm && (b >> 30 & 1);
        found.avx512vl = zmm && (b >> 31 & 1);
        found.avx512_vnni = zmm && (c >> 11 & 1);
        found.amx_bf16 = d >> 22 & 1;
        found.amx_tile = d >> 24 & 1;
        found.amx_int8 = d >> 25 & 1;
        if (leaves >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d))
            found.avx512_bf16 = zmm && (a >> 5 & 1);
    }
    if (!found.amx_tile || !tiles_granted(states))
        found.amx_tile = found.amx_bf16 = found.amx_int8 = false;
    uint32_t words[12] = {0};
    if (__get_cpuid(0x80000000u, &a, &b, &c, &d) && a >= 0x80000004u)
        for (uint32_t i = 0; i < 3; i++)
            __get_cpuid(0x80000002u + i, &words[4 * i], &words[4 * i + 1], &words[4 * i + 2], &words[4 * i + 3]);
    const char *start = (const char *)words;
    size_t length = strnlen(start, sizeof words);
    while (length && *start == ' ')
        start++, length--;
    while (length && start[length - 1] == ' ')
        length--;
    memcpy(brand, start, length);
}
#else
static void ask_processor(void)
{
}
#endif

static void ask_once(void)
{
    ask_processor();
    best = KERNEL_PLAIN;
    if (found.avx2 && found.fma && found.f16c)
        best = KERNEL_AVX2;
    if (best == KERNEL_AVX2 && found.avx512f && found.avx512bw && found.avx512vl && found.avx512dq)
        best = KERNEL_AVX512;
    chosen = best;
    const char *forced = getenv("SMAC_KERNELS");
    for (kernel_level level = KERNEL_PLAIN; forced && level < best; level++)
        if (!strcmp(forced, kernel_level_name(level)))
            chosen = level;
}

const cpu_features *cpu_get(void)
{
    pthread_once(&once, ask_once);
    return &found;
}

kernel_level cpu_best_level(void)
{
    pthread_once(&once, ask_once);
    return best;
}

kernel_level cpu_level(void)
{
    pthread_once(&once, ask_once);
    return chosen;
}

const char *kernel_level_name(kernel_level level)
{
    static const char *const names[] = {"plain", "avx2", "avx512"};
    return level <= KERNEL_AVX512 ? names[level] : "unknown";
}

void cpu_describe(char *out, size_t size)
{
    const cpu_features *f = cpu_get();
    snprintf(out, size, "%s,%s%s%s%s%s%s%s, kernels %s, %d threads", brand[0] ? brand : "unknown processor",
        f->avx2 ? " avx2" : "", f->fma ? " fma" : "", best == KERNEL_AVX512 ? " avx512" : "",
        f->avx512_bf16 ? " avx512_bf16" : "", f->avx512_vnni ? " avx512_vnni" : "", f->amx_bf16 ? " amx_bf16" : "",
        f->amx_int8 ? " amx_int8" : "", kernel_level_name(chosen), parallel_threads());
}
