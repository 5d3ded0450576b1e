/*
 * autograd/products.c - op_linear, op_linear_activation and op_matmul.
 *
 * y = x W^T + b:  dx = dy W,  dW = dy^T x,  db = the sum of dy's rows.  A frozen weight that was packed
 * (parameter_store_pack) is multiplied in its packed form; all else goes through the general product.
 */
#include <string.h>

#include "autograd/internal.h"
#include "autograd/ops.h"

/* --- linear -------------------------------------------------------------------------------------------------------- */

typedef struct linear_context {
    value *x, *w, *b, *y;
    float *before; /* (rows, n): what went into the activation; y's numbers when they are the same */
    activation activation;
    int64_t rows, n, k;
    precision how;
} linear_context;

/* From dy, the gradient of x W^T + b, to the three. */
static void linear_backward_from(tape *t, const linear_context *c, const float *dy)
{
    bool add;
    float *grad = grad_open(t, c->b, &add);
    if (grad != NULL)
        OP_RUN(t, "op_linear", column_sums,
            &(column_sums_problem){.to = grad, .x = dy, .rows = c->rows, .width = c->n, .sign = 1, .add = add});
    grad = grad_open(t, c->w, &add);
    if (grad != NULL)
        OP_RUN(t, "op_linear", product,
            &(gemm_problem){.how = c->how,
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
                .ldc = c->k});
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
    if (grad != NULL)
        OP_RUN(t, "op_linear", product,
            &(gemm_problem){.how = c->how,
                .m = c->rows,
                .n = c->k,
                .k = c->n,
                .a = dy,
                .lda = c->n,
                .b = c->w->device_data,
                .ldb = c->k,
                .beta = add,
                .c = grad,
                .ldc = c->k});
}

static void linear_backward(tape *t, void *context)
{
    const linear_context *c = context;
    if (c->activation == ACTIVATION_NONE) {
        linear_backward_from(t, c, c->y->grad);
        return;
    }
    float *inner = scratch_take(t, c->y->count);
    if (inner != NULL &&
        OP_RUN(t, "op_linear", unary_gradient,
            &(unary_problem){.kind = UNARY_ACTIVATION,
                .activation = c->activation,
                .count = c->y->count,
                .x = c->before,
                .dy = c->y->grad,
                .dx = inner}))
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

/* The packed form of w, if it is to be used. */
static const struct packed_matrix *packed_of(const tape *t, const value *w)
{
    const parameter *p = w != NULL ? w->parameter : NULL;
    return p != NULL && p->packed_version == p->version && !tape_wants(t, w) ? p->packed : NULL;
}

value *op_linear_activation(tape *t, value *x, value *w, value *b, activation a)
{
    const struct packed_matrix *packed = packed_of(t, w);
    if (!OP_READY(t, "op_linear", x) || (packed == NULL && !OP_READY(t, "op_linear", w)) ||
        (b != NULL && !OP_READY(t, "op_linear", b)) || !linear_shapes_fit(t, x, w, b))
        return NULL;
    int64_t dim[VALUE_MAX_RANK];
    memcpy(dim, x->dim, sizeof dim);
    dim[x->rank - 1] = w->dim[0];
    bool tracked = tape_wants(t, x) || tape_wants(t, w) || tape_wants(t, b);
    linear_context c = {.x = x,
        .w = w,
        .b = b,
        .y = op_result(t, x->rank, dim, tracked),
        .activation = a,
        .n = w->dim[0],
        .k = w->dim[1],
        .how = tape_get_options(t)->precision};
    if (c.y == NULL)
        return NULL;
    c.rows = c.k > 0 ? x->count / c.k : (c.n > 0 ? c.y->count / c.n : 0);
    c.before = tracked && a != ACTIVATION_NONE ? op_memory(t, c.y->count) : c.y->device_data;
    if (c.before == NULL ||
        !OP_RUN(t, "op_linear", linear,
            &(linear_problem){.how = c.how,
                .rows = c.rows,
                .n = c.n,
                .k = c.k,
                .x = x->device_data,
                .w = w->device_data,
                .b = b != NULL ? b->device_data : NULL,
                .packed = packed,
                .before = c.before,
                .y = c.y->device_data,
                .activation = a}))
        return NULL;
    return op_finish(t, "op_linear", c.y, &c, sizeof c, linear_backward);
}

value *op_linear(tape *t, value *x, value *w, value *b)
{
    return op_linear_activation(t, x, w, b, ACTIVATION_NONE);
}

/* --- matmul -------------------------------------------------------------------------------------------------------- */

typedef struct matmul_context {
    value *a, *b, *c;
    bool transpose_b;
    int64_t batch, m, n, k;
    precision how;
} matmul_context;

/* batch dense products: c(m, n) (+)= op(a)(m, k) op(b)(k, n) */
typedef struct dense_product {
    int64_t m, n, k;
    const float *a, *b;
    bool transpose_a, transpose_b, add;
    float *c;
} dense_product;

static bool matmul_product(tape *t, const matmul_context *c, const dense_product *p)
{
    return OP_RUN(t, "op_matmul", product,
        &(gemm_problem){.how = c->how,
            .transpose_a = p->transpose_a,
            .transpose_b = p->transpose_b,
            .m = p->m,
            .n = p->n,
            .k = p->k,
            .outer = c->batch,
            .inner = 1,
            .beta = p->add,
            .a = p->a,
            .b = p->b,
            .c = p->c,
            .lda = p->transpose_a ? p->m : p->k,
            .ldb = p->transpose_b ? p->k : p->n,
            .ldc = p->n,
            .stride_a = {p->m * p->k, 0},
            .stride_b = {p->n * p->k, 0},
            .stride_c = {p->m * p->n, 0}});
}

static void matmul_backward(tape *t, void *context)
{
    const matmul_context *c = context;
    const float *dc = c->c->grad;
    int64_t m = c->m, n = c->n, k = c->k;
    dense_product da = {
        .m = m, .n = k, .k = n, .a = dc, .b = c->b->device_data, .transpose_b = !c->transpose_b}; /* dc b^T, or dc b */
    da.c = grad_open(t, c->a, &da.add);
    if (da.c != NULL)
        matmul_product(t, c, &da);
    dense_product db = {.transpose_a = true};
    if (c->transpose_b) /* db(n, k) = dc^T a */
        db = (dense_product){.m = n, .n = k, .k = m, .a = dc, .b = c->a->device_data, .transpose_a = true};
    else /* db(k, n) = a^T dc */
        db = (dense_product){.m = k, .n = n, .k = m, .a = c->a->device_data, .b = dc, .transpose_a = true};
    db.c = grad_open(t, c->b, &db.add);
    if (db.c != NULL)
        matmul_product(t, c, &db);
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
            "op_matmul: a of shape %s does not fit b%s of shape %s: the inner dimensions must be equal, and the "
            "leading ones too unless b has rank 2",
            shape_of(a).text, transpose_b ? " transposed" : "", shape_of(b).text);
        return NULL;
    }
    int64_t dim[VALUE_MAX_RANK];
    memcpy(dim, a->dim, sizeof dim);
    dim[a->rank - 1] = transpose_b ? b->dim[b->rank - 2] : b->dim[b->rank - 1];
    matmul_context c = {.a = a,
        .b = b,
        .c = op_result(t, a->rank, dim, tape_wants(t, a) || tape_wants(t, b)),
        .transpose_b = transpose_b,
        .batch = 1,
        .m = a->dim[a->rank - 2],
        .n = dim[a->rank - 1],
        .k = a->dim[a->rank - 1],
        .how = tape_get_options(t)->precision};
    if (c.c == NULL)
        return NULL;
    for (int i = 0; i < a->rank - 2; i++)
        c.batch *= a->dim[i];
    if (b->rank == 2) { /* one product with all rows */
        c.m *= c.batch;
        c.batch = 1;
    }
    dense_product p = {.m = c.m,
        .n = c.n,
        .k = c.k,
        .a = a->device_data,
        .b = b->device_data,
        .transpose_b = transpose_b,
        .c = c.c->device_data};
    return matmul_product(t, &c, &p) ? op_finish(t, "op_matmul", c.c, &c, sizeof c, matmul_backward) : NULL;
}
