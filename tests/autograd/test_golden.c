/* tests/autograd/test_golden.c - operations and gradients against PyTorch (tools/golden/autograd.py), to 1e-5. */
#include "support/check.h"

#include "autograd/ops.h"
#include "weights/tensor_file.h"

typedef struct golden {
    const char *name;
    const char *inputs[4];
    value *(*build)(tape *t, value **in);
} golden;

static tensor_file *file;

/* CASE.PART as numbers, converted; free() it. */
static float *numbers_of(const char *name, const char *part, const tensor_entry **entry)
{
    char full[128];
    snprintf(full, sizeof full, "%s.%s", name, part);
    *entry = tensor_file_find(file, full);
    if (*entry == NULL)
        fail_msg("%s is missing", full);
    float *x = malloc((size_t)(*entry)->count * sizeof *x + 1);
    tensor_to_f32(*entry, x);
    return x;
}

static void *on_tape(tape *t, const char *name, const char *part, bool bytes)
{
    const tensor_entry *entry;
    float *x = numbers_of(name, part, &entry);
    char *kept = tape_scratch(t, (size_t)entry->count * sizeof *x);
    for (int64_t i = 0; i < entry->count; i++)
        if (bytes)
            ((uint8_t *)kept)[i] = x[i] != 0;
        else
            ((float *)kept)[i] = x[i];
    free(x);
    return kept;
}

static value *attend(tape *t, value **in, const char *name, attention_options o)
{
    if (!o.causal)
        o.key_mask = on_tape(t, name, "data.mask", true);
    return op_attention(t, in[0], in[1], in[2], &o);
}

#define BUILD(name, expression)             \
    static value *name(tape *t, value **in) \
    {                                       \
        return expression;                  \
    }
BUILD(attention_3, attend(t, in, "attention", (attention_options){.heads = 3, .kv_heads = 3}))
BUILD(attention_bias,
    attend(t, in, "attention_bias", (attention_options){.heads = 3, .kv_heads = 3, .bias = in[3], .scale = 1}))
BUILD(attention_multi_query, attend(t, in, "attention_multi_query", (attention_options){.heads = 4, .kv_heads = 1}))
BUILD(attention_causal, attend(t, in, "", (attention_options){.heads = 2, .kv_heads = 2, .causal = true}))
BUILD(layer_norm, op_layer_norm(t, in[0], in[1], in[2], 1e-5f))
BUILD(rms_norm, op_rms_norm(t, in[0], in[1], 1e-6f))
BUILD(gelu, op_activation(t, in[0], ACTIVATION_GELU))
BUILD(gelu_tanh, op_activation(t, in[0], ACTIVATION_GELU_TANH))
BUILD(silu, op_activation(t, in[0], ACTIVATION_SILU))
BUILD(tanh_it, op_activation(t, in[0], ACTIVATION_TANH))
BUILD(sigmoid, op_activation(t, in[0], ACTIVATION_SIGMOID))
BUILD(relu, op_activation(t, in[0], ACTIVATION_RELU))
BUILD(quick_gelu, op_activation(t, in[0], ACTIVATION_QUICK_GELU))
BUILD(linear_gelu, op_linear_activation(t, in[0], in[1], in[2], ACTIVATION_GELU))
BUILD(cross_entropy,
    op_cross_entropy(t, in[0], on_tape(t, "cross_entropy", "data.target", false),
        on_tape(t, "cross_entropy", "data.row_weight", false)))
BUILD(l1_loss,
    op_l1_loss(t, in[0], on_tape(t, "l1_loss", "data.target", false), on_tape(t, "l1_loss", "data.row_weight", false)))
BUILD(conv1d, op_conv1d(t, in[0], in[1], in[2], 1, 1))
BUILD(conv1d_stride, op_conv1d(t, in[0], in[1], in[2], 2, 2))
BUILD(softmax, op_softmax(t, in[0]))
BUILD(log_softmax, op_log_softmax(t, in[0]))
BUILD(l2_normalise, op_l2_normalise(t, in[0], 1e-6f))

static const golden cases[] = {
    {"attention", {"q", "k", "v"}, attention_3},
    {"attention_bias", {"q", "k", "v", "bias"}, attention_bias},
    {"attention_multi_query", {"q", "k", "v"}, attention_multi_query},
    {"attention_causal", {"q", "k", "v"}, attention_causal},
    {"layer_norm", {"x", "w", "b"}, layer_norm},
    {"rms_norm", {"x", "w"}, rms_norm},
    {"gelu", {"x"}, gelu},
    {"gelu_tanh", {"x"}, gelu_tanh},
    {"silu", {"x"}, silu},
    {"tanh", {"x"}, tanh_it},
    {"sigmoid", {"x"}, sigmoid},
    {"relu", {"x"}, relu},
    {"quick_gelu", {"x"}, quick_gelu},
    {"linear_gelu", {"x", "w", "b"}, linear_gelu},
    {"cross_entropy", {"x"}, cross_entropy},
    {"l1_loss", {"x"}, l1_loss},
    {"conv1d", {"x", "w", "b"}, conv1d},
    {"conv1d_stride", {"x", "w", "b"}, conv1d_stride},
    {"softmax", {"x"}, softmax},
    {"log_softmax", {"x"}, log_softmax},
    {"l2_normalise", {"x"}, l2_normalise},
};

static void compare(const char *name, const char *part, const float *found, int64_t count)
{
    const tensor_entry *entry;
    float *expected = numbers_of(name, part, &entry);
    assert_int_equal(entry->count, count);
    double largest = 1e-6, wrong = 0;
    for (int64_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs(expected[i]));
        wrong = fmax(wrong, isfinite(found[i]) ? fabs((double)found[i] - expected[i]) : INFINITY);
    }
    free(expected);
    if (!(wrong / largest < 1e-5))
        fail_msg("%s.%s is off by %g of %g", name, part, wrong, largest);
}

static void check(const golden *g)
{
    tape *t = tape_new(&(tape_options){.record = true});
    value *in[4] = {0};
    char part[32];
    for (int i = 0; i < 4 && g->inputs[i] != NULL; i++) {
        const tensor_entry *entry;
        snprintf(part, sizeof part, "in.%s", g->inputs[i]);
        float *x = numbers_of(g->name, part, &entry);
        in[i] = tape_variable(t, entry->rank, entry->dim, x);
        free(x);
    }
    value *out = g->build(t, in);
    value *loss = out;
    if (out != NULL && out->rank > 0)
        loss = op_sum(t, op_multiply(t, out, tape_value(t, out->rank, out->dim, on_tape(t, g->name, "weight", false))));
    else if (out != NULL)
        loss = op_scale(t, out, ((float *)on_tape(t, g->name, "weight", false))[0]);
    assert_ok(tape_backward(t, loss, 1, error));
    compare(g->name, "out", out->device_data, out->count);
    for (int i = 0; i < 4 && in[i] != NULL; i++) {
        snprintf(part, sizeof part, "grad.%s", g->inputs[i]);
        compare(g->name, part, in[i]->grad, in[i]->count);
    }
    tape_free(t);
}

static void test_against_pytorch(void **state)
{
    (void)state;
    assert_ok(tensor_file_open(SMAC_SOURCE_DIR "/tests/golden/autograd/operations.safetensors", &file, error));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check(&cases[i]);
    tensor_file_close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_pytorch)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
