/* compute/cpu.c - processor features by cpuid, tile permission by arch_prctl (Linux). */
#include "compute/cpu.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "compute/backend.h"
#include "compute/parallel.h"
#include "compute/environment.h"

static cpu_features found;
static char brand[64];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static const struct {
    const char *name;
    cpu_features feature;
} feature_names[] = {{"avx2", CPU_AVX2}, {"fma", CPU_FMA}, {"f16c", CPU_F16C}, {"avx_vnni", CPU_AVX_VNNI},
    {"avx512f", CPU_AVX512F}, {"avx512bw", CPU_AVX512BW}, {"avx512vl", CPU_AVX512VL}, {"avx512dq", CPU_AVX512DQ},
    {"avx512_bf16", CPU_AVX512_BF16}, {"avx512_vnni", CPU_AVX512_VNNI}, {"amx_tile", CPU_AMX_TILE},
    {"amx_bf16", CPU_AMX_BF16}, {"amx_int8", CPU_AMX_INT8}};
enum { FEATURE_NAMES = sizeof feature_names / sizeof *feature_names };

static cpu_features feature_if(uint32_t word, int bit, cpu_features feature)
{
    return word >> bit & 1 ? feature : 0;
}

cpu_features cpu_features_of(const cpu_answers *a)
{
    cpu_features f = 0;
    uint64_t states = a->leaf1_ecx >> 27 & 1 ? a->enabled_states : 0; /* OSXSAVE */
    bool ymm = (states & 6) == 6 && (a->leaf1_ecx >> 28 & 1), zmm = ymm && (states & 0xe0) == 0xe0;
    if (ymm)
        f |= feature_if(a->leaf1_ecx, 12, CPU_FMA) | feature_if(a->leaf1_ecx, 29, CPU_F16C) |
            feature_if(a->leaf7_ebx, 5, CPU_AVX2) | feature_if(a->leaf7_1_eax, 4, CPU_AVX_VNNI);
    if (zmm)
        f |= feature_if(a->leaf7_ebx, 16, CPU_AVX512F) | feature_if(a->leaf7_ebx, 17, CPU_AVX512DQ) |
            feature_if(a->leaf7_ebx, 30, CPU_AVX512BW) | feature_if(a->leaf7_ebx, 31, CPU_AVX512VL) |
            feature_if(a->leaf7_ecx, 11, CPU_AVX512_VNNI) | feature_if(a->leaf7_1_eax, 5, CPU_AVX512_BF16);
    if ((states >> 17 & 3) == 3 && a->tiles_granted && (a->leaf7_edx >> 24 & 1))
        f |= CPU_AMX_TILE | feature_if(a->leaf7_edx, 22, CPU_AMX_BF16) | feature_if(a->leaf7_edx, 25, CPU_AMX_INT8);
    return f;
}

cpu_features cpu_features_named(const char *names)
{
    cpu_features f = 0;
    while (*names) {
        size_t length = strcspn(names, ",");
        for (int i = 0; i < FEATURE_NAMES; i++)
            if (strlen(feature_names[i].name) == length && !memcmp(names, feature_names[i].name, length))
                f |= feature_names[i].feature;
        names += length;
        names += *names == ',';
    }
    return f;
}

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
static bool ask_for_tiles(void)
{
#if defined(__linux__)
    return syscall(SYS_arch_prctl, 0x1023, 18) == 0;
#else
    return false;
#endif
}

static void ask_brand(void)
{
    uint32_t a, b, c, d, words[12] = {0};
    if (!__get_cpuid(0x80000000u, &a, &b, &c, &d) || a < 0x80000004u)
        return;
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

static cpu_features ask_processor(void)
{
    cpu_answers answers = {0};
    uint32_t a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &answers.leaf1_ecx, &d))
        return 0;
    if (answers.leaf1_ecx >> 27 & 1)
        answers.enabled_states = enabled_states();
    if (__get_cpuid_count(7, 0, &a, &answers.leaf7_ebx, &answers.leaf7_ecx, &answers.leaf7_edx) && a >= 1)
        __get_cpuid_count(7, 1, &answers.leaf7_1_eax, &b, &c, &d);
    answers.tiles_granted = (answers.enabled_states >> 17 & 3) == 3 && ask_for_tiles();
    ask_brand();
    return cpu_features_of(&answers);
}
#else
static cpu_features ask_processor(void)
{
    return 0;
}
#endif

static void find_features(void)
{
    found = ask_processor() & ~cpu_features_named(environment_get()->cpu_mask);
}

cpu_features cpu_get(void)
{
    pthread_once(&once, find_features);
    return found;
}

bool cpu_has(cpu_features wanted)
{
    return (cpu_get() & wanted) == wanted;
}

void cpu_describe(char *out, size_t size)
{
    cpu_features f = cpu_get();
    int length = snprintf(out, size, "%s,", brand[0] ? brand : "unknown processor");
    for (int i = 0; i < FEATURE_NAMES && length >= 0 && (size_t)length < size; i++)
        if (f & feature_names[i].feature)
            length += snprintf(out + length, size - (size_t)length, " %s", feature_names[i].name);
    if (length >= 0 && (size_t)length < size)
        snprintf(out + length, size - (size_t)length, ", kernels %s (bf16 %s, int8 %s), %d threads",
            backend_get()->name, backend_get()->bf16, backend_get()->int8, parallel_threads());
}
