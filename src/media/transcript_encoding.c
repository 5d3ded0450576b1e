/*
 * media/transcript_encoding.c - converting a transcript to UTF-8.
 *
 * Three cases are converted with a warning: UTF-16 without byte order mark, UTF-8 in which characters are split between
 * two segments, and Windows-1252 if the text looks like a Western European language.  Other encodings cannot be
 * distinguished reliably and are refused.
 */
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "media/transcript_text.h"

#define REPLACEMENT "\xEF\xBF\xBD"

/* --- UTF-16 and UTF-32 --------------------------------------------------------------------------------------------- */

static smac_status decode_utf16(
    const char *data, size_t size, bool big, const char *name, text_buffer *out, smac_error *error)
{
    const unsigned char *bytes = (const unsigned char *)data;
    for (size_t i = 0; i < size; i += 2) {
        if (i + 1 >= size)
            return FAIL(error, SMAC_ERROR_FORMAT,
                "%s is cut off: UTF-16 with an odd number of bytes (%zu); export it again", name, size);
        uint32_t unit = big ? (uint32_t)bytes[i] << 8 | bytes[i + 1] : (uint32_t)bytes[i + 1] << 8 | bytes[i];
        if (unit >= 0xD800 && unit < 0xDC00 && i + 3 < size) {
            uint32_t low =
                big ? (uint32_t)bytes[i + 2] << 8 | bytes[i + 3] : (uint32_t)bytes[i + 3] << 8 | bytes[i + 2];
            if (low >= 0xDC00 && low < 0xE000) {
                unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
                i += 2;
            }
        }
        if (unit >= 0xD800 && unit < 0xE000)
            return FAIL(error, SMAC_ERROR_FORMAT,
                "%s is not valid UTF-16: half a surrogate pair at byte %zu; export it as UTF-8", name, i);
        if (unit == 0xFEFF)
            continue;
        char encoded[4];
        text_add_n(out, encoded, (size_t)utf8_put(unit, encoded));
    }
    return SMAC_OK;
}

/* UTF-16 without a mark has a zero byte in most pairs, always at the same position.  0: no; else '<' or '>'. */
static char utf16_without_mark(const unsigned char *b, size_t size)
{
    size_t zeros[2] = {0, 0}, looked = size < 4096 ? size : 4096;
    for (size_t i = 0; i < looked; i++)
        zeros[i % 2] += b[i] == 0;
    if (size < 4 || size % 2 != 0)
        return 0;
    if (zeros[0] == 0 && zeros[1] * 10 > looked / 2 * 7)
        return '<';
    return zeros[1] == 0 && zeros[0] * 10 > looked / 2 * 7 ? '>' : 0;
}

/* --- bytes that are not UTF-8 -------------------------------------------------------------------------------------- */

/* The code points of 0x80 to 0x9F in Windows-1252; 0: undefined. */
static const uint16_t windows1252[32] = {0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030,
    0x0160, 0x2039, 0x0152, 0, 0x017D, 0, 0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122,
    0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178};

/*
 * Letters of German, French, Spanish, Portuguese, Italian, Dutch, Danish, Norwegian, Swedish and Finnish.  Other letters of
 * Windows-1252 (Icelandic ones, s and z with caron) are more likely Turkish or Central European text in another encoding.
 */
static bool is_letter_1252(unsigned char c)
{
    bool other = c == 0xD0 || c == 0xDD || c == 0xDE || c == 0xF0 || c == 0xFD || c == 0xFE;
    return (c >= 0xC0 && c != 0xD7 && c != 0xF7 && !other) || c == 0x8C || c == 0x9C || c == 0x9F;
}

/* Punctuation and signs of Western European prose. */
static bool is_mark_1252(unsigned char c)
{
    bool is_caron = c == 0x8A || c == 0x8E || c == 0x9A || c == 0x9E;
    return (c >= 0x80 && c < 0xA0 && windows1252[c - 0x80] && !is_letter_1252(c) && !is_caron) ||
        (c > 0 && strchr("\xA0\xA1\xA3\xA7\xA9\xAA\xAB\xAD\xAE\xB0\xB2\xB4\xB7\xBA\xBB\xBC\xBD\xBF", c));
}

typedef struct high_bytes {
    size_t first; /* position of the first malformed byte; SIZE_MAX: none */
    size_t count, high_letters, letters, longest, pairs, runs;
    size_t valid;  /* well-formed characters of several bytes */
    size_t broken; /* malformed parts */
    size_t begins, runs_that_begin,
        ends; /* of these: second halves at the beginning, first halves at the end of a line or a JSON text */
    bool is_western;
} high_bytes;

static bool is_edge(char c)
{
    return c == '"' || c == '\n' || c == '\r';
}

/* Count the malformed parts, as utf8_next finds them. */
static void measure_utf8(const char *text, size_t length, high_bytes *h)
{
    for (size_t at = 0; at < length;) {
        size_t from = at;
        uint32_t c = utf8_next(text, length, &at);
        bool malformed = c == 0xFFFD && !(at - from == 3 && memcmp(text + from, REPLACEMENT, 3) == 0);
        h->valid += at - from > 1 && !malformed;
        if (!malformed)
            continue;
        if (h->broken++ == 0)
            h->first = from;
        unsigned char lead = (unsigned char)text[from];
        size_t before = from;
        while (before > 0 && ((unsigned char)text[before - 1] & 0xC0) == 0x80)
            before--; /* other bytes of the same second half */
        bool is_end = lead >= 0xC2 && lead <= 0xF4 && (at == length || is_edge(text[at]));
        bool is_begin = (lead & 0xC0) == 0x80 && (before == 0 || is_edge(text[before - 1]));
        h->begins += is_begin;
        h->runs_that_begin += is_begin && before == from;
        h->ends += is_end && !is_begin;
    }
}

static high_bytes measure_bytes(const char *text, size_t length)
{
    high_bytes h = {.first = SIZE_MAX, .is_western = true};
    measure_utf8(text, length, &h);
    if (h.first == SIZE_MAX)
        return h;
    size_t run = 0;
    for (size_t i = 0; i <= length; i++) {
        unsigned char c = i < length ? (unsigned char)text[i] : 0;
        if (c >= 0x80) {
            h.count++;
            h.high_letters += is_letter_1252(c);
            run++;
            h.is_western = h.is_western && (is_letter_1252(c) || is_mark_1252(c));
            continue;
        }
        h.letters += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        h.runs += run > 0;
        h.pairs += run > 0 && run % 2 == 0;
        h.longest = run > h.longest ? run : h.longest;
        run = 0;
    }
    h.is_western = h.is_western && h.longest <= 3 && h.high_letters * 3 <= h.letters + 8;
    return h;
}

/* Whether characters were split: halves come in pairs.  JSON is always UTF-8. */
static bool are_halves(const high_bytes *h, bool is_json)
{
    return h->begins + h->ends == h->broken && (is_json || h->runs_that_begin == h->ends);
}

static size_t line_of(const char *text, size_t at)
{
    size_t line = 1;
    for (size_t i = 0; i < at; i++)
        line += text[i] == '\n';
    return line;
}

static smac_status not_utf8(const char *text, const high_bytes *h, const char *name, smac_error *error)
{
    const char *guess = "WINDOWS-1252";
    if (h->count > h->letters)
        guess = h->pairs == h->runs ? "GB18030 (or BIG5, SHIFT-JIS, EUC-KR)" : "WINDOWS-1251 (or KOI8-R, WINDOWS-1253)";
    else if (!h->is_western)
        guess = "WINDOWS-1250 (or WINDOWS-1252, WINDOWS-1254)";
    return FAIL(error, SMAC_ERROR_FORMAT,
        "%s is not UTF-8: byte 0x%02X at position %zu (line %zu); convert it first from the encoding it was written in, "
        "perhaps %s, with: iconv -f ENCODING -t UTF-8 OLD -o NEW",
        name, (unsigned char)text[h->first], h->first, line_of(text, h->first), guess);
}

static void add_replaced(const char *text, size_t length, text_buffer *out)
{
    for (size_t at = 0; at < length;) {
        size_t from = at;
        if (utf8_next(text, length, &at) == 0xFFFD)
            text_add(out, REPLACEMENT);
        else
            text_add_n(out, text + from, at - from);
    }
}

static void add_windows1252(const char *text, size_t length, text_buffer *out)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        char encoded[4];
        uint32_t code = c >= 0x80 && c < 0xA0 ? windows1252[c - 0x80] : c;
        text_add_n(out, encoded, (size_t)utf8_put(code, encoded));
    }
}

static void encoding_warn(media_warnings *warnings, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void encoding_warn(media_warnings *warnings, const char *format, ...)
{
    char sentence[300];
    va_list arguments;
    va_start(arguments, format);
    number_vformat(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    media_warnings_add(warnings, sentence);
}

/* Text without a byte order mark of UTF-16. */
static smac_status decode_bytes(
    const transcript_source *s, text_buffer *out, media_warnings *warnings, smac_error *error)
{
    high_bytes h = measure_bytes(s->data, s->size);
    if (h.first == SIZE_MAX) {
        text_add_n(out, s->data, s->size);
    } else if (are_halves(&h, s->is_json) || h.valid >= 4 * h.broken) {
        encoding_warn(warnings,
            "%zu characters are cut in half or damaged (the first in line %zu): they were replaced by U+FFFD", h.broken,
            line_of(s->data, h.first));
        add_replaced(s->data, s->size, out);
    } else if (h.is_western && h.valid == 0) {
        encoding_warn(warnings,
            "it is not UTF-8 (byte 0x%02X in line %zu) and was read as Windows-1252: if the words are wrong, convert it "
            "from the encoding it was written in",
            (unsigned char)s->data[h.first], line_of(s->data, h.first));
        add_windows1252(s->data, s->size, out);
    } else {
        return not_utf8(s->data, &h, s->name, error);
    }
    return SMAC_OK;
}

smac_status transcript_decode(const transcript_source *s, text_buffer *out, media_warnings *warnings, smac_error *error)
{
    const unsigned char *b = (const unsigned char *)s->data;
    size_t size = s->size;
    text_add_n(out, "", 0);
    bool little = size >= 2 && b[0] == 0xFF && b[1] == 0xFE, big = size >= 2 && b[0] == 0xFE && b[1] == 0xFF;
    if (size >= 4 && ((little && !b[2] && !b[3]) || (!b[0] && !b[1] && b[2] == 0xFE && b[3] == 0xFF)))
        return FAIL(error, SMAC_ERROR_UNSUPPORTED,
            "%s is UTF-32, expected UTF-8; convert it first with: iconv -f UTF-32 -t UTF-8 OLD -o NEW", s->name);
    char unmarked = little || big ? 0 : utf16_without_mark(b, size);
    if (unmarked)
        encoding_warn(warnings, "it was read as UTF-16, though it has no byte order mark");
    if (little || big || unmarked) {
        TRY(decode_utf16(s->data, size, big || unmarked == '>', s->name, out, error));
    } else {
        transcript_source rest = *s;
        size_t mark = size >= 3 && memcmp(s->data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
        rest.data += mark;
        rest.size -= mark;
        TRY(decode_bytes(&rest, out, warnings, error));
    }
    if (out->failed)
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for %s", s->name);
    const char *zero = out->length ? memchr(out->data, 0, out->length) : NULL;
    if (zero)
        return FAIL(error, SMAC_ERROR_FORMAT,
            "%s holds a byte 0 at position %zu, expected text in UTF-8: convert it first", s->name,
            (size_t)(zero - out->data));
    return SMAC_OK;
}
