/*
 * encoders/weights_loading.h - published weights into an encoder's parameters.
 *
 * A tensor is looked for under these names in order: our prefix and the store's name (a model file of ours), the
 * published name, each of the family's prefixes ("bert.") and the published name; then the same with the old "gamma"
 * and "beta" for a norm's "weight" and "bias", and under its alias.  Shapes must match exactly, or loading is refused
 * with the tensor's name and both shapes; a tensor that is missing is refused by its name.
 *
 * Values are floating point (F64, F32, F16, BF16) or int8; other whole numbers are refused.  A tensor NAME of int8
 * needs a tensor NAME_scale beside it, one a row, or one a column where the tensor is turned (one an output channel in
 * both cases): value = int8 / scale (as in CTranslate2 files; models/convert.c writes them).
 */
#ifndef SMAC_ENCODERS_WEIGHTS_LOADING_H
#define SMAC_ENCODERS_WEIGHTS_LOADING_H

#include "encoders/parameter_list.h"
#include "weights/tensor_file.h"

typedef struct loading_report {
    int64_t loaded, borrowed; /* parameters copied, and those that point into the mapped file */
    int64_t packed;           /* those that parameter_list_pack took */
    int64_t unexpected;       /* tensors of the file that no parameter asked for (poolers, language-model heads) */
    char first_unexpected[160];
} loading_report;

/* What to do about a tensor that is missing or has another shape. */
#define WEIGHTS_OF_ONE_MODEL "weights and configuration are not of one model: download both again"

/* At the end of a reader of config.json: says behind the refusal what to do about it.  Returns status. */
smac_status encoder_configuration_advise(smac_error *error, smac_status status);

/*
 * Before sealing: frozen float32 parameters that lie in the file as they lie in the store point into it (the file must
 * stay open as long as the store).  Others are left for parameter_list_load.
 */
smac_status parameter_list_borrow(parameter_list *list, const tensor_file *file, smac_error *error);
/*
 * Before sealing: every frozen matrix is packed straight from the file for products at a precision, and has no float32
 * values of its own: the memory is that of the packed weights.  Call it before parameter_list_borrow.
 */
smac_status parameter_list_pack(parameter_list *list, const tensor_file *file, precision how, smac_error *error);
/* After sealing: everything neither packed nor borrowed is converted to float32 and copied.  report may be NULL. */
smac_status parameter_list_load(
    parameter_list *list, const tensor_file *file, loading_report *report, smac_error *error);
/*
 * The tensor of the file that belongs to an item, by the rules above.  *turn: it lies as (in, out) and must be
 * transposed on the way in.
 */
smac_status parameter_list_tensor(const parameter_list *list, const listed_parameter *item, const tensor_file *file,
    const tensor_entry **out, bool *turn, smac_error *error);
/* Elements [first, first + count) as float32; int8 with its scales, whose number was checked by the function above. */
void parameter_tensor_read(
    const tensor_file *file, const tensor_entry *entry, bool turned, int64_t first, int64_t count, float *out);

#endif
