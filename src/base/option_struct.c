/* base/option_struct.c - option structs of callers that were built with another version of the header. */
#include "base/option_struct.h"

#include <string.h>

enum { LARGEST = 1 << 16 }; /* a larger size was never set */

void option_struct_init(void *options, size_t size, const void *defaults, size_t own)
{
    if (!options || size < sizeof size)
        return;
    memset(options, 0, size);
    memcpy(options, defaults, size < own ? size : own);
    memcpy(options, &size, sizeof size);
}

smac_status option_struct_read(const void *given, void *out, size_t own, const char *name, smac_error *error)
{
    size_t theirs;
    if (!given)
        return SMAC_OK;
    memcpy(&theirs, given, sizeof theirs);
    if (theirs < sizeof theirs || theirs > LARGEST)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "the size of %s is not set: call %s_default first", name, name);
    for (size_t i = own; i < theirs; i++)
        if (((const unsigned char *)given)[i])
            return FAIL(error, SMAC_ERROR_UNSUPPORTED,
                "%s sets an option that this version of the library does not have: use a newer library", name);
    memcpy(out, given, theirs < own ? theirs : own);
    memcpy(out, &own, sizeof own);
    return SMAC_OK;
}
