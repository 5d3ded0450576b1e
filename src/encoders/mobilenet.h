/*
 * encoders/mobilenet.h - MobileNetV2 (Sandler and others 2018) as an encoder of single pictures: inverted residual blocks
 * of any number and width; the vector is the mean over the last feature map.
 *
 * Names and shapes are those of torchvision's mobilenet_v2.  Its batch norms are folded into the convolutions before them
 * when weights are read: w g / sqrt(variance + 1e-5), and the norm's bias minus mean g / sqrt(variance + 1e-5).  The
 * store holds what comes out, channels last, under the names of the convolution's weight and the norm's bias with
 * ".folded" at the end; training goes on with that and has no norms.  The classifier of a file is not read.
 */
#ifndef SMAC_ENCODERS_MOBILENET_H
#define SMAC_ENCODERS_MOBILENET_H

#include "encoders/parameter_list.h"
#include "weights/tensor_file.h"

enum { MOBILENET_BLOCKS = 64 };

/* hidden equal to the block's input: no expansion, as in the first block. */
typedef struct mobilenet_block_sizes {
    int64_t hidden, outputs, stride;
} mobilenet_block_sizes;

typedef struct mobilenet_config {
    int64_t image_size; /* side of the square picture: 96 */
    int64_t stem, head; /* outputs of the first convolution, 32, and of the last, 1280 */
    int64_t block_count;
    mobilenet_block_sizes blocks[MOBILENET_BLOCKS];
} mobilenet_config;

/* The published one, 17 blocks; width: the multiplier of torchvision, 1 for the published weights. */
void mobilenet_config_standard(double width, mobilenet_config *out);
/* ARGUMENT with the size that is invalid. */
smac_status mobilenet_config_check(const mobilenet_config *c, smac_error *error);
/* {"model_type": "mobilenet_v2", "image_size", "stem", "head", "blocks": [[hidden, outputs, stride], ...]}, and back. */
void mobilenet_config_to_json(const mobilenet_config *c, text_buffer *out);
smac_status mobilenet_config_from_json(const char *json, size_t size, mobilenet_config *out, smac_error *error);
/* Whether a file holds such a network under its published names. */
bool mobilenet_is_in(const tensor_file *file);
/* Sizes by the shapes of a file without a description: strides are those of the published network of 17 blocks. */
smac_status mobilenet_config_of_file(const tensor_file *file, mobilenet_config *out, smac_error *error);

typedef struct mobilenet mobilenet;

/*
 * Adds the parameters under prefix, before the store is sealed.  trainable_blocks: -1 all, 0 none, n the last n blocks
 * and the convolution after them.  Free with mobilenet_free; the store must outlive it.
 */
smac_status mobilenet_add(parameter_store *store, const char *prefix, const mobilenet_config *config,
    int trainable_blocks, mobilenet **out, smac_error *error);
void mobilenet_free(mobilenet *m);
const mobilenet_config *mobilenet_get_config(const mobilenet *m);
parameter_list *mobilenet_parameters(mobilenet *m); /* owned by m */

/* Before sealing: frozen matrices are packed, folded, at a precision. */
smac_status mobilenet_pack(mobilenet *m, const tensor_file *file, precision how, smac_error *error);
/* After sealing: all else is read and folded. */
smac_status mobilenet_load(mobilenet *m, const tensor_file *file, smac_error *error);
/* Every tensor of the norms that is read beside those of the list. */
typedef smac_status (*tensor_visitor)(void *user, const tensor_entry *entry, smac_error *error);
smac_status mobilenet_visit_norms(
    const mobilenet *m, const tensor_file *file, tensor_visitor visit, void *user, smac_error *error);

/*
 * pictures (B, 3, image_size, image_size), RGB, normalised as ImageBind's (media/resize.h); the network's own mean and
 * deviation are put in their place while they are laid out.  Gives (B, head).  map (may be NULL): the last feature map
 * (B, pixels, head).  hidden (may be NULL): block_count + 1 values, the first block's input and each block's result as
 * (B, pixels, channels).  Not differentiated with respect to pictures.
 */
value *mobilenet_forward(
    tape *t, const mobilenet *m, const float *pictures, int64_t batch, value **map, value **hidden);

#endif
