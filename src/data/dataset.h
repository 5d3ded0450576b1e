/*
 * data/dataset.h - a labelled set of clips, whatever the files it was read from look like: one reader a layout, all
 * behind dataset_read.  A dataset holds descriptions (words, places of media, labels); tensors come from dataset_cache.
 */
#ifndef SMAC_DATA_DATASET_H
#define SMAC_DATA_DATASET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "model/task.h"
#include "pipeline/sample.h"

typedef enum dataset_split { SPLIT_TRAIN, SPLIT_VALID, SPLIT_TEST, SPLIT_COUNT } dataset_split;
enum { TRUTH_MULTIMODAL, TRUTH_TEXT, TRUTH_AUDIO, TRUTH_VISION, TRUTH_KINDS };

/* One clip.  All texts live as long as the dataset. */
typedef struct dataset_item {
    const char *id; /* video_id + "$_$" + clip_id, as MMSA writes it */
    const char *video_id, *clip_id;
    const char *media;          /* path, or NULL: words alone (or ready features) */
    double start, end;          /* seconds of media; end 0: all of it */
    const char *text;           /* "" when there are none */
    const char *const *context; /* what was said before, oldest first */
    int64_t context_count;
    const char *speaker;       /* or NULL */
    double label[TRUTH_KINDS]; /* multimodal, text, audio, vision; NAN where absent.  Classes: the class's index */
    const char *annotation;    /* or NULL */
    dataset_split split;
    const char *const *extra; /* cells of the columns named in dataset.extra_names; "" where a row is short */
    int64_t line;             /* where it stands in its file, from 1; 0 when there is no such thing */
    feature_sequence features[MODALITIES]; /* ready vectors, borrowed from the dataset; data NULL: none */
} dataset_item;

typedef struct dataset {
    char layout[TASK_NAME_MAX];
    task_description task;
    dataset_item *items;
    int64_t count;
    const char *const *extra_names; /* columns beyond the layout's own, in the file's order */
    int64_t extra_count;
    int64_t missing; /* clips named in the file whose media is not there */
    int64_t skipped; /* of these and other bad rows: how many were left out (skip_bad) */
    char sha256[65]; /* of the label file */
    void *memory;
} dataset;

typedef struct dataset_options {
    const char *path;     /* the dataset's folder, or its label file */
    const char *layout;   /* "sims", "simsv2", "mosi", "mosei", ...: dataset_layout_at lists them */
    const char *features; /* an MMSA pickle in place of media, or NULL */
    const char *task;     /* which of a layout's tasks ("" or NULL: its first), e.g. "emotion", "sentiment" */
    bool lower_case;      /* lower the words (MOSI's are upper case) */
    bool skip_bad;        /* leave out bad rows and clips without media, with a warning each; else they are errors */
} dataset_options;

/*
 * Read the whole set (all splits).  Errors: no such folder or label file, a missing column (named), a row with a bad
 * number or an unknown split (its line), no clips.  A clip whose media file is missing is an error that names it and
 * says how many are missing - but a set without any Raw folder is one of words alone.  A warning goes to the reporter
 * for each clip left out.  Free with dataset_free.
 */
smac_status dataset_read(const dataset_options *options, const reporter *r, dataset **out, smac_error *error);
void dataset_free(dataset *d);

/* The layouts that dataset_read knows; NULL past the end. */
const char *dataset_layout_at(int index);

const char *dataset_split_name(dataset_split split); /* "train", "valid", "test" */
bool dataset_split_from_name(const char *name, dataset_split *out);
int64_t dataset_split_count(const dataset *d, dataset_split split);
int dataset_extra(const dataset *d, const char *name); /* index of an extra column, or -1 */
/* The value of an extra column as a number; NAN when it is absent or no number. */
double dataset_extra_number(const dataset *d, const dataset_item *item, const char *name);

/* For readers (one file each: data/mmsa.c, ...). */
typedef smac_status (*dataset_reader)(const dataset_options *options, const reporter *r, dataset *d, smac_error *error);

#endif
