/* encoders/mobilenet_internal.h - shared by mobilenet.c and mobilenet_weights.c. */
#ifndef SMAC_ENCODERS_MOBILENET_INTERNAL_H
#define SMAC_ENCODERS_MOBILENET_INTERNAL_H

#include "encoders/mobilenet.h"

/* A convolution with its norm. */
typedef struct mobilenet_layer {
    size_t weight_item, bias_item; /* in the list */
    parameter *weight, *bias;
    bool depthwise;
    int64_t inputs, outputs, kernel, stride;
    char norm[40]; /* the norm's published name */
} mobilenet_layer;

typedef struct mobilenet_block {
    mobilenet_layer expand, depth, project; /* expand: weight NULL where there is none */
    bool residual;
} mobilenet_block;

struct mobilenet {
    mobilenet_config config;
    parameter_list list;
    mobilenet_layer stem, head;
    mobilenet_block *blocks;
};

/* The layers that there are, in order; NULL after the last. */
const mobilenet_layer *mobilenet_layer_at(const mobilenet *m, size_t index);

#endif
