/*
 * media/timeline.h - which time stamps of a container are trusted: every packet of picture and sound is placed on one
 * time axis, in the order of the file.
 *
 * A stamp that goes on from the packet before, or a gap that is real, is kept as it is.  A gap is real when the other
 * track shows that the time has passed, or when the container's clock does not jump (all but MPEG-TS and its like) and
 * the gap lies within the stated length.  Otherwise the clock has jumped and an offset makes the track go on: the same
 * for both tracks when both jump, so that they stay in step.  A single stamp after which the old clock continues is
 * ignored.  A small step backwards in one track is an overlap and left to the decoder, which drops what was given
 * before.  How this compares with ffmpeg: docs/media.md.
 *
 * Times are seconds of the container's clock.
 */
#ifndef SMAC_MEDIA_TIMELINE_H
#define SMAC_MEDIA_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>

typedef enum timeline_track { TIMELINE_PICTURE, TIMELINE_SOUND, TIMELINE_TRACKS } timeline_track;

typedef struct timeline_packet {
    timeline_track track;
    double time;   /* when it is decoded; NAN: the file does not say, its place is taken as given */
    double shown;  /* when it is shown or heard, as far as the file says; else as time */
    double length; /* 0: not known */
} timeline_packet;

typedef struct timeline_state { /* of one track */
    bool is_read;               /* the file has it, and its packets come */
    bool begun, is_armed;
    double first, next; /* stamps: the first one, and the one expected next */
    double end;         /* up to this stamp something is shown or heard */
    double last, usual; /* the last stamp, and the last distance of two: the length of a packet that states none */
    double offset;      /* added to the track's stamps */
    double armed_time, armed_offset; /* both tracks jump: from this stamp on the other one has this offset */
} timeline_state;

typedef struct timeline {
    bool clock_may_jump; /* MPEG-TS and its like */
    double begin, end;   /* of the part that is read; end may be INFINITY */
    double stated_end;   /* by the container's header; INFINITY: not stated */
    double widest_gap;   /* limits, in seconds and as a time */
    double latest;
    timeline_state tracks[TIMELINE_TRACKS];
} timeline;

typedef enum timeline_verdict {
    TIMELINE_PLACED,
    TIMELINE_LOOK_AHEAD,   /* decide again with more packets */
    TIMELINE_GAP_TOO_WIDE, /* out->jump seconds */
    TIMELINE_TOO_LONG      /* out->jump: the time reached, from begin */
} timeline_verdict;

typedef struct timeline_place {
    double offset;     /* to add to the packet's stamps */
    bool ignore_stamp; /* the packet goes on from the one before */
    bool jumped;       /* the clock jumped here, by jump seconds; both: in both tracks */
    bool both;
    double jump;
} timeline_place;

/*
 * Place packets[0].  The others are those that follow it in the file, as far as they were read; all: no more can be
 * looked at (the end of the file, or enough).
 */
timeline_verdict timeline_next(
    timeline *t, const timeline_packet *packets, size_t count, bool all, timeline_place *out);

#endif
