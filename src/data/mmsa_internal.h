/* data/mmsa_internal.h - what the files of MMSA's reader share. */
#ifndef SMAC_DATA_MMSA_INTERNAL_H
#define SMAC_DATA_MMSA_INTERNAL_H

#include "data/readers.h"

/* The older release of CH-SIMS under folder as the text of one label.csv.  Rows are joined by video_id and clip_id. */
smac_status mmsa_join_metadata(const char *folder, text_buffer *out, smac_error *error);

#endif
