/* media/libav_file.c - opening a container through our own read callbacks. */
#include "media/libav_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"
#include "media/libav_tracks.h"
#include "media/sound.h"

#define READ_BUFFER 65536
#define DEFAULT_MAX_PIXELS ((int64_t)1 << 26)
#define DEFAULT_MAX_SECONDS (48 * 3600.0)
#define DEFAULT_MAX_GAP (6 * 3600.0)

void libav_warn(libav_file *f, const char *format, ...)
{
    char sentence[600];
    va_list arguments;
    va_start(arguments, format);
    number_vformat(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    if (!media_warnings_add(&f->warnings, sentence))
        return;
    report_log(f->options.report, LOG_WARNING, "%s: %s", f->path, sentence);
}

double libav_widest_gap(const libav_file *f)
{
    return f->options.max_gap > 0 ? f->options.max_gap : DEFAULT_MAX_GAP;
}

double libav_longest(const libav_file *f)
{
    return f->options.max_seconds > 0 ? f->options.max_seconds : DEFAULT_MAX_SECONDS;
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

smac_status libav_unreadable(const libav_file *f, smac_error *error)
{
    return FAIL(error, SMAC_ERROR_IO, "%s could not be read after byte %lld: the system reports an input error",
        f->path, (long long)f->position);
}

static int interrupt_callback(void *user)
{
    return libav_interrupted(user);
}

/* --- bytes --------------------------------------------------------------------------------------------------------- */

static int64_t descriptor_read(void *user, void *data, size_t size)
{
    const libav_file *f = user;
    for (;;) {
        ssize_t got = read(f->descriptor, data, size);
        if (got >= 0 || errno != EINTR)
            return got;
    }
}

static int64_t descriptor_seek(void *user, int64_t offset)
{
    const libav_file *f = user;
    return lseek(f->descriptor, offset, SEEK_SET);
}

static int64_t memory_read(void *user, void *data, size_t size)
{
    media_memory *m = user;
    size_t left = m->at < m->size ? m->size - m->at : 0, take = size < left ? size : left;
    if (take > 0)
        memcpy(data, (const char *)m->data + m->at, take);
    m->at += take;
    return (int64_t)take;
}

static int64_t memory_seek(void *user, int64_t offset)
{
    media_memory *m = user;
    m->at = offset < 0 ? 0 : (size_t)offset;
    return offset < 0 ? -1 : offset;
}

media_input media_input_memory(media_memory *memory, const char *name)
{
    return (media_input){
        .name = name, .read = memory_read, .seek = memory_seek, .size = (int64_t)memory->size, .user = memory};
}

static int read_callback(void *user, uint8_t *data, int size)
{
    libav_file *f = user;
    if (libav_interrupted(f))
        return AVERROR_EXIT;
    int64_t got = f->input.read(f->input.user, data, (size_t)size);
    if (got < 0 || got > size) {
        if (libav_interrupted(f)) /* while it waited */
            return AVERROR_EXIT;
        f->read_failed = true;
        return AVERROR(EIO);
    }
    for (int64_t i = f->position; i < (int64_t)sizeof f->head && i < f->position + got; i++)
        f->head[i] = data[i - f->position];
    f->position += got;
    return got == 0 ? AVERROR_EOF : (int)got;
}

static int64_t seek_callback(void *user, int64_t offset, int whence)
{
    libav_file *f = user;
    if (whence & AVSEEK_SIZE)
        return f->input.size >= 0 ? f->input.size : AVERROR(ENOSYS);
    whence &= 3;
    int64_t base = whence == SEEK_CUR ? f->position : whence == SEEK_END ? f->input.size : 0;
    if ((whence == SEEK_END && base < 0) || offset > INT64_MAX - base || base + offset < 0)
        return AVERROR(EINVAL);
    if (f->input.seek(f->input.user, base + offset) < 0)
        return AVERROR(EIO);
    return f->position = base + offset;
}

/* A media file must not open other files or addresses, as playlists do. */
static int open_nothing_else(AVFormatContext *format, AVIOContext **io, const char *url, int flags, AVDictionary **o)
{
    (void)format, (void)io, (void)url, (void)flags, (void)o;
    return AVERROR(EACCES);
}

/* --- opening ------------------------------------------------------------------------------------------------------- */

static void set_descriptor(libav_file *f, int descriptor, int64_t size)
{
    f->descriptor = descriptor;
    f->input.read = descriptor_read;
    f->input.seek = descriptor_seek;
    f->input.size = size;
    f->input.user = f;
}

static smac_status open_path(libav_file *f, smac_error *error)
{
    f->descriptor = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* do not wait for the writer of a pipe */
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
    set_descriptor(f, f->descriptor, status.st_size);
    return SMAC_OK;
}

static smac_status open_io(libav_file *f, smac_error *error)
{
    uint8_t *buffer = av_malloc(READ_BUFFER);
    f->io = buffer
        ? avio_alloc_context(buffer, READ_BUFFER, 0, f, read_callback, NULL, f->input.seek ? seek_callback : NULL)
        : NULL;
    if (!f->io) {
        av_free(buffer);
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for reading %s", f->path);
    }
    return SMAC_OK;
}

static void close_io(libav_file *f)
{
    if (!f->io)
        return;
    av_freep(&f->io->buffer);
    avio_context_free(&f->io);
}

smac_status libav_use_descriptor(libav_file *f, int descriptor, int64_t size, smac_error *error)
{
    set_descriptor(f, descriptor, size);
    f->position = 0;
    close_io(f);
    return open_io(f, error);
}

/* Demuxers that render any text as pictures, or that read lists of other files. */
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
        "%s is not a video, sound or picture file that can be read, expected mp4, mkv, "
        "webm, mov, avi, wav, mp3, flac, ogg or similar",
        f->path);
}

/* The index came after the samples, which a stream that only goes forward does not give again. */
static bool samples_were_passed(const libav_file *f)
{
    int64_t here = avio_tell(f->io);
    for (unsigned i = 0; i < f->format->nb_streams; i++) {
        const AVIndexEntry *first = avformat_index_get_entry(f->format->streams[i], 0);
        if (first && first->pos < here)
            return true;
    }
    return false;
}

static smac_status open_container(libav_file *f, smac_error *error)
{
    const AVInputFormat *kind = NULL;
    int code = av_probe_input_buffer2(f->io, &kind, f->path, NULL, 0, 0);
    if (f->interrupted)
        return libav_stopped(f, error);
    if (f->read_failed)
        return libav_unreadable(f, error);
    if (f->position == 0)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s is empty, expected a video or sound file", f->path);
    if (code < 0 || !kind || is_refused(kind->name))
        return not_recognised(f, error);
    if (libav_needs_spool(f, kind->name))
        TRY(libav_spool(f, error));
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
    if (f->read_failed)
        return libav_unreadable(f, error);
    if (code == AVERROR(ENOMEM))
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for reading %s", f->path);
    if (code < 0)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s is not a valid %s file: it is damaged, cut off or of another format",
            f->path, kind->name);
    if (!f->input.seek && samples_were_passed(f))
        return FAIL(error, SMAC_ERROR_FORMAT,
            "%s cannot be read as a stream, because its index comes after its pictures and sound: write it into a file "
            "first",
            f->path);
    AVDictionary **per_stream = NULL;
    unsigned count = f->format->nb_streams;
    if (count > 0 && (per_stream = memory_new(count, sizeof *per_stream)))
        for (unsigned i = 0; i < count; i++)
            av_dict_set_int(&per_stream[i], "max_pixels", f->max_pixels, 0);
    avformat_find_stream_info(
        f->format, per_stream); /* on failure the streams are incomplete, which is checked later */
    for (unsigned i = 0; per_stream && i < count; i++)
        av_dict_free(&per_stream[i]);
    free(per_stream);
    if (f->interrupted)
        return libav_stopped(f, error);
    return f->read_failed ? libav_unreadable(f, error) : SMAC_OK;
}

smac_status libav_check_streams(const libav_file *f, bool subtitles_alone_do, smac_error *error)
{
    const media_track *words = NULL;
    for (int i = 0; i < f->info.track_count && !words; i++)
        words = f->info.tracks[i].kind == MEDIA_TRACK_SUBTITLES ? &f->info.tracks[i] : NULL;
    if (f->info.has_picture || f->info.has_sound || (subtitles_alone_do && words))
        return SMAC_OK;
    if (words)
        return FAIL(error, SMAC_ERROR_FORMAT,
            "%s holds subtitles alone (%s), expected picture or sound; give it as the transcript of a video", f->path,
            words->codec);
    return FAIL(error, SMAC_ERROR_FORMAT, "%s holds no picture and no sound (kind %s, %d streams): name another",
        f->path, f->info.container, f->info.streams);
}

static smac_status file_open_all(libav_file *f, smac_error *error)
{
    if (!f->input.read)
        TRY(open_path(f, error));
    TRY(open_io(f, error));
    TRY(error_advise(error, open_container(f, error), SMAC_ERROR_FORMAT, "get it again or name another"));
    TRY(libav_choose_tracks(f, error));
    libav_describe(f);
    return libav_check_streams(f, true, error);
}

smac_status media_open(const media_input *input, const media_options *options, media_file **out, smac_error *error)
{
    const char *name = input->name ? input->name : "the recording";
    libav_file *f = memory_new(1, sizeof *f);
    *out = NULL;
    if (!f || !(f->path = memory_copy_text(name))) {
        free(f);
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for reading %s", name);
    }
    f->descriptor = f->picture_stream = f->sound_stream = f->subtitle_stream = -1;
    f->input = *input;
    if (options)
        f->options = *options;
    f->max_pixels = f->options.max_pixels > 0 ? f->options.max_pixels : DEFAULT_MAX_PIXELS;
    av_log_set_level(AV_LOG_QUIET); /* libav writes to standard error otherwise */
    smac_status status = file_open_all(f, error);
    if (status != SMAC_OK) {
        media_close(f);
        return status;
    }
    *out = f;
    return SMAC_OK;
}

const media_info *media_file_info(const media_file *f)
{
    return &f->info;
}

const char *media_file_name(const media_file *f)
{
    return f->path;
}

void media_close(media_file *f)
{
    if (!f)
        return;
    if (f->format)
        avformat_close_input(&f->format);
    close_io(f);
    if (f->descriptor >= 0)
        close(f->descriptor);
    free(f->path);
    media_warnings_free(&f->warnings);
    free(f);
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
    media_file *f;
    memset(out, 0, sizeof *out);
    TRY(media_open(&(media_input){.name = path}, options, &f, error));
    *out = f->info;
    media_close(f);
    return SMAC_OK;
}
