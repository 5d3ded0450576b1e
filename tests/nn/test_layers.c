/* tests/nn/test_layers.c - layers: names in the store, shapes, and gradients of every parameter. */
#include "support/check.h"

#include "nn/layers.h"

#define DIM(...)    \
    (int64_t[])     \
    {               \
        __VA_ARGS__ \
    }

typedef struct layers {
    parameter_store *store;
    feed_forward ffn;
    attention joined;
    layer_norm root; /* root mean square */
} layers;

static value *loss_of(tape *t, const layers *l)
{
    static float x[2 * 3 * 8], c[2 * 4 * 6];
    static const uint8_t mask[8] = {1, 1, 0, 1, 1, 0, 0, 1};
    for (int i = 0; i < 48; i++)
        x[i] = c[i] = sinf(1.3f * (float)i);
    value *input = tape_value(t, 3, DIM(2, 3, 8), x), *context = tape_value(t, 3, DIM(2, 4, 6), c);
    value *y = op_add(t, input, attention_forward(t, &l->joined, input, context, mask));
    y = op_add(t, y, feed_forward_forward(t, &l->ffn, y));
    y = layer_norm_forward(t, &l->root, y);
    return op_mean(t, op_multiply(t, y, op_multiply(t, y, y)));
}

static void test_layers(void **state)
{
    (void)state;
    layers l = {.store = parameter_store_new()};
    parameter_store *s = l.store;
    attention_sizes sizes = {.width = 8, .context_width = 6, .heads = 4, .kv_heads = 2, .head_width = 3};
    assert_ok(attention_add(s, "block.attention", &sizes, &l.joined, error));
    assert_ok(feed_forward_add(s, "block.ffn", 8, 32, 0, &l.ffn, error));
    attention bad;
    sizes.heads = 3;
    assert_int_equal(attention_add(s, "bad", &sizes, &bad, NULL), SMAC_ERROR_ARGUMENT);
    l.root.epsilon = 1e-6f;
    smac_error why = {0};
    l.root.weight = parameter_add(s, &(parameter_spec){.name = "root", .rank = 1, .dim = {8}, .init = INIT_ONES}, &why);
    assert_non_null(parameter_find(s, "block.attention.query.weight"));
    assert_non_null(parameter_find(s, "block.ffn.norm.bias"));
    assert_int_equal(parameter_find(s, "block.attention.key.weight")->dim[0], 6);
    assert_int_equal(parameter_find(s, "block.attention.out.weight")->dim[1], 12);
    assert_true(parameter_find(s, "block.ffn.up.weight")->decay);
    assert_false(parameter_find(s, "block.ffn.up.bias")->decay);
    assert_ok(parameter_store_seal(s, true, 4, error));

    tape *t = tape_new(&(tape_options){.record = true});
    assert_ok(tape_backward(t, loss_of(t, &l), 1, error));
    assert_ok(tape_status(t, error));
    tape *other = tape_new(NULL);
    for (int64_t i = 0; i < parameter_number(s); i++) {
        parameter *p = parameter_at(s, i);
        for (int64_t j = 0; j < p->count; j += 1 + p->count / 9) {
            const float h = 0.01f, at = p->device_data[j];
            double f[2];
            for (int side = 0; side < 2; side++) {
                p->device_data[j] = side ? at - h : at + h;
                tape_reset(other, NULL);
                f[side] = loss_of(other, &l)->device_data[0];
            }
            p->device_data[j] = at;
            if (!(fabs((f[0] - f[1]) / (2 * h) - p->grad[j]) < 1e-3))
                fail_msg("%s, element %lld: gradient %g, expected %g", p->name, (long long)j, (double)p->grad[j],
                    (f[0] - f[1]) / (2 * h));
        }
    }
    tape_free(t);
    tape_free(other);
    parameter_store_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_layers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
