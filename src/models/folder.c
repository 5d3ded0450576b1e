/* models/folder.c - the models folder: where it is, what is installed in it, finding a model by name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/folder.h"
#include "base/path.h"
#include "models/models_internal.h"

/* --- places ------------------------------------------------------------------------------------------------------- */

smac_status models_folder(char **out, smac_error *error)
{
    const char *own = getenv("SEMANTICMAC_MODELS"), *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    text_buffer path = {0};
    if (own && *own) {
        text_add(&path, own);
    } else if (data && data[0] == '/') { /* the XDG specification: a relative one does not count */
        text_format(&path, "%s/semanticmac/models", data);
    } else if (home && *home) {
        text_format(&path, "%s/.local/share/semanticmac/models", home);
    } else {
        return FAIL(error, SMAC_ERROR_NOT_FOUND,
            "there is no place for models: neither SEMANTICMAC_MODELS nor XDG_DATA_HOME nor HOME is set; set "
            "SEMANTICMAC_MODELS to a folder");
    }
    while (!path.failed && path.length > 1 && path.data[path.length - 1] == '/')
        path.data[--path.length] = 0;
    if (path.failed) {
        text_free(&path);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a path");
    }
    *out = path.data;
    return SMAC_OK;
}

bool models_name_is_valid(const char *name)
{
    size_t length = strlen(name), ending = strlen(".part");
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    if (length == 0 || length > MODEL_NAME_MAX || name[0] == '.' || name[0] == '-' || strspn(name, allowed) != length)
        return false;
    return length <= ending || strcmp(name + length - ending, ".part") != 0;
}

smac_status models_place(const char *name, const char *ending, char **out, smac_error *error)
{
    char *folder, full[MODEL_NAME_MAX + 16];
    TRY(models_folder(&folder, error));
    snprintf(full, sizeof full, "%.*s%.10s", MODEL_NAME_MAX, name, ending);
    *out = path_join(folder, full);
    free(folder);
    return *out ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a path");
}

const char *models_own_name(const char *name)
{
    const known_model *known = known_models_find(name);
    return known ? known->name : name;
}

smac_status models_unknown(const char *name, smac_error *error)
{
    char near[400];
    models_nearest(name, near, sizeof near);
    if (*near)
        return FAIL(error, SMAC_ERROR_NOT_FOUND, "there is no model \"%.200s\"; did you mean %s?", name, near);
    return FAIL(error, SMAC_ERROR_NOT_FOUND,
        "there is no model \"%.200s\"; `semanticmac models list` shows the names that are known", name);
}

bool models_is_installed(const char *name)
{
    char *folder = NULL, *manifest = NULL;
    if (!models_name_is_valid(name) || models_place(name, "", &folder, NULL) != SMAC_OK)
        return false;
    manifest = path_join(folder, MANIFEST_NAME);
    bool there = manifest && file_exists(manifest);
    free(manifest);
    free(folder);
    return there;
}

/* --- lists of files ----------------------------------------------------------------------------------------------- */

static bool wanted_model(const char *folder, const char *name)
{
    (void)folder;
    return models_is_installed(name);
}

static bool wanted_file(const char *folder, const char *name)
{
    size_t length = strlen(name);
    if (strcmp(name, MANIFEST_NAME) == 0 || (length > 5 && strcmp(name + length - 5, ".part") == 0))
        return false;
    char *path = path_join(folder, name);
    struct stat info;
    bool plain = path && stat(path, &info) == 0 && S_ISREG(info.st_mode);
    free(path);
    return plain;
}

smac_status models_installed(char ***names, size_t *count, smac_error *error)
{
    char *folder;
    TRY(models_folder(&folder, error));
    smac_status status = folder_list(folder, wanted_model, names, count, error);
    free(folder);
    return status;
}

smac_status models_files(const char *folder, char ***names, size_t *count, smac_error *error)
{
    return folder_list(folder, wanted_file, names, count, error);
}

/* --- manifest, finding -------------------------------------------------------------------------------------------- */

smac_status models_manifest(const char *name, json_t **out, smac_error *error)
{
    const char *own = models_own_name(name);
    if (!models_is_installed(name) && !models_is_installed(own))
        return known_models_find(name)
            ? FAIL(error, SMAC_ERROR_NOT_FOUND, "%s is not installed; `semanticmac models fetch %s` downloads it", own,
                  own)
            : models_unknown(name, error);
    char *folder, *path;
    TRY(models_place(models_is_installed(name) ? name : own, "", &folder, error));
    path = path_join(folder, MANIFEST_NAME);
    json_error_t where = {0};
    json_t *root = path ? json_load_file(path, JSON_REJECT_DUPLICATES, &where) : NULL;
    smac_status status = SMAC_OK;
    if (!json_is_object(root) || !json_is_object(json_object_get(root, "files"))) {
        status = FAIL(error, SMAC_ERROR_FORMAT,
            "%.500s is not a manifest of a model: expected JSON with \"files\" %s; `semanticmac models remove` and fetch "
            "or import it again",
            path ? path : name, where.text);
        json_decref(root);
    } else {
        *out = root;
    }
    free(path);
    free(folder);
    return status;
}

smac_status models_find(const char *name_or_path, char **out, smac_error *error)
{
    if (file_exists(name_or_path) || file_is_folder(name_or_path)) {
        *out = memory_copy_text(name_or_path);
        return *out ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a path");
    }
    if (strchr(name_or_path, '/') && !known_models_find(name_or_path))
        return FAIL(error, SMAC_ERROR_NOT_FOUND,
            "there is nothing at %.500s; expected a model's folder, its weights file, or the name of an installed "
            "model",
            name_or_path);
    json_t *manifest;
    TRY(models_manifest(name_or_path, &manifest, error));
    const char *own = models_is_installed(name_or_path) ? name_or_path : models_own_name(name_or_path);
    const char *weights = json_string_value(json_object_get(manifest, "weights"));
    char *folder;
    smac_status status = models_place(own, "", &folder, error);
    if (status == SMAC_OK && weights && *weights && !strchr(weights, '/')) {
        *out = path_join(folder, weights);
        free(folder);
        if (!*out)
            status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for a path");
    } else if (status == SMAC_OK) {
        *out = folder;
    }
    json_decref(manifest);
    return status;
}
