/*
 * The core, its losses, label generation and the optimiser against a PyTorch twin (tools/twin.py, written from
 * docs/method.md, in float64): outputs, losses, the gradient of every parameter, ten steps with label refreshes.
 */
#include "support/check.h"

#include "train/objective_setup.h"
#include "train/optimiser.h"
#include "weights/tensor_file.h"

enum { SAMPLES = 24, BATCH = 12, STEPS = 10, EPOCH_STEPS = SAMPLES / BATCH, CROPS = 3 };
static const int64_t in_width[MODALITIES] = {7, 6, 5}, in_steps[MODALITIES] = {5, 6, 4},
                     in_crops[MODALITIES] = {1, 1, CROPS};
static const double tolerance = 1e-4;

typedef struct twin {
    tensor_file *file;
    run_configuration c;
    task_description task;
    parameter_store *store;
    semanticmac *core;
    float *vectors[MODALITIES], *truth;
    uint8_t mask[MODALITIES][SAMPLES * 8], present[MODALITIES][SAMPLES];
    int64_t order[SAMPLES * STEPS];
} twin;

static const tensor_entry *find(const twin *w, const char *prefix, const char *name)
{
    char full[256];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    const tensor_entry *entry = tensor_file_find(w->file, full);
    if (!entry)
        fail_msg("the golden file has no %s", full);
    return entry;
}

static float *read_floats(const twin *w, const char *prefix, const char *name, int64_t count)
{
    const tensor_entry *entry = find(w, prefix, name);
    if (entry->count != count)
        fail_msg("%s%s has %lld values, expected %lld", prefix, name, (long long)entry->count, (long long)count);
    float *out = malloc((size_t)count * sizeof *out);
    tensor_to_f32(entry, out);
    return out;
}

/*
 * Biases that the loss does not see: a softmax is blind to what is added to all its scores, centring and distances to
 * what is added to all vectors.  Their gradients are 0 but for rounding, and AdamW makes steps out of rounding.
 */
static bool is_idle(const twin *w, const parameter *p)
{
    return strstr(p->name, "key.bias") || strstr(p->name, "projections.intra.down.bias") ||
        (w->c.run.contrast.inter == INTER_RANK && strstr(p->name, "projections.inter.down.bias"));
}

/* The largest difference, relative to the largest value (of gradients that nearly cancel: to a thousandth). */
static void compare(const twin *w, const char *prefix, const char *name, const float *found, int64_t count)
{
    float *expected = read_floats(w, prefix, name, count);
    double largest = strcmp(prefix, "grad.") == 0 ? 1e-3 : 0, difference = 0;
    for (int64_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs(expected[i]));
        difference = fmax(difference, fabs((double)found[i] - expected[i]));
        if (!isfinite(found[i]))
            fail_msg("%s%s is not finite", prefix, name);
    }
    if (difference > tolerance * largest)
        fail_msg("%s%s differs by %g of %g", prefix, name, difference, largest);
    free(expected);
}

static const char *short_name(const parameter *p)
{
    return p->name + strlen("core.");
}

static void open_twin(twin *w, const char *name, const char *const *settings)
{
    char path[512];
    smac_error error = {0};
    static const char *const common[] = {"model.width=8", "model.heads=2", "model.head_width=3", "model.dropout=0",
        "perceiver.latents=3", "perceiver.layers=2", "perceiver.max_clips=6", "interaction.queries=2",
        "interaction.layers=2", "contrast.projection=4", "labels.neighbours=5", "labels.neighbour_fraction=0.25",
        "train.rate=0.001", "train.encoder_rate=0.0002", "train.weight_decay=0.01", "train.warmup=0.4", "train.clip=2",
        NULL};
    memset(w, 0, sizeof *w);
    run_configuration_defaults(&w->c);
    assert_ok(run_configuration_preset(&w->c, "method", error));
    for (int round = 0; round < 2; round++)
        for (const char *const *s = round ? settings : common; s && *s; s++)
            if (run_configuration_assign(&w->c, *s, &error) != SMAC_OK)
                fail_msg("%s", error.message);
    snprintf(path, sizeof path, "%s/tests/golden/train/twin_%s.safetensors", SMAC_SOURCE_DIR, name);
    assert_ok(tensor_file_open(path, &w->file, error));
    bool classes = strcmp(name, "classes") == 0;
    if (classes)
        assert_ok(task_with_classes(&w->task, "emotion", "meld", 3, NULL, error));
    else
        assert_ok(task_regression(&w->task, "sentiment", "mosi", -3, 3, error));
    w->store = parameter_store_new();
    semanticmac_sizes sizes = {.tasks = &w->task, .task_count = 1};
    for (int u = 0; u < MODALITIES; u++) {
        sizes.width[u][0] = in_width[u];
        sizes.crops[u] = in_crops[u];
    }
    assert_ok(semanticmac_add(w->store, "core", &w->c.model, &sizes, &w->core, error));
    parameter_set_pretrained(w->store, "core.text.project", true);
    assert_ok(parameter_store_seal(w->store, false, 0, error));
    size_t expected = 0;
    for (size_t i = 0; i < tensor_file_count(w->file); i++)
        expected += strncmp(tensor_file_at(w->file, i)->name, "init.", 5) == 0;
    assert_int_equal(parameter_number(w->store), expected);
    for (int64_t i = 0; i < parameter_number(w->store); i++) {
        parameter *p = parameter_at(w->store, i);
        float *values = read_floats(w, "init.", short_name(p), p->count);
        memcpy(p->device_data, values, (size_t)p->count * sizeof *values);
        free(values);
    }
    parameter_touch_all(w->store);
    for (modality u = 0; u < MODALITIES; u++) {
        char prefix[64];
        snprintf(prefix, sizeof prefix, "input.%s.", modality_name(u));
        w->vectors[u] = read_floats(w, prefix, "vectors", SAMPLES * in_steps[u] * in_crops[u] * in_width[u]);
        memcpy(w->mask[u], find(w, prefix, "mask")->data, (size_t)(SAMPLES * in_steps[u]));
        memcpy(w->present[u], find(w, prefix, "present")->data, SAMPLES);
    }
    w->truth = read_floats(w, "", "truth", SAMPLES * task_targets(&w->task));
    assert_ok(tensor_to_i64(find(w, "", "order"), w->order, error));
}

static void close_twin(twin *w)
{
    semanticmac_free(w->core);
    parameter_store_free(w->store);
    tensor_file_close(w->file);
    for (modality u = 0; u < MODALITIES; u++)
        free(w->vectors[u]);
    free(w->truth);
}

typedef struct step_data {
    uint8_t mask[MODALITIES][BATCH * 8], present[MODALITIES][BATCH];
    float target[BATCH * 3], labels[4][BATCH * 3];
} step_data;

static semanticmac_outputs forward(const twin *w, tape *t, const int64_t *samples, step_data *d)
{
    semantic_sequence sequences[MODALITIES];
    for (modality u = 0; u < MODALITIES; u++) {
        int64_t row = in_steps[u] * in_crops[u] * in_width[u];
        int64_t dim[4] = {BATCH, in_steps[u], u == MODALITY_TEXT ? in_width[u] : in_crops[u], in_width[u]};
        value *v = tape_value(t, u == MODALITY_TEXT ? 3 : 4, dim, NULL);
        for (int b = 0; b < BATCH; b++) {
            memcpy(v->device_data + b * row, w->vectors[u] + samples[b] * row, (size_t)row * sizeof(float));
            memcpy(d->mask[u] + b * in_steps[u], w->mask[u] + samples[b] * in_steps[u], (size_t)in_steps[u]);
            d->present[u][b] = w->present[u][samples[b]];
        }
        sequences[u] = (semantic_sequence){.vectors = v, .mask = d->mask[u], .present = d->present[u]};
    }
    return semanticmac_forward(t, w->core, BATCH, sequences, SEMANTICMAC_EVERYTHING);
}

static void compare_first_step(const twin *w, const semanticmac_outputs *out)
{
    char name[64];
    compare(w, "out.", "prediction", out->prediction[0]->device_data, out->prediction[0]->count);
    compare(w, "out.", "head.shared", out->shared_head[0]->device_data, out->shared_head[0]->count);
    compare(w, "out.", "shared_mean", out->shared_mean->device_data, out->shared_mean->count);
    compare(w, "out.", "fused", out->fused->device_data, out->fused->count);
    compare(w, "out.", "inter", out->inter->device_data, out->inter->count);
    for (modality u = 0; u < MODALITIES; u++) {
        const struct {
            const char *prefix;
            const value *v;
        } list[] = {{"specific.", out->specific[u]}, {"shared.", out->shared[u]}, {"head.", out->specific_head[0][u]},
            {"intra_specific.", out->intra_specific[u]}, {"intra_shared.", out->intra_shared[u]}};
        for (int i = 0; i < 5; i++) {
            snprintf(name, sizeof name, "%s%s", list[i].prefix, modality_name(u));
            compare(w, "out.", name, list[i].v->device_data, list[i].v->count);
        }
    }
    for (int64_t i = 0; i < parameter_number(w->store); i++) {
        const parameter *p = parameter_at(w->store, i);
        compare(w, "grad.", short_name(p), p->grad, p->count);
    }
}

static void write_banks(label_bank *bank, const semanticmac_outputs *out, const int64_t *samples)
{
    uint8_t any[BATCH];
    for (int b = 0; b < BATCH; b++)
        any[b] = out->present[0][b] || out->present[1][b] || out->present[2][b];
    for (modality u = 0; u < MODALITIES; u++)
        assert_ok(
            label_bank_write(bank, (int)u, samples, BATCH, out->specific[u]->device_data, out->present[u], error));
    assert_ok(label_bank_write(bank, MODALITY_SHARED, samples, BATCH, out->shared_mean->device_data, any, error));
}

static void replay(const char *name, const char *const *settings)
{
    twin w;
    open_twin(&w, name, settings);
    int targets = task_targets(&w.task);
    label_generation_options label_options = label_generation_options_from(&w.c.run, &w.task);
    objective_options options = objective_options_from(&w.c.run, &w.task, 1);
    optimiser_options rates = optimiser_options_from(&w.c.run.train);
    label_bank *bank;
    label_generation *labels;
    optimiser *adam;
    assert_ok(label_bank_new(label_options.rule, SAMPLES, w.c.model.model.width, &bank, error));
    assert_ok(label_generation_new(&label_options, bank, &(label_truth){.values = w.truth}, &labels, error));
    assert_ok(optimiser_new(w.store, &rates, &adam, error));
    tape *t = tape_new(&(tape_options){.record = true, .training = true, .check_finite = true});
    float *losses = read_floats(&w, "", "losses", STEPS * 6), *norms = read_floats(&w, "", "norms", STEPS);
    for (int step = 0; step < STEPS; step++) {
        const int64_t *samples = w.order + step * BATCH;
        step_data d;
        objective_terms terms;
        double norm;
        tape_reset(t, NULL);
        semanticmac_outputs out = forward(&w, t, samples, &d);
        assert_ok(tape_status(t, error));
        objective_inputs in = objective_inputs_from(&out, 1, BATCH);
        in.tasks[0].target = in.contrast.target[0] = d.target;
        for (int b = 0; b < BATCH; b++)
            memcpy(d.target + b * targets, w.truth + samples[b] * targets, (size_t)targets * sizeof(float));
        for (modality target = 0; target < MODALITIES_AND_SHARED; target++) {
            label_generation_gather(labels, target, samples, BATCH, d.labels[target]);
            in.tasks[0].labels[target] = d.labels[target];
        }
        value *loss = objective_total(t, &options, &in, NULL, &terms);
        assert_ok(tape_status(t, error));
        parameter_zero_gradients(w.store);
        assert_ok(tape_backward(t, loss, 1, error));
        if (step == 0)
            compare_first_step(&w, &out);
        assert_ok(optimiser_step(
            adam, schedule_factor(w.c.run.train.schedule, w.c.run.train.warmup, step, STEPS), &norm, error));
        write_banks(bank, &out, samples);
        double specific = 0, count = 0;
        for (int u = 0; u < 3; u++)
            if (terms.tasks[0].has_specific[u])
                specific += terms.tasks[0].specific[u], count++;
        const double found[6] = {
            terms.total, terms.tasks[0].task, specific / count, terms.tasks[0].shared, terms.intra, terms.inter};
        for (int i = 0; i < 6; i++)
            assert_near(found[i], losses[step * 6 + i], tolerance * fabs(losses[step * 6 + i]));
        assert_near(norm, norms[step], tolerance * norms[step]);
        if (step % EPOCH_STEPS != EPOCH_STEPS - 1)
            continue;
        int epoch = step / EPOCH_STEPS + 1;
        assert_ok(label_generation_refresh(labels, epoch, NULL, error));
        for (modality target = 0; target < MODALITIES_AND_SHARED; target++) {
            char label[64];
            snprintf(label, sizeof label, "%d.%s", epoch,
                target == MODALITY_SHARED ? "shared" : modality_name((modality)target));
            compare(&w, "labels.", label, label_generation_labels(labels, target), SAMPLES * targets);
        }
    }
    for (int64_t i = 0; i < parameter_number(w.store); i++) {
        const parameter *p = parameter_at(w.store, i);
        if (!is_idle(&w, p))
            compare(&w, "final.", short_name(p), p->device_data, p->count);
    }
    free(losses);
    free(norms);
    tape_free(t);
    optimiser_free(adam);
    label_generation_free(labels);
    label_bank_free(bank);
    close_twin(&w);
}

static void regression_with_the_defaults(void **state)
{
    (void)state;
    replay("regression", NULL);
}

static void classes_with_other_switches(void **state)
{
    (void)state;
    replay("classes",
        (const char *[]){"perceiver.pooling=mean", "interaction.gate=sigmoid", "labels.similarity=euclidean",
            "contrast.cross_negatives=true", "labels.mix=0.3", NULL});
}

static void rank_contrast_and_tanh_gate(void **state)
{
    (void)state;
    replay("rank",
        (const char *[]){
            "interaction.gate=tanh", "contrast.inter=rank", "perceiver.layers=1", "interaction.layers=1", NULL});
}

static void reliability_is_a_correlation(void **state)
{
    (void)state;
    task_description score, classes;
    assert_ok(task_regression(&score, "sentiment", "mosi", -3, 3, error));
    assert_ok(task_with_classes(&classes, "humor", "urfunny", 2, NULL, error));
    const float truth[5] = {-2, -1, 0, 1, NAN}, same[5] = {1, 2, 3, 4, 9}, against[5] = {4, 3, 2, 1, 9};
    const float some[5] = {1, 3, 2, NAN, 9}, flat[5] = {2, 2, 2, 2, 2};
    assert_near(head_reliability(&score, 5, same, truth), 1, 1e-9);
    assert_near(head_reliability(&score, 5, against, truth), 0, 0);
    assert_near(head_reliability(&score, 5, some, truth), 0.5, 1e-9);
    assert_near(head_reliability(&score, 5, flat, truth), 0, 0);
    assert_near(head_reliability(&score, 0, flat, truth), 0, 0);
    const float labels[4] = {0, 0, 1, 1}, chances[8] = {0.9f, 0.1f, 0.7f, 0.3f, 0.2f, 0.8f, 0.4f, 0.6f};
    assert_true(head_reliability(&classes, 4, chances, labels) > 0.9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regression_with_the_defaults),
        cmocka_unit_test(classes_with_other_switches),
        cmocka_unit_test(rank_contrast_and_tanh_gate),
        cmocka_unit_test(reliability_is_a_correlation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
