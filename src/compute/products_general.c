/* compute/products_general.c - products of two buffers, single and batched: the right-hand side is packed on the fly. */
#include <string.h>

#include "base/memory.h"
#include "compute/grid.h"
#include "compute/kernels_internal.h"
#include "compute/packing.h"
#include "compute/parallel.h"
#include "compute/products.h"

typedef struct general_product {
    precision how;
    const struct kernels *kernels;
    const tile_kernels *tiles;
    int64_t m, n, k, steps;
    float alpha, beta;
    const float *a;
    int64_t a_m, a_k;
    right_matrix right;
    float *c;
    int64_t ldc;
    grid grid;
    char *panels;
    uint16_t *left;
    char *scratch;
    size_t slot_bytes, element;
} general_product;

static void pack_right(void *context, int64_t index) {
    general_product *g = context;
    char *to = g->panels + (size_t)(index * g->steps * PANEL) * g->element;
    if (g->how == PRECISION_F32)
        pack_panel_f32((float *)to, &g->right, index);
    else
        pack_panel_bf16((uint16_t *)to, &g->right, index);
}

static void pack_left(void *context, int64_t piece) {
    general_product *g = context;
    int64_t first = piece * g->grid.row_piece, rows = g->m - first;
    if (rows > g->grid.row_piece)
        rows = g->grid.row_piece;
    pack_rows_bf16(g->left + first * g->steps, g->kernels, g->a + first * g->a_m, rows, g->k, g->steps, g->a_m, g->a_k);
}

/* C = alpha sums + beta C, one row of n */
static void store_row(const struct kernels *kernels, float *c, float *sums, int64_t n, float alpha, float beta) {
    if (beta == 0) {
        if (alpha == 1)
            memcpy(c, sums, (size_t)n * sizeof *c);
        else
            kernels->scale(c, sums, alpha, n);
        return;
    }
    if (beta != 1)
        kernels->scale(c, c, beta, n);
    kernels->axpy(c, sums, alpha, n);
}

static void general_piece(void *context, int64_t index) {
    general_product *g = context;
    grid_piece p = grid_piece_at(&g->grid, index);
    float *scratch = (float *)(g->scratch + (size_t)parallel_slot() * g->slot_bytes);
    piece_operands o = {.how = g->how, .tiles = g->tiles, .k = g->steps, .left = g->a + p.row * g->a_m,
        .left_row = g->a_m, .left_k = g->a_k, .panel_elements = PANEL * g->steps,
        .panels = g->panels + (size_t)(p.panel * PANEL * g->steps) * g->element};
    if (g->how != PRECISION_F32) {
        o.left = g->left + p.row * g->steps;
        o.left_row = g->steps;
        o.left_k = 1;
    }
    multiply_piece(scratch, p.rows, p.panels, p.width, &o);
    int64_t column = p.panel * PANEL, n = g->n - column < p.width ? g->n - column : p.width;
    for (int64_t r = 0; r < p.rows; r++)
        store_row(g->kernels, g->c + (p.row + r) * g->ldc + column, scratch + r * p.width, n, g->alpha, g->beta);
}

static smac_status no_memory(int64_t m, int64_t n, int64_t k, smac_error *error) {
    return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a product of %lld x %lld by %lld x %lld; use smaller batches",
        (long long)m, (long long)k, (long long)k, (long long)n);
}

/* bytes = the packed right-hand side, rounded up to 64; false on overflow */
static bool panel_bytes(const general_product *g, size_t *bytes) {
    size_t cells;
    return checked_multiply((size_t)panels_of(g->n) * PANEL, (size_t)g->steps, &cells) &&
        checked_multiply(cells, g->element, bytes);
}

static bool left_bytes(const general_product *g, size_t *bytes) {
    *bytes = 0;
    if (g->how == PRECISION_F32)
        return true;
    size_t cells;
    if (!checked_multiply((size_t)g->m, (size_t)g->steps, &cells) || !checked_multiply(cells, 2, bytes) ||
        !checked_add(*bytes, 63, bytes))
        return false;
    *bytes &= ~(size_t)63;
    return true;
}

static general_product general_new(precision how, bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k,
    int64_t lda, int64_t ldb) {
    bool f32 = how == PRECISION_F32;
    return (general_product){.how = f32 ? PRECISION_F32 : PRECISION_BF16, .kernels = kernels_get(),
        .tiles = tiles_get(), .m = m, .n = n, .k = k, .steps = steps_padded(k, f32 ? 1 : 2),
        .a_m = transpose_a ? 1 : lda, .a_k = transpose_a ? lda : 1, .element = f32 ? 4 : 2,
        .right = {.k = k, .n = n, .step_k = transpose_b ? 1 : ldb, .step_n = transpose_b ? ldb : 1}};
}

smac_status gemm(precision how, bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
    const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc, smac_error *error) {
    if (m <= 0 || n <= 0)
        return SMAC_OK;
    general_product g = general_new(how, transpose_a, transpose_b, m, n, k, lda, ldb);
    g.alpha = alpha;
    g.beta = beta;
    g.a = a;
    g.right.b = b;
    g.c = c;
    g.ldc = ldc;
    g.grid = grid_plan(m, panels_of(n), k);
    g.slot_bytes = grid_scratch_bytes(&g.grid);
    size_t scratch = g.slot_bytes * (size_t)parallel_threads(), right, left, all;
    bool fits = panel_bytes(&g, &right) && left_bytes(&g, &left) && checked_add(scratch, right, &all) &&
        checked_add(all, left, &all);
    char *memory = fits ? memory_aligned(all) : 0;
    if (!memory)
        return no_memory(m, n, k, error);
    g.scratch = memory;
    g.panels = memory + scratch;
    if (g.how != PRECISION_F32) {
        g.left = (uint16_t *)(memory + scratch + right);
        parallel_for(g.grid.row_pieces, pack_left, &g);
    }
    bool serial = grid_pieces(&g.grid) == 1;
    if (serial)
        serial_for(g.grid.panels, pack_right, &g);
    else
        parallel_for(g.grid.panels, pack_right, &g);
    parallel_for(grid_pieces(&g.grid), general_piece, &g);
    memory_aligned_free(memory);
    return SMAC_OK;
}

typedef struct batch_work {
    const gemm_batch *batch;
    general_product one;
    size_t right_bytes, left_bytes, tile_bytes, slot_bytes;
    char *memory;
} batch_work;

/* One matrix of the batch from start to end on one thread: its panels, then its rows, a tile's height at a time. */
static void batch_piece(void *context, int64_t index) {
    batch_work *w = context;
    const gemm_batch *b = w->batch;
    general_product g = w->one;
    int64_t i = index / b->inner, j = index % b->inner;
    g.a = b->a + i * b->stride_a[0] + j * b->stride_a[1];
    g.right.b = b->b + i * b->stride_b[0] + j * b->stride_b[1];
    g.c = b->c + i * b->stride_c[0] + j * b->stride_c[1];
    char *memory = w->memory + (size_t)parallel_slot() * w->slot_bytes;
    float *scratch = (float *)memory;
    g.panels = memory + w->tile_bytes;
    g.left = (uint16_t *)(memory + w->tile_bytes + w->right_bytes);
    int64_t panels = panels_of(g.n), width = panels * PANEL;
    for (int64_t p = 0; p < panels; p++)
        pack_right(&g, p);
    if (g.how != PRECISION_F32)
        pack_rows_bf16(g.left, g.kernels, g.a, g.m, g.k, g.steps, g.a_m, g.a_k);
    for (int64_t row = 0; row < g.m; row += g.tiles->rows) {
        int64_t rows = g.m - row < g.tiles->rows ? g.m - row : g.tiles->rows;
        piece_operands o = {.how = g.how, .tiles = g.tiles, .k = g.steps, .left = g.a + row * g.a_m,
            .left_row = g.a_m, .left_k = g.a_k, .panels = g.panels, .panel_elements = PANEL * g.steps};
        if (g.how != PRECISION_F32) {
            o.left = g.left + row * g.steps;
            o.left_row = g.steps;
            o.left_k = 1;
        }
        multiply_piece(scratch, rows, panels, width, &o);
        for (int64_t r = 0; r < rows; r++)
            store_row(g.kernels, g.c + (row + r) * g.ldc, scratch + r * width, g.n, g.alpha, g.beta);
    }
}

smac_status gemm_batched(precision how, const gemm_batch *b, smac_error *error) {
    if (b->m <= 0 || b->n <= 0 || b->outer <= 0 || b->inner <= 0)
        return SMAC_OK;
    batch_work w = {.batch = b,
        .one = general_new(how, b->transpose_a, b->transpose_b, b->m, b->n, b->k, b->lda, b->ldb)};
    w.one.alpha = b->alpha;
    w.one.beta = b->beta;
    w.one.ldc = b->ldc;
    w.tile_bytes = (size_t)w.one.tiles->rows * (size_t)panels_of(b->n) * PANEL * sizeof(float);
    size_t all;
    bool fits = panel_bytes(&w.one, &w.right_bytes) && left_bytes(&w.one, &w.left_bytes) &&
        checked_add(w.tile_bytes, w.right_bytes, &w.slot_bytes) &&
        checked_add(w.slot_bytes, w.left_bytes + 64, &w.slot_bytes);
    w.slot_bytes &= ~(size_t)63;
    fits = fits && checked_multiply(w.slot_bytes, (size_t)parallel_threads(), &all);
    w.memory = fits ? memory_aligned(all) : 0;
    if (!w.memory)
        return no_memory(b->m, b->n, b->k, error);
    int64_t pieces = b->outer * b->inner;
    if (pieces * b->m * b->n * b->k <= 64 * 1024)
        serial_for(pieces, batch_piece, &w);
    else
        parallel_for(pieces, batch_piece, &w);
    memory_aligned_free(w.memory);
    return SMAC_OK;
}
