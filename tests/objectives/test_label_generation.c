/*
 * Label generation: the rule of docs/method.md, section 5, against a plain reference written from it; its promises; the
 * held-out prediction, Self-MM, the mix by clip, missing modalities, the state.
 */
#include "support/check.h"

#include "base/random.h"
#include "compute/parallel.h"
#include "objectives/label_generation.h"

enum { SAMPLES = 150, WIDTH = 9 };

static label_generation_options options_of(label_rule rule)
{
    return (label_generation_options){.targets = 1,
        .low = -3,
        .high = 3,
        .rule = rule,
        .neighbours = 20,
        .neighbour_fraction = 0.1,
        .temperature = 0.1,
        .mix = {0.5, 0.5, 0.5, 0.5},
        .momentum = true,
        .start_epoch = 1,
        .folds = 5,
        .ridge = 0.01,
        .seed = 1};
}

/* Vectors that know the label, with noise; a scale and an offset of their own. */
static void make_data(float *truth, float *vectors, double noise, uint64_t stream)
{
    for (int i = 0; i < SAMPLES; i++) {
        truth[i] = (float)(6 * (random_uniform_at(5, 1, (uint64_t)i) - 0.5));
        for (int d = 0; d < WIDTH; d++)
            vectors[i * WIDTH + d] =
                (float)(3 + cos(d) * truth[i] + noise * random_normal_at(5, stream, (uint64_t)(i * WIDTH + d)));
    }
}

static label_bank *bank; /* of the label generation under test */
static int64_t all_samples[SAMPLES];

static label_bank *bank_of(label_rule rule, int64_t samples)
{
    label_bank_free(bank);
    assert_ok(label_bank_new(rule, samples, WIDTH, &bank, error));
    for (int i = 0; i < SAMPLES; i++)
        all_samples[i] = i;
    return bank;
}

static label_generation *start_some(
    const label_generation_options *o, int64_t samples, const float *truth, const float *vectors)
{
    label_generation *g;
    bank_of(o->rule, samples);
    assert_ok(label_generation_new(o, bank, &(label_truth){.values = truth}, &g, error));
    for (int kind = 0; kind < LABEL_BANKS; kind++)
        assert_ok(label_bank_write(bank, kind, all_samples, samples, vectors, NULL, error));
    return g;
}

static label_generation *start(const label_generation_options *o, const float *truth, const float *vectors)
{
    return start_some(o, SAMPLES, truth, vectors);
}

/* The rule, straight from the page. */
static void reference(
    const label_generation_options *o, const float *vectors, const float *truth, int epoch, float *label)
{
    static double unit[SAMPLES][WIDTH], similarity[SAMPLES];
    double mean[WIDTH] = {0}, scale = 0;
    int k = SAMPLES / 10 < o->neighbours ? SAMPLES / 10 : (int)o->neighbours;
    for (int i = 0; i < SAMPLES * WIDTH; i++)
        mean[i % WIDTH] += vectors[i] / (double)SAMPLES;
    for (int i = 0; i < SAMPLES; i++) {
        double norm = 0;
        for (int d = 0; d < WIDTH; d++) {
            unit[i][d] = vectors[i * WIDTH + d] - mean[d];
            norm += unit[i][d] * unit[i][d];
        }
        scale += 2 * norm / SAMPLES;
        for (int d = 0; !o->euclidean && d < WIDTH; d++)
            unit[i][d] /= sqrt(norm);
    }
    for (int i = 0; i < SAMPLES; i++) {
        bool taken[SAMPLES] = {false};
        double total = 0, sum = 0;
        for (int j = 0; j < SAMPLES; j++) {
            double dot = 0, distance = 0;
            for (int d = 0; d < WIDTH; d++) {
                dot += unit[i][d] * unit[j][d];
                distance += pow(unit[i][d] - unit[j][d], 2);
            }
            similarity[j] = o->euclidean ? -sqrt(distance / scale) : dot;
        }
        for (int n = 0; n < k; n++) {
            int best = -1;
            for (int j = 0; j < SAMPLES; j++)
                if (j != i && !taken[j] && (best < 0 || similarity[j] > similarity[best]))
                    best = j;
            taken[best] = true;
            total += exp(similarity[best] / o->temperature);
            sum += exp(similarity[best] / o->temperature) * truth[best];
        }
        double renewed = (1 - o->mix[0]) * truth[i] + o->mix[0] * sum / total;
        label[i] = (float)(epoch / (epoch + 2.0) * label[i] + 2 / (epoch + 2.0) * renewed);
    }
}

static void the_rule(void **state)
{
    (void)state;
    for (int euclidean = 0; euclidean < 2; euclidean++) {
        float truth[SAMPLES], vectors[SAMPLES * WIDTH], expected[SAMPLES];
        label_generation_options o = options_of(LABEL_RULE_NEIGHBOURS);
        o.euclidean = euclidean;
        make_data(truth, vectors, 2, 9);
        memcpy(expected, truth, sizeof truth);
        label_generation *g = start(&o, truth, vectors);
        for (int epoch = 1; epoch <= 3; epoch++) {
            assert_ok(label_generation_refresh(g, epoch, NULL, error));
            reference(&o, vectors, truth, epoch, expected);
            for (int i = 0; i < SAMPLES; i++)
                for (modality target = 0; target < MODALITIES_AND_SHARED; target++)
                    assert_near(label_generation_labels(g, target)[i], expected[i], 1e-4);
        }
        label_generation_free(g);
    }
}

static void zero_mix_keeps_the_truth(void **state)
{
    (void)state;
    for (label_rule rule = LABEL_RULE_FIXED; rule <= LABEL_RULE_HELD_OUT; rule++) {
        float truth[SAMPLES], vectors[SAMPLES * WIDTH];
        label_generation_options o = options_of(rule);
        memset(o.mix, 0, sizeof o.mix);
        make_data(truth, vectors, 2, 9);
        label_generation *g = start(&o, truth, vectors);
        for (int epoch = 1; epoch <= 5; epoch++)
            assert_ok(label_generation_refresh(g, epoch, NULL, error));
        for (modality target = 0; target < MODALITIES_AND_SHARED; target++)
            assert_memory_equal(label_generation_labels(g, target), truth, sizeof truth);
        label_generation_free(g);
    }
}

static void nothing_changes_before_its_epoch(void **state)
{
    (void)state;
    float truth[SAMPLES], vectors[SAMPLES * WIDTH];
    label_generation_options o = options_of(LABEL_RULE_NEIGHBOURS);
    o.start_epoch = 3;
    make_data(truth, vectors, 2, 9);
    label_generation *g = start(&o, truth, vectors);
    assert_ok(label_generation_refresh(g, 1, NULL, error));
    assert_ok(label_generation_refresh(g, 2, NULL, error));
    assert_memory_equal(label_generation_labels(g, 0), truth, sizeof truth);
    assert_ok(label_generation_refresh(g, 3, NULL, error));
    assert_memory_not_equal(label_generation_labels(g, 0), truth, sizeof truth);
    label_generation_free(g);
}

static void labels_stay_inside(void **state)
{
    (void)state;
    for (label_rule rule = LABEL_RULE_NEIGHBOURS; rule <= LABEL_RULE_SELF_MM; rule++) {
        for (int classes = 0; classes < 2; classes++) {
            float truth[SAMPLES], vectors[SAMPLES * WIDTH], votes[SAMPLES * 3] = {0};
            label_generation_options o = options_of(rule);
            if (classes && rule == LABEL_RULE_SELF_MM)
                continue;
            for (int b = 0; b < 4; b++)
                o.mix[b] = 1;
            make_data(truth, vectors, 8, 9);
            for (int i = 0; i < SAMPLES; i++)
                votes[i * 3 + (truth[i] < -1 ? 0 : truth[i] < 1 ? 1 : 2)] = 1;
            if (classes) {
                o.classes = true;
                o.targets = 3;
            }
            label_generation *g = start(&o, classes ? votes : truth, vectors);
            for (int epoch = 1; epoch < 6; epoch++)
                assert_ok(label_generation_refresh(g, epoch, NULL, error));
            for (int i = 0; i < SAMPLES; i++)
                for (modality target = 0; target < MODALITIES_AND_SHARED; target++) {
                    const float *q = label_generation_labels(g, target) + i * o.targets;
                    if (classes) {
                        assert_near(q[0] + q[1] + q[2], 1, 1e-5);
                        assert_true(q[0] >= 0 && q[1] >= 0 && q[2] >= 0);
                    } else {
                        assert_true(q[0] >= -3 && q[0] <= 3);
                    }
                }
            label_generation_free(g);
        }
    }
}

static void never_its_own_neighbour_and_ties_to_the_smaller_index(void **state)
{
    (void)state;
    float truth[SAMPLES], vectors[SAMPLES * WIDTH], similarities[SAMPLES];
    int64_t indices[SAMPLES];
    label_generation_options o = options_of(LABEL_RULE_NEIGHBOURS);
    make_data(truth, vectors, 2, 9);
    for (int i = 0; i < SAMPLES; i += 3) /* every third is one and the same vector */
        memcpy(vectors + i * WIDTH, vectors, WIDTH * sizeof(float));
    label_generation *g = start(&o, truth, vectors);
    for (int i = 0; i < SAMPLES; i++) {
        int64_t count = label_generation_neighbours(g, MODALITY_AUDIO, i, SAMPLES, indices, similarities);
        assert_int_equal(count, 15); /* N/10 */
        for (int64_t n = 0; n < count; n++) {
            assert_int_not_equal(indices[n], i);
            if (i % 3 == 0)
                assert_int_equal(indices[n], 3 * (n + (n >= i / 3)));
            if (n > 0)
                assert_true(similarities[n] < similarities[n - 1] ||
                    (similarities[n] == similarities[n - 1] && indices[n] > indices[n - 1]));
        }
    }
    label_generation_free(g);
}

static void the_same_bits_for_any_number_of_threads(void **state)
{
    (void)state;
    float truth[SAMPLES], vectors[SAMPLES * WIDTH];
    make_data(truth, vectors, 2, 9);
    for (label_rule rule = LABEL_RULE_NEIGHBOURS; rule <= LABEL_RULE_HELD_OUT; rule++) {
        label_generation_options o = options_of(rule);
        float labels[2][SAMPLES];
        for (int run = 0; run < 2; run++) {
            parallel_set_threads(run == 0 ? 1 : 3);
            label_generation *g = start(&o, truth, vectors);
            assert_ok(label_generation_refresh(g, 1, NULL, error));
            memcpy(labels[run], label_generation_labels(g, 0), sizeof labels[run]);
            label_generation_free(g);
        }
        parallel_set_threads(0);
        assert_memory_equal(labels[0], labels[1], sizeof truth);
    }
}

static void missing_samples_are_nobodys_neighbours(void **state)
{
    (void)state;
    float truth[SAMPLES], vectors[SAMPLES * WIDTH];
    int64_t samples[SAMPLES], indices[SAMPLES];
    float similarities[SAMPLES];
    uint8_t present[SAMPLES];
    label_generation *g;
    label_generation_options o = options_of(LABEL_RULE_NEIGHBOURS);
    make_data(truth, vectors, 2, 9);
    for (int i = 0; i < SAMPLES; i++) {
        samples[i] = i;
        present[i] = i % 5 != 0;
        if (!present[i])
            vectors[i * WIDTH] = NAN; /* and is not read */
    }
    assert_ok(label_generation_new(&o, bank_of(o.rule, SAMPLES), &(label_truth){.values = truth}, &g, error));
    assert_ok(label_bank_write(bank, MODALITY_VISION, samples, SAMPLES, vectors, present, error));
    assert_ok(label_generation_refresh(g, 1, NULL, error));
    int changed = 0;
    for (int i = 0; i < SAMPLES; i++) {
        if (!present[i])
            assert_true(label_generation_labels(g, MODALITY_VISION)[i] == truth[i]);
        changed += label_generation_labels(g, MODALITY_VISION)[i] != truth[i];
        assert_true(label_generation_labels(g, MODALITY_TEXT)[i] == truth[i]); /* its bank is empty */
    }
    assert_int_equal(changed, 120);
    assert_int_equal(label_generation_neighbours(g, MODALITY_VISION, 0, 9, indices, similarities), 0);
    int64_t count = label_generation_neighbours(g, MODALITY_VISION, 1, SAMPLES, indices, similarities);
    assert_int_equal(count, 12);
    for (int64_t n = 0; n < count; n++)
        assert_true(present[indices[n]]);
    label_generation_free(g);
}

static double correlation(const float *a, const float *b)
{
    double sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
    for (int i = 0; i < SAMPLES; i++)
        sa += a[i], sb += b[i], saa += (double)a[i] * a[i], sbb += (double)b[i] * b[i], sab += (double)a[i] * b[i];
    return (SAMPLES * sab - sa * sb) / sqrt((SAMPLES * saa - sa * sa) * (SAMPLES * sbb - sb * sb));
}

/* Vectors know the modality's own score s; the truth y is another one in every fourth sample. */
static void conflict_data(float *own, float *truth, float *vectors)
{
    make_data(own, vectors, 1, 9);
    for (int i = 0; i < SAMPLES; i++)
        truth[i] = i % 4 == 0 ? -own[i] : own[i];
}

static void held_out_prediction_finds_the_modalitys_own_label(void **state)
{
    (void)state;
    float own[SAMPLES], truth[SAMPLES], vectors[SAMPLES * WIDTH];
    conflict_data(own, truth, vectors);
    label_generation_options o = options_of(LABEL_RULE_HELD_OUT);
    label_generation *g = start(&o, truth, vectors);
    assert_ok(label_generation_refresh(g, 1, NULL, error));
    assert_true(correlation(label_generation_suggestions(g, 0), own) > 0.8);
    assert_true(correlation(label_generation_labels(g, 0), own) > correlation(truth, own) + 0.1);
    label_generation_free(g);
    o.ridge = 0; /* chosen by the held-out error */
    g = start(&o, truth, vectors);
    assert_ok(label_generation_refresh(g, 1, NULL, error));
    assert_true(correlation(label_generation_suggestions(g, 0), own) > 0.8);
    label_generation_free(g);
}

static void held_out_means_held_out(void **state)
{
    (void)state;
    /* the truth of one sample changes: what is said of it must not, and with groups what is said of its group neither */
    float own[SAMPLES], truth[SAMPLES], vectors[SAMPLES * WIDTH];
    int32_t groups[SAMPLES];
    int64_t samples[SAMPLES];
    float said[2][SAMPLES];
    conflict_data(own, truth, vectors);
    label_generation_options o = options_of(LABEL_RULE_HELD_OUT);
    for (int i = 0; i < SAMPLES; i++) {
        groups[i] = i / 10;
        samples[i] = i;
    }
    for (int run = 0; run < 2; run++) {
        label_generation *g;
        if (run)
            truth[33] = 3;
        assert_ok(label_generation_new(
            &o, bank_of(o.rule, SAMPLES), &(label_truth){.values = truth, .groups = groups}, &g, error));
        assert_ok(label_bank_write(bank, 0, samples, SAMPLES, vectors, NULL, error));
        assert_ok(label_generation_refresh(g, 1, NULL, error));
        memcpy(said[run], label_generation_suggestions(g, 0), sizeof said[run]);
        label_generation_free(g);
    }
    int same = 0;
    for (int i = 0; i < SAMPLES; i++)
        same += fabsf(said[0][i] - said[1][i]) < 1e-6f;
    for (int i = 30; i < 40; i++)
        assert_near(said[0][i], said[1][i], 1e-6);
    assert_true(same < SAMPLES / 2);
}

static void mix_by_clip_trusts_the_modality_in_conflict(void **state)
{
    (void)state;
    float own[SAMPLES], truth[SAMPLES], vectors[SAMPLES * WIDTH];
    double with = 0, without = 0;
    conflict_data(own, truth, vectors);
    for (int clipwise = 0; clipwise < 2; clipwise++) {
        label_generation_options o = options_of(LABEL_RULE_HELD_OUT);
        o.momentum = false;
        o.clipwise = clipwise;
        o.mix[0] = 0.2;
        label_generation *g = start(&o, truth, vectors);
        assert_ok(label_generation_refresh(g, 1, NULL, error));
        *(clipwise ? &with : &without) = correlation(label_generation_labels(g, 0), own);
        label_generation_free(g);
    }
    assert_true(with > without + 0.1);
}

static void an_unreliable_modality_keeps_the_truth(void **state)
{
    (void)state;
    float own[SAMPLES], truth[SAMPLES], vectors[SAMPLES * WIDTH];
    conflict_data(own, truth, vectors);
    for (int clipwise = 0; clipwise < 2; clipwise++) {
        label_generation_options o = options_of(LABEL_RULE_NEIGHBOURS);
        o.clipwise = clipwise;
        label_generation *g = start(&o, truth, vectors);
        label_generation_set_reliability(g, MODALITY_TEXT, 0);
        label_generation_set_reliability(g, MODALITY_AUDIO, NAN);
        label_generation_set_reliability(g, MODALITY_VISION, 0.5);
        assert_ok(label_generation_refresh(g, 1, NULL, error));
        assert_memory_equal(label_generation_labels(g, MODALITY_TEXT), truth, sizeof truth);
        assert_memory_equal(label_generation_labels(g, MODALITY_AUDIO), truth, sizeof truth);
        for (int i = 0; i < SAMPLES; i++)
            assert_near(label_generation_labels(g, MODALITY_VISION)[i] - truth[i],
                0.5 * (label_generation_labels(g, MODALITY_SHARED)[i] - truth[i]), 1e-6);
        label_generation_free(g);
    }
}

static void self_mm_is_its_formula(void **state)
{
    (void)state;
    float truth[SAMPLES], vectors[SAMPLES * WIDTH], fused[SAMPLES * WIDTH];
    int64_t samples[SAMPLES];
    label_generation_options o = options_of(LABEL_RULE_SELF_MM);
    make_data(truth, vectors, 2, 9);
    make_data(truth, fused, 1, 10);
    label_generation *g = start(&o, truth, vectors);
    for (int i = 0; i < SAMPLES; i++)
        samples[i] = i;
    assert_ok(label_bank_write(bank, LABEL_BANK_FUSED, samples, SAMPLES, fused, NULL, error));
    assert_ok(label_generation_refresh(g, 1, NULL, error));
    double delta[2][SAMPLES];
    for (int bank = 0; bank < 2; bank++) {
        const float *x = bank ? fused : vectors;
        double centre[2][WIDTH] = {{0}}, count[2] = {0, 0};
        for (int i = 0; i < SAMPLES; i++)
            for (int d = 0; d < WIDTH; d++) {
                centre[truth[i] > 0][d] += x[i * WIDTH + d];
                count[truth[i] > 0] += 1.0 / WIDTH;
            }
        for (int i = 0; i < SAMPLES; i++) {
            double distance[2] = {0, 0};
            for (int side = 0; side < 2; side++)
                for (int d = 0; d < WIDTH; d++)
                    distance[side] += pow(x[i * WIDTH + d] - centre[side][d] / count[side], 2);
            delta[bank][i] = (sqrt(distance[0]) - sqrt(distance[1])) / (sqrt(distance[1]) + 1e-8);
        }
    }
    for (int i = 0; i < SAMPLES; i++) {
        double y = truth[i],
               renewed = 0.5 * delta[0][i] / (delta[1][i] + 1e-8) * y + 0.5 * (y + delta[0][i] - delta[1][i]);
        renewed = renewed < -3 ? -3 : renewed > 3 ? 3 : renewed;
        assert_near(label_generation_labels(g, MODALITY_TEXT)[i], y / 3 + 2 * renewed / 3, 2e-4);
    }
    label_generation_free(g);
}

static void copy_array(label_array from, label_array to)
{
    assert_string_equal(from.name, to.name);
    memcpy(to.data, from.data, (size_t)(from.rows * from.columns) * (from.bytes ? 1 : sizeof(float)));
}

static void the_state_resumes(void **state)
{
    (void)state;
    float truth[SAMPLES], vectors[SAMPLES * WIDTH];
    label_generation_options o = options_of(LABEL_RULE_NEIGHBOURS);
    label_generation *resumed;
    label_bank *other;
    make_data(truth, vectors, 2, 9);
    label_generation *through = start(&o, truth, vectors);
    assert_ok(label_generation_refresh(through, 1, NULL, error));
    assert_ok(label_bank_new(o.rule, SAMPLES, WIDTH, &other, error));
    assert_ok(label_generation_new(&o, other, &(label_truth){.values = truth}, &resumed, error));
    assert_int_equal(label_bank_array_count(bank), 8);
    assert_int_equal(label_generation_array_count(through), 8);
    for (int i = 0; i < 8; i++) {
        copy_array(label_bank_array_at(bank, i), label_bank_array_at(other, i));
        copy_array(label_generation_array_at(through, i), label_generation_array_at(resumed, i));
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(label_bank_array_at(bank, i).name, label_bank_array_at(bank, j).name);
            assert_string_not_equal(
                label_generation_array_at(through, i).name, label_generation_array_at(through, j).name);
        }
    }
    assert_ok(label_generation_refresh(through, 2, NULL, error));
    assert_ok(label_generation_refresh(resumed, 2, NULL, error));
    for (modality target = 0; target < MODALITIES_AND_SHARED; target++)
        assert_memory_equal(
            label_generation_labels(through, target), label_generation_labels(resumed, target), sizeof truth);
    label_generation_free(through);
    label_generation_free(resumed);
    label_bank_free(other);
}

/* Samples without a label of the task take no part: the others' labels are as if they were not there. */
static void a_task_sees_its_own_samples_alone(void **state)
{
    (void)state;
    enum { HALF = SAMPLES / 2 };
    for (label_rule rule = LABEL_RULE_NEIGHBOURS; rule <= LABEL_RULE_SELF_MM; rule++) {
        float truth[SAMPLES], vectors[SAMPLES * WIDTH], alone[HALF];
        uint8_t have[SAMPLES];
        label_generation_options o = options_of(rule);
        make_data(truth, vectors, 2, 9);
        label_generation *g = start_some(&o, HALF, truth, vectors);
        assert_ok(label_generation_refresh(g, 1, NULL, error));
        memcpy(alone, label_generation_labels(g, MODALITY_AUDIO), sizeof alone);
        label_generation_free(g);
        for (int i = 0; i < SAMPLES; i++) {
            have[i] = i < HALF;
            truth[i] = have[i] ? truth[i] : NAN;
        }
        bank_of(rule, SAMPLES);
        assert_ok(label_generation_new(&o, bank, &(label_truth){truth, have, NULL}, &g, error));
        for (int kind = 0; kind < LABEL_BANKS; kind++)
            assert_ok(label_bank_write(bank, kind, all_samples, SAMPLES, vectors, NULL, error));
        assert_ok(label_generation_refresh(g, 1, NULL, error));
        assert_memory_equal(label_generation_labels(g, MODALITY_AUDIO), alone, sizeof alone);
        for (int i = HALF; i < SAMPLES; i++)
            assert_true(label_generation_labels(g, MODALITY_AUDIO)[i] == 0);
        label_generation_free(g);
    }
}

/* However few samples or groups there are, what is said of a sample does not use its own label, or its group's. */
static void small_sets_are_held_out_too(void **state)
{
    (void)state;
    for (int samples = 2; samples <= 12; samples++) {
        for (int group_size = 0; group_size <= 6; group_size += 3) {
            float truth[SAMPLES], vectors[SAMPLES * WIDTH], said[2];
            int32_t groups[SAMPLES];
            label_generation_options o = options_of(LABEL_RULE_HELD_OUT);
            make_data(truth, vectors, 2, 9);
            for (int i = 0; i < samples; i++)
                groups[i] = group_size ? i / group_size : -1;
            for (int i = 0; i < samples; i++) {
                float kept = truth[i];
                for (int run = 0; run < 2; run++) {
                    label_generation *g;
                    truth[i] = run ? (kept > 0 ? -2 : 2) : kept;
                    assert_ok(label_generation_new(
                        &o, bank_of(o.rule, samples), &(label_truth){.values = truth, .groups = groups}, &g, error));
                    assert_ok(label_bank_write(bank, 0, all_samples, samples, vectors, NULL, error));
                    assert_ok(label_generation_refresh(g, 1, NULL, error));
                    said[run] = label_generation_suggestions(g, 0)[i];
                    label_generation_free(g);
                }
                truth[i] = kept;
                assert_near(said[0], said[1], 1e-5);
            }
        }
    }
}

static void few_samples(void **state)
{
    (void)state;
    for (label_rule rule = LABEL_RULE_NEIGHBOURS; rule <= LABEL_RULE_SELF_MM; rule++)
        for (int samples = 1; samples < 5; samples++) {
            float truth[SAMPLES], vectors[SAMPLES * WIDTH];
            label_generation_options o = options_of(rule);
            make_data(truth, vectors, 2, 9);
            label_generation *g = start_some(&o, samples, truth, vectors);
            assert_ok(label_generation_refresh(g, 1, NULL, error));
            for (int i = 0; i < samples; i++)
                assert_true(isfinite(label_generation_labels(g, 0)[i]));
            label_generation_free(g);
        }
}

static void wrong_use_is_refused(void **state)
{
    (void)state;
    float truth[SAMPLES], vectors[SAMPLES * WIDTH];
    label_generation *g;
    smac_error error = {0};
    label_generation_options o = options_of(LABEL_RULE_NEIGHBOURS);
    make_data(truth, vectors, 2, 9);
    truth[4] = 3.5f;
    label_truth given = {.values = truth};
    bank_of(o.rule, SAMPLES);
    assert_int_equal(label_generation_new(&o, bank, &given, &g, &error), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "sample 4"));
    assert_null(g);
    truth[4] = NAN;
    assert_int_equal(label_generation_new(&o, bank, &given, &g, &error), SMAC_ERROR_ARGUMENT);
    truth[4] = 0;
    o.classes = true;
    o.targets = 2;
    o.rule = LABEL_RULE_SELF_MM;
    assert_int_equal(label_generation_new(&o, bank, &given, &g, &error), SMAC_ERROR_UNSUPPORTED);
    o = options_of(LABEL_RULE_NEIGHBOURS);
    assert_int_equal(label_generation_new(&o, bank, &given, &g, &error), SMAC_OK);
    assert_int_equal(label_bank_write(bank, 0, (int64_t[]){SAMPLES}, 1, vectors, NULL, &error), SMAC_ERROR_ARGUMENT);
    vectors[3] = INFINITY;
    assert_int_equal(label_bank_write(bank, 0, (int64_t[]){7}, 1, vectors, NULL, &error), SMAC_ERROR_NUMERIC);
    assert_non_null(strstr(error.message, "sample 7"));
    label_generation_free(g);
    label_generation_free(NULL);
    label_bank_free(bank);
    bank = NULL;
    assert_int_equal(label_bank_new(o.rule, 0, WIDTH, &bank, &error), SMAC_ERROR_ARGUMENT);
    label_bank_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rule),
        cmocka_unit_test(zero_mix_keeps_the_truth),
        cmocka_unit_test(nothing_changes_before_its_epoch),
        cmocka_unit_test(labels_stay_inside),
        cmocka_unit_test(never_its_own_neighbour_and_ties_to_the_smaller_index),
        cmocka_unit_test(the_same_bits_for_any_number_of_threads),
        cmocka_unit_test(missing_samples_are_nobodys_neighbours),
        cmocka_unit_test(held_out_prediction_finds_the_modalitys_own_label),
        cmocka_unit_test(held_out_means_held_out),
        cmocka_unit_test(mix_by_clip_trusts_the_modality_in_conflict),
        cmocka_unit_test(an_unreliable_modality_keeps_the_truth),
        cmocka_unit_test(self_mm_is_its_formula),
        cmocka_unit_test(the_state_resumes),
        cmocka_unit_test(a_task_sees_its_own_samples_alone),
        cmocka_unit_test(small_sets_are_held_out_too),
        cmocka_unit_test(few_samples),
        cmocka_unit_test(wrong_use_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
