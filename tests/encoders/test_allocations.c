/* A warm pass of an encoder takes no memory from the system: the tape keeps values and scratch memory. */
#include "support/shortage.h"

#include "base/random.h"
#include "compute/backends.h"
#include "compute/parallel.h"
#include "encoders/imagebind.h"
#include "encoders/language_model.h"

enum { WORDS = 50, MOST = 2, LAYERS = 3 }; /* more layers than allocations: one a layer is seen */

typedef struct subject {
    parameter_store *store;
    language_model *language;
    imagebind *picture;
    float *input;
    int32_t ids[WORDS];
} subject;

/* Allocations of our own code in a third pass. */
static int64_t count_allocations(const subject *s, precision how, int threads)
{
    tape *t = tape_new(&(tape_options){.precision = how});
    parallel_request(threads);
    for (int pass = 0; pass < 3; pass++) {
        shortage.count = 0;
        shortage.fail_at = INT64_MAX;
        shortage.watching = pass == 2;
        tape_reset(t, NULL);
        if (s->language)
            assert_non_null(language_model_forward(
                t, s->language, &(language_input){.batch = 1, .length = WORDS, .ids = s->ids}, NULL));
        else
            assert_non_null(imagebind_forward(t, s->picture, s->input, 1, NULL, NULL));
        assert_ok(tape_status(t, error));
    }
    shortage.watching = false;
    parallel_request(0);
    tape_free(t);
    return shortage.count;
}

static void check_pass(subject *s, const char *name, precision how)
{
    /* oneDNN's products keep what a thread needs from the first time that so many threads met in one */
    const char *products = getenv("SMAC_PRODUCTS");
    int most_threads = products && !strcmp(products, "onednn") ? 1 : 3;
    assert_ok(parameter_store_seal(s->store, true, 1, error));
    assert_ok(parameter_store_pack(s->store, "", how, true, error));
    for (int threads = 1; threads <= most_threads; threads++) {
        int64_t count = count_allocations(s, how, threads);
        if (count > MOST)
            fail_msg("%s in %s on %d threads: %d allocations, at most %d expected", name, precision_name(how), threads,
                (int)count, MOST);
    }
    parameter_store_free(s->store);
}

static void language_models(void **state)
{
    (void)state;
    for (precision how = PRECISION_F32; how <= PRECISION_INT8; how++)
        for (size_t f = 0; language_family_at(f); f++) {
            if (is_other_backend() && f > 0) /* families differ in operations, backends in products */
                break;
            subject s = {.store = parameter_store_new()};
            language_model_config config;
            assert_ok(language_model_config_base(language_family_at(f), &config, error));
            config.layers = LAYERS;
            config.groups = config.groups > 1 ? LAYERS : 1;
            config.width = config.embedding_width = 96;
            config.heads = 12;
            config.head_width = 8;
            config.hidden = 384;
            config.vocabulary = 500;
            assert_ok(language_model_add(s.store, "", &config, 0, &s.language, error));
            for (int i = 0; i < WORDS; i++)
                s.ids[i] = (int32_t)(random_u32_at(1, 2, (uint64_t)i) % 500);
            check_pass(&s, language_family_name(language_family_at(f)), how);
            language_model_free(s.language);
        }
}

static void imagebind_encoders(void **state)
{
    (void)state;
    for (precision how = PRECISION_F32; how <= PRECISION_INT8; how++)
        for (int audio = 0; audio < 2; audio++) {
            subject s = {.store = parameter_store_new()};
            imagebind_config config;
            imagebind_config_tiny(audio ? IMAGEBIND_AUDIO : IMAGEBIND_VISION, &config);
            assert_ok(imagebind_add(s.store, "", &config, 0, &s.picture, error));
            s.input = calloc((size_t)imagebind_input_count(&config), sizeof *s.input);
            check_pass(&s, audio ? "audio" : "vision", how);
            free(s.input);
            imagebind_free(s.picture);
        }
}

int main(int argc, char **argv)
{
    (void)argc;
    const struct CMUnitTest tests[] = {cmocka_unit_test(language_models), cmocka_unit_test(imagebind_encoders)};
    return cmocka_run_group_tests(tests, NULL, NULL) + run_other_backends(argv);
}
