/* text/unicode.c - code point classes by utf8proc, with the exceptions that parity needs. */
#include "text/unicode.h"

#include <string.h>
#include <utf8proc.h>

#include "base/memory.h"
#include "base/utf8.h"

static bool exception_find(const unicode_exceptions *table, uint32_t c, int32_t *value)
{
    size_t low = 0, high = table->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c > table->items[middle].last)
            low = middle + 1;
        else if (c < table->items[middle].first)
            high = middle;
        else {
            *value = table->items[middle].value;
            return true;
        }
    }
    return false;
}

static utf8proc_category_t category(uint32_t c)
{
    return utf8proc_category((utf8proc_int32_t)c);
}

static bool ascii_letter(uint32_t c)
{
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static bool ascii_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

bool unicode_is_space(uint32_t c)
{
    if (c < 0x80)
        return c == ' ' || (c >= 9 && c <= 13);
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
        c == 0x202F || c == 0x205F || c == 0x3000;
}

bool unicode_is_letter(uint32_t c)
{
    int32_t value;
    if (c < 0x80)
        return ascii_letter(c);
    if (exception_find(&unicode_letter_exceptions, c, &value))
        return value;
    utf8proc_category_t k = category(c);
    return k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LO;
}

static bool is_number_category(uint32_t c)
{
    utf8proc_category_t k = category(c);
    return k >= UTF8PROC_CATEGORY_ND && k <= UTF8PROC_CATEGORY_NO;
}

bool unicode_is_number(uint32_t c)
{
    int32_t value;
    if (c < 0x80)
        return ascii_digit(c);
    return exception_find(&unicode_number_exceptions, c, &value) ? value : is_number_category(c);
}

bool unicode_is_numeric(uint32_t c)
{
    int32_t value;
    if (c < 0x80)
        return ascii_digit(c);
    return exception_find(&unicode_numeric_exceptions, c, &value) ? value : is_number_category(c);
}

bool unicode_is_decimal(uint32_t c)
{
    return c < 0x80 ? ascii_digit(c) : category(c) == UTF8PROC_CATEGORY_ND;
}

bool unicode_is_mark(uint32_t c)
{
    int32_t value;
    if (c < 0x300)
        return false;
    if (exception_find(&unicode_mark_exceptions, c, &value))
        return value;
    utf8proc_category_t k = category(c);
    return k >= UTF8PROC_CATEGORY_MN && k <= UTF8PROC_CATEGORY_ME;
}

bool unicode_is_nonspacing(uint32_t c)
{
    int32_t value;
    if (c < 0x300)
        return false;
    return exception_find(&unicode_nonspacing_exceptions, c, &value) ? value : category(c) == UTF8PROC_CATEGORY_MN;
}

bool unicode_is_punctuation(uint32_t c)
{
    int32_t value;
    if (c < 0x80)
        return c > 32 && c < 127 && !ascii_letter(c) && !ascii_digit(c);
    if (exception_find(&unicode_punctuation_exceptions, c, &value))
        return value;
    utf8proc_category_t k = category(c);
    return k >= UTF8PROC_CATEGORY_PC && k <= UTF8PROC_CATEGORY_PO;
}

bool unicode_is_other(uint32_t c)
{
    int32_t value;
    if (c < 0x80)
        return (c < 32 && c != '\t' && c != '\n' && c != '\r') || c == 127;
    if (exception_find(&unicode_other_exceptions, c, &value))
        return value;
    utf8proc_category_t k = category(c);
    return k == UTF8PROC_CATEGORY_CC || k == UTF8PROC_CATEGORY_CF || k == UTF8PROC_CATEGORY_CO;
}

bool unicode_is_word(uint32_t c)
{
    int32_t value;
    if (c < 0x80)
        return ascii_letter(c) || ascii_digit(c) || c == '_';
    if (exception_find(&unicode_word_exceptions, c, &value))
        return value;
    if (c == 0x200C || c == 0x200D)
        return true;
    utf8proc_category_t k = category(c);
    return (k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_NL) || k == UTF8PROC_CATEGORY_PC;
}

bool unicode_is_chinese(uint32_t c)
{
    static const uint32_t ranges[][2] = {{0x3400, 0x4DBF}, {0x4E00, 0x9FFF}, {0xF900, 0xFAFF}, {0x20000, 0x2A6DF},
        {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF}, {0x2F800, 0x2FA1F}};
    if (c < 0x3400)
        return false;
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (c >= ranges[i][0] && c <= ranges[i][1])
            return true;
    return false;
}

int unicode_lower(uint32_t c, uint32_t out[2])
{
    int32_t value;
    out[0] = c;
    if (c < 0x80) {
        if (c >= 'A' && c <= 'Z')
            out[0] = c + 32;
        return 1;
    }
    if (c == 0x130) { /* the one unconditional lower case of two code points (SpecialCasing.txt) */
        out[0] = 'i';
        out[1] = 0x307;
        return 2;
    }
    if (exception_find(&unicode_lower_exceptions, c, &value))
        out[0] = (uint32_t)((int32_t)c + value);
    else
        out[0] = (uint32_t)utf8proc_tolower((utf8proc_int32_t)c);
    return 1;
}

int unicode_decompose(uint32_t c, bool compatible, uint32_t out[UNICODE_DECOMPOSED])
{
    int32_t value;
    out[0] = c;
    if (c < 0xA0)
        return 1;
    if (exception_find(compatible ? &unicode_compatible_exceptions : &unicode_canonical_exceptions, c, &value))
        return 1;
    utf8proc_int32_t buffer[UNICODE_DECOMPOSED];
    int boundary = 0;
    utf8proc_option_t options = UTF8PROC_DECOMPOSE | (compatible ? UTF8PROC_COMPAT : 0);
    utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)c, buffer, UNICODE_DECOMPOSED, options, &boundary);
    if (n < 1 || n > UNICODE_DECOMPOSED)
        return 1;
    for (utf8proc_ssize_t i = 0; i < n; i++)
        out[i] = (uint32_t)buffer[i];
    return (int)n;
}

int unicode_combining_class(uint32_t c)
{
    return c < 0x300 ? 0 : utf8proc_get_property((utf8proc_int32_t)c)->combining_class;
}

uint32_t unicode_compose(uint32_t a, uint32_t b)
{
    if (b < 0x300)
        return 0;
    utf8proc_int32_t pair[2] = {(utf8proc_int32_t)a, (utf8proc_int32_t)b};
    utf8proc_ssize_t n = utf8proc_normalize_utf32(pair, 2, UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    int32_t value;
    if (n != 1 || exception_find(&unicode_canonical_exceptions, (uint32_t)pair[0], &value))
        return 0;
    return (uint32_t)pair[0];
}

smac_status unicode_points(const char *text, uint32_t **out, size_t *length, smac_error *error)
{
    size_t bytes = strlen(text), count = 0;
    *out = memory_new(bytes + 1, sizeof **out);
    if (!*out)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a text of %zu bytes", bytes);
    for (size_t at = 0; at < bytes;)
        (*out)[count++] = utf8_next(text, bytes, &at);
    if (length)
        *length = count;
    return SMAC_OK;
}
