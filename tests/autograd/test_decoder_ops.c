/*
 * tests/autograd/test_decoder_ops.c - the operations of decoding token by token (no gradients: inference alone) against
 * op_attention over all tokens at once, and rows of packed tables against the table.
 */
#include "support/check.h"

#include "compute/backends.h"

#include "autograd/ops.h"
#include "autograd/ops_decoder.h"
#include "base/random.h"
#include "compute/products.h"
#include "support/protected_device.h"

enum { HEADS = 3, HEAD = 8, WIDTH = HEADS * HEAD, LENGTH = 7, SEQUENCES = 3, FRAMES = 50 };

static void fill(float *out, int64_t count, uint64_t stream)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = random_normal_at(5, stream, (uint64_t)i);
}

/* op_attention of one sequence's qkv (LENGTH, 3 WIDTH), causal. */
static void attend_whole(tape *t, const float *qkv, float *out)
{
    value *all = tape_value(t, 3, (int64_t[]){1, LENGTH, 3 * WIDTH}, qkv);
    value *q = op_slice(t, all, 2, 0, WIDTH), *k = op_slice(t, all, 2, WIDTH, WIDTH);
    value *y = op_attention(t, q, k, op_slice(t, all, 2, 2 * WIDTH, WIDTH),
        &(attention_options){.heads = HEADS, .kv_heads = HEADS, .causal = true});
    assert_ok(tape_status(t, error));
    memcpy(out, tape_numbers(t, y), LENGTH * WIDTH * sizeof *out);
}

static void assert_row(const float *found, const float *expected)
{
    for (int i = 0; i < WIDTH; i++)
        assert_near(found[i], expected[i], 1e-5);
}

/* Three sequences that share a beginning and change places in every step. */
static void cached_attention_is_attention(void **state)
{
    (void)state;
    static float qkv[SEQUENCES][LENGTH][3 * WIDTH], expected[SEQUENCES][LENGTH][WIDTH], rows[SEQUENCES][3 * WIDTH];
    enum { SHARED = 3, LAYER = 1 };
    tape *t = tape_new(NULL);
    for (int s = 0; s < SEQUENCES; s++) {
        fill(qkv[s][0], LENGTH * 3 * WIDTH, (uint64_t)s);
        memcpy(qkv[s], qkv[0], SHARED * sizeof qkv[s][0]);
        attend_whole(t, qkv[s][0], expected[s][0]);
    }
    attention_cache *c = attention_cache_new(&(attention_cache_sizes){
        .layers = 2, .heads = HEADS, .width = WIDTH, .positions = LENGTH, .sequences = SEQUENCES});
    for (int again = 0; again < 2; again++) { /* twice: clearing forgets */
        attention_cache_clear(c);
        assert_ok(attention_cache_begin(c, SHARED, error));
        value *y = op_attention_cached(t, tape_value(t, 2, (int64_t[]){SHARED, 3 * WIDTH}, qkv[0][0]), c, LAYER);
        assert_non_null(y);
        for (int i = 0; i < SHARED; i++)
            assert_row(tape_numbers(t, y) + i * WIDTH, expected[0][i]);
        attention_cache_commit(c);
        for (int i = SHARED; i < LENGTH; i++) {
            int32_t origin[SEQUENCES];
            for (int b = 0; b < SEQUENCES; b++) {
                int sequence = (b + i) % SEQUENCES; /* which sequence is at place b now */
                origin[b] = i == SHARED ? 0 : (sequence - (i - 1) + 2 * SEQUENCES) % SEQUENCES;
                memcpy(rows[b], qkv[sequence][i], sizeof rows[b]);
            }
            assert_ok(attention_cache_continue(c, SEQUENCES, origin, error));
            y = op_attention_cached(t, tape_value(t, 2, (int64_t[]){SEQUENCES, 3 * WIDTH}, rows[0]), c, LAYER);
            assert_non_null(y);
            for (int b = 0; b < SEQUENCES; b++)
                assert_row(tape_numbers(t, y) + b * WIDTH, expected[(b + i) % SEQUENCES][i]);
            attention_cache_commit(c);
        }
        assert_int_equal(attention_cache_length(c), LENGTH);
        assert_int_equal(attention_cache_alive(c), SEQUENCES);
    }
    attention_cache_free(c);
    tape_free(t);
}

static void wrong_use_is_refused(void **state)
{
    (void)state;
    smac_error refusal;
    tape *t = tape_new(NULL);
    attention_cache *c = attention_cache_new(
        &(attention_cache_sizes){.layers = 1, .heads = HEADS, .width = WIDTH, .positions = 2, .sequences = 2});
    int32_t outside[] = {1};
    assert_int_equal(attention_cache_continue(c, 1, NULL, &refusal), SMAC_ERROR_ARGUMENT);
    assert_int_equal(attention_cache_begin(c, 3, &refusal), SMAC_ERROR_ARGUMENT);
    assert_ok(attention_cache_begin(c, 1, error));
    assert_null(op_attention_cached(t, tape_zeros(t, 2, (int64_t[]){2, 3 * WIDTH}), c, 0));
    assert_int_equal(tape_status(t, &refusal), SMAC_ERROR_MISMATCH);
    tape_reset(t, NULL);
    assert_non_null(op_attention_cached(t, tape_zeros(t, 2, (int64_t[]){1, 3 * WIDTH}), c, 0));
    attention_cache_commit(c);
    assert_int_equal(attention_cache_begin(c, 1, &refusal), SMAC_ERROR_ARGUMENT);
    assert_int_equal(attention_cache_continue(c, 3, NULL, &refusal), SMAC_ERROR_ARGUMENT);
    assert_int_equal(attention_cache_continue(c, 1, outside, &refusal), SMAC_ERROR_ARGUMENT);
    assert_ok(attention_cache_continue(c, 2, NULL, error));
    attention_cache_commit(c);
    assert_int_equal(attention_cache_continue(c, 2, NULL, &refusal), SMAC_ERROR_ARGUMENT);
    attention_memory *m = attention_memory_new(2, HEADS, WIDTH);
    assert_int_equal(attention_memory_length(m), 0);
    assert_null(op_attention_memory(t, tape_zeros(t, 2, (int64_t[]){1, WIDTH}), m, 0, NULL));
    tape_reset(t, NULL);
    value *narrow = tape_zeros(t, 2, (int64_t[]){4, WIDTH});
    assert_false(attention_memory_set(t, m, 0, narrow));
    assert_int_equal(tape_status(t, &refusal), SMAC_ERROR_MISMATCH);
    tape_reset(t, NULL);
    assert_false(attention_memory_set(t, m, 1, tape_zeros(t, 2, (int64_t[]){4, 2 * WIDTH})));
    assert_int_equal(tape_status(t, &refusal), SMAC_ERROR_MISMATCH);
    attention_memory_free(m);
    attention_cache_free(c);
    tape_free(t);
}

static void attention_over_a_memory_is_attention(void **state)
{
    (void)state;
    static float q[4 * WIDTH], both[FRAMES * 2 * WIDTH], scores[2][4][FRAMES];
    static const int32_t wanted[][2] = {{1, 2}, {0, 0}};
    fill(q, 4 * WIDTH, 11);
    fill(both, FRAMES * 2 * WIDTH, 12);
    tape *t = tape_new(NULL);
    value *query = tape_value(t, 2, (int64_t[]){4, WIDTH}, q);
    value *kv = tape_value(t, 2, (int64_t[]){FRAMES, 2 * WIDTH}, both);
    attention_memory *m = attention_memory_new(2, HEADS, WIDTH);
    assert_true(attention_memory_set(t, m, 0, kv) && attention_memory_set(t, m, 1, kv));
    assert_int_equal(attention_memory_length(m), FRAMES);
    value *k = op_reshape(t, op_slice(t, kv, 1, 0, WIDTH), 3, (int64_t[]){1, FRAMES, WIDTH});
    value *v = op_reshape(t, op_slice(t, kv, 1, WIDTH, WIDTH), 3, (int64_t[]){1, FRAMES, WIDTH});
    attention_options options = {.heads = HEADS, .kv_heads = HEADS};
    value *whole = op_attention(t, op_reshape(t, query, 3, (int64_t[]){1, 4, WIDTH}), k, v, &options);
    attention_scores show = {.heads = wanted, .count = 2, .out = scores[0][0]};
    for (int layer = 0; layer < 2; layer++) {
        value *y = op_attention_memory(t, query, m, layer, &show);
        assert_ok(tape_status(t, error));
        for (int i = 0; i < 4; i++)
            assert_row(tape_numbers(t, y) + i * WIDTH, tape_numbers(t, whole) + i * WIDTH);
    }
    for (int n = 0; n < 2; n++)
        for (int i = 0; i < 4; i++)
            for (int j = 0; j < FRAMES; j++) {
                double sum = 0;
                for (int d = 0; d < HEAD; d++)
                    sum += (double)q[i * WIDTH + wanted[n][1] * HEAD + d] *
                        (double)both[j * 2 * WIDTH + wanted[n][1] * HEAD + d];
                assert_near(scores[n][i][j], sum / sqrt(HEAD), 1e-5);
            }
    attention_memory_free(m);
    tape_free(t);
}

/* Rows of a packed table are the table's, to the rounding of its precision; by tiles of ours and by oneDNN's. */
static void gathered_rows_are_the_tables(void **state)
{
    (void)state;
    enum { ROWS = 83, COLUMNS = 45 };
    static float table[ROWS * COLUMNS];
    static const double limits[] = {[PRECISION_F32] = 0, [PRECISION_BF16] = 1.0 / 256, [PRECISION_INT8] = 1.0 / 253};
    static const int32_t indices[] = {0, 82, 31, 32, 64, 31};
    fill(table, ROWS * COLUMNS, 21);
    for (precision how = PRECISION_F32; how <= PRECISION_INT8; how++) {
        parameter p = {.name = "table",
            .device = device_default(),
            .rank = 2,
            .dim = {ROWS, COLUMNS},
            .count = ROWS * COLUMNS,
            .packed = packed_matrix_new(table, ROWS, COLUMNS, how)};
        assert_non_null(p.packed);
        tape *t = tape_new(NULL);
        value *y = op_gather_packed(t, tape_parameter(t, &p), indices, 6);
        assert_ok(tape_status(t, error));
        assert_true(y->rank == 2 && y->dim[0] == 6 && y->dim[1] == COLUMNS);
        for (int i = 0; i < 6; i++) {
            const float *row = table + indices[i] * COLUMNS;
            double most = 0;
            for (int j = 0; j < COLUMNS; j++)
                most = fmax(most, fabs((double)row[j]));
            for (int j = 0; j < COLUMNS; j++)
                assert_near(tape_numbers(t, y)[i * COLUMNS + j], row[j],
                    limits[how] * (how == PRECISION_INT8 ? most : fabs((double)row[j])));
        }
        smac_error refusal;
        assert_null(op_gather_packed(t, tape_parameter(t, &p), (int32_t[]){ROWS}, 1));
        assert_int_equal(tape_status(t, &refusal), SMAC_ERROR_ARGUMENT);
        tape_reset(t, NULL);
        assert_null(op_gather_packed(t, tape_zeros(t, 2, (int64_t[]){2, 2}), indices, 1));
        assert_int_equal(tape_status(t, &refusal), SMAC_ERROR_MISMATCH);
        tape_free(t);
        packed_matrix_free(p.packed);
    }
}

/* The same on a device whose memory is protected outside its functions. */
static int set_up_protected(void **state)
{
    (void)state;
    device_set_default(protected_device());
    return 0;
}

static int tear_down_protected(void **state)
{
    (void)state;
    device_set_default(NULL);
    return protected.violations;
}

int main(int argc, char **argv)
{
    (void)argc;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cached_attention_is_attention),
        cmocka_unit_test(attention_over_a_memory_is_attention),
        cmocka_unit_test(gathered_rows_are_the_tables),
        cmocka_unit_test(wrong_use_is_refused),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    failed += cmocka_run_group_tests_name("on a protected device", tests, set_up_protected, tear_down_protected);
    return failed + run_other_backends(argv);
}
