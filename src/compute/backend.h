/*
 * compute/backend.h - which kernels and tiles run on this processor.
 *
 * A backend is a set of kernels for one kind of vectors.  Its tiles are chosen one precision at a time, each by the
 * features it needs itself: a processor with the int8 dot product and without the bfloat16 one uses what it has.
 * Backends differ in the last bits of their results.  A new kind of processor (NEON) is one more entry of the table.
 */
#ifndef SMAC_COMPUTE_BACKEND_H
#define SMAC_COMPUTE_BACKEND_H

#include "compute/cpu.h"
#include "compute/kernels.h"
#include "compute/tiles.h"

typedef struct backend_choice {
    const char *name;
    const struct kernels *kernels;
    tile_kernels tiles;
    const char *bf16, *int8; /* the features that the tiles of these precisions use, or the backend's name */
    bool onednn_sgemm;       /* float32 products of two buffers go to oneDNN: measured faster */
    bool onednn_packed;      /* packed bf16 and int8 may go there, if it has matrix tiles (compute/onednn.h) */
} backend_choice;

/* The one in use: the best that the processor can run, or the one that SMAC_KERNELS names. */
const backend_choice *backend_get(void);
/* What a processor with these features would use; named: "" or a backend to prefer.  For tests. */
backend_choice backend_for(cpu_features features, const char *named);

/* All of them, from the plain one to the best; NULL kernels: not on this processor.  For tests. */
int backend_count(void);
const struct kernels *backend_kernels_at(int index);

#endif
