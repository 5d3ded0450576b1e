/* models/open.c - an encoder by the name of an installed model or by a path, ready to run. */
#include <stdlib.h>
#include <string.h>

#include "models/models_internal.h"

smac_status models_open(const char *name_or_path, char **path, encoder_files *out, smac_error *error)
{
    char *found;
    TRY(models_find(name_or_path, &found, error));
    smac_status status = encoder_files_open(found, out, error);
    if (status != SMAC_OK) {
        free(found);
        return status;
    }
    *path = found;
    return SMAC_OK;
}

static smac_status load_encoder(ready_encoder *r, const encoder_config *config, precision how, smac_error *error)
{
    r->store = parameter_store_new();
    if (!r->store)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for an encoder");
    TRY(encoder_new(r->store, "", config, 0, &r->encoder, error));
    TRY(encoder_attach(r->encoder, r->files.file, &how, error));
    TRY(parameter_store_seal(r->store, false, 0, error));
    return encoder_load(r->encoder, r->files.file, error);
}

smac_status models_open_encoder(const char *name_or_path, int m, precision how, ready_encoder *out, smac_error *error)
{
    ready_encoder r = {0};
    TRY(models_open(name_or_path, &r.path, &r.files, error));
    const encoder_config *config = m < 0 ? encoder_files_first(&r.files) : &r.files.of[m];
    smac_status status = config->kind
        ? load_encoder(&r, config, how, error)
        : FAIL(error, SMAC_ERROR_UNSUPPORTED, "%.500s has no encoder for %s, but one for %s: choose another model",
              r.path, modality_name(m),
              modality_name((int)encoder_config_describe(encoder_files_first(&r.files)).modality));
    if (status != SMAC_OK) {
        error_context(error, status, "%.500s", r.path);
        ready_encoder_close(&r);
        return status;
    }
    *out = r;
    return SMAC_OK;
}

void ready_encoder_close(ready_encoder *r)
{
    encoder_free(r->encoder);
    parameter_store_free(r->store);
    encoder_files_close(&r->files);
    free(r->path);
    memset(r, 0, sizeof *r);
}
