/* autograd/attention.c - scaled dot-product attention (Vaswani and others 2017; multi-query: Shazeer 2019). */
#include <math.h>
#include <string.h>

#include "autograd/internal.h"
#include "autograd/ops.h"

typedef struct attention_context {
    value *q, *k, *v, *bias, *out;
    attention_call call; /* without what the gradient adds */
} attention_context;

static bool attention_shapes_fit(tape *t, const value *q, const value *k, const value *v, const attention_options *o)
{
    bool fits = o->heads > 0 && o->kv_heads > 0 && o->heads % o->kv_heads == 0 && q->rank == 3 && k->rank == 3 &&
        v->rank == 3 && q->dim[0] == k->dim[0] && k->dim[0] == v->dim[0] && k->dim[1] == v->dim[1] &&
        q->dim[2] % o->heads == 0 && k->dim[2] == q->dim[2] / o->heads * o->kv_heads && v->dim[2] % o->kv_heads == 0;
    if (!fits) {
        tape_fail(t, SMAC_ERROR_MISMATCH, "op_attention",
            "op_attention: q %s, k %s and v %s do not fit %d heads with %d key heads: expected (B, Tq, heads*d), "
            "(B, Tk, key heads*d) and (B, Tk, key heads*dv)",
            shape_of(q).text, shape_of(k).text, shape_of(v).text, o->heads, o->kv_heads);
        return false;
    }
    if (o->bias == NULL)
        return true;
    int64_t want[4] = {q->dim[0], o->heads, q->dim[1], k->dim[1]};
    int skip = o->bias->rank == 3 ? 1 : 0;
    fits = o->bias->rank == 4 - skip && memcmp(o->bias->dim, want + skip, (size_t)(4 - skip) * sizeof want[0]) == 0;
    if (!fits)
        tape_fail(t, SMAC_ERROR_MISMATCH, "op_attention",
            "op_attention: a bias of shape %s does not fit scores of shape %s (with or without the first dimension)",
            shape_of(o->bias).text, shape_of_dims(4, want).text);
    return fits;
}

static attention_call attention_call_of(const value *q, const value *k, const value *v, const attention_options *o)
{
    attention_call c = {.batch = q->dim[0],
        .queries = q->dim[1],
        .keys = k->dim[1],
        .heads = o->heads,
        .kv_heads = o->kv_heads,
        .width = q->dim[2] / o->heads,
        .value_width = v->dim[2] / o->kv_heads,
        .q = q->device_data,
        .k = k->device_data,
        .v = v->device_data,
        .bias = o->bias != NULL ? o->bias->device_data : NULL,
        .bias_per_batch = o->bias != NULL && o->bias->rank == 4,
        .causal = o->causal};
    c.scale = o->scale != 0 ? o->scale : c.width > 0 ? 1 / sqrtf((float)c.width) : 1;
    return c;
}

static void attention_backward(tape *t, void *context)
{
    attention_context *c = context;
    attention_call p = c->call;
    p.dout = c->out->grad;
    bool alias = c->q == c->k || c->q == c->v || c->k == c->v;
    p.add_q = p.add_k = p.add_v = true;
    p.dq = alias ? value_grad(t, c->q) : grad_open(t, c->q, &p.add_q);
    p.dk = alias ? value_grad(t, c->k) : grad_open(t, c->k, &p.add_k);
    p.dv = alias ? value_grad(t, c->v) : grad_open(t, c->v, &p.add_v);
    p.dbias = value_grad(t, c->bias);
    if (tape_status(t, NULL) == SMAC_OK)
        OP_RUN(t, "op_attention", attention_gradient, &p);
}

value *op_attention(tape *t, value *q, value *k, value *v, const attention_options *o)
{
    if (!OP_READY(t, "op_attention", q, k, v) || (o->bias != NULL && !OP_READY(t, "op_attention", o->bias)) ||
        !attention_shapes_fit(t, q, k, v, o))
        return NULL;
    attention_context c = {.q = q, .k = k, .v = v, .bias = o->bias, .call = attention_call_of(q, k, v, o)};
    attention_call *p = &c.call;
    p->how = tape_get_options(t)->precision;
    p->mask = op_resident(t, o->key_mask, (size_t)(p->batch * p->keys));
    bool tracked = tape_wants(t, q) || tape_wants(t, k) || tape_wants(t, v) || tape_wants(t, o->bias);
    c.out = op_result(t, 3, (int64_t[]){p->batch, p->queries, p->heads * p->value_width}, tracked);
    if (c.out == NULL)
        return NULL;
    p->out = c.out->device_data;
    bool drops = dropout_begin(t, o->dropout, &p->dropout);
    if (tracked || drops) {
        int64_t scores = p->batch * p->heads * p->queries * p->keys;
        p->weights = p->dropped = op_memory(t, scores);
        if (drops)
            p->dropped = op_memory(t, scores);
        if (p->dropped == NULL)
            return NULL;
    }
    return OP_RUN(t, "op_attention", attention, p)
        ? op_finish(t, "op_attention", c.out, &c, sizeof c, attention_backward)
        : NULL;
}
