/* base/path.c - parts of file names. */
#include "base/path.h"

#include <string.h>

#include "base/memory.h"

char *path_join(const char *folder, const char *name)
{
    size_t a = strlen(folder), b = strlen(name);
    char *joined = memory_new(a + b + 2, 1);
    if (!joined)
        return NULL;
    memcpy(joined, folder, a);
    if (a && folder[a - 1] != '/')
        joined[a++] = '/';
    memcpy(joined + a, name, b + 1);
    return joined;
}

const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}
