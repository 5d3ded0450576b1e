/* encoders/mobilenet_config.c - sizes of MobileNetV2: the published ones, those of a file, checks, JSON. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "encoders/mobilenet.h"
#include "encoders/weight_source.h"

enum { STANDARD_BLOCKS = 17, IMAGE_SIZE = 96, WIDEST = 1 << 16 };

/* torchvision's table: expansion, outputs, repetitions, stride of the first. */
static const int table[][4] = {
    {1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
enum { STAGES = sizeof table / sizeof *table };

/* To a multiple of 8, and not more than a tenth below. */
static int64_t channels_of(double wanted)
{
    int64_t rounded = (int64_t)(wanted + 4) / 8 * 8;
    if (rounded < 8)
        rounded = 8;
    return (double)rounded < 0.9 * wanted ? rounded + 8 : rounded;
}

void mobilenet_config_standard(double width, mobilenet_config *out)
{
    *out = (mobilenet_config){
        .image_size = IMAGE_SIZE, .stem = channels_of(32 * width), .head = channels_of(1280 * (width > 1 ? width : 1))};
    int64_t inputs = out->stem;
    for (int s = 0; s < STAGES; s++)
        for (int i = 0; i < table[s][2]; i++) {
            mobilenet_block_sizes *b = &out->blocks[out->block_count++];
            *b = (mobilenet_block_sizes){.hidden = inputs * table[s][0],
                .outputs = channels_of(table[s][1] * width),
                .stride = i ? 1 : table[s][3]};
            inputs = b->outputs;
        }
}

static smac_status check_size(const char *name, int64_t number, int64_t most, smac_error *error)
{
    return number >= 1 && number <= most
        ? SMAC_OK
        : FAIL(error, SMAC_ERROR_ARGUMENT, "MobileNet's %s is %lld, but must be between 1 and %lld", name,
              (long long)number, (long long)most);
}

smac_status mobilenet_config_check(const mobilenet_config *c, smac_error *error)
{
    TRY(check_size("image_size", c->image_size, 4096, error));
    TRY(check_size("stem", c->stem, WIDEST, error));
    TRY(check_size("head", c->head, WIDEST, error));
    TRY(check_size("number of blocks", c->block_count, MOBILENET_BLOCKS, error));
    for (int64_t i = 0; i < c->block_count; i++) {
        TRY(check_size("width inside a block", c->blocks[i].hidden, WIDEST, error));
        TRY(check_size("width of a block", c->blocks[i].outputs, WIDEST, error));
        TRY(check_size("stride of a block", c->blocks[i].stride, 2, error));
    }
    return SMAC_OK;
}

/* --- JSON --------------------------------------------------------------------------------------------------------- */

void mobilenet_config_to_json(const mobilenet_config *c, text_buffer *out)
{
    text_format(out,
        "{\"model_type\": \"mobilenet_v2\", \"image_size\": %lld, \"stem\": %lld, \"head\": %lld, \"blocks\": [",
        (long long)c->image_size, (long long)c->stem, (long long)c->head);
    for (int64_t i = 0; i < c->block_count; i++)
        text_format(out, "%s[%lld, %lld, %lld]", i ? ", " : "", (long long)c->blocks[i].hidden,
            (long long)c->blocks[i].outputs, (long long)c->blocks[i].stride);
    text_add(out, "]}");
}

static smac_status take_integer(const json_t *value, const char *name, int64_t *out, smac_error *error)
{
    if (!json_is_integer(value))
        return FAIL(error, SMAC_ERROR_FORMAT, "MobileNet's \"%s\" is missing or not an integer", name);
    *out = json_integer_value(value);
    return SMAC_OK;
}

static smac_status config_from_object(const json_t *root, mobilenet_config *c, smac_error *error)
{
    const json_t *blocks = json_object_get(root, "blocks");
    TRY(take_integer(json_object_get(root, "image_size"), "image_size", &c->image_size, error));
    TRY(take_integer(json_object_get(root, "stem"), "stem", &c->stem, error));
    TRY(take_integer(json_object_get(root, "head"), "head", &c->head, error));
    if (!json_is_array(blocks) || json_array_size(blocks) < 1 || json_array_size(blocks) > MOBILENET_BLOCKS)
        return FAIL(
            error, SMAC_ERROR_FORMAT, "MobileNet's \"blocks\" is not a list of 1 to %d blocks", MOBILENET_BLOCKS);
    for (size_t i = 0; i < json_array_size(blocks); i++) {
        const json_t *block = json_array_get(blocks, i);
        mobilenet_block_sizes *b = &c->blocks[c->block_count++];
        if (json_array_size(block) != 3)
            return FAIL(error, SMAC_ERROR_FORMAT, "block %zu of MobileNet is not [hidden, outputs, stride]", i);
        TRY(take_integer(json_array_get(block, 0), "hidden of a block", &b->hidden, error));
        TRY(take_integer(json_array_get(block, 1), "outputs of a block", &b->outputs, error));
        TRY(take_integer(json_array_get(block, 2), "stride of a block", &b->stride, error));
    }
    return mobilenet_config_check(c, error);
}

smac_status mobilenet_config_from_json(const char *json, size_t size, mobilenet_config *out, smac_error *error)
{
    json_t *root;
    TRY(json_parse_object(json, size, "MobileNet's description", &root, error));
    mobilenet_config c = {0};
    smac_status status = config_from_object(root, &c, error);
    json_decref(root);
    if (status == SMAC_OK)
        *out = c;
    return status;
}

/* --- files -------------------------------------------------------------------------------------------------------- */

static const tensor_entry *find_part(const tensor_file *file, int64_t feature, const char *rest)
{
    char name[64];
    snprintf(name, sizeof name, "features.%lld.%s", (long long)feature, rest);
    const tensor_entry *e = tensor_file_find(file, name);
    return e && e->rank == 4 ? e : NULL;
}

bool mobilenet_is_in(const tensor_file *file)
{
    return find_part(file, 0, "0.weight") && find_part(file, 1, "conv.0.0.weight") &&
        find_part(file, 1, "conv.1.weight");
}

smac_status mobilenet_config_of_file(const tensor_file *file, mobilenet_config *out, smac_error *error)
{
    mobilenet_config c, standard;
    mobilenet_config_standard(1, &standard);
    c = (mobilenet_config){.image_size = IMAGE_SIZE, .stem = find_part(file, 0, "0.weight")->dim[0]};
    for (int64_t feature = 1; c.block_count < MOBILENET_BLOCKS; feature++) {
        const tensor_entry *depth = find_part(file, feature, "conv.1.0.weight");
        const tensor_entry *project = find_part(file, feature, depth ? "conv.2.weight" : "conv.1.weight");
        if (!depth)
            depth = find_part(file, feature, "conv.0.0.weight");
        if (!depth || !project)
            break;
        c.blocks[c.block_count++] = (mobilenet_block_sizes){.hidden = depth->dim[0], .outputs = project->dim[0]};
    }
    const tensor_entry *head = find_part(file, c.block_count + 1, "0.weight");
    if (!head || c.block_count != STANDARD_BLOCKS)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "it is a MobileNetV2 of %lld blocks%s; without a description in the file only the published form of 17 blocks "
            "is known: choose another file",
            (long long)c.block_count, head ? "" : " without a last convolution");
    c.head = head->dim[0];
    for (int i = 0; i < STANDARD_BLOCKS; i++)
        c.blocks[i].stride = standard.blocks[i].stride;
    TRY(mobilenet_config_check(&c, error));
    *out = c;
    return SMAC_OK;
}
