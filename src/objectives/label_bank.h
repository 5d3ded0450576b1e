/*
 * objectives/label_bank.h - the vectors of every training sample as its last training step gave them, detached: p_u of
 * each modality, r, and f.  One bank serves the label generation of all tasks (label_generation.h).
 */
#ifndef SMAC_OBJECTIVES_LABEL_BANK_H
#define SMAC_OBJECTIVES_LABEL_BANK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/modality.h"

enum {
    LABEL_BANK_FUSED = MODALITIES_AND_SHARED, /* the fused vectors f: Self-MM's rule alone needs them */
    LABEL_BANKS
};

typedef enum label_rule {
    LABEL_RULE_FIXED,      /* labels never change: the multimodal truth, or what label_generation_set put there */
    LABEL_RULE_NEIGHBOURS, /* the rule of section 5 */
    LABEL_RULE_HELD_OUT,   /* the same with a held-out ridge prediction from the bank in the neighbours' place */
    LABEL_RULE_SELF_MM     /* relative distance to class centres (Yu and others 2021); regression alone */
} label_rule;

typedef struct label_bank label_bank;

/* A bank of samples vectors of width values for each kind that the rule needs.  Free with label_bank_free. */
smac_status label_bank_new(label_rule rule, int64_t samples, int64_t width, label_bank **out, smac_error *error);
void label_bank_free(label_bank *bank);

/*
 * Write the vectors of count training samples after their step: kind is a modality, MODALITY_SHARED or
 * LABEL_BANK_FUSED, samples (count) their indices, vectors (count, width), present (count) or NULL: 0 leaves that row out
 * (its modality is missing, or was dropped in this step).  Non-finite vectors are refused, and then nothing is written.
 */
smac_status label_bank_write(label_bank *bank, int kind, const int64_t *samples, int64_t count, const float *vectors,
    const uint8_t *present, smac_error *error);

/*
 * A named array of the state, for checkpoints: write it to a file; to resume, make the same objects again and copy the
 * arrays back into the same places.
 */
typedef struct label_array {
    char name[40];
    void *data;
    bool bytes; /* uint8_t; else float */
    int64_t rows, columns;
} label_array;
int label_bank_array_count(const label_bank *bank);
label_array label_bank_array_at(const label_bank *bank, int index); /* "bank.text", "written.text", ... */

#endif
