/* compute/precision.c - the names of the precisions. */
#include "compute/precision.h"

#include <string.h>

static const char *const names[] = {"f32", "bf16", "int8"};

bool precision_from_name(const char *name, precision *out)
{
    for (int i = PRECISION_F32; i <= PRECISION_INT8; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (precision)i;
            return true;
        }
    return false;
}

const char *precision_name(precision how)
{
    return names[how];
}
