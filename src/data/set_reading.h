/*
 * data/set_reading.h - what the readers of published sets have in common: the set's table opened from a folder or named
 * itself, its columns found by name, tasks chosen by the user, clips added with copies of their texts.
 */
#ifndef SMAC_DATA_SET_READING_H
#define SMAC_DATA_SET_READING_H

#include "base/csv.h"
#include "data/readers.h"

typedef struct set_reading {
    const dataset_options *options;
    const reporter *report;
    dataset *d;
    smac_error *error;
    char *folder; /* the set's folder */
    char *path;   /* the table that is read, for messages */
    csv_table table;
} set_reading;

/*
 * Begin: options->path is the set's folder.  Or a table in it: then folder is the table's.  The table itself is read by
 * set_open_table.
 */
smac_status set_begin(set_reading *g, const dataset_options *options, const reporter *r, dataset *d, smac_error *error);
void set_end(set_reading *g);

/* FOLDER/name, or the table that the user named; NOT_FOUND names both the folder and the file that is expected. */
smac_status set_open_table(set_reading *g, const char *name);
/* The place of a column, or FORMAT with the columns that there are; optional: -1 when it is missing. */
smac_status set_column(set_reading *g, const char *name, bool optional, int *place);
/* A cell of a row; "" outside. */
const char *set_cell(const csv_row *row, int column);

/* Whether the user asked for this task of the layout; without a wish: whether it is in the layout's defaults. */
bool set_wants(const dataset_options *options, const char *task, bool by_default);
/* Every name that the user asked for is one of names (NULL at the end); else ARGUMENT with the names. */
smac_status set_check_tasks(const set_reading *g, const char *const *names);

/* A clip whose texts are copied; NULL members are left empty. */
typedef struct set_clip {
    const char *id, *video_id, *clip_id, *speaker, *media, *text;
    const char *const *context;
    int64_t context_count;
    dataset_split split;
    int64_t line;
    double start, end;
} set_clip;
/* *item NULL: memory is short (an error).  The item is valid until the next one is added. */
smac_status set_add_clip(set_reading *g, const set_clip *clip, dataset_item **item);
/* FOLDER/relative (an absolute path is taken as it is) when that file exists; else NULL and *status tells how the row was handled (missing is counted). */
const char *set_media(set_reading *g, const char *relative, int64_t line, smac_status *status);
/* Give the item a class (weight 1) of a task. */
bool set_class(set_reading *g, dataset_item *item, int task, int class);

/* A split by a hash of the id: the same on every machine, about one in every `parts`. */
bool set_held_out(const char *id, unsigned parts, unsigned part);

#endif
