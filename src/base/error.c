/* base/error.c - filling the caller's error. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

smac_status error_set(smac_error *error, smac_status code, const char *where, const char *format, ...)
{
    if (error) {
        va_list arguments;
        char message[sizeof error->message];
        va_start(arguments, format);
        number_vformat(message, sizeof message, format, arguments); /* apart: an argument may be the old message */
        va_end(arguments);
        memcpy(error->message, message, sizeof message);
        snprintf(error->where, sizeof error->where, "%s", where ? where : "");
        error->code = code;
    }
    return code;
}

smac_status error_prefix(smac_error *error, const char *format, ...)
{
    if (!error)
        return SMAC_ERROR_INTERNAL;
    char message[2 * sizeof error->message] = "";
    va_list arguments;
    va_start(arguments, format);
    number_vformat(message, sizeof error->message - 2, format, arguments);
    va_end(arguments);
    strcat(message, ": ");
    strcat(message, error->message); /* both halves are shorter than one message */
    message[sizeof error->message - 1] = 0;
    memcpy(error->message, message, sizeof error->message);
    return error->code;
}

smac_status error_advise(smac_error *error, smac_status status, smac_status code, const char *advice)
{
    if (!error || status != code || status == SMAC_OK || strstr(error->message, advice))
        return status;
    size_t length = strlen(error->message);
    if (length + 2 + strlen(advice) < sizeof error->message)
        snprintf(error->message + length, sizeof error->message - length, "; %s", advice);
    return status;
}

SMAC_API const char *smac_status_name(smac_status status)
{
    switch (status) {
    case SMAC_OK:
        return "ok";
    case SMAC_ERROR_ARGUMENT:
        return "wrong argument";
    case SMAC_ERROR_MEMORY:
        return "out of memory";
    case SMAC_ERROR_IO:
        return "input or output failed";
    case SMAC_ERROR_NOT_FOUND:
        return "not found";
    case SMAC_ERROR_FORMAT:
        return "malformed";
    case SMAC_ERROR_MISMATCH:
        return "mismatch";
    case SMAC_ERROR_UNSUPPORTED:
        return "not supported";
    case SMAC_ERROR_NUMERIC:
        return "not finite";
    case SMAC_ERROR_INTERRUPTED:
        return "interrupted";
    case SMAC_ERROR_INTERNAL:
        return "internal fault";
    }
    return "unknown status";
}
