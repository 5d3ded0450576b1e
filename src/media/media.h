/*
 * media/media.h - opening a media file and describing its contents.
 *
 * Reads any container and codec that the installed libav supports.  A missing stream is a missing modality, not an
 * error; a file without picture, sound and subtitles is an error.  Only the files libav_*.c include libav, and no header
 * outside of them names its types.
 *
 * Times are seconds from the start of the file, which is the smallest time stamp of its streams (0 when that is only
 * slightly negative because of a codec's priming samples).
 */
#ifndef SMAC_MEDIA_MEDIA_H
#define SMAC_MEDIA_MEDIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"

#define MEDIA_SAMPLE_RATE 16000 /* all sound is given as mono at this rate, in float32, full scale 1 */
#define MEDIA_TRACKS_MAX 64

/*
 * The source of a recording's bytes: the file `name`, or the caller's functions when read is set.  The functions and
 * their memory must stay valid until the file is closed; the thread that reads calls them.
 */
typedef struct media_input {
    const char *name; /* a path; with read: the name for messages, whose extension may help to detect the format */
    int64_t (*read)(void *user, void *data, size_t size); /* bytes read; 0: end; negative: error */
    int64_t (*seek)(
        void *user, int64_t offset); /* offset from the beginning; negative: error.  NULL: the input cannot seek */
    int64_t size;                    /* in bytes; negative: unknown.  Used only with seek */
    void *user;
} media_input;

/* An input in memory.  Initialise it as {data, size, 0}; the input points to it. */
typedef struct media_memory {
    const void *data;
    size_t size, at;
} media_memory;
media_input media_input_memory(media_memory *memory, const char *name);

typedef struct media_options {
    /* Called often while reading; non-zero stops with SMAC_ERROR_INTERRUPTED.  May be NULL. */
    int (*interrupt)(void *user);
    void *interrupt_user;
    const reporter *report; /* also receives the warnings; may be NULL */
    /* A picture stream with more pixels is left out with a warning; 0: 2^26 (8192 x 8192). */
    int64_t max_pixels;
    /* Longest recording, or part of one, that is read; a longer one is an error.  0: 48 hours. */
    double max_seconds;
    /* Longest gap in picture or sound; a longer one is an error.  0: 6 hours. */
    double max_gap;
    int threads;       /* threads of the picture decoder; 0: 1 */
    double start, end; /* the part to read, in seconds; end 0: to the end */
    bool skip_picture, skip_sound;
    /*
     * The tracks to read: a stream number, a language ("en", "eng"), or "none".  NULL: the container's first default
     * track; for subtitles, the track in the language of the sound (libav_tracks.c).
     */
    const char *picture_track, *sound_track, *subtitle_track;
    bool subtitles; /* collect the text subtitles while decoding (decoder_subtitles) */
} media_options;

typedef enum media_track_kind { MEDIA_TRACK_PICTURE, MEDIA_TRACK_SOUND, MEDIA_TRACK_SUBTITLES } media_track_kind;

typedef struct media_track {
    media_track_kind kind;
    int stream;                /* number in the file */
    char codec[32];            /* h264, aac, subrip, mov_text, hdmv_pgs_subtitle, ... */
    char language[16];         /* as written in the file; empty: not stated */
    char title[64];            /* likewise */
    bool is_default;           /* the container's flag */
    bool is_secondary;         /* commentary, or for hearing-impaired or visually impaired people */
    bool is_forced;            /* SUBTITLES: only foreign-language dialogue and signs */
    bool is_text;              /* SUBTITLES: false for bitmaps, which are not read */
    bool is_chosen;            /* the track that is read */
    int width, height;         /* PICTURE: as stored */
    int sample_rate, channels; /* SOUND */
} media_track;

typedef struct media_info {
    char container[64];
    double duration; /* seconds; 0: unknown, or a still picture */
    double start;    /* the container's own start time, as other tools show it */
    int streams;     /* number of streams of all kinds */
    bool has_picture, has_sound;
    bool is_still; /* a single picture without duration (png, jpg) */
    char picture_codec[32], picture_format[32];
    int width, height;   /* as shown: with square pixels, after rotation */
    double pixel_aspect; /* width / height of a stored pixel; 1: square */
    int rotation;        /* clockwise degrees from the container: 0, 90, 180 or 270.  (The EXIF orientation of a still
                          * is applied too, but is known only after decoding.) */
    bool mirrored;
    double frame_rate; /* average; 0: unknown */
    char sound_codec[32];
    int sample_rate, channels;
    bool has_subtitles; /* a text subtitle track was chosen; options.subtitles reads it */
    int track_count;    /* picture, sound and subtitle tracks, without cover art; at most MEDIA_TRACKS_MAX */
    media_track tracks[MEDIA_TRACKS_MAX];
} media_info;

/* Problems that did not stop the work: one sentence each, in order, without repetition.  Owned by its reader. */
typedef struct media_warnings {
    char **items;
    size_t count;
    int64_t broken_packets; /* of picture and sound together */
} media_warnings;

bool media_warnings_add(media_warnings *warnings, const char *sentence); /* false: already there, or no memory */
void media_warnings_copy(const media_warnings *from, media_warnings *to);
void media_warnings_free(media_warnings *warnings); /* may be NULL; leaves it empty */

/* File extensions of recordings ("mp4", ..., then NULL), most common first.  Other files may be recordings too. */
extern const char *const media_endings[];
bool media_has_ending(const char *name); /* in any case */

/*
 * Describe a file without decoding it.  options may be NULL.
 * Errors: NOT_FOUND (no such file or track), FORMAT (a folder, an empty file, not a media file, no usable stream), IO,
 * INTERRUPTED, MEMORY.
 */
smac_status media_probe(const char *path, const media_options *options, media_info *out, smac_error *error);

/*
 * An opened and described recording, before decoding.  Pass it to decoder_start, which takes ownership, or close it.
 * Errors: as media_probe.  A file that holds only subtitles can be opened.
 */
typedef struct libav_file media_file;
smac_status media_open(const media_input *input, const media_options *options, media_file **out, smac_error *error);
const media_info *media_file_info(const media_file *file);
const char *media_file_name(const media_file *file);
void media_close(media_file *file); /* may be NULL */

#endif
