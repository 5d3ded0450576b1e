/* speech/languages.h - the languages that Whisper knows, by code and by English name. */
#ifndef SMAC_SPEECH_LANGUAGES_H
#define SMAC_SPEECH_LANGUAGES_H

#include <stdbool.h>
#include <stddef.h>

enum { LANGUAGE_CODE_SIZE = 16 };

/*
 * Whisper's code of a language given as a code in any case ("EN"), with a region or a script ("zh-CN", "pt_BR"), or as
 * an English name ("English"), into out.  A code that is not in the table is kept in lower case, without its region:
 * the model decides whether it knows it.  false: the text is not a language.
 */
bool language_code(const char *text, char out[LANGUAGE_CODE_SIZE]);

/* "english" for "en"; NULL for a code that is not in the table. */
const char *language_name(const char *code);

/* Whether words are separated by spaces in the language with this code. */
bool language_has_spaces(const char *code);

#endif
