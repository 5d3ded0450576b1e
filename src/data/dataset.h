/*
 * data/dataset.h - labelled sets of clips, whatever the files they were read from look like: one reader a layout, all
 * reached through dataset_read.  A dataset holds descriptions (words, places of media, labels); data/cache.h makes tensors of
 * them.
 *
 * A dataset may hold clips of several sources that were read together.  Sources have their own tasks; tasks of the same
 * name and shape are one task of the dataset, so a clip has a target for some of the tasks only.
 */
#ifndef SMAC_DATA_DATASET_H
#define SMAC_DATA_DATASET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "model/semanticmac.h"
#include "model/task.h"
#include "pipeline/picture_crop.h"
#include "pipeline/sample.h"

typedef enum dataset_split { SPLIT_TRAIN, SPLIT_VALID, SPLIT_TEST, SPLIT_COUNT } dataset_split;

/* Whose judgement a label is: of the whole clip, or of one modality alone. */
enum { TRUTH_MULTIMODAL, TRUTH_TEXT, TRUTH_AUDIO, TRUTH_VISION, TRUTH_KINDS };

enum { DATASET_TASKS_MAX = SEMANTICMAC_TASKS_MAX, DATASET_SOURCES_MAX = 32 };

/* What a clip is labelled with for one task: (task_targets) numbers, a score or a weight for each class (sum 1). */
typedef struct dataset_target {
    int task;                         /* index into the dataset's tasks */
    const float *values[TRUTH_KINDS]; /* by TRUTH_*; NULL where there is no such label */
} dataset_target;

/* One clip.  All texts and numbers live as long as the dataset. */
typedef struct dataset_item {
    const char *id;                 /* unique within its source; MMSA's layout: video_id + "$_$" + clip_id */
    const char *video_id, *clip_id; /* what the clip was cut from; clip_id is "" where the layout has none */
    const char *speaker;            /* or NULL */
    const char *media;              /* path, or NULL: words alone (or ready features) */
    double start, end;              /* seconds of media; end 0: all of it */
    picture_half half;              /* of the pictures: the extra column "half", left or right */
    const char *text;               /* "" when there are none */
    const char *const *context;     /* what was said before, oldest first */
    int64_t context_count;
    const char *annotation;        /* or NULL */
    const dataset_target *targets; /* (target_count) at most one a task */
    int target_count;
    int source; /* index into the dataset's sources */
    dataset_split split;
    const char *const *extra; /* cells of the source's extra columns; "" where a row is short; NULL: none */
    int64_t line;             /* line in the file it was read from, from 1; 0 when there is no such thing */
    feature_sequence features[MODALITIES]; /* ready vectors, owned by the dataset; data NULL: none */
} dataset_item;

/* Something in the files that is not in the dataset as it was written there. */
typedef enum dataset_loss_kind { LOSS_ROW, LOSS_MEDIA, LOSS_VALUES, LOSS_KINDS } dataset_loss_kind;
typedef struct dataset_loss {
    dataset_loss_kind kind; /* a row left out; a clip whose media file is missing or unusable; values replaced */
    const char *message;
} dataset_loss;

/* One set as it was read. */
typedef struct dataset_source {
    char name[TASK_NAME_MAX];       /* unique among the sources */
    char layout[TASK_NAME_MAX];     /* "sims", "table", ... */
    char sha256[65];                /* of the label file */
    bool lowered;                   /* its words were lowered */
    char form[VECTOR_FORM_NAME];    /* name of the kind of its ready vectors; "": told by their width alone */
    double weight;                  /* of its clips in training, beside their number; 1 unless asked for */
    int64_t count;                  /* its clips */
    const char *const *extra_names; /* columns beyond the layout's own, in the file's order */
    int64_t extra_count;
    int task_count;
    int task[DATASET_TASKS_MAX];                     /* the dataset's task for each task of the source */
    char protocol[DATASET_TASKS_MAX][TASK_NAME_MAX]; /* and the metrics that go with it in this source */
    double range[DATASET_TASKS_MAX][2];              /* of scores: the layout's own, which metrics are given in */
    bool without[MODALITIES];                        /* these are not used */
} dataset_source;

typedef struct dataset {
    char layout[TASK_NAME_MAX]; /* of its sources, joined by "+" (cut where it is longer) */
    task_description tasks[DATASET_TASKS_MAX];
    int task_count;
    dataset_source *sources;
    int source_count;
    dataset_item *items;
    int64_t count;
    int64_t missing;            /* clips named in the files whose media is not there */
    int64_t skipped;            /* of these and other bad rows: how many were left out (skip_bad) */
    const dataset_loss *losses; /* (loss_count) what was left out or replaced, in the order of the files */
    int64_t loss_count;
    char sha256[65]; /* of the label file; of several: of their digests */
    void *memory;
} dataset;

typedef struct dataset_options {
    const char *path;     /* the dataset's folder, or its label file */
    const char *layout;   /* "sims", "simsv2", "mosi", "mosei", ...: dataset_layout_at lists them */
    const char *features; /* an MMSA pickle in place of media, or NULL */
    const char *form;     /* name of the kind of its ready vectors, or NULL */
    const char *task;     /* which of a layout's tasks ("" or NULL: its first), e.g. "emotion" or "sentiment,emotion" */
    const task_description
        *wanted; /* without task: those of these that the data have (what a model predicts); or NULL */
    int wanted_count;
    bool lower_case;          /* lower the words (MOSI's are upper case) */
    double range[2];          /* scores are mapped to it linearly from the layout's range; 0, 0: left alone */
    bool without[MODALITIES]; /* leave these out: words, sound, pictures, and vectors and labels of theirs */
    double weight;            /* of the source's clips in training; 0: 1 */
    bool skip_bad;     /* leave out bad rows and clips without media, with a warning each; else they are errors */
    bool keep_repeats; /* clips of the same id are no error: `data check` counts them */
} dataset_options;

/*
 * Read the whole set (all splits).  Errors: no such folder or label file, a missing column (named), a row with a bad
 * number or an unknown split (its line), no clips.  A clip whose media file is missing is an error that names it and
 * says how many are missing - but a set without any Raw folder is one of words alone.  A warning goes to the reporter
 * for each clip left out.  Free with dataset_free.
 */
smac_status dataset_read(const dataset_options *options, const reporter *r, dataset **out, smac_error *error);
void dataset_free(dataset *d);

/* Several sets as one dataset: dataset_read of each, then dataset_join. */
smac_status dataset_read_all(
    const dataset_options *options, int count, const reporter *r, dataset **out, smac_error *error);
/*
 * The parts' clips one after another; each part, of one source, becomes a source.  Tasks of the same name and shape
 * (range, or classes in any order) are one task; one of the same name and another shape is called "NAME_SOURCE".  The
 * parts belong to *out afterwards (they are NULL then); after an error they are still the caller's.
 */
smac_status dataset_join(dataset **parts, int count, dataset **out, smac_error *error);

/*
 * Label the dataset by a model's tasks in the place of its own: its tasks are then these, in this order, and a task of the
 * dataset is one of them when name and kind agree ("sentiment" also means the model's "sentiment_LAYOUT"; classes
 * may be fewer than the model's; scores of another range are mapped to the model's, with a note).  Tasks that the model lacks are left out, with a note.  SMAC_ERROR_MISMATCH: none
 * agrees, or a class is not one of the model's.
 */
smac_status dataset_adopt_tasks(
    dataset *d, const task_description *tasks, int task_count, const reporter *r, smac_error *error);

/* The layouts that dataset_read knows; NULL past the end. */
const char *dataset_layout_at(int index);

const char *dataset_split_name(dataset_split split); /* "train", "valid", "test" */
bool dataset_split_from_name(const char *name, dataset_split *out);
int64_t dataset_split_count(const dataset *d, dataset_split split);

/* The item's target of a task; NULL when it has none. */
const dataset_target *dataset_target_of(const dataset_item *item, int task);
/* A label as one number, by TRUTH_*: the score, or the index of the class with the largest weight; NAN without one. */
double dataset_label(const dataset *d, const dataset_item *item, int task, int kind);

/* values of from's range in to's. */
double label_to_range(double value, const double from[2], const double to[2]);

/* Index of an extra column of the item's source, or -1. */
int dataset_extra(const dataset *d, const dataset_item *item, const char *name);
/* The value of an extra column as a number; NAN when it is absent or not a number. */
double dataset_extra_number(const dataset *d, const dataset_item *item, const char *name);

/*
 * A mark of the clip's media file: its size, and its first, middle and last 4 KB, hashed.  Zeros without a file, or
 * where it cannot be read.
 */
enum { MEDIA_MARK = 8 };
void dataset_media_mark(const dataset_item *item, uint8_t out[MEDIA_MARK]);

/* For readers (one file each: data/mmsa.c, ...). */
typedef smac_status (*dataset_reader)(const dataset_options *options, const reporter *r, dataset *d, smac_error *error);

#endif
