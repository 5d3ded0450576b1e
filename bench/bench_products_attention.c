/*
 * bench/bench_products_attention.c - fused attention at the encoders' shapes, and the pointwise kernels.
 *
 *   bench_products_attention [-t threads] [-s seconds a measurement] [-b]
 */
#include "bench_products_timing.h"
#include "compute/attention.h"
#include "compute/kernels.h"

typedef struct attention_run {
    precision how;
    attention_problem p;
} attention_run;

static void run_attention(void *context)
{
    attention_run *r = context;
    if (attention_fused(r->how, &r->p, 0) != SMAC_OK)
        abort();
}

static const struct shape {
    const char *name;
    int64_t batch, tokens, heads, width;
} shapes[] = {{"ViT-H", 1, 257, 16, 80}, {"ViT-H x4", 4, 257, 16, 80}, {"BERT", 1, 50, 12, 64},
    {"BERT x16", 16, 50, 12, 64}, {"MiniLM", 1, 50, 12, 32}, {"Whisper", 1, 1500, 8, 64}, {"tiny x16", 16, 30, 4, 16}};

typedef struct row_run {
    int kind;
    int64_t rows, n;
    float *x, *y, *w;
    uint16_t *h;
    int8_t *q;
} row_run;

static void run_rows(void *context)
{
    row_run *r = context;
    const struct kernels *k = kernels_get();
    for (int64_t i = 0; i < r->rows; i++) {
        float *x = r->x + i * r->n, *y = r->y + i * r->n;
        switch (r->kind) {
        case 0:
            k->layer_norm(y, x, r->w, r->w, r->n, 1e-5f, 0, 0);
            break;
        case 1:
            k->softmax(y, x, r->n, 0.1f, 0, 0);
            break;
        case 2:
            k->activate(y, x, r->n, ACTIVATION_GELU);
            break;
        case 3:
            k->activate_backward(y, x, r->w, r->n, ACTIVATION_GELU);
            break;
        case 4:
            k->to_bf16(r->h, x, r->n);
            break;
        case 5:
            k->quantise(r->q, x, r->n);
            break;
        default:
            k->add(y, x, r->w, r->n);
            break;
        }
    }
}

int main(int argc, char **argv)
{
    double seconds, peaks[3];
    timing_options(argc, argv, &seconds);
    measure_peaks(peaks);
    workspace scratch = {0};
    size_t most = 4 * 257 * 1280 * 4;
    float *x = calloc(most, 4), *y = calloc(most, 4);
    uint16_t *h = calloc(most, 2);
    if (!x || !y || !h)
        return 1;
    for (size_t i = 0; i < most; i++)
        x[i] = (float)((i * 2654435761u >> 8) % 2001) / 1000 - 1;
    printf("%-10s %5s %6s %5s %5s %5s %10s %8s %6s\n", "attention", "batch", "tokens", "heads", "width", "", "us",
        "G/s", "peak");
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
        for (int p = 0; p < 2; p++) {
            const struct shape *f = &shapes[s];
            size_t part = (size_t)(f->batch * f->tokens * f->heads * f->width);
            attention_run r = {(precision)p,
                {.batch = f->batch,
                    .queries = f->tokens,
                    .keys = f->tokens,
                    .heads = f->heads,
                    .kv_heads = f->heads,
                    .width = f->width,
                    .value_width = f->width,
                    .q = x,
                    .k = x + part,
                    .v = x + 2 * part,
                    .out = y,
                    .scratch = &scratch}};
            double t = median_time(run_attention, &r, seconds);
            double work = 4.0 * (double)(f->batch * f->heads * f->tokens * f->tokens * f->width);
            printf("%-10s %5lld %6lld %5lld %5lld %5s %10.1f %8.1f %5.0f%%\n", f->name, (long long)f->batch,
                (long long)f->tokens, (long long)f->heads, (long long)f->width, precision_names[p], t * 1e6,
                work / t / 1e9, 100 * work / t / peaks[p]);
        }
    static const char *const kinds[] = {"layer_norm", "softmax", "gelu", "gelu'", "to_bf16", "quantise", "add"};
    printf("one thread, 64 rows of 1280: picoseconds an element\n");
    for (int kind = 0; kind < 7; kind++) {
        row_run r = {kind, 64, 1280, x, y, x + 100000, h, (int8_t *)h};
        printf("%-10s %8.0f\n", kinds[kind], median_time(run_rows, &r, seconds) / (64 * 1280) * 1e12);
    }
    workspace_clear(&scratch);
    free(x), free(y), free(h);
    return 0;
}
