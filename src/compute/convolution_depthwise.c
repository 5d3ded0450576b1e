/* compute/convolution_depthwise.c - depthwise convolutions: rows of pixels given to the kernels. */
#include <string.h>

#include "base/memory.h"
#include "compute/convolution_internal.h"
#include "compute/parallel.h"

/* A row of results, and where its taps are.  Tap (y, x) of the kernel meets the row tap_row[y] at pixel
 * index * step + offset[x], which must be in [0, limit). */
typedef struct tap_plan {
    const struct kernels *kernels;
    depthwise_row row; /* what all pixels share */
    int64_t pixels, step, limit;
    int rows, columns;
    const float *tap_row[DEPTHWISE_TAPS];    /* first pixel of the picture's row */
    int64_t weight_row[DEPTHWISE_TAPS];      /* row of the kernel */
    int64_t offset[DEPTHWISE_TAPS];          /* in pixels */
    int64_t weight_column[DEPTHWISE_TAPS];   /* column of the kernel */
    int64_t kernel_width, channels, y_pixel; /* y_pixel: numbers from one result to the next */
    const float *w;                          /* NULL: the gradient of the weights is wanted */
    float *dw;
} tap_plan;

static int64_t divide_up(int64_t a, int64_t b)
{
    return a >= 0 ? (a + b - 1) / b : -(-a / b);
}

static int64_t divide_down(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

/* Results first .. first + count, with the columns of the kernel that are inside for the first of them. */
static void tap_plan_run_part(const tap_plan *t, int64_t first, int64_t count)
{
    depthwise_row r = t->row;
    r.pixels = count;
    r.taps = 0;
    for (int i = 0; i < t->rows; i++)
        for (int j = 0; j < t->columns; j++) {
            int64_t at = first * t->step + t->offset[j];
            int64_t weight = (t->weight_row[i] * t->kernel_width + t->weight_column[j]) * t->channels;
            if (at < 0 || at >= t->limit)
                continue;
            r.x[r.taps] = t->tap_row[i] + at * t->channels;
            if (t->w)
                r.w[r.taps++] = t->w + weight;
            else
                r.dw[r.taps++] = t->dw + weight;
        }
    if (t->w) {
        r.y += first * t->y_pixel;
        t->kernels->depthwise(&r);
    } else {
        r.dy += first * t->y_pixel;
        t->kernels->depthwise_weights(&r);
    }
}

/* The pixels at the left and right edge alone, those that all columns of the kernel reach together. */
static void tap_plan_run(const tap_plan *t)
{
    int64_t from = 0, to = t->pixels;
    for (int j = 0; j < t->columns; j++) {
        int64_t low = divide_up(-t->offset[j], t->step);
        int64_t high = divide_down(t->limit - 1 - t->offset[j], t->step) + 1;
        from = low > from ? low : from;
        to = high < to ? high : to;
    }
    if (from >= to)
        from = to = t->pixels;
    for (int64_t i = 0; i < from; i++)
        tap_plan_run_part(t, i, 1);
    if (from < to)
        tap_plan_run_part(t, from, to - from);
    for (int64_t i = to > from ? to : from; i < t->pixels; i++)
        tap_plan_run_part(t, i, 1);
}

static tap_plan tap_plan_new(const picture_convolution *p)
{
    tap_plan t = {.kernels = kernels_get(), .kernel_width = p->kernel_width, .channels = p->channels};
    t.row.channels = p->channels;
    t.row.end = (rectifier){1, INFINITY};
    return t;
}

/* --- forward: results from windows ------------------------------------------------------------------------------- */

/* Row `out` of picture b: its taps in x. */
static void plan_windows(tap_plan *t, const picture_convolution *p, int64_t b, int64_t out)
{
    t->pixels = p->out_width;
    t->step = p->stride;
    t->limit = p->width;
    t->y_pixel = t->row.y_step = p->channels;
    t->row.x_step = p->stride * p->channels;
    t->rows = 0;
    for (int64_t ky = 0; ky < p->kernel_height; ky++) {
        int64_t in = out * p->stride - p->top + ky;
        if (in < 0 || in >= p->height)
            continue;
        t->tap_row[t->rows] = p->x + (b * p->height + in) * p->width * p->channels;
        t->weight_row[t->rows++] = ky;
    }
    t->columns = (int)p->kernel_width;
    for (int kx = 0; kx < t->columns; kx++) {
        t->offset[kx] = kx - p->left;
        t->weight_column[kx] = kx;
    }
}

enum { PIECE_NUMBERS = 32768 };

typedef struct depthwise_work {
    const picture_convolution *p;
    int64_t rows_a_piece, pieces_a_picture;
    /* gradient */
    gradient_parts parts;
    int64_t pictures_a_piece;
    char *slots;
    size_t slot_bytes;
} depthwise_work;

static void forward_piece(void *context, int64_t piece)
{
    const depthwise_work *work = context;
    const picture_convolution *p = work->p;
    int64_t b = piece / work->pieces_a_picture, first = piece % work->pieces_a_picture * work->rows_a_piece;
    int64_t last = first + work->rows_a_piece < p->out_height ? first + work->rows_a_piece : p->out_height;
    tap_plan t = tap_plan_new(p);
    t.w = p->w;
    t.row.bias = p->b;
    t.row.end = p->end;
    for (int64_t y = first; y < last; y++) {
        plan_windows(&t, p, b, y);
        t.row.y = p->y + (b * p->out_height + y) * p->out_width * p->channels;
        tap_plan_run(&t);
    }
}

smac_status depthwise_forward(const picture_convolution *p)
{
    int64_t row = p->out_width * p->channels, rows = PIECE_NUMBERS / row;
    depthwise_work work = {.p = p, .rows_a_piece = rows < 1 ? 1 : rows > p->out_height ? p->out_height : rows};
    work.pieces_a_picture = (p->out_height + work.rows_a_piece - 1) / work.rows_a_piece;
    int64_t pieces = p->batch * work.pieces_a_picture;
    double products = (double)(p->batch * p->out_height * row) * (double)(p->kernel_height * p->kernel_width);
    parallel_run(parallel_team_for_work(pieces, products / 4), pieces, forward_piece, &work);
    return SMAC_OK;
}

/* --- backward ---------------------------------------------------------------------------------------------------- */

/* Row `in` of picture b of dx, the pixels phase, phase + stride, ...: its taps are in d, the gradient of one picture. */
static void plan_results(tap_plan *t, const picture_convolution *p, const float *d, int64_t in, int64_t phase)
{
    t->pixels = (p->width - phase + p->stride - 1) / p->stride;
    t->step = 1;
    t->limit = p->out_width;
    t->y_pixel = t->row.y_step = p->stride * p->channels;
    t->row.x_step = p->channels;
    t->rows = t->columns = 0;
    for (int64_t ky = 0; ky < p->kernel_height; ky++) {
        int64_t at = in + p->top - ky;
        if (at < 0 || at % p->stride != 0 || at / p->stride >= p->out_height)
            continue;
        t->tap_row[t->rows] = d + at / p->stride * p->out_width * p->channels;
        t->weight_row[t->rows++] = ky;
    }
    for (int64_t kx = 0; kx < p->kernel_width; kx++) {
        int64_t at = phase + p->left - kx;
        if (at % p->stride != 0)
            continue;
        t->offset[t->columns] = at / p->stride;
        t->weight_column[t->columns++] = kx;
    }
}

static void input_gradient(const picture_convolution *p, int64_t b, const float *d)
{
    tap_plan t = tap_plan_new(p);
    t.w = p->w;
    t.row.add = p->add_x;
    for (int64_t y = 0; y < p->height; y++)
        for (int64_t phase = 0; phase < p->stride && phase < p->width; phase++) {
            plan_results(&t, p, d, y, phase);
            t.row.y = p->dx + ((b * p->height + y) * p->width + phase) * p->channels;
            tap_plan_run(&t);
        }
}

static void weight_gradient(const picture_convolution *p, int64_t b, const float *d, float *dw)
{
    tap_plan t = tap_plan_new(p);
    t.dw = dw;
    for (int64_t y = 0; y < p->out_height; y++) {
        plan_windows(&t, p, b, y);
        t.row.dy = d + y * p->out_width * p->channels;
        tap_plan_run(&t);
    }
}

static void gradient_piece(void *context, int64_t piece)
{
    const depthwise_work *work = context;
    const picture_convolution *p = work->p;
    const struct kernels *kernel = kernels_get();
    float *slot = (float *)(void *)(work->slots + (size_t)parallel_slot() * work->slot_bytes);
    float *part = work->parts.parts + (size_t)piece * gradient_part_floats(&work->parts);
    int64_t first = piece * work->pictures_a_piece, last = first + work->pictures_a_piece;
    int64_t pixels = p->out_height * p->out_width;
    memset(part, 0, gradient_part_floats(&work->parts) * sizeof *part);
    for (int64_t b = first; b < last && b < p->batch; b++) {
        const float *d = p->dy + b * pixels * p->channels;
        if (rectifier_changes(p->end)) {
            kernel->rectify_backward(slot, d, p->y + b * pixels * p->channels, pixels * p->channels, p->end);
            d = slot;
        }
        float *bias = part + work->parts.rows * work->parts.stride;
        for (int64_t i = 0; p->db && i < pixels; i++)
            kernel->add(bias, bias, d + i * p->channels, p->channels);
        if (p->dw)
            weight_gradient(p, b, d, part);
        if (p->dx)
            input_gradient(p, b, d);
    }
}

smac_status depthwise_gradient(const picture_convolution *p, convolution_scratch scratch, smac_error *error)
{
    depthwise_work work = {.p = p};
    work.pictures_a_piece = (p->batch + CONVOLUTION_PARTS - 1) / CONVOLUTION_PARTS;
    int64_t taps = p->kernel_height * p->kernel_width, picture = p->out_height * p->out_width * p->channels;
    int64_t pieces = work.pictures_a_piece > 0 ? (p->batch + work.pictures_a_piece - 1) / work.pictures_a_piece : 0;
    work.parts = (gradient_parts){
        .count = pieces, .rows = taps, .width = p->channels, .stride = p->channels, .outputs = p->channels};
    work.slot_bytes = ((size_t)picture * sizeof(float) + 63) & ~(size_t)63;
    parallel_team team = parallel_team_for_work(pieces, (double)(p->batch * picture) * (double)taps);
    size_t parts = gradient_part_floats(&work.parts) * (size_t)(pieces > 0 ? pieces : 1) * sizeof(float);
    work.parts.parts = workspace_take(scratch.own, parts + work.slot_bytes * (size_t)team.size);
    if (!work.parts.parts)
        return convolution_no_memory(p, error);
    work.slots = (char *)work.parts.parts + parts;
    if (pieces == 0) {
        memset(work.parts.parts, 0, parts);
        work.parts.count = 1;
    }
    parallel_run(team, pieces, gradient_piece, &work);
    gradient_parts_add_up(&work.parts, p);
    workspace_return(scratch.own, work.parts.parts);
    return SMAC_OK;
}
