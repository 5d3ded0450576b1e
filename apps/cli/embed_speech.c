/* apps/cli/embed_speech.c - a recording's sound, piece by piece, through Whisper's encoder. */
#include "embed_speech.h"

#include "embed/embed.h"
#include "media/sound.h"

typedef struct speech_progress {
    const reporter *report;
    const char *path;
} speech_progress;

static int show_progress(void *user, const char *what, double done, double total)
{
    (void)what;
    const speech_progress *p = user;
    return report_progress(p->report, p->path, done, total);
}

static smac_status feed_sound(void *user, const float *samples, size_t count, int64_t first, smac_error *error)
{
    (void)first;
    return sound_embedding_feed(user, samples, count, error);
}

smac_status embed_speech_file(
    const smac_encoder *encoder, const char *path, bool each, const reporter *r, vector_rows *out, smac_error *error)
{
    speech_progress progress = {.report = r, .path = path};
    sound_embedding *embedding;
    smac_vectors *vectors = NULL;
    media_warnings warnings = {0};
    smac_embed_options options;
    smac_embed_options_default(&options);
    options.tokens = each;
    options.progress = show_progress;
    options.user = &progress;
    TRY(sound_embedding_new(encoder, &options, 0, &embedding, error));
    smac_status status = sound_read(path, NULL, feed_sound, embedding, &warnings, error);
    if (status == SMAC_OK)
        status = sound_embedding_finish(embedding, &vectors, error);
    if (status == SMAC_OK)
        status = vector_rows_add(out, smac_vectors_values(vectors), (int64_t)smac_vectors_count(vectors),
            (int64_t)smac_vectors_width(vectors), false, error);
    else if (status == SMAC_ERROR_INTERRUPTED)
        error_context(error, status, "%.300s", path);
    smac_vectors_free(vectors);
    sound_embedding_free(embedding);
    media_warnings_free(&warnings);
    return status;
}
