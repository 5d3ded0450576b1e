/* speech/languages.c - the table of languages, as published with Whisper, and other spellings of the same ones. */
#include "speech/languages.h"

#include <string.h>

typedef struct language {
    const char *code, *name;
} language;

/* The first row of a code has the name that is shown; the rows after it are other names. */
static const language languages[] = {{"en", "english"}, {"zh", "chinese"}, {"zh", "mandarin"}, {"zh", "cmn"},
    {"de", "german"}, {"es", "spanish"}, {"es", "castilian"}, {"ru", "russian"}, {"ko", "korean"}, {"fr", "french"},
    {"ja", "japanese"}, {"pt", "portuguese"}, {"tr", "turkish"}, {"pl", "polish"}, {"ca", "catalan"},
    {"ca", "valencian"}, {"nl", "dutch"}, {"nl", "flemish"}, {"ar", "arabic"}, {"sv", "swedish"}, {"it", "italian"},
    {"id", "indonesian"}, {"id", "in"}, {"hi", "hindi"}, {"fi", "finnish"}, {"vi", "vietnamese"}, {"he", "hebrew"},
    {"he", "iw"}, {"uk", "ukrainian"}, {"el", "greek"}, {"ms", "malay"}, {"cs", "czech"}, {"ro", "romanian"},
    {"ro", "moldavian"}, {"ro", "moldovan"}, {"ro", "mo"}, {"da", "danish"}, {"hu", "hungarian"}, {"ta", "tamil"},
    {"no", "norwegian"}, {"no", "nb"}, {"th", "thai"}, {"ur", "urdu"}, {"hr", "croatian"}, {"bg", "bulgarian"},
    {"lt", "lithuanian"}, {"la", "latin"}, {"mi", "maori"}, {"ml", "malayalam"}, {"cy", "welsh"}, {"sk", "slovak"},
    {"te", "telugu"}, {"fa", "persian"}, {"fa", "farsi"}, {"lv", "latvian"}, {"bn", "bengali"}, {"sr", "serbian"},
    {"az", "azerbaijani"}, {"sl", "slovenian"}, {"kn", "kannada"}, {"et", "estonian"}, {"mk", "macedonian"},
    {"br", "breton"}, {"eu", "basque"}, {"is", "icelandic"}, {"hy", "armenian"}, {"ne", "nepali"}, {"mn", "mongolian"},
    {"bs", "bosnian"}, {"kk", "kazakh"}, {"sq", "albanian"}, {"sw", "swahili"}, {"gl", "galician"}, {"mr", "marathi"},
    {"pa", "punjabi"}, {"pa", "panjabi"}, {"si", "sinhala"}, {"si", "sinhalese"}, {"km", "khmer"}, {"sn", "shona"},
    {"yo", "yoruba"}, {"so", "somali"}, {"af", "afrikaans"}, {"oc", "occitan"}, {"ka", "georgian"},
    {"be", "belarusian"}, {"tg", "tajik"}, {"sd", "sindhi"}, {"gu", "gujarati"}, {"am", "amharic"}, {"yi", "yiddish"},
    {"yi", "ji"}, {"lo", "lao"}, {"uz", "uzbek"}, {"fo", "faroese"}, {"ht", "haitian creole"}, {"ht", "haitian"},
    {"ps", "pashto"}, {"ps", "pushto"}, {"tk", "turkmen"}, {"nn", "nynorsk"}, {"mt", "maltese"}, {"sa", "sanskrit"},
    {"lb", "luxembourgish"}, {"lb", "letzeburgesch"}, {"my", "myanmar"}, {"my", "burmese"}, {"bo", "tibetan"},
    {"tl", "tagalog"}, {"tl", "fil"}, {"tl", "filipino"}, {"mg", "malagasy"}, {"as", "assamese"}, {"tt", "tatar"},
    {"haw", "hawaiian"}, {"ln", "lingala"}, {"ha", "hausa"}, {"ba", "bashkir"}, {"jw", "javanese"}, {"jw", "jv"},
    {"su", "sundanese"}, {"yue", "cantonese"}, {"yue", "zh-yue"}};
enum { LANGUAGE_COUNT = sizeof languages / sizeof *languages };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c == '_' ? '-' : c;
}

static const char *find_name(const char *text)
{
    for (size_t i = 0; i < LANGUAGE_COUNT; i++)
        if (!strcmp(languages[i].name, text))
            return languages[i].code;
    return NULL;
}

bool language_code(const char *text, char out[LANGUAGE_CODE_SIZE])
{
    char whole[32];
    size_t length = strlen(text);
    if (length < 2 || length >= sizeof whole)
        return false;
    for (size_t i = 0; i <= length; i++)
        whole[i] = lower(text[i]);
    const char *found = find_name(whole);
    if (!found) {
        whole[strcspn(whole, "-")] = 0;
        found = find_name(whole); /* "cmn-Hans" */
    }
    if (!found)
        found = whole;
    size_t letters = strspn(found, "abcdefghijklmnopqrstuvwxyz");
    if (found[letters] || letters < 2 || letters >= LANGUAGE_CODE_SIZE)
        return false;
    memcpy(out, found, letters + 1);
    return true;
}

const char *language_name(const char *code)
{
    for (size_t i = 0; i < LANGUAGE_COUNT; i++)
        if (!strcmp(languages[i].code, code))
            return languages[i].name;
    return NULL;
}

bool language_has_spaces(const char *code)
{
    static const char *const without[] = {"zh", "ja", "th", "lo", "my", "yue"};
    for (size_t i = 0; i < sizeof without / sizeof *without; i++)
        if (!strcmp(code, without[i]))
            return false;
    return true;
}
