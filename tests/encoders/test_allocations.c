/* A warm pass of an encoder takes no memory from the system: the tape keeps values and scratch memory. */
#include "support/shortage.h"

#include "base/random.h"
#include "compute/backends.h"
#include "compute/parallel.h"
#include "encoders/language_model.h"

enum { WORDS = 50, MOST = 2 };

/* Allocations of our own code in a third pass of a small MiniLM. */
static int64_t count_allocations(precision how, int threads)
{
    language_model_config config;
    assert_ok(language_model_config_base(language_family_find("bert"), &config, error));
    config.layers = config.groups = 6;
    config.width = config.embedding_width = 96;
    config.head_width = 8;
    config.hidden = 384;
    config.vocabulary = 500;
    parameter_store *store = parameter_store_new();
    language_model *model;
    assert_ok(language_model_add(store, "", &config, 0, &model, error));
    assert_ok(parameter_store_seal(store, true, 1, error));
    assert_ok(parameter_store_pack(store, "", how, true, error));
    int32_t ids[WORDS];
    for (int i = 0; i < WORDS; i++)
        ids[i] = (int32_t)(random_u32_at(1, 2, (uint64_t)i) % 500);
    tape *t = tape_new(&(tape_options){.precision = how});
    parallel_request(threads);
    for (int pass = 0; pass < 3; pass++) {
        shortage.count = 0;
        shortage.fail_at = INT64_MAX;
        shortage.watching = pass == 2;
        tape_reset(t, NULL);
        assert_non_null(language_model_forward(t, model, ids, NULL, NULL, 1, WORDS, NULL));
        assert_ok(tape_status(t, error));
    }
    shortage.watching = false;
    parallel_request(0);
    tape_free(t);
    language_model_free(model);
    parameter_store_free(store);
    return shortage.count;
}

static void warm_pass(void **state)
{
    (void)state;
    /* oneDNN's products keep what a thread needs from the first time that so many threads met in one */
    const char *products = getenv("SMAC_PRODUCTS");
    int most_threads = products && !strcmp(products, "onednn") ? 1 : 3;
    for (precision how = PRECISION_F32; how <= PRECISION_INT8; how++)
        for (int threads = 1; threads <= most_threads; threads++)
            assert_in_range(count_allocations(how, threads), 0, MOST);
}

int main(int argc, char **argv)
{
    (void)argc;
    const struct CMUnitTest tests[] = {cmocka_unit_test(warm_pass)};
    return cmocka_run_group_tests(tests, NULL, NULL) + run_other_backends(argv);
}
