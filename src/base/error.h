/* base/error.h - filling the caller's smac_error. */
#ifndef SMAC_BASE_ERROR_H
#define SMAC_BASE_ERROR_H

#include <stdarg.h>

#include "semanticmac/error.h"

/*
 * Fill error (may be NULL) and return code.  The format is one sentence: what was found and what was expected, then, after
 * its last "; ", what to do.  Control characters and malformed bytes of the arguments (a file's or a tensor's name may
 * hold any) become '?'; what does not fit is cut between characters, the advice never with it.
 */
smac_status error_set(smac_error *error, smac_status code, const char *where, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
smac_status error_vset(smac_error *error, smac_status code, const char *where, const char *format, va_list arguments)
    __attribute__((format(printf, 4, 0)));

/* *error = *from, for an error that may be NULL; returns from's code. */
smac_status error_copy(smac_error *error, const smac_error *from);

/*
 * Put "context: " before the message, to say for which file or row it holds.  status is what the failed function
 * returned, and what this one returns: the error may be NULL.
 */
smac_status error_context(smac_error *error, smac_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Add advice to an error of this code, to say once at the end of a file's reader what to do about all that it refuses.
 * An error that ends in this advice, or has no room for it, stays as it is; so does one of another code.  Returns status.
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
