/* media/language.h - language codes in containers: ISO 639-1 and ISO 639-2 (both variants), with or without region. */
#ifndef SMAC_MEDIA_LANGUAGE_H
#define SMAC_MEDIA_LANGUAGE_H

#include <stdbool.h>

bool language_is_known(const char *code);                /* not empty, "und", "mul", "mis" or "zxx" */
bool language_is_listed(const char *code);               /* a code of ISO 639-1 or -2, in two or three letters */
bool language_is_same(const char *one, const char *two); /* "de", "ger", "deu", "de-CH" and "DE" are the same */

#endif
