/*
 * objectives/objective_settings.h - the keys of the objectives: how labels are made, what the losses weigh, how the
 * contrasts compare.  The struct holds no pointers.
 */
#ifndef SMAC_OBJECTIVES_OBJECTIVE_SETTINGS_H
#define SMAC_OBJECTIVES_OBJECTIVE_SETTINGS_H

#include "base/settings.h"

typedef enum label_scheme { LABELS_GENERATED, LABELS_SELF_MM, LABELS_MULTIMODAL, LABELS_TRUE } label_scheme;
typedef enum label_predictor { PREDICTOR_NEIGHBOURS, PREDICTOR_HELD_OUT } label_predictor;
typedef enum label_similarity { SIMILARITY_COSINE, SIMILARITY_EUCLIDEAN } label_similarity;
typedef enum inter_kind { INTER_KERNEL, INTER_ROUNDED, INTER_RANK } inter_kind;

typedef struct labels_settings {
    label_scheme scheme;
    label_predictor predictor;
    label_similarity similarity;
    int64_t neighbours, start_epoch, folds;
    double neighbour_fraction, temperature, mix, mix_text, mix_audio, mix_vision, mix_shared, ridge;
    bool momentum, clipwise, reliability;
} labels_settings;

typedef struct loss_settings {
    double specific, shared, intra, inter;
    char class_weights[SETTINGS_TEXT_MAX], tasks[SETTINGS_TEXT_MAX];
} loss_settings;

typedef struct contrast_settings {
    double tau_intra, tau_inter, tau_rank, sigma_fraction;
    inter_kind inter;
    bool centre, cross_negatives;
} contrast_settings;

extern const settings_section labels_section, loss_section, contrast_section;

/* labels.mix_* of the target (0 text, 1 audio, 2 vision, 3 shared): its own, or labels.mix where that is -1. */
double labels_mix(const labels_settings *labels, int target);

/*
 * The next "name:weight" of loss.tasks, from *at on, which moves.  False at the end, or where the text is not that: then
 * why (else "") says what is wrong.
 */
enum { LOSS_NAME = 160 };
bool loss_next_task(const char **at, char name[LOSS_NAME], double *weight, char why[200]);
/* The next word of loss.class_weights: "true", "false" or a task; false at the end. */
bool loss_next_weighed(const char **at, char name[LOSS_NAME]);
bool loss_weighs_classes(const loss_settings *loss, const char *task);
double loss_task_weight(const loss_settings *loss, const char *task); /* 1 for a task that is not named */

#endif
