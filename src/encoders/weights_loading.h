/* encoders/weights_loading.h - published weights into an encoder's parameters (found by encoders/weight_source.h). */
#ifndef SMAC_ENCODERS_WEIGHTS_LOADING_H
#define SMAC_ENCODERS_WEIGHTS_LOADING_H

#include "encoders/weight_source.h"

typedef struct loading_report {
    int64_t loaded;     /* parameters copied */
    int64_t packed;     /* those that parameter_list_pack took */
    int64_t unexpected; /* tensors of the file that no parameter asked for (poolers, language-model heads) */
    char first_unexpected[160];
} loading_report;

/* At the end of a reader of config.json: adds to the refusal what to do about it.  Returns status. */
smac_status encoder_configuration_advise(smac_error *error, smac_status status);

/*
 * Before sealing: every frozen matrix is packed straight from the file for products at a precision, and has no float32
 * values of its own: the memory is that of the packed weights.
 */
smac_status parameter_list_pack(parameter_list *list, const tensor_file *file, precision how, smac_error *error);
/* After sealing: everything that is not packed is converted to float32 and copied.  report may be NULL. */
smac_status parameter_list_load(
    parameter_list *list, const tensor_file *file, loading_report *report, smac_error *error);

#endif
