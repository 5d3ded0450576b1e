/* data/check_media.h - between check.c and check_media.c. */
#ifndef SMAC_DATA_CHECK_MEDIA_H
#define SMAC_DATA_CHECK_MEDIA_H

#include <jansson.h>

#include "data/dataset.h"

/* Count a problem, with an example. */
void check_problem(json_t *problems, const char *kind, const char *example);

/*
 * Decode every clip's media once: problems (missing, damaged, silent, black, faceless where a detector is installed, shorter than its stretch), and
 * *out {"opened", "faces": whether they were looked for, "seconds": {"min", "median", "max", "sum"}}.
 */
smac_status check_media(const dataset *d, json_t *problems, const reporter *r, json_t **out, smac_error *error);

#endif
