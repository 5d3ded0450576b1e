/* media/libav_tracks.h - choosing the tracks to read; only for the files libav_*.c. */
#ifndef SMAC_MEDIA_LIBAV_TRACKS_H
#define SMAC_MEDIA_LIBAV_TRACKS_H

#include "media/libav_file.h"

/*
 * List the tracks in file->info and choose picture_stream, sound_stream and subtitle_stream according to file->options.
 * Errors: NOT_FOUND: a track asked for does not exist.
 */
smac_status libav_choose_tracks(libav_file *file, smac_error *error);

/* Warn when subtitles were not taken, because of their kind or language. */
void libav_warn_of_subtitles(libav_file *file);

#endif
