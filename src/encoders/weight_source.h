/*
 * encoders/weight_source.h - where the values of an encoder's parameter are in a file, and reading them as float32,
 * whatever form the file has.
 *
 * A tensor is looked for under these names in order: the store's own name (a model file of ours); the published name;
 * each of the family's prefixes ("bert.") and the published name; another prefix, if the file has one before all names
 * ("module.", "0.auto_model.", "state_dict.bert."); then under its aliases in the same way.  For a norm's "weight" and
 * "bias" the old "gamma" and "beta" are taken too.  In a CTranslate2 file it is the name and the rows that the list
 * says.  Shapes must match exactly, or loading is refused with the tensor's name and both shapes.
 *
 * Values are floating point (F64, F32, F16, BF16) or int8; other integers are refused.  An int8 tensor NAME needs a
 * tensor NAME_scale, one value for each output channel (a row, or a column of a transposed one): value = int8 / scale.
 */
#ifndef SMAC_ENCODERS_WEIGHT_SOURCE_H
#define SMAC_ENCODERS_WEIGHT_SOURCE_H

#include "encoders/parameter_list.h"
#include "weights/tensor_file.h"

/* What to do about a tensor that is missing or has another shape. */
#define WEIGHTS_OF_ONE_MODEL "weights and configuration are not of one model: download both again"

typedef struct weight_source {
    const tensor_entry *entry;
    const tensor_entry *scale; /* of int8 values, else NULL */
    int64_t first, count;      /* elements of the entry: all, or the rows of a matrix that holds several */
    int64_t row;               /* elements of a row; 0 for a single number */
    bool transposed;           /* it is (in, out) in the file and (out, in) in the store; its scales go by column */
} weight_source;

/* Errors: NOT_FOUND, MISMATCH, each with the tensor's name. */
smac_status weight_source_find(const parameter_list *list, const listed_parameter *item, const tensor_file *file,
    weight_source *out, smac_error *error);
/* The source of part number `part` of the `parts` that are in a tensor; checks its type and finds its scale. */
smac_status weight_source_of(
    const tensor_file *file, const tensor_entry *entry, int part, int parts, weight_source *out, smac_error *error);
/* Elements [first, first + count) of the source, as they are in the file. */
void weight_source_read(const weight_source *s, int64_t first, int64_t count, float *out);
/* A whole parameter (out, in), or any other shape, as it is in the store.  MEMORY. */
smac_status weight_source_load(const weight_source *s, float *out, smac_error *error);

#endif
