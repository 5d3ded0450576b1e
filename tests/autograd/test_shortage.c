/* tests/autograd/test_shortage.c - every operation case, forward and backward, while every allocation in turn fails. */
#include "support/shortage.h"

#include "autograd/cases.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_case_survives)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
