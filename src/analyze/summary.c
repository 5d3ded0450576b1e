/*
 * analyze/summary.c - what is said about the whole recording.
 *
 * One rule for every length: the recording is cut into stretches as long as the longest clip the model was trained on
 * (its time positions are trained no further), side by side, the last one shorter; the summary is the mean of what the
 * model says of each, weighed by their seconds.
 */
#include <math.h>

#include "analyze/session.h"

/* Seconds of a stretch for a model whose file does not say how long its longest training clip was. */
#define UNKNOWN_LENGTH 10.0
#define SHORTEST 1e-6

smac_status summary_begin(smac_session *s, smac_error *error)
{
    double longest = s->affect->training.longest_clip;
    s->summary.length = longest > 0 && isfinite(longest) ? longest : UNKNOWN_LENGTH;
    return prediction_total_new(s->affect->tasks, s->affect->task_count, &s->summary.total, error);
}

void summary_clear(summary *m)
{
    prediction_total_clear(&m->total);
    text_free(&m->text);
}

/* The next stretch; false: it is not whole yet, or does not exist. */
static bool summary_stretch(const smac_session *s, stretch *out)
{
    const summary *m = &s->summary;
    double start = (double)m->next * m->length, duration = s->analysis->duration;
    *out = (stretch){.start = start, .end = start + m->length, .taken_until = start + m->length};
    if (!s->is_finished)
        return session_whole_until(s) >= out->end;
    if (out->end >= duration - SHORTEST) {
        out->end = fmax(duration, start);
        out->taken_until = INFINITY;
    }
    return m->next == 0 || start < duration - SHORTEST;
}

smac_status summary_advance(smac_session *s, smac_error *error)
{
    for (;;) {
        stretch stretches[SEGMENTS_AT_ONCE];
        text_buffer texts[SEGMENTS_AT_ONCE];
        prediction results[SEGMENTS_AT_ONCE];
        int64_t count = 0;
        while (count < SEGMENTS_AT_ONCE && summary_stretch(s, &stretches[count])) {
            s->summary.next++;
            count++;
        }
        if (count == 0)
            return SMAC_OK;
        TRY(session_predict(s, stretches, count, texts, results, error));
        for (int64_t i = 0; i < count; i++) {
            prediction_total_add(&s->summary.total, &results[i], fmax(stretches[i].end - stretches[i].start, SHORTEST));
            prediction_clear(&results[i]);
            text_free(&texts[i]);
        }
    }
}

smac_status summary_finish(smac_session *s, smac_error *error)
{
    smac_analysis *a = s->analysis;
    prediction mean = {0};
    TRY(summary_advance(s, error));
    TRY(session_retire_words(s, INFINITY, error));
    TRY(prediction_total_mean(&s->summary.total, &mean, error));
    smac_status status = segment_new(&a->tasks, 0, a->duration, s->summary.text.data, &mean, &a->summary, error);
    prediction_clear(&mean);
    return status;
}
