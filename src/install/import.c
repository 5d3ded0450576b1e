/* install/import.c - files on this machine into the models folder: copied or linked, checked, listed in a manifest. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/json.h"
#include "base/path.h"
#include "install/install_internal.h"

/* --- the manifest and the renaming -------------------------------------------------------------------------------- */

static smac_status add_file(
    json_t *files, const char *folder, const char *name, const json_t *sums, const reporter *r, smac_error *error)
{
    char digest[65], what[200];
    struct stat info;
    char *path = path_join(folder, name);
    if (!path)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a path");
    const char *known = json_string_value(json_object_get(sums, name));
    snprintf(what, sizeof what, "checking %.150s", name);
    smac_status status = SMAC_OK;
    if (known && strlen(known) == 64)
        snprintf(digest, sizeof digest, "%s", known);
    else
        status = models_sha256(path, what, r, digest, error);
    if (status == SMAC_OK && stat(path, &info) != 0)
        status = FAIL(error, SMAC_ERROR_IO, "cannot look at %s: %s", path, strerror(errno));
    if (status == SMAC_OK)
        json_object_set_new(files, name, json_pack("{s:s, s:I}", "sha256", digest, "bytes", (json_int_t)info.st_size));
    free(path);
    return status;
}

static smac_status write_manifest(const char *folder, json_t *manifest, smac_error *error)
{
    char *text = json_dump_text(manifest, JSON_INDENT(2)), *path = path_join(folder, MANIFEST_NAME);
    smac_status status = text && path ? file_write(path, text, strlen(text), error)
                                      : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a manifest");
    free(text);
    free(path);
    return status;
}

smac_status models_install_part(
    const char *name, const char *source, const char *licence, json_t *sums, const reporter *r, smac_error *error)
{
    model_summary summary;
    char *part = NULL, *folder = NULL, **names = NULL;
    size_t count = 0;
    TRY(models_check_new(name, error));
    json_t *files = json_object(), *manifest = NULL;
    smac_status status = models_place(name, ".part", &part, error);
    if (status == SMAC_OK)
        status = models_place(name, "", &folder, error);
    if (status == SMAC_OK)
        status = models_recognise(part, &summary, error);
    if (status == SMAC_OK)
        status = models_files(part, &names, &count, error);
    for (size_t i = 0; status == SMAC_OK && i < count; i++)
        status = add_file(files, part, names[i], sums, r, error);
    if (status == SMAC_OK) {
        manifest = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:O}", "name", name, "family", summary.family,
            "details", summary.details, "source", source ? source : "", "licence", licence ? licence : "not known",
            "weights", summary.weights, "parameters", (json_int_t)summary.parameters, "files", files);
        status = manifest
            ? write_manifest(part, manifest, error)
            : FAIL(error, SMAC_ERROR_ARGUMENT, "the source or licence of %s is not UTF-8: write it so", name);
    }
    if (status == SMAC_OK && rename(part, folder) != 0)
        status = FAIL(error, SMAC_ERROR_IO, "cannot put %s in place: %s", folder, strerror(errno));
    json_decref(manifest);
    json_decref(files);
    folder_list_free(names, count);
    free(folder);
    free(part);
    return status;
}

/* --- copying ------------------------------------------------------------------------------------------------------ */

typedef struct copying {
    file_writer w;
    const char *from, *what;
    const reporter *r;
    double done, total;
} copying;

static smac_status copy_piece(void *user, const void *data, size_t size, smac_error *error)
{
    copying *c = user;
    if (fwrite(data, 1, size, c->w.file) != size)
        return FAIL(error, SMAC_ERROR_IO, "cannot copy %s: %s; make room and try again", c->from, strerror(errno));
    c->done += (double)size;
    if (report_progress(c->r, c->what, c->done, c->total) != 0)
        return FAIL(error, SMAC_ERROR_INTERRUPTED, "stopped while copying %s", c->from);
    return SMAC_OK;
}

static smac_status copy_file(const char *from, const char *to, const char *what, const reporter *r, smac_error *error)
{
    struct stat info;
    copying c = {.from = from, .what = what, .r = r, .total = stat(from, &info) == 0 ? (double)info.st_size : 0};
    TRY(file_writer_begin(&c.w, to, error));
    smac_status status = file_read_parts(from, copy_piece, &c, error);
    if (status == SMAC_OK)
        return file_writer_commit(&c.w, error);
    file_writer_abandon(&c.w);
    return status;
}

static smac_status import_file(
    const char *from, const char *folder, const char *name, bool link, const reporter *r, smac_error *error)
{
    char whole[PATH_MAX], what[200];
    char *to = path_join(folder, name);
    smac_status status = SMAC_OK;
    snprintf(what, sizeof what, "copying %.150s", name);
    if (!to)
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for a path");
    else if (!link)
        status = copy_file(from, to, what, r, error);
    else if (!realpath(from, whole) || symlink(whole, to) != 0)
        status = FAIL(error, SMAC_ERROR_IO, "cannot link %s to %s: %s", to, from, strerror(errno));
    free(to);
    return status;
}

static bool ends_with(const char *name, const char *ending)
{
    size_t length = strlen(name), want = strlen(ending);
    return length > want && strcmp(name + length - want, ending) == 0;
}

/* Files of a published folder that a model is made of: its weights once, configuration and tokenizer, not other kinds.
 */
static bool is_model_file(const char *name, bool safetensors)
{
    static const char *const endings[] = {".json", ".txt", ".model", ".safetensors", ".bin", ".pth", ".md"};
    static const char *const others[] = {"desktop.ini", "data_config.json", "train_script.py"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(name, others[i]) == 0)
            return false;
    if (safetensors && (ends_with(name, ".bin") || ends_with(name, ".bin.index.json")))
        return false;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_with(name, endings[i]))
            return true;
    return strstr(name, "LICENSE") || strstr(name, "LICENCE");
}

static smac_status import_folder(const char *path, const char *part, bool link, const reporter *r, smac_error *error)
{
    char **names = NULL;
    size_t count = 0;
    bool safetensors = false;
    uint64_t bytes = 0;
    TRY(models_files(path, &names, &count, error));
    smac_status status = SMAC_OK;
    for (size_t i = 0; i < count; i++)
        safetensors |= ends_with(names[i], ".safetensors");
    for (int pass = 0; pass < 2 && status == SMAC_OK; pass++) {
        for (size_t i = 0; i < count && status == SMAC_OK; i++) {
            struct stat info;
            char *from = is_model_file(names[i], safetensors) ? path_join(path, names[i]) : NULL;
            if (from && pass == 0 && stat(from, &info) == 0)
                bytes += (uint64_t)info.st_size;
            else if (from && pass == 1)
                status = import_file(from, part, names[i], link, r, error);
            free(from);
        }
        if (pass == 0 && !link)
            status = models_check_space(part, bytes, error);
    }
    folder_list_free(names, count);
    return status;
}

/* The last part of a path without its ending, as a name; the folder "." has none. */
static smac_status name_of_path(const char *path, char out[MODEL_NAME_MAX + 1], smac_error *error)
{
    char whole[PATH_MAX];
    if (!realpath(path, whole))
        return FAIL(error, SMAC_ERROR_NOT_FOUND,
            "there is nothing at %.500s, expected a model's folder or weights file: check the name", path);
    const char *base = path_base(whole);
    size_t length = strlen(base);
    if (!file_is_folder(whole) && strrchr(base, '.'))
        length = (size_t)(strrchr(base, '.') - base);
    snprintf(out, MODEL_NAME_MAX + 1, "%.*s", (int)(length < MODEL_NAME_MAX ? length : MODEL_NAME_MAX), base);
    if (strcmp(out, "imagebind_huge") == 0)
        snprintf(out, MODEL_NAME_MAX + 1, "imagebind-huge");
    return SMAC_OK;
}

smac_status models_import(
    const char *path, const char *name, bool link, const reporter *r, char **installed, smac_error *error)
{
    char own[MODEL_NAME_MAX + 1], *part;
    model_summary summary;
    if (!name) {
        TRY(name_of_path(path, own, error));
        name = own;
    }
    name = models_own_name(name);
    TRY(models_check_new(name, error));
    TRY(models_recognise(path, &summary, error));
    TRY(models_begin_part(name, false, &part, error));
    struct stat info;
    const known_model *known = known_models_find(name);
    bool same_family = known && strcmp(known->family, summary.family) == 0;
    smac_status status = SMAC_OK;
    if (file_is_folder(path)) {
        status = import_folder(path, part, link, r, error);
    } else {
        if (!link && stat(path, &info) == 0)
            status = models_check_space(part, (uint64_t)info.st_size, error);
        if (status == SMAC_OK)
            status = import_file(path, part, path_base(path), link, r, error);
    }
    char source[PATH_MAX + 16];
    if (status == SMAC_OK) {
        char whole[PATH_MAX];
        snprintf(source, sizeof source, "imported from %s", realpath(path, whole) ? whole : path);
        const char *licence = same_family              ? known->licence
            : strcmp(summary.family, "imagebind") == 0 ? known_models_find("imagebind-huge")->licence
                                                       : NULL;
        status = models_install_part(name, source, licence, NULL, r, error);
    }
    if (status != SMAC_OK)
        models_remove_tree(part, NULL);
    else if (installed && !(*installed = memory_copy_text(name)))
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for a name");
    free(part);
    return status;
}
