/* media/libav_file.c - opening a container through our own reading callbacks, and describing it. */
#include "media/libav_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libavutil/display.h>
#include <libavutil/pixdesc.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "media/sound.h"

#define READ_BUFFER 65536
#define DEFAULT_MAX_PIXELS ((int64_t)1 << 26)

void libav_warn(libav_file *f, const char *format, ...)
{
    char sentence[600];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    for (size_t i = 0; i < f->warnings.count; i++)
        if (strcmp(f->warnings.items[i], sentence) == 0)
            return;
    char *copy = memory_copy_text(sentence);
    char **items = copy ? memory_resize(f->warnings.items, f->warnings.count + 1, sizeof *items) : NULL;
    if (!items) {
        free(copy);
        return;
    }
    f->warnings.items = items;
    items[f->warnings.count++] = copy;
    report_log(f->options.report, LOG_WARNING, "%s: %s", f->path, sentence);
}

void media_warnings_free(media_warnings *warnings)
{
    if (!warnings)
        return;
    for (size_t i = 0; i < warnings->count; i++)
        free(warnings->items[i]);
    free(warnings->items);
    *warnings = (media_warnings){0};
}

bool libav_interrupted(libav_file *f)
{
    if (!f->interrupted && f->options.interrupt)
        f->interrupted = f->options.interrupt(f->options.interrupt_user) != 0;
    return f->interrupted;
}

smac_status libav_stopped(const libav_file *f, smac_error *error)
{
    return FAIL(error, SMAC_ERROR_INTERRUPTED, "%s: reading was interrupted", f->path);
}

static int interrupt_callback(void *user)
{
    return libav_interrupted(user);
}

static int read_callback(void *user, uint8_t *data, int size)
{
    libav_file *f = user;
    for (;;) {
        if (libav_interrupted(f))
            return AVERROR_EXIT;
        ssize_t got = read(f->descriptor, data, (size_t)size);
        if (got > 0)
            return (int)got;
        if (got == 0)
            return AVERROR_EOF;
        if (errno != EINTR)
            return AVERROR(errno);
    }
}

static int64_t seek_callback(void *user, int64_t offset, int whence)
{
    libav_file *f = user;
    if (whence & AVSEEK_SIZE) {
        struct stat status;
        if (fstat(f->descriptor, &status) != 0)
            return AVERROR(errno);
        return status.st_size;
    }
    off_t at = lseek(f->descriptor, offset, whence & 3);
    return at < 0 ? AVERROR(errno) : at;
}

/* A media file has no business opening other files or addresses (play lists do). */
static int open_nothing_else(AVFormatContext *format, AVIOContext **io, const char *url, int flags, AVDictionary **o)
{
    (void)format, (void)io, (void)url, (void)flags, (void)o;
    return AVERROR(EACCES);
}

static smac_status open_descriptor(libav_file *f, smac_error *error)
{
    f->descriptor = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe nobody writes to is not waited for */
    if (f->descriptor < 0)
        return FAIL(error, errno == ENOENT || errno == ENOTDIR ? SMAC_ERROR_NOT_FOUND : SMAC_ERROR_IO,
            "cannot open %s: %s; check its name and permissions", f->path, strerror(errno));
    struct stat status;
    if (fstat(f->descriptor, &status) != 0)
        return FAIL(error, SMAC_ERROR_IO, "cannot look at %s: %s", f->path, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return FAIL(error, SMAC_ERROR_FORMAT, "%s is a folder, expected a video or sound file: name one", f->path);
    if (!S_ISREG(status.st_mode)) /* a recording is read in several passes */
        return FAIL(error, SMAC_ERROR_FORMAT,
            "%s is a pipe or a device, expected a video or sound file: write what it gives into one first", f->path);
    if (status.st_size == 0)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s is empty, expected a video or sound file: get it again", f->path);
    uint8_t *buffer = av_malloc(READ_BUFFER);
    f->io = buffer ? avio_alloc_context(buffer, READ_BUFFER, 0, f, read_callback, NULL, seek_callback) : NULL;
    if (!f->io) {
        av_free(buffer);
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for reading %s", f->path);
    }
    return SMAC_OK;
}

/* Demuxers that turn any text into pictures, or that are lists of other files. */
static bool is_refused(const char *name)
{
    static const char *const refused[] = {
        "tty", "bin", "xbin", "adf", "idf", "hls", "dash", "concat", "imf", "vapoursynth"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (strcmp(name, refused[i]) == 0)
            return true;
    return false;
}

static smac_status not_recognised(const libav_file *f, smac_error *error)
{
    return FAIL(error, SMAC_ERROR_FORMAT,
        "%s is no video, sound or picture that can be read, expected mp4, mkv, "
        "webm, mov, avi, wav, mp3, flac, ogg or the like",
        f->path);
}

static smac_status open_container(libav_file *f, smac_error *error)
{
    const AVInputFormat *kind = NULL;
    int code = av_probe_input_buffer2(f->io, &kind, f->path, NULL, 0, 0);
    if (f->interrupted)
        return libav_stopped(f, error);
    if (code == AVERROR(EIO))
        return FAIL(error, SMAC_ERROR_IO, "%s cannot be read: the system reports an input error", f->path);
    if (code < 0 || !kind || is_refused(kind->name))
        return not_recognised(f, error);
    f->format = avformat_alloc_context();
    if (!f->format)
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for reading %s", f->path);
    f->format->pb = f->io;
    f->format->interrupt_callback = (AVIOInterruptCB){interrupt_callback, f};
    f->format->io_open = open_nothing_else;
    f->format->flags |= AVFMT_FLAG_CUSTOM_IO;
    f->format->max_streams = 256;
    code = avformat_open_input(&f->format, f->path, kind, NULL); /* frees format on failure */
    if (f->interrupted)
        return libav_stopped(f, error);
    if (code == AVERROR(ENOMEM))
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for reading %s", f->path);
    if (code < 0)
        return FAIL(error, SMAC_ERROR_FORMAT,
            "%s is no valid file of the kind %s: it is damaged, cut off or something else", f->path, kind->name);
    AVDictionary **per_stream = NULL;
    unsigned count = f->format->nb_streams;
    if (count > 0 && (per_stream = memory_new(count, sizeof *per_stream)))
        for (unsigned i = 0; i < count; i++)
            av_dict_set_int(&per_stream[i], "max_pixels", f->max_pixels, 0);
    avformat_find_stream_info(f->format, per_stream); /* a failure shows in the streams */
    for (unsigned i = 0; per_stream && i < count; i++)
        av_dict_free(&per_stream[i]);
    free(per_stream);
    return f->interrupted ? libav_stopped(f, error) : SMAC_OK;
}

int libav_orientation_of_matrix(const int32_t m[9])
{
    /* Shown (x', y') = (a x + c y, b x + d y); only quarter turns and mirrors are applied. */
    double a = m[0] / 65536.0, b = m[1] / 65536.0, c = m[3] / 65536.0, d = m[4] / 65536.0;
    if (fabs(a) + fabs(d) > fabs(b) + fabs(c))
        return (a < 0 ? LIBAV_MIRROR_COLUMNS : 0) | (d < 0 ? LIBAV_MIRROR_ROWS : 0);
    if (fabs(b) + fabs(c) > 0)
        return LIBAV_TRANSPOSE | (c < 0 ? LIBAV_MIRROR_COLUMNS : 0) | (b < 0 ? LIBAV_MIRROR_ROWS : 0);
    return 0;
}

int libav_orientation_of_exif(const char *value)
{
    static const int table[9] = {0, 0, LIBAV_MIRROR_COLUMNS, LIBAV_MIRROR_COLUMNS | LIBAV_MIRROR_ROWS,
        LIBAV_MIRROR_ROWS, LIBAV_TRANSPOSE, LIBAV_TRANSPOSE | LIBAV_MIRROR_COLUMNS,
        LIBAV_TRANSPOSE | LIBAV_MIRROR_COLUMNS | LIBAV_MIRROR_ROWS, LIBAV_TRANSPOSE | LIBAV_MIRROR_ROWS};
    if (!value)
        return 0;
    while (*value == ' ')
        value++;
    return value[0] >= '1' && value[0] <= '8' && (value[1] == 0 || value[1] == ' ') ? table[value[0] - '0'] : 0;
}

static void describe_rotation(libav_file *f)
{
    /* Clockwise degrees of each orientation; mirrored ones after their mirror. */
    static const int degrees[8] = {0, 0, 180, 180, 90, 90, 270, 270};
    static const bool mirrored[8] = {false, true, true, false, true, false, false, true};
    f->info.rotation = degrees[f->orientation];
    f->info.mirrored = mirrored[f->orientation];
    if (f->orientation & LIBAV_TRANSPOSE) {
        int width = f->info.width;
        f->info.width = f->info.height;
        f->info.height = width;
    }
}

static void describe_picture(libav_file *f)
{
    const AVStream *stream = f->format->streams[f->picture_stream];
    const AVCodecParameters *p = stream->codecpar;
    media_info *info = &f->info;
    info->has_picture = true;
    snprintf(info->picture_codec, sizeof info->picture_codec, "%s", avcodec_get_name(p->codec_id));
    const char *format = av_get_pix_fmt_name(p->format);
    snprintf(info->picture_format, sizeof info->picture_format, "%s", format ? format : "unknown");
    info->width = p->width;
    info->height = p->height;
    const int32_t *matrix = (const int32_t *)av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, NULL);
    f->orientation = matrix ? libav_orientation_of_matrix(matrix) : 0;
    describe_rotation(f);
    AVRational rate = stream->avg_frame_rate.num > 0 && stream->avg_frame_rate.den > 0 ? stream->avg_frame_rate
                                                                                       : stream->r_frame_rate;
    info->frame_rate = rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 0;
    const char *kind = f->format->iformat->name;
    size_t length = strlen(kind);
    info->is_still = strcmp(kind, "image2") == 0 || (length > 5 && strcmp(kind + length - 5, "_pipe") == 0);
}

static void describe_subtitle(libav_file *f, int index)
{
    if (f->info.subtitle_count == MEDIA_SUBTITLES_MAX) {
        libav_warn(f, "more than %d subtitle streams: the others are not looked at", MEDIA_SUBTITLES_MAX);
        return;
    }
    const AVStream *stream = f->format->streams[index];
    media_subtitle *s = &f->info.subtitles[f->info.subtitle_count++];
    s->stream = index;
    snprintf(s->codec, sizeof s->codec, "%s", avcodec_get_name(stream->codecpar->codec_id));
    const AVDictionaryEntry *language = av_dict_get(stream->metadata, "language", NULL, 0);
    snprintf(s->language, sizeof s->language, "%s", language ? language->value : "");
    const AVCodecDescriptor *descriptor = avcodec_descriptor_get(stream->codecpar->codec_id);
    s->is_text = descriptor && (descriptor->props & AV_CODEC_PROP_TEXT_SUB);
}

static double length_of(const AVFormatContext *format)
{
    double seconds = format->duration != AV_NOPTS_VALUE ? (double)format->duration / AV_TIME_BASE : 0;
    for (unsigned i = 0; seconds <= 0 && i < format->nb_streams; i++) {
        const AVStream *stream = format->streams[i];
        if (stream->duration != AV_NOPTS_VALUE && stream->duration > 0)
            seconds = fmax(seconds, (double)stream->duration * av_q2d(stream->time_base));
    }
    return seconds > 0 && isfinite(seconds) ? seconds : 0;
}

static void describe(libav_file *f)
{
    AVFormatContext *format = f->format;
    media_info *info = &f->info;
    snprintf(info->container, sizeof info->container, "%s", format->iformat->name);
    info->streams = (int)format->nb_streams;
    f->start_time = format->start_time != AV_NOPTS_VALUE ? (double)format->start_time / AV_TIME_BASE : 0;
    info->start = f->start_time;
    f->start_time = fmax(f->start_time, 0); /* what lies before 0 is the run-up of the codec */
    f->picture_stream = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    f->sound_stream = av_find_best_stream(format, AVMEDIA_TYPE_AUDIO, -1, -1, NULL, 0);
    if (f->picture_stream >= 0 && (format->streams[f->picture_stream]->disposition & AV_DISPOSITION_ATTACHED_PIC))
        f->picture_stream = -1; /* the cover of a recording shows nobody talking */
    if (f->picture_stream >= 0)
        describe_picture(f);
    if (f->sound_stream >= 0) {
        const AVCodecParameters *p = format->streams[f->sound_stream]->codecpar;
        info->has_sound = true;
        snprintf(info->sound_codec, sizeof info->sound_codec, "%s", avcodec_get_name(p->codec_id));
        info->sample_rate = p->sample_rate;
        info->channels = p->ch_layout.nb_channels;
    }
    for (unsigned i = 0; i < format->nb_streams; i++)
        if (format->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_SUBTITLE)
            describe_subtitle(f, (int)i);
    info->duration = info->is_still ? 0 : length_of(format);
}

static smac_status open_all(libav_file *f, bool subtitles_alone_do, smac_error *error)
{
    TRY(open_descriptor(f, error));
    TRY(error_advise(error, open_container(f, error), SMAC_ERROR_FORMAT, "get it again or name another"));
    describe(f);
    bool something = f->info.has_picture || f->info.has_sound || (subtitles_alone_do && f->info.subtitle_count > 0);
    if (something)
        return SMAC_OK;
    if (f->info.subtitle_count > 0)
        return FAIL(error, SMAC_ERROR_FORMAT,
            "%s holds subtitles alone (%s), expected picture or sound; give it as the transcript of a video", f->path,
            f->info.subtitles[0].codec);
    return FAIL(error, SMAC_ERROR_FORMAT, "%s holds no picture and no sound (kind %s, %d streams): name another",
        f->path, f->info.container, f->info.streams);
}

smac_status libav_file_open(
    libav_file *f, const char *path, const media_options *options, bool subtitles_alone_do, smac_error *error)
{
    memset(f, 0, sizeof *f);
    f->descriptor = f->picture_stream = f->sound_stream = -1;
    if (options)
        f->options = *options;
    f->max_pixels = f->options.max_pixels > 0 ? f->options.max_pixels : DEFAULT_MAX_PIXELS;
    av_log_set_level(AV_LOG_QUIET); /* libav would write to standard error; what matters is in our messages */
    f->path = memory_copy_text(path);
    smac_status status = f->path ? open_all(f, subtitles_alone_do, error)
                                 : FAIL(error, SMAC_ERROR_MEMORY, "out of memory for reading %s", path);
    if (status != SMAC_OK)
        libav_file_close(f);
    return status;
}

void libav_file_close(libav_file *f)
{
    if (f->format)
        avformat_close_input(&f->format);
    if (f->io) {
        av_freep(&f->io->buffer);
        avio_context_free(&f->io);
    }
    if (f->descriptor >= 0)
        close(f->descriptor);
    f->descriptor = -1;
    free(f->path);
    f->path = NULL;
    media_warnings_free(&f->warnings);
}

AVCodecContext *libav_open_decoder(libav_file *f, int index)
{
    const AVStream *stream = f->format->streams[index];
    const AVCodecParameters *p = stream->codecpar;
    bool picture = p->codec_type == AVMEDIA_TYPE_VIDEO;
    const char *what = picture ? "picture" : p->codec_type == AVMEDIA_TYPE_AUDIO ? "sound" : "subtitles";
    if (picture && (int64_t)p->width * p->height > f->max_pixels) {
        libav_warn(f, "its picture of %d x %d is above the limit of %lld pixels and is left out", p->width, p->height,
            (long long)f->max_pixels);
        return NULL;
    }
    const AVCodec *codec = avcodec_find_decoder(p->codec_id);
    AVCodecContext *c = codec ? avcodec_alloc_context3(codec) : NULL;
    int code = c ? avcodec_parameters_to_context(c, p) : AVERROR_DECODER_NOT_FOUND;
    if (code >= 0) {
        c->pkt_timebase = stream->time_base;
        c->max_pixels = f->max_pixels;
        c->thread_count = picture && f->options.threads > 1 ? f->options.threads : 1;
        code = avcodec_open2(c, codec, NULL);
    }
    if (code < 0) {
        libav_warn(f, "its %s is coded as %s, which %s; the %s is left out", what, avcodec_get_name(p->codec_id),
            codec ? "could not be opened" : "the installed libavcodec cannot decode", what);
        avcodec_free_context(&c);
        return NULL;
    }
    return c;
}

smac_status media_probe(const char *path, const media_options *options, media_info *out, smac_error *error)
{
    libav_file f;
    memset(out, 0, sizeof *out);
    TRY(libav_file_open(&f, path, options, true, error));
    *out = f.info;
    libav_file_close(&f);
    return SMAC_OK;
}
