/*
 * bench/bench_training.c - a training step (forward, backward, AdamW) of two transformer encoders, to set against
 * bench/pytorch_training.py on the same machine:  small = width 96, 3 layers, 128 x 65 tokens;  bert = BERT-base,
 * 16 x 50 tokens.  Dropout 0.1 everywhere that BERT has it.
 *
 *     bench_training small|bert [f32|bf16] [steps] [threads]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench_watch.h"

#include "compute/cpu.h"
#include "compute/kernels.h"
#include "compute/parallel.h"
#include "nn/layers.h"

typedef struct block {
    attention joined;
    linear up, down;
    layer_norm after_attention, after_feed_forward;
} block;

typedef struct encoder {
    int64_t batch, tokens, width, hidden, vocabulary;
    int heads, layers;
    parameter *words;
    layer_norm first;
    linear head;
    block blocks[12];
} encoder;

static void encoder_add(encoder *e, parameter_store *s)
{
    smac_error error = {0};
    char name[64];
    e->words = parameter_add(s,
        &(parameter_spec){
            .name = "words", .rank = 2, .dim = {e->vocabulary, e->width}, .init = INIT_NORMAL, .scale = 0.02f},
        &error);
    check(layer_norm_add(s, "first", e->width, 1e-12f, &e->first, &error), &error);
    check(linear_add(s, "head", e->width, 1, true, &e->head, &error), &error);
    for (int i = 0; i < e->layers; i++) {
        block *b = &e->blocks[i];
        snprintf(name, sizeof name, "block.%d.attention", i);
        attention_sizes sizes = {.width = e->width,
            .context_width = e->width,
            .heads = e->heads,
            .kv_heads = e->heads,
            .head_width = e->width / e->heads,
            .dropout = 0.1f};
        check(attention_add(s, name, &sizes, &b->joined, &error), &error);
        snprintf(name, sizeof name, "block.%d.up", i);
        check(linear_add(s, name, e->width, e->hidden, true, &b->up, &error), &error);
        snprintf(name, sizeof name, "block.%d.down", i);
        check(linear_add(s, name, e->hidden, e->width, true, &b->down, &error), &error);
        snprintf(name, sizeof name, "block.%d.norm1", i);
        check(layer_norm_add(s, name, e->width, 1e-12f, &b->after_attention, &error), &error);
        snprintf(name, sizeof name, "block.%d.norm2", i);
        check(layer_norm_add(s, name, e->width, 1e-12f, &b->after_feed_forward, &error), &error);
    }
    check(parameter_store_seal(s, true, 1, &error), &error);
}

static value *encoder_loss(tape *t, const encoder *e, const int32_t *ids, const uint8_t *mask, const float *target)
{
    value *x = op_gather(t, tape_parameter(t, e->words), ids, 2, (int64_t[]){e->batch, e->tokens});
    x = op_dropout(t, layer_norm_forward(t, &e->first, x), 0.1f);
    for (int i = 0; i < e->layers; i++) {
        const block *b = &e->blocks[i];
        value *y = op_dropout(t, attention_forward(t, &b->joined, x, x, mask), 0.1f);
        x = layer_norm_forward(t, &b->after_attention, op_add(t, x, y));
        y = linear_forward(t, &b->down, linear_forward_activation(t, &b->up, x, ACTIVATION_GELU));
        x = layer_norm_forward(t, &b->after_feed_forward, op_add(t, x, op_dropout(t, y, 0.1f)));
    }
    value *first = op_reshape(t, op_slice(t, x, 1, 0, 1), 2, (int64_t[]){e->batch, e->width});
    value *score = op_reshape(t, linear_forward(t, &e->head, first), 1, &e->batch);
    return op_l1_loss(t, score, target, NULL);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int count, char **arguments)
{
    if (count > 4 && atoi(arguments[4]) == 1)
        watch = CLOCK_PROCESS_CPUTIME_ID;
    bool bert = count > 1 && strcmp(arguments[1], "bert") == 0, bf16 = count > 2 && strcmp(arguments[2], "bf16") == 0;
    int steps = count > 3 ? atoi(arguments[3]) : bert ? 5 : 20;
    parallel_set_threads(count > 4 ? atoi(arguments[4]) : 0);
    encoder e = {.batch = 128, .tokens = 65, .width = 96, .hidden = 384, .vocabulary = 1000, .heads = 4, .layers = 3};
    if (bert)
        e = (encoder){
            .batch = 16, .tokens = 50, .width = 768, .hidden = 3072, .vocabulary = 30522, .heads = 12, .layers = 12};
    parameter_store *s = parameter_store_new();
    encoder_add(&e, s);
    int64_t tokens = e.batch * e.tokens, parameters = parameter_trainable_count(s);
    int32_t *ids = malloc((size_t)tokens * sizeof *ids);
    uint8_t *mask = malloc((size_t)tokens);
    float *target = malloc((size_t)e.batch * sizeof *target);
    float *first = calloc((size_t)parameters, sizeof *first), *second = calloc((size_t)parameters, sizeof *second);
    for (int64_t i = 0; i < tokens; i++) {
        ids[i] = (int32_t)(random_u32_at(1, 1, (uint64_t)i) % (uint64_t)e.vocabulary);
        mask[i] = 1;
    }
    for (int64_t i = 0; i < e.batch; i++)
        target[i] = random_normal_at(1, 2, (uint64_t)i);
    char machine[200];
    cpu_describe(machine, sizeof machine);
    printf("%s\n", machine);
    tape *t = tape_new(NULL);
    double *all = calloc((size_t)steps, sizeof *all), part[3] = {0};
    for (int step = -1; step < steps; step++) { /* the first is not counted */
        smac_error error = {0};
        double start = now();
        tape_reset(t,
            &(tape_options){.record = true,
                .training = true,
                .seed = 1,
                .step = (uint64_t)(step + 2),
                .precision = bf16 ? PRECISION_BF16 : PRECISION_F32});
        parameter_zero_gradients(s);
        value *loss = encoder_loss(t, &e, ids, mask, target);
        double forward = now();
        check(tape_backward(t, loss, 1, &error), &error);
        double backward = now();
        parallel_adamw(parameter_trainable_values(s), first, second, parameter_trainable_gradients(s), parameters,
            &(adamw_step){1e-5f, 0.9f, 0.999f, 1e-8f, 1e-3f, 1 - pow(0.9, step + 2), 1 - pow(0.999, step + 2), 1});
        parameter_touch_all(s);
        double end = now();
        if (step < 0)
            continue;
        all[step] = end - start;
        part[0] += forward - start;
        part[1] += backward - forward;
        part[2] += end - backward;
        if (step == steps - 1)
            printf("loss %.6f, tape %.0f MB\n", (double)tape_numbers(t, loss)[0], (double)tape_bytes(t) / 1e6);
    }
    qsort(all, (size_t)steps, sizeof *all, ascending);
    printf("%s %s: step median %.1f ms (%.1f to %.1f); mean forward %.1f, backward %.1f, optimiser %.1f ms\n",
        bert ? "bert" : "small", bf16 ? "bf16" : "f32", 1e3 * all[steps / 2], 1e3 * all[0], 1e3 * all[steps - 1],
        1e3 * part[0] / steps, 1e3 * part[1] / steps, 1e3 * part[2] / steps);
    tape_free(t);
    parameter_store_free(s);
    free(ids);
    free(mask);
    free(target);
    free(first);
    free(second);
    free(all);
    return 0;
}
