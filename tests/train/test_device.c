/*
 * tests/train/test_device.c - a whole training (label generation, contrasts, optimiser, checkpoints, validation) on a
 * device whose memory is protected outside its functions gives the CPU's bits, also when it is resumed.
 */
#include "support/folder.h"
#include "support/tiny.h"

#include "support/protected_device.h"
#include "train/trainer.h"

static tiny_data data;

static void train(const char *out, const run_configuration *c, bool resume, int64_t stop)
{
    train_options o;
    train_result result;
    train_options_default(&o);
    o.out = out;
    o.configuration = *c;
    o.resume = resume;
    o.stop_after_steps = stop;
    affect_model *s = tiny_affect_model(c, &data);
    smac_error why = {0};
    smac_status status = train_on(&o, s, &data.cache, NULL, &result, &why);
    affect_model_free(s);
    if (status != SMAC_OK && status != SMAC_ERROR_INTERRUPTED)
        fail_msg("%s", why.message);
}

static void same_tensors(const char *a, const char *b, const char *name)
{
    char path[512];
    tensor_file *x = NULL, *y = NULL;
    assert_ok(tensor_file_open(file_in(a, name, path), &x, error));
    assert_ok(tensor_file_open(file_in(b, name, path), &y, error));
    assert_int_equal(tensor_file_count(x), tensor_file_count(y));
    for (size_t i = 0; i < tensor_file_count(x); i++) {
        const tensor_entry *e = tensor_file_at(x, i), *f = tensor_file_find(y, e->name);
        if (!f || e->bytes != f->bytes || memcmp(e->data, f->data, e->bytes) != 0)
            fail_msg("%s differs in %s", e->name, name);
    }
    tensor_file_close(x);
    tensor_file_close(y);
}

static void training_on_another_device(void **state)
{
    (void)state;
    for (int classes = 0; classes <= 3; classes += 3) {
        char cpu[256], other[256];
        run_configuration c;
        folder_new(cpu);
        folder_new(other);
        tiny_data_make(&data, classes);
        tiny_configuration(&c);
        c.run.train.epochs = 2;
        c.run.train.check_finite = true;
        train(cpu, &c, false, 0);
        device_set_default(protected_device());
        int64_t calls = protected.calls;
        train(other, &c, false, 5);
        train(other, &c, true, 0);
        device_set_default(NULL);
        assert_true(protected.calls > calls + 1000);
        assert_int_equal(protected.violations, 0);
        same_tensors(cpu, other, "last.safetensors");
        same_tensors(cpu, other, "best.safetensors");
        tiny_data_clear(&data);
        folder_remove(cpu);
        folder_remove(other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(training_on_another_device)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
