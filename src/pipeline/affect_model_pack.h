/*
 * pipeline/affect_model_pack.h - a model file made small for shipping: what training left as its encoder's own file has it
 * is left out (the file names the encoder and its SHA-256), the rest is stored in bf16 or int8.
 */
#ifndef SMAC_PIPELINE_AFFECT_MODEL_PACK_H
#define SMAC_PIPELINE_AFFECT_MODEL_PACK_H

#include "pipeline/affect_model.h"

typedef struct pack_options {
    precision encoders; /* of the encoders' matrices: PRECISION_F32, _BF16 or _INT8 (a scale for each row) */
    precision core;     /* of the other matrices: PRECISION_F32 or _BF16 */
    const char *name;   /* the model's new name, or NULL */
    const char *card;   /* JSON of the model card, or NULL: as the file has it */
} pack_options;

typedef struct pack_summary {
    int64_t tensors, left_out; /* written, and found in encoders' files */
    int64_t bytes;             /* of the values written */
} pack_summary;

/*
 * Reads the model file `from` and writes `to`, whole or not at all.  The encoders that it names must be there.  Vectors,
 * biases and norms stay float32.  Errors: those of affect_model_load; a card that is not a JSON object; int8 for the core.
 */
smac_status affect_model_pack(
    const char *from, const char *to, const pack_options *options, pack_summary *summary, smac_error *error);

#endif
