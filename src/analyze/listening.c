/* analyze/listening.c - a speech listener beside a session. */
#include "analyze/listening.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "speech/shared.h"

struct listening {
    speech_listener *listener; /* NULL: no sound has come */
    speech_result heard;
    size_t taken; /* segments that the session has */
    reporter report;
    double seconds;
    bool live;
};

/* Loading is shown; the listener's own progress is not, since it runs while the recording is read. */
static int listening_progress(void *user, const char *what, double done, double total)
{
    if (strcmp(what, "listening") != 0)
        return session_progress(user, what, done, total, NULL) != SMAC_OK;
    return session_asks(user);
}

smac_status listening_new(smac_session *s, double seconds, smac_error *error)
{
    s->listening = memory_new(1, sizeof *s->listening);
    if (!s->listening)
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory to listen");
    s->listening->report = (reporter){.progress = listening_progress, .user = s};
    s->listening->seconds = seconds;
    return SMAC_OK;
}

void listening_make_live(struct listening *l)
{
    l->live = true;
}

void listening_free(struct listening *l)
{
    if (!l)
        return;
    speech_listener_free(l->listener);
    speech_result_clear(&l->heard);
    free(l);
}

static smac_status listening_begin(smac_session *s, smac_error *error)
{
    struct listening *l = s->listening;
    const speech_model *model;
    speech_options how;
    TRY(speech_shared_model(s->options.speech, &l->report, &model, error));
    speech_options_default(&how);
    how.words = true;
    how.live = l->live;
    how.language = s->options.language;
    how.report = &l->report;
    TRY(speech_listener_new(model, &how, &l->heard, &l->listener, error));
    speech_listener_expect(l->listener, l->seconds);
    return SMAC_OK;
}

smac_status listening_feed(smac_session *s, const float *samples, size_t count, smac_error *error)
{
    double began = session_clock();
    smac_status status = s->listening->listener ? SMAC_OK : listening_begin(s, error);
    if (status == SMAC_OK)
        status = speech_listener_feed(s->listening->listener, samples, count, error);
    s->listened += session_clock() - began;
    return status;
}

smac_status listening_take(smac_session *s, smac_error *error)
{
    struct listening *l = s->listening;
    speech_result rest = l->heard;
    transcript words = {0};
    rest.segments += l->taken;
    rest.count -= l->taken;
    l->taken = l->heard.count;
    if (l->listener)
        s->words.until = speech_listener_reached(l->listener);
    if (rest.count == 0)
        return SMAC_OK;
    smac_status status = speech_result_transcript(&rest, &words, error);
    if (status != SMAC_OK) {
        transcript_free(&words);
        return status;
    }
    return session_add_words(s, &words, "speech", error);
}

smac_status listening_finish(smac_session *s, smac_error *error)
{
    double began = session_clock();
    smac_status status = SMAC_OK;
    if (s->listening->listener)
        status = speech_listener_finish(s->listening->listener, error);
    s->listened += session_clock() - began;
    return status == SMAC_OK ? listening_take(s, error) : status;
}
