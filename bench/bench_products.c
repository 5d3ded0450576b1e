/*
 * bench/bench_products.c - products at the encoders' shapes: ours and oneDNN's with packed weights, as shares of the
 * peak that this processor shows in the same run (independent multiply-adds in registers on as many threads).
 *
 *   bench_products [-t threads] [-s seconds a measurement] [-b] [f32|bf16|int8]
 *
 * oneDNN gets its inputs ready in the narrow format; ours are converted from float32 inside the time.  Medians, or
 * with -b the best times (with one thread: of the processor's own time), for a machine that others use too.
 */
#include <dnnl.h>

#include "bench_products_timing.h"
#include "compute/products.h"

/* --- ours ------------------------------------------------------------------------------------------------------------ */
static void run_ours(void *context)
{
    if (product_packed(context, NULL) != SMAC_OK)
        abort();
}

/* --- oneDNN ------------------------------------------------------------------------------------------------------------ */
typedef struct theirs {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_t product;
    dnnl_exec_arg_t arguments[4];
    int count;
    dnnl_memory_t memories[6];
    int memory_count;
} theirs;

#define OK(call)                                           \
    do {                                                   \
        if ((call) != dnnl_success) {                      \
            fprintf(stderr, "oneDNN: %s failed\n", #call); \
            exit(1);                                       \
        }                                                  \
    } while (0)

static dnnl_memory_t keep(theirs *t, const dnnl_memory_desc_t *d)
{
    dnnl_memory_t m;
    OK(dnnl_memory_create(&m, d, t->engine, DNNL_MEMORY_ALLOCATE));
    void *p;
    OK(dnnl_memory_get_data_handle(m, &p));
    memset(p, 1, dnnl_memory_desc_get_size(d));
    return t->memories[t->memory_count++] = m;
}

/* False: oneDNN has no product of this precision for this processor. */
static bool theirs_new(theirs *t, int64_t rows, int64_t n, int64_t k, precision how)
{
    memset(t, 0, sizeof *t);
    OK(dnnl_engine_create(&t->engine, dnnl_cpu, 0));
    OK(dnnl_stream_create(&t->stream, t->engine, dnnl_stream_default_flags));
    dnnl_data_type_t in = how == PRECISION_F32 ? dnnl_f32 : how == PRECISION_BF16 ? dnnl_bf16 : dnnl_u8;
    dnnl_data_type_t weight = how == PRECISION_INT8 ? dnnl_s8 : in;
    dnnl_memory_desc_t xd, wd, yd, bd;
    OK(dnnl_memory_desc_init_by_tag(&xd, 2, (dnnl_dims_t){rows, k}, in, dnnl_ab));
    OK(dnnl_memory_desc_init_by_tag(&wd, 2, (dnnl_dims_t){k, n}, weight, dnnl_format_tag_any));
    OK(dnnl_memory_desc_init_by_tag(&bd, 2, (dnnl_dims_t){1, n}, dnnl_f32, dnnl_ab));
    OK(dnnl_memory_desc_init_by_tag(&yd, 2, (dnnl_dims_t){rows, n}, dnnl_f32, dnnl_ab));
    dnnl_matmul_desc_t d;
    OK(dnnl_matmul_desc_init(&d, &xd, &wd, &bd, &yd));
    dnnl_primitive_desc_t pd;
    if (dnnl_primitive_desc_create(&pd, &d, NULL, t->engine, NULL) != dnnl_success)
        return false;
    OK(dnnl_primitive_create(&t->product, pd));
    t->arguments[0] = (dnnl_exec_arg_t){DNNL_ARG_SRC, keep(t, &xd)};
    t->arguments[1] =
        (dnnl_exec_arg_t){DNNL_ARG_WEIGHTS, keep(t, dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0))};
    t->arguments[2] = (dnnl_exec_arg_t){DNNL_ARG_BIAS, keep(t, &bd)};
    t->arguments[3] = (dnnl_exec_arg_t){DNNL_ARG_DST, keep(t, &yd)};
    OK(dnnl_primitive_desc_destroy(pd));
    return true;
}

static void run_theirs(void *context)
{
    theirs *t = context;
    OK(dnnl_primitive_execute(t->product, t->stream, 4, t->arguments));
    OK(dnnl_stream_wait(t->stream));
}

static void theirs_free(theirs *t)
{
    for (int i = 0; i < t->memory_count; i++)
        dnnl_memory_destroy(t->memories[i]);
    if (t->product)
        dnnl_primitive_destroy(t->product);
    dnnl_stream_destroy(t->stream);
    dnnl_engine_destroy(t->engine);
}

/* --- training: products of two buffers ------------------------------------------------------------------------------------ */
typedef struct training {
    int64_t m, n, k;
    bool ta, tb, library;
    precision how;
    float *a, *b, *c;
    workspace *scratch;
} training;

static void run_training(void *context)
{
    training *t = context;
    int64_t lda = t->ta ? t->m : t->k, ldb = t->tb ? t->k : t->n;
    if (t->library)
        OK(dnnl_sgemm(t->ta ? 'T' : 'N', t->tb ? 'T' : 'N', t->m, t->n, t->k, 1, t->a, lda, t->b, ldb, 0, t->c, t->n));
    else if (gemm(&(gemm_problem){.how = t->how,
                      .transpose_a = t->ta,
                      .transpose_b = t->tb,
                      .m = t->m,
                      .n = t->n,
                      .k = t->k,
                      .a = t->a,
                      .lda = lda,
                      .b = t->b,
                      .ldb = ldb,
                      .c = t->c,
                      .ldc = t->n,
                      .scratch = t->scratch},
                 NULL) != SMAC_OK)
        abort();
}

static const struct shape {
    const char *name;
    int64_t rows, n, k;
} shapes[] = {
    {"ViT-H qkv", 257, 3840, 1280},
    {"ViT-H out", 257, 1280, 1280},
    {"ViT-H up", 257, 5120, 1280},
    {"ViT-H down", 257, 1280, 5120},
    {"ViT-H up x4", 1028, 5120, 1280},
    {"BERT qkv", 50, 768, 768},
    {"BERT up", 50, 3072, 768},
    {"BERT down", 50, 768, 3072},
    {"MiniLM out", 50, 384, 384},
    {"MiniLM up", 50, 1536, 384},
    {"tiny", 16, 128, 128},
    {"tiny up", 400, 256, 64},
    {"train 128", 3200, 128, 128},
};

static const struct training_shape {
    const char *name;
    int64_t m, n, k;
    bool ta, tb;
} training_shapes[] = {
    {"BERT x W'", 800, 768, 768, false, true},
    {"BERT dy W", 800, 768, 768, false, false},
    {"BERT dy' x", 768, 768, 800, true, false},
    {"up x W'", 800, 3072, 768, false, true},
    {"up dy W", 800, 768, 3072, false, false},
    {"up dy' x", 3072, 768, 800, true, false},
    {"tiny x W'", 1000, 64, 64, false, true},
    {"tiny dy W", 1000, 64, 64, false, false},
    {"tiny dy' x", 64, 64, 1000, true, false},
    {"demo x W'", 3200, 256, 64, false, true},
    {"demo dy' x", 256, 64, 3200, true, false},
    {"small x W'", 100, 128, 128, false, true},
};

int main(int argc, char **argv)
{
    double seconds;
    const char *rest = timing_options(argc, argv, &seconds);
    int only = !rest ? -1 : !strcmp(rest, "f32") ? 0 : !strcmp(rest, "bf16") ? 1 : 2;
    size_t most = 5120 * 5120;
    float *w = calloc(most, 4), *x = calloc(most, 4), *y = calloc(most, 4), *bias = calloc(8192, 4);
    if (!w || !x || !y || !bias)
        return 1;
    for (size_t i = 0; i < most; i++) {
        w[i] = (float)((i * 2654435761u >> 8) % 2001) / 1000 - 1;
        x[i] = (float)((i * 2246822519u >> 7) % 2001) / 1000 - 1;
    }
    workspace scratch = {0};
    double peaks[3];
    measure_peaks(peaks);
    printf("%-12s %5s %5s %5s %5s %10s %8s %6s %10s %8s %6s %6s\n", "shape", "rows", "n", "k", "", "ours us", "G/s",
        "peak", "oneDNN us", "G/s", "peak", "ratio");
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
        for (int p = 0; p < 3; p++) {
            if (only >= 0 && p != only)
                continue;
            const struct shape *h = &shapes[s];
            packed_matrix *weight = packed_matrix_new(w, h->n, h->k, (precision)p);
            packed_product o = {.y = y, .x = x, .bias = bias, .rows = h->rows, .weight = weight, .scratch = &scratch};
            theirs t;
            bool beside = theirs_new(&t, h->rows, h->n, h->k, (precision)p);
            double a = median_time(run_ours, &o, seconds), b = beside ? median_time(run_theirs, &t, seconds) : NAN;
            double work = 2.0 * (double)h->rows * (double)h->n * (double)h->k;
            printf("%-12s %5lld %5lld %5lld %5s %10.1f %8.1f %5.0f%% %10.1f %8.1f %5.0f%% %6.2f\n", h->name,
                (long long)h->rows, (long long)h->n, (long long)h->k, precision_names[p], a * 1e6, work / a / 1e9,
                100 * work / a / peaks[p], b * 1e6, work / b / 1e9, 100 * work / b / peaks[p], b / a);
            packed_matrix_free(weight);
            theirs_free(&t);
        }
    printf("\nproducts of two buffers (training); beside it dnnl_sgemm\n");
    for (size_t s = 0; s < sizeof training_shapes / sizeof training_shapes[0]; s++)
        for (int p = 0; p < 2; p++) {
            if (only >= 0 && p != only)
                continue;
            const struct training_shape *h = &training_shapes[s];
            training t = {h->m, h->n, h->k, h->ta, h->tb, false, (precision)p, x, w, y, &scratch};
            double a = median_time(run_training, &t, seconds), b = NAN;
            t.library = true;
            if (p == 0)
                b = median_time(run_training, &t, seconds);
            double work = 2.0 * (double)h->m * (double)h->n * (double)h->k;
            printf("%-12s %5lld %5lld %5lld %5s %10.1f %8.1f %5.0f%% %10.1f %8.1f %5.0f%% %6.2f\n", h->name,
                (long long)h->m, (long long)h->n, (long long)h->k, precision_names[p], a * 1e6, work / a / 1e9,
                100 * work / a / peaks[p], b * 1e6, work / b / 1e9, 100 * work / b / peaks[p], b / a);
        }
    workspace_clear(&scratch);
    free(w), free(x), free(y), free(bias);
    return 0;
}
