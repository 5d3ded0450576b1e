/* install/folder_changes.c - what changes the models folder: a new model's temporary folder, verifying, removing. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/path.h"
#include "base/sha256.h"
#include "install/install_internal.h"

/* --- before a model is installed ---------------------------------------------------------------------------------- */

smac_status models_check_new(const char *name, smac_error *error)
{
    if (!models_name_is_valid(name))
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "\"%.200s\" is not valid as a model's name: expected up to %d letters, digits, '.', '_' and '-', not starting "
            "with '.' or '-'",
            name, MODEL_NAME_MAX);
    char *folder;
    TRY(models_place(name, "", &folder, error));
    bool there = file_exists(folder) || file_is_folder(folder);
    smac_status status = there ? FAIL(error, SMAC_ERROR_MISMATCH,
                                     "%s is installed already (%.500s); `semanticmac models remove "
                                     "%s` removes it first",
                                     name, folder, name)
                               : SMAC_OK;
    free(folder);
    return status;
}

smac_status models_check_space(const char *folder, uint64_t bytes, smac_error *error)
{
    struct statvfs info;
    if (statvfs(folder, &info) != 0)
        return SMAC_OK; /* not known: writing will tell */
    uint64_t room = (uint64_t)info.f_bavail * info.f_frsize;
    if (bytes <= room)
        return SMAC_OK;
    return FAIL(error, SMAC_ERROR_IO,
        "%.1f MB are needed in %.500s, but only %.1f MB are free there; make room, or set SEMANTICMAC_MODELS to "
        "another folder",
        (double)bytes / 1e6, folder, (double)room / 1e6);
}

smac_status models_begin_part(const char *name, bool keep, char **out, smac_error *error)
{
    char *folder;
    TRY(models_check_new(name, error));
    TRY(models_place(name, ".part", &folder, error));
    smac_status status = SMAC_OK;
    if (!keep && file_is_folder(folder))
        status = models_remove_tree(folder, error);
    if (status == SMAC_OK)
        status = folder_make(folder, error);
    if (status != SMAC_OK)
        free(folder);
    else
        *out = folder;
    return status;
}

/* --- verify, remove ----------------------------------------------------------------------------------------------- */

typedef struct hashing {
    sha256_state *hash;
    const char *path, *what;
    const reporter *r;
    double done, total;
} hashing;

static smac_status hash_piece(void *user, const void *data, size_t size, smac_error *error)
{
    hashing *h = user;
    sha256_add(h->hash, data, size);
    h->done += (double)size;
    if (report_progress(h->r, h->what, h->done, h->total) != 0)
        return FAIL(error, SMAC_ERROR_INTERRUPTED, "stopped while checking %s", h->path);
    return SMAC_OK;
}

smac_status models_sha256(const char *path, const char *what, const reporter *r, char out[65], smac_error *error)
{
    struct stat info;
    hashing h = {sha256_new(), path, what, r, 0, stat(path, &info) == 0 ? (double)info.st_size : 0};
    if (!h.hash)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a SHA-256");
    smac_status status = file_read_parts(path, hash_piece, &h, error);
    sha256_finish_free(h.hash, out);
    return status;
}

static smac_status verify_file(
    const char *model, const char *folder, const char *name, const json_t *wanted, const reporter *r, smac_error *error)
{
    char digest[65], what[200];
    const char *expected = json_string_value(json_object_get(wanted, "sha256"));
    json_int_t bytes = json_integer_value(json_object_get(wanted, "bytes"));
    struct stat info;
    if (strchr(name, '/') || !expected || strlen(expected) != 64)
        return FAIL(error, SMAC_ERROR_FORMAT,
            "the manifest of %s has a bad entry for \"%.200s\"; fetch or import it again", model, name);
    char *path = path_join(folder, name);
    if (!path)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a path");
    smac_status status;
    snprintf(what, sizeof what, "%.90s/%.90s", model, name);
    if (stat(path, &info) != 0)
        status = FAIL(error, SMAC_ERROR_NOT_FOUND, "%s lacks its file %s; fetch or import it again", model, name);
    else if (info.st_size != bytes)
        status = FAIL(error, SMAC_ERROR_MISMATCH,
            "%s of %s has %lld bytes, its manifest says %lld; fetch or import it again", name, model,
            (long long)info.st_size, (long long)bytes);
    else if ((status = models_sha256(path, what, r, digest, error)) == SMAC_OK && strcmp(digest, expected) != 0)
        status = FAIL(error, SMAC_ERROR_MISMATCH,
            "%s of %s has SHA-256 %s, its manifest says %s; fetch or import it again", name, model, digest, expected);
    free(path);
    return status;
}

smac_status models_verify(const char *name, const reporter *r, smac_error *error)
{
    json_t *manifest, *entry;
    TRY(models_manifest(name, &manifest, error));
    const char *own = models_is_installed(name) ? name : models_own_name(name), *file;
    char *folder;
    smac_status status = models_place(own, "", &folder, error);
    if (status == SMAC_OK) {
        json_object_foreach(json_object_get(manifest, "files"), file, entry)
        {
            status = verify_file(own, folder, file, entry, r, error);
            if (status != SMAC_OK)
                break;
        }
        free(folder);
    }
    json_decref(manifest);
    return status;
}

smac_status models_remove_tree(const char *path, smac_error *error)
{
    smac_status status = SMAC_OK;
    DIR *open = opendir(path);
    for (struct dirent *e; open && status == SMAC_OK && (e = readdir(open));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        struct stat info;
        char *inner = path_join(path, e->d_name);
        if (!inner)
            status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for a path");
        else if (lstat(inner, &info) == 0 && S_ISDIR(info.st_mode))
            status = models_remove_tree(inner, error);
        else if (unlink(inner) != 0)
            status = FAIL(error, SMAC_ERROR_IO, "cannot remove %s: %s", inner, strerror(errno));
        free(inner);
    }
    if (open)
        closedir(open);
    if (status == SMAC_OK && rmdir(path) != 0)
        status = FAIL(error, SMAC_ERROR_IO, "cannot remove %s: %s", path, strerror(errno));
    return status;
}

smac_status models_remove(const char *name, smac_error *error)
{
    const char *own = models_is_installed(name) ? name : models_own_name(name);
    if (!models_is_installed(own))
        return known_models_find(name)
            ? FAIL(error, SMAC_ERROR_NOT_FOUND, "%s is not installed, `semanticmac models list` shows what is", own)
            : models_unknown(name, error);
    char *folder, *going = NULL;
    TRY(models_place(own, "", &folder, error));
    smac_status status = models_place(own, ".part", &going, error);
    /* Out of sight first, so that half a model is never found. */
    if (status == SMAC_OK && file_is_folder(going))
        status = models_remove_tree(going, error);
    if (status == SMAC_OK && rename(folder, going) != 0)
        status = FAIL(error, SMAC_ERROR_IO, "cannot remove %.500s: %s", folder, strerror(errno));
    if (status == SMAC_OK)
        status = models_remove_tree(going, error);
    free(going);
    free(folder);
    return status;
}
