/*
 * tests/support/comma_locale.h - a locale whose decimal point is a comma, made by the test itself.  The bytes are what
 * localedef (GNU C library 2.41) writes for LC_NUMERIC with decimal_point ",", thousands_sep "." and grouping 3;3.
 */
#ifndef SMAC_TESTS_SUPPORT_COMMA_LOCALE_H
#define SMAC_TESTS_SUPPORT_COMMA_LOCALE_H

#include "support/folder.h"

#include <locale.h>
#include <stdbool.h>

/* Numbers of the whole process have commas from now on; false where the C library does not take the file: skip(). */
static inline bool comma_locale_begin(void)
{
    static const unsigned char numeric[] = {0x14, 0x11, 0x03, 0x20, 0x06, 0x00, 0x00, 0x00, 0x20, 0x00, 0x00, 0x00,
        0x22, 0x00, 0x00, 0x00, 0x24, 0x00, 0x00, 0x00, 0x28, 0x00, 0x00, 0x00, 0x2c, 0x00, 0x00, 0x00, 0x30, 0x00,
        0x00, 0x00, 0x2c, 0x00, 0x2e, 0x00, 0x03, 0x03, 0x00, 0x00, 0x2c, 0x00, 0x00, 0x00, 0x2e, 0x00, 0x00, 0x00,
        0x41, 0x4e, 0x53, 0x49, 0x5f, 0x58, 0x33, 0x2e, 0x34, 0x2d, 0x31, 0x39, 0x36, 0x38, 0x00};
    char folder[256], inner[512], path[512];
    folder_new(folder);
    mkdir(file_in(folder, "comma", inner), 0700);
    FILE *file = fopen(file_in(inner, "LC_NUMERIC", path), "wb");
    assert_non_null(file);
    fwrite(numeric, 1, sizeof numeric, file);
    fclose(file);
    setenv("LOCPATH", folder, 1);
    bool made = setlocale(LC_NUMERIC, "comma") && strcmp(localeconv()->decimal_point, ",") == 0;
    unsetenv("LOCPATH");
    folder_remove(folder);
    if (!made)
        setlocale(LC_NUMERIC, "C");
    return made;
}

static inline void comma_locale_end(void)
{
    setlocale(LC_NUMERIC, "C");
}

#endif
