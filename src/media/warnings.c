/* media/warnings.c - lists of warnings. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "media/media.h"

bool media_warnings_add(media_warnings *w, const char *sentence)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->items[i], sentence) == 0)
            return false;
    char *copy = memory_copy_text(sentence);
    char **items = copy ? memory_resize(w->items, w->count + 1, sizeof *items) : NULL;
    if (!items) {
        free(copy);
        return false;
    }
    w->items = items;
    items[w->count++] = copy;
    return true;
}

void media_warnings_copy(const media_warnings *from, media_warnings *to)
{
    *to = (media_warnings){.broken_packets = from->broken_packets};
    for (size_t i = 0; i < from->count; i++)
        media_warnings_add(to, from->items[i]);
}

void media_warnings_free(media_warnings *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < w->count; i++)
        free(w->items[i]);
    free(w->items);
    *w = (media_warnings){0};
}
