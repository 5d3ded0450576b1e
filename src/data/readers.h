/*
 * data/readers.h - what a reader of one layout needs: items added to a dataset whose texts live in its arena, the
 * search for a clip's media file, and bad rows handled in one way.  Add a layout: write data/NAME.c, declare its reader
 * here, give it a line in the table of dataset.c.
 */
#ifndef SMAC_DATA_READERS_H
#define SMAC_DATA_READERS_H

#include "base/memory.h"
#include "base/text.h"
#include "data/dataset.h"

smac_status dataset_read_mmsa(const dataset_options *options, const reporter *r, dataset *d, smac_error *error);

/* A further item, zeroed, labels NAN; NULL when memory is short.  Valid until the next one is added. */
dataset_item *dataset_add_item(dataset *d);
arena *dataset_arena(const dataset *d);
/* A copy that lives as long as the dataset. */
const char *dataset_text(dataset *d, const char *text);
const char *dataset_id(dataset *d, const char *video_id, const char *clip_id);

/*
 * A row that cannot be used.  With skip_bad: counted, a warning, SMAC_OK; else error is filled and given back.
 */
smac_status dataset_bad_row(dataset *d, const dataset_options *options, const reporter *r, smac_error *error,
    const char *format, ...) __attribute__((format(printf, 5, 6)));

/*
 * The first of FOLDER/STEM.{mp4,mkv,...} that exists, living as long as the dataset, or NULL.
 */
const char *dataset_find_media(dataset *d, const char *folder, const char *stem);

#endif
