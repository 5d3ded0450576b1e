/* tests/autograd/test_shortage.c - every operation case, forward and backward, while every allocation in turn fails. */
#include "support/shortage.h"

#include "autograd/cases.h"
#include "autograd/ops_decoder.h"

typedef struct case_context {
    const op_case *c;
    bool large, record;
    precision how;
} case_context;

static smac_status run_case(void *context, smac_error *error)
{
    const case_context *k = context;
    value *in[CASE_INPUTS], *loss = NULL;
    tape *t = tape_new(&(tape_options){
        .record = k->record, .training = k->record, .seed = 3, .step = 4, .precision = k->how, .check_finite = true});
    if (t == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a tape");
    case_run(k->c, t, k->large, NULL, in, &loss);
    smac_status status = k->record && tape_status(t, NULL) == SMAC_OK && loss != NULL ? tape_backward(t, loss, 1, error)
                                                                                      : tape_status(t, error);
    tape_free(t);
    return status;
}

static void every_case_survives(void **state)
{
    (void)state;
    int64_t allocations = 0;
    for (int i = 0; i < op_case_count; i++)
        for (int form = 0; form < 4; form++) {
            char name[128];
            case_context k = {&op_cases[i], form >= 2, form != 1, form == 3 ? PRECISION_BF16 : PRECISION_F32};
            snprintf(name, sizeof name, "%s (%s)", op_cases[i].operation, op_cases[i].variant);
            parallel_set_threads(1 + form % 3);
            allocations += shortage_sweep(name, run_case, &k, 0);
        }
    parallel_set_threads(0);
    assert_true(allocations > 10 * op_case_count);
}

/* Two steps over a cache of two sequences, and attention over a memory. */
static smac_status run_decoder(void *context, smac_error *error)
{
    enum { HEADS = 2, WIDTH = 8, FRAMES = 5 };
    (void)context;
    static float numbers[FRAMES * 2 * WIDTH];
    attention_cache *c = attention_cache_new(
        &(attention_cache_sizes){.layers = 1, .heads = HEADS, .width = WIDTH, .positions = 4, .sequences = 2});
    attention_memory *m = attention_memory_new(1, HEADS, WIDTH);
    tape *t = tape_new(NULL);
    smac_status status = SMAC_OK;
    if (c == NULL || m == NULL || t == NULL)
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for a decoding");
    if (status == SMAC_OK)
        status = attention_cache_begin(c, 2, error);
    if (status == SMAC_OK) {
        attention_memory_set(t, m, 0, tape_value(t, 2, (int64_t[]){FRAMES, 2 * WIDTH}, numbers));
        value *y = op_attention_cached(t, tape_value(t, 2, (int64_t[]){2, 3 * WIDTH}, numbers), c, 0);
        op_attention_memory(t, y, m, 0, NULL);
        attention_cache_commit(c);
        status = tape_status(t, error);
    }
    if (status == SMAC_OK)
        status = attention_cache_continue(c, 2, NULL, error);
    if (status == SMAC_OK) {
        op_attention_cached(t, tape_value(t, 2, (int64_t[]){2, 3 * WIDTH}, numbers), c, 0);
        status = tape_status(t, error);
    }
    tape_free(t);
    attention_memory_free(m);
    attention_cache_free(c);
    return status;
}

static void decoding_survives(void **state)
{
    (void)state;
    assert_true(shortage_sweep("decoding token by token", run_decoder, NULL, 0) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_case_survives), cmocka_unit_test(decoding_survives)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
