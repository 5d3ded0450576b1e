/* compute/onednn.c - oneDNN's matmul (C API, 2.6), one thread a call, primitives kept by shape. */
#include "compute/onednn.h"

#include <dnnl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "compute/backend.h"
#include "compute/environment.h"

enum { ROUND_ROWS = 16, USUAL_ROWS = 96, BUCKETS = 256 };

/* What one thread needs to run a product. */
typedef struct execution {
    struct execution *next;
    dnnl_stream_t stream;
    dnnl_exec_arg_t arguments[4]; /* left, weight, out, scratch */
    void *scratch;
} execution;

/* A product's primitive for a number of rows; never freed before the process ends, as oneDNN's own cache. */
typedef struct kept_product {
    struct kept_product *next;
    precision how;
    int64_t rows, n, k, left_row;
    dnnl_memory_desc_t left, weight, out, scratch;
    dnnl_primitive_t primitive; /* any number of threads may run it, each with an execution of its own */
    execution *idle;            /* under the library's lock */
} kept_product;

static struct {
    pthread_once_t once;
    pthread_mutex_t lock;
    dnnl_engine_t engine;
    bool works;
    kept_product *buckets[BUCKETS];
} library = {.once = PTHREAD_ONCE_INIT, .lock = PTHREAD_MUTEX_INITIALIZER};

struct onednn_block {
    precision how;
    int64_t n, k;
    dnnl_memory_desc_t layout;
    size_t bytes;
    void *data;
};

/* A fork in the middle of another thread's look-up must not leave the lock taken in the child. */
static void lock_library(void)
{
    pthread_mutex_lock(&library.lock);
}

static void unlock_library(void)
{
    pthread_mutex_unlock(&library.lock);
}

static void start_library(void)
{
    pthread_atfork(lock_library, unlock_library, unlock_library);
    library.works = dnnl_engine_create(&library.engine, dnnl_cpu, 0) == dnnl_success;
}

static bool library_works(void)
{
    pthread_once(&library.once, start_library);
    return library.works;
}

bool onednn_wanted(precision how)
{
    products_by by = environment_get()->products;
    if (how == PRECISION_F32 || !backend_get()->onednn_packed || by == PRODUCTS_OWN)
        return false;
    bool tiles = cpu_has(how == PRECISION_BF16 ? CPU_AMX_BF16 : CPU_AMX_INT8);
    bool instructions = cpu_has(how == PRECISION_BF16 ? CPU_AVX512_BF16 : CPU_AVX512_VNNI);
    return (tiles || (by == PRODUCTS_ONEDNN && instructions)) && library_works();
}

int64_t onednn_rows(int64_t rows)
{
    return (rows + ROUND_ROWS - 1) / ROUND_ROWS * ROUND_ROWS;
}

/* Of the OpenMP library that oneDNN uses; nothing else here does. */
extern int omp_get_max_threads(void);
extern void omp_set_num_threads(int count);

int onednn_threads(int count)
{
    int before = omp_get_max_threads();
    omp_set_num_threads(count);
    return before;
}

static dnnl_data_type_t left_type(precision how)
{
    return how == PRECISION_BF16 ? dnnl_bf16 : dnnl_u8;
}

static dnnl_data_type_t weight_type(precision how)
{
    return how == PRECISION_BF16 ? dnnl_bf16 : dnnl_s8;
}

/* layout NULL: let oneDNN choose the weight's, and tell it in p->weight */
static dnnl_status_t make_product(kept_product *p, const dnnl_memory_desc_t *layout)
{
    dnnl_matmul_desc_t d;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_data_type_t out = p->how == PRECISION_BF16 ? dnnl_f32 : dnnl_s32;
    dnnl_status_t s = dnnl_memory_desc_init_by_strides(
        &p->left, 2, (dnnl_dims_t){p->rows, p->k}, left_type(p->how), (dnnl_dims_t){p->left_row, 1});
    if (layout)
        p->weight = *layout;
    else if (s == dnnl_success)
        s = dnnl_memory_desc_init_by_tag(
            &p->weight, 2, (dnnl_dims_t){p->k, p->n}, weight_type(p->how), dnnl_format_tag_any);
    if (s == dnnl_success)
        s = dnnl_memory_desc_init_by_tag(&p->out, 2, (dnnl_dims_t){p->rows, p->n}, out, dnnl_ab);
    if (s == dnnl_success)
        s = dnnl_matmul_desc_init(&d, &p->left, &p->weight, 0, &p->out);
    if (s == dnnl_success)
        s = dnnl_primitive_attr_create(&attributes);
    if (s == dnnl_success)
        s = dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
    if (s == dnnl_success)
        s = dnnl_primitive_desc_create(&pd, &d, attributes, library.engine, 0);
    if (s == dnnl_success) {
        p->scratch = *dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
        p->weight = *dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
        s = dnnl_primitive_create(&p->primitive, pd);
    }
    if (pd)
        dnnl_primitive_desc_destroy(pd);
    if (attributes)
        dnnl_primitive_attr_destroy(attributes);
    return s;
}

static size_t bucket_of(precision how, int64_t rows, int64_t n, int64_t k, int64_t left_row)
{
    uint64_t h = (uint64_t)how;
    const int64_t parts[] = {rows, n, k, left_row};
    for (int i = 0; i < 4; i++)
        h = (h ^ (uint64_t)parts[i]) * 0x9e3779b97f4a7c15u;
    return h >> 56;
}

static kept_product *product_for(
    precision how, int64_t rows, int64_t n, int64_t k, int64_t left_row, const dnnl_memory_desc_t *layout)
{
    kept_product **bucket = &library.buckets[bucket_of(how, rows, n, k, left_row) % BUCKETS];
    lock_library();
    kept_product *p = *bucket;
    while (p &&
        !(p->how == how && p->rows == rows && p->n == n && p->k == k && p->left_row == left_row &&
            (!layout || dnnl_memory_desc_equal(&p->weight, layout))))
        p = p->next;
    if (!p && (p = memory_new(1, sizeof *p))) {
        *p = (kept_product){.how = how, .rows = rows, .n = n, .k = k, .left_row = left_row};
        if (make_product(p, layout) == dnnl_success) {
            p->next = *bucket;
            *bucket = p;
        } else {
            free(p);
            p = NULL;
        }
    }
    unlock_library();
    return p;
}

onednn_block *onednn_block_new(precision how, int64_t n, int64_t k)
{
    onednn_block *b = memory_new(1, sizeof *b);
    if (!b)
        return NULL;
    int before = onednn_threads(1);
    const kept_product *p = product_for(how, USUAL_ROWS, n, k, k, NULL);
    onednn_threads(before);
    *b = (onednn_block){.how = how, .n = n, .k = k};
    if (p) {
        b->layout = p->weight;
        b->bytes = dnnl_memory_desc_get_size(&p->weight);
        b->data = memory_aligned(b->bytes ? b->bytes : 64);
    }
    if (b->data)
        return b;
    free(b);
    return NULL;
}

void onednn_block_free(onednn_block *b)
{
    if (!b)
        return;
    memory_aligned_free(b->data);
    free(b);
}

size_t onednn_block_bytes(const onednn_block *b)
{
    return b->bytes;
}

static dnnl_status_t run_once(
    dnnl_primitive_t primitive, int count, const int *names, const dnnl_memory_desc_t *const *descs, void *const *data)
{
    dnnl_stream_t stream = NULL;
    dnnl_exec_arg_t arguments[4] = {{0}};
    dnnl_status_t s = dnnl_stream_create(&stream, library.engine, dnnl_stream_default_flags);
    for (int i = 0; i < count && s == dnnl_success; i++) {
        arguments[i].arg = names[i];
        s = dnnl_memory_create(&arguments[i].memory, descs[i], library.engine, data[i]);
    }
    if (s == dnnl_success)
        s = dnnl_primitive_execute(primitive, stream, count, arguments);
    if (s == dnnl_success)
        s = dnnl_stream_wait(stream);
    for (int i = 0; i < count; i++)
        if (arguments[i].memory)
            dnnl_memory_destroy(arguments[i].memory);
    if (stream)
        dnnl_stream_destroy(stream);
    return s;
}

bool onednn_block_fill(onednn_block *b, const void *rows, int64_t row)
{
    dnnl_memory_desc_t from;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_primitive_t reorder = NULL;
    int before = onednn_threads(1);
    dnnl_status_t s = dnnl_memory_desc_init_by_strides(
        &from, 2, (dnnl_dims_t){b->k, b->n}, weight_type(b->how), (dnnl_dims_t){1, row});
    if (s == dnnl_success)
        s = dnnl_reorder_primitive_desc_create(&pd, &from, library.engine, &b->layout, library.engine, 0);
    if (s == dnnl_success)
        s = dnnl_primitive_create(&reorder, pd);
    if (s == dnnl_success)
        s = run_once(reorder, 2, (int[]){DNNL_ARG_FROM, DNNL_ARG_TO}, (const dnnl_memory_desc_t *[]){&from, &b->layout},
            (void *[]){(void *)rows, b->data});
    if (reorder)
        dnnl_primitive_destroy(reorder);
    if (pd)
        dnnl_primitive_desc_destroy(pd);
    onednn_threads(before);
    return s == dnnl_success;
}

/* Where element (k, n) of a blocked layout is. */
static int64_t element_place(const dnnl_memory_desc_t *layout, int64_t k, int64_t n)
{
    const dnnl_blocking_desc_t *blocking = &layout->format_desc.blocking;
    int64_t place = layout->offset0, at[2] = {k, n}, stride = 1;
    for (int i = blocking->inner_nblks - 1; i >= 0; i--) {
        int64_t block = blocking->inner_blks[i], *d = &at[blocking->inner_idxs[i]];
        place += *d % block * stride;
        *d /= block;
        stride *= block;
    }
    return place + at[0] * blocking->strides[0] + at[1] * blocking->strides[1];
}

void onednn_block_read(const onednn_block *b, int64_t n, void *out)
{
    for (int64_t k = 0; k < b->k; k++) {
        int64_t from = element_place(&b->layout, k, n);
        if (b->how == PRECISION_BF16)
            ((uint16_t *)out)[k] = ((const uint16_t *)b->data)[from];
        else
            ((int8_t *)out)[k] = ((const int8_t *)b->data)[from];
    }
}

static void execution_free(execution *e)
{
    for (int i = 0; i < 4; i++)
        if (e->arguments[i].memory)
            dnnl_memory_destroy(e->arguments[i].memory);
    if (e->stream)
        dnnl_stream_destroy(e->stream);
    memory_aligned_free(e->scratch);
    free(e);
}

static execution *execution_new(const kept_product *p)
{
    static const int names[] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_SCRATCHPAD};
    const dnnl_memory_desc_t *descs[] = {&p->left, &p->weight, &p->out, &p->scratch};
    size_t bytes = dnnl_memory_desc_get_size(&p->scratch);
    execution *e = memory_new(1, sizeof *e);
    if (!e)
        return NULL;
    e->scratch = memory_aligned(bytes ? bytes : 64);
    bool good = e->scratch && dnnl_stream_create(&e->stream, library.engine, dnnl_stream_default_flags) == dnnl_success;
    for (int i = 0; i < 4 && good; i++) {
        void *data = i == 3 ? e->scratch : DNNL_MEMORY_NONE;
        e->arguments[i].arg = names[i];
        good = dnnl_memory_create(&e->arguments[i].memory, descs[i], library.engine, data) == dnnl_success;
    }
    if (good)
        return e;
    execution_free(e);
    return NULL;
}

/* One that nobody uses, or a new one; NULL: memory is short. */
static execution *execution_take(kept_product *p)
{
    lock_library();
    execution *e = p->idle;
    if (e)
        p->idle = e->next;
    unlock_library();
    return e ? e : execution_new(p);
}

static void execution_return(kept_product *p, execution *e)
{
    lock_library();
    e->next = p->idle;
    p->idle = e;
    unlock_library();
}

static dnnl_status_t product_run(kept_product *p, const void *left, void *weight, void *out)
{
    execution *e = execution_take(p);
    if (!e)
        return dnnl_out_of_memory;
    dnnl_status_t s = dnnl_memory_set_data_handle(e->arguments[0].memory, (void *)left);
    if (s == dnnl_success)
        s = dnnl_memory_set_data_handle(e->arguments[1].memory, weight);
    if (s == dnnl_success)
        s = dnnl_memory_set_data_handle(e->arguments[2].memory, out);
    if (s == dnnl_success)
        s = dnnl_primitive_execute(p->primitive, e->stream, 4, e->arguments);
    if (s == dnnl_success)
        s = dnnl_stream_wait(e->stream);
    execution_return(p, e);
    return s;
}

smac_status onednn_multiply(
    void *out, const void *left, int64_t rows, int64_t left_row, const onednn_block *b, smac_error *error)
{
    int before = onednn_threads(1);
    kept_product *p = product_for(b->how, onednn_rows(rows), b->n, b->k, left_row, &b->layout);
    dnnl_status_t s = p ? product_run(p, left, b->data, out) : dnnl_unimplemented;
    onednn_threads(before);
    if (s == dnnl_success)
        return SMAC_OK;
    return FAIL(error, s == dnnl_out_of_memory ? SMAC_ERROR_MEMORY : SMAC_ERROR_INTERNAL,
        "oneDNN refused a product of %lld rows with a weight of %lld x %lld (status %d); set SMAC_PRODUCTS=own",
        (long long)rows, (long long)b->n, (long long)b->k, (int)s);
}
