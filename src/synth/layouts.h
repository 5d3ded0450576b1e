/*
 * synth/layouts.h - where a set's clips and tables go: the synthetic talkers in the layouts of published sets, and single
 * faults as such sets have them.
 */
#ifndef SMAC_SYNTH_LAYOUTS_H
#define SMAC_SYNTH_LAYOUTS_H

#include "synth/plan.h"

bool layout_is_known(const char *name);
const char *layout_names(void); /* "sims, meld, ..." for messages */
/* "missing,damaged" into bits of synth_fault; false: another name. */
bool layout_faults(const char *names, unsigned *out);
const char *layout_fault_names(void);

/* The index-th clip's file, relative to the set's folder, of a layout with media. */
void layout_path(const synth_plan *plan, int64_t index, char *out, size_t size);
bool layout_has_media(const synth_plan *plan); /* else nothing is rendered: its vectors are the set */
/* Whether the clip's file is left out, as a fault. */
bool layout_is_missing(const synth_plan *plan, int64_t index);
/* The tables, labels and pickles; and the clip that is to be damaged is. */
smac_status layout_write(const synth_plan *plan, const char *folder, smac_error *error);

#endif
