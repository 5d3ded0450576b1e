/*
 * media/media.h - opening a media file: what is in it, and what is said when it is none.
 *
 * Any container and codec that the installed libav reads.  A stream that is not there is a missing modality, not an
 * error; a file without any picture, sound or subtitles is one.  libav is used inside this module alone: no header of it names
 * a type of libav, and only the files libav_*.c include it.
 *
 * Times are seconds from the start of the file: the smallest timestamp of its streams, or 0 where that is negative (the
 * run-up of a codec).
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
 * Where the bytes of a recording come from: the file `name`, or, with read, the caller's functions.  They and the memory
 * they use must live until the file is closed; they are called by the thread that reads.
 */
typedef struct media_input {
    const char *name; /* a path; with read: what messages call the recording, its ending may help to recognise it */
    int64_t (*read)(void *user, void *data, size_t size); /* bytes read; 0: the end; negative: it cannot be read */
    int64_t (*seek)(void *user, int64_t offset); /* the next byte to read; negative: failed.  NULL: forward only */
    int64_t size;                                /* in bytes; negative: not known.  Used with seek alone */
    void *user;
} media_input;

/* An input in memory: {data, size, 0}, which the input points to. */
typedef struct media_memory {
    const void *data;
    size_t size, at;
} media_memory;
media_input media_input_memory(media_memory *memory, const char *name);

typedef struct media_options {
    /* Asked often while reading: non-zero stops with SMAC_ERROR_INTERRUPTED.  NULL: never. */
    int (*interrupt)(void *user);
    void *interrupt_user;
    const reporter *report; /* gets the warnings too; NULL: nobody */
    /* A picture of more pixels than this is refused by name; 0: 2^26 (a picture of 8192 x 8192). */
    int64_t max_pixels;
    /* A recording, or the part of it that is asked for, that lasts longer than this is refused; 0: 48 hours. */
    double max_seconds;
    /* So is a gap in picture or sound that is wider (it would be filled with silence, or one picture); 0: 6 hours. */
    double max_gap;
    int threads;       /* threads of the picture decoder; 0: 1 */
    double start, end; /* read this part alone, in seconds; end 0: to the end */
    bool skip_picture, skip_sound;
    /*
     * The tracks to read: the number of the stream, a language ("en", "eng"), or "none".  NULL: the container's first
     * default; of subtitles, those in the language of the sound (libav_tracks.c).
     */
    const char *picture_track, *sound_track, *subtitle_track;
    bool subtitles; /* collect the words of the text subtitles while reading (decoder_subtitles) */
} media_options;

typedef enum media_track_kind { MEDIA_TRACK_PICTURE, MEDIA_TRACK_SOUND, MEDIA_TRACK_SUBTITLES } media_track_kind;

typedef struct media_track {
    media_track_kind kind;
    int stream;                /* its number in the file */
    char codec[32];            /* h264, aac, subrip, mov_text, hdmv_pgs_subtitle, ... */
    char language[16];         /* as written in the file; empty: not stated */
    char title[64];            /* the same */
    bool is_default;           /* the container's flag */
    bool is_secondary;         /* commentary, or for the deaf or the blind */
    bool is_forced;            /* SUBTITLES: the foreign lines alone */
    bool is_text;              /* SUBTITLES: pictures of text are not read */
    bool is_chosen;            /* this one is read */
    int width, height;         /* PICTURE: as stored */
    int sample_rate, channels; /* SOUND */
} media_track;

typedef struct media_info {
    char container[64];
    double duration; /* seconds; 0: not known, or a still picture */
    double start;    /* what the container calls the start, for people who compare with other tools */
    int streams;     /* of all kinds */
    bool has_picture, has_sound;
    bool is_still; /* one picture without time (png, jpg) */
    char picture_codec[32], picture_format[32];
    int width, height;   /* as shown: with square pixels, after rotation */
    double pixel_aspect; /* width of a stored pixel by its height; 1: square */
    int rotation;        /* clockwise degrees that the container asks for: 0, 90, 180 or 270.  (A still's EXIF is
                             * obeyed too, but known only when it is decoded.) */
    bool mirrored;
    double frame_rate; /* average; 0: not known */
    char sound_codec[32];
    int sample_rate, channels;
    bool has_subtitles; /* text subtitles were chosen: options.subtitles reads them */
    int track_count;    /* of picture, sound and subtitles, without covers; at most MEDIA_TRACKS_MAX are kept */
    media_track tracks[MEDIA_TRACKS_MAX];
} media_info;

/*
 * What went wrong without stopping the work: sentences, in the order met, one of a kind.  Kept by the reader that gives
 * it.
 */
typedef struct media_warnings {
    char **items;
    size_t count;
    int64_t broken_packets; /* of picture and sound together */
} media_warnings;

bool media_warnings_add(media_warnings *warnings, const char *sentence); /* false: it is there already, or no memory */
void media_warnings_copy(const media_warnings *from, media_warnings *to);
void media_warnings_free(media_warnings *warnings); /* NULL is fine; leaves it empty */

/* How recordings' names end ("mp4", ..., NULL at the end), the likeliest first.  Any other name may hold one too. */
extern const char *const media_endings[];
bool media_has_ending(const char *name); /* in capitals too */

/*
 * Look into a file.  options may be NULL.
 * Errors: NOT_FOUND (no such file), FORMAT (a folder; empty; no media file; no stream of a known kind),
 * IO (not readable), INTERRUPTED, MEMORY.
 */
smac_status media_probe(const char *path, const media_options *options, media_info *out, smac_error *error);

/*
 * A recording opened and looked into, nothing decoded yet.  Give it to decoder_start, which takes it
 * over, or close it.  Errors as media_probe's; a file of subtitles alone is accepted.
 */
typedef struct libav_file media_file;
smac_status media_open(const media_input *input, const media_options *options, media_file **out, smac_error *error);
const media_info *media_file_info(const media_file *file);
const char *media_file_name(const media_file *file);
void media_close(media_file *file); /* NULL is fine */

#endif
