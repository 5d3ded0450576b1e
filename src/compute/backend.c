/* compute/backend.c - the table of backends, and the choice. */
#include "compute/backend.h"

#include <pthread.h>
#include <string.h>

#include "compute/kernels_internal.h"
#include "compute/environment.h"

enum { MOST_TILES = 4 };

typedef struct cpu_backend {
    const char *name;
    cpu_features needs;
    const struct kernels *kernels;
    bool onednn_sgemm, onednn_packed; /* as in backend_choice */
    struct {
        const char *name;
        cpu_features needs;
        const tile_kernels *tiles; /* NULL functions: not these */
    } tiles[MOST_TILES];           /* the best first; the last needs nothing more than the backend and has all */
} cpu_backend;

static const cpu_backend backends[] = {
    {"plain", 0, &kernels_plain, false, false, {{"plain", 0, &tiles_plain}}},
#if defined(__x86_64__) && defined(SMAC_FAST_KERNELS)
    {"avx2", CPU_AVX2 | CPU_FMA | CPU_F16C, &kernels_avx2, true, false,
        {{"avx_vnni", CPU_AVX_VNNI, &tiles_avx_vnni},
            {"avx512_vnni", CPU_AVX512F | CPU_AVX512VL | CPU_AVX512_VNNI, &tiles_avx2_vnni}, {"avx2", 0, &tiles_avx2}}},
    {"avx512", CPU_AVX2 | CPU_FMA | CPU_F16C | CPU_AVX512, &kernels_avx512, true, true,
        {{"avx512_bf16", CPU_AVX512_BF16, &tiles_avx512_bf16}, {"avx512_vnni", CPU_AVX512_VNNI, &tiles_avx512_vnni},
            {"avx512", 0, &tiles_avx512}}},
#endif
};
enum { BACKENDS = sizeof backends / sizeof *backends };

static backend_choice chosen;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool usable(cpu_features have, cpu_features needs)
{
    return (have & needs) == needs;
}

/* For each precision the first tiles that have it and whose features are there. */
static void choose_tiles(backend_choice *c, const cpu_backend *b, cpu_features features)
{
    tile_kernels *t = &c->tiles;
    for (int i = 0; i < MOST_TILES && b->tiles[i].tiles; i++) {
        const tile_kernels *from = b->tiles[i].tiles;
        if (!usable(features, b->tiles[i].needs))
            continue;
        t->rows = from->rows;
        if (!t->f32)
            t->f32 = from->f32;
        if (!t->bf16 && from->bf16) {
            t->bf16 = from->bf16;
            c->bf16 = b->tiles[i].name;
        }
        if (!t->int8 && from->int8) {
            t->int8 = from->int8;
            c->int8 = b->tiles[i].name;
        }
    }
}

backend_choice backend_for(cpu_features features, const char *named)
{
    const cpu_backend *b = &backends[0];
    for (int i = 0; i < BACKENDS && strcmp(b->name, named); i++)
        if (usable(features, backends[i].needs))
            b = &backends[i];
    backend_choice c = {
        .name = b->name, .kernels = b->kernels, .onednn_sgemm = b->onednn_sgemm, .onednn_packed = b->onednn_packed};
    choose_tiles(&c, b, features);
    return c;
}

static void choose_backend(void)
{
    chosen = backend_for(cpu_get(), environment_get()->kernels);
}

const backend_choice *backend_get(void)
{
    pthread_once(&once, choose_backend);
    return &chosen;
}

const struct kernels *kernels_get(void)
{
    return backend_get()->kernels;
}

const tile_kernels *tiles_get(void)
{
    return &backend_get()->tiles;
}

int backend_count(void)
{
    return BACKENDS;
}

const struct kernels *backend_kernels_at(int index)
{
    return usable(cpu_get(), backends[index].needs) ? backends[index].kernels : NULL;
}
