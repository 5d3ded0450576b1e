/* autograd/tape_internal.h - what tape.c, values.c and backward.c share: the tape's own struct. */
#ifndef SMAC_AUTOGRAD_TAPE_INTERNAL_H
#define SMAC_AUTOGRAD_TAPE_INTERNAL_H

#include "autograd/device.h"
#include "autograd/internal.h"

/* A value with what only the tape needs to know. */
typedef struct node {
    value v;
    arena_mark born; /* where its numbers lie in the tape's values, to know whether they are older than a scope */
    bool keep;       /* its gradient is not given back during the backward pass */
} node;

/* One operation that a gradient may flow back through. */
typedef struct note {
    const char *operation;
    value *out;
    void *context;
    tape_backward_fn backward;
} note;

typedef struct free_buffer {
    float *data;
    size_t bytes;
} free_buffer;

/* A host array that an operation reads in place on the CPU, and its copy in the device's memory. */
typedef struct resident {
    const void *host;
    size_t bytes;
    void *copy;
} resident;

struct tape {
    tape_options options;
    const device_operations *device;
    device_run run;
    arena *memory;             /* the host's: nodes, contexts, tape_scratch */
    arena *values, *gradients; /* the device's */
    note *notes;
    size_t note_count, note_capacity;
    value **parameters; /* values made by tape_parameter for trainable ones */
    size_t parameter_count, parameter_capacity;
    free_buffer *unused; /* gradients and scratch that may be used again */
    size_t unused_count, unused_capacity;
    resident *residents;
    size_t resident_count, resident_capacity;
    void *spare; /* the device's: for moving a scope's result */
    size_t spare_bytes;
    uint64_t stream;
    smac_error error;
};

#endif
