/*
 * bench/bench_mobilenet.c - MobileNetV2 at 96 x 96: its convolutions, its forward pass and a step of fine-tuning (forward,
 * backward, AdamW).  bench/mobilenet.py runs it and PyTorch in turns: one command a line of standard input, one number of
 * seconds a line of output.
 *
 *     bench_mobilenet THREADS      THREADS 1: the time of this process alone, which a busy machine disturbs less
 *       layer KIND SIDE IN OUT STRIDE BATCH REPEATS    KIND: full (3 x 3), one (1 x 1), depth (3 x 3); with bias
 *       forward BATCH REPEATS                          frozen, packed in float32
 *       train BATCH REPEATS
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench_watch.h"

#include "autograd/ops_vision.h"
#include "compute/kernels.h"
#include "compute/parallel.h"
#include "encoders/mobilenet.h"

static float *noise(int64_t count, float size)
{
    float *x = malloc((size_t)count * sizeof *x);
    for (int64_t i = 0; i < count; i++)
        x[i] = size * random_normal_at(1, 2, (uint64_t)i);
    return x;
}

typedef struct layer_sizes {
    char kind[8];
    long long side, in, out, stride, batch;
} layer_sizes;

static double time_layer(const layer_sizes *s, int repeats)
{
    bool depth = !strcmp(s->kind, "depth"), one = !strcmp(s->kind, "one");
    int kernel = one ? 1 : 3;
    int64_t weights = kernel * kernel * s->in * (depth ? 1 : s->out);
    float *x = noise(s->batch * s->side * s->side * s->in, 1), *w = noise(weights, 0.1f), *b = noise(s->out, 1);
    tape *t = tape_new(NULL);
    value *in = tape_value(t, 4, (int64_t[]){s->batch, s->side, s->side, s->in}, x);
    value *weight = depth ? tape_value(t, 3, (int64_t[]){3, 3, s->in}, w)
                          : tape_value(t, 4, (int64_t[]){s->out, kernel, kernel, s->in}, w);
    value *bias = tape_value(t, 1, (int64_t[]){s->out}, b);
    conv2d_options o = {.stride = (int)s->stride, CONV2D_PADDING(kernel / 2)};
    double start = 0;
    for (int i = -1; i < repeats; i++) { /* the first is not counted */
        if (i == 0)
            start = now();
        tape_mark mark = tape_scope_begin(t);
        if (!(depth ? op_depthwise_conv2d(t, in, weight, bias, &o) : op_conv2d(t, in, weight, bias, &o)))
            exit(1);
        tape_scope_end(t, mark, NULL);
    }
    double seconds = (now() - start) / repeats;
    tape_free(t);
    free(x), free(w), free(b);
    return seconds;
}

typedef struct network {
    parameter_store *store;
    mobilenet *m;
    parameter *head;
} network;

static network network_new(bool trained)
{
    network n = {.store = parameter_store_new()};
    mobilenet_config c;
    smac_error error;
    mobilenet_config_standard(1, &c);
    check(mobilenet_add(n.store, "", &c, trained ? -1 : 0, &n.m, &error), &error);
    n.head = parameter_add(n.store,
        &(parameter_spec){.name = "head", .rank = 2, .dim = {7, 1280}, .init = INIT_NORMAL, .scale = 0.02f}, &error);
    check(parameter_store_seal(n.store, true, 1, &error), &error);
    if (!trained)
        check(parameter_store_pack(n.store, "features", PRECISION_F32, false, &error), &error);
    return n;
}

static double time_network(bool trained, int64_t batch, int repeats)
{
    network n = network_new(trained);
    float *pictures = noise(batch * 3 * 96 * 96, 1), *target = calloc((size_t)batch * 7, sizeof *target);
    for (int64_t i = 0; i < batch; i++)
        target[i * 7 + i % 7] = 1;
    int64_t count = parameter_trainable_count(n.store);
    float *first = calloc((size_t)count, sizeof *first), *second = calloc((size_t)count, sizeof *second);
    tape *t = tape_new(NULL);
    double start = 0;
    for (int i = -1; i < repeats; i++) {
        smac_error error;
        if (i == 0)
            start = now();
        tape_reset(t, &(tape_options){.record = trained, .training = trained});
        parameter_zero_gradients(n.store);
        value *y = mobilenet_forward(t, n.m, pictures, batch, NULL, NULL);
        if (trained) {
            y = op_cross_entropy(t, op_linear(t, y, tape_parameter(t, n.head), NULL), target, NULL);
            check(tape_backward(t, y, 1, &error), &error);
            parallel_adamw(parameter_trainable_values(n.store), first, second, parameter_trainable_gradients(n.store),
                count, &(adamw_step){1e-5f, 0.9f, 0.999f, 1e-8f, 1e-3f, 1 - pow(0.9, i + 2), 1 - pow(0.999, i + 2), 1});
            parameter_touch_all(n.store);
        }
        check(tape_status(t, &error), &error);
    }
    double seconds = (now() - start) / repeats;
    tape_free(t);
    mobilenet_free(n.m);
    parameter_store_free(n.store);
    free(pictures), free(target), free(first), free(second);
    return seconds;
}

int main(int count, char **arguments)
{
    int threads = count > 1 ? atoi(arguments[1]) : 0, repeats;
    if (threads == 1)
        watch = CLOCK_PROCESS_CPUTIME_ID;
    parallel_set_threads(threads);
    char line[200];
    while (fgets(line, sizeof line, stdin)) {
        layer_sizes s;
        long long batch;
        if (sscanf(line, "layer %7s %lld %lld %lld %lld %lld %d", s.kind, &s.side, &s.in, &s.out, &s.stride, &s.batch,
                &repeats) == 7)
            printf("%.9f\n", time_layer(&s, repeats));
        else if (sscanf(line, "forward %lld %d", &batch, &repeats) == 2)
            printf("%.9f\n", time_network(false, batch, repeats));
        else if (sscanf(line, "train %lld %d", &batch, &repeats) == 2)
            printf("%.9f\n", time_network(true, batch, repeats));
        else
            return 1;
        fflush(stdout);
    }
    return 0;
}
