/* install/install_internal.h - shared by the files of this module. */
#ifndef SMAC_INSTALL_INSTALL_INTERNAL_H
#define SMAC_INSTALL_INSTALL_INTERNAL_H

#include "install/install.h"
#include "models/models_internal.h"

/* ARGUMENT for a bad name, MISMATCH for one that is installed. */
smac_status models_check_new(const char *name, smac_error *error);
/* IO, with both sizes, when the folder's file system has not so many bytes free. */
smac_status models_check_space(const char *folder, uint64_t bytes, smac_error *error);
/* A folder with everything in it; symbolic links are removed, not followed. */
smac_status models_remove_tree(const char *path, smac_error *error);
/* SHA-256 with progress reports under the name what. */
smac_status models_sha256(const char *path, const char *what, const reporter *r, char out[65], smac_error *error);
/* NAME.part, empty or as an interrupted run left it; free(). */
smac_status models_begin_part(const char *name, bool keep, char **out, smac_error *error);

#endif
