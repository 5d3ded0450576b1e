/* synth/layouts_internal.h - what the files of the layouts share: what a row holds, with the faults that were asked for. */
#ifndef SMAC_SYNTH_LAYOUTS_INTERNAL_H
#define SMAC_SYNTH_LAYOUTS_INTERNAL_H

#include "synth/plan.h"

bool layout_has_fault(const synth_plan *plan, unsigned fault);
/* Rows of the tables: the clips, and the last one again where that is the fault. */
int64_t layout_rows(const synth_plan *plan);
int64_t layout_clip_of_row(const synth_plan *plan, int64_t row);
const char *layout_text(const synth_plan *plan, int64_t index);
bool layout_has_unknown_label(const synth_plan *plan, int64_t index);
bool layout_is_damaged(const synth_plan *plan, int64_t index);
synth_split layout_split(const synth_plan *plan, int64_t index);
/* What the same speaker said before; NULL: nothing. */
const char *layout_said_before(const synth_plan *plan, int64_t index);
/* FOLDER/name, its folder made; text is emptied. */
smac_status layout_write_file(const char *folder, const char *name, text_buffer *text, smac_error *error);

/* Layouts that are not texts (synth/layouts_binary.c). */
smac_status layout_write_urfunny(const synth_plan *plan, const char *folder, smac_error *error);
smac_status layout_write_csd(const synth_plan *plan, const char *folder, smac_error *error);
smac_status layout_write_pickle(const synth_plan *plan, const char *folder, smac_error *error);

/* Layouts of a plain table (synth/layouts_sets.c). */
void layout_voice_path(const synth_plan *plan, int64_t index, char *out, size_t size);
void layout_face_path(const synth_plan *plan, int64_t index, char *out, size_t size);
smac_status layout_write_cremad(const synth_plan *plan, const char *folder, smac_error *error);
smac_status layout_write_ravdess(const synth_plan *plan, const char *folder, smac_error *error);
smac_status layout_write_emodb(const synth_plan *plan, const char *folder, smac_error *error);
smac_status layout_write_faces(const synth_plan *plan, const char *folder, smac_error *error);
smac_status layout_write_goemotions(const synth_plan *plan, const char *folder, smac_error *error);

#endif
