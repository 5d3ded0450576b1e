/* analyze/analyze_file.c - a recording from a file, the caller's functions or memory, fed to a session. */
#include <math.h>
#include <string.h>

#include "analyze/listening.h"
#include "analyze/options.h"
#include "analyze/session.h"
#include "compute/parallel.h"
#include "pipeline/media_feed.h"

static void log_warning(void *session, log_level level, const char *message)
{
    if (level == LOG_WARNING)
        session_warn(session, "%s", message);
}

static media_options reading_options(smac_session *s, const reporter *report)
{
    return (media_options){.interrupt = session_asks,
        .interrupt_user = s,
        .report = report,
        .max_seconds = s->options.max_seconds,
        .max_gap = s->options.max_gap,
        .picture_track = s->options.picture_track,
        .sound_track = s->options.sound_track,
        .subtitle_track = s->options.subtitle_track};
}

/* The sound once more, for its words alone, where subtitles were expected and held none. */
static smac_status listen_again(smac_session *s, const media_input *input, smac_error *error)
{
    media_options options = reading_options(s, NULL);
    media_file *file;
    decoder *from;
    if (input->read && (!input->seek || input->seek(input->user, 0) < 0))
        return SMAC_OK;
    options.skip_picture = true;
    TRY(media_open(input, &options, &file, error));
    TRY(decoder_start(file, NULL, &from, error));
    smac_status status = listening_new(s, s->total_seconds, error);
    decoded d = {0};
    while (status == SMAC_OK && (status = decoder_next(from, &d, error)) == SMAC_OK && d.kind != DECODED_END)
        if (d.kind == DECODED_SOUND)
            status = listening_feed(s, d.samples, d.count, error);
    decoder_close(from);
    return status;
}

static smac_status feed_recording(smac_session *s, decoder *from, const media_input *input, smac_error *error)
{
    media_sink to = {
        .user = s, .wants_picture = session_wants_picture, .picture = session_picture, .sound = session_sound};
    const media_info *info = decoder_info(from);
    transcript subtitles = {0};
    TRY(media_feed(from, &to, error));
    decoder_take_subtitles(from, &subtitles);
    bool has_words = subtitles.count > 0;
    TRY(session_add_words(s, &subtitles, "embedded subtitles", error));
    if (s->expects_subtitles && !has_words && s->options.speech && info->has_sound && session_reads_words(s))
        TRY(listen_again(s, input, error));
    return SMAC_OK;
}

/* How the file is read depends on what is in it. */
static smac_status start_reading(smac_session *s, media_file *file, decoder **out, smac_error *error)
{
    static const char *const names[] = {"", "sound", "picture"};
    const media_info *info = media_file_info(file);
    media_options options = {0};
    bool open = !s->options.without[SMAC_TEXT] && !s->options.text && !s->options.transcript;
    bool there[MODALITIES] = {true, info->has_sound, info->has_picture};
    smac_status status = SMAC_OK;
    s->total_seconds = info->duration;
    s->expects_subtitles = options.subtitles = open && !s->options.no_subtitles && info->has_subtitles;
    for (int m = MODALITY_AUDIO; m <= MODALITY_VISION; m++)
        if (!there[m] && affect_model_reads(s->affect, m) && !s->options.without[m])
            session_warn(s, "the recording has no %s", names[m]);
    if (open && !options.subtitles && s->options.speech && info->has_sound && session_reads_words(s))
        status = listening_new(s, info->duration, error);
    if (status != SMAC_OK) {
        media_close(file);
        return status;
    }
    options.skip_picture = !session_takes(s, MODALITY_VISION);
    options.skip_sound = !session_takes(s, MODALITY_AUDIO);
    return decoder_start(file, &options, out, error);
}

static smac_status analyze_recording(smac_session *s, const media_input *input, smac_analysis **out, smac_error *error)
{
    reporter report = {.log = log_warning, .user = s};
    media_options options = reading_options(s, &report);
    media_file *file;
    decoder *from;
    TRY(media_open(input, &options, &file, error));
    TRY(start_reading(s, file, &from, error));
    const media_info *info = decoder_info(from);
    smac_status status = feed_recording(s, from, input, error);
    double duration = fmax(decoder_picture_seconds(from), decoder_sound_seconds(from));
    duration = info->is_still ? 0 : duration > 0 ? duration : info->duration;
    decoder_close(from);
    return status == SMAC_OK ? session_finish(s, duration, out, error) : status;
}

static smac_status analyze_input(const smac_model *model, const media_input *input, const smac_analyze_options *options,
    smac_analysis **out, smac_error *error)
{
    smac_analyze_options mine;
    smac_session *s = NULL;
    *out = NULL;
    TRY(analyze_options_read(options, &mine, error));
    int before = parallel_request(mine.threads);
    smac_status status = session_new(model, &mine, input->name, &s, error);
    if (status == SMAC_OK)
        status = analyze_recording(s, input, out, error);
    if (status == SMAC_ERROR_INTERRUPTED)
        status = FAIL(error, SMAC_ERROR_INTERRUPTED, "stopped as asked while analysing %s", input->name);
    smac_session_free(s);
    parallel_request(before);
    return status;
}

SMAC_API smac_status smac_analyze_file(const smac_model *model, const char *path, const smac_analyze_options *options,
    smac_analysis **out, smac_error *error)
{
    if (!model || !path || !out)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "smac_analyze_file needs a model, a path and a place for the result");
    return analyze_input(model, &(media_input){.name = path}, options, out, error);
}

SMAC_API smac_status smac_analyze_input(const smac_model *model, const smac_input *input,
    const smac_analyze_options *options, smac_analysis **out, smac_error *error)
{
    if (!model || !input || !input->read || !out)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "smac_analyze_input needs a model, an input with a function that reads, and a place for the result");
    media_input mine = {.name = input->name ? input->name : "the recording",
        .read = input->read,
        .seek = input->seek,
        .size = input->bytes,
        .user = input->user};
    return analyze_input(model, &mine, options, out, error);
}

SMAC_API smac_status smac_analyze_memory(const smac_model *model, const void *data, size_t size, const char *name,
    const smac_analyze_options *options, smac_analysis **out, smac_error *error)
{
    if (!model || !data || !out)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "smac_analyze_memory needs a model, data and a place for the result");
    media_memory memory = {.data = data, .size = size};
    media_input input = media_input_memory(&memory, name ? name : "the recording");
    return analyze_input(model, &input, options, out, error);
}
