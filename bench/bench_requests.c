/*
 * bench/bench_requests.c - several requests on one loaded model, in turn and at once.
 *
 *   bench_requests [CALLERS] [ROUNDS] [PRECISION]
 *
 * A request is a pass of MiniLM (random weights, 50 words).  In turn: one thread runs CALLERS times ROUNDS passes.  At
 * once: CALLERS threads run ROUNDS passes each.  One line of JSON: milliseconds a pass for both, as the time of all
 * divided by the number of passes, and their ratio; the two are measured in turns and the medians compared.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/random.h"
#include "compute/parallel.h"
#include "encoders/language_model.h"

enum { WORDS = 50, MOST_CALLERS = 64, TURNS = 5 };

static const language_model *model;
static int32_t ids[WORDS];

static void stop_if(smac_status status, const smac_error *error)
{
    if (status == SMAC_OK)
        return;
    fprintf(stderr, "%s: %s\n", error->where, error->message);
    exit(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

typedef struct caller {
    pthread_t thread;
    tape *tape;
    int rounds;
} caller;

static void *run_passes(void *context)
{
    caller *c = context;
    smac_error error;
    for (int i = 0; i < c->rounds; i++) {
        tape_reset(c->tape, NULL);
        language_model_forward(c->tape, model, &(language_input){.batch = 1, .length = WORDS, .ids = ids}, NULL);
        stop_if(tape_status(c->tape, &error), &error);
    }
    return NULL;
}

/* Milliseconds a pass. */
static double time_callers(caller *callers, int count, int rounds)
{
    double start = now();
    for (int i = 0; i < count; i++) {
        callers[i].rounds = rounds;
        if (pthread_create(&callers[i].thread, NULL, run_passes, &callers[i]))
            exit(1);
    }
    for (int i = 0; i < count; i++)
        pthread_join(callers[i].thread, NULL);
    return (now() - start) / (count * rounds);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 4, rounds = argc > 2 ? atoi(argv[2]) : 50;
    precision how = PRECISION_F32;
    if (count < 1 || count > MOST_CALLERS || rounds < 1 || (argc > 3 && !precision_from_name(argv[3], &how))) {
        fprintf(stderr, "usage: bench_requests [CALLERS up to %d] [ROUNDS] [f32|bf16|int8]\n", MOST_CALLERS);
        return 2;
    }
    smac_error error;
    language_model_config config;
    stop_if(language_model_config_base(language_family_find("bert"), &config, &error), &error);
    config.layers = config.groups = 6;
    config.width = config.embedding_width = 384;
    config.head_width = 32;
    config.hidden = 1536;
    parameter_store *store = parameter_store_new();
    language_model *built;
    stop_if(language_model_add(store, "", &config, 0, &built, &error), &error);
    stop_if(parameter_store_seal(store, true, 1, &error), &error);
    stop_if(parameter_store_pack(store, "", how, true, &error), &error);
    model = built;
    for (int i = 0; i < WORDS; i++)
        ids[i] = (int32_t)(1000 + random_u32_at(1, 2, (uint64_t)i) % 20000);
    caller callers[MOST_CALLERS] = {0};
    for (int i = 0; i < count; i++)
        callers[i].tape = tape_new(&(tape_options){.precision = how});
    double in_turn[TURNS], at_once[TURNS];
    time_callers(callers, count, 2);
    for (int i = 0; i < TURNS; i++) {
        in_turn[i] = time_callers(callers, 1, count * rounds);
        at_once[i] = time_callers(callers, count, rounds);
    }
    qsort(in_turn, TURNS, sizeof *in_turn, by_size);
    qsort(at_once, TURNS, sizeof *at_once, by_size);
    printf("{\"callers\": %d, \"threads\": %d, \"precision\": \"%s\", \"in_turn_ms\": %.3f, \"at_once_ms\": %.3f, "
           "\"ratio\": %.3f}\n",
        count, parallel_threads(), precision_name(how), in_turn[TURNS / 2], at_once[TURNS / 2],
        at_once[TURNS / 2] / in_turn[TURNS / 2]);
    for (int i = 0; i < count; i++)
        tape_free(callers[i].tape);
    language_model_free(built);
    parameter_store_free(store);
    return 0;
}
