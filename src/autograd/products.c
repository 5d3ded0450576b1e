/*
 * autograd/products.c - op_linear, op_linear_activation and op_matmul.
 *
 * y = x W^T + b:  dx = dy W,  dW = dy^T x,  db = the sum of dy's rows.  A frozen weight that was packed
 * (parameter_store_pack) is multiplied in its packed form; all else goes through the general product.
 */
#include <string.h>

#include "autograd/internal.h"
#include "autograd/ops.h"
#include "compute/kernels.h"
#include "compute/parallel.h"
#include "compute/products.h"

typedef struct linear_context {
    value *x, *w, *b, *y;
    float *before; /* (rows, n): what went into the activation, or NULL */
    activation act;
    int64_t rows, n, k;
    precision how;
} linear_context;

static void fail_with(tape *t, const char *op, const smac_error *error)
{
    tape_fail(t, error->code, op, "%s: %s", op, error->message);
}

/* --- bias and activation over rows --------------------------------------------------------------------------------- */

static void linear_end_range(void *context, int64_t from, int64_t to)
{
    const linear_context *c = context;
    const struct kernels *kernel = kernels_get();
    for (int64_t r = from; r < to; r++) {
        float *before = c->before + r * c->n, *y = c->y->device_data + r * c->n;
        if (c->b != NULL)
            kernel->add(before, before, c->b->device_data, c->n);
        if (c->act != ACTIVATION_NONE)
            kernel->activate(y, before, c->n, c->act);
    }
}

typedef struct activation_context {
    float *dx;
    const float *dy, *x;
    activation act;
    bool add;
} activation_context;

static void activation_backward_range(void *context, int64_t from, int64_t to)
{
    const activation_context *c = context;
    if (!c->add)
        memset(c->dx + from, 0, (size_t)(to - from) * sizeof(float));
    kernels_get()->activate_backward(c->dx + from, c->dy + from, c->x + from, to - from, c->act);
}

/* --- linear -------------------------------------------------------------------------------------------------------- */

/* From dy, the gradient of x W^T + b, to the three. */
static void linear_backward_from(tape *t, linear_context *c, const float *dy)
{
    smac_error error = {0};
    bool add;
    float *grad = grad_open(t, c->b, &add);
    if (grad != NULL)
        column_sums(grad, add, dy, c->rows, c->n);
    grad = grad_open(t, c->w, &add);
    gemm_problem dw = {.how = c->how,
        .transpose_a = true,
        .m = c->n,
        .n = c->k,
        .k = c->rows,
        .a = dy,
        .lda = c->n,
        .b = c->x->device_data,
        .ldb = c->k,
        .beta = add,
        .c = grad,
        .ldc = c->k,
        .scratch = tape_workspace(t)};
    if (grad != NULL && gemm(&dw, &error))
        fail_with(t, "op_linear", &error);
    if (!tape_wants(t, c->x))
        return;
    if (c->w->device_data == NULL) {
        tape_fail(t, SMAC_ERROR_UNSUPPORTED, "op_linear",
            "op_linear: a gradient must flow through %s, but it is held packed alone: load it without dropping its "
            "float32 values",
            c->w->parameter->name);
        return;
    }
    grad = grad_open(t, c->x, &add);
    gemm_problem dx = {.how = c->how,
        .m = c->rows,
        .n = c->k,
        .k = c->n,
        .a = dy,
        .lda = c->n,
        .b = c->w->device_data,
        .ldb = c->k,
        .beta = add,
        .c = grad,
        .ldc = c->k,
        .scratch = tape_workspace(t)};
    if (grad != NULL && gemm(&dx, &error))
        fail_with(t, "op_linear", &error);
}

static void linear_backward(tape *t, void *context)
{
    linear_context *c = context;
    if (c->act == ACTIVATION_NONE) {
        linear_backward_from(t, c, c->y->grad);
        return;
    }
    float *inner = scratch_take(t, c->y->count);
    if (inner == NULL)
        return;
    for_ranges(c->y->count, ELEMENT_STEP, activation_backward_range,
        &(activation_context){inner, c->y->grad, c->before, c->act, false});
    linear_backward_from(t, c, inner);
    scratch_give(t, inner, c->y->count);
}

static bool linear_shapes_fit(tape *t, const value *x, const value *w, const value *b)
{
    if (w->rank != 2 || x->rank < 1 || last_dim(x) != w->dim[1]) {
        tape_fail(t, SMAC_ERROR_MISMATCH, "op_linear",
            "op_linear: x of shape %s does not fit a weight of shape %s: x's last dimension must be the weight's last",
            shape_of(x).text, shape_of(w).text);
        return false;
    }
    if (b != NULL && (b->rank != 1 || b->dim[0] != w->dim[0])) {
        tape_fail(t, SMAC_ERROR_MISMATCH, "op_linear",
            "op_linear: a bias of shape %s does not fit a weight of shape %s: it must have the weight's first dimension",
            shape_of(b).text, shape_of(w).text);
        return false;
    }
    return true;
}

value *op_linear_activation(tape *t, value *x, value *w, value *b, activation a)
{
    const parameter *p = w != NULL ? w->parameter : NULL;
    bool packed = p != NULL && p->packed != NULL && p->packed_version == p->version && !tape_wants(t, w);
    if (!OP_READY(t, "op_linear", x) || (!packed && !OP_READY(t, "op_linear", w)) ||
        (b != NULL && !OP_READY(t, "op_linear", b)) || !linear_shapes_fit(t, x, w, b))
        return NULL;
    int64_t dim[VALUE_MAX_RANK];
    memcpy(dim, x->dim, sizeof dim);
    dim[x->rank - 1] = w->dim[0];
    bool tracked = tape_wants(t, x) || tape_wants(t, w) || tape_wants(t, b);
    value *y = op_result(t, x->rank, dim, tracked);
    if (y == NULL)
        return NULL;
    linear_context c = {.x = x,
        .w = w,
        .b = b,
        .y = y,
        .before = y->device_data,
        .act = a,
        .n = w->dim[0],
        .k = w->dim[1],
        .how = tape_get_options(t)->precision};
    c.rows = c.k > 0 ? x->count / c.k : (c.n > 0 ? y->count / c.n : 0);
    if (tracked && a != ACTIVATION_NONE) {
        c.before = tape_scratch(t, (size_t)y->count * sizeof(float));
        if (c.before == NULL)
            return NULL;
    }
    smac_error error = {0};
    smac_status status = SMAC_OK;
    if (packed) {
        bool apart = c.before != y->device_data;
        packed_product product = {.y = c.before,
            .x = x->device_data,
            .rows = c.rows,
            .weight = p->packed,
            .bias = b != NULL ? b->device_data : NULL,
            .activation = apart ? ACTIVATION_NONE : a,
            .scratch = tape_workspace(t)};
        status = product_packed(&product, &error);
        if (status == SMAC_OK && apart)
            parallel_activate(y->device_data, c.before, y->count, a);
    } else {
        gemm_problem product = {.how = c.how,
            .transpose_b = true,
            .m = c.rows,
            .n = c.n,
            .k = c.k,
            .a = x->device_data,
            .lda = c.k,
            .b = w->device_data,
            .ldb = c.k,
            .c = c.before,
            .ldc = c.n,
            .scratch = tape_workspace(t)};
        status = gemm(&product, &error);
        if (status == SMAC_OK && (b != NULL || a != ACTIVATION_NONE))
            for_ranges(c.rows, row_step(c.n), linear_end_range, &c);
    }
    if (status != SMAC_OK) {
        fail_with(t, "op_linear", &error);
        return NULL;
    }
    return op_finish(t, "op_linear", y, &c, sizeof c, linear_backward);
}

value *op_linear(tape *t, value *x, value *w, value *b)
{
    return op_linear_activation(t, x, w, b, ACTIVATION_NONE);
}

/* --- matmul -------------------------------------------------------------------------------------------------------- */

typedef struct matmul_context {
    value *a, *b, *c;
    bool transpose_b, shared; /* shared: b has rank 2 and serves all of a */
    int64_t batch, m, n, k;
    precision how;
} matmul_context;

static smac_status matmul_product(tape *t, const matmul_context *c, bool ta, bool tb, int64_t m, int64_t n, int64_t k,
    const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *out, int64_t ldc, smac_error *error)
{
    gemm_problem g = {.how = c->how,
        .transpose_a = ta,
        .transpose_b = tb,
        .m = m,
        .n = n,
        .k = k,
        .outer = c->batch,
        .inner = 1,
        .beta = beta,
        .a = a,
        .b = b,
        .c = out,
        .lda = lda,
        .ldb = ldb,
        .ldc = ldc,
        .stride_a = {m * k, 0},
        .stride_b = {n * k, 0},
        .stride_c = {m * n, 0},
        .scratch = tape_workspace(t)};
    return gemm(&g, error);
}

static void matmul_backward(tape *t, void *context)
{
    matmul_context *c = context;
    smac_error error = {0};
    const float *dc = c->c->grad, *a = c->a->device_data, *b = c->b->device_data;
    int64_t m = c->m, n = c->n, k = c->k, ldb = c->transpose_b ? k : n;
    bool add;
    float *grad = grad_open(t, c->a, &add); /* da = dc b^T, or dc b */
    if (grad != NULL && matmul_product(t, c, false, !c->transpose_b, m, k, n, dc, n, b, ldb, add, grad, k, &error))
        fail_with(t, "op_matmul", &error);
    grad = grad_open(t, c->b, &add);
    if (grad == NULL)
        return;
    smac_status status;
    if (c->transpose_b) /* db(n, k) = dc^T a */
        status = matmul_product(t, c, true, false, n, k, m, dc, n, a, k, add, grad, k, &error);
    else /* db(k, n) = a^T dc */
        status = matmul_product(t, c, true, false, k, n, m, a, k, dc, n, add, grad, n, &error);
    if (status != SMAC_OK)
        fail_with(t, "op_matmul", &error);
}

value *op_matmul(tape *t, value *a, value *b, bool transpose_b)
{
    if (!OP_READY(t, "op_matmul", a, b))
        return NULL;
    bool fits = a->rank >= 2 && b->rank >= 2 && (b->rank == 2 || b->rank == a->rank);
    for (int i = 0; fits && b->rank > 2 && i < a->rank - 2; i++)
        fits = a->dim[i] == b->dim[i];
    int inner = transpose_b ? b->rank - 1 : b->rank - 2;
    if (!fits || a->dim[a->rank - 1] != b->dim[inner]) {
        tape_fail(t, SMAC_ERROR_MISMATCH, "op_matmul",
            "op_matmul: a of shape %s cannot be multiplied by b%s of shape %s: the inner dimensions must be equal, and "
            "the leading ones too unless b has rank 2",
            shape_of(a).text, transpose_b ? " transposed" : "", shape_of(b).text);
        return NULL;
    }
    int64_t dim[VALUE_MAX_RANK];
    memcpy(dim, a->dim, sizeof dim);
    dim[a->rank - 1] = transpose_b ? b->dim[b->rank - 2] : b->dim[b->rank - 1];
    value *out = op_result(t, a->rank, dim, tape_wants(t, a) || tape_wants(t, b));
    if (out == NULL)
        return NULL;
    matmul_context c = {.a = a,
        .b = b,
        .c = out,
        .transpose_b = transpose_b,
        .shared = b->rank == 2,
        .m = a->dim[a->rank - 2],
        .n = dim[a->rank - 1],
        .k = a->dim[a->rank - 1],
        .how = tape_get_options(t)->precision};
    c.batch = 1;
    for (int i = 0; i < a->rank - 2; i++)
        c.batch *= a->dim[i];
    if (c.shared) { /* one product with all rows */
        c.m *= c.batch;
        c.batch = 1;
    }
    smac_error error = {0};
    int64_t ldb = transpose_b ? c.k : c.n;
    if (matmul_product(t, &c, false, transpose_b, c.m, c.n, c.k, a->device_data, c.k, b->device_data, ldb, 0,
            out->device_data, c.n, &error)) {
        fail_with(t, "op_matmul", &error);
        return NULL;
    }
    return op_finish(t, "op_matmul", out, &c, sizeof c, matmul_backward);
}
