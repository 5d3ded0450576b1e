/* base/error.h - filling the caller's smac_error. */
#ifndef SMAC_BASE_ERROR_H
#define SMAC_BASE_ERROR_H

#include "semanticmac/error.h"

/* Fill error (may be NULL) and return code.  The format gives one sentence. */
smac_status error_set(smac_error *error, smac_status code, const char *where, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Put "prefix: " before the message that is there, to say for which file or row it holds; returns error's code. */
smac_status error_prefix(smac_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Put "; advice" behind the message that is there if the error has this code, to say once at the end of a file's reader
 * what to do about all that it refuses.  A message that has this advice already, or no room for it, stays; so does a
 * status (what the reader returned) of another code.  Returns status.
 */
smac_status error_advise(smac_error *error, smac_status status, smac_status code, const char *advice);

/* return FAIL(error, SMAC_ERROR_FORMAT, "found %d, expected %d", a, b); */
#define FAIL(error, code, ...) error_raised(error_set((error), (code), __func__, __VA_ARGS__))

/* Tells the compiler that a failure's status is never SMAC_OK, so that it sees which paths go on. */
static inline smac_status error_raised(smac_status code)
{
    if (code == SMAC_OK)
        __builtin_unreachable();
    return code;
}

/* Leave the enclosing function with the status of a call that failed. */
#define TRY(call)                         \
    do {                                  \
        smac_status try_status_ = (call); \
        if (try_status_ != SMAC_OK)       \
            return try_status_;           \
    } while (0)

#endif
