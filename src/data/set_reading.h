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
/* A column that a reader looks for, and where its place goes: -1 when it is missing. */
typedef struct set_column {
    const char *name;
    int *place;
    bool optional;
} set_column;
/* Places of columns; FORMAT, with the columns that there are, for one that is missing and not optional. */
smac_status set_find_columns(set_reading *g, const set_column *columns, size_t count);
/* A cell of a row; "" outside. */
const char *set_cell(const csv_row *row, int column);

/* The split that a cell names.  False: the row was handled as a bad one, *status says how. */
bool set_split(set_reading *g, const csv_row *row, int column, dataset_split *out, smac_status *status);

/* A task of the layout: scores from low to high, or (class_count > 0) classes. */
typedef struct set_task {
    const char *name, *protocol;
    int *number;     /* gets the dataset's number of the task, or -1 where it is not wanted */
    bool is_default; /* taken when the user names no task */
    double low, high;
    const char *const *classes;
    int class_count;
} set_task;
/* Adds the tasks that the user wants, or the default ones.  ARGUMENT, with the names: he named one that is none of these. */
smac_status set_add_tasks(set_reading *g, const set_task *tasks, size_t count);

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
/*
 * FOLDER/relative (an absolute path is taken as it is) when that file exists; else NULL and *status tells how the row was
 * handled (missing is counted).
 */
const char *set_media(set_reading *g, const char *relative, int64_t line, smac_status *status);
/* Label the item: task_targets values of one of TRUTH_*.  A task of number -1 is not wanted: nothing happens. */
smac_status set_label(set_reading *g, dataset_item *item, int task, int truth, const float *values);
/* The same with a class of weight 1, for the whole clip. */
smac_status set_class(set_reading *g, dataset_item *item, int task, int class);

/* Values of ready vectors that were not finite and count as 0: a warning that says how many, and where. */
smac_status set_note_replaced(set_reading *g, const char *where, int64_t count);

/* A split by a hash of the id: the same on every machine, about one in every `parts`. */
bool set_held_out(const char *id, unsigned parts, unsigned part);

#endif
