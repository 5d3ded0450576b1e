/* compute/products_packed.c - products with weights that were packed once. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "compute/grid.h"
#include "compute/kernels_internal.h"
#include "compute/packing.h"
#include "compute/parallel.h"
#include "compute/products.h"

enum {
    INT8_LONGEST = 65536,              /* 255 * 127 * 65536 still fits an int32 sum */
    COPY_ROWS = 14, COPY_COLUMNS = 512 /* from here float32 rows are copied to places that do not collide in the cache */
};

struct packed_matrix {
    int64_t n, k, panels;
    int64_t steps;         /* k, padded to the step of the precision */
    precision how;         /* how it is stored */
    precision asked;       /* what the caller asked for */
    size_t bytes;          /* of all panels */
    void *data;
    float *scale;    /* int8: panels * 32 scales of columns */
    int32_t *offset; /* int8: 128 times the sum of the column's integers */
};

typedef struct packing_work {
    packed_matrix *p;
    right_matrix from;
    const uint16_t *from_bf16;
    float *rows; /* 32 rows of a bf16 source as float32, for each thread */
} packing_work;

static void pack_one_panel(void *context, int64_t index) {
    packing_work *w = context;
    packed_matrix *p = w->p;
    const struct kernels *kernels = kernels_get();
    right_matrix from = w->from;
    int64_t panel = index;
    void *to = (char *)p->data + (size_t)(index * p->steps * PANEL) * element_of(p->how);
    if (w->from_bf16 && p->how == PRECISION_BF16) {
        pack_panel_from_bf16(to, kernels, w->from_bf16, p->n, p->k, index);
        return;
    }
    if (w->from_bf16) {
        float *rows = w->rows + (int64_t)parallel_slot() * PANEL * p->k;
        int64_t first = index * PANEL, count = p->n - first < PANEL ? p->n - first : PANEL;
        kernels->from_bf16(rows, w->from_bf16 + first * p->k, count * p->k);
        from.b = rows;
        from.n = count;
        panel = 0;
    }
    if (p->how == PRECISION_INT8)
        pack_panel_int8(to, p->scale + index * PANEL, p->offset + index * PANEL, kernels, &from, panel);
    else
        pack_panel(to, p->how, kernels, &from, panel);
}

static packed_matrix *packed_empty(int64_t n, int64_t k, precision how) {
    size_t cells, bytes;
    if (n < 0 || k < 0 || n > INT64_MAX / 2 || k > INT64_MAX / 2)
        return 0;
    precision kept = how == PRECISION_INT8 && k > INT8_LONGEST ? PRECISION_BF16 : how;
    packed_matrix *p = memory_new(1, sizeof *p);
    if (!p)
        return 0;
    *p = (packed_matrix){.n = n, .k = k, .panels = panels_of(n), .steps = steps_padded(k, kept), .how = kept,
        .asked = how};
    if (!checked_multiply((size_t)p->panels * PANEL, (size_t)p->steps, &cells) ||
        !checked_multiply(cells, element_of(kept), &bytes) || !(p->data = memory_aligned(bytes ? bytes : 64))) {
        packed_matrix_free(p);
        return 0;
    }
    p->bytes = bytes;
    if (kept == PRECISION_INT8) {
        size_t columns = (size_t)p->panels * PANEL;
        p->scale = memory_aligned(columns ? columns * sizeof *p->scale : 64);
        p->offset = memory_aligned(columns ? columns * sizeof *p->offset : 64);
        if (!p->scale || !p->offset) {
            packed_matrix_free(p);
            return 0;
        }
    }
    return p;
}

packed_matrix *packed_matrix_new(const float *w, int64_t n, int64_t k, precision how) {
    packed_matrix *p = packed_empty(n, k, how);
    if (p)
        packed_matrix_renew(p, w);
    return p;
}

packed_matrix *packed_matrix_new_bf16(const uint16_t *w, int64_t n, int64_t k, precision how) {
    packed_matrix *p = packed_empty(n, k, how);
    if (!p)
        return 0;
    size_t bytes;
    float *rows = checked_multiply((size_t)k, (size_t)parallel_threads() * PANEL * sizeof *rows, &bytes)
        ? memory_aligned(bytes ? bytes : 64) : 0;
    if (!rows) {
        packed_matrix_free(p);
        return 0;
    }
    packing_work work = {.p = p, .from = {.k = k, .n = n, .step_k = 1, .step_n = k}, .from_bf16 = w, .rows = rows};
    parallel_for(p->panels, pack_one_panel, &work);
    memory_aligned_free(rows);
    return p;
}

void packed_matrix_renew(packed_matrix *p, const float *w) {
    packing_work work = {.p = p, .from = {.b = w, .k = p->k, .n = p->n, .step_k = 1, .step_n = p->k}};
    parallel_for(p->panels, pack_one_panel, &work);
}

void packed_matrix_free(packed_matrix *p) {
    if (!p)
        return;
    memory_aligned_free(p->data);
    memory_aligned_free(p->scale);
    memory_aligned_free(p->offset);
    free(p);
}

int64_t packed_matrix_n(const packed_matrix *p) {
    return p->n;
}

int64_t packed_matrix_k(const packed_matrix *p) {
    return p->k;
}

precision packed_matrix_precision(const packed_matrix *p) {
    return p->asked;
}

size_t packed_matrix_bytes(const packed_matrix *p) {
    return p->bytes + (p->scale ? (size_t)p->panels * PANEL * 8 : 0);
}

typedef struct packed_product {
    const packed_matrix *w;
    const struct kernels *kernels;
    const tile_kernels *tiles;
    float *y;
    const float *bias;
    activation a;
    grid grid;
    left_matrix left;
    char *scratch;
    size_t slot_bytes;
} packed_product;

static void pack_rows(void *context, int64_t piece) {
    packed_product *c = context;
    int64_t first = piece * c->grid.row_piece, rows = c->grid.rows - first;
    left_matrix_pack(&c->left, c->kernels, first, rows < c->grid.row_piece ? rows : c->grid.row_piece);
}

static void finish_row(const packed_product *c, const void *sums, int64_t row, int64_t column, int64_t n) {
    const packed_matrix *w = c->w;
    float *y = c->y + row * w->n + column;
    const float *bias = c->bias ? c->bias + column : 0;
    if (w->how == PRECISION_INT8) {
        c->kernels->dequantise(y, sums, w->offset + column, c->left.scale[row], w->scale + column, bias, n, c->a);
    } else if (bias) {
        c->kernels->add(y, sums, bias, n);
        if (c->a != ACTIVATION_NONE)
            c->kernels->activate(y, y, n, c->a);
    } else {
        c->kernels->activate(y, sums, n, c->a);
    }
}

static void packed_piece(void *context, int64_t index) {
    packed_product *c = context;
    const packed_matrix *w = c->w;
    grid_piece p = grid_piece_at(&c->grid, index);
    char *scratch = c->scratch + (size_t)parallel_slot() * c->slot_bytes;
    piece_operands o = {.how = w->how, .tiles = c->tiles, .k = w->steps,
        .left = left_matrix_row(&c->left, p.row), .left_row = c->left.row, .left_step = c->left.pair,
        .panels = (const char *)w->data + (size_t)(p.panel * PANEL * w->steps) * element_of(w->how),
        .panel_elements = PANEL * w->steps};
    multiply_piece(scratch, p.rows, p.panels, p.width, &o);
    int64_t column = p.panel * PANEL, n = w->n - column < p.width ? w->n - column : p.width;
    for (int64_t r = 0; r < p.rows; r++)
        finish_row(c, scratch + (size_t)(r * p.width) * 4, p.row + r, column, n);
}

smac_status product_packed(float *y, const float *x, int64_t rows, const packed_matrix *w, const float *bias,
    activation a, smac_error *error) {
    if (rows <= 0 || w->n == 0)
        return SMAC_OK;
    packed_product c = {.w = w, .kernels = kernels_get(), .tiles = tiles_get(), .y = y, .bias = bias, .a = a,
        .grid = grid_plan(rows, w->panels, w->k)};
    c.left = left_matrix_plan(w->how, x, rows, w->k, w->k, 1, rows >= COPY_ROWS && w->n >= COPY_COLUMNS);
    c.slot_bytes = grid_scratch_bytes(&c.grid);
    size_t scratch_bytes = c.slot_bytes * (size_t)parallel_threads(), left_bytes = 0, all;
    size_t scale_bytes = w->how == PRECISION_INT8 ? (size_t)rows * sizeof(float) : 0;
    bool fits = left_matrix_bytes(&c.left, &left_bytes) && checked_add(left_bytes, scratch_bytes, &all) &&
        checked_add(all, scale_bytes, &all);
    char *memory = fits ? memory_aligned(all) : 0;
    if (!memory)
        return FAIL(error, SMAC_ERROR_MEMORY,
            "no memory for a product of %lld rows with a weight of %lld x %lld; use fewer rows at once",
            (long long)rows, (long long)w->n, (long long)w->k);
    c.scratch = memory;
    if (left_bytes) {
        c.left.packed = memory + scratch_bytes;
        c.left.scale = (float *)(memory + scratch_bytes + left_bytes);
        if (grid_pieces(&c.grid) == 1)
            serial_for(1, pack_rows, &c);
        else
            parallel_for(c.grid.row_pieces, pack_rows, &c);
    }
    parallel_for(grid_pieces(&c.grid), packed_piece, &c);
    memory_aligned_free(memory);
    return SMAC_OK;
}
