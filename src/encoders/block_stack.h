/*
 * encoders/block_stack.h - running an encoder's blocks one after the other: what comes before the first trained block on
 * a tape of its own, results in place where nothing is recorded, every layer's states for whoever asks.
 */
#ifndef SMAC_ENCODERS_BLOCK_STACK_H
#define SMAC_ENCODERS_BLOCK_STACK_H

#include "encoders/transformer_block.h"

typedef struct block_stack {
    const parameter_list *list;
    const transformer_block *blocks; /* inner of them for each group of shared layers */
    int64_t layers, shared, inner; /* shared 1: every layer has weights of its own; inner: blocks of a layer (ALBERT) */
    /* What goes into the first block, (B, T, width); call is what block_stack_forward got. */
    value *(*embed)(tape *t, const void *call);
    /* What the blocks share, into an empty context; false on failure, which the tape keeps.  NULL: nothing. */
    bool (*context)(tape *t, const void *call, block_context *context);
} block_stack;

/*
 * Embedding and blocks: (B, T, width).  Of a recording tape the frozen front (embedding and leading blocks without
 * trained parameters) is not recorded.  hidden NULL, or places for layers + 1 values: the embedding's, and each layer's;
 * then all is recorded.
 */
value *block_stack_forward(tape *t, const block_stack *s, const void *call, value **hidden);

/* How many leading layers hold nothing that is trained, as the embedding before them: -1 when that is trained. */
int64_t block_stack_frozen(const block_stack *s);
/*
 * The forward pass in two parts, for whoever keeps the states between them: front is embedding and frozen layers, without a
 * note on a recording tape, resume all that follows.  Together they give what block_stack_forward gives.
 */
value *block_stack_front(tape *t, const block_stack *s, const void *call);
value *block_stack_resume(tape *t, const block_stack *s, const void *call, value *front);

#endif
