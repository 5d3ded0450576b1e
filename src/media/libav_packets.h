/*
 * media/libav_packets.h - the packets of an open file in order, with time stamps corrected by media/timeline.h; only for
 * the files libav_*.c.
 */
#ifndef SMAC_MEDIA_LIBAV_PACKETS_H
#define SMAC_MEDIA_LIBAV_PACKETS_H

#include "media/libav_file.h"
#include "media/timeline.h"

enum { PACKETS_OTHER = TIMELINE_TRACKS }; /* neither the picture nor the sound stream */

typedef struct packet_queue {
    libav_file *file;
    int streams[TIMELINE_TRACKS]; /* -1: not read */
    timeline timeline;
    AVPacket **waiting; /* ring buffer of packets that were read ahead */
    timeline_packet *stamps;
    size_t first, count, capacity, bytes;
    bool ended; /* end of file */
    int read_errors;
    /* for the warnings */
    int64_t jumps, jumps_of_both;
    double jump_time, jump_step; /* of the first jump, from the start of the file */
    int jump_track;
    bool ignored[TIMELINE_TRACKS];
} packet_queue;

/* streams: to read; -1: none.  start, end: of the part, from the start of the file; end may be INFINITY. */
void packet_queue_init(packet_queue *q, libav_file *file, const int streams[TIMELINE_TRACKS], double start, double end);
void packet_queue_free(packet_queue *q);

/*
 * Moves the next packet to out.  *track: its stream, or PACKETS_OTHER.  *ended: there is no more.
 * Errors: IO, INTERRUPTED, MEMORY; FORMAT: a gap or a length above the limits.
 */
smac_status packet_queue_next(packet_queue *q, AVPacket *out, int *track, bool *ended, smac_error *error);

bool packet_queue_jumped(const packet_queue *q); /* then the stated lengths do not apply */
void packet_queue_warn(packet_queue *q);         /* at the end: warn about corrections */

#endif
