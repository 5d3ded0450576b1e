/* pipeline/sample.c - tensors of one stretch of a recording. */
#include "pipeline/sample.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "text/tokenizer.h"

/* --- freeing ------------------------------------------------------------------------------------------------------ */

void sample_drop(sample *s, int modality)
{
    s->present[modality] = false;
    if (!s->ready[modality].borrowed)
        free(s->ready[modality].data);
    s->ready[modality] = (feature_sequence){0};
    free(s->front[modality].data);
    s->front[modality] = (feature_sequence){0};
    if (modality == MODALITY_TEXT) {
        free(s->ids);
        free(s->types);
        s->ids = s->types = NULL;
        s->tokens = 0;
    } else if (modality == MODALITY_AUDIO) {
        free(s->mel);
        free(s->parts);
        s->mel = NULL;
        s->parts = NULL;
        s->windows = s->part_count = 0;
    } else {
        free(s->frames);
        free(s->pictures);
        s->frames = NULL;
        s->pictures = NULL;
        s->clips = 0;
    }
}

void sample_clear(sample *s)
{
    if (!s)
        return;
    for (int m = 0; m < MODALITIES; m++)
        sample_drop(s, m);
    memset(s, 0, sizeof *s);
}

static int64_t picture_values(const sample *s)
{
    return s->crops * s->clip_pictures * 3 * s->image_size * s->image_size; /* of one clip */
}

int64_t sample_bytes(const sample *s)
{
    int64_t bytes = s->tokens * 2 * (int64_t)sizeof(int32_t);
    for (int m = 0; m < MODALITIES; m++)
        if (s->ready[m].data && !s->ready[m].borrowed)
            bytes += s->ready[m].steps * s->ready[m].crops * s->ready[m].width * (int64_t)sizeof(float);
    for (int m = 0; m < MODALITIES; m++)
        if (s->front[m].data)
            bytes += s->front[m].steps * s->front[m].crops * s->front[m].width * (int64_t)sizeof(float);
    if (s->frames)
        bytes += s->clips * picture_values(s);
    if (s->pictures)
        bytes += s->clips * picture_values(s) * (int64_t)sizeof(float);
    if (s->mel)
        bytes += s->windows * s->mel_bins * s->mel_frames * (int64_t)sizeof(float);
    return bytes;
}

/* --- words -------------------------------------------------------------------------------------------------------- */

/* The texts in a form that the tokenizer gets: ASCII letters lowered where the configuration says so. */
static char *lowered_copy(const char *text)
{
    char *copy = memory_copy_text(text);
    for (char *c = copy; c && *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return copy;
}

/* text and context_count lines of context, tokenised together. */
static smac_status tokenise(const preparation *p, const char *text, const char *const *context, int64_t context_count,
    token_encoding *out, smac_error *error)
{
    size_t count = (size_t)context_count + 1;
    text_span *spans = memory_new(count, sizeof *spans);
    char **copies = memory_new(count, sizeof *copies);
    bool made = spans && copies;
    for (size_t i = 0; made && i < count; i++) {
        const char *one = i + 1 < count ? context[i] : text;
        if (p->configuration->text.lower_words)
            made = (one = copies[i] = lowered_copy(one)) != NULL;
        spans[i] = text_span_of(made ? one : "");
    }
    encode_options options = {.context = spans, .context_count = count - 1, .max_length = p->max_tokens};
    smac_status status = made ? tokenizer_encode(p->tokenizer, spans[count - 1], &options, out, error)
                              : FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu lines of words", count);
    for (size_t i = 0; copies && i < count; i++)
        free(copies[i]);
    free(copies);
    free(spans);
    return status;
}

smac_status sample_set_text(const preparation *p, sample *s, const char *text, const char *const *context,
    int64_t context_count, smac_error *error)
{
    sample_drop(s, MODALITY_TEXT);
    if (!text || !p->tokenizer || !p->wants[MODALITY_TEXT])
        return SMAC_OK;
    if (!p->configuration->text.context)
        context_count = 0;
    token_encoding encoding = {0};
    TRY(tokenise(p, text, context, context_count, &encoding, error));
    smac_status status = SMAC_OK;
    bool words = false;
    for (size_t i = 0; i < encoding.count && !words; i++)
        words = !encoding.special[i] && encoding.places[i].text == (int32_t)context_count;
    if (words) {
        s->ids = memory_new(encoding.count, sizeof *s->ids);
        s->types = memory_new(encoding.count, sizeof *s->types);
        if (s->ids && s->types) {
            memcpy(s->ids, encoding.ids, encoding.count * sizeof *s->ids);
            memcpy(s->types, encoding.types, encoding.count * sizeof *s->types);
            s->tokens = (int64_t)encoding.count;
            s->present[MODALITY_TEXT] = true;
        } else {
            sample_drop(s, MODALITY_TEXT);
            status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu tokens", encoding.count);
        }
    }
    token_encoding_free(&encoding);
    return status;
}

/* --- clips -------------------------------------------------------------------------------------------------------- */

size_t sample_clip_bytes(const configuration *c, int modality)
{
    if (modality == MODALITY_AUDIO)
        return (size_t)(c->audio.mel_bins * c->audio.frames) * sizeof(float);
    size_t values = (size_t)(c->vision.crops * c->vision.pictures * 3 * c->vision.image_size * c->vision.image_size);
    return c->vision.preparation == PICTURE_STILL ? values : values * sizeof(float);
}

bool clip_tensors_add(clip_tensors *t, const void *tensor, size_t each)
{
    size_t bytes;
    if (!checked_multiply((size_t)t->count + 1, each, &bytes) || !memory_grow(&t->data, &t->capacity, bytes, 1))
        return false;
    memcpy((char *)t->data + bytes - each, tensor, each);
    t->each = each;
    t->count++;
    return true;
}

bool clip_tensors_add_parts(clip_tensors *t, const sound_part *parts, int64_t count)
{
    size_t all = (size_t)(t->part_count + count);
    if (!memory_grow((void **)&t->parts, &t->part_capacity, all, sizeof *t->parts))
        return false;
    for (int64_t i = 0; i < count; i++) {
        sound_part *part = &t->parts[t->part_count++];
        *part = parts[i];
        part->window = (int32_t)t->count - 1;
    }
    return true;
}

int64_t sample_sounds(const sample *s)
{
    return s->parts ? s->part_count : s->windows;
}

void clip_tensors_clear(clip_tensors *t)
{
    free(t->data);
    free(t->parts);
    *t = (clip_tensors){0};
}

/* Windows that are all shorter than the longest that there can be, as an utterance's is, need no padding. */
static void sample_shorten_windows(sample *s)
{
    int64_t longest = 0, from = s->mel_frames;
    for (int64_t i = 0; i < s->part_count; i++)
        longest = s->parts[i].frames > longest ? s->parts[i].frames : longest;
    if (s->part_count == 0 || longest >= from)
        return;
    for (int64_t row = 0; row < s->windows * s->mel_bins; row++)
        memmove(s->mel + row * longest, s->mel + row * from, (size_t)longest * sizeof *s->mel);
    s->mel_frames = longest;
    float *less = realloc(s->mel, (size_t)(s->windows * s->mel_bins * longest) * sizeof *less);
    s->mel = less ? less : s->mel;
}

void sample_give_clips(sample *s, const configuration *c, int modality, clip_tensors *t)
{
    sample_drop(s, modality);
    if (modality == MODALITY_AUDIO) {
        s->mel_bins = c->audio.mel_bins;
        s->mel_frames = c->audio.frames;
        s->windows = t->count;
        s->mel = t->data;
        s->parts = t->parts;
        s->part_count = t->part_count;
        sample_shorten_windows(s);
    } else {
        s->crops = c->vision.crops;
        s->image_size = c->vision.image_size;
        s->clip_pictures = c->vision.pictures;
        s->clips = t->count;
        if (c->vision.preparation == PICTURE_STILL)
            s->frames = t->data;
        else
            s->pictures = t->data;
    }
    s->present[modality] = t->count > 0;
    *t = (clip_tensors){0};
}

/* --- ready vectors ------------------------------------------------------------------------------------------------ */

smac_status sample_set_ready(
    sample *s, int modality, int64_t steps, int64_t crops, int64_t width, const float *values, smac_error *error)
{
    size_t count;
    if (steps < 1 || crops < 1 || width < 1 || !checked_multiply((size_t)steps, (size_t)(crops * width), &count))
        return FAIL(error, SMAC_ERROR_ARGUMENT, "vectors of shape [%lld, %lld, %lld]; expected at least one of each",
            (long long)steps, (long long)crops, (long long)width);
    float *copy = memory_new(count, sizeof *copy);
    if (!copy)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu feature values", count);
    memcpy(copy, values, count * sizeof *copy);
    sample_drop(s, modality);
    s->ready[modality] = (feature_sequence){.steps = steps, .crops = crops, .width = width, .data = copy};
    s->present[modality] = true;
    return SMAC_OK;
}

void sample_borrow(sample *s, const sample *from, int modality)
{
    s->present[modality] = from->present[modality];
    s->ready[modality] = from->ready[modality];
    s->front[modality] = from->front[modality];
    if (modality == MODALITY_TEXT) {
        s->tokens = from->tokens;
        s->ids = from->ids;
        s->types = from->types;
    } else if (modality == MODALITY_AUDIO) {
        s->windows = from->windows;
        s->mel_bins = from->mel_bins;
        s->mel_frames = from->mel_frames;
        s->mel = from->mel;
        s->part_count = from->part_count;
        s->parts = from->parts;
    } else {
        s->clips = from->clips;
        s->crops = from->crops;
        s->clip_pictures = from->clip_pictures;
        s->image_size = from->image_size;
        s->frames = from->frames;
        s->pictures = from->pictures;
    }
}
