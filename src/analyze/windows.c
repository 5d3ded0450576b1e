/* analyze/windows.c - stretches of the recording, with what was said in them, predicted. */
#include <math.h>
#include <string.h>

#include "analyze/session.h"
#include "base/memory.h"

double session_whole_until(const smac_session *s)
{
    if (s->is_finished)
        return INFINITY;
    double reached[MODALITIES], most = fmax(s->picture_end, s->sound_end), least = INFINITY;
    if (isfinite(s->words.until))
        most = fmax(most, s->words.until);
    reached[MODALITY_TEXT] = session_reads_words(s) ? s->words.until : INFINITY;
    for (int m = 0; m < MODALITIES; m++) {
        if (m != MODALITY_TEXT)
            reached[m] = clip_encoder_reached(s->clips, m);
        bool waits = m == MODALITY_TEXT && (s->listening || s->words.are_untimed); /* for as long as it takes */
        double latency = waits ? INFINITY : s->options.latency;
        least = fmin(least, fmax(reached[m], most - latency));
    }
    return fmin(least, most);
}

static smac_status stretch_sample(
    const smac_session *s, const stretch *one, const text_buffer *text, sample *out, smac_error *error)
{
    memset(out, 0, sizeof *out);
    out->start = one->start;
    out->end = one->end;
    TRY(clip_track_window(&s->track, one->start, one->taken_until, out, error));
    if (session_reads_words(s) && text->data && *text->data)
        return sample_set_text(&s->affect->preparation, out, text->data, NULL, 0, error);
    return SMAC_OK;
}

smac_status session_predict(
    smac_session *s, const stretch *stretches, int64_t count, text_buffer *texts, prediction *out, smac_error *error)
{
    sample samples[SEGMENTS_AT_ONCE];
    const sample *present[SEGMENTS_AT_ONCE];
    prediction results[SEGMENTS_AT_ONCE];
    int64_t place[SEGMENTS_AT_ONCE], runs = 0;
    smac_status status = SMAC_OK;
    double began = session_clock();
    memset(texts, 0, (size_t)count * sizeof *texts);
    memset(out, 0, (size_t)count * sizeof *out);
    memset(samples, 0, sizeof samples);
    for (int64_t i = 0; i < count && status == SMAC_OK; i++) {
        const stretch *one = &stretches[i];
        bool is_last = isinf(one->taken_until);
        double until = is_last && one->start == 0 ? INFINITY : is_last ? s->analysis->duration : one->end;
        transcript_text_between(&s->words.said, one->start, fmax(until, one->end), &texts[i]);
        status = texts[i].failed ? FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for the words of a segment")
                                 : stretch_sample(s, &stretches[i], &texts[i], &samples[i], error);
        const sample *x = &samples[i];
        place[i] = -1;
        if (x->present[MODALITY_TEXT] || x->present[MODALITY_AUDIO] || x->present[MODALITY_VISION]) {
            place[i] = runs;
            present[runs++] = x;
        }
    }
    predict_options options = {.interrupt = {session_asks, s}};
    bool predicted = status == SMAC_OK && runs > 0;
    if (predicted)
        status = affect_model_predict(s->affect, present, runs, &options, results, error);
    for (int64_t i = 0; i < count && status == SMAC_OK; i++) {
        if (place[i] >= 0)
            out[i] = results[place[i]];
        else
            status = prediction_new(s->affect->tasks, s->affect->task_count, (bool[MODALITIES]){false}, &out[i], error);
    }
    for (int64_t i = 0; i < count; i++) {
        sample_clear(&samples[i]);
        if (status != SMAC_OK) {
            text_free(&texts[i]);
            prediction_clear(&out[i]);
        }
    }
    s->predicted += session_clock() - began;
    return status;
}

smac_status session_make_segments(smac_session *s, smac_segment *out, int64_t most, int64_t *count, smac_error *error)
{
    stretch stretches[SEGMENTS_AT_ONCE];
    text_buffer texts[SEGMENTS_AT_ONCE];
    prediction results[SEGMENTS_AT_ONCE];
    int64_t some = 0;
    segment_cursor after = s->next;
    *count = 0;
    TRY(session_plan(s, &after, stretches, most < SEGMENTS_AT_ONCE ? most : SEGMENTS_AT_ONCE, &some, error));
    if (some == 0)
        return SMAC_OK;
    TRY(session_predict(s, stretches, some, texts, results, error));
    smac_status status = SMAC_OK;
    for (int64_t i = 0; i < some; i++) {
        if (status == SMAC_OK)
            status = segment_new(
                &s->analysis->tasks, stretches[i].start, stretches[i].end, texts[i].data, &results[i], &out[i], error);
        if (status == SMAC_OK)
            out[(*count)++].is_utterance = stretches[i].is_utterance;
        text_free(&texts[i]);
        prediction_clear(&results[i]);
    }
    for (int64_t i = 0; status != SMAC_OK && i < *count; i++)
        segment_free(&out[i]);
    *count = status == SMAC_OK ? some : 0;
    if (status == SMAC_OK)
        s->next = after;
    return status;
}
