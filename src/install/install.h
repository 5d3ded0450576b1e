/*
 * install/install.h - changing the models folder (models/models.h): fetch, import, convert, verify, remove.  Only the
 * program needs this; finding and recognising an installed model does not, so the shared library is built without it
 * (and without libcurl).
 */
#ifndef SMAC_INSTALL_INSTALL_H
#define SMAC_INSTALL_INSTALL_H

#include "models/models.h"

/*
 * A Hugging Face folder, a Whisper folder (either kind) or a weights file of ImageBind.  name NULL: the path's own.
 * link: symbolic links in place of copies.  installed (free(), may be NULL): the name it got.  Refused: a name that is
 * installed already, files that models_recognise refuses, no space (what is needed and what there is).
 */
smac_status models_import(
    const char *path, const char *name, bool link, const reporter *r, char **installed, smac_error *error);

/*
 * Download a model.  from NULL: the hub ($SEMANTICMAC_HUB, else the public one) for a known model; else the address
 * (http, https or file) of a folder with the model's files, for any name.  A manifest beside them (semanticmac.json)
 * gives the list of files and their SHA-256; without one the known model's list is taken, or what such folders hold.
 * The hub's SHA-256 of a large file is checked too.  What was interrupted goes on where it stopped (NAME.part).
 * Errors: IO without network or space, NOT_FOUND, MISMATCH for a wrong SHA-256 (that file is dropped), INTERRUPTED.
 */
smac_status models_fetch(const char *name, const char *from, const reporter *r, smac_error *error);

/*
 * Rewrite an installed model's or a path's weights as safetensors in bf16 or int8, as a new installed model (name NULL:
 * "OLD-bf16").  Only tensors that the encoder reads are kept.  bf16: everything but vectors (norms, biases).  int8: the
 * matrices of products, NAME int8 and NAME_scale float32 per output channel, value = int8 / scale; the rest as in bf16.
 */
smac_status models_convert(
    const char *name_or_path, precision to, const char *name, const reporter *r, char **installed, smac_error *error);

/*
 * For a folder whose files are in place (NAME.part in the models folder): recognises it, writes the manifest and
 * renames it to NAME.  sums (may be NULL): {file: sha256} already known.
 */
smac_status models_install_part(
    const char *name, const char *source, const char *licence, json_t *sums, const reporter *r, smac_error *error);

/* SHA-256 and size of each file against the manifest; MISMATCH names the first that differs, NOT_FOUND one missing. */
smac_status models_verify(const char *name, const reporter *r, smac_error *error);
/* NOT_FOUND, with near names, for one that is not installed. */
smac_status models_remove(const char *name, smac_error *error);

#endif
