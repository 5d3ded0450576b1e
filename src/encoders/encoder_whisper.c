/* encoders/encoder_whisper.c - the encoder interface for Whisper's encoder: one vector a window of sound. */
#include <math.h>
#include <string.h>

#include "encoders/encoder_kind.h"
#include "encoders/weights_loading.h"

enum { VECTORS_A_SECOND = 50 };

static smac_status whisper_read_config(const char *json, size_t size, encoder_config *out, smac_error *error)
{
    return whisper_config_parse(json, size, &out->whisper, error);
}

static void whisper_write_config(const encoder_config *c, text_buffer *out)
{
    whisper_config_to_json(&c->whisper, out);
}

static encoder_description whisper_describe(const encoder_config *c)
{
    return (encoder_description){.family = "whisper",
        .modality = MODALITY_AUDIO,
        .layers = c->whisper.encoder_layers,
        .width = c->whisper.width,
        .max_tokens = INT64_MAX,
        .mel = MEL_WHISPER,
        .any_length = true,
        .more_in_file = true};
}

/* Windows of window_seconds with 100 frames of log-mel a second, at most the 30 s that there are positions for. */
static smac_status whisper_prepare(const encoder_config *c, double window_seconds, encoder_form *out, smac_error *error)
{
    double longest = (double)c->whisper.positions / VECTORS_A_SECOND;
    int64_t vectors =
        window_seconds > 0 && window_seconds <= longest + 1 ? llround(window_seconds * VECTORS_A_SECOND) : 0;
    if (vectors < 2 || vectors > c->whisper.positions)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "windows of %g s are given, but the encoder takes 0.04 s to %g s: set the window's length so",
            window_seconds, longest);
    out->mel = MEL_WHISPER;
    out->mel_bins = c->whisper.mel_bins;
    out->mel_frames = 2 * vectors;
    return SMAC_OK;
}

static smac_status whisper_accepts(const encoder_config *c, const encoder_form *form, smac_error *error)
{
    const whisper_config *w = &c->whisper;
    if (form->mel != MEL_WHISPER || form->mel_bins != w->mel_bins)
        return FAIL(error, SMAC_ERROR_MISMATCH, "the sound encoder reads %lld mel bins, but is given %lld",
            (long long)w->mel_bins, (long long)form->mel_bins);
    if (form->mel_frames < 2 || form->mel_frames % 2 != 0 || form->mel_frames > 2 * w->positions)
        return FAIL(error, SMAC_ERROR_MISMATCH,
            "windows of %lld frames are given, but the sound encoder reads an even number up to %lld",
            (long long)form->mel_frames, (long long)(2 * w->positions));
    return SMAC_OK;
}

static smac_status whisper_add(parameter_store *store, const char *prefix, const encoder_config *c,
    int trainable_blocks, void **model, smac_error *error)
{
    return whisper_encoder_add(store, prefix, &c->whisper, trainable_blocks, (whisper_encoder **)model, error);
}

static void whisper_release(void *model)
{
    whisper_encoder_free(model);
}

static parameter_list *whisper_parameters(void *model)
{
    return whisper_encoder_parameters(model);
}

static smac_status whisper_attach(void *model, const tensor_file *file, const precision *pack, smac_error *error)
{
    if (pack != NULL)
        TRY(whisper_encoder_pack(model, file, *pack, error));
    if (strcmp(tensor_file_kind(file), "CTranslate2") == 0)
        return whisper_check_file(file, whisper_encoder_config(model), error);
    return SMAC_OK;
}

static smac_status whisper_load(void *model, const tensor_file *file, smac_error *error)
{
    return whisper_encoder_load(model, file, error);
}

/* Rows [first, first + count) of the input's windows, cut to frames, time first: (count, frames, bins). */
static float *windows_time_first(tape *t, const encoder_input *in, const int64_t *rows, int64_t count, int64_t frames)
{
    int64_t bins = in->mel_bins;
    float *out = tape_scratch(t, (size_t)(count * bins * frames) * sizeof *out);
    for (int64_t r = 0; out && r < count; r++)
        for (int64_t f = 0; f < frames; f++)
            for (int64_t k = 0; k < bins; k++)
                out[(r * frames + f) * bins + k] = in->mel[(rows[r] * bins + k) * in->mel_frames + f];
    return out;
}

/* Windows of one length, encoded together. */
typedef struct window_group {
    int64_t frames, count;
    int64_t *rows;
} window_group;

static value *group_encode(
    tape *t, const void *model, const encoder_input *in, const window_group *g, encoder_states *states)
{
    float *mel = windows_time_first(t, in, g->rows, g->count, g->frames);
    value **hidden = encoder_hidden(t, in, states, whisper_encoder_config(model)->encoder_layers);
    states->steps = mel ? whisper_encoder_forward(t, model, mel, g->count, g->frames, hidden) : NULL;
    return encoder_mixed(t, in, hidden, states->steps);
}

/* The mean of count vectors from first on of one row. */
static value *row_mean(tape *t, value *x, int64_t row, int64_t first, int64_t count)
{
    return op_mean_over(t, op_slice(t, op_slice(t, x, 0, row, 1), 1, first, count), 1);
}

/* The means over the parts of the group's windows: into vectors[part]. */
static void group_pool(tape *t, const encoder_input *in, const window_group *g, value *x, value **vectors)
{
    for (int64_t r = 0, p = 0; r < g->count; r++) {
        while (in->parts[p].window < g->rows[r])
            p++;
        for (; p < in->part_count && in->parts[p].window == g->rows[r]; p++) {
            int64_t first = in->parts[p].first / 2, end = (in->parts[p].first + in->parts[p].count + 1) / 2;
            end = end > g->frames / 2 ? g->frames / 2 : end;
            first = first < end ? first : end - 1;
            vectors[p] = row_mean(t, x, r, first, end - first);
        }
    }
}

/* The next group: the windows as long as the first that has no vectors yet.  false: all have. */
static bool group_next(const encoder_input *in, value *const *vectors, window_group *g)
{
    g->frames = g->count = 0;
    for (int64_t p = 0; p < in->part_count; p++) {
        const sound_part *part = &in->parts[p];
        if (vectors[p] || (g->frames > 0 && part->frames != g->frames))
            continue;
        g->frames = part->frames;
        if (g->count == 0 || g->rows[g->count - 1] != part->window)
            g->rows[g->count++] = part->window;
    }
    return g->count > 0;
}

/* One vector a part.  Windows of one length go together, so that no vector depends on what else is in the batch. */
static value *whisper_encode_parts(tape *t, const void *model, const encoder_input *in, encoder_states *states)
{
    window_group g = {.rows = tape_scratch(t, (size_t)in->rows * sizeof *g.rows)};
    value **vectors = tape_scratch(t, (size_t)in->part_count * sizeof *vectors);
    if (!g.rows || !vectors)
        return NULL;
    memset(vectors, 0, (size_t)in->part_count * sizeof *vectors);
    while (group_next(in, vectors, &g)) {
        value *x = group_encode(t, model, in, &g, states);
        if (!x)
            return NULL;
        group_pool(t, in, &g, x, vectors);
        if (tape_status(t, NULL) != SMAC_OK)
            return NULL;
    }
    return op_concat(t, vectors, (int)in->part_count, 0);
}

/*
 * The 50 vectors a second of each window become one: the mean over the second in the window's middle, which is the
 * clip's (over all of a window that is shorter).  With parts: the mean over each part.
 */
static value *whisper_encode(tape *t, const void *model, const encoder_input *in, encoder_states *states)
{
    if (in->parts)
        return whisper_encode_parts(t, model, in, states);
    window_group g = {.frames = in->mel_frames, .rows = tape_scratch(t, (size_t)in->rows * sizeof *g.rows)};
    for (int64_t r = 0; g.rows && r < in->rows; r++)
        g.rows[g.count++] = r;
    value *x = g.rows ? group_encode(t, model, in, &g, states) : NULL;
    int64_t all = in->mel_frames / 2, count = all < VECTORS_A_SECOND ? all : VECTORS_A_SECOND;
    return op_mean_over(t, op_slice(t, x, 1, (all - count) / 2, count), 1);
}

const encoder_kind encoder_kind_whisper = {whisper_read_config, whisper_write_config, whisper_describe, whisper_prepare,
    whisper_accepts, whisper_add, whisper_release, whisper_parameters, whisper_attach, whisper_load, whisper_encode,
    NULL, NULL, NULL, NULL};
