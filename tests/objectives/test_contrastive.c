/*
 * Contrasts: the values that docs/method.md names (ln 13, 0.5676, 0.6064), invariances, SupCon, gradients against finite
 * differences, missing modalities.
 */
#include "support/check.h"

#include "base/random.h"
#include "objectives/objective.h"

enum { BATCH = 12, WIDTH = 6 };

static const intra_contrast_options plain = {.tau = 0.5f};
static const intra_contrast_options centred = {.tau = 0.5f, .centre = true};

static void fill(float *x, int64_t count, uint64_t stream)
{
    for (int64_t i = 0; i < count; i++)
        x[i] = random_normal_at(3, stream, (uint64_t)i);
}

typedef struct vectors {
    float data[6][BATCH * WIDTH]; /* shared t, a, v, specific t, a, v */
    uint8_t present[3][BATCH];
    int64_t batch;
} vectors;

static void vectors_random(vectors *v, int64_t batch)
{
    v->batch = batch;
    for (int k = 0; k < 6; k++)
        fill(v->data[k], BATCH * WIDTH, (uint64_t)k + 20);
    memset(v->present, 1, sizeof v->present);
}

static double intra(const vectors *v, const intra_contrast_options *o, float *grad[6])
{
    tape *t = tape_new(&(tape_options){.record = grad != NULL});
    value *x[6];
    const uint8_t *present[3] = {v->present[0], v->present[1], v->present[2]};
    for (int k = 0; k < 6; k++)
        x[k] = grad ? tape_variable(t, 2, (int64_t[]){v->batch, WIDTH}, v->data[k])
                    : tape_value(t, 2, (int64_t[]){v->batch, WIDTH}, v->data[k]);
    value *loss = intra_contrast(t, x, x + 3, present, o, NULL);
    assert_ok(tape_status(t, error));
    double result = loss->device_data[0];
    if (grad) {
        assert_ok(tape_backward(t, loss, 1, error));
        for (int k = 0; k < 6; k++)
            memcpy(grad[k], value_grad(t, x[k]), (size_t)(v->batch * WIDTH) * sizeof(float));
    }
    tape_free(t);
    return result;
}

static void set_all(vectors *v, int kind, const float *unit)
{
    for (int64_t b = 0; b < v->batch; b++)
        memcpy(v->data[kind] + b * WIDTH, unit, WIDTH * sizeof(float));
}

static void equal_cosines_give_ln_13(void **state)
{
    (void)state;
    vectors v = {.batch = 5};
    memset(v.present, 1, sizeof v.present);
    for (int k = 0; k < 6; k++)
        set_all(&v, k, (float[WIDTH]){1, 2, 0, -1, 0, 3});
    assert_near(intra(&v, &plain, NULL), log(13), 1e-6);
}

static void a_regular_simplex_gives_its_value(void **state)
{
    (void)state;
    /* four corners of a simplex: one for all shared vectors, one for each specific; cosines -1/3 */
    static const float corner[4][WIDTH] = {{1, 1, 1}, {1, -1, -1}, {-1, 1, -1}, {-1, -1, 1}};
    vectors v = {.batch = 3};
    memset(v.present, 1, sizeof v.present);
    for (int k = 0; k < 3; k++) {
        set_all(&v, k, corner[3]);
        set_all(&v, 3 + k, corner[k]);
    }
    assert_near(intra(&v, &plain, NULL), 0.6064, 5e-5);
    /* the floor: specific vectors at -0.49 from the shared one and at -0.137 from each other (cosines on a cone) */
    double height = -0.4924, radius = sqrt(1 - height * height);
    for (int k = 0; k < 3; k++) {
        float unit[WIDTH] = {
            (float)(radius * cos(2 * M_PI * k / 3)), (float)(radius * sin(2 * M_PI * k / 3)), (float)height};
        set_all(&v, 3 + k, unit);
        set_all(&v, k, (float[WIDTH]){0, 0, 1});
    }
    double floor = intra(&v, &plain, NULL);
    assert_near(floor, 0.5676, 5e-5);
}

static void never_under_the_floor(void **state)
{
    (void)state;
    vectors v;
    vectors_random(&v, 3);
    float buffer[6][BATCH * WIDTH], *grad[6] = {buffer[0], buffer[1], buffer[2], buffer[3], buffer[4], buffer[5]};
    double loss = 0, first = intra(&v, &plain, NULL);
    for (int step = 0; step < 500; step++) { /* go down as far as it goes */
        loss = intra(&v, &plain, grad);
        assert_true(loss > 0.5676);
        for (int k = 0; k < 6; k++)
            for (int64_t i = 0; i < v.batch * WIDTH; i++)
                v.data[k][i] -= 12 * grad[k][i];
    }
    assert_true(loss < first && loss < 0.57);
}

static void constant_inputs_do_not_lower_it(void **state)
{
    (void)state;
    vectors v = {.batch = BATCH};
    memset(v.present, 1, sizeof v.present);
    for (int k = 0; k < 3; k++) { /* the same for every sample, and well apart: the plain loss is low */
        set_all(&v, k, (float[WIDTH]){1.7f, 1.7f, 1.7f});
        set_all(&v, 3 + k, (float[WIDTH]){k == 0 ? -1.1f : 1.1f, k == 1 ? -1.1f : 1.1f, k == 2 ? -1.1f : 1.1f});
        for (int64_t b = 0; b < v.batch; b++)
            v.data[3 + k][b * WIDTH + (k + 1) % 3] *= -1;
    }
    assert_true(intra(&v, &plain, NULL) < 2);
    assert_near(intra(&v, &centred, NULL), log(13), 1e-5);
}

static void few_samples_are_not_centred(void **state)
{
    (void)state;
    vectors v;
    vectors_random(&v, 7);
    assert_true(intra(&v, &centred, NULL) == intra(&v, &plain, NULL));
    v.batch = 8;
    assert_true(intra(&v, &centred, NULL) != intra(&v, &plain, NULL));
    v.present[0][3] = 0; /* text has seven: it is not centred, the others are */
    assert_true(intra(&v, &centred, NULL) != intra(&v, &plain, NULL));
}

static void permuting_modalities_changes_nothing(void **state)
{
    (void)state;
    static const int order[5][3] = {{0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (int cross = 0; cross < 2; cross++) {
        intra_contrast_options o = centred;
        o.cross_negatives = cross;
        vectors v, w;
        vectors_random(&v, BATCH);
        v.present[1][2] = v.present[2][5] = v.present[0][5] = 0;
        double loss = intra(&v, &o, NULL);
        for (int p = 0; p < 5; p++) {
            w.batch = v.batch;
            for (int u = 0; u < 3; u++) {
                memcpy(w.data[u], v.data[order[p][u]], sizeof w.data[u]);
                memcpy(w.data[3 + u], v.data[3 + order[p][u]], sizeof w.data[u]);
                memcpy(w.present[u], v.present[order[p][u]], sizeof w.present[u]);
            }
            assert_near(intra(&w, &o, NULL), loss, 1e-6);
        }
    }
}

static void missing_pairs_drop_out(void **state)
{
    (void)state;
    vectors v, two;
    vectors_random(&v, 6);
    two = v;
    /* sample 4 lacks vision: one positive pair, four (shared, specific) and one (specific, specific) negatives */
    memset(two.present[2], 0, BATCH);
    memset(two.present, 0, sizeof two.present);
    two.present[0][4] = two.present[1][4] = 1;
    double s[6][6];
    for (int a = 0; a < 6; a++)
        for (int b = 0; b < 6; b++) {
            double ab = 0, aa = 0, bb = 0;
            for (int d = 0; d < WIDTH; d++) {
                double x = v.data[a][4 * WIDTH + d], y = v.data[b][4 * WIDTH + d];
                ab += x * y, aa += x * x, bb += y * y;
            }
            s[a][b] = exp(ab / sqrt(aa * bb) / 0.5);
        }
    double negatives = s[0][3] + s[0][4] + s[1][3] + s[1][4] + s[3][4];
    assert_near(intra(&two, &plain, NULL), -log(s[0][1] / (s[0][1] + negatives)), 1e-6);
    memset(two.present[1], 0, BATCH);
    assert_true(intra(&two, &plain, NULL) == 0); /* no pair at all */
}

static void intra_gradients(void **state)
{
    (void)state;
    for (int mode = 0; mode < 4; mode++) {
        intra_contrast_options o = {.tau = 0.5f, .centre = mode & 1, .cross_negatives = mode >> 1};
        vectors v;
        vectors_random(&v, 10);
        v.present[1][2] = v.present[2][5] = v.present[0][5] = 0;
        float buffer[6][BATCH * WIDTH], *grad[6] = {buffer[0], buffer[1], buffer[2], buffer[3], buffer[4], buffer[5]};
        intra(&v, &o, grad);
        for (int k = 0; k < 6; k++)
            for (int64_t i = 0; i < v.batch * WIDTH; i++) {
                float saved = v.data[k][i], step = 5e-3f;
                v.data[k][i] = saved + step;
                double up = intra(&v, &o, NULL);
                v.data[k][i] = saved - step;
                double down = intra(&v, &o, NULL);
                v.data[k][i] = saved;
                assert_near(buffer[k][i], (up - down) / (2 * step), 2e-4);
            }
    }
}

/* --- between samples --------------------------------------------------------------------------------------------------- */

static double inter(const float *z, int64_t batch, const float *kernel, double *floor, float *grad)
{
    tape *t = tape_new(&(tape_options){.record = grad != NULL});
    value *x = tape_variable(t, 2, (int64_t[]){batch, WIDTH}, z);
    value *loss = inter_contrast(t, x, kernel, 0.1f, floor);
    assert_ok(tape_status(t, error));
    double result = loss->device_data[0];
    if (grad) {
        assert_ok(tape_backward(t, loss, 1, error));
        memcpy(grad, value_grad(t, x), (size_t)(batch * WIDTH) * sizeof *grad);
    }
    tape_free(t);
    return result;
}

/* The kernel of one task; sigma 0.5. */
static void kernel_fill(
    contrast_kernel kind, int classes, int64_t batch, const float *target, const uint8_t *valid, float *kernel)
{
    contrast_labels labels = {classes > 0, classes ? classes : 1, target, valid, 0.5f};
    contrast_kernel_fill(kind, batch, &labels, kernel);
}

static void unit_rows(const float *z, double out[BATCH][WIDTH])
{
    for (int i = 0; i < BATCH; i++) {
        double norm = 0;
        for (int d = 0; d < WIDTH; d++)
            norm += (double)z[i * WIDTH + d] * z[i * WIDTH + d];
        for (int d = 0; d < WIDTH; d++)
            out[i][d] = z[i * WIDTH + d] / sqrt(norm);
    }
}

static void hard_kernel_is_supcon(void **state)
{
    (void)state;
    float z[BATCH * WIDTH], target[BATCH * 3] = {0}, kernel[BATCH * BATCH];
    double unit[BATCH][WIDTH], expected = 0;
    int label[BATCH], anchors = 0;
    fill(z, BATCH * WIDTH, 40);
    unit_rows(z, unit);
    for (int i = 0; i < BATCH; i++) {
        label[i] = i == 11 ? 2 : i % 2; /* the last has no partner: no anchor, but in the denominators */
        target[i * 3 + label[i]] = 1;
    }
    kernel_fill(CONTRAST_KERNEL_SOFT, 3, BATCH, target, NULL, kernel);
    for (int i = 0; i < BATCH; i++) { /* L_out of Khosla and others, straight from the formula */
        double sum = 0, positives = 0, part = 0;
        for (int k = 0; k < BATCH; k++) {
            double dot = 0;
            for (int d = 0; d < WIDTH; d++)
                dot += unit[i][d] * unit[k][d];
            sum += k == i ? 0 : exp(dot / 0.1);
            if (k != i && label[k] == label[i])
                positives++, part += dot / 0.1;
        }
        if (positives > 0)
            anchors++, expected += log(sum) - part / positives;
    }
    double floor;
    assert_near(inter(z, BATCH, kernel, &floor, NULL), expected / anchors, 1e-5);
    assert_near(floor, (6 * log(5) + 5 * log(4)) / 11, 1e-6);
}

static void soft_kernel(void **state)
{
    (void)state;
    float target[3] = {-1, 1, 1.5f}, kernel[9];
    kernel_fill(CONTRAST_KERNEL_SOFT, 0, 3, target, NULL, kernel);
    assert_near(kernel[1], exp(-8), 1e-9);
    assert_near(kernel[5], exp(-0.5), 1e-7);
    assert_true(kernel[0] == 0 && kernel[4] == 0 && kernel[8] == 0);
    kernel_fill(CONTRAST_KERNEL_ROUNDED, 0, 3, (float[]){0.5f, 0.4f, 1.5f}, NULL, kernel);
    assert_true(kernel[1] == 1 && kernel[2] == 0 && kernel[5] == 0); /* 0.5 goes to 0, 1.5 to 2 */
    kernel_fill(CONTRAST_KERNEL_SOFT, 0, 3, target, (uint8_t[]){1, 0, 1}, kernel);
    assert_true(kernel[1] < 0 && kernel[3] < 0 && kernel[2] > 0); /* not compared */
    /* distributions: votes that agree by half */
    kernel_fill(CONTRAST_KERNEL_SOFT, 2, 2, (float[]){1, 0, 0.5f, 0.5f}, NULL, kernel);
    assert_near(kernel[1], 0.5, 0);
    kernel_fill(CONTRAST_KERNEL_ROUNDED, 2, 2, (float[]){1, 0, 0.6f, 0.4f}, NULL, kernel);
    assert_true(kernel[1] == 1);
}

static void check_inter_gradients(const float *kernel, const uint8_t *valid)
{
    float z[BATCH * WIDTH], grad[BATCH * WIDTH];
    double floor;
    fill(z, BATCH * WIDTH, 41);
    double loss = inter(z, BATCH, kernel, &floor, grad);
    assert_true(loss >= floor);
    for (int i = 0; i < BATCH * WIDTH; i++) {
        float saved = z[i], step = 2e-3f;
        z[i] = saved + step;
        double up = inter(z, BATCH, kernel, NULL, NULL);
        z[i] = saved - step;
        double down = inter(z, BATCH, kernel, NULL, NULL);
        z[i] = saved;
        assert_near(grad[i], (up - down) / (2 * step), 2e-3);
        if (valid && !valid[i / WIDTH])
            assert_true(grad[i] == 0);
    }
}

static void inter_gradients(void **state)
{
    (void)state;
    float target[BATCH], kernel[BATCH * BATCH];
    uint8_t valid[BATCH] = {1, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 1};
    fill(target, BATCH, 42);
    kernel_fill(CONTRAST_KERNEL_SOFT, 0, BATCH, target, NULL, kernel);
    check_inter_gradients(kernel, NULL);
    kernel_fill(CONTRAST_KERNEL_ROUNDED, 0, BATCH, target, valid, kernel);
    check_inter_gradients(kernel, valid);
}

static double rank_loss(const float *z, const float *target, float *grad)
{
    tape *t = tape_new(&(tape_options){.record = grad != NULL});
    value *x = tape_variable(t, 2, (int64_t[]){BATCH, WIDTH}, z);
    value *loss = rank_contrast(t, x, &(contrast_labels){.targets = 1, .target = target}, 2);
    assert_ok(tape_status(t, error));
    double result = loss->device_data[0];
    if (grad) {
        assert_ok(tape_backward(t, loss, 1, error));
        memcpy(grad, value_grad(t, x), BATCH * WIDTH * sizeof *grad);
    }
    tape_free(t);
    return result;
}

static void rank_contrast_is_the_formula(void **state)
{
    (void)state;
    float z[BATCH * WIDTH], target[BATCH], grad[BATCH * WIDTH];
    double expected = 0, distance[BATCH][BATCH];
    fill(z, BATCH * WIDTH, 43);
    fill(target, BATCH, 44);
    target[3] = target[5]; /* a tie */
    for (int i = 0; i < BATCH; i++)
        for (int j = 0; j < BATCH; j++) {
            double squares = 0;
            for (int d = 0; d < WIDTH; d++)
                squares += pow((double)z[i * WIDTH + d] - z[j * WIDTH + d], 2);
            distance[i][j] = sqrt(squares);
        }
    for (int i = 0; i < BATCH; i++)
        for (int j = 0; j < BATCH; j++) {
            double sum = 0;
            for (int k = 0; k < BATCH; k++)
                if (k != i && fabsf(target[i] - target[k]) >= fabsf(target[i] - target[j]))
                    sum += exp(-distance[i][k] / 2);
            if (j != i)
                expected += -log(exp(-distance[i][j] / 2) / sum) / (BATCH * (BATCH - 1));
        }
    assert_near(rank_loss(z, target, grad), expected, 1e-5);
    for (int i = 0; i < BATCH * WIDTH; i++) {
        float saved = z[i], step = 1e-2f;
        z[i] = saved + step;
        double up = rank_loss(z, target, NULL);
        z[i] = saved - step;
        double down = rank_loss(z, target, NULL);
        z[i] = saved;
        assert_near(grad[i], (up - down) / (2 * step), 2e-4);
    }
}

/* --- the total --------------------------------------------------------------------------------------------------------- */

static void total_is_the_weighted_sum(void **state)
{
    (void)state;
    float head[BATCH], target[BATCH], labels[4][BATCH];
    vectors v;
    vectors_random(&v, BATCH);
    fill(head, BATCH, 50);
    fill(target, BATCH, 51);
    for (int k = 0; k < 4; k++)
        fill(labels[k], BATCH, 52 + (uint64_t)k);
    memset(v.present[1], 0, BATCH); /* no audio in the batch: its loss has no part, the mean is over two */
    v.present[2][0] = 0;
    uint8_t valid[BATCH];
    memset(valid, 1, sizeof valid);
    valid[7] = 0;
    tape *t = tape_new(&(tape_options){.record = true});
    value *h = tape_variable(t, 2, (int64_t[]){BATCH, 1}, head);
    value *x[6];
    for (int k = 0; k < 6; k++)
        x[k] = tape_variable(t, 2, (int64_t[]){BATCH, WIDTH}, v.data[k]);
    objective_inputs in = {.batch = BATCH,
        .tasks = {{.prediction = h,
            .specific_head = {h, h, h},
            .shared_head = h,
            .target = target,
            .labels = {labels[0], labels[1], labels[2], labels[3]},
            .valid = valid}},
        .present = {v.present[0], v.present[1], v.present[2]},
        .contrast = {.batch = BATCH,
            .specific = {x[3], x[4], x[5]},
            .shared = {x[0], x[1], x[2]},
            .inter = x[0],
            .present = {v.present[0], v.present[1], v.present[2]},
            .target = {target},
            .valid = {valid}}};
    objective_options o = {.task_count = 1,
        .tasks = {{.targets = 1, .weight = 1, .sigma = 0.5f}},
        .weight_specific = 0.5f,
        .weight_shared = 0.4f,
        .weight_intra = 0.3f,
        .weight_inter = 0.2f,
        .intra = centred,
        .inter = OBJECTIVE_INTER_SOFT,
        .tau_inter = 0.1f};
    objective_terms terms;
    value *total = objective_total(t, &o, &in, NULL, &terms);
    assert_ok(tape_status(t, error));
    double task = 0, text = 0, vision = 0, shared = 0;
    for (int i = 0; i < BATCH; i++) {
        if (i == 7)
            continue;
        task += fabs((double)head[i] - target[i]) / 11;
        text += fabs((double)head[i] - labels[0][i]) / 11;
        vision += i == 0 ? 0 : fabs((double)head[i] - labels[2][i]) / 10;
        shared += fabs((double)head[i] - labels[3][i]) / 11;
    }
    assert_near(terms.tasks[0].task, task, 1e-6);
    assert_near(terms.tasks[0].specific[0], text, 1e-6);
    assert_near(terms.tasks[0].specific[2], vision, 1e-6);
    assert_near(terms.tasks[0].shared, shared, 1e-6);
    assert_false(terms.tasks[0].has_specific[1]);
    assert_true(terms.has_intra && terms.has_inter && terms.inter > terms.inter_floor);
    assert_near(total->device_data[0],
        task + 0.25 * (text + vision) + 0.4 * shared + 0.3 * terms.intra + 0.2 * terms.inter, 1e-5);
    assert_ok(tape_backward(t, total, 1, error));
    assert_true(value_grad(t, h)[7] == 0);
    tape_free(t);
}

static void class_weights_weigh_the_task(void **state)
{
    (void)state;
    float logits[] = {1, 0, 0, 2}, target[] = {1, 0, 0, 1}, weights[] = {3, 1};
    tape *t = tape_new(NULL);
    value *h = tape_value(t, 2, (int64_t[]){2, 2}, logits);
    objective_inputs in = {.batch = 2, .tasks = {{.prediction = h, .shared_head = h, .target = target}}};
    objective_options o = {
        .task_count = 1, .tasks = {{.classes = true, .targets = 2, .weight = 1, .class_weights = weights}}};
    value *total = objective_total(t, &o, &in, NULL, NULL);
    assert_ok(tape_status(t, error));
    assert_near(total->device_data[0], (3 * log(1 + exp(-1)) + log(1 + exp(-2))) / 4, 1e-6);
    tape_free(t);
}

/* A sample whose label is for the fused and shared heads alone has no part in a modality's loss. */
static void fused_labels_leave_modalities_alone(void **state)
{
    (void)state;
    float score[] = {1, 5}, y[] = {0.5f, 0};
    const uint8_t fused_only[] = {0, 1};
    tape *t = tape_new(NULL);
    value *h = tape_value(t, 2, (int64_t[]){2, 1}, score);
    objective_inputs in = {.batch = 2,
        .tasks = {{.prediction = h, .specific_head = {h}, .shared_head = h, .target = y, .fused_only = fused_only}}};
    objective_options o = {
        .task_count = 1, .tasks = {{.targets = 1, .weight = 1}}, .weight_specific = 1, .weight_shared = 1};
    objective_terms terms;
    objective_total(t, &o, &in, NULL, &terms);
    assert_ok(tape_status(t, error));
    assert_near(terms.tasks[0].task, (0.5 + 5) / 2, 1e-6);
    assert_near(terms.tasks[0].shared, (0.5 + 5) / 2, 1e-6);
    assert_near(terms.tasks[0].specific[0], 0.5, 1e-6);
    tape_free(t);
}

/* Two tasks on one batch: every sample counts alike, a task's weight multiplies its losses, the contrast is one. */
static void tasks_are_weighed_by_their_samples(void **state)
{
    (void)state;
    float score[] = {1, 2, 9, 9}, logits[] = {0, 0, 0, 0, 1, 0, 0, 2}, y[] = {0.5f, 0, 9, 9};
    float class[] = {0, 0, 1, 0, 1, 0, 0, 1}, z[4 * WIDTH];
    const uint8_t scored[] = {1, 1, 0, 0}, classed[] = {0, 1, 1, 1};
    fill(z, 4 * WIDTH, 60);
    tape *t = tape_new(&(tape_options){.record = true});
    value *h = tape_variable(t, 2, (int64_t[]){4, 1}, score), *g = tape_variable(t, 2, (int64_t[]){4, 2}, logits);
    value *x = tape_variable(t, 2, (int64_t[]){4, WIDTH}, z);
    objective_inputs in = {.batch = 4,
        .tasks = {{.prediction = h, .specific_head = {h}, .shared_head = h, .target = y, .valid = scored},
            {.prediction = g, .specific_head = {g}, .shared_head = g, .target = class, .valid = classed}},
        .contrast = {.batch = 4, .inter = x, .target = {y, class}, .valid = {scored, classed}}};
    objective_options o = {.task_count = 2,
        .tasks = {{.targets = 1, .weight = 1, .sigma = 0.5f}, {.classes = true, .targets = 2, .weight = 3}},
        .weight_specific = 0.5f,
        .weight_inter = 1,
        .tau_inter = 0.1f};
    objective_terms terms;
    value *total = objective_total(t, &o, &in, NULL, &terms);
    assert_ok(tape_status(t, error));
    double first = (0.5 + 2) / 2, second = (log(2) + log(1 + exp(-1)) + log(1 + exp(-2))) / 3;
    assert_near(terms.tasks[0].task, first, 1e-6);
    assert_near(terms.tasks[1].task, second, 1e-6);
    objective_sums sums;
    objective_count(&o, &in, &sums);
    assert_near(objective_task_loss(&o, &sums, &terms), 2 / 4.0 * first + 3 * 3 / 4.0 * second, 1e-6);
    assert_near(total->device_data[0], 1.5 * (2 / 4.0 * first + 3 * 3 / 4.0 * second) + terms.inter, 1e-5);
    assert_ok(tape_backward(t, total, 1, error));
    assert_true(value_grad(t, h)[2] == 0 && value_grad(t, h)[3] == 0); /* without a label of the task */
    assert_true(value_grad(t, g)[0] == 0 && value_grad(t, g)[1] == 0);
    tape_free(t);
    float kernel[16];
    contrast_labels tasks[] = {{false, 1, y, scored, 0.5f}, {true, 2, class, classed, 0}};
    contrast_kernel_join(CONTRAST_KERNEL_SOFT, 4, tasks, (float[]){1, 3}, 2, kernel);
    assert_near(kernel[1], exp(-0.5), 1e-6);       /* 0 and 1 have the score in common */
    assert_true(kernel[2] < 0 && kernel[8] < 0);   /* 0 and 2 nothing */
    assert_true(kernel[6] == 1 && kernel[7] == 0); /* 1, 2 and 3 the class */
    contrast_kernel_join(CONTRAST_KERNEL_SOFT, 2, tasks, (float[]){1, 3}, 1, kernel);
    tasks[1].valid = NULL;
    contrast_kernel_join(CONTRAST_KERNEL_SOFT, 2, tasks, (float[]){1, 3}, 2, kernel);
    assert_near(kernel[1], (exp(-0.5) + 3 * 0) / 4, 1e-6); /* both: the weighted mean */
}

/* Two parts of a batch, each counted against the whole, add up to the whole's loss and gradient. */
static void parts_add_up_to_the_whole(void **state)
{
    (void)state;
    float head[BATCH], target[BATCH], grad[2][BATCH];
    uint8_t valid[BATCH] = {1, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 1}, present[BATCH] = {1, 0, 1, 1, 0, 0, 1, 1, 1, 0, 1, 1};
    objective_options o = {
        .task_count = 1, .tasks = {{.targets = 1, .weight = 2}}, .weight_specific = 0.5f, .weight_shared = 0.4f};
    objective_sums whole;
    double loss[2] = {0, 0};
    fill(head, BATCH, 61);
    fill(target, BATCH, 62);
    for (int parts = 1; parts <= 2; parts++) {
        for (int part = 0; part < parts; part++) {
            int64_t from = part * 5, count = parts == 1 ? BATCH : part ? BATCH - 5 : 5;
            tape *t = tape_new(&(tape_options){.record = true});
            value *h = tape_variable(t, 2, (int64_t[]){count, 1}, head + from);
            objective_inputs in = {.batch = count,
                .tasks = {{.prediction = h,
                    .specific_head = {h},
                    .shared_head = h,
                    .target = target + from,
                    .valid = valid + from}},
                .present = {present + from}};
            if (parts == 1)
                objective_count(&o, &in, &whole);
            value *total = objective_total(t, &o, &in, &whole, NULL);
            assert_ok(tape_backward(t, total, 1, error));
            loss[parts - 1] += total->device_data[0];
            memcpy(grad[parts - 1] + from, value_grad(t, h), (size_t)count * sizeof(float));
            tape_free(t);
        }
    }
    assert_near(loss[0], loss[1], 1e-6);
    for (int i = 0; i < BATCH; i++)
        assert_near(grad[0][i], grad[1][i], 1e-7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_cosines_give_ln_13),
        cmocka_unit_test(a_regular_simplex_gives_its_value),
        cmocka_unit_test(never_under_the_floor),
        cmocka_unit_test(constant_inputs_do_not_lower_it),
        cmocka_unit_test(few_samples_are_not_centred),
        cmocka_unit_test(permuting_modalities_changes_nothing),
        cmocka_unit_test(missing_pairs_drop_out),
        cmocka_unit_test(intra_gradients),
        cmocka_unit_test(hard_kernel_is_supcon),
        cmocka_unit_test(soft_kernel),
        cmocka_unit_test(inter_gradients),
        cmocka_unit_test(rank_contrast_is_the_formula),
        cmocka_unit_test(total_is_the_weighted_sum),
        cmocka_unit_test(class_weights_weigh_the_task),
        cmocka_unit_test(fused_labels_leave_modalities_alone),
        cmocka_unit_test(tasks_are_weighed_by_their_samples),
        cmocka_unit_test(parts_add_up_to_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
