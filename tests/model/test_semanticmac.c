/*
 * The core: gradients of every parameter against finite differences, and what docs/method.md promises of its outputs:
 * nothing depends on padding or on the rest of the batch, p_u on no other modality, r_u neither when alpha is 0.
 */
#include "support/check.h"

#include "base/random.h"
#include "model/semanticmac.h"

enum { BATCH = 4, WORDS = 5, STEPS = 6, TEXT_WIDTH = 7, AUDIO_WIDTH = 6, VISION_WIDTH = 5, CROPS = 3 };

typedef struct fixture {
    configuration c;
    parameter_store *store;
    semanticmac *core;
    float text[BATCH * WORDS * TEXT_WIDTH], audio[BATCH * STEPS * AUDIO_WIDTH];
    float vision[BATCH * STEPS * CROPS * VISION_WIDTH];
    uint8_t text_mask[BATCH * WORDS], audio_mask[BATCH * STEPS], vision_mask[BATCH * STEPS], present[3][BATCH];
} fixture;

static void fill(float *x, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        x[i] = random_normal_at(7, random_stream(name), i);
}

static void set_small(configuration *c)
{
    static const char *const settings[] = {"model.width=8", "model.heads=2", "model.head_width=3", "model.dropout=0",
        "perceiver.latents=3", "perceiver.layers=2", "perceiver.max_clips=6", "interaction.queries=2",
        "interaction.layers=2", "contrast.projection=4"};
    configuration_defaults(c);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        assert_ok(configuration_set_assignment(c, settings[i], error));
}

static int64_t other_width; /* of a second input of words and sound; 0: there is none */

static void build(fixture *f, const char *const *settings, int task_count)
{
    task_description tasks[2];
    smac_error error = {0};
    memset(f, 0, sizeof *f);
    set_small(&f->c);
    for (; settings && *settings; settings++)
        if (configuration_set_assignment(&f->c, *settings, &error) != SMAC_OK)
            fail_msg("%s", error.message);
    task_regression(&tasks[0], "sentiment", "mosi", -3, 3, NULL);
    task_with_classes(&tasks[1], "emotion", "meld", 3, NULL, NULL);
    f->store = parameter_store_new();
    semanticmac_sizes sizes = {.width = {{TEXT_WIDTH, other_width}, {AUDIO_WIDTH, other_width}, {VISION_WIDTH}},
        .crops = {1, 1, CROPS},
        .tasks = tasks,
        .task_count = task_count};
    if (semanticmac_add(f->store, "core", &f->c, &sizes, &f->core, &error) != SMAC_OK ||
        parameter_store_seal(f->store, true, 3, &error) != SMAC_OK)
        fail_msg("%s", error.message);
    for (int64_t i = 0; i < parameter_number(f->store);
         i++) { /* no zeros and ones: every gradient has something to say */
        parameter *p = parameter_at(f->store, i);
        if (strstr(p->name, "alpha"))
            continue;
        float scale = p->rank < 2 || !p->decay ? 0.3f : 0;
        for (int64_t k = 0; k < p->count; k++)
            p->device_data[k] += scale * random_normal_at(5, random_stream(p->name), (uint64_t)k);
        if (strstr(p->name, "first.bias")) /* the kinks of ReLU out of the finite differences' way */
            for (int64_t k = 0; k < p->count; k++)
                p->device_data[k] = k % 2 ? 6 : -6;
    }
    parameter_touch_all(f->store);
    fill(f->text, sizeof f->text / sizeof(float), "text");
    fill(f->audio, sizeof f->audio / sizeof(float), "audio");
    fill(f->vision, sizeof f->vision / sizeof(float), "vision");
    for (int b = 0; b < BATCH;
         b++) { /* lengths differ; sample 1 lacks audio, sample 2 vision, sample 3 text and audio */
        for (int i = 0; i < WORDS; i++)
            f->text_mask[b * WORDS + i] = i < WORDS - b;
        for (int i = 0; i < STEPS; i++)
            f->audio_mask[b * STEPS + i] = f->vision_mask[b * STEPS + i] = i < STEPS - b;
        f->present[0][b] = b != 3;
        f->present[1][b] = b != 1 && b != 3;
        f->present[2][b] = b != 2;
    }
}

static void clear(fixture *f)
{
    semanticmac_free(f->core);
    parameter_store_free(f->store);
}

static semantic_sequence sequence(value *vectors, const uint8_t *mask, const uint8_t *present)
{
    return (semantic_sequence){.vectors = vectors, .mask = mask, .present = present};
}

static semanticmac_outputs forward(fixture *f, tape *t)
{
    semantic_sequence s[MODALITIES] = {
        sequence(tape_value(t, 3, (int64_t[]){BATCH, WORDS, TEXT_WIDTH}, f->text), f->text_mask, f->present[0]),
        sequence(tape_value(t, 4, (int64_t[]){BATCH, STEPS, 1, AUDIO_WIDTH}, f->audio), f->audio_mask, f->present[1]),
        sequence(tape_value(t, 4, (int64_t[]){BATCH, STEPS, CROPS, VISION_WIDTH}, f->vision), f->vision_mask,
            f->present[2])};
    return semanticmac_forward(t, f->core, BATCH, s, SEMANTICMAC_EVERYTHING);
}

/* A scalar in which every output has a part: the sum of squares of sums with odd weights. */
static value *everything(tape *t, const semanticmac *m, const semanticmac_outputs *out)
{
    value *list[64];
    int count = 0;
    for (modality u = 0; u < MODALITIES; u++) {
        if (!m->has[u])
            continue;
        list[count++] = out->intra_specific[u];
        list[count++] = out->intra_shared[u];
        for (int i = 0; i < m->task_count; i++)
            list[count++] = out->specific_head[i][u];
    }
    for (int i = 0; i < m->task_count; i++) {
        list[count++] = out->prediction[i];
        list[count++] = out->shared_head[i];
    }
    list[count++] = out->inter;
    value *total = NULL;
    for (int i = 0; i < count; i++) {
        if (!list[i])
            return NULL;
        float *weight = tape_scratch(t, (size_t)list[i]->count * sizeof *weight);
        for (int64_t k = 0; k < list[i]->count; k++)
            weight[k] = random_normal_at(9, (uint64_t)i, (uint64_t)k);
        value *w = tape_value(t, list[i]->rank, list[i]->dim, weight);
        value *sum = op_sum(t, op_multiply(t, list[i], w));
        total = total ? op_add(t, total, sum) : sum;
    }
    return total;
}

static double scalar(fixture *f)
{
    tape *t = tape_new(NULL);
    semanticmac_outputs out = forward(f, t);
    value *v = everything(t, f->core, &out);
    assert_ok(tape_status(t, error));
    double result = v->device_data[0];
    tape_free(t);
    return result;
}

/* Directional derivatives: along the gradient of each parameter, and along a random direction. */
static void check_gradients(const char *const *settings)
{
    fixture f;
    build(&f, settings, 2);
    tape *t = tape_new(&(tape_options){.record = true});
    semanticmac_outputs out = forward(&f, t);
    value *loss = everything(t, f.core, &out);
    assert_ok(tape_status(t, error));
    parameter_zero_gradients(f.store);
    assert_ok(tape_backward(t, loss, 1, error));
    for (int64_t i = 0; i < parameter_number(f.store); i++) {
        parameter *p = parameter_at(f.store, i);
        float *saved = malloc((size_t)p->count * sizeof *saved);
        double squares = 0;
        memcpy(saved, p->device_data, (size_t)p->count * sizeof *saved);
        for (int64_t k = 0; k < p->count; k++)
            squares += (double)p->grad[k] * p->grad[k];
        double norm = sqrt(squares), step = 2e-3;
        for (int direction = 0; direction < 2; direction++) {
            double expected = 0, sides[2];
            for (int side = 0; side < 2; side++) {
                expected = 0;
                for (int64_t k = 0; k < p->count; k++) {
                    double d = direction == 0 && norm > 0
                        ? p->grad[k] / norm
                        : random_normal_at(11, (uint64_t)i, (uint64_t)k) / sqrt((double)p->count);
                    p->device_data[k] = (float)(saved[k] + (side ? step : -step) * d);
                    expected += d * p->grad[k];
                }
                parameter_touch_all(f.store);
                sides[side] = scalar(&f);
            }
            double found = (sides[1] - sides[0]) / (2 * step);
            if (fabs(found - expected) > 2e-2 * fabs(expected) + 2e-2)
                fail_msg("gradient of %s along direction %d: %g, by finite differences %g", p->name, direction,
                    expected, found);
        }
        memcpy(p->device_data, saved, (size_t)p->count * sizeof *saved);
        free(saved);
    }
    tape_free(t);
    clear(&f);
}

static void gradients_of_every_parameter(void **state)
{
    (void)state;
    check_gradients(NULL);
}

static void gradients_with_other_switches(void **state)
{
    (void)state;
    check_gradients((const char *[]){"interaction.gate=none", "perceiver.pooling=mean", NULL});
    check_gradients((const char *[]){"interaction.gate=tanh", "perceiver.max_clips=4", "model.text=false", NULL});
    check_gradients((const char *[]){"interaction.gate=sigmoid", "model.audio=false", "model.vision=false", NULL});
}

static void every_parameter_is_reached(void **state)
{
    (void)state;
    fixture f;
    build(&f, NULL, 1);
    tape *t = tape_new(&(tape_options){.record = true});
    semanticmac_outputs out = forward(&f, t);
    assert_ok(tape_backward(t, everything(t, f.core, &out), 1, error));
    for (int64_t i = 0; i < parameter_number(f.store); i++) {
        parameter *p = parameter_at(f.store, i);
        double sum = 0;
        for (int64_t k = 0; k < p->count; k++)
            sum += fabs(p->grad[k]);
        if (sum == 0)
            fail_msg("parameter %s has no gradient", p->name);
        bool token = strstr(p->name, "latents") || strstr(p->name, "queries") || strstr(p->name, "missing") ||
            strstr(p->name, ".time") || strstr(p->name, ".crop") || strstr(p->name, "alpha");
        assert_int_equal(p->decay, p->rank == 2 && !token);
        assert_true(p->rate_scale == (strstr(p->name, "alpha") ? 10.0f : 1.0f));
    }
    tape_free(t);
    clear(&f);
}

/* --- properties ---------------------------------------------------------------------------------------------------- */

static const float *row(const value *v, int64_t b)
{
    return v->device_data + b * (v->count / v->dim[0]);
}

static void assert_same_rows(const value *a, int64_t row_a, const value *b, int64_t row_b, double tolerance)
{
    int64_t width = a->count / a->dim[0];
    for (int64_t i = 0; i < width; i++)
        assert_near(row(a, row_a)[i], row(b, row_b)[i], tolerance);
}

static void padding_and_batch_do_not_matter(void **state)
{
    (void)state;
    fixture f;
    build(&f, NULL, 2);
    tape *t = tape_new(NULL), *alone = tape_new(NULL);
    semanticmac_outputs out = forward(&f, t);
    assert_ok(tape_status(t, error));
    for (int b = 0; b < BATCH; b++) { /* each sample by itself, cut to its own length */
        int words = WORDS - b, steps = STEPS - b;
        tape_reset(alone, NULL);
        semantic_sequence s[MODALITIES] = {
            sequence(tape_value(alone, 3, (int64_t[]){1, words, TEXT_WIDTH}, f.text + b * WORDS * TEXT_WIDTH), NULL,
                &f.present[0][b]),
            sequence(tape_value(alone, 4, (int64_t[]){1, steps, 1, AUDIO_WIDTH}, f.audio + b * STEPS * AUDIO_WIDTH),
                NULL, &f.present[1][b]),
            sequence(tape_value(alone, 4, (int64_t[]){1, steps, CROPS, VISION_WIDTH},
                         f.vision + b * STEPS * CROPS * VISION_WIDTH),
                NULL, &f.present[2][b])};
        for (modality u = 0; u < MODALITIES; u++) /* a missing one may also have no vectors at all */
            if (!f.present[u][b])
                s[u].vectors = NULL;
        semanticmac_outputs one = semanticmac_forward(alone, f.core, 1, s, SEMANTICMAC_EVERYTHING);
        assert_ok(tape_status(alone, error));
        for (modality u = 0; u < MODALITIES; u++) {
            assert_same_rows(one.specific[u], 0, out.specific[u], b, 2e-6);
            assert_same_rows(one.shared[u], 0, out.shared[u], b, 2e-6);
            assert_same_rows(one.specific_head[1][u], 0, out.specific_head[1][u], b, 2e-6);
            assert_int_equal(one.present[u][0], f.present[u][b]);
        }
        assert_same_rows(one.prediction[0], 0, out.prediction[0], b, 5e-6);
        assert_same_rows(one.inter, 0, out.inter, b, 5e-6);
    }
    tape_free(t);
    tape_free(alone);
    clear(&f);
}

static void garbage_under_the_mask_does_not_matter(void **state)
{
    (void)state;
    fixture f;
    build(&f, NULL, 1);
    tape *t = tape_new(NULL), *other = tape_new(NULL);
    semanticmac_outputs before = forward(&f, t);
    for (int i = 0; i < BATCH * WORDS; i++)
        for (int d = 0; !f.text_mask[i] && d < TEXT_WIDTH; d++)
            f.text[i * TEXT_WIDTH + d] = 1000;
    for (int i = 0; i < BATCH * STEPS; i++)
        for (int d = 0; !f.vision_mask[i] && d < CROPS * VISION_WIDTH; d++)
            f.vision[i * CROPS * VISION_WIDTH + d] = -1000;
    for (int i = 0; i < STEPS * AUDIO_WIDTH; i++)
        f.audio[STEPS * AUDIO_WIDTH + i] = 77; /* sample 1 lacks audio */
    semanticmac_outputs after = forward(&f, other);
    assert_ok(tape_status(other, error));
    assert_memory_equal(before.prediction[0]->device_data, after.prediction[0]->device_data, BATCH * sizeof(float));
    assert_memory_equal(
        before.inter->device_data, after.inter->device_data, (size_t)before.inter->count * sizeof(float));
    tape_free(t);
    tape_free(other);
    clear(&f);
}

static void specific_never_sees_another_modality(void **state)
{
    (void)state;
    for (modality changed = 0; changed < MODALITIES; changed++) {
        for (int missing = 0; missing < 2; missing++) {
            fixture f;
            build(&f, NULL, 1);
            tape *t = tape_new(NULL), *other = tape_new(NULL);
            semanticmac_outputs before = forward(&f, t);
            float *data[] = {f.text, f.audio, f.vision};
            size_t count[] = {sizeof f.text, sizeof f.audio, sizeof f.vision};
            fill(data[changed], count[changed] / sizeof(float), "another clip");
            if (missing)
                memset(f.present[changed], 0, BATCH);
            semanticmac_outputs after = forward(&f, other);
            assert_ok(tape_status(other, error));
            for (modality u = 0; u < MODALITIES; u++) {
                size_t bytes = (size_t)before.specific[u]->count * sizeof(float);
                if (u == changed)
                    assert_memory_not_equal(before.specific[u]->device_data, after.specific[u]->device_data, bytes);
                else {
                    assert_memory_equal(before.specific[u]->device_data, after.specific[u]->device_data, bytes);
                    assert_memory_equal(before.specific_head[0][u]->device_data, after.specific_head[0][u]->device_data,
                        BATCH * sizeof(float));
                    assert_memory_not_equal(before.shared[u]->device_data, after.shared[u]->device_data, bytes);
                }
            }
            tape_free(t);
            tape_free(other);
            clear(&f);
        }
    }
}

static void shared_does_not_look_across_when_alpha_is_zero(void **state)
{
    (void)state;
    fixture f;
    build(&f, (const char *[]){"interaction.gate_start=0", NULL}, 1);
    tape *t = tape_new(NULL), *other = tape_new(NULL);
    semanticmac_outputs before = forward(&f, t);
    fill(f.vision, sizeof f.vision / sizeof(float), "another clip");
    semanticmac_outputs after = forward(&f, other);
    assert_ok(tape_status(other, error));
    size_t bytes = (size_t)before.shared[0]->count * sizeof(float);
    assert_memory_equal(before.shared[0]->device_data, after.shared[0]->device_data, bytes);
    assert_memory_equal(before.shared[1]->device_data, after.shared[1]->device_data, bytes);
    assert_memory_not_equal(before.shared[2]->device_data, after.shared[2]->device_data, bytes);
    tape_free(t);
    tape_free(other);
    clear(&f);
}

static void long_videos_are_subsampled_uniformly(void **state)
{
    (void)state;
    fixture f;
    enum { LONG = 25 };
    float vision[2 * LONG * CROPS * VISION_WIDTH], chosen[6 * CROPS * VISION_WIDTH];
    uint8_t mask[2 * LONG];
    build(&f, NULL, 1);
    fill(vision, sizeof vision / sizeof(float), "long");
    for (int i = 0; i < LONG; i++) {
        mask[i] = i < 20; /* sample 0 has 20 clips: those at 0, 3, 6, 10, 13, 16 stay */
        mask[LONG + i] = i < 5;
    }
    static const int kept[6] = {0, 3, 6, 10, 13, 16};
    size_t clip = CROPS * VISION_WIDTH;
    for (int i = 0; i < 6; i++)
        memcpy(chosen + i * clip, vision + kept[i] * clip, clip * sizeof(float));
    tape *t = tape_new(NULL), *other = tape_new(NULL);
    semantic_sequence s[MODALITIES] = {
        {0}, {0}, sequence(tape_value(t, 4, (int64_t[]){2, LONG, CROPS, VISION_WIDTH}, vision), mask, NULL)};
    semanticmac_outputs all = semanticmac_forward(t, f.core, 2, s, SEMANTICMAC_PREDICTIONS);
    s[2] = sequence(tape_value(other, 4, (int64_t[]){1, 6, CROPS, VISION_WIDTH}, chosen), NULL, NULL);
    semanticmac_outputs cut = semanticmac_forward(other, f.core, 1, s, SEMANTICMAC_PREDICTIONS);
    assert_ok(tape_status(t, error));
    assert_ok(tape_status(other, error));
    assert_same_rows(all.specific[2], 0, cut.specific[2], 0, 2e-6);
    s[2] = sequence(tape_value(other, 4, (int64_t[]){1, 5, CROPS, VISION_WIDTH}, vision + LONG * clip), NULL, NULL);
    cut = semanticmac_forward(other, f.core, 1, s, SEMANTICMAC_PREDICTIONS);
    assert_same_rows(all.specific[2], 1, cut.specific[2], 0, 2e-6); /* a short one keeps its places */
    tape_free(t);
    tape_free(other);
    clear(&f);
}

/* Samples whose words and sound are vectors of another kind, beside others: each as if it were alone; both kinds learn. */
static void samples_of_several_inputs(void **state)
{
    enum { OTHER = 5, OTHER_STEPS = WORDS + 2 };
    static const uint8_t other_words[BATCH] = {0, 1, 0, 0}, other_sound[BATCH] = {1, 0, 0, 0};
    (void)state;
    fixture f;
    float vectors[BATCH * OTHER_STEPS * OTHER];
    uint8_t mask[BATCH * OTHER_STEPS], words[BATCH], sound[BATCH];
    other_width = OTHER;
    build(&f, NULL, 2);
    other_width = 0;
    fill(vectors, sizeof vectors / sizeof *vectors, "other");
    for (int b = 0; b < BATCH; b++) {
        words[b] = f.present[0][b] && !other_words[b];
        sound[b] = f.present[1][b] && !other_sound[b];
        for (int i = 0; i < OTHER_STEPS; i++)
            mask[b * OTHER_STEPS + i] = i < OTHER_STEPS - b;
    }
    tape *t = tape_new(&(tape_options){.record = true}), *alone = tape_new(NULL);
    semantic_sequence more[2] = {
        sequence(tape_value(t, 3, (int64_t[]){BATCH, OTHER_STEPS, OTHER}, vectors), mask, other_words),
        sequence(tape_value(t, 4, (int64_t[]){BATCH, OTHER_STEPS, 1, OTHER}, vectors), mask, other_sound)};
    semantic_sequence s[MODALITIES] = {
        sequence(tape_value(t, 3, (int64_t[]){BATCH, WORDS, TEXT_WIDTH}, f.text), f.text_mask, words),
        sequence(tape_value(t, 4, (int64_t[]){BATCH, STEPS, 1, AUDIO_WIDTH}, f.audio), f.audio_mask, sound),
        sequence(
            tape_value(t, 4, (int64_t[]){BATCH, STEPS, CROPS, VISION_WIDTH}, f.vision), f.vision_mask, f.present[2])};
    for (int u = 0; u < 2; u++) {
        more[u].input = 1;
        s[u].next = &more[u];
    }
    semanticmac_outputs out = semanticmac_forward(t, f.core, BATCH, s, SEMANTICMAC_EVERYTHING);
    assert_ok(tape_status(t, error));
    for (int b = 0; b < BATCH; b++) {
        int steps = OTHER_STEPS - b;
        tape_reset(alone, NULL);
        semantic_sequence one[MODALITIES] = {
            sequence(tape_value(alone, 3, (int64_t[]){1, WORDS, TEXT_WIDTH}, f.text + b * WORDS * TEXT_WIDTH),
                f.text_mask + b * WORDS, &f.present[0][b]),
            sequence(tape_value(alone, 4, (int64_t[]){1, STEPS, 1, AUDIO_WIDTH}, f.audio + b * STEPS * AUDIO_WIDTH),
                f.audio_mask + b * STEPS, &f.present[1][b]),
            sequence(tape_value(alone, 4, (int64_t[]){1, STEPS, CROPS, VISION_WIDTH},
                         f.vision + b * STEPS * CROPS * VISION_WIDTH),
                f.vision_mask + b * STEPS, &f.present[2][b])};
        const float *own = vectors + b * OTHER_STEPS * OTHER;
        if (other_words[b])
            one[0] =
                (semantic_sequence){.vectors = tape_value(alone, 3, (int64_t[]){1, steps, OTHER}, own), .input = 1};
        if (other_sound[b])
            one[1] =
                (semantic_sequence){.vectors = tape_value(alone, 4, (int64_t[]){1, steps, 1, OTHER}, own), .input = 1};
        semanticmac_outputs single = semanticmac_forward(alone, f.core, 1, one, SEMANTICMAC_EVERYTHING);
        assert_ok(tape_status(alone, error));
        for (modality u = 0; u < MODALITIES; u++) {
            assert_int_equal(out.present[u][b], f.present[u][b]);
            assert_same_rows(single.specific[u], 0, out.specific[u], b, 2e-6);
        }
        assert_same_rows(single.prediction[0], 0, out.prediction[0], b, 5e-6);
    }
    assert_ok(tape_backward(t, everything(t, f.core, &out), 1, error));
    static const char *const learned[] = {"core.text.project.weight", "core.text.project_2.weight",
        "core.audio.project.weight", "core.audio.project_2.weight", "core.text.missing"};
    for (size_t i = 0; i < sizeof learned / sizeof *learned; i++) {
        const parameter *p = parameter_find(f.store, learned[i]);
        double sum = 0;
        assert_non_null(p);
        for (int64_t k = 0; k < p->count; k++)
            sum += fabs((double)p->grad[k]);
        assert_true(sum > 0);
    }
    s[0].input = 2;
    tape_reset(t, NULL);
    smac_error found = {0};
    s[0].vectors = tape_value(t, 3, (int64_t[]){BATCH, WORDS, TEXT_WIDTH}, f.text);
    semanticmac_forward(t, f.core, BATCH, s, SEMANTICMAC_PREDICTIONS);
    assert_int_equal(tape_status(t, &found), SMAC_ERROR_MISMATCH);
    tape_free(t);
    tape_free(alone);
    clear(&f);
}

static void shared_mean_is_of_present_modalities(void **state)
{
    (void)state;
    fixture f;
    build(&f, NULL, 1);
    tape *t = tape_new(NULL);
    semanticmac_outputs out = forward(&f, t);
    assert_ok(tape_status(t, error));
    int64_t width = out.shared_mean->dim[1];
    for (int b = 0; b < BATCH; b++)
        for (int64_t d = 0; d < width; d++) {
            double sum = 0, count = 0;
            for (modality u = 0; u < MODALITIES; u++)
                if (f.present[u][b])
                    sum += out.shared[u]->device_data[b * width + d], count++;
            assert_near(out.shared_mean->device_data[b * width + d], sum / count, 1e-6);
        }
    tape_free(t);
    clear(&f);
}

static void wrong_shapes_are_refused(void **state)
{
    (void)state;
    fixture f;
    smac_error found = {0};
    build(&f, NULL, 1);
    tape *t = tape_new(NULL);
    semantic_sequence s[MODALITIES] = {
        sequence(tape_value(t, 3, (int64_t[]){BATCH, WORDS, TEXT_WIDTH - 1}, NULL), NULL, NULL)};
    semanticmac_outputs out = semanticmac_forward(t, f.core, BATCH, s, SEMANTICMAC_EVERYTHING);
    assert_null(out.prediction[0]);
    assert_int_equal(tape_status(t, &found), SMAC_ERROR_MISMATCH);
    assert_non_null(strstr(found.message, "width 7"));
    tape_reset(t, NULL);
    memset(s, 0, sizeof s);
    out = semanticmac_forward(t, f.core, BATCH, s, SEMANTICMAC_EVERYTHING); /* nothing at all is present */
    assert_ok(tape_status(t, error));
    assert_true(isfinite(out.prediction[0]->device_data[0]));
    out = semanticmac_forward(t, f.core, 0, s, SEMANTICMAC_EVERYTHING);
    assert_int_equal(tape_status(t, &found), SMAC_ERROR_ARGUMENT);
    tape_free(t);
    clear(&f);
    semanticmac *core;
    task_description task;
    configuration c;
    set_small(&c);
    task_regression(&task, "sentiment", "mosi", -1, 1, NULL);
    parameter_store *store = parameter_store_new();
    assert_int_equal(semanticmac_add(store, "core", &c,
                         &(semanticmac_sizes){.crops = {1, 1, 1}, .tasks = &task, .task_count = 1}, &core, &found),
        SMAC_ERROR_ARGUMENT);
    assert_null(core);
    parameter_store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_of_every_parameter),
        cmocka_unit_test(gradients_with_other_switches),
        cmocka_unit_test(every_parameter_is_reached),
        cmocka_unit_test(padding_and_batch_do_not_matter),
        cmocka_unit_test(garbage_under_the_mask_does_not_matter),
        cmocka_unit_test(specific_never_sees_another_modality),
        cmocka_unit_test(shared_does_not_look_across_when_alpha_is_zero),
        cmocka_unit_test(long_videos_are_subsampled_uniformly),
        cmocka_unit_test(samples_of_several_inputs),
        cmocka_unit_test(shared_mean_is_of_present_modalities),
        cmocka_unit_test(wrong_shapes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
