/* base/error.c - filling the caller's error. */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"

enum { TEXT_MAX = 3000 }; /* of a message before it is cut to smac_error's fields */

/* message: what, and the advice after "; " */
static void join_message(smac_error *error)
{
    _Static_assert(sizeof error->what + 2 + sizeof error->advice <= sizeof error->message, "both fit");
    snprintf(error->message, sizeof error->message, "%s%s%s", error->what, error->advice[0] ? "; " : "", error->advice);
}

/* The length of the text that format gives up to its last "; ", which separates the advice; SIZE_MAX: it has none. */
static size_t length_before_advice(const char *format, va_list arguments)
{
    const char *split = NULL;
    for (const char *at = format; (at = strstr(at, "; ")); at++)
        split = at;
    char head[TEXT_MAX];
    if (!split || (size_t)(split - format) >= sizeof head)
        return SIZE_MAX;
    memcpy(head, format, (size_t)(split - format));
    head[split - format] = 0;
    int length = number_vformat(NULL, 0, head, arguments);
    return length < 0 ? SIZE_MAX : (size_t)length;
}

smac_status error_vset(smac_error *error, smac_status code, const char *where, const char *format, va_list arguments)
{
    if (!error)
        return code;
    char text[TEXT_MAX];
    va_list again;
    va_copy(again, arguments);
    int wanted = number_vformat(text, sizeof text, format, arguments); /* apart: an argument may be the old message */
    size_t length = wanted < 0 ? 0 : (size_t)wanted < sizeof text ? (size_t)wanted : sizeof text - 1;
    size_t head = length_before_advice(format, again);
    va_end(again);
    if (head > length)
        head = length;
    size_t rest = head + 2 < length ? head + 2 : length;
    utf8_printable(text, head, error->what, sizeof error->what);
    utf8_printable(text + rest, length - rest, error->advice, sizeof error->advice);
    snprintf(error->where, sizeof error->where, "%s", where ? where : "");
    error->code = code;
    join_message(error);
    return code;
}

smac_status error_set(smac_error *error, smac_status code, const char *where, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    error_vset(error, code, where, format, arguments);
    va_end(arguments);
    return code;
}

smac_status error_copy(smac_error *error, const smac_error *from)
{
    if (error && error != from)
        *error = *from;
    return from->code;
}

smac_status error_context(smac_error *error, smac_status status, const char *format, ...)
{
    if (!error || status == SMAC_OK)
        return status;
    char text[TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    int length = number_vformat(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t used = length < 0 ? 0 : (size_t)length < sizeof text ? (size_t)length : sizeof text - 1;
    snprintf(text + used, sizeof text - used, ": %s", error->what);
    utf8_printable(text, strlen(text), error->what, sizeof error->what);
    join_message(error);
    return status;
}

smac_status error_advise(smac_error *error, smac_status status, smac_status code, const char *advice)
{
    if (!error || status != code || status == SMAC_OK)
        return status;
    size_t length = strlen(error->advice), more = strlen(advice), between = length ? 2 : 0;
    bool there = length >= more && strcmp(error->advice + length - more, advice) == 0;
    if (!there && length + between + more < sizeof error->advice) {
        memcpy(error->advice + length, "; ", between);
        memcpy(error->advice + length + between, advice, more + 1);
        join_message(error);
    }
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
