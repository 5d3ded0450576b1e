/* What is found by cpuid's answers of several processors, and what each of them would run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compute/backend.h"
#include "compute/environment.h"

#define BIT(n) (1u << (n))

enum {
    XMM_YMM = 6,
    ZMM = 0xe0,
    TILES = 3 << 17,
    AVX_OS_FMA_F16C = 1 << 12 | 1 << 27 | 1 << 28 | 1 << 29, /* leaf 1 */
};

static const struct machine {
    const char *name;
    cpu_answers answers;
    const char *backend, *bf16, *int8;
    bool amx;
} machines[] = {
    {"without AVX", {0}, "plain", "plain", "plain", false},
    {"Haswell", {.leaf1_ecx = AVX_OS_FMA_F16C, .leaf7_ebx = BIT(5), .enabled_states = XMM_YMM}, "avx2", "avx2", "avx2",
        false},
    {"Haswell, the system does not keep ymm", {.leaf1_ecx = AVX_OS_FMA_F16C, .leaf7_ebx = BIT(5), .enabled_states = 2},
        "plain", "plain", "plain", false},
    {"Haswell, xgetbv may not be asked",
        {.leaf1_ecx = AVX_OS_FMA_F16C & ~BIT(27), .leaf7_ebx = BIT(5), .enabled_states = XMM_YMM}, "plain", "plain",
        "plain", false},
    {"Alder Lake",
        {.leaf1_ecx = AVX_OS_FMA_F16C, .leaf7_ebx = BIT(5), .leaf7_1_eax = BIT(4), .enabled_states = XMM_YMM}, "avx2",
        "avx2", "avx_vnni", false},
    {"Knights Landing, AVX-512 without BW, VL and DQ",
        {.leaf1_ecx = AVX_OS_FMA_F16C, .leaf7_ebx = BIT(5) | BIT(16), .enabled_states = XMM_YMM | ZMM}, "avx2", "avx2",
        "avx2", false},
    {"Skylake-X",
        {.leaf1_ecx = AVX_OS_FMA_F16C,
            .leaf7_ebx = BIT(5) | BIT(16) | BIT(17) | BIT(30) | BIT(31),
            .enabled_states = XMM_YMM | ZMM},
        "avx512", "avx512", "avx512", false},
    {"Cascade Lake: int8 dot product, no bfloat16",
        {.leaf1_ecx = AVX_OS_FMA_F16C,
            .leaf7_ebx = BIT(5) | BIT(16) | BIT(17) | BIT(30) | BIT(31),
            .leaf7_ecx = BIT(11),
            .enabled_states = XMM_YMM | ZMM},
        "avx512", "avx512", "avx512_vnni", false},
    {"Zen 4",
        {.leaf1_ecx = AVX_OS_FMA_F16C,
            .leaf7_ebx = BIT(5) | BIT(16) | BIT(17) | BIT(30) | BIT(31),
            .leaf7_ecx = BIT(11),
            .leaf7_1_eax = BIT(5),
            .enabled_states = XMM_YMM | ZMM},
        "avx512", "avx512_bf16", "avx512_vnni", false},
    {"Zen 4, the system does not keep zmm",
        {.leaf1_ecx = AVX_OS_FMA_F16C,
            .leaf7_ebx = BIT(5) | BIT(16) | BIT(17) | BIT(30) | BIT(31),
            .leaf7_ecx = BIT(11),
            .leaf7_1_eax = BIT(5),
            .enabled_states = XMM_YMM},
        "avx2", "avx2", "avx2", false},
    {"Sapphire Rapids",
        {.leaf1_ecx = AVX_OS_FMA_F16C,
            .leaf7_ebx = BIT(5) | BIT(16) | BIT(17) | BIT(30) | BIT(31),
            .leaf7_ecx = BIT(11),
            .leaf7_edx = BIT(22) | BIT(24) | BIT(25),
            .leaf7_1_eax = BIT(4) | BIT(5),
            .enabled_states = XMM_YMM | ZMM | TILES,
            .tiles_granted = true},
        "avx512", "avx512_bf16", "avx512_vnni", true},
    {"Sapphire Rapids, tiles not granted",
        {.leaf1_ecx = AVX_OS_FMA_F16C,
            .leaf7_ebx = BIT(5) | BIT(16) | BIT(17) | BIT(30) | BIT(31),
            .leaf7_ecx = BIT(11),
            .leaf7_edx = BIT(22) | BIT(24) | BIT(25),
            .leaf7_1_eax = BIT(4) | BIT(5),
            .enabled_states = XMM_YMM | ZMM | TILES},
        "avx512", "avx512_bf16", "avx512_vnni", false},
};
enum { MACHINES = sizeof machines / sizeof *machines };

static void chosen_by_features(void **state)
{
    (void)state;
#if defined(__x86_64__) && defined(SMAC_FAST_KERNELS)
    for (int i = 0; i < MACHINES; i++) {
        const struct machine *m = &machines[i];
        cpu_features f = cpu_features_of(&m->answers);
        backend_choice c = backend_for(f, "");
        if (strcmp(c.name, m->backend) || strcmp(c.bf16, m->bf16) || strcmp(c.int8, m->int8))
            fail_msg("%s: %s (bf16 %s, int8 %s), expected %s (bf16 %s, int8 %s)", m->name, c.name, c.bf16, c.int8,
                m->backend, m->bf16, m->int8);
        assert_true(c.tiles.f32 && c.tiles.bf16 && c.tiles.int8 && c.tiles.rows > 0);
        cpu_features amx = CPU_AMX_TILE | CPU_AMX_BF16 | CPU_AMX_INT8;
        assert_int_equal(f & amx, m->amx ? amx : 0);
        assert_string_equal(backend_for(f, "plain").name, "plain");
        assert_string_equal(backend_for(f, "neon").name, m->backend); /* unknown: the best */
    }
    cpu_features rocket = cpu_features_of(&machines[8].answers);
    assert_string_equal(backend_for(rocket, "avx2").int8, "avx512_vnni"); /* the same instruction on 256 bits */
    assert_string_equal(backend_for(rocket & ~(cpu_features)CPU_AVX512_VNNI, "").int8, "avx512");
    assert_string_equal(backend_for(rocket & ~(cpu_features)CPU_AVX512_BF16, "").bf16, "avx512");
#endif
}

static void names(void **state)
{
    (void)state;
    assert_int_equal(cpu_features_named(""), 0);
    assert_int_equal(cpu_features_named("avx512_bf16"), CPU_AVX512_BF16);
    assert_int_equal(cpu_features_named("avx512_vnni,avx2"), CPU_AVX512_VNNI | CPU_AVX2);
    assert_int_equal(cpu_features_named(",avx,avx512_,,fma,"), CPU_FMA);
}

/* The environment counts when the library is loaded, not later. */
static void environment_read_once(void **state)
{
    (void)state;
    const char *kernels = backend_get()->name;
    products_by products = environment_get()->products;
    setenv("SMAC_KERNELS", strcmp(kernels, "plain") ? "plain" : "avx2", 1);
    setenv("SMAC_PRODUCTS", products == PRODUCTS_OWN ? "onednn" : "own", 1);
    setenv("SMAC_CPU_MASK", "avx2", 1);
    assert_string_equal(backend_get()->name, kernels);
    assert_string_equal(backend_for(cpu_get(), environment_get()->kernels).name, kernels);
    assert_int_equal(environment_get()->products, products);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chosen_by_features),
        cmocka_unit_test(names),
        cmocka_unit_test(environment_read_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
