/* compute/kernels.c - the loops over long arrays with all threads. */
#include "compute/kernels.h"
#include "compute/parallel.h"

enum { PIECE = 65536 };

typedef struct long_loop {
    const struct kernels *kernels;
    float *a, *b, *c;
    const float *x;
    double *partial;
    int64_t n;
    activation how;
    const adamw_step *step;
} long_loop;

static int64_t pieces_of(int64_t n)
{
    return (n + PIECE - 1) / PIECE;
}

static int64_t piece_length(const long_loop *l, int64_t piece)
{
    int64_t rest = l->n - piece * PIECE;
    return rest < PIECE ? rest : PIECE;
}

static void squares_piece(void *context, int64_t piece)
{
    long_loop *l = context;
    l->partial[piece % 256] = l->kernels->sum_squares(l->x + piece * PIECE, piece_length(l, piece));
}

double parallel_sum_squares(const float *x, int64_t n)
{
    double total = 0, partial[256];
    for (int64_t start = 0; start < n; start += (int64_t)256 * PIECE) { /* 256 pieces at a time: no memory to ask for */
        int64_t rest = n - start < (int64_t)256 * PIECE ? n - start : (int64_t)256 * PIECE;
        long_loop l = {.kernels = kernels_get(), .x = x + start, .n = rest, .partial = partial};
        parallel_for(pieces_of(rest), squares_piece, &l);
        for (int64_t i = 0; i < pieces_of(rest); i++)
            total += partial[i];
    }
    return total;
}

static void finite_piece(void *context, int64_t piece)
{
    long_loop *l = context;
    l->partial[piece % 256] = l->kernels->finite(l->x + piece * PIECE, piece_length(l, piece));
}

bool parallel_finite(const float *x, int64_t n)
{
    double partial[256];
    for (int64_t start = 0; start < n; start += (int64_t)256 * PIECE) {
        int64_t rest = n - start < (int64_t)256 * PIECE ? n - start : (int64_t)256 * PIECE;
        long_loop l = {.kernels = kernels_get(), .x = x + start, .n = rest, .partial = partial};
        parallel_for(pieces_of(rest), finite_piece, &l);
        for (int64_t i = 0; i < pieces_of(rest); i++)
            if (partial[i] == 0)
                return false;
    }
    return true;
}

static void adamw_piece(void *context, int64_t piece)
{
    long_loop *l = context;
    int64_t at = piece * PIECE;
    l->kernels->adamw(l->a + at, l->b + at, l->c + at, l->x + at, piece_length(l, piece), l->step);
}

void parallel_adamw(float *p, float *m, float *v, const float *g, int64_t n, const adamw_step *step)
{
    long_loop l = {.kernels = kernels_get(), .a = p, .b = m, .c = v, .x = g, .n = n, .step = step};
    parallel_for(pieces_of(n), adamw_piece, &l);
}

static void activate_piece(void *context, int64_t piece)
{
    long_loop *l = context;
    l->kernels->activate(l->a + piece * PIECE, l->x + piece * PIECE, piece_length(l, piece), l->how);
}

void parallel_activate(float *y, const float *x, int64_t n, activation a)
{
    long_loop l = {.kernels = kernels_get(), .a = y, .x = x, .n = n, .how = a};
    parallel_for(pieces_of(n), activate_piece, &l);
}
