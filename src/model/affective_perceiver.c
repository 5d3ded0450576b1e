/* model/affective_perceiver.c - see the header for the formulas. */
#include "model/affective_perceiver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { NAME_LENGTH = 160 };

static const float token_scale = 0.02f; /* standard deviation of learned tokens at the start */

static smac_status token_add(parameter_store *s, const char *prefix, const char *name, int64_t rows, int64_t width,
    parameter **out, smac_error *error)
{
    char full[NAME_LENGTH];
    snprintf(full, sizeof full, "%s.%s", prefix, name);
    parameter_spec spec = {
        .name = full, .rank = rows ? 2 : 1, .init = INIT_NORMAL, .scale = token_scale, .no_decay = true};
    spec.dim[0] = rows ? rows : width;
    spec.dim[1] = rows ? width : 0;
    *out = parameter_add(s, &spec, error);
    return *out ? SMAC_OK : error ? error->code : SMAC_ERROR_INTERNAL;
}

static smac_status layer_add(parameter_store *s, const char *prefix, int index, const configuration *c,
    perceiver_layer *layer, smac_error *error)
{
    char name[NAME_LENGTH];
    int64_t d = c->model.width;
    snprintf(name, sizeof name, "%s.layers.%d.latent_norm", prefix, index);
    TRY(layer_norm_add(s, name, d, 1e-5f, &layer->latent_norm, error));
    snprintf(name, sizeof name, "%s.layers.%d.context_norm", prefix, index);
    TRY(layer_norm_add(s, name, d, 1e-5f, &layer->context_norm, error));
    snprintf(name, sizeof name, "%s.layers.%d.attention", prefix, index);
    attention_sizes sizes = {.width = d,
        .context_width = d,
        .heads = (int)c->model.heads,
        .kv_heads = (int)c->model.heads,
        .head_width = c->model.head_width};
    TRY(attention_add(s, name, &sizes, &layer->attention, error));
    snprintf(name, sizeof name, "%s.layers.%d.feed_forward", prefix, index);
    return feed_forward_add(s, name, d, 4 * d, (float)c->model.dropout, &layer->feed_forward, error);
}

smac_status affective_perceiver_add(parameter_store *s, const char *prefix, const configuration *c,
    const perceiver_sizes *sizes, affective_perceiver *p, smac_error *error)
{
    char name[NAME_LENGTH];
    bool text = sizes->text;
    int64_t crops = sizes->crops;
    memset(p, 0, sizeof *p);
    p->text = text;
    p->inputs = sizes->inputs;
    p->pooling = c->perceiver.pooling;
    p->width = c->model.width;
    p->max_clips = c->perceiver.max_clips;
    p->crops = crops;
    if (strlen(prefix) > NAME_LENGTH - 64)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "parameter prefix '%.40s...' is too long", prefix);
    if (sizes->inputs < 1 || sizes->inputs > PERCEIVER_INPUTS_MAX)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%s has %d kinds of vectors; expected 1 to %d", prefix, sizes->inputs,
            PERCEIVER_INPUTS_MAX);
    for (int i = 0; i < sizes->inputs; i++) {
        if (sizes->width[i] < 1 || (!text && crops < 1))
            return FAIL(error, SMAC_ERROR_ARGUMENT,
                "%s has vectors of width %lld and %lld crops; expected at least 1 of each", prefix,
                (long long)sizes->width[i], (long long)crops);
        if (i == 0)
            snprintf(name, sizeof name, "%s.project", prefix);
        else
            snprintf(name, sizeof name, "%s.project_%d", prefix, i + 1);
        TRY(linear_add(s, name, sizes->width[i], p->width, false, &p->project[i], error));
    }
    TRY(token_add(s, prefix, "missing", 0, p->width, &p->missing, error));
    if (!text) {
        TRY(token_add(s, prefix, "time", p->max_clips, p->width, &p->time, error));
        TRY(token_add(s, prefix, "crop", crops, p->width, &p->crop, error));
    }
    if (!text && p->pooling == POOLING_PERCEIVER) {
        TRY(token_add(s, prefix, "latents", c->perceiver.latents, p->width, &p->latents, error));
        p->layers = memory_new((size_t)c->perceiver.layers + 1, sizeof *p->layers);
        if (!p->layers)
            return FAIL(
                error, SMAC_ERROR_MEMORY, "no memory for %lld Perceiver layers", (long long)c->perceiver.layers);
        for (p->layer_count = 0; p->layer_count < c->perceiver.layers; p->layer_count++) {
            smac_status status = layer_add(s, prefix, p->layer_count, c, &p->layers[p->layer_count], error);
            if (status != SMAC_OK) {
                affective_perceiver_clear(p);
                return status;
            }
        }
    }
    snprintf(name, sizeof name, "%s.norm", prefix);
    smac_status status = layer_norm_add(s, name, p->width, 1e-5f, &p->norm, error);
    if (status != SMAC_OK)
        affective_perceiver_clear(p);
    return status;
}

void affective_perceiver_clear(affective_perceiver *p)
{
    if (!p)
        return;
    free(p->layers);
    p->layers = NULL;
    p->layer_count = 0;
}

/* The mask and the presence that hold for the forward pass: a sample without any position that counts lacks the
 * modality; a sample that lacks it has its first position alone, where the learned vector will be. */
static bool presence_fill(int64_t batch, int64_t steps, uint8_t *mask, uint8_t *present)
{
    bool all = true;
    for (int64_t b = 0; b < batch; b++) {
        uint8_t *row = mask + b * steps;
        bool any = false;
        for (int64_t s = 0; s < steps; s++)
            any = any || row[s];
        present[b] = present[b] && any;
        if (!present[b]) {
            memset(row, 0, (size_t)steps);
            row[0] = 1;
            all = false;
        }
    }
    return all;
}

/* No sample of the batch has the modality: (B, 1, D), all the learned vector. */
static value *all_missing(tape *t, const affective_perceiver *p, int64_t batch, semantic_tokens *out)
{
    uint8_t *mask = tape_scratch(t, (size_t)batch), *present = tape_scratch(t, (size_t)batch);
    if (!mask || !present)
        return NULL;
    memset(mask, 1, (size_t)batch);
    memset(present, 0, (size_t)batch);
    out->mask = mask;
    out->present = present;
    value *token = op_repeat(t, tape_parameter(t, p->missing), batch);
    return op_reshape(t, token, 3, (int64_t[]){batch, 1, p->width});
}

/* Uniform subsampling of videos longer than max_clips: vectors (B, S, C, E), mask (B, S) -> the same with S cut. */
static value *subsample(tape *t, int64_t batch, int64_t limit, value *vectors, uint8_t **mask)
{
    int64_t steps = vectors->dim[1], crops = vectors->dim[2], width = vectors->dim[3];
    int32_t *indices = tape_scratch(t, (size_t)(batch * limit) * sizeof *indices);
    uint8_t *kept = tape_scratch(t, (size_t)(batch * limit));
    if (!indices || !kept)
        return NULL;
    if (batch * steps > INT32_MAX) {
        tape_fail(t, SMAC_ERROR_UNSUPPORTED, __func__, "a batch of %lld videos of %lld clips is too large",
            (long long)batch, (long long)steps);
        return NULL;
    }
    for (int64_t b = 0; b < batch; b++) {
        const uint8_t *row = *mask + b * steps;
        int64_t length = steps;
        while (length > 0 && !row[length - 1])
            length--;
        for (int64_t i = 0; i < limit; i++) {
            int64_t s = length > limit ? i * length / limit : i;
            kept[b * limit + i] = s < length && row[s];
            indices[b * limit + i] = kept[b * limit + i] ? (int32_t)(b * steps + s) : -1;
        }
    }
    *mask = kept;
    value *rows = op_reshape(t, vectors, 2, (int64_t[]){batch * steps, crops * width});
    value *chosen = op_gather(t, rows, indices, 2, (int64_t[]){batch, limit});
    return op_reshape(t, chosen, 4, (int64_t[]){batch, limit, crops, width});
}

/* W E + time + crop, flattened over crops: (B, S*C, D), mask (B, S) -> (B, S*C); of a sample that lacks the modality one
 * token counts, whatever the crops */
static value *place_tokens(tape *t, const affective_perceiver *p, const linear *project, value *vectors,
    const uint8_t *present, uint8_t **mask)
{
    int64_t batch = vectors->dim[0], steps = vectors->dim[1], crops = vectors->dim[2], d = p->width;
    value *x = linear_forward(t, project, vectors);
    value *crop = op_slice(t, tape_parameter(t, p->crop), 0, 0, crops); /* (C, D) */
    x = op_add(t, x, crop);
    value *time = op_slice(t, tape_parameter(t, p->time), 0, 0, steps); /* (S, D) */
    /* every crop of a clip has the clip's time: (S, D) -> (C, S, D) -> (S, C, D) */
    time = op_transpose(t, op_repeat(t, time, crops), 0, 1);
    x = op_add(t, x, time);
    if (crops > 1) {
        uint8_t *wide = tape_scratch(t, (size_t)(batch * steps * crops));
        if (!wide)
            return NULL;
        for (int64_t i = 0; i < batch * steps; i++)
            memset(wide + i * crops, (*mask)[i], (size_t)crops);
        for (int64_t b = 0; b < batch; b++)
            if (!present[b])
                memset(wide + b * steps * crops + 1, 0, (size_t)crops - 1);
        *mask = wide;
    }
    return op_reshape(t, x, 3, (int64_t[]){batch, steps * crops, d});
}

static value *perceive(tape *t, const affective_perceiver *p, int64_t batch, value *x, const uint8_t *mask)
{
    int64_t tokens = x->dim[1], latents = p->latents->dim[0];
    uint8_t *key_mask = tape_scratch(t, (size_t)(batch * (tokens + latents)));
    if (!key_mask)
        return NULL;
    for (int64_t b = 0; b < batch; b++) {
        memcpy(key_mask + b * (tokens + latents), mask + b * tokens, (size_t)tokens);
        memset(key_mask + b * (tokens + latents) + tokens, 1, (size_t)latents);
    }
    value *z = op_repeat(t, tape_parameter(t, p->latents), batch); /* (B, latents, D) */
    for (int i = 0; i < p->layer_count; i++) {
        const perceiver_layer *layer = &p->layers[i];
        value *query = layer_norm_forward(t, &layer->latent_norm, z);
        value *context = op_concat(t, (value *[]){layer_norm_forward(t, &layer->context_norm, x), query}, 2, 1);
        z = op_add(t, z, attention_forward(t, &layer->attention, query, context, key_mask));
        z = op_add(t, z, feed_forward_forward(t, &layer->feed_forward, z));
    }
    return z;
}

static bool shape_fits(tape *t, const affective_perceiver *p, int64_t batch, const semantic_sequence *sequence)
{
    const value *x = sequence->vectors;
    if (sequence->input < 0 || sequence->input >= p->inputs) {
        tape_fail(t, SMAC_ERROR_MISMATCH, __func__, "vectors of kind %d; the model takes %d kinds", sequence->input,
            p->inputs);
        return false;
    }
    int64_t width = p->project[sequence->input].weight->dim[1];
    bool fits = p->text ? x->rank == 3 && x->dim[2] == width
                        : x->rank == 4 && x->dim[3] == width && x->dim[2] >= 1 && x->dim[2] <= p->crops;
    if (fits && x->dim[0] == batch && x->dim[1] >= 1)
        return true;
    tape_fail(t, SMAC_ERROR_MISMATCH, __func__,
        "vectors of rank %d and dimensions %lld, %lld, %lld, %lld do not fit; expected a batch of %lld %s of width %lld",
        x->rank, (long long)x->dim[0], (long long)x->dim[1], (long long)(x->rank > 2 ? x->dim[2] : 0),
        (long long)(x->rank > 3 ? x->dim[3] : 0), (long long)batch,
        p->text ? "(B, L, E)" : "(B, S, C, E) with the model's crops at most", (long long)width);
    return false;
}

/* The tokens X of one sequence: (B, T, D), which of them count, and which samples have any. */
typedef struct placed_sequence {
    value *x;
    uint8_t *mask, *present;
    bool all; /* every sample has some */
} placed_sequence;

/* false: it failed, as the tape tells. */
static bool place_sequence(
    tape *t, const affective_perceiver *p, int64_t batch, const semantic_sequence *sequence, placed_sequence *out)
{
    value *vectors = sequence->vectors;
    if (!shape_fits(t, p, batch, sequence))
        return false;
    const linear *project = &p->project[sequence->input];
    int64_t steps = vectors->dim[1];
    out->mask = tape_scratch(t, (size_t)(batch * steps));
    out->present = tape_scratch(t, (size_t)batch);
    if (!out->mask || !out->present)
        return false;
    memset(out->mask, 1, (size_t)(batch * steps));
    memset(out->present, 1, (size_t)batch);
    for (int64_t i = 0; sequence->mask && i < batch * steps; i++)
        out->mask[i] = sequence->mask[i] != 0;
    for (int64_t b = 0; sequence->present && b < batch; b++)
        out->present[b] = sequence->present[b] != 0;
    out->all = presence_fill(batch, steps, out->mask, out->present);
    if (!p->text && steps > p->max_clips)
        vectors = subsample(t, batch, p->max_clips, vectors, &out->mask);
    if (!vectors)
        return false;
    out->x =
        p->text ? linear_forward(t, project, vectors) : place_tokens(t, p, project, vectors, out->present, &out->mask);
    return out->x != NULL;
}

/* The sequences of several inputs as one: each sample has the tokens of the one that it is in. */
static bool join_sequences(
    tape *t, const affective_perceiver *p, int64_t batch, const placed_sequence *from, int count, placed_sequence *out)
{
    value *flat[PERCEIVER_INPUTS_MAX];
    int64_t longest = 0, first[PERCEIVER_INPUTS_MAX], rows = 0;
    for (int i = 0; i < count; i++) {
        int64_t tokens = from[i].x->dim[1];
        longest = tokens > longest ? tokens : longest;
        first[i] = rows;
        rows += batch * tokens;
        flat[i] = op_reshape(t, from[i].x, 2, (int64_t[]){batch * tokens, p->width});
    }
    int32_t *place = tape_scratch(t, (size_t)(batch * longest) * sizeof *place);
    out->mask = tape_scratch(t, (size_t)(batch * longest));
    out->present = tape_scratch(t, (size_t)batch);
    if (!place || !out->mask || !out->present)
        return false;
    if (rows > INT32_MAX) {
        tape_fail(t, SMAC_ERROR_UNSUPPORTED, __func__, "a batch of %lld vectors is too large", (long long)rows);
        return false;
    }
    memset(out->mask, 0, (size_t)(batch * longest));
    memset(out->present, 0, (size_t)batch);
    for (int64_t i = 0; i < batch * longest; i++)
        place[i] = -1;
    out->all = true;
    for (int64_t b = 0; b < batch; b++) {
        int own = 0;
        while (own < count && !from[own].present[b])
            own++;
        out->mask[b * longest] = own == count;
        out->all = out->all && own < count;
        if (own == count)
            continue;
        int64_t tokens = from[own].x->dim[1];
        out->present[b] = 1;
        memcpy(out->mask + b * longest, from[own].mask + b * tokens, (size_t)tokens);
        for (int64_t k = 0; k < tokens; k++)
            place[b * longest + k] = (int32_t)(first[own] + b * tokens + k);
    }
    out->x = op_gather(t, op_concat(t, flat, count, 0), place, 2, (int64_t[]){batch, longest});
    return out->x != NULL;
}

/* All sequences of the chain that have vectors; out->x NULL without an error: none has. */
static bool place_all(
    tape *t, const affective_perceiver *p, int64_t batch, const semantic_sequence *sequence, placed_sequence *out)
{
    placed_sequence placed[PERCEIVER_INPUTS_MAX] = {{0}};
    int count = 0;
    for (; sequence && count < PERCEIVER_INPUTS_MAX; sequence = sequence->next) {
        if (!sequence->vectors || (sequence->vectors->rank > 1 && sequence->vectors->dim[1] == 0))
            continue;
        if (!place_sequence(t, p, batch, sequence, &placed[count++]))
            return false;
    }
    if (count > 1)
        return join_sequences(t, p, batch, placed, count, out);
    *out = placed[0];
    return true;
}

semantic_tokens affective_perceiver_forward(
    tape *t, const affective_perceiver *p, int64_t batch, const semantic_sequence *sequence)
{
    semantic_tokens out = {0};
    placed_sequence placed = {0};
    value *x;
    uint8_t *mask;
    if (!place_all(t, p, batch, sequence, &placed))
        return out;
    if (placed.x) {
        x = placed.all ? placed.x : op_where(t, placed.present, batch, placed.x, tape_parameter(t, p->missing));
        out.mask = mask = placed.mask;
        out.present = placed.present;
    } else {
        x = all_missing(t, p, batch, &out);
        mask = (uint8_t *)out.mask;
    }
    if (!x)
        return out;
    if (p->text) {
        out.tokens = layer_norm_forward(t, &p->norm, x);
    } else if (p->pooling == POOLING_MEAN) {
        value *mean = op_masked_mean(t, x, mask);
        out.tokens = layer_norm_forward(t, &p->norm, op_reshape(t, mean, 3, (int64_t[]){batch, 1, p->width}));
    } else {
        out.tokens = layer_norm_forward(t, &p->norm, perceive(t, p, batch, x, mask));
    }
    if (!p->text && out.tokens) { /* the latents, or the one mean: all count */
        uint8_t *every = tape_scratch(t, (size_t)(batch * out.tokens->dim[1]));
        if (every)
            memset(every, 1, (size_t)(batch * out.tokens->dim[1]));
        out.mask = every;
    }
    return out;
}
