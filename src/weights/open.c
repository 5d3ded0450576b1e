/* weights/open.c - opening a file of tensors by its content: one file, shards with an index, or a folder. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "weights/pytorch_internal.h"
#include "weights/tensor_file_internal.h"

static const char DAMAGED[] = "the file is truncated, damaged or does not hold weights: get it again or name another";

smac_status tensor_file_read_into(
    tensor_file *file, const uint8_t *data, size_t size, const char *source, smac_error *error)
{
    if ((size >= 4 && !memcmp(data, "PK\3\4", 4)) || pytorch_old_recognises(data, size)) {
        file->kind = "PyTorch";
        return pytorch_read_into(file, data, size, source, error);
    }
    if (size >= 2 && data[0] == 0x80 && data[1] >= 2 && data[1] <= 5 && !(size > 8 && data[8] == '{'))
        return FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "%s is a pickle that was not written by torch.save; expected "
            "safetensors, a PyTorch file or a CTranslate2 model: give the model's weights",
            source);
    if (ctranslate2_recognises(data, size)) {
        file->kind = "CTranslate2";
        return ctranslate2_read_into(file, data, size, source, error);
    }
    file->kind = "safetensors";
    return safetensors_read_into(file, data, size, source, error);
}

static smac_status open_one(tensor_file *file, const char *path, smac_error *error)
{
    mapped_file map;
    TRY(file_map(path, &map, error));
    if (!tensor_file_add_map(file, map)) {
        file_unmap(&map);
        return FAIL(error, SMAC_ERROR_MEMORY, "%s: there is no memory to read it", path);
    }
    if (map.size == 0)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s is empty, expected tensors: get it again or name another", path);
    return tensor_file_read_into(file, map.data, map.size, path, error);
}

/* Every tensor that the map names came with the shards. */
static smac_status check_map(tensor_file *file, const char *path, json_t *map, smac_error *error)
{
    const char *name;
    json_t *shard;
    TRY(tensor_file_index(file, path, error));
    json_object_foreach(map, name, shard) if (!tensor_file_find(file, name)) return FAIL(error, SMAC_ERROR_FORMAT,
        "%s: the tensor \"%.200s\" is not in its shard %.200s", path, name, json_string_value(shard));
    return SMAC_OK;
}

/* {"weight_map": {tensor: shard, ...}}: each shard once */
static smac_status open_index(tensor_file *file, const char *path, smac_error *error)
{
    json_error_t where;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &where), *map = json_object_get(root, "weight_map");
    if (json_object_size(map) == 0) {
        json_decref(root);
        return FAIL(error, SMAC_ERROR_FORMAT,
            "%s: expected JSON with a \"weight_map\" of tensors, found %s; download it again", path,
            root ? "none" : where.text);
    }
    size_t folder = (size_t)(path_base(path) - path);
    smac_status code = SMAC_OK;
    json_t *seen = json_object(), *shard;
    const char *name;
    json_object_foreach(map, name, shard)
    {
        const char *part = json_string_value(shard);
        if (!part || strchr(part, '/')) {
            code = FAIL(error, SMAC_ERROR_FORMAT, "%s: the shard of \"%.200s\" is not a plain file name", path, name);
            break;
        }
        if (json_object_get(seen, part))
            continue;
        json_object_set_new(seen, part, json_true());
        char *start = memory_copy_text_n(path, folder), *full = start ? path_join(folder ? start : ".", part) : NULL;
        code = full ? open_one(file, full, error) : FAIL(error, SMAC_ERROR_MEMORY, "%s: there is no memory", path);
        free(start);
        free(full);
        if (code != SMAC_OK)
            break;
    }
    if (code == SMAC_OK)
        code = check_map(file, path, map, error);
    json_decref(seen);
    json_decref(root);
    return code;
}

static smac_status open_any(tensor_file *file, const char *path, smac_error *error)
{
    static const char *const names[] = {"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
        "pytorch_model.bin.index.json", "model.bin"};
    if (file_is_folder(path)) {
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            char *full = path_join(path, names[i]);
            if (full && file_exists(full)) {
                smac_status code = open_any(file, full, error);
                free(full);
                return code;
            }
            free(full);
        }
        return FAIL(error, SMAC_ERROR_NOT_FOUND,
            "the folder %s holds no weights, expected model.safetensors, pytorch_model.bin or model.bin: "
            "download them into it or name another",
            path);
    }
    size_t length = strlen(path);
    if (length > 11 && !strcmp(path + length - 11, ".index.json"))
        return open_index(file, path, error);
    return open_one(file, path, error);
}

smac_status tensor_file_open(const char *path, tensor_file **out, smac_error *error)
{
    tensor_file *file = tensor_file_new("safetensors");
    if (!file)
        return FAIL(error, SMAC_ERROR_MEMORY, "%s: there is no memory to read it", path);
    smac_status code = open_any(file, path, error);
    if (code == SMAC_OK)
        code = tensor_file_index(file, path, error);
    if (code != SMAC_OK) {
        /* a folder, a pipe and an empty file are refused in words of their own */
        bool opened = file->map_count > 0 && file->maps[file->map_count - 1].size > 0;
        tensor_file_close(file);
        return opened ? error_advise(error, code, SMAC_ERROR_FORMAT, DAMAGED) : code;
    }
    *out = file;
    return SMAC_OK;
}
