/*
 * media/timeline.h - deciding which time stamps of a container to trust, packet by packet in file order.
 *
 * A stamp that continues from the packet before is kept.  So is a real gap: one that the other track fills, or one in a
 * format whose clock cannot jump (all but MPEG-TS and MPEG-PS) that does not exceed the stated length.  Otherwise the
 * clock has jumped, and an offset joins the track without a gap; when both tracks jump they get the same offset, so that
 * they stay in sync.  A single wrong stamp, after which the old clock continues, is ignored.  A small step backwards in
 * one track is an overlap, which the decoder drops.  For the comparison with ffmpeg see docs/media.md.
 *
 * Times are in seconds of the container's clock.
 */
#ifndef SMAC_MEDIA_TIMELINE_H
#define SMAC_MEDIA_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>

typedef enum timeline_track { TIMELINE_PICTURE, TIMELINE_SOUND, TIMELINE_TRACKS } timeline_track;

typedef struct timeline_packet {
    timeline_track track;
    double time;   /* decoding time; NAN: unknown, then the packet is not judged */
    double shown;  /* presentation time, or time where it is unknown */
    double length; /* 0: unknown */
} timeline_packet;

typedef struct timeline_state { /* of one track */
    bool is_read;               /* packets of this track are passed */
    bool begun, is_armed;
    double first, next; /* the first stamp, and the expected next one */
    double end;         /* the end of what was shown or heard */
    double last, usual; /* the last stamp; the last distance of two stamps, used as length of packets without one */
    double offset;      /* to add to the track's stamps */
    double armed_time,
        armed_offset; /* after a jump of both tracks: the stamp at which this one jumps, and its offset from there */
} timeline_state;

typedef struct timeline {
    bool clock_may_jump; /* MPEG-TS, MPEG-PS */
    double begin, end;   /* of the part that is read; end may be INFINITY */
    double stated_end;   /* according to the header; INFINITY: not stated */
    double widest_gap;   /* the limits, in seconds and as a time */
    double latest;
    timeline_state tracks[TIMELINE_TRACKS];
} timeline;

typedef enum timeline_verdict {
    TIMELINE_PLACED,
    TIMELINE_LOOK_AHEAD,   /* call again with more packets */
    TIMELINE_GAP_TOO_WIDE, /* of out->jump seconds */
    TIMELINE_TOO_LONG      /* out->jump: seconds from begin */
} timeline_verdict;

typedef struct timeline_place {
    double offset;     /* to add to the packet's stamps */
    bool ignore_stamp; /* the packet follows the one before */
    bool jumped;       /* the clock jumped here by jump seconds; both: in both tracks */
    bool both;
    double jump;
} timeline_place;

/*
 * Decide about packets[0].  The others follow it in the file, as far as they were read ahead; all: there are no more, or
 * no more will be read ahead.
 */
timeline_verdict timeline_next(
    timeline *t, const timeline_packet *packets, size_t count, bool all, timeline_place *out);

#endif
