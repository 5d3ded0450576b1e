/* install/fetch.c - which files of a model are downloaded from where, and installing them. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/path.h"
#include "install/download.h"
#include "install/install_internal.h"

#define PUBLIC_HUB "https://huggingface.co"
#define MAKERS_MANIFEST_LIMIT (1 << 20)

/* What a folder without a manifest may hold. */
#define ANY_FILES                                                                                                         \
    "config.json model.safetensors|model.safetensors.index.json|pytorch_model.bin|pytorch_model.bin.index.json|model.bin" \
    " tokenizer.json? vocab.txt? vocab.json? merges.txt? spiece.model? sentencepiece.bpe.model? spm.model?"               \
    " tokenizer.model?"                                                                                                   \
    " tokenizer_config.json? special_tokens_map.json? generation_config.json? preprocessor_config.json? vocabulary.txt?"

typedef struct fetching {
    const char *name;
    const known_model *known; /* NULL */
    const char *part;         /* folder */
    text_buffer base;         /* address that file names are appended to, with its slash */
    bool hub, own;            /* own: from the known model's own address */
    json_t *manifest;         /* of the address, or NULL */
    json_t *sums;             /* file -> sha256, as checked */
    const reporter *report;
} fetching;

/* What an interrupted run leaves in NAME.part beside the files, for the next one. */
#define SOURCE_NAME "source.part" /* the address that they come from */

/* A file that is whole already is not downloaded again: its SHA-256 is in FILE.sha256.part. */
static char *note_of(const fetching *f, const char *file)
{
    char note[300];
    snprintf(note, sizeof note, "%.250s.sha256.part", file);
    return path_join(f->part, note);
}

static bool is_whole(const fetching *f, const char *file, const char *expected)
{
    char *note = note_of(f, file), *path = path_join(f->part, file), *sum = NULL, digest[65];
    bool whole = note && path && file_exists(path) && file_read(note, 100, &sum, NULL, NULL) == SMAC_OK &&
        strlen(sum) == 64 && (!expected || strcasecmp(expected, sum) == 0) &&
        models_sha256(path, file, f->report, digest, NULL) == SMAC_OK && strcmp(digest, sum) == 0;
    if (whole)
        json_object_set_new(f->sums, file, json_string(sum));
    free(sum);
    free(note);
    free(path);
    return whole;
}

static smac_status fetch_file(fetching *f, const char *file, const char *expected, smac_error *error)
{
    char digest[65], what[200];
    if (is_whole(f, file, expected))
        return SMAC_OK;
    char *path = path_join(f->part, file), *note = note_of(f, file);
    text_buffer address = {0};
    text_add(&address, f->base.data);
    if (f->base.data[f->base.length - 1] == '/')
        text_add(&address, file);
    snprintf(what, sizeof what, "%.90s/%.90s", f->name, file);
    smac_status status = path && note && !address.failed
        ? download_file(address.data, path, what, expected, f->report, digest, error)
        : FAIL(error, SMAC_ERROR_MEMORY, "no memory for an address");
    if (status == SMAC_OK) {
        json_object_set_new(f->sums, file, json_string(digest));
        status = file_write(note, digest, 64, error);
    }
    text_free(&address);
    free(note);
    free(path);
    return status;
}

/* The shards that an index names. */
static smac_status fetch_shards(fetching *f, const char *index, smac_error *error)
{
    char *path = path_join(f->part, index);
    json_t *root = path ? json_load_file(path, 0, NULL) : NULL, *map = json_object_get(root, "weight_map"), *shard;
    json_t *seen = json_object();
    const char *tensor;
    smac_status status = json_is_object(map)
        ? SMAC_OK
        : FAIL(error, SMAC_ERROR_FORMAT, "%s of %s has no \"weight_map\"", index, f->name);
    json_object_foreach(map, tensor, shard)
    {
        const char *name = json_string_value(shard);
        if (status != SMAC_OK)
            break;
        if (!name || strchr(name, '/') || name[0] == '.')
            status =
                FAIL(error, SMAC_ERROR_FORMAT, "%s of %s names a shard that is not a plain file name", index, f->name);
        else if (!json_object_get(seen, name))
            status = fetch_file(f, name, NULL, error);
        if (name)
            json_object_set_new(seen, name, json_true());
    }
    json_decref(seen);
    json_decref(root);
    free(path);
    return status;
}

/* One word of a list of files: a|b|c, ? at the end for one that may be missing. */
static smac_status fetch_one_of(fetching *f, char *word, smac_error *error)
{
    size_t length = strlen(word);
    bool may_miss = length > 0 && word[length - 1] == '?';
    if (may_miss)
        word[length - 1] = 0;
    char *save = NULL;
    smac_status status = SMAC_OK;
    for (char *name = strtok_r(word, "|", &save); name; name = strtok_r(NULL, "|", &save)) {
        static const char *const endings[] = {".safetensors", ".bin", ".pth"};
        bool weights = false;
        for (int i = 0; i < 3; i++)
            weights |= strstr(name, endings[i]) && !strstr(name, ".json");
        const char *sum = weights && f->known && (f->hub || f->own) ? f->known->sha256 : NULL;
        status = fetch_file(f, name, sum, error);
        if (status == SMAC_OK && strstr(name, ".index.json"))
            return fetch_shards(f, name, error);
        if (status != SMAC_ERROR_NOT_FOUND)
            return status;
    }
    return may_miss ? SMAC_OK : status;
}

static smac_status fetch_manifest_files(fetching *f, smac_error *error)
{
    const char *name;
    json_t *entry;
    double bytes = 0;
    json_object_foreach(json_object_get(f->manifest, "files"), name, entry) bytes +=
        json_number_value(json_object_get(entry, "bytes"));
    if (bytes > 0 && bytes < 1e15)
        TRY(models_check_space(f->part, (uint64_t)bytes, error));
    json_object_foreach(json_object_get(f->manifest, "files"), name, entry)
    {
        const char *sum = json_string_value(json_object_get(entry, "sha256"));
        size_t length = strlen(name);
        if (strchr(name, '/') || name[0] == '.' || !sum || strlen(sum) != 64 || strcmp(name, MANIFEST_NAME) == 0 ||
            (length > 5 && strcmp(name + length - 5, ".part") == 0))
            return FAIL(
                error, SMAC_ERROR_FORMAT, "%s%s has a bad entry for \"%.100s\"", f->base.data, MANIFEST_NAME, name);
        TRY(fetch_file(f, name, sum, error));
    }
    return SMAC_OK;
}

/* A manifest at the address; a missing one is not an error. */
static smac_status look_for_manifest(fetching *f, smac_error *error)
{
    char *path = path_join(f->part, "manifest.part");
    text_buffer address = {0};
    text_format(&address, "%s" MANIFEST_NAME, f->base.data);
    smac_status status = path && !address.failed
        ? download_file(address.data, path, MANIFEST_NAME, NULL, NULL, NULL, error)
        : FAIL(error, SMAC_ERROR_MEMORY, "no memory for an address");
    if (status == SMAC_OK) {
        char *text = NULL;
        size_t size = 0;
        status = file_read(path, MAKERS_MANIFEST_LIMIT, &text, &size, error);
        f->manifest = status == SMAC_OK ? json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL) : NULL;
        if (status == SMAC_OK && !json_is_object(json_object_get(f->manifest, "files")))
            status = FAIL(error, SMAC_ERROR_FORMAT, "%s is not a manifest of a model", address.data);
        free(text);
        remove(path);
    } else if (status == SMAC_ERROR_NOT_FOUND) {
        status = SMAC_OK;
    }
    text_free(&address);
    free(path);
    return status;
}

static smac_status set_address(fetching *f, const char *from, smac_error *error)
{
    const char *hub = getenv("SEMANTICMAC_HUB");
    if (from) {
        text_format(&f->base, "%s%s", from, from[0] && from[strlen(from) - 1] == '/' ? "" : "/");
    } else if (strstr(f->known->source, "://")) {
        f->own = true;
        text_add(&f->base, f->known->source);
    } else {
        f->hub = true;
        hub = hub && *hub ? hub : PUBLIC_HUB;
        text_format(
            &f->base, "%.*s/%s/resolve/main/", (int)strlen(hub) - (hub[strlen(hub) - 1] == '/'), hub, f->known->source);
    }
    return f->base.failed ? FAIL(error, SMAC_ERROR_MEMORY, "no memory for an address") : SMAC_OK;
}

/* Files of another address are of no use: the folder is emptied, and says this one from now on. */
static smac_status keep_to_source(const fetching *f, smac_error *error)
{
    char *path = path_join(f->part, SOURCE_NAME), *before = NULL;
    smac_status status = path ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a path");
    if (status == SMAC_OK && file_exists(path))
        status = file_read(path, MAKERS_MANIFEST_LIMIT, &before, NULL, error);
    if (status == SMAC_OK && before && strcmp(before, f->base.data) != 0) {
        status = models_remove_tree(f->part, error);
        if (status == SMAC_OK)
            status = folder_make(f->part, error);
    }
    if (status == SMAC_OK)
        status = file_write(path, f->base.data, f->base.length, error);
    free(before);
    free(path);
    return status;
}

static void remove_in(const char *folder, const char *name)
{
    char *path = path_join(folder, name);
    if (path)
        remove(path);
    free(path);
}

static void remove_notes(const fetching *f, const char *folder)
{
    const char *file;
    json_t *sum;
    json_object_foreach(f->sums, file, sum)
    {
        char note[300];
        snprintf(note, sizeof note, "%.250s.sha256.part", file);
        remove_in(folder, note);
    }
    remove_in(folder, SOURCE_NAME);
}

/* The part becomes the model; one that is none is thrown away, but what this machine's failure is keeps it. */
static smac_status install(const fetching *f, const reporter *r, smac_error *error)
{
    const char *licence = f->known ? f->known->licence : json_string_value(json_object_get(f->manifest, "licence"));
    char *folder;
    TRY(models_place(f->name, "", &folder, error));
    smac_status status = models_install_part(f->name, f->base.data, licence, f->sums, r, error);
    if (status == SMAC_OK)
        remove_notes(f, folder);
    else if (status != SMAC_ERROR_IO && status != SMAC_ERROR_MEMORY && status != SMAC_ERROR_INTERRUPTED)
        models_remove_tree(f->part, NULL);
    free(folder);
    return status;
}

/* After a failure: a folder with no files is removed. */
static void leave_part(const fetching *f)
{
    remove_in(f->part, SOURCE_NAME);
    if (rmdir(f->part) != 0)
        keep_to_source(f, NULL);
}

static smac_status fetch_all(fetching *f, const char *from, smac_error *error)
{
    TRY(set_address(f, from, error));
    TRY(keep_to_source(f, error));
    if (from)
        TRY(look_for_manifest(f, error));
    if (f->manifest) {
        const char *licence = json_string_value(json_object_get(f->manifest, "licence"));
        report_log(f->report, LOG_INFO, "%s, licence: %s", f->name, licence ? licence : "not known");
        return fetch_manifest_files(f, error);
    }
    report_log(f->report, LOG_INFO, "%s, licence: %s", f->name, f->known ? f->known->licence : "not known");
    if (f->known && !from)
        TRY(models_check_space(f->part, (uint64_t)f->known->megabytes * 1000000, error));
    char *list = memory_copy_text(f->known ? f->known->files : ANY_FILES), *save = NULL;
    smac_status status = list ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a list of files");
    for (char *word = list ? strtok_r(list, " ", &save) : NULL; word && status == SMAC_OK;
         word = strtok_r(NULL, " ", &save))
        status = fetch_one_of(f, word, error);
    free(list);
    return status;
}

smac_status models_fetch(const char *name, const char *from, const reporter *r, smac_error *error)
{
    fetching f = {.known = known_models_find(name), .report = r};
    f.name = f.known ? f.known->name : name;
    char *part = NULL;
    if (!f.known && !from)
        return models_unknown(name, error);
    if (from && strncmp(from, "http://", 7) && strncmp(from, "https://", 8) && strncmp(from, "file://", 7))
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "\"%.300s\" is not an address; expected http://, https:// or file:// and a folder with the model's files (a "
            "folder of this machine: `semanticmac models import`)",
            from);
    TRY(models_begin_part(f.name, true, &part, error));
    f.part = part;
    f.sums = json_object();
    smac_status status = f.sums ? fetch_all(&f, from, error) : FAIL(error, SMAC_ERROR_MEMORY, "no memory");
    error_advise(error, status, SMAC_ERROR_FORMAT, "give another address by --from");
    if (status == SMAC_OK)
        status = install(&f, r, error);
    else if (f.base.data)
        leave_part(&f);
    json_decref(f.sums);
    json_decref(f.manifest);
    text_free(&f.base);
    free(part);
    return status;
}
