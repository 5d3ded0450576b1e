/* compute/products_packed.c - products with weights that were packed once. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "compute/grid.h"
#include "compute/kernels_internal.h"
#include "compute/onednn.h"
#include "compute/packing.h"
#include "compute/parallel.h"
#include "compute/products.h"

enum {
    INT8_LONGEST = 65536, /* 255 * 127 * 65536 still fits an int32 sum */
    COPY_ROWS = 14,
    COPY_COLUMNS = 512 /* from here float32 rows are copied to places that do not collide in the cache */
};

struct packed_matrix {
    int64_t n, k, panels;
    int64_t steps;   /* k, padded to the step of the precision */
    precision how;   /* how it is stored */
    precision asked; /* what the caller asked for */
    size_t bytes;    /* of all panels */
    void *data;
    float *scale;          /* int8: panels * 32 scales of columns */
    int32_t *sum;          /* int8: of the columns' integers */
    onednn_block **blocks; /* instead of data: the columns in blocks of block_panels panels, held by oneDNN */
    int64_t block_count, block_panels;
};

typedef struct packing_work {
    packed_matrix *p;
    right_matrix from;
    const uint16_t *from_bf16;
    char *rows; /* for each thread: rows of the weight on the way, row_bytes of them */
    size_t row_bytes;
    atomic_bool failed;
} packing_work;

/* Rows of a weight as float32, from either source; rows: room for them if they come from bf16. */
static const float *float_rows(const packing_work *w, int64_t first, int64_t count, float *rows)
{
    int64_t k = w->p->k;
    if (!w->from_bf16)
        return w->from.b + first * k;
    kernels_get()->from_bf16(rows, w->from_bf16 + first * k, count * k);
    return rows;
}

/* A block for oneDNN: its rows as bf16 or int8, then its reorder. */
static void pack_one_block(void *context, int64_t index)
{
    packing_work *w = context;
    packed_matrix *p = w->p;
    const struct kernels *kernels = kernels_get();
    int64_t first = index * p->block_panels * PANEL, count = p->block_panels * PANEL;
    count = p->n - first < count ? p->n - first : count;
    char *out = w->rows + (size_t)parallel_slot() * w->row_bytes;
    float *one = (float *)(out + w->row_bytes - (size_t)((p->k + 15) / 16) * 64);
    for (int64_t i = 0; i < count; i++) {
        if (p->how == PRECISION_BF16 && w->from_bf16) {
            memcpy(out + i * p->k * 2, w->from_bf16 + (first + i) * p->k, (size_t)p->k * 2);
            continue;
        }
        const float *row = float_rows(w, first + i, 1, one);
        if (p->how == PRECISION_BF16) {
            kernels->to_bf16((uint16_t *)out + i * p->k, row, p->k);
            continue;
        }
        int8_t *q = (int8_t *)out + i * p->k;
        p->scale[first + i] = kernels->quantise(q, row, p->k);
        int32_t sum = 0;
        for (int64_t j = 0; j < p->k; j++)
            sum += q[j];
        p->sum[first + i] = sum;
    }
    if (!onednn_block_fill(p->blocks[index], out, p->k))
        atomic_store(&w->failed, true);
}

static void pack_one_panel(void *context, int64_t index)
{
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
        int64_t first = index * PANEL, count = p->n - first < PANEL ? p->n - first : PANEL;
        from.b = float_rows(w, first, count, (float *)(w->rows + (size_t)parallel_slot() * w->row_bytes));
        from.n = count;
        panel = 0;
    }
    if (p->how == PRECISION_INT8)
        pack_panel_int8(to, p->scale + index * PANEL, p->sum + index * PANEL, kernels, &from, panel);
    else
        pack_panel(to, p->how, kernels, &from, panel);
}

/* Fewer columns a block when there are few, so that threads find work. */
static bool packed_blocks(packed_matrix *p)
{
    p->block_panels = p->panels >= 64 ? 8 : p->panels >= 16 ? 4 : 2;
    p->block_count = (p->panels + p->block_panels - 1) / p->block_panels;
    p->blocks = memory_new((size_t)p->block_count, sizeof *p->blocks);
    for (int64_t i = 0; p->blocks && i < p->block_count; i++) {
        int64_t first = i * p->block_panels * PANEL, most = p->block_panels * PANEL;
        p->blocks[i] = onednn_block_new(p->how, p->n - first < most ? p->n - first : most, p->k);
        if (!p->blocks[i]) { /* then our own tiles do it */
            for (int64_t j = 0; j < i; j++)
                onednn_block_free(p->blocks[j]);
            free(p->blocks);
            p->blocks = 0;
            return false;
        }
        p->bytes += onednn_block_bytes(p->blocks[i]);
    }
    return p->blocks != 0;
}

static packed_matrix *packed_empty(int64_t n, int64_t k, precision how)
{
    size_t cells, bytes;
    if (n < 0 || k < 0 || n > INT64_MAX / 2 || k > INT64_MAX / 2)
        return 0;
    precision kept = how == PRECISION_INT8 && k > INT8_LONGEST ? PRECISION_BF16 : how;
    packed_matrix *p = memory_new(1, sizeof *p);
    if (!p)
        return 0;
    *p = (packed_matrix){
        .n = n, .k = k, .panels = panels_of(n), .steps = steps_padded(k, kept), .how = kept, .asked = how};
    size_t columns = (size_t)p->panels * PANEL;
    bool fits =
        checked_multiply(columns, (size_t)p->steps, &cells) && checked_multiply(cells, element_of(kept), &bytes);
    if (fits && kept == PRECISION_INT8) {
        p->scale = memory_aligned(columns ? columns * sizeof *p->scale : 64);
        p->sum = memory_aligned(columns ? columns * sizeof *p->sum : 64);
        fits = p->scale && p->sum;
    }
    if (fits && onednn_wanted(kept) && n > 0 && k > 0 && packed_blocks(p))
        return p;
    if (fits)
        p->data = memory_aligned(bytes ? bytes : 64);
    if (!p->data) {
        packed_matrix_free(p);
        return 0;
    }
    p->bytes = bytes;
    return p;
}

/* Pack from either source.  false: memory is short, or oneDNN failed. */
static bool packed_fill(packed_matrix *p, const float *w, const uint16_t *w_bf16)
{
    packing_work work = {
        .p = p, .from = {.b = w, .k = p->k, .n = p->n, .step_k = 1, .step_n = p->k}, .from_bf16 = w_bf16};
    int64_t pieces = p->blocks ? p->block_count : p->panels;
    parallel_team team = parallel_team_for(pieces);
    size_t rows = 0, all = 0;
    if (p->blocks)
        rows = (size_t)(p->block_panels * PANEL) * element_of(p->how) + 4 + 64;
    else if (w_bf16 && p->how != PRECISION_BF16)
        rows = PANEL * sizeof(float);
    if (rows) {
        if (!checked_multiply(rows, (size_t)p->k + 16, &work.row_bytes) ||
            !checked_multiply((work.row_bytes + 63) & ~(size_t)63, (size_t)team.size, &all))
            return false;
        work.row_bytes = (work.row_bytes + 63) & ~(size_t)63;
        work.rows = memory_aligned(all);
        if (!work.rows)
            return false;
    }
    parallel_run(team, pieces, p->blocks ? pack_one_block : pack_one_panel, &work);
    memory_aligned_free(work.rows);
    return !atomic_load(&work.failed);
}

packed_matrix *packed_matrix_new(const float *w, int64_t n, int64_t k, precision how)
{
    packed_matrix *p = packed_empty(n, k, how);
    if (p && !packed_fill(p, w, 0)) {
        packed_matrix_free(p);
        return 0;
    }
    return p;
}

packed_matrix *packed_matrix_new_bf16(const uint16_t *w, int64_t n, int64_t k, precision how)
{
    packed_matrix *p = packed_empty(n, k, how);
    if (p && !packed_fill(p, 0, w)) {
        packed_matrix_free(p);
        return 0;
    }
    return p;
}

bool packed_matrix_renew(packed_matrix *p, const float *w)
{
    return packed_fill(p, w, 0);
}

void packed_matrix_free(packed_matrix *p)
{
    if (!p)
        return;
    for (int64_t i = 0; p->blocks && i < p->block_count; i++)
        onednn_block_free(p->blocks[i]);
    free(p->blocks);
    memory_aligned_free(p->data);
    memory_aligned_free(p->scale);
    memory_aligned_free(p->sum);
    free(p);
}

int64_t packed_matrix_n(const packed_matrix *p)
{
    return p->n;
}

int64_t packed_matrix_k(const packed_matrix *p)
{
    return p->k;
}

precision packed_matrix_precision(const packed_matrix *p)
{
    return p->asked;
}

size_t packed_matrix_bytes(const packed_matrix *p)
{
    return p->bytes + (p->scale ? (size_t)p->panels * PANEL * 8 : 0);
}

/* Row i as it is stored, k elements one after the other. */
static void packed_row_elements(const packed_matrix *p, int64_t i, void *out)
{
    if (p->blocks) {
        int64_t columns = p->block_panels * PANEL;
        onednn_block_read(p->blocks[i / columns], i % columns, out);
        return;
    }
    size_t element = element_of(p->how);
    int64_t step = step_of(p->how);
    const char *panel = (const char *)p->data + (size_t)(i / PANEL * p->steps * PANEL) * element;
    for (int64_t k = 0; k < p->k; k++) {
        int64_t at = (k / step * PANEL + i % PANEL) * step + k % step;
        memcpy((char *)out + (size_t)k * element, panel + (size_t)at * element, element);
    }
}

void packed_matrix_row(const packed_matrix *p, int64_t i, float *out, float *scratch)
{
    if (p->how == PRECISION_F32) {
        packed_row_elements(p, i, out);
        return;
    }
    packed_row_elements(p, i, scratch);
    if (p->how == PRECISION_BF16) {
        kernels_get()->from_bf16(out, (const uint16_t *)(const void *)scratch, p->k);
        return;
    }
    const int8_t *steps = (const int8_t *)(const void *)scratch;
    for (int64_t k = 0; k < p->k; k++)
        out[k] = (float)steps[k] * p->scale[i];
}

typedef struct product_work {
    const packed_product *p;
    const packed_matrix *w;
    const struct kernels *kernels;
    const tile_kernels *tiles;
    grid grid;
    left_matrix left;
    char *scratch;
    size_t slot_bytes;
    atomic_bool failed;
    smac_error error; /* of the first piece that failed */
} product_work;

static void pack_rows(void *context, int64_t piece)
{
    product_work *c = context;
    int64_t first = piece * c->grid.row_piece, rows = c->grid.rows - first;
    left_matrix_pack(&c->left, c->kernels, first, rows < c->grid.row_piece ? rows : c->grid.row_piece);
}

static void finish_row(const product_work *c, const void *sums, int64_t row, int64_t column, int64_t n)
{
    const packed_matrix *w = c->w;
    activation a = c->p->activation;
    float *y = c->p->y + row * w->n + column;
    const float *bias = c->p->bias ? c->p->bias + column : NULL;
    if (w->how == PRECISION_INT8) {
        c->kernels->dequantise(
            y, sums, w->sum + column, c->left.zero[row], c->left.scale[row], w->scale + column, bias, n, a);
        if (c->p->rectifies)
            c->kernels->rectify(y, y, NULL, n, c->p->end);
    } else if (c->p->rectifies) {
        c->kernels->rectify(y, sums, bias, n, c->p->end);
    } else if (bias) {
        c->kernels->add(y, sums, bias, n);
        if (a != ACTIVATION_NONE)
            c->kernels->activate(y, y, n, a);
    } else {
        c->kernels->activate(y, sums, n, a);
    }
}

static void packed_piece(void *context, int64_t index)
{
    product_work *c = context;
    const packed_matrix *w = c->w;
    grid_piece p = grid_piece_at(&c->grid, index);
    char *scratch = c->scratch + (size_t)parallel_slot() * c->slot_bytes;
    int64_t column = p.panel * PANEL, n = w->n - column < p.width ? w->n - column : p.width;
    if (w->blocks) {
        smac_error error;
        if (onednn_multiply(scratch, left_matrix_row(&c->left, p.row), p.rows, c->left.row,
                w->blocks[p.panel / w->block_panels], &error) != SMAC_OK) {
            if (!atomic_exchange(&c->failed, true))
                c->error = error;
            return;
        }
        for (int64_t r = 0; r < p.rows; r++)
            finish_row(c, scratch + (size_t)(r * n) * 4, p.row + r, column, n);
        return;
    }
    piece_operands o = {.how = w->how,
        .tiles = c->tiles,
        .k = w->steps,
        .left = left_matrix_row(&c->left, p.row),
        .left_row = c->left.row,
        .left_step = c->left.pair,
        .panels = (const char *)w->data + (size_t)(p.panel * PANEL * w->steps) * element_of(w->how),
        .panel_elements = PANEL * w->steps};
    multiply_piece(scratch, p.rows, p.panels, p.width, &o);
    for (int64_t r = 0; r < p.rows; r++)
        finish_row(c, scratch + (size_t)(r * p.width) * 4, p.row + r, column, n);
}

smac_status product_packed(const packed_product *p, smac_error *error)
{
    const packed_matrix *w = p->weight;
    int64_t rows = p->rows;
    if (rows <= 0 || w->n == 0)
        return SMAC_OK;
    product_work c = {.p = p,
        .w = w,
        .kernels = kernels_get(),
        .tiles = tiles_get(),
        .grid =
            w->blocks ? grid_plan_blocks(rows, w->panels, w->block_panels) : grid_plan(w->how, rows, w->panels, w->k),
        .left = left_matrix_plan(w->how, p->x, rows, w->k, w->k, 1, rows >= COPY_ROWS && w->n >= COPY_COLUMNS)};
    if (w->blocks)
        c.left.row = w->k; /* oneDNN's fast products want dense rows */
    c.slot_bytes = grid_scratch_bytes(&c.grid);
    int64_t pieces = grid_pieces(&c.grid);
    parallel_team team = parallel_team_for_work(pieces, (double)rows * (double)w->n * (double)w->k);
    size_t scratch_bytes = c.slot_bytes * (size_t)team.size, left_bytes = 0, all;
    size_t scale_bytes = w->how == PRECISION_INT8 ? (size_t)rows * (sizeof(float) + sizeof(int32_t)) : 0;
    bool fits = left_matrix_bytes(&c.left, &left_bytes) &&
        checked_add(left_bytes, w->blocks ? (size_t)c.left.row * 16 * element_of(w->how) : 0, &left_bytes) &&
        checked_add(left_bytes, scratch_bytes, &all) && checked_add(all, scale_bytes, &all); /* oneDNN: 16 rows more */
    char *memory = fits ? workspace_take(p->scratch, all) : NULL;
    if (!memory)
        return FAIL(error, SMAC_ERROR_MEMORY,
            "no memory for a product of %lld rows with a weight of %lld x %lld; use fewer rows at once",
            (long long)rows, (long long)w->n, (long long)w->k);
    c.scratch = memory;
    if (left_bytes) {
        c.left.packed = memory + scratch_bytes;
        c.left.scale = (float *)(memory + scratch_bytes + left_bytes);
        c.left.zero = (int32_t *)(c.left.scale + rows);
        parallel_run(team, c.grid.row_pieces, pack_rows, &c);
    }
    parallel_run(team, pieces, packed_piece, &c);
    workspace_return(p->scratch, memory);
    if (atomic_load(&c.failed)) {
        if (error)
            *error = c.error;
        return c.error.code;
    }
    return SMAC_OK;
}
