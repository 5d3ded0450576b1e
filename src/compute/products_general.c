/* compute/products_general.c - products of two buffers, single and batched: the right-hand side is packed on the fly. */
#include <string.h>

#include "base/memory.h"
#include "compute/grid.h"
#include "compute/kernels_internal.h"
#include "compute/packing.h"
#include "compute/parallel.h"
#include "compute/products.h"
#include "compute/products_sgemm.h"

enum { COPY_ROWS = 14, COPY_COLUMNS = 512 }; /* as in products_packed.c */

typedef struct general_product {
    precision how;
    const struct kernels *kernels;
    const tile_kernels *tiles;
    int64_t n, steps;
    float alpha, beta;
    left_matrix left;
    right_matrix right;
    float *c;
    int64_t ldc;
    grid grid;
    char *panels;
    char *scratch;
    size_t slot_bytes;
} general_product;

static void pack_right(void *context, int64_t index)
{
    general_product *g = context;
    pack_panel(
        g->panels + (size_t)(index * g->steps * PANEL) * element_of(g->how), g->how, g->kernels, &g->right, index);
}

static void pack_left(void *context, int64_t piece)
{
    general_product *g = context;
    int64_t first = piece * g->grid.row_piece, rows = g->left.m - first;
    left_matrix_pack(&g->left, g->kernels, first, rows < g->grid.row_piece ? rows : g->grid.row_piece);
}

/* C = alpha sums + beta C, one row of n */
static void store_row(const struct kernels *kernels, float *c, float *sums, int64_t n, float alpha, float beta)
{
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

static void general_piece(void *context, int64_t index)
{
    general_product *g = context;
    grid_piece p = grid_piece_at(&g->grid, index);
    float *scratch = (float *)(g->scratch + (size_t)parallel_slot() * g->slot_bytes);
    piece_operands o = {.how = g->how,
        .tiles = g->tiles,
        .k = g->steps,
        .left = left_matrix_row(&g->left, p.row),
        .left_row = g->left.row,
        .left_step = g->left.pair,
        .panel_elements = PANEL * g->steps,
        .panels = g->panels + (size_t)(p.panel * PANEL * g->steps) * element_of(g->how)};
    multiply_piece(scratch, p.rows, p.panels, p.width, &o);
    int64_t column = p.panel * PANEL, n = g->n - column < p.width ? g->n - column : p.width;
    for (int64_t r = 0; r < p.rows; r++)
        store_row(g->kernels, g->c + (p.row + r) * g->ldc + column, scratch + r * p.width, n, g->alpha, g->beta);
}

static smac_status fail_memory(const gemm_problem *p, smac_error *error)
{
    return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a product of %lld x %lld by %lld x %lld; use smaller batches",
        (long long)p->m, (long long)p->k, (long long)p->k, (long long)p->n);
}

/* Bytes of the packed right-hand side, a multiple of 64; false on overflow. */
static bool panel_bytes(const general_product *g, size_t *bytes)
{
    size_t cells;
    return checked_multiply((size_t)panels_of(g->n) * PANEL, (size_t)g->steps, &cells) &&
        checked_multiply(cells, element_of(g->how), bytes);
}

static general_product general_new(const gemm_problem *p)
{
    precision kept = p->how == PRECISION_F32 ? PRECISION_F32 : PRECISION_BF16;
    int64_t step_m = p->transpose_a ? 1 : p->lda, step_k = p->transpose_a ? p->lda : 1;
    return (general_product){.how = kept,
        .kernels = kernels_get(),
        .tiles = tiles_get(),
        .n = p->n,
        .steps = steps_padded(p->k, kept),
        .alpha = p->alpha != 0 ? p->alpha : 1,
        .beta = p->beta,
        .left = left_matrix_plan(kept, p->a, p->m, p->k, step_m, step_k, p->m >= COPY_ROWS && p->n >= COPY_COLUMNS),
        .right = {.b = p->b,
            .k = p->k,
            .n = p->n,
            .step_k = p->transpose_b ? 1 : p->ldb,
            .step_n = p->transpose_b ? p->ldb : 1},
        .c = p->c,
        .ldc = p->ldc};
}

static double work_of(const gemm_problem *p)
{
    return (double)p->m * (double)p->n * (double)p->k;
}

static smac_status gemm_single(const gemm_problem *p, smac_error *error)
{
    if (p->how == PRECISION_F32 && p->k > 0 && sgemm_wanted())
        return sgemm_by_onednn(p, error);
    general_product g = general_new(p);
    g.grid = grid_plan(g.how, p->m, panels_of(p->n), p->k);
    g.slot_bytes = grid_scratch_bytes(&g.grid);
    int64_t pieces = grid_pieces(&g.grid);
    parallel_team team = parallel_team_for_work(pieces, work_of(p));
    size_t scratch = g.slot_bytes * (size_t)team.size, right, left, all;
    bool fits = panel_bytes(&g, &right) && left_matrix_bytes(&g.left, &left) && checked_add(scratch, right, &all) &&
        checked_add(all, left, &all);
    char *memory = fits ? workspace_take(p->scratch, all) : NULL;
    if (!memory)
        return fail_memory(p, error);
    g.scratch = memory;
    g.panels = memory + scratch;
    g.left.packed = left ? memory + scratch + right : NULL;
    if (left)
        parallel_run(team, g.grid.row_pieces, pack_left, &g);
    parallel_run(team, g.grid.panels, pack_right, &g);
    parallel_run(team, pieces, general_piece, &g);
    workspace_return(p->scratch, memory);
    return SMAC_OK;
}

typedef struct batch_work {
    const gemm_problem *batch;
    general_product one;
    int64_t inner;
    size_t right_bytes, left_bytes, tile_bytes, slot_bytes;
    char *memory;
} batch_work;

/* One matrix of the batch from start to end on one thread: its panels, then its rows, a tile's height at a time. */
static void batch_piece(void *context, int64_t index)
{
    batch_work *w = context;
    const gemm_problem *b = w->batch;
    general_product g = w->one;
    int64_t i = index / w->inner, j = index % w->inner;
    g.left.a = b->a + i * b->stride_a[0] + j * b->stride_a[1];
    g.right.b = b->b + i * b->stride_b[0] + j * b->stride_b[1];
    g.c = b->c + i * b->stride_c[0] + j * b->stride_c[1];
    char *memory = w->memory + (size_t)parallel_slot() * w->slot_bytes;
    float *scratch = (float *)memory;
    g.panels = memory + w->tile_bytes;
    g.left.packed = w->left_bytes ? memory + w->tile_bytes + w->right_bytes : NULL;
    int64_t panels = panels_of(g.n), width = panels * PANEL;
    for (int64_t p = 0; p < panels; p++)
        pack_right(&g, p);
    left_matrix_pack(&g.left, g.kernels, 0, g.left.m);
    for (int64_t row = 0; row < g.left.m; row += g.tiles->rows) {
        int64_t rows = g.left.m - row < g.tiles->rows ? g.left.m - row : g.tiles->rows;
        piece_operands o = {.how = g.how,
            .tiles = g.tiles,
            .k = g.steps,
            .left = left_matrix_row(&g.left, row),
            .left_row = g.left.row,
            .left_step = g.left.pair,
            .panels = g.panels,
            .panel_elements = PANEL * g.steps};
        multiply_piece(scratch, rows, panels, width, &o);
        for (int64_t r = 0; r < rows; r++)
            store_row(g.kernels, g.c + (row + r) * g.ldc, scratch + r * width, g.n, g.alpha, g.beta);
    }
}

static smac_status gemm_batched(const gemm_problem *b, smac_error *error)
{
    batch_work w = {.batch = b, .one = general_new(b), .inner = b->inner};
    w.tile_bytes = (size_t)w.one.tiles->rows * (size_t)panels_of(b->n) * PANEL * sizeof(float);
    int64_t pieces = b->outer * b->inner;
    parallel_team team = parallel_team_for_work(pieces, (double)pieces * work_of(b));
    size_t all;
    bool fits = panel_bytes(&w.one, &w.right_bytes) && left_matrix_bytes(&w.one.left, &w.left_bytes) &&
        checked_add(w.tile_bytes, w.right_bytes, &w.slot_bytes) &&
        checked_add(w.slot_bytes, w.left_bytes, &w.slot_bytes) &&
        checked_multiply(w.slot_bytes, (size_t)team.size, &all);
    w.memory = fits ? workspace_take(b->scratch, all) : NULL;
    if (!w.memory)
        return fail_memory(b, error);
    parallel_run(team, pieces, batch_piece, &w);
    workspace_return(b->scratch, w.memory);
    return SMAC_OK;
}

smac_status gemm(const gemm_problem *g, smac_error *error)
{
    if (g->m <= 0 || g->n <= 0)
        return SMAC_OK;
    if (g->outer == 0 && g->inner == 0)
        return gemm_single(g, error);
    return g->outer > 0 && g->inner > 0 ? gemm_batched(g, error) : SMAC_OK;
}
