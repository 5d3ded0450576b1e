/* media/libav_tracks.h - which of a file's tracks are read; for the files libav_*.c alone. */
#ifndef SMAC_MEDIA_LIBAV_TRACKS_H
#define SMAC_MEDIA_LIBAV_TRACKS_H

#include "media/libav_file.h"

/*
 * List the tracks in file->info and choose picture_stream, sound_stream and subtitle_stream by file->options.
 * Errors: NOT_FOUND: the track that is asked for is not there.
 */
smac_status libav_choose_tracks(libav_file *file, smac_error *error);

/* Warn when subtitles were passed over, because their language is not the sound's or not certain. */
void libav_warn_of_subtitles(libav_file *file);

#endif
