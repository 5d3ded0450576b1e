/* base/log.c - handing messages and progress to the caller. */
#include "base/log.h"
#include "base/number.h"

#include <stdarg.h>
#include <stdio.h>

void report_log(const reporter *r, log_level level, const char *format, ...)
{
    if (!r || !r->log)
        return;
    char message[1200];
    va_list arguments;
    va_start(arguments, format);
    number_vformat(message, sizeof message, format, arguments);
    va_end(arguments);
    r->log(r->user, level, message);
}

void report_detail(const reporter *r, const char *format, ...)
{
    if (!r || !r->detail)
        return;
    char figures[200];
    va_list arguments;
    va_start(arguments, format);
    number_vformat(figures, sizeof figures, format, arguments);
    va_end(arguments);
    r->detail(r->user, figures);
}

int report_progress(const reporter *r, const char *what, double done, double total)
{
    return r && r->progress ? r->progress(r->user, what, done, total) : 0;
}
