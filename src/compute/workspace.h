/*
 * compute/workspace.h - scratch memory that is kept from one operation to the next.
 *
 * A workspace belongs to whoever runs the operations (a tape), one operation at a time.  It grows to the largest need
 * and is given back by its owner.  Operations that get none (NULL) take memory from the system for each call.
 */
#ifndef SMAC_COMPUTE_WORKSPACE_H
#define SMAC_COMPUTE_WORKSPACE_H

#include <stddef.h>

typedef struct workspace {
    void *memory;
    size_t bytes;
} workspace;

/* At least so many bytes, aligned to 64, with no particular contents; NULL when memory is short. */
void *workspace_take(workspace *w, size_t bytes);
/* The end of the operation: with a workspace the memory stays there. */
void workspace_return(workspace *w, void *memory);
/* Give all of it back to the system; w may be used again. */
void workspace_clear(workspace *w);

#endif
