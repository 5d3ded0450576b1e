/* train/configuration_file.c - YAML through libfyaml, flattened to dotted keys. */
#include "train/configuration_file.h"

#include <libfyaml.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/utf8.h"

enum { DEEPEST = 8, KEY_LENGTH = 256 };

typedef struct walk {
    run_configuration *c;
    const char *name; /* of the file */
    smac_error *error;
} walk;

/* The line (from 1) where a node starts; 0 when libfyaml does not say. */
static int line_of(struct fy_node *node)
{
    struct fy_token *token = fy_node_is_scalar(node) ? fy_node_get_scalar_token(node) : NULL;
    const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
    return mark ? mark->line + 1 : 0;
}

static smac_status set_scalar(const walk *w, const char *key, struct fy_node *value, int line)
{
    size_t length = 0;
    const char *text = value ? fy_node_get_scalar(value, &length) : NULL;
    char *copy = memory_copy_text_n(text ? text : "", text ? length : 0);
    if (!copy)
        return FAIL(w->error, SMAC_ERROR_MEMORY, "no memory for a value of %s", w->name);
    smac_status status = run_configuration_set(w->c, key, copy, w->error);
    free(copy);
    if (status != SMAC_OK)
        error_context(w->error, status, "%s line %d", w->name, line);
    return status;
}

/* The scalar of a node as a text of its own; NULL: no memory.  Free with free(). */
static char *copy_scalar(struct fy_node *node)
{
    size_t length = 0;
    const char *text = node ? fy_node_get_scalar(node, &length) : NULL;
    return memory_copy_text_n(text ? text : "", text ? length : 0);
}

/* One element of a list: a map of its keys. */
static smac_status read_element(const walk *w, const settings_list *list, void *values, struct fy_node *map, int line)
{
    void *at = NULL, *element = settings_list_add(list, values);
    struct fy_node_pair *pair;
    if (!element)
        return FAIL(w->error, SMAC_ERROR_FORMAT, "%s line %d: %s has more than %lld elements: remove some", w->name,
            line, list->section->name, (long long)list->most);
    while ((pair = fy_node_mapping_iterate(map, &at))) {
        struct fy_node *key = fy_node_pair_key(pair), *value = fy_node_pair_value(pair);
        char *name = copy_scalar(key), *text = copy_scalar(value);
        smac_status status = SMAC_OK;
        if (!name || !text)
            status = FAIL(w->error, SMAC_ERROR_MEMORY, "no memory for a value of %s", w->name);
        else if (value && !fy_node_is_scalar(value))
            status = FAIL(w->error, SMAC_ERROR_FORMAT, "%.60s is not one value: write that alone", name);
        else
            status = settings_list_set(list, element, name, text, w->error);
        free(name);
        free(text);
        if (status != SMAC_OK)
            return error_context(w->error, status, "%s line %d", w->name, key ? line_of(key) : line);
    }
    return SMAC_OK;
}

/* The list replaces what was there before. */
static smac_status read_list(const walk *w, const char *name, struct fy_node *sequence, int line)
{
    settings_view room[2];
    void *values, *at = NULL;
    const settings_list *list = settings_find_list(run_views(w->c, room), name, &values);
    struct fy_node *item;
    if (!list)
        return FAIL(w->error, SMAC_ERROR_FORMAT, "%s line %d: %s is a list, expected one value: write that alone",
            w->name, line, name);
    memset((char *)values + list->count_offset, 0, sizeof(int64_t));
    while ((item = fy_node_sequence_iterate(sequence, &at))) {
        if (!fy_node_is_mapping(item))
            return FAIL(w->error, SMAC_ERROR_FORMAT,
                "%s line %d: an element of %s is not a map of keys, as '- {path: FOLDER, dataset: sims}'", w->name,
                line, name);
        TRY(read_element(w, list, values, item, line));
    }
    return SMAC_OK;
}

/* "preset: NAME" comes before all other keys, wherever it is. */
static smac_status apply_preset(const walk *w, struct fy_node *root)
{
    struct fy_node *value = fy_node_mapping_lookup_by_string(root, "preset", FY_NT);
    if (!value)
        return SMAC_OK;
    char *name = copy_scalar(value);
    if (!name)
        return FAIL(w->error, SMAC_ERROR_MEMORY, "no memory for a value of %s", w->name);
    smac_status status = run_configuration_preset(w->c, name, w->error);
    free(name);
    return status == SMAC_OK ? status : error_context(w->error, status, "%s line %d", w->name, line_of(value));
}

static smac_status visit(const walk *w, struct fy_node *map, const char *prefix, int depth)
{
    void *at = NULL;
    struct fy_node_pair *pair;
    while ((pair = fy_node_mapping_iterate(map, &at))) {
        struct fy_node *key = fy_node_pair_key(pair), *value = fy_node_pair_value(pair);
        size_t length = 0;
        const char *text = key ? fy_node_get_scalar(key, &length) : NULL;
        int line = key ? line_of(key) : 0;
        char full[KEY_LENGTH];
        if (!text || !length)
            return FAIL(w->error, SMAC_ERROR_FORMAT,
                "%s line %d: a key is not a plain word, expected lines like 'perceiver.latents: 16'", w->name, line);
        int written = snprintf(full, sizeof full, "%s%s%.*s", prefix, *prefix ? "." : "", (int)length, text);
        if (written < 0 || written >= KEY_LENGTH)
            return FAIL(w->error, SMAC_ERROR_FORMAT,
                "%s line %d: a key is longer than %d bytes: write one that is known", w->name, line, KEY_LENGTH - 1);
        if (value && fy_node_is_mapping(value)) {
            if (depth >= DEEPEST)
                return FAIL(w->error, SMAC_ERROR_FORMAT,
                    "%s line %d: maps are nested deeper than %d: write 'section.key: value'", w->name, line, DEEPEST);
            TRY(visit(w, value, full, depth + 1));
        } else if (value && fy_node_is_sequence(value)) {
            TRY(read_list(w, full, value, line));
        } else if (depth == 0 && strcmp(full, "preset") == 0) {
            continue; /* done before */
        } else if (value && fy_node_is_alias(value)) {
            return FAIL(w->error, SMAC_ERROR_FORMAT, "%s line %d: %s is an alias (*name); write the value out", w->name,
                line, full);
        } else {
            TRY(set_scalar(w, full, value, line));
        }
    }
    return SMAC_OK;
}

static smac_status read_root(const walk *w, struct fy_node *root)
{
    TRY(apply_preset(w, root));
    return visit(w, root, "", 0);
}

/* Without a document: what the parser has to say, in one sentence. */
static smac_status parse_failed(struct fy_diag *diag, const char *name, smac_error *error)
{
    void *at = NULL;
    struct fy_diag_error *e = fy_diag_errors_iterate(diag, &at);
    if (e)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s line %d column %d is not YAML (%s): mend that line", name, e->line,
            e->column, e->msg ? e->msg : "syntax error");
    return SMAC_OK; /* comments alone: no document, and no error */
}

smac_status configuration_parse_yaml(
    run_configuration *c, const char *text, size_t size, const char *name, smac_error *error)
{
    size_t bad = utf8_invalid_at(text, size);
    if (bad != SIZE_MAX) /* libfyaml does not come back from some of these */
        return FAIL(error, SMAC_ERROR_FORMAT, "%s is not UTF-8 at byte %zu: save it as UTF-8", name, bad);
    struct fy_diag_cfg diag_options;
    fy_diag_cfg_default(&diag_options);
    diag_options.fp = NULL;
    diag_options.colorize = false;
    struct fy_diag *diag = fy_diag_create(&diag_options);
    if (!diag)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory to read %s", name);
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg options = {.flags = FYPCF_QUIET, .diag = diag};
    struct fy_document *document = fy_document_build_from_string(&options, text, size);
    smac_status status = SMAC_OK;
    struct fy_node *root = document ? fy_document_root(document) : NULL;
    if (!document)
        status = parse_failed(diag, name, error);
    else if (root && fy_node_is_mapping(root))
        status = read_root(&(walk){c, name, error}, root);
    else if (root && !(fy_node_is_scalar(root) && !*fy_node_get_scalar0(root)))
        status =
            FAIL(error, SMAC_ERROR_FORMAT, "%s is not a map of keys; write lines like 'perceiver.latents: 16'", name);
    if (document)
        fy_document_destroy(document);
    fy_diag_destroy(diag);
    return status;
}

smac_status configuration_read_yaml(run_configuration *c, const char *path, smac_error *error)
{
    char *text = NULL;
    size_t size = 0;
    TRY(file_read(path, 1 << 20, &text, &size, error));
    smac_status status = configuration_parse_yaml(c, text, size, path, error);
    free(text);
    return status;
}
