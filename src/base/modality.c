/* base/modality.c - the one table of the modalities' names. */
#include "base/modality.h"

#include <string.h>

static const char *const names[MODALITIES_AND_SHARED] = {"text", "audio", "vision", "shared"};

const char *modality_name(int m)
{
    return m >= 0 && m < MODALITIES_AND_SHARED ? names[m] : "";
}

int modality_from_name(const char *name)
{
    for (int m = 0; m < MODALITIES_AND_SHARED; m++)
        if (strcmp(names[m], name) == 0)
            return m;
    return -1;
}
