/* compute/convolution.c - which way a convolution goes, and what both ways share. */
#include "compute/convolution_internal.h"

#include <string.h>

#include "compute/parallel.h"

bool convolution_is_direct(const picture_convolution *p)
{
    return p->kernel_height == 1 && p->kernel_width == 1 && p->stride == 1 && p->out_height == p->height &&
        p->out_width == p->width;
}

int64_t convolution_window(const picture_convolution *p)
{
    return p->kernel_height * p->kernel_width * p->channels;
}

smac_status convolution_no_memory(const picture_convolution *p, smac_error *error)
{
    return FAIL(error, SMAC_ERROR_MEMORY,
        "no memory for a convolution of %lld pictures of %lld x %lld x %lld; use fewer at once", (long long)p->batch,
        (long long)p->height, (long long)p->width, (long long)p->channels);
}

/* --- adding up parts --------------------------------------------------------------------------------------------- */

enum { ROWS_A_PIECE = 16 };

typedef struct adding_up {
    const gradient_parts *g;
    const picture_convolution *p;
} adding_up;

size_t gradient_part_floats(const gradient_parts *g)
{
    return ((size_t)(g->rows * g->stride + g->outputs) + 15) & ~(size_t)15;
}

static void add_up_row(const gradient_parts *g, float *to, size_t from, int64_t n, bool add)
{
    size_t part = gradient_part_floats(g);
    const struct kernels *kernel = kernels_get();
    if (add)
        kernel->add(to, to, g->parts + from, n);
    else
        memcpy(to, g->parts + from, (size_t)n * sizeof *to);
    for (int64_t i = 1; i < g->count; i++)
        kernel->add(to, to, g->parts + (size_t)i * part + from, n);
}

static void add_up_piece(void *context, int64_t piece)
{
    const adding_up *a = context;
    const gradient_parts *g = a->g;
    int64_t first = piece * ROWS_A_PIECE, last = first + ROWS_A_PIECE < g->rows ? first + ROWS_A_PIECE : g->rows;
    for (int64_t r = first; r < last && a->p->dw; r++)
        add_up_row(g, a->p->dw + r * g->width, (size_t)(r * g->stride), g->width, a->p->add_w);
    if (piece == 0 && a->p->db)
        add_up_row(g, a->p->db, (size_t)(g->rows * g->stride), g->outputs, a->p->add_b);
}

void gradient_parts_add_up(const gradient_parts *g, const picture_convolution *p)
{
    adding_up a = {g, p};
    int64_t pieces = g->rows > 0 ? (g->rows + ROWS_A_PIECE - 1) / ROWS_A_PIECE : 1; /* the first adds the bias */
    double work = (double)g->rows * (double)g->width * (double)g->count;
    parallel_run(parallel_team_for_work(pieces, work), pieces, add_up_piece, &a);
}

/* --- the two ways ------------------------------------------------------------------------------------------------ */

smac_status convolve(const picture_convolution *p, convolution_scratch scratch, smac_error *error)
{
    if (p->batch * p->out_height * p->out_width * p->outputs == 0)
        return SMAC_OK;
    return p->depthwise ? depthwise_forward(p) : full_forward(p, scratch, error);
}

smac_status convolve_gradient(const picture_convolution *p, convolution_scratch scratch, smac_error *error)
{
    return p->depthwise ? depthwise_gradient(p, scratch, error) : full_gradient(p, scratch, error);
}
