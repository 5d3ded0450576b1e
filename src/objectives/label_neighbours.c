/*
 * objectives/label_neighbours.c - the nearest neighbours of every vector of a bank, and the mean of their labels.
 *
 * Blocks of rows times the whole bank are products on a packed matrix; each block runs on one thread and keeps for each
 * row a heap of the k best, so the result does not depend on the number of threads.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "compute/parallel.h"
#include "compute/products.h"
#include "objectives/label_internal.h"

enum { BLOCK_ROWS = 48, BLOCK_COLUMNS = 4096 };

int64_t neighbour_count(const label_generation_options *o, int64_t count)
{
    int64_t share = (int64_t)floor(o->neighbour_fraction * (double)count + 1e-9);
    int64_t k = o->neighbours < share ? o->neighbours : share;
    if (k < 1)
        k = 1;
    return k < count ? k : count - 1;
}

/* The root of the heap is the worst that is kept: least similar, and of equal ones the larger index. */
static bool worse(const float *similarity, const int64_t *index, int64_t a, int64_t b)
{
    return similarity[a] < similarity[b] || (similarity[a] == similarity[b] && index[a] > index[b]);
}

static void swap(float *similarity, int64_t *index, int64_t a, int64_t b)
{
    float s = similarity[a];
    int64_t i = index[a];
    similarity[a] = similarity[b], index[a] = index[b];
    similarity[b] = s, index[b] = i;
}

static void sift_down(float *similarity, int64_t *index, int64_t count, int64_t at)
{
    for (;;) {
        int64_t worst = at, left = 2 * at + 1, right = left + 1;
        if (left < count && worse(similarity, index, left, worst))
            worst = left;
        if (right < count && worse(similarity, index, right, worst))
            worst = right;
        if (worst == at)
            return;
        swap(similarity, index, at, worst);
        at = worst;
    }
}

static void sift_up(float *similarity, int64_t *index, int64_t at)
{
    while (at > 0 && worse(similarity, index, at, (at - 1) / 2)) {
        swap(similarity, index, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

typedef struct search {
    const bank_view *view;
    const float *points;            /* (count, width) normalised, or as they are (Euclidean) */
    const double *squares;          /* (count) lengths squared (Euclidean) */
    struct packed_matrix **columns; /* the bank in blocks of BLOCK_COLUMNS rows */
    const int64_t *rows;
    int64_t row_count, k;
    bool euclidean;
    double distance_scale;
    int64_t *indices;
    float *similarities;
    smac_status *status; /* one a block */
    smac_error *errors;
} search;

/* The nearest neighbours of one row so far: a heap with the farthest on top. */
typedef struct neighbour_heap {
    int64_t self;
    int64_t *index;    /* (k) */
    float *similarity; /* (k) */
    int64_t *kept;     /* entries in use */
} neighbour_heap;

/* Offer similarities of columns [from, from + count) to the row's heap. */
static void heap_offer(const search *s, const neighbour_heap *h, int64_t from, int64_t count, const float *scores)
{
    int64_t *index = h->index, *kept = h->kept;
    float *similarity = h->similarity;
    for (int64_t j = 0; j < count; j++) {
        int64_t candidate = from + j;
        float score = scores[j];
        if (s->euclidean)
            score = (float)(2.0 * score - s->squares[candidate]);
        if (*kept == s->k && !(score > similarity[0]))
            continue;
        if (candidate == h->self)
            continue;
        if (*kept < s->k) {
            similarity[*kept] = score;
            index[*kept] = candidate;
            sift_up(similarity, index, (*kept)++);
        } else {
            similarity[0] = score;
            index[0] = candidate;
            sift_down(similarity, index, s->k, 0);
        }
    }
}

/* Heap to a list with the nearest first, and scores to similarities. */
static void finish(const search *s, int64_t self, int64_t *index, float *similarity)
{
    for (int64_t left = s->k - 1; left > 0; left--) {
        swap(similarity, index, 0, left);
        sift_down(similarity, index, left, 0);
    }
    for (int64_t i = 0; s->euclidean && i < s->k; i++) {
        double squared = s->squares[self] - similarity[i];
        similarity[i] = (float)(-sqrt(squared > 0 ? squared : 0) / s->distance_scale);
    }
}

static void search_block(void *context, int64_t block)
{
    search *s = context;
    int64_t width = s->view->width, first = block * BLOCK_ROWS;
    int64_t rows = s->row_count - first < BLOCK_ROWS ? s->row_count - first : BLOCK_ROWS;
    float *queries = memory_new((size_t)(rows * width), sizeof *queries);
    float *scores = memory_new((size_t)rows * BLOCK_COLUMNS, sizeof *scores);
    int64_t kept[BLOCK_ROWS] = {0};
    s->status[block] = SMAC_OK;
    if (!queries || !scores)
        s->status[block] = FAIL(&s->errors[block], SMAC_ERROR_MEMORY, "no memory for a block of the neighbour search");
    for (int64_t r = 0; s->status[block] == SMAC_OK && r < rows; r++) {
        int64_t self = s->rows ? s->rows[first + r] : first + r;
        memcpy(queries + r * width, s->points + self * width, (size_t)width * sizeof *queries);
    }
    for (int64_t c = 0; s->status[block] == SMAC_OK && c * BLOCK_COLUMNS < s->view->count; c++) {
        int64_t count = packed_matrix_n(s->columns[c]);
        packed_product product = {.y = scores, .x = queries, .rows = rows, .weight = s->columns[c]};
        s->status[block] = product_packed(&product, &s->errors[block]);
        for (int64_t r = 0; s->status[block] == SMAC_OK && r < rows; r++) {
            const neighbour_heap heap = {.self = s->rows ? s->rows[first + r] : first + r,
                .index = s->indices + (first + r) * s->k,
                .similarity = s->similarities + (first + r) * s->k,
                .kept = &kept[r]};
            heap_offer(s, &heap, c * BLOCK_COLUMNS, count, scores + r * count);
        }
    }
    for (int64_t r = 0; s->status[block] == SMAC_OK && r < rows; r++)
        finish(s, s->rows ? s->rows[first + r] : first + r, s->indices + (first + r) * s->k,
            s->similarities + (first + r) * s->k);
    free(queries);
    free(scores);
}

/* points and squares from the centred vectors; normalised for the cosine. */
static double prepare_points(const bank_view *view, bool euclidean, float *points, double *squares)
{
    double total = 0;
    for (int64_t i = 0; i < view->count; i++) {
        const float *v = view->vectors + i * view->width;
        double sum = 0;
        for (int64_t d = 0; d < view->width; d++)
            sum += (double)v[d] * v[d];
        squares[i] = sum;
        total += sum;
        double norm = sqrt(sum), factor = euclidean ? 1 : 1 / (norm > 1e-6 ? norm : 1e-6);
        for (int64_t d = 0; d < view->width; d++)
            points[i * view->width + d] = (float)(v[d] * factor);
    }
    double scale = sqrt(2 * total / (double)view->count);
    return scale > 1e-6 ? scale : 1e-6;
}

static smac_status run_search(search *s, smac_error *error)
{
    int64_t blocks = (s->row_count + BLOCK_ROWS - 1) / BLOCK_ROWS, count = s->view->count;
    for (int64_t c = 0; c * BLOCK_COLUMNS < count; c++) {
        int64_t rows = count - c * BLOCK_COLUMNS < BLOCK_COLUMNS ? count - c * BLOCK_COLUMNS : BLOCK_COLUMNS;
        s->columns[c] =
            packed_matrix_new(s->points + c * BLOCK_COLUMNS * s->view->width, rows, s->view->width, PRECISION_F32);
        if (!s->columns[c])
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory to pack a bank of %lld vectors", (long long)count);
    }
    parallel_for(blocks, search_block, s);
    for (int64_t b = 0; b < blocks; b++) {
        if (s->status[b] != SMAC_OK) {
            if (error)
                *error = s->errors[b];
            return s->status[b];
        }
    }
    return SMAC_OK;
}

smac_status neighbours_find(const bank_view *view, const label_generation_options *o, const neighbour_rows *wanted,
    int64_t *indices, float *similarities, smac_error *error)
{
    const int64_t *rows = wanted->rows;
    int64_t row_count = wanted->count, k = wanted->k;
    size_t blocks = (size_t)((row_count + BLOCK_ROWS - 1) / BLOCK_ROWS);
    size_t parts = (size_t)((view->count + BLOCK_COLUMNS - 1) / BLOCK_COLUMNS);
    if (k < 1 || row_count < 1)
        return SMAC_OK;
    float *points = memory_new((size_t)view->count * (size_t)view->width, sizeof *points);
    double *squares = memory_new((size_t)view->count, sizeof *squares);
    search s = {.view = view,
        .points = points,
        .squares = squares,
        .rows = rows,
        .row_count = row_count,
        .k = k,
        .euclidean = o->euclidean,
        .indices = indices,
        .similarities = similarities,
        .columns = memory_new(parts, sizeof *s.columns),
        .status = memory_new(blocks, sizeof *s.status),
        .errors = memory_new(blocks, sizeof *s.errors)};
    smac_status status = SMAC_OK;
    if (!points || !squares || !s.columns || !s.status || !s.errors) {
        status =
            FAIL(error, SMAC_ERROR_MEMORY, "no memory to search the neighbours of %lld vectors", (long long)row_count);
    } else {
        s.distance_scale = prepare_points(view, o->euclidean, points, squares);
        status = run_search(&s, error);
    }
    for (size_t c = 0; s.columns && c < parts; c++)
        packed_matrix_free(s.columns[c]);
    free(s.columns);
    free(s.status);
    free(s.errors);
    free(points);
    free(squares);
    return status;
}

smac_status neighbours_suggest(
    const bank_view *view, const label_generation_options *o, float *suggestions, smac_error *error)
{
    int64_t k = neighbour_count(o, view->count);
    int64_t *indices = memory_new((size_t)view->count, (size_t)k * sizeof *indices);
    float *similarities = memory_new((size_t)view->count, (size_t)k * sizeof *similarities);
    smac_status status = SMAC_OK;
    if (!indices || !similarities)
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for %lld neighbours of %lld samples", (long long)k,
            (long long)view->count);
    if (status == SMAC_OK)
        status = neighbours_find(view, o, &(neighbour_rows){NULL, view->count, k}, indices, similarities, error);
    for (int64_t i = 0; status == SMAC_OK && i < view->count; i++) {
        const float *s = similarities + i * k;
        double total = 0, sum[1 + 64] = {0};
        for (int64_t j = 0; j < k; j++) {
            double weight = exp(((double)s[j] - s[0]) / o->temperature);
            const float *truth = view->truth + indices[i * k + j] * view->targets;
            total += weight;
            for (int c = 0; c < view->targets; c++)
                sum[c] += weight * truth[c];
        }
        for (int c = 0; c < view->targets; c++)
            suggestions[i * view->targets + c] = (float)(sum[c] / total);
    }
    free(indices);
    free(similarities);
    return status;
}
