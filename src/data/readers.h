/*
 * data/readers.h - what a reader of one layout needs: items and targets added to a dataset whose texts and numbers live
 * in its arena, labels out of cells, the search for a clip's media file, and bad rows handled in one way.  Add a layout:
 * write data/NAME.c, declare its reader here, give it a line in the table of dataset.c.
 *
 * A reader fills a dataset of one source, dataset.sources[0].
 */
#ifndef SMAC_DATA_READERS_H
#define SMAC_DATA_READERS_H

#include "base/memory.h"
#include "base/text.h"
#include "data/dataset.h"

smac_status dataset_read_mmsa(const dataset_options *options, const reporter *r, dataset *d, smac_error *error);
smac_status dataset_read_csd(const dataset_options *options, const reporter *r, dataset *d, smac_error *error);
smac_status dataset_read_meld(const dataset_options *options, const reporter *r, dataset *d, smac_error *error);
smac_status dataset_read_iemocap(const dataset_options *options, const reporter *r, dataset *d, smac_error *error);
smac_status dataset_read_urfunny(const dataset_options *options, const reporter *r, dataset *d, smac_error *error);
smac_status dataset_read_mustard(const dataset_options *options, const reporter *r, dataset *d, smac_error *error);
smac_status dataset_read_cremad(const dataset_options *options, const reporter *r, dataset *d, smac_error *error);
smac_status dataset_read_ravdess(const dataset_options *options, const reporter *r, dataset *d, smac_error *error);
smac_status dataset_read_emodb(const dataset_options *options, const reporter *r, dataset *d, smac_error *error);
smac_status dataset_read_faces(const dataset_options *options, const reporter *r, dataset *d, smac_error *error);
smac_status dataset_read_table(const dataset_options *options, const reporter *r, dataset *d, smac_error *error);
smac_status dataset_read_folder(const dataset_options *options, const reporter *r, dataset *d, smac_error *error);
smac_status dataset_read_manifest(const dataset_options *options, const reporter *r, dataset *d, smac_error *error);
smac_status dataset_read_goemotions(const dataset_options *options, const reporter *r, dataset *d, smac_error *error);

/* --- the whole ---------------------------------------------------------------------------------------------------- */

dataset *dataset_new(void); /* empty; NULL when memory is short */
/* part lives as long as d, and is freed with it.  False when memory is short: part is still the caller's. */
bool dataset_keep(dataset *d, dataset *part);

/* --- items and targets -------------------------------------------------------------------------------------------- */

/* A further item, zeroed, without labels; NULL when memory is short.  Valid until the next one is added. */
dataset_item *dataset_add_item(dataset *d);
arena *dataset_arena(const dataset *d);
/* A copy that lives as long as the dataset; NULL when memory is short. */
const char *dataset_text(dataset *d, const char *text);
const char *dataset_id(dataset *d, const char *video_id, const char *clip_id);
/* A further task of dataset and source.  Add all of them before the first target.  Errors: too many, the same twice. */
smac_status dataset_add_task(dataset *d, const task_description *task, smac_error *error);
/* Label the item: values (task_targets) are copied.  kind is one of TRUTH_*.  False when memory is short. */
bool dataset_set_label(dataset *d, dataset_item *item, int task, int kind, const float *values);

/*
 * Whether one of options->wanted is the task name of this source ("emotion", or "emotion_SOURCE"); always true where
 * nothing is wanted in particular.
 */
bool dataset_task_wanted(const dataset_options *options, const dataset *d, const char *name);
/* That task; NULL when there is none. */
const task_description *dataset_wanted_task(const dataset_options *options, const dataset *d, const char *name);

/*
 * A row that cannot be used.  With skip_bad: counted, a warning, SMAC_OK; else error is filled and given back.
 */
smac_status dataset_bad_row(dataset *d, const dataset_options *options, const reporter *r, smac_error *error,
    const char *format, ...) __attribute__((format(printf, 5, 6)));
/* The same for a clip whose media file is not there, or cannot be used. */
smac_status dataset_bad_media(dataset *d, const dataset_options *options, const reporter *r, smac_error *error,
    const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Remember what was left out or replaced, for `data check`.  False when memory is short. */
bool dataset_note_loss(dataset *d, dataset_loss_kind kind, const char *message);

/*
 * The first of FOLDER/STEM.{mp4,mkv,...} that exists, with the ending in any case, living as long as the dataset, or
 * NULL.
 */
const char *dataset_find_media(dataset *d, const char *folder, const char *stem);

/* --- labels out of cells ------------------------------------------------------------------------------------------ */

enum { LABEL_WHY = 200 };

/* An empty cell, or what programs write for "nothing": nan, NA, N/A, null, None, ... (as pandas reads it). */
bool label_is_missing(const char *cell);

/*
 * The classes that cells name (missing ones are left out), as a task: numbers first in their order, then names in the
 * order of their bytes.  Spaces around a name do not count, and names that differ in case alone are one class (the
 * spelling that is used most), with a warning that names them.  where: of the cells, for messages.
 */
typedef struct label_cells {
    const char *const *cells;
    size_t count;
    const char *where;
} label_cells;
smac_status label_classes(
    const label_cells *cells, const char *task, const reporter *r, task_description *out, smac_error *error);

/* The index of a class by its name, spaces and case aside (an exact match wins); -1 when there is none. */
int label_class_index(const task_description *task, const char *name);

/*
 * A cell as the task's numbers: a score within the task's range, or a class.  False: why says what is wrong with it.
 */
bool label_parse(const task_description *task, const char *cell, float *values, char why[LABEL_WHY]);

/* The next name of a list "sentiment, emotion", from *at on: false at its end; *at moves on. */
bool label_next_name(const char **at, char name[TASK_NAME_MAX]);

#endif
