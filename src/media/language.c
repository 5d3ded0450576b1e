/* media/language.c - comparing language codes. */
#include "media/language.h"

#include <string.h>
#include <strings.h>

/* One language per row: ISO 639-1, ISO 639-2 (terminology, bibliographic), and other codes in use. */
static const char *const same[] = {"aa aar", "ab abk", "ae ave", "af afr", "ak aka", "am amh", "an arg", "ar ara arb",
    "as asm", "av ava", "ay aym", "az aze", "ba bak", "be bel", "bg bul", "bi bis", "bm bam", "bn ben", "bo bod tib",
    "br bre", "bs bos", "ca cat", "ce che", "ch cha", "co cos", "cr cre", "cs ces cze", "cu chu", "cv chv",
    "cy cym wel", "da dan", "de deu ger", "dv div", "dz dzo", "ee ewe", "el ell gre", "en eng", "eo epo", "es spa",
    "et est", "eu eus baq", "fa fas per", "ff ful", "fi fin", "fj fij", "fo fao", "fr fra fre", "fy fry", "ga gle",
    "gd gla", "gl glg", "gn grn", "gu guj", "gv glv", "ha hau", "he heb iw", "hi hin", "ho hmo", "hr hrv scr", "ht hat",
    "hu hun", "hy hye arm", "hz her", "ia ina", "id ind in", "ie ile", "ig ibo", "ii iii", "ik ipk", "io ido",
    "is isl ice", "it ita", "iu iku", "ja jpn", "jv jav jw", "ka kat geo", "kg kon", "ki kik", "kj kua", "kk kaz",
    "kl kal", "km khm", "kn kan", "ko kor", "kr kau", "ks kas", "ku kur", "kv kom", "kw cor", "ky kir", "la lat",
    "lb ltz", "lg lug", "li lim", "ln lin", "lo lao", "lt lit", "lu lub", "lv lav", "mg mlg", "mh mah", "mi mri mao",
    "mk mkd mac", "ml mal", "mn mon", "mr mar", "ms msa may", "mt mlt", "my mya bur", "na nau", "nd nde", "ne nep",
    "ng ndo", "nl nld dut", "no nor nb nob nn nno", "nr nbl", "nv nav", "ny nya", "oc oci", "oj oji", "om orm",
    "or ori", "os oss", "pa pan", "pi pli", "pl pol", "ps pus", "pt por", "qu que", "rm roh", "rn run",
    "ro ron rum mo mol", "ru rus", "rw kin", "sa san", "sc srd", "sd snd", "se sme", "sg sag", "si sin", "sk slk slo",
    "sl slv", "sm smo", "sn sna", "so som", "sq sqi alb", "sr srp scc", "ss ssw", "st sot", "su sun", "sv swe",
    "sw swa", "ta tam", "te tel", "tg tgk", "th tha", "ti tir", "tk tuk", "tl tgl fil", "tn tsn", "to ton", "tr tur",
    "ts tso", "tt tat", "tw twi", "ty tah", "ug uig", "uk ukr", "ur urd", "uz uzb", "ve ven", "vi vie", "vo vol",
    "wa wln", "wo wol", "xh xho", "yi yid ji", "yo yor", "za zha", "zh zho chi cmn", "zu zul"};

/* The length of the code without its region or script. */
static size_t code_length(const char *code)
{
    return strcspn(code, "-_. ");
}

bool language_is_known(const char *code)
{
    static const char *const none[] = {"und", "mul", "mis", "zxx", "unk"};
    size_t length = code ? code_length(code) : 0;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (length == 3 && strncasecmp(code, none[i], 3) == 0)
            return false;
    return length > 0;
}

static bool row_has(const char *row, const char *code, size_t length)
{
    while (*row) {
        size_t word = strcspn(row, " ");
        if (word == length && strncasecmp(row, code, length) == 0)
            return true;
        row += word + (row[word] == ' ');
    }
    return false;
}

bool language_is_listed(const char *code)
{
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (row_has(same[i], code, code_length(code)))
            return true;
    return false;
}

bool language_is_same(const char *one, const char *two)
{
    size_t a = code_length(one), b = code_length(two);
    if (a == 0 || b == 0)
        return false;
    if (a == b && strncasecmp(one, two, a) == 0)
        return true;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (row_has(same[i], one, a))
            return row_has(same[i], two, b);
    return false;
}
