/* analyze/options.h - option structs of callers that were built with another version of the header. */
#ifndef SMAC_ANALYZE_OPTIONS_H
#define SMAC_ANALYZE_OPTIONS_H

#include "base/error.h"
#include "semanticmac/analyze.h"

/*
 * given begins with its size (size_t).  What it holds is copied into out, of size bytes, the rest of which is 0.
 * ARGUMENT: no size; UNSUPPORTED: it sets members that this library does not know.
 */
smac_status options_copy(const void *given, void *out, size_t size, const char *name, smac_error *error);
/* The first size bytes: zeros, and the size. */
void options_init(void *options, size_t size);

/* given may be NULL.  Checked, with the defaults in place of zeros. */
smac_status analyze_options_read(const smac_analyze_options *given, smac_analyze_options *out, smac_error *error);

#endif
