/* data/renumbering.h - labels and sources of a set moved to the numbers of other tasks; for joining and adopting. */
#ifndef SMAC_DATA_RENUMBERING_H
#define SMAC_DATA_RENUMBERING_H

#include "data/readers.h"

/* What each task of a set becomes: -1 for none; and what each of its classes becomes. */
typedef struct renumbering {
    int task[DATASET_TASKS_MAX];
    int classes[DATASET_TASKS_MAX][TASK_CLASSES_MAX];
} renumbering;

/* The index in `whole` of each class of `part`; false when one is not there.  Scores: whether the range is the same. */
bool task_map_classes(const task_description *whole, const task_description *part, int map[TASK_CLASSES_MAX]);

/* The item's targets by the new numbers; d: the set that it is of, with its own tasks; false when memory is short. */
bool renumber_item(dataset *d, dataset_item *item, const task_description *tasks, const renumbering *r);
void renumber_source(dataset_source *source, const renumbering *r);

#endif
