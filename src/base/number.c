/* base/number.c - numbers to text and back in the C locale. */
#include "base/number.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static locale_t c_locale;
static pthread_once_t c_locale_made = PTHREAD_ONCE_INIT;

static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* the C locale is built in: this takes no file */
}

/* Switches this thread (no other) to the C locale; give the result to leave_c_locale. */
static locale_t enter_c_locale(void)
{
    pthread_once(&c_locale_made, make_c_locale);
    return c_locale == (locale_t)0 ? (locale_t)0 : uselocale(c_locale);
}

static void leave_c_locale(locale_t before)
{
    if (before != (locale_t)0)
        uselocale(before);
}

int number_vformat(char *out, size_t size, const char *format, va_list arguments)
{
    locale_t before = enter_c_locale();
    int length = vsnprintf(out, size, format, arguments);
    leave_c_locale(before);
    return length;
}

int number_format(char *out, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = number_vformat(out, size, format, arguments);
    va_end(arguments);
    return length;
}

static char *shortest(double value, int most, bool single, char out[NUMBER_TEXT_MAX])
{
    if (isnan(value))
        return strcpy(out, "nan");
    locale_t before = enter_c_locale();
    for (int digits = 1; digits <= most; digits++) {
        snprintf(out, NUMBER_TEXT_MAX, "%.*g", digits, value);
        if (single ? strtof(out, NULL) == (float)value : strtod(out, NULL) == value)
            break;
    }
    leave_c_locale(before);
    return out;
}

char *number_shortest(double value, char out[NUMBER_TEXT_MAX])
{
    return shortest(value, 17, false, out);
}

char *number_shortest_float(float value, char out[NUMBER_TEXT_MAX])
{
    return shortest((double)value, 9, true, out);
}

char *number_hexadecimal(double value, char out[NUMBER_TEXT_MAX])
{
    number_format(out, NUMBER_TEXT_MAX, "%a", value);
    return out;
}

bool number_parse(const char *text, double *out)
{
    if (!text || !*text || strchr(" \t\n\v\f\r", *text))
        return false;
    char *end;
    locale_t before = enter_c_locale();
    errno = 0;
    double x = strtod(text, &end);
    bool too_large = errno == ERANGE && fabs(x) > 1;
    leave_c_locale(before);
    if (*end || too_large)
        return false;
    *out = x;
    return true;
}

bool number_parse_integer(const char *text, int64_t *out)
{
    if (!text || !*text || strchr(" \t\n\v\f\r", *text))
        return false;
    char *end;
    errno = 0;
    long long x = strtoll(text, &end, 10);
    if (*end || errno == ERANGE)
        return false;
    *out = x;
    return true;
}
