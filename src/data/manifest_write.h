/* data/manifest_write.h - a dataset in the neutral form that data/manifest.c reads: `semanticmac data manifest`. */
#ifndef SMAC_DATA_MANIFEST_WRITE_H
#define SMAC_DATA_MANIFEST_WRITE_H

#include "data/dataset.h"

/*
 * Write a dataset of one source to path (.jsonl): reading it again gives the same clips and labels, to the bit.  Media are
 * named relative to the manifest's folder when they are in it, else by their absolute path.  Ready vectors go into
 * "PATH without .jsonl".features.safetensors beside it, which is written first.  Errors: ARGUMENT (several sources), FORMAT
 * (a clip's vectors are not finite), IO, MEMORY.  Nothing half-written is left.
 */
smac_status manifest_write(const dataset *d, const char *path, smac_error *error);

#endif
