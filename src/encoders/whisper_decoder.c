/*
 * encoders/whisper_decoder.c - Whisper's decoder for recognition, token by token.
 *
 * A step of a few hypotheses reads all weights once: it is bound by memory, so weights and the window's keys and values
 * are packed, and hypotheses share one pass over them.  Keys and values of earlier tokens stay where they were written
 * (position, slot); a hypothesis that goes on from another one takes over its list of slots, nothing is copied.
 */
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute/kernels.h"
#include "compute/parallel.h"
#include "compute/products.h"
#include "encoders/whisper_weights.h"

typedef struct packed_linear {
    packed_matrix *weight;
    float *bias;
} packed_linear;

typedef struct plain_norm {
    float *weight, *bias;
} plain_norm;

typedef struct decoder_layer {
    plain_norm self_norm, cross_norm, final_norm;
    packed_linear self, self_out;                /* self: q, k and v one under the other */
    packed_linear cross_query, cross, cross_out; /* cross: k and v */
    packed_linear up, down;
} decoder_layer;

struct whisper_decoder {
    whisper_config config;
    whisper_tensor embeddings; /* rows of single tokens come from the file */
    packed_matrix *output;     /* the same matrix, for the logits */
    float *positions;
    plain_norm norm;
    decoder_layer *layers;
};

typedef struct layer_cache {
    float *keys, *values;         /* (text_positions, beams, width) */
    packed_matrix **cross_keys;   /* a head: (frames, head width) */
    packed_matrix **cross_values; /* a head: (head width, frames) */
} layer_cache;

struct whisper_decoding {
    const whisper_decoder *decoder;
    int64_t beams, length, frames, alive; /* alive: hypotheses of the last step */
    layer_cache *layers;
    int32_t *slots, *next_slots; /* (beams, text_positions): where a hypothesis' token lies */
    float *work;                 /* scratch of one run */
    size_t work_count;
};

/* --- weights ------------------------------------------------------------------------------------------------------ */

typedef struct reader {
    const tensor_file *file;
    precision how;
    int64_t layer;
    smac_status status;
    smac_error *error;
} reader;

static float *read_floats(reader *r, const char *name, int rank, const int64_t *dim)
{
    int64_t count = dim[0] * (rank > 1 ? dim[1] : 1);
    float *out = r->status == SMAC_OK ? memory_new((size_t)count, sizeof *out) : NULL;
    if (out != NULL)
        r->status = whisper_load(r->file, name, rank, dim, out, r->error);
    else if (r->status == SMAC_OK)
        r->status = FAIL(r->error, SMAC_ERROR_MEMORY, "no memory for tensor %s", name);
    return out;
}

static void name_of(const reader *r, const char *part, const char *ending, char *out, size_t size)
{
    if (r->layer < 0)
        snprintf(out, size, "decoder.%s.%s", part, ending);
    else
        snprintf(out, size, "decoder.layers.%lld.%s.%s", (long long)r->layer, part, ending);
}

static void read_norm(reader *r, const char *part, int64_t width, plain_norm *out)
{
    char name[128];
    name_of(r, part, "weight", name, sizeof name);
    out->weight = read_floats(r, name, 1, &width);
    name_of(r, part, "bias", name, sizeof name);
    out->bias = read_floats(r, name, 1, &width);
}

/* The parts one under the other, all (out, in); a part whose name starts with '-' has no bias. */
static void read_linear(reader *r, const char *const *parts, int64_t count, int64_t in, int64_t out, packed_linear *l)
{
    float *whole = r->status == SMAC_OK ? memory_new((size_t)(count * out * in), sizeof *whole) : NULL;
    l->bias = whole ? memory_new((size_t)(count * out), sizeof *l->bias) : NULL; /* zeros */
    if (r->status == SMAC_OK && l->bias == NULL)
        r->status = FAIL(r->error, SMAC_ERROR_MEMORY, "no memory for %s", parts[0]);
    for (int64_t i = 0; r->status == SMAC_OK && i < count; i++) {
        char name[128];
        bool bias = parts[i][0] != '-';
        const char *part = parts[i] + !bias;
        name_of(r, part, "weight", name, sizeof name);
        r->status = whisper_load(r->file, name, 2, (int64_t[]){out, in}, whole + i * out * in, r->error);
        name_of(r, part, "bias", name, sizeof name);
        if (r->status == SMAC_OK && bias)
            r->status = whisper_load(r->file, name, 1, &out, l->bias + i * out, r->error);
    }
    if (r->status == SMAC_OK) {
        l->weight = packed_matrix_new(whole, count * out, in, r->how);
        if (l->weight == NULL)
            r->status = FAIL(r->error, SMAC_ERROR_MEMORY, "no memory to pack %s", parts[0]);
    }
    free(whole);
}

static void read_layer(reader *r, const whisper_config *c, decoder_layer *l)
{
    static const char *const self[] = {"self_attn.q_proj", "-self_attn.k_proj", "self_attn.v_proj"};
    static const char *const cross[] = {"-encoder_attn.k_proj", "encoder_attn.v_proj"};
    static const char *const single[] = {
        "self_attn.out_proj", "encoder_attn.q_proj", "encoder_attn.out_proj", "fc1", "fc2"};
    int64_t width = c->width;
    read_norm(r, "self_attn_layer_norm", width, &l->self_norm);
    read_norm(r, "encoder_attn_layer_norm", width, &l->cross_norm);
    read_norm(r, "final_layer_norm", width, &l->final_norm);
    read_linear(r, self, 3, width, width, &l->self);
    read_linear(r, &single[0], 1, width, width, &l->self_out);
    read_linear(r, &single[1], 1, width, width, &l->cross_query);
    read_linear(r, cross, 2, width, width, &l->cross);
    read_linear(r, &single[2], 1, width, width, &l->cross_out);
    read_linear(r, &single[3], 1, width, c->decoder_hidden, &l->up);
    read_linear(r, &single[4], 1, c->decoder_hidden, width, &l->down);
}

static void read_embeddings(reader *r, whisper_decoder *d)
{
    const int64_t dim[] = {d->config.vocabulary, d->config.width};
    if (r->status == SMAC_OK)
        r->status = whisper_find(r->file, "decoder.embed_tokens.weight", 2, dim, &d->embeddings, r->error);
    float *whole = read_floats(r, "decoder.embed_tokens.weight", 2, dim);
    if (r->status == SMAC_OK) {
        d->output = packed_matrix_new(whole, dim[0], dim[1], r->how);
        if (d->output == NULL)
            r->status =
                FAIL(r->error, SMAC_ERROR_MEMORY, "no memory to pack the embeddings of %lld tokens", (long long)dim[0]);
    }
    free(whole);
}

smac_status whisper_decoder_new(
    const tensor_file *file, const whisper_config *config, precision how, whisper_decoder **out, smac_error *error)
{
    TRY(whisper_config_check(config, error));
    whisper_decoder *d = memory_new(1, sizeof *d);
    if (d != NULL)
        d->layers = memory_new((size_t)config->decoder_layers, sizeof *d->layers);
    if (d == NULL || d->layers == NULL) {
        whisper_decoder_free(d);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for Whisper's decoder");
    }
    d->config = *config;
    reader r = {.file = file, .how = how, .layer = -1, .error = error};
    read_norm(&r, "layer_norm", config->width, &d->norm);
    d->positions =
        read_floats(&r, "decoder.embed_positions.weight", 2, (int64_t[]){config->text_positions, config->width});
    read_embeddings(&r, d);
    for (r.layer = 0; r.status == SMAC_OK && r.layer < config->decoder_layers; r.layer++)
        read_layer(&r, config, &d->layers[r.layer]);
    if (r.status != SMAC_OK) {
        whisper_decoder_free(d);
        return r.status;
    }
    *out = d;
    return SMAC_OK;
}

static void free_linear(packed_linear *l)
{
    packed_matrix_free(l->weight);
    free(l->bias);
}

static void free_norm(plain_norm *n)
{
    free(n->weight);
    free(n->bias);
}

void whisper_decoder_free(whisper_decoder *d)
{
    if (d == NULL)
        return;
    for (int64_t i = 0; d->layers != NULL && i < d->config.decoder_layers; i++) {
        decoder_layer *l = &d->layers[i];
        packed_linear *linears[] = {
            &l->self, &l->self_out, &l->cross_query, &l->cross, &l->cross_out, &l->up, &l->down};
        for (size_t j = 0; j < sizeof linears / sizeof *linears; j++)
            free_linear(linears[j]);
        free_norm(&l->self_norm);
        free_norm(&l->cross_norm);
        free_norm(&l->final_norm);
    }
    free_norm(&d->norm);
    packed_matrix_free(d->output);
    free(d->positions);
    free(d->layers);
    free(d);
}

/* --- a window ----------------------------------------------------------------------------------------------------- */

static void free_sound(whisper_decoding *s)
{
    const whisper_config *c = &s->decoder->config;
    for (int64_t i = 0; i < c->decoder_layers; i++)
        for (int64_t h = 0; s->layers[i].cross_keys != NULL && h < c->decoder_heads; h++) {
            packed_matrix_free(s->layers[i].cross_keys[h]);
            packed_matrix_free(s->layers[i].cross_values[h]);
            s->layers[i].cross_keys[h] = s->layers[i].cross_values[h] = NULL;
        }
    s->frames = 0;
}

void whisper_decoding_free(whisper_decoding *s)
{
    if (s == NULL)
        return;
    if (s->layers != NULL) {
        free_sound(s);
        for (int64_t i = 0; i < s->decoder->config.decoder_layers; i++) {
            memory_aligned_free(s->layers[i].keys);
            memory_aligned_free(s->layers[i].values);
            free(s->layers[i].cross_keys);
        }
    }
    free(s->layers);
    free(s->slots);
    free(s->next_slots);
    free(s->work);
    free(s);
}

smac_status whisper_decoding_new(const whisper_decoder *d, int64_t beams, whisper_decoding **out, smac_error *error)
{
    const whisper_config *c = &d->config;
    if (beams < 1 || beams > 64)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%lld hypotheses were asked for, expected 1 to 64", (long long)beams);
    whisper_decoding *s = memory_new(1, sizeof *s);
    if (s == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a decoding");
    s->decoder = d;
    s->beams = beams;
    s->layers = memory_new((size_t)c->decoder_layers, sizeof *s->layers);
    s->slots = memory_new((size_t)(beams * c->text_positions), sizeof *s->slots);
    s->next_slots = memory_new((size_t)(beams * c->text_positions), sizeof *s->next_slots);
    bool good = s->layers && s->slots && s->next_slots;
    for (int64_t i = 0; good && i < c->decoder_layers; i++) {
        layer_cache *l = &s->layers[i];
        size_t bytes = (size_t)(c->text_positions * beams * c->width) * sizeof(float);
        l->keys = memory_aligned(bytes);
        l->values = memory_aligned(bytes);
        l->cross_keys = memory_new(2 * (size_t)c->decoder_heads, sizeof(void *));
        good = l->keys && l->values && l->cross_keys;
        l->cross_values = l->cross_keys ? l->cross_keys + c->decoder_heads : NULL;
    }
    if (!good) {
        whisper_decoding_free(s);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a decoding of %lld hypotheses", (long long)beams);
    }
    *out = s;
    return SMAC_OK;
}

typedef struct cross_pack {
    const float *both; /* (frames, 2 width): keys, values */
    layer_cache *layer;
    int64_t frames, width, head;
    float *scratch; /* a head's share: 2 * frames * head */
    atomic_int failed;
} cross_pack;

static void pack_head(void *context, int64_t h)
{
    cross_pack *c = context;
    float *keys = c->scratch + h * 2 * c->frames * c->head, *values = keys + c->frames * c->head;
    for (int64_t t = 0; t < c->frames; t++) {
        const float *row = c->both + t * 2 * c->width + h * c->head;
        memcpy(keys + t * c->head, row, (size_t)c->head * sizeof *row);
        for (int64_t i = 0; i < c->head; i++)
            values[i * c->frames + t] = row[c->width + i];
    }
    c->layer->cross_keys[h] = packed_matrix_new(keys, c->frames, c->head, PRECISION_F32);
    c->layer->cross_values[h] = packed_matrix_new(values, c->head, c->frames, PRECISION_F32);
    if (c->layer->cross_keys[h] == NULL || c->layer->cross_values[h] == NULL)
        atomic_store(&c->failed, 1);
}

smac_status whisper_decoding_sound(whisper_decoding *s, const float *sound, int64_t frames, smac_error *error)
{
    const whisper_config *c = &s->decoder->config;
    if (frames < 1 || frames > c->positions)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "a window of %lld vectors of sound was given, expected 1 to %lld",
            (long long)frames, (long long)c->positions);
    free_sound(s);
    whisper_decoding_restart(s);
    float *memory = memory_aligned((size_t)(frames * c->width) * 4 * sizeof(float));
    if (memory == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the keys and values of a window");
    smac_status status = SMAC_OK;
    for (int64_t i = 0; status == SMAC_OK && i < c->decoder_layers; i++) {
        const packed_linear *l = &s->decoder->layers[i].cross;
        status = product_packed(
            &(packed_product){.y = memory, .x = sound, .rows = frames, .weight = l->weight, .bias = l->bias}, error);
        cross_pack pack = {.both = memory,
            .layer = &s->layers[i],
            .frames = frames,
            .width = c->width,
            .head = c->width / c->decoder_heads,
            .scratch = memory + 2 * frames * c->width};
        if (status == SMAC_OK)
            parallel_for(c->decoder_heads, pack_head, &pack);
        if (status == SMAC_OK && atomic_load(&pack.failed))
            status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the keys and values of a window");
    }
    memory_aligned_free(memory);
    if (status == SMAC_OK)
        s->frames = frames;
    else
        free_sound(s);
    return status;
}

void whisper_decoding_restart(whisper_decoding *s)
{
    s->length = 0;
    s->alive = 0;
}

int64_t whisper_decoding_length(const whisper_decoding *s)
{
    return s->length;
}

/* --- running tokens ----------------------------------------------------------------------------------------------- */

/* rows tokens at once: either successive ones of hypothesis 0, or one of each hypothesis. */
typedef struct run {
    whisper_decoding *s;
    int64_t rows, width, head, heads, layer, attended;
    bool successive;
    const float *query; /* a row's start; query_row floats apart */
    int64_t query_row;
    float *mixed;               /* (rows, width): what attention gives */
    float *scratch;             /* scores: a head's share */
    const int32_t (*listed)[2]; /* heads whose scores are wanted, or NULL */
    int64_t listed_count;
    float *listed_scores;
    float scale;
    atomic_int failed;
} run;

static void self_attention_head(void *context, int64_t h)
{
    run *r = context;
    const whisper_decoding *s = r->s;
    const struct kernels *kernel = kernels_get();
    const layer_cache *cache = &s->layers[r->layer];
    float *scores = r->scratch + h * s->decoder->config.text_positions;
    for (int64_t row = 0; row < r->rows; row++) {
        const float *q = r->query + row * r->query_row + h * r->head;
        const int32_t *slots = s->slots + (r->successive ? 0 : row) * s->decoder->config.text_positions;
        int64_t seen = r->successive ? s->length + row + 1 : s->length + 1;
        float *out = r->mixed + row * r->width + h * r->head;
        for (int64_t t = 0; t < seen; t++)
            scores[t] = kernel->dot(q, cache->keys + (t * s->beams + slots[t]) * r->width + h * r->head, r->head);
        kernel->softmax(scores, scores, seen, r->scale, NULL, NULL);
        memset(out, 0, (size_t)r->head * sizeof *out);
        for (int64_t t = 0; t < seen; t++)
            kernel->axpy(out, cache->values + (t * s->beams + slots[t]) * r->width + h * r->head, scores[t], r->head);
    }
}

/* All rows against the sound, a head a piece. */
static void cross_attention_head(void *context, int64_t h)
{
    run *r = context;
    const whisper_decoding *s = r->s;
    const layer_cache *cache = &s->layers[r->layer];
    float *scores = r->scratch + h * r->rows * (s->frames + 2 * r->head);
    float *query = scores + r->rows * s->frames, *out = query + r->rows * r->head;
    for (int64_t row = 0; row < r->rows; row++)
        memcpy(query + row * r->head, r->query + row * r->query_row + h * r->head, (size_t)r->head * sizeof *query);
    if (product_packed(&(packed_product){.y = scores, .x = query, .rows = r->rows, .weight = cache->cross_keys[h]},
            NULL) != SMAC_OK) {
        atomic_store(&r->failed, 1);
        return;
    }
    for (int64_t i = 0; i < r->listed_count; i++)
        if (r->listed[i][0] == r->layer && r->listed[i][1] == h)
            kernels_get()->scale(r->listed_scores + i * r->rows * s->frames, scores, r->scale, r->rows * s->frames);
    for (int64_t row = 0; row < r->rows; row++)
        kernels_get()->softmax(scores + row * s->frames, scores + row * s->frames, s->frames, r->scale, NULL, NULL);
    if (product_packed(&(packed_product){.y = out, .x = scores, .rows = r->rows, .weight = cache->cross_values[h]},
            NULL) != SMAC_OK)
        atomic_store(&r->failed, 1);
    for (int64_t row = 0; row < r->rows; row++)
        memcpy(r->mixed + row * r->width + h * r->head, out + row * r->head, (size_t)r->head * sizeof *out);
}

static void normalise(float *y, const float *x, const plain_norm *n, int64_t rows, int64_t width)
{
    for (int64_t i = 0; i < rows; i++)
        kernels_get()->layer_norm(y + i * width, x + i * width, n->weight, n->bias, width, 1e-5f, NULL, NULL);
}

static smac_status multiply(
    float *y, const float *x, int64_t rows, const packed_linear *l, activation a, smac_error *error)
{
    return product_packed(
        &(packed_product){.y = y, .x = x, .rows = rows, .weight = l->weight, .bias = l->bias, .activation = a}, error);
}

/* One layer: x (rows, width) in place.  work holds for each row width, and 3 widths or hidden. */
static smac_status run_layer(run *r, float *x, float *work, smac_error *error)
{
    whisper_decoding *s = r->s;
    const decoder_layer *l = &s->decoder->layers[r->layer];
    int64_t rows = r->rows, width = r->width, count = rows * width;
    float *normal = work, *wide = work + count; /* wide: q, k, v, or the hidden ones */
    const struct kernels *kernel = kernels_get();
    normalise(normal, x, &l->self_norm, rows, width);
    TRY(multiply(wide, normal, rows, &l->self, ACTIVATION_NONE, error));
    for (int64_t row = 0; row < rows; row++) {
        int64_t place = r->successive ? (s->length + row) * s->beams : s->length * s->beams + row;
        memcpy(s->layers[r->layer].keys + place * width, wide + row * 3 * width + width, (size_t)width * sizeof *x);
        memcpy(
            s->layers[r->layer].values + place * width, wide + row * 3 * width + 2 * width, (size_t)width * sizeof *x);
    }
    r->query = wide;
    r->query_row = 3 * width;
    r->mixed = normal;
    if (rows * (s->length + rows) < 256)
        serial_for(r->heads, self_attention_head, r);
    else
        parallel_for(r->heads, self_attention_head, r);
    TRY(multiply(wide, normal, rows, &l->self_out, ACTIVATION_NONE, error));
    kernel->add(x, x, wide, count);
    normalise(normal, x, &l->cross_norm, rows, width);
    TRY(multiply(wide, normal, rows, &l->cross_query, ACTIVATION_NONE, error));
    r->query_row = width;
    parallel_for(r->heads, cross_attention_head, r);
    if (atomic_load(&r->failed))
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for attention over a window");
    TRY(multiply(wide, normal, rows, &l->cross_out, ACTIVATION_NONE, error));
    kernel->add(x, x, wide, count);
    normalise(normal, x, &l->final_norm, rows, width);
    TRY(multiply(wide, normal, rows, &l->up, ACTIVATION_GELU, error));
    TRY(multiply(normal, wide, rows, &l->down, ACTIVATION_NONE, error));
    kernel->add(x, x, normal, count);
    return SMAC_OK;
}

/* The final states (rows, width) of the tokens, in s->work. */
static smac_status run_tokens(run *r, const int32_t *tokens, float **states, smac_error *error)
{
    whisper_decoding *s = r->s;
    const whisper_config *c = &s->decoder->config;
    int64_t rows = r->rows, width = c->width;
    r->width = width;
    r->heads = c->decoder_heads;
    r->head = width / c->decoder_heads;
    r->scale = (float)(1 / sqrt((double)r->head));
    int64_t last = s->length + (r->successive ? rows : 1);
    if (s->frames == 0)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "there is no sound to decode: give it before any token");
    if (last > c->text_positions)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%lld tokens were given, Whisper reads at most %lld", (long long)last,
            (long long)c->text_positions);
    for (int64_t i = 0; i < rows; i++)
        if (tokens[i] < 0 || tokens[i] >= c->vocabulary)
            return FAIL(error, SMAC_ERROR_ARGUMENT, "token number %lld is %d, expected 0 to %lld", (long long)i,
                (int)tokens[i], (long long)c->vocabulary - 1);
    int64_t wide = c->decoder_hidden > 3 * width ? c->decoder_hidden : 3 * width;
    int64_t scores =
        rows * (s->frames + 2 * r->head) > c->text_positions ? rows * (s->frames + 2 * r->head) : c->text_positions;
    size_t needed = (size_t)(rows * (2 * width + wide) + r->heads * scores);
    if (needed > s->work_count) {
        free(s->work);
        s->work_count = 0;
        s->work = memory_new(needed, sizeof *s->work);
        if (s->work == NULL)
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %lld tokens at once", (long long)rows);
        s->work_count = needed;
    }
    float *x = s->work, *work = x + rows * width;
    r->scratch = work + rows * (width + wide);
    for (int64_t i = 0; i < rows; i++) {
        whisper_read(&s->decoder->embeddings, tokens[i], 1, x + i * width);
        kernels_get()->add(
            x + i * width, x + i * width, s->decoder->positions + (s->length + (r->successive ? i : 0)) * width, width);
    }
    for (r->layer = 0; r->layer < c->decoder_layers; r->layer++)
        TRY(run_layer(r, x, work, error));
    normalise(work, x, &s->decoder->norm, rows, width);
    s->length = last;
    *states = work;
    return SMAC_OK;
}

smac_status whisper_decoding_prompt(whisper_decoding *s, const int32_t *tokens, int64_t count, float *logits,
    int64_t early, float *early_logits, smac_error *error)
{
    const whisper_decoder *d = s->decoder;
    float *states;
    if (count < 1 || s->length != 0 || early >= count)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "a prompt of %lld tokens behind %lld others was given, expected at least 1 behind none", (long long)count,
            (long long)s->length);
    for (int64_t t = 0; t < d->config.text_positions; t++)
        s->slots[t] = 0;
    run r = {.s = s, .rows = count, .successive = true};
    TRY(run_tokens(&r, tokens, &states, error));
    s->alive = 1;
    if (early_logits != NULL)
        TRY(product_packed(
            &(packed_product){.y = early_logits, .x = states + early * d->config.width, .rows = 1, .weight = d->output},
            error));
    if (logits != NULL)
        TRY(product_packed(
            &(packed_product){.y = logits, .x = states + (count - 1) * d->config.width, .rows = 1, .weight = d->output},
            error));
    return SMAC_OK;
}

smac_status whisper_decoding_step(
    whisper_decoding *s, int64_t beams, const int32_t *tokens, const int32_t *origin, float *logits, smac_error *error)
{
    int64_t positions = s->decoder->config.text_positions;
    float *states;
    if (beams < 1 || beams > s->beams || s->alive < 1)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "a step of %lld hypotheses was asked for, expected 1 to %lld behind a prompt", (long long)beams,
            (long long)s->beams);
    if (s->length >= positions)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "Whisper reads at most %lld tokens", (long long)positions);
    for (int64_t b = 0; b < beams; b++) {
        int64_t from = origin != NULL ? origin[b] : s->alive == 1 ? 0 : b;
        if (from < 0 || from >= s->alive)
            return FAIL(error, SMAC_ERROR_ARGUMENT, "hypothesis %lld goes on from number %lld of %lld", (long long)b,
                (long long)from, (long long)s->alive);
        memcpy(s->next_slots + b * positions, s->slots + from * positions, (size_t)s->length * sizeof *s->slots);
        s->next_slots[b * positions + s->length] = (int32_t)b;
    }
    int32_t *old = s->slots;
    s->slots = s->next_slots;
    s->next_slots = old;
    run r = {.s = s, .rows = beams};
    TRY(run_tokens(&r, tokens, &states, error));
    s->alive = beams;
    return product_packed(
        &(packed_product){.y = logits, .x = states, .rows = beams, .weight = s->decoder->output}, error);
}

/* softmax over the first limit logits, at token */
static float probability_of(const float *logits, int32_t limit, int32_t token)
{
    double largest = -INFINITY, sum = 0;
    for (int32_t i = 0; i < limit; i++)
        largest = fmax(largest, (double)logits[i]);
    for (int32_t i = 0; i < limit; i++)
        sum += exp((double)logits[i] - largest);
    return token < limit ? (float)(exp((double)logits[token] - largest) / sum) : 0;
}

smac_status whisper_decoding_align(whisper_decoding *s, const int32_t *tokens, int64_t count, const int32_t (*heads)[2],
    int64_t head_count, float *scores, int32_t limit, float *probability, smac_error *error)
{
    const whisper_config *c = &s->decoder->config;
    float *states;
    if (count < 1 || limit < 1 || limit > c->vocabulary)
        return FAIL(
            error, SMAC_ERROR_ARGUMENT, "%lld tokens are to be aligned, below id %d", (long long)count, (int)limit);
    for (int64_t i = 0; i < head_count; i++)
        if (heads[i][0] < 0 || heads[i][0] >= c->decoder_layers || heads[i][1] < 0 || heads[i][1] >= c->decoder_heads)
            return FAIL(error, SMAC_ERROR_FORMAT,
                "alignment head %d of layer %d is asked for, the decoder has %lld layers of %lld heads",
                (int)heads[i][1], (int)heads[i][0], (long long)c->decoder_layers, (long long)c->decoder_heads);
    whisper_decoding_restart(s);
    for (int64_t t = 0; t < c->text_positions; t++)
        s->slots[t] = 0;
    run r = {.s = s,
        .rows = count,
        .successive = true,
        .listed = heads,
        .listed_count = head_count,
        .listed_scores = scores};
    TRY(run_tokens(&r, tokens, &states, error));
    float *logits = memory_new((size_t)c->vocabulary, sizeof *logits);
    if (logits == NULL)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the logits of %lld tokens", (long long)c->vocabulary);
    smac_status status = SMAC_OK;
    for (int64_t i = 0; status == SMAC_OK && i + 1 < count; i++) {
        status = product_packed(
            &(packed_product){.y = logits, .x = states + i * c->width, .rows = 1, .weight = s->decoder->output}, error);
        if (status == SMAC_OK)
            probability[i] = probability_of(logits, limit, tokens[i + 1]);
    }
    free(logits);
    return status;
}
