/*
 * compute/products_sgemm.c - float32 products of two buffers by oneDNN, in pieces of the result whose borders depend on
 * the shape alone; each piece is computed by one thread.
 */
#include "compute/products_sgemm.h"

#include <dnnl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "compute/backend.h"
#include "compute/onednn.h"
#include "compute/parallel.h"
#include "compute/environment.h"

enum {
    ROW_PIECE = 256,
    COLUMN_PIECE = 768, /* large enough that packing inside does not count */
    LEAST_ROWS = 48,
    LEAST_COLUMNS = 96,
    ENOUGH_PIECES = 8,
    SERIAL_WORK = 1 << 18
};

typedef struct sgemm_work {
    char transpose_a, transpose_b;
    int64_t m, n, k, lda, ldb, ldc, rows, columns, row_pieces;
    float alpha, beta;
    const float *a, *b;
    float *c;
    atomic_int status;
} sgemm_work;

bool sgemm_wanted(void)
{
    return backend_get()->onednn_sgemm && environment_get()->products != PRODUCTS_OWN;
}

static int64_t divide_up(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

/*
 * One of oneDNN's kernels (src/cpu/x64/gemm/f32/jit_avx512_common_gemm_f32.cpp, 2.6 as well as 3.7) puts the stack pointer
 * into its workspace on the heap: a signal that comes then has its frame written over what lies before the workspace.  So
 * none comes while it runs, but those that an instruction causes itself: these end the program anyway.
 */
static void hold_signals(sigset_t *before)
{
    static const int by_instructions[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    sigset_t all;
    sigfillset(&all);
    for (size_t i = 0; i < sizeof by_instructions / sizeof *by_instructions; i++)
        sigdelset(&all, by_instructions[i]);
    pthread_sigmask(SIG_BLOCK, &all, before);
}

static void sgemm_piece(void *context, int64_t index)
{
    sgemm_work *w = context;
    int64_t row = index % w->row_pieces * w->rows, column = index / w->row_pieces * w->columns;
    int64_t rows = w->m - row < w->rows ? w->m - row : w->rows;
    int64_t columns = w->n - column < w->columns ? w->n - column : w->columns;
    const float *a = w->a + (w->transpose_a == 'T' ? row : row * w->lda);
    const float *b = w->b + (w->transpose_b == 'T' ? column * w->ldb : column);
    int threads = onednn_threads(1);
    sigset_t signals;
    hold_signals(&signals);
    dnnl_status_t status = dnnl_sgemm(w->transpose_a, w->transpose_b, rows, columns, w->k, w->alpha, a, w->lda, b,
        w->ldb, w->beta, w->c + row * w->ldc + column, w->ldc);
    pthread_sigmask(SIG_SETMASK, &signals, NULL);
    onednn_threads(threads);
    if (status != dnnl_success)
        atomic_store(&w->status, (int)status);
}

smac_status sgemm_by_onednn(const gemm_problem *g, smac_error *error)
{
    int64_t m = g->m, n = g->n, k = g->k;
    sgemm_work w = {.transpose_a = g->transpose_a ? 'T' : 'N',
        .transpose_b = g->transpose_b ? 'T' : 'N',
        .m = m,
        .n = n,
        .k = k,
        .lda = g->lda,
        .ldb = g->ldb,
        .ldc = g->ldc,
        .alpha = g->alpha != 0 ? g->alpha : 1,
        .beta = g->beta,
        .a = g->a,
        .b = g->b,
        .c = g->c,
        .rows = m,
        .columns = n};
    int64_t row_pieces = 1, column_pieces = 1;
    if (m * n * k > SERIAL_WORK) {
        row_pieces = divide_up(m, ROW_PIECE);
        column_pieces = divide_up(n, COLUMN_PIECE);
        while (row_pieces * column_pieces < ENOUGH_PIECES) {
            if (m / row_pieces >= 2 * LEAST_ROWS && m / row_pieces * 2 >= n / column_pieces)
                row_pieces *= 2;
            else if (n / column_pieces >= 2 * LEAST_COLUMNS)
                column_pieces *= 2;
            else if (m / row_pieces >= 2 * LEAST_ROWS)
                row_pieces *= 2;
            else
                break;
        }
        w.rows = divide_up(divide_up(m, row_pieces), 16) * 16;
        w.columns = divide_up(divide_up(n, column_pieces), 48) * 48;
    }
    w.row_pieces = divide_up(m, w.rows);
    int64_t pieces = w.row_pieces * divide_up(n, w.columns);
    parallel_run(parallel_team_for_work(pieces, (double)m * (double)n * (double)k), pieces, sgemm_piece, &w);
    int status = atomic_load(&w.status);
    if (status == dnnl_out_of_memory)
        return FAIL(error, SMAC_ERROR_MEMORY,
            "no memory for a product of %lld x %lld by %lld x %lld; use smaller batches", (long long)m, (long long)k,
            (long long)k, (long long)n);
    if (status != dnnl_success)
        return FAIL(error, SMAC_ERROR_INTERNAL, "oneDNN refuses a product of %lld x %lld by %lld x %lld (status %d)",
            (long long)m, (long long)k, (long long)k, (long long)n, status);
    return SMAC_OK;
}
