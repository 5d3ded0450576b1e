/* apps/cli/demo.h - what the demo gathers, for demo.c (the work) and demo_report.c (tables and the page). */
#ifndef SMAC_APPS_DEMO_H
#define SMAC_APPS_DEMO_H

#include "cli.h"
#include "data/cache.h"
#include "semanticmac/semanticmac.h"
#include "train/evaluate.h"
#include "train/trainer.h"

enum { DEMO_VARIANTS = 3 };

typedef struct demo_variant {
    const char *name, *label;
    const char *settings[4];
} demo_variant;

typedef struct demo_run {
    train_result training;
    evaluation *all; /* test part, all modalities */
} demo_run;

typedef struct demo_state {
    const char *folder, *video;
    int64_t epochs;
    const text_list *sets;
    char *data_folder, *model_path;
    dataset *data;
    sample_cache *cache;
    demo_run runs[DEMO_VARIANTS];
    evaluation *alone[MODALITIES]; /* the whole method's model, given one modality alone */
    smac_analysis *analyses[3];
    size_t analysis_count;
    double seconds;
} demo_state;

/* Print the tables; write results.md, results.json and report.html in the demo's folder. */
smac_status demo_write(const demo_state *d, const demo_variant *variants, smac_error *error);

#endif
