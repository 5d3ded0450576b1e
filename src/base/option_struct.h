/* base/option_struct.h - the public option structs, whose first member is their size as the caller was built with it. */
#ifndef SMAC_BASE_OPTION_STRUCT_H
#define SMAC_BASE_OPTION_STRUCT_H

#include <stddef.h>

#include "base/error.h"

/* options: the caller's struct of size bytes; defaults: ours, of own bytes.  What both have is copied, the rest is 0. */
void option_struct_init(void *options, size_t size, const void *defaults, size_t own);

/*
 * What given sets over our defaults: out is of own bytes, as the defaults are.  given may be NULL.
 * ARGUMENT: its size is not set; UNSUPPORTED: it sets members that this library does not have.
 */
smac_status option_struct_read(const void *given, void *out, size_t own, const char *name, smac_error *error);

#endif
