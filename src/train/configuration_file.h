/*
 * train/configuration_file.h - a YAML file into the configuration: nested maps, or keys with dots; "preset: NAME"; lists
 * ("data") of maps.  Unknown keys, values out of range, other lists and anchors are errors that name the line.
 */
#ifndef SMAC_TRAIN_CONFIGURATION_FILE_H
#define SMAC_TRAIN_CONFIGURATION_FILE_H

#include "train/run_configuration.h"

/* Sets what the file names; the rest stays.  On failure c may be changed in part.  Ends without configuration_check. */
smac_status configuration_read_yaml(run_configuration *c, const char *path, smac_error *error);
smac_status configuration_parse_yaml(
    run_configuration *c, const char *text, size_t size, const char *name, smac_error *error);

#endif
