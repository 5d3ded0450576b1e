/* model/semanticmac.c - the core put together: perceivers, interaction, fusion, heads, projections. */
#include "model/semanticmac.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { NAME_LENGTH = 192 };

static smac_status heads_add(
    parameter_store *s, const char *prefix, const configuration *c, semanticmac *m, int index, smac_error *error)
{
    char name[NAME_LENGTH];
    const task_description *task = &m->tasks[index];
    task_heads *heads = &m->heads[index];
    int outputs = task_targets(task);
    float dropout = (float)c->model.dropout;
    snprintf(name, sizeof name, "%s.heads.%s.prediction", prefix, task->name);
    TRY(residual_head_add(s, name, m->width, outputs, dropout, &heads->prediction, error));
    for (modality u = 0; u < MODALITIES; u++) {
        if (!m->has[u])
            continue;
        snprintf(name, sizeof name, "%s.heads.%s.%s", prefix, task->name, modality_name(u));
        TRY(residual_head_add(s, name, m->width, outputs, dropout, &heads->specific[u], error));
    }
    snprintf(name, sizeof name, "%s.heads.%s.shared", prefix, task->name);
    return residual_head_add(s, name, m->width, outputs, dropout, &heads->shared, error);
}

/* The modality's inputs up to the first without a width. */
static perceiver_sizes sizes_of(const semanticmac_sizes *all, modality u)
{
    perceiver_sizes own = {.text = u == MODALITY_TEXT, .crops = u == MODALITY_TEXT ? 1 : all->crops[u]};
    memcpy(own.width, all->width[u], sizeof own.width);
    while (own.inputs < PERCEIVER_INPUTS_MAX && own.width[own.inputs] > 0)
        own.inputs++;
    return own;
}

static smac_status everything_add(parameter_store *s, const char *prefix, const configuration *c,
    const semanticmac_sizes *sizes, semanticmac *m, smac_error *error)
{
    char name[NAME_LENGTH];
    int count = 0;
    for (modality u = 0; u < MODALITIES; u++) {
        if (!m->has[u])
            continue;
        snprintf(name, sizeof name, "%s.%s", prefix, modality_name(u));
        perceiver_sizes own = sizes_of(sizes, u);
        TRY(affective_perceiver_add(s, name, c, &own, &m->perceiver[u], error));
        count++;
    }
    snprintf(name, sizeof name, "%s.interaction", prefix);
    TRY(gated_interaction_add(s, name, c, m->has, &m->interaction, error));
    snprintf(name, sizeof name, "%s.fusion_norm", prefix);
    TRY(layer_norm_add(s, name, 2 * count * m->width, 1e-5f, &m->fusion_norm, error));
    snprintf(name, sizeof name, "%s.fusion", prefix);
    TRY(linear_add(s, name, 2 * count * m->width, m->width, true, &m->fusion, error));
    for (int i = 0; i < m->task_count; i++)
        TRY(heads_add(s, prefix, c, m, i, error));
    snprintf(name, sizeof name, "%s.projections.intra", prefix);
    TRY(projection_head_add(s, name, m->width, c->contrast.projection, &m->intra, error));
    snprintf(name, sizeof name, "%s.projections.inter", prefix);
    return projection_head_add(s, name, m->width, c->contrast.projection, &m->inter, error);
}

smac_status semanticmac_add(parameter_store *s, const char *prefix, const configuration *c,
    const semanticmac_sizes *sizes, semanticmac **out, smac_error *error)
{
    int task_count = sizes->task_count;
    *out = NULL;
    const bool wanted[MODALITIES] = {c->model.text, c->model.audio, c->model.vision};
    if (strlen(prefix) > 40)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "parameter prefix '%.60s' is longer than 40 bytes", prefix);
    if (task_count < 1 || task_count > SEMANTICMAC_TASKS_MAX)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%d tasks; expected 1 to %d", task_count, SEMANTICMAC_TASKS_MAX);
    semanticmac *m = memory_new(1, sizeof *m);
    if (!m)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the model");
    smac_status status = SMAC_OK;
    bool any = false;
    for (modality u = 0; u < MODALITIES; u++) {
        m->has[u] = wanted[u] && sizes->width[u][0] > 0;
        any = any || m->has[u];
    }
    m->width = c->model.width;
    m->dropout = (float)c->model.dropout;
    m->task_count = task_count;
    for (int i = 0; i < task_count && status == SMAC_OK; i++) {
        m->tasks[i] = sizes->tasks[i];
        status = task_check(&sizes->tasks[i], error);
    }
    if (status == SMAC_OK && !any)
        status = FAIL(error, SMAC_ERROR_ARGUMENT,
            "the model has no modality: switch on model.text, model.audio or "
            "model.vision, and give it an encoder or features");
    if (status == SMAC_OK)
        status = everything_add(s, prefix, c, sizes, m, error);
    if (status != SMAC_OK) {
        semanticmac_free(m);
        return status;
    }
    *out = m;
    return SMAC_OK;
}

void semanticmac_free(semanticmac *m)
{
    if (!m)
        return;
    for (modality u = 0; u < MODALITIES; u++)
        affective_perceiver_clear(&m->perceiver[u]);
    gated_interaction_clear(&m->interaction);
    free(m);
}

/* r: mean of r_u over the modalities that each sample has; of all of the model's when it has none. */
static value *mean_of_present(tape *t, const semanticmac *m, int64_t batch, const semanticmac_outputs *out)
{
    value *parts[MODALITIES];
    modality kind[MODALITIES];
    int count = 0;
    for (modality u = 0; u < MODALITIES; u++) {
        if (m->has[u]) {
            kind[count] = u;
            if (!out->shared[u])
                return NULL;
            parts[count++] = op_reshape(t, out->shared[u], 3, (int64_t[]){batch, 1, m->width});
        }
    }
    uint8_t *mask = tape_scratch(t, (size_t)(batch * count));
    if (!mask)
        return NULL;
    for (int64_t b = 0; b < batch; b++) {
        uint8_t any = 0;
        for (int i = 0; i < count; i++)
            any |= mask[b * count + i] = out->present[kind[i]][b];
        if (!any)
            memset(mask + b * count, 1, (size_t)count);
    }
    return op_masked_mean(t, op_concat(t, parts, count, 1), mask);
}

static value *fuse(tape *t, const semanticmac *m, const semanticmac_outputs *out)
{
    value *parts[2 * MODALITIES];
    int count = 0;
    for (modality u = 0; u < MODALITIES; u++)
        if (m->has[u])
            parts[count++] = out->specific[u];
    for (modality u = 0; u < MODALITIES; u++)
        if (m->has[u])
            parts[count++] = out->shared[u];
    value *joined = layer_norm_forward(t, &m->fusion_norm, op_concat(t, parts, count, 1));
    return op_dropout(t, linear_forward_activation(t, &m->fusion, joined, ACTIVATION_GELU), m->dropout);
}

semanticmac_outputs semanticmac_forward(tape *t, const semanticmac *m, int64_t batch,
    const semantic_sequence sequences[MODALITIES], semanticmac_wanted wanted)
{
    semanticmac_outputs out;
    memset(&out, 0, sizeof out);
    if (batch < 1) {
        tape_fail(t, SMAC_ERROR_ARGUMENT, __func__, "a batch of %lld samples; expected at least 1", (long long)batch);
        return out;
    }
    semantic_tokens tokens[MODALITIES] = {{0}};
    for (modality u = 0; u < MODALITIES; u++) {
        if (!m->has[u])
            continue;
        tokens[u] = affective_perceiver_forward(t, &m->perceiver[u], batch, &sequences[u]);
        if (tape_status(t, NULL) != SMAC_OK)
            return out;
        out.present[u] = tokens[u].present;
    }
    interaction_outputs vectors = gated_interaction_forward(t, &m->interaction, batch, tokens);
    if (tape_status(t, NULL) != SMAC_OK)
        return out;
    memcpy(out.specific, vectors.specific, sizeof out.specific);
    memcpy(out.shared, vectors.shared, sizeof out.shared);
    out.shared_mean = mean_of_present(t, m, batch, &out);
    out.fused = fuse(t, m, &out);
    for (int i = 0; i < m->task_count; i++) {
        out.prediction[i] = residual_head_forward(t, &m->heads[i].prediction, out.fused);
        for (modality u = 0; u < MODALITIES; u++)
            if (m->has[u])
                out.specific_head[i][u] = residual_head_forward(t, &m->heads[i].specific[u], out.specific[u]);
        out.shared_head[i] = residual_head_forward(t, &m->heads[i].shared, out.shared_mean);
    }
    if (wanted == SEMANTICMAC_EVERYTHING) {
        for (modality u = 0; u < MODALITIES; u++) {
            if (!m->has[u])
                continue;
            out.intra_specific[u] = projection_head_forward(t, &m->intra, out.specific[u]);
            out.intra_shared[u] = projection_head_forward(t, &m->intra, out.shared[u]);
        }
        out.inter = projection_head_forward(t, &m->inter, out.fused);
    }
    return out;
}
