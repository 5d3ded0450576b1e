/* text/folder.c - opening tokenizers by path: which file of a folder is read, and what the files beside it say. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"
#include "text/tokenizer_parts.h"

/* The largest file that is read as a tokenizer. */
#define FILE_LIMIT ((size_t)1 << 30)

/* A JSON file of the folder, NULL in *out when it is not there. */
static smac_status beside(const char *folder, const char *name, json_t **out, smac_error *error)
{
    char *path = path_join(folder, name), *text = NULL;
    size_t size = 0;
    smac_status status = SMAC_OK;
    *out = NULL;
    if (!path)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a path");
    if (file_exists(path)) {
        status = file_read(path, FILE_LIMIT, &text, &size, error);
        if (status == SMAC_OK)
            status = tokenizer_parse(text, size, name, true, out, error);
    }
    free(text);
    free(path);
    return status;
}

/* The files in the same folder as a tokenizer's. */
typedef struct neighbours {
    json_t *options, *special_map, *configuration, *added;
} neighbours;

static smac_status neighbours_read(const char *folder, neighbours *n, smac_error *error)
{
    TRY(beside(folder, "tokenizer_config.json", &n->options, error));
    TRY(beside(folder, "special_tokens_map.json", &n->special_map, error));
    TRY(beside(folder, "config.json", &n->configuration, error));
    return beside(folder, "added_tokens.json", &n->added, error);
}

static void neighbours_free(neighbours *n)
{
    json_decref(n->options);
    json_decref(n->special_map);
    json_decref(n->configuration);
    json_decref(n->added);
}

static bool ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);
    return a >= b && strcmp(text + a - b, end) == 0;
}

/* Lines of a vocab.txt, cut in place; a last empty line is none. */
static smac_status read_lines(char *text, size_t size, const char ***lines, size_t *count, smac_error *error)
{
    size_t capacity = 0;
    *lines = NULL;
    *count = 0;
    for (size_t at = 0; at < size;) {
        char *line = text + at, *end = memchr(line, '\n', size - at);
        size_t length = end ? (size_t)(end - line) : size - at;
        at += length + (end ? 1 : 0);
        if (length && line[length - 1] == '\r')
            length--;
        if (memchr(line, '\0', length))
            return FAIL(error, SMAC_ERROR_FORMAT, "line %zu holds a NUL byte; this is not a vocab.txt", *count + 1);
        if (length == 0 && at < size)
            return FAIL(error, SMAC_ERROR_FORMAT, "line %zu is empty; each line must hold one token", *count + 1);
        if (length == 0)
            break;
        line[length] = '\0'; /* file_read keeps a byte after the end */
        if (!memory_grow((void **)lines, &capacity, *count + 1, sizeof **lines))
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %zu tokens", *count);
        (*lines)[(*count)++] = line;
    }
    return SMAC_OK;
}

static smac_status from_lines(char *text, size_t size, const neighbours *n, json_t **root, smac_error *error)
{
    const char **lines;
    size_t count;
    smac_status status = read_lines(text, size, &lines, &count, error);
    if (status == SMAC_OK)
        status = wordpiece_json(lines, count, n->options, root, error);
    free(lines);
    return status;
}

static smac_status from_merges(
    const char *folder, const char *text, size_t size, const neighbours *n, json_t **root, smac_error *error)
{
    json_t *vocab = NULL;
    char *path = path_join(folder, "merges.txt"), *merges = NULL;
    size_t merges_size;
    if (!path)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a path");
    smac_status status = file_read(path, FILE_LIMIT, &merges, &merges_size, error);
    if (status == SMAC_OK)
        status = tokenizer_parse(text, size, "vocab.json", false, &vocab, error);
    if (status == SMAC_OK)
        status = byte_level_json(vocab, merges, n->options, n->configuration, root, error);
    json_decref(vocab);
    free(merges);
    free(path);
    return status;
}

/* Tokens of an added_tokens.json that the tokenizer does not have yet. */
static smac_status add_neighbours(json_t *root, const json_t *added, smac_error *error)
{
    const char *content;
    json_t *id;
    json_t *list = json_object_get(root, "added_tokens");
    json_object_foreach((json_t *)added, content, id)
    {
        bool known = false;
        if (!json_is_number(id) || !(json_number_value(id) >= 0 && json_number_value(id) <= INT32_MAX))
            return FAIL(error, SMAC_ERROR_FORMAT,
                "added_tokens.json: the id of \"%.100s\" is not a number from 0 to %d", content, INT32_MAX);
        for (size_t i = 0; i < json_array_size(list) && !known; i++) {
            const char *there = json_string_value(json_object_get(json_array_get(list, i), "content"));
            known = there && strcmp(there, content) == 0;
        }
        if (!known &&
            json_array_append_new(list,
                json_pack("{s:s, s:I, s:b, s:b}", "content", content, "id", (json_int_t)json_number_value(id),
                    "special", 0, "normalized", 1)))
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for an added token");
    }
    return SMAC_OK;
}

static smac_status read_file(
    const char *folder, const char *path, const neighbours *n, json_t **root, smac_error *error)
{
    char *text = NULL;
    size_t size = 0;
    smac_status status;
    *root = NULL;
    TRY(file_read(path, FILE_LIMIT, &text, &size, error));
    if (ends_with(path, ".txt"))
        status = from_lines(text, size, n, root, error);
    else if (ends_with(path, ".model"))
        status = sentencepiece_json(text, size, n->options, n->configuration, root, error);
    else if (strcmp(path_base(path), "vocab.json") == 0)
        status = from_merges(folder, text, size, n, root, error);
    else
        status = tokenizer_parse(text, size, "the file", false, root, error);
    free(text);
    if (status == SMAC_OK && n->added && !ends_with(path, "tokenizer.json"))
        status = add_neighbours(*root, n->added, error);
    return status;
}

static smac_status open_file(const char *folder, const char *path, tokenizer **out, smac_error *error)
{
    neighbours n = {0};
    json_t *root = NULL;
    smac_status status = neighbours_read(folder, &n, error);
    if (status == SMAC_OK)
        status = read_file(folder, path, &n, &root, error);
    if (status == SMAC_OK && !json_object_get(root, "semanticmac"))
        status = tokenizer_json_options(root, n.options, n.special_map, error);
    if (status == SMAC_OK)
        status = tokenizer_from_json(root, out, error);
    json_decref(root);
    neighbours_free(&n);
    if (status != SMAC_OK)
        error_context(error, status, "%.300s", path);
    error_advise(error, status, SMAC_ERROR_FORMAT, "the tokenizer is damaged or altered: download the model again");
    return error_advise(error, status, SMAC_ERROR_UNSUPPORTED, "choose a model that `semanticmac models list` shows");
}

smac_status tokenizer_open(const char *path, tokenizer **out, smac_error *error)
{
    static const char *const names[] = {"tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "spm.model",
        "sentencepiece.bpe.model", "tokenizer.model"};
    *out = NULL;
    if (!file_is_folder(path)) {
        if (!file_exists(path))
            return FAIL(error, SMAC_ERROR_NOT_FOUND,
                "%.400s is not there; name a folder, a tokenizer.json, a vocab.txt or a .model file", path);
        size_t length = (size_t)(path_base(path) - path);
        char *folder = length ? memory_copy_text_n(path, length) : memory_copy_text(".");
        smac_status status =
            folder ? open_file(folder, path, out, error) : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a path");
        free(folder);
        return status;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *file = path_join(path, names[i]);
        if (!file)
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a path");
        smac_status status = SMAC_ERROR_NOT_FOUND;
        bool there = file_exists(file);
        if (there)
            status = open_file(path, file, out, error);
        free(file);
        if (there)
            return status;
    }
    return FAIL(error, SMAC_ERROR_NOT_FOUND,
        "%.400s holds no tokenizer.json, vocab.txt, vocab.json or .model file: download the model's tokenizer into it",
        path);
}

smac_status tokenizer_open_memory(const void *data, size_t size, tokenizer **out, smac_error *error)
{
    json_t *root = NULL;
    const char *text = data;
    size_t at = 0;
    *out = NULL;
    while (at < size && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t'))
        at++;
    if (at == size)
        return FAIL(error, SMAC_ERROR_FORMAT, "the tokenizer is empty");
    if (text[at] == '{')
        TRY(tokenizer_parse(text, size, "the tokenizer", false, &root, error));
    else
        TRY(sentencepiece_json(data, size, NULL, NULL, &root, error));
    smac_status status = tokenizer_from_json(root, out, error);
    json_decref(root);
    return status;
}

smac_status tokenizer_open_wordpiece(
    const char *const *tokens, size_t count, bool lower_case, tokenizer **out, smac_error *error)
{
    json_t *root = NULL, *options = json_pack("{s:b}", "do_lower_case", lower_case);
    *out = NULL;
    smac_status status = options ? wordpiece_json(tokens, count, options, &root, error)
                                 : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a tokenizer");
    if (status == SMAC_OK)
        status = tokenizer_json_options(root, NULL, NULL, error);
    if (status == SMAC_OK)
        status = tokenizer_from_json(root, out, error);
    json_decref(root);
    json_decref(options);
    return status;
}
