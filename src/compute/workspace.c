/* compute/workspace.c - one block that grows. */
#include "compute/workspace.h"

#include "base/memory.h"

void *workspace_take(workspace *w, size_t bytes)
{
    if (!w)
        return memory_aligned(bytes);
    if (!w->memory || bytes > w->bytes) {
        workspace_clear(w);
        size_t wanted;
        if (!checked_add(bytes, bytes / 4 + 64, &wanted)) /* so that slowly growing needs do not ask each time */
            return NULL;
        w->memory = memory_aligned(wanted);
        if (!w->memory) {
            wanted = bytes;
            w->memory = memory_aligned(wanted);
        }
        w->bytes = w->memory ? wanted : 0;
    }
    return w->memory;
}

void workspace_return(workspace *w, void *memory)
{
    if (!w)
        memory_aligned_free(memory);
}

void workspace_clear(workspace *w)
{
    memory_aligned_free(w->memory);
    *w = (workspace){NULL, 0};
}
