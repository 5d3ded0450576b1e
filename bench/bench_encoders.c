/*
 * bench/bench_encoders.c - time and memory of the encoders, and their results on given weights.
 *
 *   bench_encoders CASE PRECISION BATCH ROUNDS
 *       CASE: vision, audio (ImageBind-Huge with random weights), bert, minilm, mpnet, ... (base size of a family with
 *       random weights, 50 words).  PRECISION: f32, bf16, int8.  One line of JSON: milliseconds a forward pass (median,
 *       least, largest), resident memory.
 *   bench_encoders hidden FOLDER INPUT.safetensors OUTPUT.safetensors PRECISION
 *       FOLDER: a Hugging Face folder.  INPUT: ids, mask, types (may be left out) (int32, (B, L)).  OUTPUT: hidden.N,
 *       and vector, the mean over the tokens that count with length 1.  With direction (float32, (B, L, width)) in INPUT
 *       also grad.NAME for every parameter, of the sum over the tokens that count of last hidden state * direction;
 *       grad.NAME.transposed lies as (out, in) where the file has (in, out).
 *   bench_encoders imagebind WEIGHTS INPUT.safetensors OUTPUT.safetensors PRECISION
 *       WEIGHTS: with imagebind's names at the published sizes.  INPUT: vision and audio, float32.
 *   bench_encoders load WEIGHTS PRECISION
 *       The same weights loaded as analysis loads a frozen encoder that a model names: opened, checked by their digest,
 *       packed.  One line of JSON: seconds of each, resident memory afterwards, processor time.
 *   A CASE with "train-" before it, e.g. train-minilm: forward and backward of everything, sum of the outputs as loss;
 *       precision f32 or bf16 (of products).
 * experiments/peers/bench_encoders.py runs it beside PyTorch.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/path.h"
#include "encoders/imagebind.h"
#include "encoders/language_model.h"
#include "encoders/weights_loading.h"
#include "base/file.h"
#include "compute/parallel.h"
#include "pipeline/affect_model_build.h"
#include "weights/safetensors.h"

static void stop_if(smac_status status, const smac_error *error)
{
    if (status == SMAC_OK)
        return;
    fprintf(stderr, "%s: %s\n", error->where, error->message);
    exit(1);
}

static double now_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static double now(void)
{
    return now_of(CLOCK_MONOTONIC);
}

static long resident_megabytes(void)
{
    long pages = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f != NULL && fscanf(f, "%ld %ld", &pages, &resident) != 2)
        resident = 0;
    if (f != NULL)
        fclose(f);
    return resident * 4 / 1024;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static precision precision_of(const char *name)
{
    if (strcmp(name, "bf16") == 0)
        return PRECISION_BF16;
    return strcmp(name, "int8") == 0 ? PRECISION_INT8 : PRECISION_F32;
}

typedef struct subject {
    parameter_store *store;
    language_model *language;
    imagebind *imagebind;
    float *input;
    int32_t *ids;
    int64_t batch, length;
    precision how;
    bool train;
} subject;

static void subject_build(subject *s, const char *name, smac_error *error)
{
    s->store = parameter_store_new();
    s->train = strncmp(name, "train-", 6) == 0;
    name += s->train ? 6 : 0;
    int blocks = s->train ? -1 : 0;
    if (strcmp(name, "vision") == 0 || strcmp(name, "audio") == 0) {
        imagebind_config config;
        imagebind_config_huge(strcmp(name, "vision") == 0 ? IMAGEBIND_VISION : IMAGEBIND_AUDIO, &config);
        stop_if(imagebind_add(s->store, "", &config, blocks, &s->imagebind, error), error);
        int64_t count = s->batch * imagebind_input_count(&config);
        s->input = malloc((size_t)count * sizeof *s->input);
        for (int64_t i = 0; i < count; i++)
            s->input[i] = random_normal_at(1, 2, (uint64_t)i);
    } else {
        language_model_config config;
        const language_family *family = language_family_find(strcmp(name, "minilm") == 0 ? "bert" : name);
        if (family == NULL)
            family = language_family_find("t5");
        stop_if(language_model_config_base(family, &config, error), error);
        if (strcmp(name, "minilm") == 0) {
            config.layers = config.groups = 6;
            config.width = config.embedding_width = 384;
            config.head_width = 32;
            config.hidden = 1536;
        }
        stop_if(language_model_add(s->store, "", &config, blocks, &s->language, error), error);
        s->length = 50;
        s->ids = malloc((size_t)(s->batch * s->length) * sizeof *s->ids);
        for (int64_t i = 0; i < s->batch * s->length; i++)
            s->ids[i] = (int32_t)(1000 + random_u32_at(1, 2, (uint64_t)i) % 20000);
    }
    stop_if(parameter_store_seal(s->store, true, 1, error), error);
    if (!s->train)
        stop_if(parameter_store_pack(s->store, "", s->how, true, error), error);
}

static void subject_run(const subject *s, tape *t, smac_error *error)
{
    tape_reset(t, NULL);
    value *y = s->imagebind != NULL
        ? imagebind_forward(t, s->imagebind, s->input, s->batch, NULL, NULL)
        : language_model_forward(
              t, s->language, &(language_input){.batch = s->batch, .length = s->length, .ids = s->ids}, NULL);
    if (s->train) {
        parameter_zero_gradients(s->store);
        stop_if(tape_backward(t, op_sum(t, op_multiply(t, y, y)), 1, error), error);
    }
    stop_if(tape_status(t, error), error);
}

static int time_case(char **argument)
{
    smac_error error = {0};
    subject s = {.batch = atoll(argument[2]), .how = precision_of(argument[1])};
    int rounds = atoi(argument[3]);
    subject_build(&s, argument[0], &error);
    tape *t = tape_new(&(tape_options){.precision = s.how, .record = s.train, .training = s.train});
    double *times = malloc((size_t)rounds * sizeof *times);
    double cpu = 0; /* of all threads: what to look at on a busy machine, with one thread */
    subject_run(&s, t, &error);
    subject_run(&s, t, &error);
    cpu -= now_of(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < rounds; i++) {
        double start = now();
        subject_run(&s, t, &error);
        times[i] = now() - start;
    }
    cpu += now_of(CLOCK_PROCESS_CPUTIME_ID);
    qsort(times, (size_t)rounds, sizeof *times, by_size);
    printf("{\"case\": \"%s\", \"precision\": \"%s\", \"batch\": %lld, \"threads\": %d, \"median_ms\": %.3f, "
           "\"cpu_ms\": %.3f, \"resident_mb\": %ld, \"all_ms\": [",
        argument[0], argument[1], (long long)s.batch, parallel_threads(), times[rounds / 2], cpu / rounds,
        resident_megabytes());
    for (int i = 0; i < rounds; i++)
        printf("%s%.3f", i > 0 ? ", " : "", times[i]);
    printf("]}\n");
    free(times);
    free(s.input);
    free(s.ids);
    tape_free(t);
    language_model_free(s.language);
    imagebind_free(s.imagebind);
    parameter_store_free(s.store);
    return 0;
}

/* --- results on given weights ------------------------------------------------------------------------------------- */

typedef struct results {
    tensor_entry entries[512];
    char names[512][160];
    size_t count;
} results;

static void keep_numbers(results *r, const char *name, int rank, const int64_t *dim, int64_t count, const float *data)
{
    if (r->count == sizeof r->entries / sizeof *r->entries) {
        fprintf(stderr, "more results than there are places\n");
        exit(1);
    }
    tensor_entry *e = &r->entries[r->count];
    snprintf(r->names[r->count], sizeof r->names[0], "%s", name);
    *e = (tensor_entry){.name = r->names[r->count],
        .type = TENSOR_F32,
        .rank = rank,
        .count = count,
        .data = data,
        .bytes = (size_t)count * sizeof(float)};
    memcpy(e->dim, dim, (size_t)rank * sizeof *dim);
    r->count++;
}

static void keep(results *r, tape *t, const char *name, const value *v)
{
    keep_numbers(r, name, v->rank, v->dim, v->count, tape_numbers(t, v));
}

static const tensor_entry *expect(const tensor_file *file, const char *name)
{
    const tensor_entry *e = tensor_file_find(file, name);
    if (e == NULL) {
        fprintf(stderr, "the input has no %s\n", name);
        exit(1);
    }
    return e;
}

/* sum over the tokens that count of last * direction, and its gradients, which were zero */
static void keep_gradients(results *r, tape *t, value *last, const uint8_t *mask, const tensor_entry *direction,
    const parameter_list *list, smac_error *error)
{
    float *counted = calloc((size_t)direction->count, sizeof *counted);
    for (int64_t i = 0; i < direction->count; i++)
        if (mask[i / last->dim[2]])
            memcpy(counted + i, (const char *)direction->data + (size_t)i * sizeof *counted, sizeof *counted);
    value *weights = tape_value(t, last->rank, last->dim, counted);
    stop_if(tape_backward(t, op_sum(t, op_multiply(t, last, weights)), 1, error), error);
    free(counted);
    for (size_t i = 0; i < list->count; i++) {
        const listed_parameter *item = &list->items[i];
        char name[160];
        snprintf(name, sizeof name, "grad.%.130s%s", item->published, item->transposed ? ".transposed" : "");
        keep_numbers(
            r, name, item->parameter->rank, item->parameter->dim, item->parameter->count, item->parameter->grad);
    }
}

static int hidden_states(char **argument)
{
    smac_error error = {0};
    char *config_path = path_join(argument[0], "config.json"), *json;
    size_t size;
    stop_if(file_read(config_path, 0, &json, &size, &error), &error);
    language_model_config config;
    stop_if(language_model_config_parse(json, size, &config, &error), &error);
    tensor_file *weights, *input;
    stop_if(tensor_file_open(argument[0], &weights, &error), &error);
    stop_if(tensor_file_open(argument[1], &input, &error), &error);
    parameter_store *store = parameter_store_new();
    language_model *m;
    precision how = precision_of(argument[3]);
    double start = now();
    const tensor_entry *direction = tensor_file_find(input, "direction");
    stop_if(language_model_add(store, "", &config, direction != NULL ? -1 : 0, &m, &error), &error);
    stop_if(parameter_list_pack(language_model_parameters(m), weights, how, &error), &error);
    stop_if(parameter_store_seal(store, false, 1, &error), &error);
    loading_report report;
    stop_if(parameter_list_load(language_model_parameters(m), weights, &report, &error), &error);
    fprintf(stderr, "loaded in %.0f ms: %lld copied, %lld packed, %lld not asked for; %ld MB resident\n", now() - start,
        (long long)report.loaded, (long long)report.packed, (long long)report.unexpected, resident_megabytes());
    const tensor_entry *ids = expect(input, "ids"), *mask32 = expect(input, "mask");
    int64_t batch = ids->dim[0], length = ids->dim[1];
    int32_t *id = malloc(ids->bytes);
    memcpy(id, ids->data, ids->bytes);
    uint8_t *mask = malloc((size_t)mask32->count);
    for (int64_t i = 0; i < mask32->count; i++)
        mask[i] = (uint8_t)((const int32_t *)mask32->data)[i];
    const tensor_entry *given_types = tensor_file_find(input, "types");
    int32_t *types = given_types != NULL ? malloc(given_types->bytes) : NULL;
    if (types != NULL)
        memcpy(types, given_types->data, given_types->bytes);
    tape *t = tape_new(&(tape_options){.precision = how, .record = direction != NULL});
    value *hidden[64];
    value *last = language_model_forward(t, m,
        &(language_input){.batch = batch, .length = length, .ids = id, .mask = mask, .token_types = types}, hidden);
    value *vector = op_l2_normalise(t, op_masked_mean(t, last, mask), 1e-12f);
    stop_if(tape_status(t, &error), &error);
    static results r;
    for (int i = 0; i <= config.layers; i++) {
        char name[32];
        snprintf(name, sizeof name, "hidden.%d", i);
        keep(&r, t, name, hidden[i]);
    }
    keep(&r, t, "vector", vector);
    if (direction != NULL) {
        parameter_zero_gradients(store);
        keep_gradients(&r, t, last, mask, direction, language_model_parameters(m), &error);
    }
    stop_if(safetensors_write(argument[2], r.entries, r.count, NULL, 0, &error), &error);
    tape_free(t);
    language_model_free(m);
    parameter_store_free(store);
    tensor_file_close(weights);
    tensor_file_close(input);
    free(id);
    free(types);
    free(mask);
    free(json);
    free(config_path);
    return 0;
}

/* Vision and audio at the published sizes, packed from a file. */
static parameter_store *imagebind_from(const tensor_file *weights, precision how, imagebind *e[2])
{
    smac_error error = {0};
    parameter_store *store = parameter_store_new();
    for (int m = 0; m < 2; m++) {
        imagebind_config config;
        imagebind_config_huge((imagebind_modality)m, &config);
        stop_if(imagebind_add(store, "", &config, 0, &e[m], &error), &error);
        stop_if(parameter_list_pack(imagebind_parameters(e[m]), weights, how, &error), &error);
    }
    stop_if(parameter_store_seal(store, false, 1, &error), &error);
    for (int m = 0; m < 2; m++)
        stop_if(parameter_list_load(imagebind_parameters(e[m]), weights, NULL, &error), &error);
    return store;
}

static int load_time(char **argument)
{
    smac_error error = {0};
    tensor_file *weights;
    imagebind *e[2];
    char digest[65];
    double start = now();
    stop_if(tensor_file_open(argument[0], &weights, &error), &error);
    double opened = now();
    stop_if(affect_model_encoder_digest(weights, digest, &error), &error);
    double checked = now();
    parameter_store *store = imagebind_from(weights, precision_of(argument[1]), e);
    double packed = now();
    printf("{\"open_s\": %.3f, \"digest_s\": %.3f, \"pack_s\": %.3f, \"all_s\": %.3f, \"threads\": %d, "
           "\"resident_mb\": %ld, \"cpu_s\": %.3f}\n",
        (opened - start) / 1e3, (checked - opened) / 1e3, (packed - checked) / 1e3, (packed - start) / 1e3,
        parallel_threads(), resident_megabytes(), now_of(CLOCK_PROCESS_CPUTIME_ID) / 1e3);
    imagebind_free(e[0]);
    imagebind_free(e[1]);
    parameter_store_free(store);
    tensor_file_close(weights);
    return 0;
}

static int imagebind_vectors(char **argument)
{
    smac_error error = {0};
    tensor_file *weights, *input;
    stop_if(tensor_file_open(argument[0], &weights, &error), &error);
    stop_if(tensor_file_open(argument[1], &input, &error), &error);
    precision how = precision_of(argument[3]);
    static const char *const names[] = {"vision", "audio"};
    imagebind *e[2];
    double start = now();
    parameter_store *store = imagebind_from(weights, how, e);
    fprintf(stderr, "loaded in %.0f ms; %ld MB resident\n", now() - start, resident_megabytes());
    tape *t = tape_new(&(tape_options){.precision = how});
    static results r;
    for (int m = 0; m < 2; m++) {
        const tensor_entry *x = expect(input, names[m]);
        float *data = malloc((size_t)x->count * sizeof *data);
        tensor_to_f32(x, data);
        value *tokens, *y = imagebind_forward(t, e[m], data, x->dim[0], &tokens, NULL);
        stop_if(tape_status(t, &error), &error);
        char name[32];
        snprintf(name, sizeof name, "%s.tokens", names[m]);
        keep(&r, t, name, tokens);
        keep(&r, t, names[m], y);
        free(data);
    }
    fprintf(stderr, "%ld MB resident after the passes\n", resident_megabytes());
    stop_if(safetensors_write(argument[2], r.entries, r.count, NULL, 0, &error), &error);
    tape_free(t);
    imagebind_free(e[0]);
    imagebind_free(e[1]);
    parameter_store_free(store);
    tensor_file_close(weights);
    tensor_file_close(input);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 6 && strcmp(argv[1], "hidden") == 0)
        return hidden_states(argv + 2);
    if (argc == 6 && strcmp(argv[1], "imagebind") == 0)
        return imagebind_vectors(argv + 2);
    if (argc == 4 && strcmp(argv[1], "load") == 0)
        return load_time(argv + 2);
    if (argc == 5 && atoi(argv[4]) > 0 && atoi(argv[3]) > 0)
        return time_case(argv + 1);
    fprintf(stderr,
        "usage: bench_encoders CASE PRECISION BATCH ROUNDS | hidden FOLDER INPUT OUTPUT PRECISION | "
        "imagebind WEIGHTS INPUT OUTPUT PRECISION | load WEIGHTS PRECISION\n");
    return 2;
}
