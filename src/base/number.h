/*
 * base/number.h - numbers to text and back, the same in every locale: '.' is the decimal point.
 *
 * Whatever a program reads again (CSV, JSON, SVG, HTML, YAML, training state) is written and read through this file and
 * text_format: a host that has called setlocale must not change it.  tests/base/test_numbers.c keeps strtod and the
 * float formats of printf out of the rest of the library.
 */
#ifndef SMAC_BASE_NUMBER_H
#define SMAC_BASE_NUMBER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NUMBER_TEXT_MAX = 32 }; /* bytes for the texts below, with the NUL */

/* vsnprintf and snprintf in the C locale. */
int number_vformat(char *out, size_t size, const char *format, va_list arguments) __attribute__((format(printf, 3, 0)));
int number_format(char *out, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The fewest digits that read back as the same double or float; "nan", "inf", "-inf".  Returns out. */
char *number_shortest(double value, char out[NUMBER_TEXT_MAX]);
char *number_shortest_float(float value, char out[NUMBER_TEXT_MAX]);
/* A hexadecimal float ("0x1.8p+1"): exact, and number_parse reads it.  Returns out. */
char *number_hexadecimal(double value, char out[NUMBER_TEXT_MAX]);

/*
 * The whole text as a number; false when it is NULL, empty, has leading space or trailing bytes, or is out of range.
 * number_parse accepts what strtod does: decimal and hexadecimal floats, "inf" and "nan".
 */
bool number_parse(const char *text, double *out);
bool number_parse_integer(const char *text, int64_t *out);

#endif
