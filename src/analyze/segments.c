/*
 * analyze/segments.c - where a recording is cut into segments: windows, or utterances with windows between them.
 *
 * By window: one every hop seconds; the last is the first that reaches the recording's end (but for a tenth of a second),
 * and ends with it.  By utterance: each utterance (utterances.h) from its first word to its last; where no word is for
 * LONG_SILENCE or more, windows side by side, of which the last takes a rest that is shorter than LONG_SILENCE.
 */
#include <math.h>
#include <stdlib.h>

#include "analyze/session.h"
#include "analyze/utterances.h"
#include "base/memory.h"

#define TAIL 0.1 /* seconds that are too short for a segment: streams seldom end on a round second */
#define LONG_SILENCE 2.0
#define SHORTEST_UTTERANCE 0.05

void session_choose_segments(smac_session *s)
{
    bool timed = s->words.said.count > 0 && !s->words.are_untimed;
    if (s->next.index > 0)
        return;
    if (s->options.segments == SMAC_SEGMENTS_AUTO)
        s->by_utterance = timed;
    else if (s->by_utterance && s->words.are_untimed) {
        session_warn(s, "the words have no times: the segments are windows");
        s->by_utterance = false;
    }
}

double session_planned_until(const smac_session *s)
{
    return s->by_utterance ? s->next.from : (double)s->next.index * s->analysis->hop;
}

/* --- windows ------------------------------------------------------------------------------------------------------ */

static bool plan_window(const smac_session *s, segment_cursor *cursor, stretch *out)
{
    double hop = s->analysis->hop, window = s->analysis->window, start = (double)cursor->index * hop;
    *out = (stretch){start, start + window, start + window, false};
    bool exists = session_whole_until(s) >= out->end;
    if (s->is_finished) {
        double duration = s->analysis->duration;
        if (start + window >= duration - TAIL) {
            out->end = fmin(out->end, fmax(duration, start));
            out->taken_until = INFINITY; /* the middle of a last, odd frame's clip may lie after the end */
        }
        exists = cursor->index == 0 || (start - hop + window < duration - TAIL && start < duration - TAIL);
    }
    cursor->index += exists;
    return exists;
}

/* --- utterances --------------------------------------------------------------------------------------------------- */

/* The words that are in no segment yet. */
typedef struct word_plan {
    const spoken_piece *pieces;
    size_t count;
    double longest; /* of an utterance */
    double known;   /* everything before it is known */
} word_plan;

static double longest_utterance(const smac_session *s)
{
    double longest = s->affect->training.longest_clip;
    return longest > 0 ? fmin(fmax(longest, 3), UTTERANCE_LONGEST) : UTTERANCE_LONGEST;
}

/* A window between utterances, in [cursor->from, until); false: it is too short, or not whole yet. */
static bool plan_silence(
    const smac_session *s, const word_plan *plan, double until, segment_cursor *cursor, stretch *out)
{
    double window = s->analysis->window, least = fmin(LONG_SILENCE, window), left = until - cursor->from;
    bool is_only = s->is_finished && cursor->index == 0 && plan->count == 0;
    if ((left < least && !is_only) || plan->known < fmin(until, cursor->from + window + least))
        return false;
    double end = left < window + least ? until : cursor->from + window;
    bool is_last = s->is_finished && plan->count == 0 && end >= until;
    *out = (stretch){cursor->from, end, is_last ? INFINITY : end, false};
    cursor->from = end;
    cursor->index++;
    return true;
}

static bool plan_utterance(const smac_session *s, word_plan *plan, segment_cursor *cursor, stretch *out)
{
    size_t count = utterance_first(plan->pieces, plan->count, plan->longest, plan->known);
    if (count == 0)
        return false;
    double start = plan->pieces[0].start, end = start + SHORTEST_UTTERANCE;
    for (size_t i = 0; i < count; i++)
        end = fmax(end, plan->pieces[i].end);
    if (s->is_finished)
        end = fmin(end, fmax(s->analysis->duration, start + SHORTEST_UTTERANCE));
    if (plan->known < end)
        return false;
    *out = (stretch){start, end, end, true};
    cursor->from = fmax(cursor->from, end);
    cursor->started = plan->pieces[count - 1].start;
    cursor->index++;
    plan->pieces += count;
    plan->count -= count;
    return true;
}

static bool plan_next(const smac_session *s, word_plan *plan, segment_cursor *cursor, stretch *out)
{
    double until = plan->count > 0 ? plan->pieces[0].start : s->is_finished ? s->analysis->duration : INFINITY;
    return plan_silence(s, plan, until, cursor, out) || plan_utterance(s, plan, cursor, out);
}

static smac_status plan_utterances(
    const smac_session *s, segment_cursor *cursor, stretch *out, int64_t most, int64_t *count, smac_error *error)
{
    spoken_piece *pieces;
    word_plan plan = {.longest = longest_utterance(s), .known = session_whole_until(s)};
    TRY(spoken_pieces(&s->words.said, cursor->started, &pieces, &plan.count, error));
    plan.pieces = pieces;
    while (s->is_finished && plan.count > 0 && pieces[plan.count - 1].start >= s->analysis->duration)
        plan.count--;
    while (*count < most && plan_next(s, &plan, cursor, &out[*count]))
        ++*count;
    free(pieces);
    return SMAC_OK;
}

smac_status session_plan(
    const smac_session *s, segment_cursor *cursor, stretch *out, int64_t most, int64_t *count, smac_error *error)
{
    *count = 0;
    if (s->by_utterance)
        return plan_utterances(s, cursor, out, most, count, error);
    while (*count < most && plan_window(s, cursor, &out[*count]))
        ++*count;
    return SMAC_OK;
}
