/*
 * compute/convolution_full.c - full convolutions as products of the windows with the weight.
 *
 * A piece is a few rows of windows: gathered (unless the kernel is 1 x 1), multiplied, ended with bias and rectifier while
 * they are in the cache.  Backward, a piece is a range of pixels: the gradient before the rectifier, its products with
 * windows (a part of the weight's gradient) and with the weight (the gradient of the windows) are made block by block.
 */
#include <string.h>

#include "base/memory.h"
#include "compute/convolution_internal.h"
#include "compute/grid.h"
#include "compute/packing.h"
#include "compute/parallel.h"

enum {
    BLOCK_ROWS = 56, /* windows at once: four tiles of 14 */
    LEAST_ROWS = 28, /* of a piece, where there are few */
    ENOUGH_PIECES = 16,
    PANEL_GROUP = 8,          /* 256 results of a window at once */
    GATHERED_BYTES = 1 << 22, /* windows at once for a packed weight */
    LEAST_PART_ROWS = 224     /* of a part of the weight's gradient */
};

typedef struct full_work {
    const picture_convolution *p;
    const struct kernels *kernels;
    const tile_kernels *tiles;
    bool direct;
    int64_t rows, window, block; /* windows in all, numbers of one, windows at once */
    char *panels;                /* of the weight: outputs (forward) or window (backward) columns */
    right_matrix right;
    char *slots;
    size_t slot_bytes;
    int64_t part_rows; /* backward */
    gradient_parts parts;
    int64_t first; /* of a chunk of windows, for a packed weight */
    float *gathered;
} full_work;

static full_work full_work_new(const picture_convolution *p)
{
    return (full_work){.p = p,
        .kernels = kernels_get(),
        .tiles = tiles_get(),
        .direct = convolution_is_direct(p),
        .rows = p->batch * p->out_height * p->out_width,
        .window = convolution_window(p)};
}

static size_t rounded(size_t floats)
{
    return (floats + 15) & ~(size_t)15;
}

/* Short lines (three pixels of three colours) are not worth a call. */
static inline void copy_line(float *to, const float *from, int64_t n)
{
    if (n > 16)
        memcpy(to, from, (size_t)n * sizeof *to);
    else
        for (int64_t i = 0; i < n; i++)
            to[i] = from[i];
}

static void gather_pixel(const picture_convolution *p, int64_t row, float *to)
{
    int64_t x = row % p->out_width * p->stride - p->left, y = row / p->out_width % p->out_height * p->stride - p->top;
    const float *picture = p->x + row / (p->out_width * p->out_height) * p->height * p->width * p->channels;
    int64_t from = x < 0 ? -x : 0, to_x = p->width - x < p->kernel_width ? p->width - x : p->kernel_width;
    int64_t line = p->kernel_width * p->channels;
    if (x >= 0 && y >= 0 && to_x == p->kernel_width && y + p->kernel_height <= p->height) { /* inside */
        const float *source = picture + (y * p->width + x) * p->channels;
        for (int64_t ky = 0; ky < p->kernel_height; ky++, to += line, source += p->width * p->channels)
            copy_line(to, source, line);
        return;
    }
    for (int64_t ky = 0; ky < p->kernel_height; ky++, to += line) {
        if (y + ky < 0 || y + ky >= p->height || from >= to_x) {
            memset(to, 0, (size_t)line * sizeof *to);
            continue;
        }
        const float *source = picture + ((y + ky) * p->width + x + from) * p->channels;
        memset(to, 0, (size_t)(from * p->channels) * sizeof *to);
        memcpy(to + from * p->channels, source, (size_t)((to_x - from) * p->channels) * sizeof *to);
        memset(to + to_x * p->channels, 0, (size_t)((p->kernel_width - to_x) * p->channels) * sizeof *to);
    }
}

/* The windows first .. first + rows, in place or in room. */
static const float *windows_of(const full_work *w, int64_t first, int64_t rows, float *room)
{
    if (w->direct)
        return w->p->x + first * w->window;
    for (int64_t r = 0; r < rows; r++)
        gather_pixel(w->p, first + r, room + r * w->window);
    return room;
}

static void pack_weight(void *context, int64_t index)
{
    full_work *w = context;
    pack_panel(
        w->panels + (size_t)(index * w->right.k * PANEL) * sizeof(float), PRECISION_F32, w->kernels, &w->right, index);
}

/* result(rows, columns of the group) = left(rows, k of the panels) times a group of panels; gives their width. */
static int64_t multiply_group(const full_work *w, const float *left, int64_t rows, int64_t group, float *result)
{
    int64_t first = group * PANEL_GROUP, panels = panels_of(w->right.n) - first;
    panels = panels < PANEL_GROUP ? panels : PANEL_GROUP;
    piece_operands o = {.how = PRECISION_F32,
        .tiles = w->tiles,
        .k = w->right.k,
        .left = left,
        .left_row = w->right.k,
        .left_step = 1,
        .panels = w->panels + (size_t)(first * w->right.k * PANEL) * sizeof(float),
        .panel_elements = PANEL * w->right.k};
    multiply_piece(result, rows, panels, panels * PANEL, &o);
    return panels * PANEL;
}

static int64_t groups_of(const full_work *w)
{
    return (panels_of(w->right.n) + PANEL_GROUP - 1) / PANEL_GROUP;
}

/* Rows of a result where a group is stored: PANEL_GROUP panels, or all if there are fewer. */
static size_t group_floats(const full_work *w)
{
    int64_t panels = panels_of(w->right.n);
    return (size_t)((panels < PANEL_GROUP ? panels : PANEL_GROUP) * PANEL * w->block);
}

static double full_products(const full_work *w)
{
    return (double)w->rows * (double)w->window * (double)w->p->outputs;
}

/* --- forward ----------------------------------------------------------------------------------------------------- */

static void forward_piece(void *context, int64_t piece)
{
    const full_work *w = context;
    const picture_convolution *p = w->p;
    float *result = (float *)(void *)(w->slots + (size_t)parallel_slot() * w->slot_bytes);
    int64_t first = piece * w->block, rows = w->rows - first < w->block ? w->rows - first : w->block;
    const float *windows = windows_of(w, first, rows, result + rounded(group_floats(w)));
    for (int64_t g = 0; g < groups_of(w); g++) {
        int64_t width = multiply_group(w, windows, rows, g, result), column = g * PANEL_GROUP * PANEL;
        int64_t n = p->outputs - column < width ? p->outputs - column : width;
        const float *bias = p->b ? p->b + column : NULL;
        for (int64_t r = 0; r < rows; r++)
            w->kernels->rectify(p->y + (first + r) * p->outputs + column, result + r * width, bias, n, p->end);
    }
}

static smac_status forward_float(full_work *w, convolution_scratch scratch, smac_error *error)
{
    const picture_convolution *p = w->p;
    w->block = BLOCK_ROWS;
    if (w->rows < BLOCK_ROWS * ENOUGH_PIECES) {
        int64_t even = (w->rows + ENOUGH_PIECES - 1) / ENOUGH_PIECES;
        w->block = even > LEAST_ROWS ? even : LEAST_ROWS;
    }
    w->right = (right_matrix){.b = p->w, .k = w->window, .n = p->outputs, .step_k = 1, .step_n = w->window};
    int64_t panels = panels_of(p->outputs), pieces = (w->rows + w->block - 1) / w->block;
    parallel_team team = parallel_team_for_work(pieces, full_products(w));
    size_t weight = rounded((size_t)(panels * PANEL * w->window)) * sizeof(float);
    size_t windows = w->direct ? 0 : rounded((size_t)(w->block * w->window));
    w->slot_bytes = (rounded(group_floats(w)) + windows) * sizeof(float);
    w->panels = workspace_take(scratch.own, weight + w->slot_bytes * (size_t)team.size);
    if (!w->panels)
        return convolution_no_memory(p, error);
    w->slots = w->panels + weight;
    parallel_run(team, panels, pack_weight, w);
    parallel_run(team, pieces, forward_piece, w);
    workspace_return(scratch.own, w->panels);
    return SMAC_OK;
}

static void gather_piece(void *context, int64_t piece)
{
    const full_work *w = context;
    int64_t first = piece * BLOCK_ROWS, rows = w->block - first < BLOCK_ROWS ? w->block - first : BLOCK_ROWS;
    windows_of(w, w->first + first, rows, w->gathered + first * w->window);
}

/* Windows of some MB at a time, then the product with the packed weight. */
static smac_status forward_packed(full_work *w, convolution_scratch scratch, smac_error *error)
{
    const picture_convolution *p = w->p;
    int64_t most = w->direct ? w->rows : GATHERED_BYTES / (int64_t)sizeof(float) / w->window;
    most = most < BLOCK_ROWS ? BLOCK_ROWS : most < w->rows ? most : w->rows;
    if (!w->direct && !(w->gathered = workspace_take(scratch.own, (size_t)(most * w->window) * sizeof(float))))
        return convolution_no_memory(p, error);
    smac_status status = SMAC_OK;
    for (w->first = 0; w->first < w->rows && status == SMAC_OK; w->first += most) {
        w->block = w->rows - w->first < most ? w->rows - w->first : most;
        int64_t pieces = (w->block + BLOCK_ROWS - 1) / BLOCK_ROWS;
        if (!w->direct)
            parallel_run(parallel_team_for_work(pieces, (double)(w->block * w->window)), pieces, gather_piece, w);
        packed_product product = {.y = p->y + w->first * p->outputs,
            .x = w->direct ? p->x + w->first * w->window : w->gathered,
            .rows = w->block,
            .weight = p->packed,
            .bias = p->b,
            .rectifies = rectifier_changes(p->end),
            .end = p->end,
            .scratch = scratch.product};
        status = product_packed(&product, error);
    }
    if (!w->direct)
        workspace_return(scratch.own, w->gathered);
    return status;
}

smac_status full_forward(const picture_convolution *p, convolution_scratch scratch, smac_error *error)
{
    full_work w = full_work_new(p);
    return p->packed ? forward_packed(&w, scratch, error) : forward_float(&w, scratch, error);
}

/* --- backward ---------------------------------------------------------------------------------------------------- */

/* Where a slot keeps what: floats from its start. */
typedef struct slot_room {
    float *d, *windows, *panel, *result;
} slot_room;

static size_t slot_plan(const full_work *w, float *at, slot_room *room)
{
    size_t d = rounded((size_t)(w->block * w->p->outputs));
    size_t windows = w->direct ? 0 : rounded((size_t)(w->block * w->window));
    size_t panel = (size_t)(w->block * PANEL), result = w->p->dx ? rounded(group_floats(w)) : 0;
    if (room)
        *room = (slot_room){at, at + d, at + d + windows, at + d + windows + panel};
    return d + windows + panel + result;
}

/* part(outputs, window) += d^T windows, over the rows of a block */
static void weight_part(
    const full_work *w, const float *d, const float *windows, int64_t rows, slot_room *room, float *part)
{
    int64_t outputs = w->p->outputs, most = w->tiles->rows, tiles = (outputs + most - 1) / most;
    right_matrix right = {.b = windows, .k = rows, .n = w->window, .step_k = w->window, .step_n = 1};
    for (int64_t panel = 0; panel < panels_of(w->window); panel++) {
        pack_panel(room->panel, PRECISION_F32, w->kernels, &right, panel);
        for (int64_t t = 0; t < tiles; t++) {
            int64_t first = outputs * t / tiles, height = outputs * (t + 1) / tiles - first;
            w->tiles->f32((int)height, rows, d + first, 1, outputs, room->panel,
                part + first * w->parts.stride + panel * PANEL, w->parts.stride, true);
        }
    }
}

/* The gradient of columns column .. column + n of a window is added to the picture. */
static void scatter_pixel(const full_work *w, int64_t row, int64_t column, const float *from, int64_t n)
{
    const picture_convolution *p = w->p;
    int64_t x = row % p->out_width * p->stride - p->left, y = row / p->out_width % p->out_height * p->stride - p->top;
    float *picture = p->dx + row / (p->out_width * p->out_height) * p->height * p->width * p->channels;
    for (int64_t done = 0; done < n;) {
        int64_t tap = (column + done) / p->channels, channel = (column + done) % p->channels;
        int64_t some = p->channels - channel < n - done ? p->channels - channel : n - done;
        int64_t at_y = y + tap / p->kernel_width, at_x = x + tap % p->kernel_width;
        if (at_y >= 0 && at_y < p->height && at_x >= 0 && at_x < p->width) {
            float *to = picture + (at_y * p->width + at_x) * p->channels + channel;
            w->kernels->add(to, to, from + done, some);
        }
        done += some;
    }
}

static void input_part(const full_work *w, const float *d, int64_t first, int64_t rows, float *result)
{
    const picture_convolution *p = w->p;
    for (int64_t g = 0; g < groups_of(w); g++) {
        int64_t width = multiply_group(w, d, rows, g, result), column = g * PANEL_GROUP * PANEL;
        int64_t n = w->window - column < width ? w->window - column : width;
        for (int64_t r = 0; r < rows; r++) {
            float *to = p->dx + (first + r) * w->window + column;
            if (!w->direct)
                scatter_pixel(w, first + r, column, result + r * width, n);
            else if (p->add_x)
                w->kernels->add(to, to, result + r * width, n);
            else
                memcpy(to, result + r * width, (size_t)n * sizeof *to);
        }
    }
}

static void gradient_piece(void *context, int64_t piece)
{
    const full_work *w = context;
    const picture_convolution *p = w->p;
    slot_room room;
    slot_plan(w, (float *)(void *)(w->slots + (size_t)parallel_slot() * w->slot_bytes), &room);
    float *part = w->parts.parts + (size_t)piece * gradient_part_floats(&w->parts);
    float *bias = part + w->parts.rows * w->parts.stride;
    int64_t from = piece * w->part_rows, to = from + w->part_rows < w->rows ? from + w->part_rows : w->rows;
    int64_t picture = p->out_height * p->out_width, pixels = p->height * p->width * p->channels;
    memset(part, 0, gradient_part_floats(&w->parts) * sizeof *part);
    if (p->dx && !w->direct && !p->add_x) /* pieces are whole pictures then */
        memset(p->dx + from / picture * pixels, 0, (size_t)((to - from) / picture * pixels) * sizeof(float));
    for (int64_t first = from; first < to; first += w->block) {
        int64_t rows = to - first < w->block ? to - first : w->block;
        const float *d = p->dy + first * p->outputs;
        if (rectifier_changes(p->end)) {
            w->kernels->rectify_backward(room.d, d, p->y + first * p->outputs, rows * p->outputs, p->end);
            d = room.d;
        }
        for (int64_t r = 0; p->db && r < rows; r++)
            w->kernels->add(bias, bias, d + r * p->outputs, p->outputs);
        if (p->dw)
            weight_part(w, d, windows_of(w, first, rows, room.windows), rows, &room, part);
        if (p->dx)
            input_part(w, d, first, rows, room.result);
    }
}

/* Parts of at least some rows; of whole pictures where windows overlap. */
static int64_t rows_of_a_part(const full_work *w)
{
    const picture_convolution *p = w->p;
    int64_t unit = w->direct ? 1 : p->out_height * p->out_width, units = w->direct ? w->rows : p->batch;
    int64_t rows = (units + CONVOLUTION_PARTS - 1) / CONVOLUTION_PARTS * unit;
    int64_t least = (LEAST_PART_ROWS + unit - 1) / (unit > 0 ? unit : 1) * unit;
    return rows > least ? rows : least > 0 ? least : 1;
}

smac_status full_gradient(const picture_convolution *p, convolution_scratch scratch, smac_error *error)
{
    full_work w = full_work_new(p);
    w.part_rows = rows_of_a_part(&w);
    w.block = BLOCK_ROWS;
    w.right = (right_matrix){.b = p->w, .k = p->outputs, .n = w.window, .step_k = w.window, .step_n = 1};
    int64_t pieces = (w.rows + w.part_rows - 1) / w.part_rows, panels = p->dx ? panels_of(w.window) : 0;
    bool weights = p->dw != NULL;
    w.parts = (gradient_parts){.count = pieces > 0 ? pieces : 1,
        .rows = weights ? p->outputs : 0,
        .width = w.window,
        .stride = panels_of(w.window) * PANEL,
        .outputs = p->outputs};
    parallel_team team = parallel_team_for_work(pieces, 2 * full_products(&w));
    size_t weight = rounded((size_t)(panels * PANEL * p->outputs)) * sizeof(float);
    size_t parts = gradient_part_floats(&w.parts) * (size_t)w.parts.count * sizeof(float);
    w.slot_bytes = rounded(slot_plan(&w, NULL, NULL)) * sizeof(float);
    w.panels = workspace_take(scratch.own, weight + parts + w.slot_bytes * (size_t)team.size + 64);
    if (!w.panels)
        return convolution_no_memory(p, error);
    w.parts.parts = (float *)(void *)(w.panels + weight);
    w.slots = w.panels + weight + parts;
    if (pieces == 0)
        memset(w.parts.parts, 0, parts);
    parallel_run(team, panels, pack_weight, &w);
    parallel_run(team, pieces, gradient_piece, &w);
    if (pieces == 0 && p->dx && !p->add_x)
        memset(p->dx, 0, (size_t)(p->batch * p->height * p->width * p->channels) * sizeof(float));
    if (p->dw || p->db)
        gradient_parts_add_up(&w.parts, p);
    workspace_return(scratch.own, w.panels);
    return SMAC_OK;
}
