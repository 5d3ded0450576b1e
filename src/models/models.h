/*
 * models/models.h - pre-trained models by name: the folder that they are installed in, a table of those that are known,
 * finding and opening one.  Installing them: install/install.h.
 *
 * The folder is $SEMANTICMAC_MODELS, else $XDG_DATA_HOME/semanticmac/models, else ~/.local/share/semanticmac/models.  A
 * model is a folder NAME/ in it with its files as published and a manifest, semanticmac.json:
 *   {"name", "family", "source", "licence", "weights": file or "", "files": {name: {"sha256", "bytes"}}}
 * A folder is made beside, under NAME.part, and renamed when it is whole and its weights fit its configuration; so a
 * folder that is there is a model.
 */
#ifndef SMAC_MODELS_MODELS_H
#define SMAC_MODELS_MODELS_H

#include <jansson.h>

#include "base/log.h"
#include "encoders/encoder.h"

/* --- the folder --------------------------------------------------------------------------------------------------- */

/* free(); NOT_FOUND when neither of the three variables (with HOME) is set. */
smac_status models_folder(char **out, smac_error *error);

/* A name can be a folder's: letters, digits, . _ - and no dot in front; at most 100 bytes. */
bool models_name_is_valid(const char *name);

/*
 * Resolves what a user gives for an encoder: a path that is there is given back as it is; else a name is looked up
 * among the installed models (a known model's other names too).  *out (free()): the folder, or the weights file in it
 * for ImageBind.  NOT_FOUND: known, and how to fetch it; or unknown, and the nearest names.
 */
smac_status models_find(const char *name_or_path, char **out, smac_error *error);

/* models_find, then encoder_files_open (encoders/encoder.h).  *path (free()) is what models_find gave. */
smac_status models_open(const char *name_or_path, char **path, encoder_files *out, smac_error *error);

/* One encoder alone, frozen, ready for encoder_encode on a tape that does not record. */
typedef struct ready_encoder {
    char *path;
    encoder_files files; /* open as long as the encoder, which reads from it */
    parameter_store *store;
    encoder *encoder;
} ready_encoder;

/* m: the modality whose encoder is wanted of a file with several; -1: the first.  how: of its products. */
smac_status models_open_encoder(const char *name_or_path, int m, precision how, ready_encoder *out, smac_error *error);
void ready_encoder_close(ready_encoder *r);

/* --- what is known ------------------------------------------------------------------------------------------------ */

typedef struct known_model {
    const char *name;       /* "minilm-l6": the folder's name */
    const char *other_name; /* "all-MiniLM-L6-v2", or NULL */
    const char *family;     /* "bert", "whisper", "imagebind", ... */
    const char *source;     /* the name at the hub, or a whole address */
    /* separated by spaces; a|b: the first that is there; with ? at the end: may be missing */
    const char *files;
    int megabytes; /* what is downloaded, about */
    const char *licence;
    const char *purpose;
    bool packaged;      /* tools/fetch-packaged-models downloads it without the hub */
    const char *sha256; /* of the weights, NULL: not known here (the hub says it while fetching) */
} known_model;

size_t known_models_count(void);
const known_model *known_models_at(size_t index);
const known_model *known_models_find(const char *name); /* by either name, whatever the case; NULL */
/* Up to three known or installed names like this one, as "a, b or c"; "" when none is near. */
void models_nearest(const char *name, char *out, size_t size);

/* --- what is installed -------------------------------------------------------------------------------------------- */

/* The manifest of an installed model; new reference.  NOT_FOUND, FORMAT. */
smac_status models_manifest(const char *name, json_t **out, smac_error *error);
/* Names of the installed models, sorted; free with folder_list_free.  A folder that is not there gives none. */
smac_status models_installed(char ***names, size_t *count, smac_error *error);

typedef struct model_summary {
    char family[32];
    char details[200];  /* "12 layers, width 768, 30522 tokens", for people */
    char weights[128];  /* the weights' file name where the folder alone is not enough (ImageBind), else "" */
    int64_t parameters; /* values of the tensors that the encoder reads */
} model_summary;

/*
 * What a folder or file is, by its content, and whether its weights fit its configuration: every tensor is looked up
 * and its shape compared, the tokenizer is opened; values are not read.  Messages name the file.
 */
smac_status models_recognise(const char *path, model_summary *out, smac_error *error);

#endif
