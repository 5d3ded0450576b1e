/* autograd/elementwise.c - sums, differences and products with broadcasting, and functions of one number. */
#include <math.h>
#include <string.h>

#include "autograd/internal.h"
#include "autograd/ops.h"
#include "autograd/random_mask.h"
#include "compute/kernels.h"
#include "compute/parallel.h"

/* --- sums of rows -------------------------------------------------------------------------------------------------- */

typedef struct column_context {
    float *to;
    const float *x, *factor; /* factor: NULL, or the sum is of x times it */
    int64_t rows, width;
    float sign;
    bool add;
} column_context;

static void column_range(void *context, int64_t from, int64_t to)
{
    const column_context *c = context;
    const struct kernels *kernel = kernels_get();
    if (!c->add)
        memset(c->to + from, 0, (size_t)(to - from) * sizeof(float));
    for (int64_t r = 0; r < c->rows; r++) {
        const float *x = c->x + r * c->width + from;
        if (c->factor != NULL)
            kernel->multiply_add(c->to + from, x, c->factor + r * c->width + from, to - from);
        else
            kernel->axpy(c->to + from, x, c->sign, to - from);
    }
}

void column_sums(float *to, bool add, const float *x, int64_t rows, int64_t width)
{
    for_ranges(width, 128, column_range, &(column_context){to, x, NULL, rows, width, 1, add});
}

/* to += the sum over all of x (times factor); blocks of fixed size, in double. */
typedef struct total_context {
    const float *x, *factor;
    double *parts;
} total_context;

static void total_range(void *context, int64_t from, int64_t to)
{
    const total_context *c = context;
    double sum = 0;
    if (c->factor != NULL)
        for (int64_t i = from; i < to; i++)
            sum += (double)c->x[i] * c->factor[i];
    else
        sum = kernels_get()->sum(c->x + from, to - from);
    c->parts[from / ELEMENT_STEP] = sum;
}

static double total_of(tape *t, const float *x, const float *factor, int64_t count)
{
    int64_t blocks = (count + ELEMENT_STEP - 1) / ELEMENT_STEP;
    double *parts = tape_scratch(t, (size_t)blocks * sizeof *parts), sum = 0;
    if (parts == NULL)
        return 0;
    for_ranges(count, ELEMENT_STEP, total_range, &(total_context){x, factor, parts});
    for (int64_t i = 0; i < blocks; i++)
        sum += parts[i];
    return sum;
}

/* --- a op b -------------------------------------------------------------------------------------------------------- */

typedef enum binary_kind { BINARY_ADD, BINARY_SUBTRACT, BINARY_MULTIPLY } binary_kind;

typedef struct binary_context {
    value *a, *b, *out;
    binary_kind kind;
    int64_t period; /* b's count: it repeats along a */
} binary_context;

typedef void (*binary_kernel)(float *y, const float *a, const float *b, int64_t n);

static binary_kernel kernel_of(binary_kind kind)
{
    const struct kernels *kernel = kernels_get();
    return kind == BINARY_ADD ? kernel->add : kind == BINARY_SUBTRACT ? kernel->subtract : kernel->multiply;
}

static void binary_range(void *context, int64_t from, int64_t to)
{
    const binary_context *c = context;
    const float *a = c->a->device_data, *b = c->b->device_data;
    float *y = c->out->device_data;
    if (c->period == 1) {
        float f = b[0];
        for (int64_t i = from; i < to; i++)
            y[i] = c->kind == BINARY_ADD ? a[i] + f : c->kind == BINARY_SUBTRACT ? a[i] - f : a[i] * f;
        return;
    }
    binary_kernel run = kernel_of(c->kind);
    for (int64_t i = from; i < to;) {
        int64_t at = i % c->period, n = c->period - at < to - i ? c->period - at : to - i;
        run(y + i, a + i, b + at, n);
        i += n;
    }
}

/* da (+)= dy b, with b repeating */
typedef struct product_context {
    float *da;
    const float *dy, *b;
    int64_t period;
    bool add;
} product_context;

static void product_range(void *context, int64_t from, int64_t to)
{
    const product_context *c = context;
    const struct kernels *kernel = kernels_get();
    if (!c->add)
        memset(c->da + from, 0, (size_t)(to - from) * sizeof(float));
    if (c->period == 1) {
        kernel->axpy(c->da + from, c->dy + from, c->b[0], to - from);
        return;
    }
    for (int64_t i = from; i < to;) {
        int64_t at = i % c->period, n = c->period - at < to - i ? c->period - at : to - i;
        kernel->multiply_add(c->da + i, c->dy + i, c->b + at, n);
        i += n;
    }
}

static void binary_backward(tape *t, void *context)
{
    binary_context *c = context;
    const float *dy = c->out->grad, *factor = c->kind == BINARY_MULTIPLY ? c->a->device_data : NULL;
    bool add;
    float *db = grad_open(t, c->b, &add);
    if (db != NULL && c->period == 1) {
        double sum = total_of(t, dy, factor, c->a->count);
        db[0] = (add ? db[0] : 0) + (float)(c->kind == BINARY_SUBTRACT ? -sum : sum);
    } else if (db != NULL) {
        int64_t rows = c->period > 0 ? c->a->count / c->period : 0;
        for_ranges(c->period, rows == 1 ? ELEMENT_STEP : 128, column_range,
            &(column_context){db, dy, factor, rows, c->period, c->kind == BINARY_SUBTRACT ? -1 : 1, add});
    }
    if (c->kind != BINARY_MULTIPLY) {
        grad_pass(t, c->out, c->a);
        return;
    }
    float *da = grad_open(t, c->a, &add);
    if (da != NULL)
        for_ranges(
            c->a->count, ELEMENT_STEP, product_range, &(product_context){da, dy, c->b->device_data, c->period, add});
}

/* b's dimensions are a's last ones */
static bool repeats(const value *a, const value *b)
{
    if (b->count == 1 && b->rank <= a->rank)
        return true;
    if (b->rank > a->rank)
        return false;
    for (int i = 0; i < b->rank; i++)
        if (b->dim[i] != a->dim[a->rank - b->rank + i])
            return false;
    return true;
}

static value *binary(tape *t, const char *op, value *a, value *b, binary_kind kind)
{
    if (!OP_READY(t, op, a, b))
        return NULL;
    if (!repeats(a, b)) {
        tape_fail(t, SMAC_ERROR_MISMATCH, op,
            "%s: b of shape %s does not fit a of shape %s: it must be equal, its last dimensions, or one number", op,
            shape_of(b).text, shape_of(a).text);
        return NULL;
    }
    value *out = op_result(t, a->rank, a->dim, tape_wants(t, a) || tape_wants(t, b));
    if (out == NULL)
        return NULL;
    binary_context c = {a, b, out, kind, b->count};
    for_ranges(a->count, ELEMENT_STEP, binary_range, &c);
    return op_finish(t, op, out, &c, sizeof c, binary_backward);
}

value *op_add(tape *t, value *a, value *b)
{
    return binary(t, "op_add", a, b, BINARY_ADD);
}

value *op_subtract(tape *t, value *a, value *b)
{
    return binary(t, "op_subtract", a, b, BINARY_SUBTRACT);
}

value *op_multiply(tape *t, value *a, value *b)
{
    return binary(t, "op_multiply", a, b, BINARY_MULTIPLY);
}

/* --- functions of one number --------------------------------------------------------------------------------------- */

typedef enum unary_kind { UNARY_SCALE, UNARY_SHIFT, UNARY_ACTIVATION, UNARY_EXP, UNARY_LOG, UNARY_ABSOLUTE } unary_kind;

typedef struct unary_context {
    value *x, *out;
    unary_kind kind;
    activation act;
    float number;
    float *dx;
    bool add;
} unary_context;

static void unary_range(void *context, int64_t from, int64_t to)
{
    const unary_context *c = context;
    const struct kernels *kernel = kernels_get();
    const float *x = c->x->device_data + from;
    float *y = c->out->device_data + from;
    int64_t n = to - from;
    switch (c->kind) {
    case UNARY_SCALE:
        kernel->scale(y, x, c->number, n);
        break;
    case UNARY_SHIFT:
        for (int64_t i = 0; i < n; i++)
            y[i] = x[i] + c->number;
        break;
    case UNARY_ACTIVATION:
        kernel->activate(y, x, n, c->act);
        break;
    case UNARY_EXP:
        kernel->exponential(y, x, n);
        break;
    case UNARY_LOG:
        kernel->logarithm(y, x, n);
        break;
    case UNARY_ABSOLUTE:
        for (int64_t i = 0; i < n; i++)
            y[i] = fabsf(x[i]);
        break;
    }
}

static void unary_backward_range(void *context, int64_t from, int64_t to)
{
    const unary_context *c = context;
    const struct kernels *kernel = kernels_get();
    const float *x = c->x->device_data + from, *y = c->out->device_data + from, *dy = c->out->grad + from;
    float *dx = c->dx + from;
    int64_t n = to - from;
    if (!c->add)
        memset(dx, 0, (size_t)n * sizeof(float));
    switch (c->kind) {
    case UNARY_SCALE:
        kernel->axpy(dx, dy, c->number, n);
        break;
    case UNARY_SHIFT:
        kernel->axpy(dx, dy, 1, n);
        break;
    case UNARY_ACTIVATION:
        kernel->activate_backward(dx, dy, x, n, c->act);
        break;
    case UNARY_EXP:
        kernel->multiply_add(dx, dy, y, n);
        break;
    case UNARY_LOG:
        for (int64_t i = 0; i < n; i++)
            dx[i] += dy[i] / x[i];
        break;
    case UNARY_ABSOLUTE:
        for (int64_t i = 0; i < n; i++)
            dx[i] += x[i] > 0 ? dy[i] : x[i] < 0 ? -dy[i] : 0;
        break;
    }
}

static void unary_backward(tape *t, void *context)
{
    unary_context *c = context;
    if (c->kind == UNARY_SHIFT) {
        grad_pass(t, c->out, c->x);
        return;
    }
    c->dx = grad_open(t, c->x, &c->add);
    if (c->dx != NULL)
        for_ranges(c->x->count, ELEMENT_STEP, unary_backward_range, c);
}

static value *unary(tape *t, const char *op, value *x, unary_kind kind, activation act, float number)
{
    if (!OP_READY(t, op, x))
        return NULL;
    value *out = op_result(t, x->rank, x->dim, tape_wants(t, x));
    if (out == NULL)
        return NULL;
    unary_context c = {.x = x, .out = out, .kind = kind, .act = act, .number = number};
    for_ranges(x->count, ELEMENT_STEP, unary_range, &c);
    return op_finish(t, op, out, &c, sizeof c, unary_backward);
}

value *op_scale(tape *t, value *a, float factor)
{
    return unary(t, "op_scale", a, UNARY_SCALE, ACTIVATION_NONE, factor);
}

value *op_add_constant(tape *t, value *a, float constant)
{
    return unary(t, "op_add_constant", a, UNARY_SHIFT, ACTIVATION_NONE, constant);
}

value *op_activation(tape *t, value *x, activation a)
{
    return unary(t, "op_activation", x, UNARY_ACTIVATION, a, 0);
}

value *op_exp(tape *t, value *x)
{
    return unary(t, "op_exp", x, UNARY_EXP, ACTIVATION_NONE, 0);
}

value *op_log(tape *t, value *x)
{
    return unary(t, "op_log", x, UNARY_LOG, ACTIVATION_NONE, 0);
}

value *op_absolute(tape *t, value *x)
{
    return unary(t, "op_absolute", x, UNARY_ABSOLUTE, ACTIVATION_NONE, 0);
}

/* --- dropout: the mask is made again in the backward pass ------------------------------------------------------------ */

typedef struct dropout_context {
    value *x, *out;
    dropout_mask mask;
} dropout_context;

static void dropout_range(void *context, int64_t from, int64_t to)
{
    const dropout_context *c = context;
    dropout_apply(&c->mask, from, to - from, c->out->device_data + from, c->x->device_data + from);
}

static void dropout_backward_range(void *context, int64_t from, int64_t to)
{
    const dropout_context *c = context;
    dropout_apply(&c->mask, from, to - from, c->out->grad + from, c->out->grad + from);
}

static void dropout_backward(tape *t, void *context)
{
    dropout_context *c = context;
    bool kept = grad_is_kept(c->out);
    float *original = c->out->grad;
    if (kept) { /* someone wants to see it: work on a copy */
        c->out->grad = tape_scratch(t, (size_t)c->out->count * sizeof(float));
        if (c->out->grad != NULL)
            memcpy(c->out->grad, original, (size_t)c->out->count * sizeof(float));
    }
    if (c->out->grad != NULL) {
        for_ranges(c->x->count, ELEMENT_STEP, dropout_backward_range, c);
        grad_pass(t, c->out, c->x);
    }
    if (kept)
        c->out->grad = original;
}

value *op_dropout(tape *t, value *x, float probability)
{
    if (!OP_READY(t, "op_dropout", x))
        return NULL;
    dropout_context c = {.x = x};
    if (!dropout_begin(t, probability, &c.mask))
        return tape_status(t, NULL) == SMAC_OK ? x : NULL;
    c.out = op_result(t, x->rank, x->dim, tape_wants(t, x));
    if (c.out == NULL)
        return NULL;
    for_ranges(x->count, ELEMENT_STEP, dropout_range, &c);
    return op_finish(t, "op_dropout", c.out, &c, sizeof c, dropout_backward);
}

/* --- one factor a row ------------------------------------------------------------------------------------------------ */

typedef struct rows_context {
    value *a, *factor, *out;
    int64_t width;
    float *da, *df;
    bool add_a, add_f;
} rows_context;

static void scale_rows_range(void *context, int64_t from, int64_t to)
{
    const rows_context *c = context;
    for (int64_t r = from; r < to; r++)
        kernels_get()->scale(
            c->out->device_data + r * c->width, c->a->device_data + r * c->width, c->factor->device_data[r], c->width);
}

static void scale_rows_backward_range(void *context, int64_t from, int64_t to)
{
    const rows_context *c = context;
    const struct kernels *kernel = kernels_get();
    for (int64_t r = from; r < to; r++) {
        const float *dy = c->out->grad + r * c->width;
        if (c->da != NULL && c->add_a)
            kernel->axpy(c->da + r * c->width, dy, c->factor->device_data[r], c->width);
        else if (c->da != NULL)
            kernel->scale(c->da + r * c->width, dy, c->factor->device_data[r], c->width);
        if (c->df != NULL)
            c->df[r] = (c->add_f ? c->df[r] : 0) + kernel->dot(dy, c->a->device_data + r * c->width, c->width);
    }
}

static void scale_rows_backward(tape *t, void *context)
{
    rows_context *c = context;
    c->df = grad_open(t, c->factor, &c->add_f);
    c->da = c->factor == c->a ? value_grad(t, c->a) : grad_open(t, c->a, &c->add_a);
    if (c->factor == c->a) { /* width 1: both parts go to one place */
        for (int64_t r = 0; r < c->a->count; r++)
            c->da[r] = (c->add_f ? c->da[r] : 0) + 2 * c->out->grad[r] * c->a->device_data[r];
        return;
    }
    for_ranges(c->factor->count, row_step(c->width), scale_rows_backward_range, c);
}

value *op_scale_rows(tape *t, value *a, value *factor)
{
    if (!OP_READY(t, "op_scale_rows", a, factor))
        return NULL;
    if (factor->rank > a->rank || memcmp(a->dim, factor->dim, (size_t)factor->rank * sizeof a->dim[0]) != 0) {
        tape_fail(t, SMAC_ERROR_MISMATCH, "op_scale_rows",
            "op_scale_rows: factors of shape %s do not fit a of shape %s: they must be its first dimensions",
            shape_of(factor).text, shape_of(a).text);
        return NULL;
    }
    value *out = op_result(t, a->rank, a->dim, tape_wants(t, a) || tape_wants(t, factor));
    if (out == NULL)
        return NULL;
    rows_context c = {.a = a, .factor = factor, .out = out, .width = factor->count > 0 ? a->count / factor->count : 0};
    for_ranges(factor->count, row_step(c.width), scale_rows_range, &c);
    return op_finish(t, "op_scale_rows", out, &c, sizeof c, scale_rows_backward);
}
