/*
 * install/convert.c - an encoder's weights rewritten as safetensors in bf16 or int8, tensor by tensor: memory is that of
 * one piece of a tensor and the scales.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/folder.h"
#include "base/path.h"
#include "compute/kernels.h"
#include "encoders/weights_loading.h"
#include "install/install_internal.h"
#include "weights/safetensors.h"

enum { PIECE = 1 << 16 }; /* floats */

/* One tensor of the new file. */
typedef struct planned {
    const read_tensor *from;
    tensor_type type;
    const float *scale; /* of int8: per row, or per column of a transposed one; itself the data of a scale tensor */
    bool is_scale;
    int64_t rows, row; /* of the source as a matrix */
} planned;

typedef struct conversion {
    const tensor_file *file;
    const reporter *report;
    planned *plan;
    tensor_entry *entries;
    size_t count;
    double done, total; /* bytes */
    float *piece;
    void *encoded;
} conversion;

static bool is_floating(tensor_type type)
{
    return type == TENSOR_F64 || type == TENSOR_F32 || type == TENSOR_F16 || type == TENSOR_BF16 || type == TENSOR_I8;
}

/* int8 / scale is the value: 127 / the largest magnitude of the output channel, so that it takes the whole range. */
static smac_status measure_scales(const conversion *c, const planned *p, float *scale, smac_error *error)
{
    const tensor_entry *e = p->from->source.entry;
    int64_t channels = p->from->source.transposed ? p->row : p->rows;
    for (int64_t at = 0; at < e->count; at += PIECE) {
        int64_t n = e->count - at < PIECE ? e->count - at : PIECE;
        weight_source_read(&p->from->source, at, n, c->piece);
        for (int64_t i = 0; i < n; i++) {
            int64_t channel = p->from->source.transposed ? (at + i) % p->row : (at + i) / p->row;
            float size = fabsf(c->piece[i]);
            if (!isfinite(size))
                return FAIL(error, SMAC_ERROR_NUMERIC,
                    "tensor %s holds a value that is not finite: fetch or import the model again", e->name);
            if (size > scale[channel])
                scale[channel] = size;
        }
    }
    for (int64_t i = 0; i < channels; i++)
        scale[i] = scale[i] > 0 && isfinite(127 / scale[i]) ? 127 / scale[i] : 1;
    return SMAC_OK;
}

static smac_status write_piece(conversion *c, const planned *p, int64_t at, int64_t n, FILE *file)
{
    weight_source_read(&p->from->source, at, n, c->piece);
    if (p->type == TENSOR_F32) {
        fwrite(c->piece, sizeof(float), (size_t)n, file);
    } else if (p->type == TENSOR_BF16) {
        kernels_get()->to_bf16(c->encoded, c->piece, n);
        fwrite(c->encoded, 2, (size_t)n, file);
    } else {
        int8_t *q = c->encoded;
        for (int64_t i = 0; i < n; i++) {
            int64_t channel = p->from->source.transposed ? (at + i) % p->row : (at + i) / p->row;
            float x = rintf(c->piece[i] * p->scale[channel]);
            q[i] = (int8_t)(x > 127 ? 127 : x < -127 ? -127 : x);
        }
        fwrite(q, 1, (size_t)n, file);
    }
    return SMAC_OK;
}

static smac_status make_tensor(void *user, size_t index, FILE *file, smac_error *error)
{
    conversion *c = user;
    const planned *p = &c->plan[index];
    const tensor_entry *e = &c->entries[index];
    if (p->is_scale) {
        fwrite(p->scale, sizeof(float), (size_t)e->count, file);
    } else if (!is_floating(p->type)) {
        fwrite(p->from->source.entry->data, 1, p->from->source.entry->bytes, file);
    } else {
        for (int64_t at = 0; at < e->count; at += PIECE)
            TRY(write_piece(c, p, at, e->count - at < PIECE ? e->count - at : PIECE, file));
        tensor_file_forget(c->file, p->from->source.entry);
    }
    c->done += (double)e->bytes;
    if (report_progress(c->report, "converting", c->done, c->total) != 0)
        return FAIL(error, SMAC_ERROR_INTERRUPTED, "stopped while converting");
    return SMAC_OK;
}

/* --- the plan ----------------------------------------------------------------------------------------------------- */

static void plan_tensor(conversion *c, const planned *p, const char *name, int rank, const int64_t *dim)
{
    tensor_entry *e = &c->entries[c->count];
    *e = (tensor_entry){.name = name, .type = p->type, .rank = rank, .count = 1};
    for (int i = 0; i < rank; i++) {
        e->dim[i] = dim[i];
        e->count *= dim[i];
    }
    e->bytes = (size_t)e->count * tensor_type_bytes(p->type);
    c->plan[c->count++] = *p;
    c->total += (double)e->bytes;
}

static smac_status plan_scale(conversion *c, planned *p, arena *memory, smac_error *error)
{
    const tensor_entry *e = p->from->source.entry;
    int64_t channels = p->from->source.transposed ? p->row : p->rows;
    char name[520];
    snprintf(name, sizeof name, "%.500s_scale", e->name);
    float *scale = arena_take_zeroed(memory, (size_t)channels * sizeof *scale);
    char *kept = arena_copy_text(memory, name);
    if (!scale || !kept)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the scales of %s", e->name);
    TRY(measure_scales(c, p, scale, error));
    p->scale = scale;
    planned own = {.from = p->from, .type = TENSOR_F32, .scale = scale, .is_scale = true};
    plan_tensor(c, &own, kept, 1, &channels);
    return SMAC_OK;
}

static tensor_type type_for(const read_tensor *t, precision to)
{
    const tensor_entry *e = t->source.entry;
    if (!is_floating(e->type))
        return e->type;
    if (e->rank < 2)
        return TENSOR_F32;
    return to == PRECISION_INT8 && t->product && (e->rank == 2 || t->source.transposed) ? TENSOR_I8 : TENSOR_BF16;
}

/* Wider types in front, so that every tensor starts at a multiple of its own size. */
static smac_status plan_all(
    conversion *c, const read_tensor *tensors, size_t count, precision to, arena *memory, smac_error *error)
{
    for (int width = 8; width >= 1; width /= 2) {
        for (size_t i = 0; i < count; i++) {
            const tensor_entry *e = tensors[i].source.entry;
            planned p = {.from = &tensors[i], .type = type_for(&tensors[i], to)};
            if (e->rank > 0 && e->dim[0] > 0) {
                p.rows = e->dim[0];
                p.row = e->count / e->dim[0];
            }
            if (p.type == TENSOR_I8 && is_floating(e->type) && width == 4) /* the scales are measured here, and kept */
                TRY(plan_scale(c, &p, memory, error));
            if (tensor_type_bytes(p.type) != (size_t)width)
                continue;
            for (size_t j = 0; p.type == TENSOR_I8 && j < c->count; j++)
                if (c->plan[j].is_scale && c->plan[j].from == p.from)
                    p.scale = c->plan[j].scale;
            plan_tensor(c, &p, e->name, e->rank, e->dim);
        }
    }
    return SMAC_OK;
}

static smac_status write_weights(
    const encoder_files *m, const char *folder, precision to, const reporter *r, smac_error *error)
{
    read_tensor *tensors = NULL;
    size_t count = 0, texts = 0;
    safetensors_pair pairs[4];
    text_buffer json[MODALITIES] = {{0}};
    arena *memory = arena_new(0);
    conversion c = {.file = m->file, .report = r};
    char *path = path_join(folder, "model.safetensors");
    smac_status status = models_tensors(m, &tensors, &count, error);
    if (status == SMAC_OK) {
        c.plan = memory_new(2 * count + 1, sizeof *c.plan);
        c.entries = memory_new(2 * count + 1, sizeof *c.entries);
        c.piece = memory_new(PIECE, sizeof *c.piece);
        c.encoded = memory_new(PIECE, sizeof(uint16_t));
        if (!memory || !path || !c.plan || !c.entries || !c.piece || !c.encoded)
            status = FAIL(error, SMAC_ERROR_MEMORY, "no memory to convert a model");
    }
    if (status == SMAC_OK)
        status = plan_all(&c, tensors, count, to, memory, error);
    if (status == SMAC_OK)
        status = models_check_space(folder, (uint64_t)c.total, error);
    if (status == SMAC_OK) {
        pairs[texts++] = (safetensors_pair){"format", "pt"};
        pairs[texts++] = (safetensors_pair){"semanticmac.precision", to == PRECISION_INT8 ? "int8" : "bf16"};
        for (int i = 0; i < MODALITIES; i++) {
            const char *key = m->of[i].kind ? encoder_config_describe(&m->of[i]).metadata_key : NULL;
            if (!key)
                continue;
            encoder_config_write(&m->of[i], &json[i]);
            if (!json[i].failed)
                pairs[texts++] = (safetensors_pair){key, json[i].data};
            else
                status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for a model's metadata");
        }
    }
    const safetensors_contents contents = {.entries = c.entries,
        .count = c.count,
        .metadata = pairs,
        .metadata_count = texts,
        .source = make_tensor,
        .user = &c};
    if (status == SMAC_OK)
        status = safetensors_write_contents(path, &contents, error);
    for (int i = 0; i < MODALITIES; i++)
        text_free(&json[i]);
    free(c.plan);
    free(c.entries);
    free(c.piece);
    free(c.encoded);
    free(tensors);
    free(path);
    arena_free(memory);
    return status;
}

/* --- around it ---------------------------------------------------------------------------------------------------- */

/* Configuration and tokenizer come along. */
static smac_status copy_others(const char *from, const char *to, smac_error *error)
{
    char **names = NULL;
    size_t count = 0;
    TRY(models_files(from, &names, &count, error));
    smac_status status = SMAC_OK;
    for (size_t i = 0; i < count && status == SMAC_OK; i++) {
        const char *dot = strrchr(names[i], '.');
        if (!dot || (strcmp(dot, ".json") && strcmp(dot, ".txt") && strcmp(dot, ".model")) ||
            strstr(names[i], ".index.json"))
            continue;
        char *source = path_join(from, names[i]), *target = path_join(to, names[i]), *data = NULL;
        size_t size = 0;
        status = source && target ? file_read(source, 0, &data, &size, error)
                                  : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a path");
        if (status == SMAC_OK)
            status = file_write(target, data, size, error);
        free(data);
        free(source);
        free(target);
    }
    folder_list_free(names, count);
    return status;
}

static void name_for(const char *from, precision to, char out[MODEL_NAME_MAX + 1])
{
    char copy[1024];
    snprintf(copy, sizeof copy, "%.1000s", from);
    for (size_t length = strlen(copy); length > 1 && copy[length - 1] == '/'; length--)
        copy[length - 1] = 0;
    const char *base = path_base(copy), *dot = file_is_folder(copy) ? NULL : strrchr(base, '.');
    int length = dot ? (int)(dot - base) : (int)strlen(base);
    snprintf(
        out, MODEL_NAME_MAX + 1, "%.*s-%s", length < 90 ? length : 90, base, to == PRECISION_INT8 ? "int8" : "bf16");
}

smac_status models_convert(
    const char *name_or_path, precision to, const char *name, const reporter *r, char **installed, smac_error *error)
{
    char own[MODEL_NAME_MAX + 1], source[1200], *path, *part = NULL;
    const char *licence = NULL;
    json_t *manifest = NULL;
    encoder_files m;
    if (to != PRECISION_BF16 && to != PRECISION_INT8)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "weights can be converted to bf16 or int8: choose one");
    TRY(models_find(name_or_path, &path, error));
    bool is_path = file_exists(name_or_path);
    if (!name) {
        name_for(is_path ? path : models_own_name(name_or_path), to, own);
        name = own;
    }
    if (!is_path && models_manifest(name_or_path, &manifest, NULL) == SMAC_OK)
        licence = json_string_value(json_object_get(manifest, "licence"));
    smac_status status = models_check_new(name, error);
    if (status == SMAC_OK)
        status = encoder_files_open(path, &m, error);
    if (status == SMAC_OK) {
        /* ImageBind: no configuration or tokenizer beside the weights */
        bool single = encoder_config_describe(encoder_files_first(&m)).metadata_key != NULL;
        if (strcmp(tensor_file_kind(m.file), "CTranslate2") == 0)
            status = FAIL(error, SMAC_ERROR_UNSUPPORTED,
                "%.500s is a CTranslate2 model, which is compact as it is and used so; convert takes Whisper's "
                "Hugging Face folders",
                path);
        if (status == SMAC_OK)
            status = models_begin_part(name, false, &part, error);
        if (status == SMAC_OK)
            status = write_weights(&m, part, to, r, error);
        if (status == SMAC_OK && !single)
            status = copy_others(path, part, error);
        if (status == SMAC_OK && single && !licence)
            licence = known_models_find("imagebind-huge")->licence;
        encoder_files_close(&m);
    }
    if (status == SMAC_OK) {
        snprintf(source, sizeof source, "converted from %.1000s", name_or_path);
        status = models_install_part(name, source, licence, NULL, r, error);
    }
    if (status != SMAC_OK && part)
        models_remove_tree(part, NULL);
    else if (status == SMAC_OK && installed && !(*installed = memory_copy_text(name)))
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for a name");
    json_decref(manifest);
    free(part);
    free(path);
    return status;
}
