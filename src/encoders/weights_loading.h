/*
 * encoders/weights_loading.h - published weights into an encoder's parameters.
 *
 * A tensor is looked for under the names, in this order: our prefix and the store's name (a model file of ours), the
 * published name, the family's prefix and the published name ("bert." ...), each also with the old "gamma" and "beta"
 * for a norm's "weight" and "bias".  Shapes must match exactly, or loading is refused with the name and both shapes.
 */
#ifndef SMAC_ENCODERS_WEIGHTS_LOADING_H
#define SMAC_ENCODERS_WEIGHTS_LOADING_H

#include "encoders/parameter_list.h"

struct safetensors; /* weights/safetensors.h: one file, or several with an index */

typedef struct loading_report {
    int64_t loaded, borrowed;  /* parameters copied, and those that point into the mapped file */
    int64_t kept;              /* optional ones that the file does not have */
    int64_t unexpected;        /* tensors of the file that no parameter asked for (poolers, language-model heads) */
    char first_unexpected[160];
} loading_report;

/*
 * Before sealing: frozen float32 parameters that lie in the file as they lie in the store point into it (the file must
 * stay open as long as the store).  Others are left for parameter_list_load.
 */
smac_status parameter_list_borrow(parameter_list *list, const struct safetensors *file, smac_error *error);
/* After sealing: everything not borrowed is converted to float32 and copied.  report may be NULL. */
smac_status parameter_list_load(parameter_list *list, const struct safetensors *file, loading_report *report,
    smac_error *error);

#endif
