/*
 * data/check.h - what is in a dataset, before anybody trains on it: clips of each split against the official numbers,
 * labels, duplicates, speakers in several splits, lengths, and media that are missing, damaged, silent or black.
 */
#ifndef SMAC_DATA_CHECK_H
#define SMAC_DATA_CHECK_H

#include <jansson.h>

#include "base/text.h"
#include "data/dataset.h"

typedef struct check_options {
    bool media; /* open every media file and decode it (slow); else only look whether it is there */
} check_options;

/*
 * *out (json_decref):
 * {"sources": [{"name", "layout", "clips", "official"|null, "splits": {"train": {"clips", "official"|null, "with_media", "with_words", "context"}, ...},
 *   "tasks": {NAME: {"splits": {"train": {"labelled", "classes": {name: weight} | "min","mean","max","histogram": [..]},
 *             "own": {"text": n, "audio": n, "vision": n}}}}}],
 *  "problems": [{"kind", "count", "examples": [..]}], "media": {"seconds": {...}} | null}
 * Errors: INTERRUPTED, MEMORY.
 */
smac_status dataset_check(
    const dataset *d, const check_options *options, const reporter *r, json_t **out, smac_error *error);

/* The same for people. */
void dataset_check_render(const json_t *report, text_buffer *out);

#endif
