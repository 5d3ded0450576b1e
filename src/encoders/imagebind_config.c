/* encoders/imagebind_config.c - sizes of ImageBind's encoders: the published ones, tiny ones, checks, JSON. */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "encoders/imagebind.h"

void imagebind_config_huge(imagebind_modality modality, imagebind_config *out)
{
    if (modality == IMAGEBIND_VISION)
        *out = (imagebind_config){.modality = modality,
            .width = 1280,
            .layers = 32,
            .heads = 16,
            .hidden = 5120,
            .out = 1024,
            .channels = 3,
            .frames = 2,
            .rows = 224,
            .columns = 224,
            .kernel = 14,
            .stride = 14,
            .initial_scale = 0.02f};
    else
        *out = (imagebind_config){.modality = modality,
            .width = 768,
            .layers = 12,
            .heads = 12,
            .hidden = 3072,
            .out = 1024,
            .channels = 1,
            .frames = 1,
            .rows = 128,
            .columns = 204,
            .kernel = 16,
            .stride = 10,
            .initial_scale = 0.02f};
}

void imagebind_config_tiny(imagebind_modality modality, imagebind_config *out)
{
    if (modality == IMAGEBIND_VISION)
        *out = (imagebind_config){.modality = modality,
            .width = 64,
            .layers = 2,
            .heads = 4,
            .hidden = 128,
            .out = 64,
            .channels = 3,
            .frames = 2,
            .rows = 56,
            .columns = 56,
            .kernel = 14,
            .stride = 14};
    else
        *out = (imagebind_config){.modality = modality,
            .width = 64,
            .layers = 2,
            .heads = 4,
            .hidden = 128,
            .out = 64,
            .channels = 1,
            .frames = 1,
            .rows = 128,
            .columns = 204,
            .kernel = 16,
            .stride = 16};
}

typedef struct config_field {
    const char *name;
    size_t offset;
} config_field;

static const config_field fields[] = {{"width", offsetof(imagebind_config, width)},
    {"layers", offsetof(imagebind_config, layers)}, {"heads", offsetof(imagebind_config, heads)},
    {"hidden", offsetof(imagebind_config, hidden)}, {"out", offsetof(imagebind_config, out)},
    {"channels", offsetof(imagebind_config, channels)}, {"frames", offsetof(imagebind_config, frames)},
    {"rows", offsetof(imagebind_config, rows)}, {"columns", offsetof(imagebind_config, columns)},
    {"kernel", offsetof(imagebind_config, kernel)}, {"stride", offsetof(imagebind_config, stride)}};
enum { FIELD_COUNT = sizeof fields / sizeof fields[0] };

static int64_t *field_of(imagebind_config *c, size_t i)
{
    return (int64_t *)((char *)c + fields[i].offset);
}

smac_status imagebind_config_check(const imagebind_config *config, smac_error *error)
{
    imagebind_config c = *config;
    const int64_t huge = 1 << 16;
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (*field_of(&c, i) < 1 || *field_of(&c, i) > huge)
            return FAIL(error, SMAC_ERROR_ARGUMENT, "an encoder's %s is %lld, but must be between 1 and %lld",
                fields[i].name, (long long)*field_of(&c, i), (long long)huge);
    if (c.modality != IMAGEBIND_VISION && c.modality != IMAGEBIND_AUDIO)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "modality %d is neither vision nor audio", (int)c.modality);
    if (c.width % c.heads != 0)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "a width of %lld does not divide into %lld heads", (long long)c.width,
            (long long)c.heads);
    if (c.layers > 1024)
        return FAIL(
            error, SMAC_ERROR_ARGUMENT, "%lld layers are more than the 1024 that are supported", (long long)c.layers);
    if (c.rows < c.kernel || c.columns < c.kernel)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "a picture of %lld x %lld is smaller than its patches of %lld",
            (long long)c.rows, (long long)c.columns, (long long)c.kernel);
    if (c.channels > 64 || c.frames > 64 || c.rows > 4096 || c.columns > 4096 || c.kernel > 256)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "an input of %lld channels, %lld frames, %lld x %lld, kernel %lld is "
            "larger than supported (64, 64, 4096 x 4096, 256)",
            (long long)c.channels, (long long)c.frames, (long long)c.rows, (long long)c.columns, (long long)c.kernel);
    if (!(c.initial_scale >= 0 && c.initial_scale <= 1000))
        return FAIL(
            error, SMAC_ERROR_ARGUMENT, "initial_scale is %g, but must be between 0 and 1000", (double)c.initial_scale);
    return SMAC_OK;
}

void imagebind_config_to_json(const imagebind_config *config, text_buffer *out)
{
    imagebind_config c = *config;
    text_format(out, "{\"modality\": \"%s\"", c.modality == IMAGEBIND_VISION ? "vision" : "audio");
    for (size_t i = 0; i < FIELD_COUNT; i++)
        text_format(out, ", \"%s\": %lld", fields[i].name, (long long)*field_of(&c, i));
    /* in millionths, for a decimal comma of the locale is not JSON */
    text_format(out, ", \"initial_scale_millionths\": %ld}", lround((double)c.initial_scale * 1e6));
}

static smac_status from_object(const json_t *root, imagebind_config *c, smac_error *error)
{
    size_t known = 0;
    const char *modality = json_string_value(json_object_get(root, "modality"));
    if (modality == NULL || (strcmp(modality, "vision") != 0 && strcmp(modality, "audio") != 0))
        return FAIL(error, SMAC_ERROR_FORMAT, "an encoder's \"modality\" is %s, but must be \"vision\" or \"audio\"",
            modality != NULL ? modality : "missing");
    c->modality = strcmp(modality, "vision") == 0 ? IMAGEBIND_VISION : IMAGEBIND_AUDIO;
    for (size_t i = 0; i < FIELD_COUNT; i++, known++) {
        const json_t *v = json_object_get(root, fields[i].name);
        if (!json_is_integer(v))
            return FAIL(error, SMAC_ERROR_FORMAT, "an encoder's \"%s\" is missing or not an integer", fields[i].name);
        *field_of(c, i) = json_integer_value(v);
    }
    const json_t *scale = json_object_get(root, "initial_scale_millionths");
    if (scale != NULL && !json_is_integer(scale))
        return FAIL(error, SMAC_ERROR_FORMAT, "an encoder's \"initial_scale_millionths\" is not an integer");
    c->initial_scale = scale != NULL ? (float)((double)json_integer_value(scale) * 1e-6) : 0;
    known += 1 + (scale != NULL);
    if (json_object_size(root) != known)
        return FAIL(error, SMAC_ERROR_FORMAT, "an encoder's description has %zu keys, of which %zu are not known",
            json_object_size(root), json_object_size(root) - known);
    return imagebind_config_check(c, error);
}

smac_status imagebind_config_from_json(const char *json, size_t size, imagebind_config *out, smac_error *error)
{
    json_t *root;
    TRY(json_parse_object(json, size, "an encoder's description", &root, error));
    imagebind_config c = {0};
    smac_status status = from_object(root, &c, error);
    json_decref(root);
    if (status == SMAC_OK)
        *out = c;
    return status;
}

static int64_t steps(int64_t size, int64_t kernel, int64_t stride)
{
    return (size - kernel) / stride + 1;
}

int64_t imagebind_patches(const imagebind_config *c)
{
    return steps(c->rows, c->kernel, c->stride) * steps(c->columns, c->kernel, c->stride);
}

int64_t imagebind_input_count(const imagebind_config *c)
{
    return c->channels * c->frames * c->rows * c->columns;
}
