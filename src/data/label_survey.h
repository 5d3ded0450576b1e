/*
 * data/label_survey.h - which task the labels of a column or of a manifest's member are: classes or scores, and in what
 * range, found out from all of its values.
 */
#ifndef SMAC_DATA_LABEL_SURVEY_H
#define SMAC_DATA_LABEL_SURVEY_H

#include "data/readers.h"

typedef struct label_survey {
    const char **names; /* texts, borrowed, and numbers as texts */
    size_t count, capacity;
    size_t numbers, wholes;
    double low, high; /* of the numbers */
    bool failed;      /* memory ran out */
} label_survey;

/* One label; a missing one is not counted. */
void label_survey_add(label_survey *s, const char *text);
void label_survey_free(label_survey *s);

/* What the user said of it: nothing, classes, or scores. */
typedef enum label_kind { LABEL_KIND_ANY, LABEL_KIND_CLASSES, LABEL_KIND_SCORES } label_kind;

/*
 * The task: scores where all values are numbers, in the range from the lowest rounded down to the highest rounded up;
 * classes where one is not, or where there are two whole numbers alone (0 and 1).  where: of the labels, for messages.
 */
smac_status label_survey_task(const label_survey *s, const char *name, label_kind kind, const char *where,
    const reporter *r, task_description *out, smac_error *error);

#endif
