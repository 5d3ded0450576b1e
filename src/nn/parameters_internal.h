/* nn/parameters_internal.h - what parameters.c and parameter_values.c share: the store's struct, its device's memory. */
#ifndef SMAC_NN_PARAMETERS_INTERNAL_H
#define SMAC_NN_PARAMETERS_INTERNAL_H

#include "autograd/device.h"
#include "nn/parameters.h"

typedef struct entry {
    parameter p; /* first, so that a parameter pointer is an entry pointer */
    initialiser init;
    float scale;
    float *own; /* the device's: values of a frozen parameter that the store allocated */
    bool packed_alone;
} entry;

struct parameter_store {
    const device_operations *device;
    arena *memory; /* entries and names */
    entry **items;
    size_t count, capacity;
    entry **table; /* open addressing, a power of two */
    size_t table_size;
    bool sealed;
    float *values, *gradients; /* the trainable blocks */
    int64_t trainable_count;
};

/* Uninitialised memory of the device; NULL when it is short. */
float *store_memory(const parameter_store *s, int64_t count);
/* Copies count numbers of the host to the device. */
smac_status store_upload(const parameter_store *s, float *to, const float *from, int64_t count, smac_error *error);

#endif
