/* apps/cli/analyze_files.h - the recordings that `analyze` was given, and their results. */
#ifndef SMAC_APPS_ANALYZE_FILES_H
#define SMAC_APPS_ANALYZE_FILES_H

#include "base/log.h"
#include "base/text.h"
#include "semanticmac/semanticmac.h"

typedef struct recordings {
    char **paths;
    size_t count, capacity;
    size_t at, analysed; /* the one at work; how many are done */
    smac_analysis **analyses;
    text_buffer failed; /* a line each */
    size_t failures;
    const char *into;        /* the folder for a file each, or NULL: one result for all, at the end */
    const char *transcripts; /* a folder with their transcripts, or NULL: those beside them */
    bool list;               /* several, or a folder, were named: JSON is a list, however many there are */
    bool quiet_words;        /* the words are given, or not wanted: no transcript is looked for */
    smac_format format;
    const reporter *report;
} recordings;

/* The files, and those in the folders.  Free with recordings_clear, also after an error. */
smac_status recordings_find(recordings *r, char *const *arguments, int count, smac_error *error);
void recordings_clear(recordings *r);

/* smac_analyze_options.progress; user is the recordings. */
int recordings_progress(void *user, const char *what, double done, double total);

/* Analyse all of them; results go into r->into, or are kept.  Returns an exit status. */
int recordings_analyze(recordings *r, const smac_model *model, const smac_analyze_options *options);
/* Write those that were kept as one result. */
smac_status recordings_write(const recordings *r, const char *output, smac_error *error);

#endif
