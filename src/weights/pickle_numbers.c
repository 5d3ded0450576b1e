/* weights/pickle_numbers.c - numbers and texts out of pickles. */
#include "weights/pickle_numbers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "base/utf8.h"

static int64_t array_count(const pickle_value *v)
{
    int64_t count = 1;
    for (int i = 0; i < v->rank; i++)
        count *= v->dim[i];
    return count;
}

bool pickle_is_numbers(const pickle_value *v)
{
    return v && v->kind == PICKLE_ARRAY && v->letter && strchr("fiub", v->letter);
}

/* One number of an array as it lies: the type's bytes, in the machine's order afterwards. */
static void take_bytes(const pickle_value *v, int64_t index, uint8_t *out)
{
    size_t bytes = tensor_type_bytes(v->type);
    const uint8_t *from = (const uint8_t *)v->text + (size_t)index * bytes;
    for (size_t i = 0; i < bytes; i++)
        out[i] = from[v->big_endian ? bytes - 1 - i : i];
}

/* Where number index (row-major) of a column-major array lies. */
static int64_t fortran_place(const pickle_value *v, int64_t index)
{
    int64_t place = 0, left = index, size = array_count(v), step = size;
    for (int i = v->rank - 1; i >= 0; i--) {
        step /= v->dim[i];
        place += left % v->dim[i] * step;
        left /= v->dim[i];
    }
    return place;
}

static double number_at(const pickle_value *v, int64_t index)
{
    uint8_t bytes[8];
    double d;
    float f;
    int64_t i8;
    int32_t i4;
    uint32_t u4;
    int16_t i2;
    uint16_t u2;
    take_bytes(v, v->fortran ? fortran_place(v, index) : index, bytes);
    switch (v->type) {
    case TENSOR_F64:
        memcpy(&d, bytes, 8);
        return d;
    case TENSOR_I64:
        memcpy(&i8, bytes, 8);
        return (double)i8;
    case TENSOR_I32:
        memcpy(&i4, bytes, 4);
        return i4;
    case TENSOR_U32:
        memcpy(&u4, bytes, 4);
        return u4;
    case TENSOR_I16:
        memcpy(&i2, bytes, 2);
        return i2;
    case TENSOR_U16:
        memcpy(&u2, bytes, 2);
        return u2;
    case TENSOR_I8:
        return (int8_t)bytes[0];
    case TENSOR_U8:
    case TENSOR_BOOL:
        return bytes[0];
    default: /* float32, float16, bfloat16 */
        tensor_to_f32(
            &(tensor_entry){.type = v->type, .rank = 0, .count = 1, .data = bytes, .bytes = tensor_type_bytes(v->type)},
            &f);
        return (double)f;
    }
}

bool pickle_to_number(const pickle_value *v, double *out)
{
    if (v->kind == PICKLE_FLOAT)
        *out = v->number;
    else if (v->kind == PICKLE_INTEGER || v->kind == PICKLE_BOOL)
        *out = (double)v->integer;
    else if (pickle_is_numbers(v) && array_count(v) == 1)
        *out = number_at(v, 0);
    else
        return false;
    return true;
}

bool pickle_to_integer(const pickle_value *v, int64_t *out)
{
    double number;
    if (v->kind == PICKLE_INTEGER || v->kind == PICKLE_BOOL) {
        *out = v->integer;
        return true;
    }
    if (!pickle_to_number(v, &number) || number != floor(number) || fabs(number) > 9e15)
        return false;
    *out = (int64_t)number;
    return true;
}

int64_t pickle_count(const pickle_value *v)
{
    if (v->kind == PICKLE_LIST || v->kind == PICKLE_TUPLE || v->kind == PICKLE_SET)
        return (int64_t)v->count;
    return v->kind == PICKLE_ARRAY && v->rank > 0 ? v->dim[0] : -1;
}

smac_status pickle_integers(const pickle_value *v, const char *what, int64_t **out, size_t *count, smac_error *error)
{
    int64_t n = pickle_count(v);
    if (n < 0 || (v->kind == PICKLE_ARRAY && v->rank != 1))
        return FAIL(
            error, SMAC_ERROR_FORMAT, "%.300s has something else where a list of whole numbers is expected", what);
    int64_t *values = malloc(((size_t)n + 1) * sizeof *values);
    if (!values)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %lld numbers of %.300s", (long long)n, what);
    for (int64_t i = 0; i < n; i++) {
        double number = NAN;
        bool good = pickle_is_numbers(v) ? (number = number_at(v, i), number == floor(number) && fabs(number) < 9e15)
                                         : pickle_to_integer(v->items[i], &values[i]);
        if (!good) {
            free(values);
            return FAIL(
                error, SMAC_ERROR_FORMAT, "entry %lld of a list in %.300s is not a whole number", (long long)i, what);
        }
        if (pickle_is_numbers(v))
            values[i] = (int64_t)number;
    }
    *out = values;
    *count = (size_t)n;
    return SMAC_OK;
}

const pickle_value *pickle_get_integer(const pickle_value *dict, int64_t key)
{
    char digits[32];
    number_format(digits, sizeof digits, "%lld", (long long)key);
    for (size_t i = 0; dict->kind == PICKLE_DICT && i + 1 < dict->count; i += 2) {
        const pickle_value *k = dict->items[i];
        int64_t number;
        if ((k->kind == PICKLE_TEXT && strcmp(k->text, digits) == 0) ||
            (k->kind != PICKLE_TEXT && pickle_to_integer(k, &number) && number == key))
            return dict->items[i + 1];
    }
    return NULL;
}

smac_status pickle_floats(
    const pickle_value *array, int64_t first, int64_t count, const char *what, float *out, smac_error *error)
{
    if (!pickle_is_numbers(array))
        return FAIL(error, SMAC_ERROR_FORMAT, "%.300s is not an array of numbers", what);
    if (first < 0 || count < 0 || first > array_count(array) - count)
        return FAIL(error, SMAC_ERROR_FORMAT, "%.300s has %lld numbers; %lld are wanted from %lld on", what,
            (long long)array_count(array), (long long)count, (long long)first);
    if (!array->fortran && !array->big_endian) {
        size_t bytes = tensor_type_bytes(array->type);
        tensor_entry part = {.type = array->type,
            .rank = 1,
            .dim = {count},
            .count = count,
            .data = array->text + (size_t)first * bytes,
            .bytes = (size_t)count * bytes};
        tensor_to_f32(&part, out);
        return SMAC_OK;
    }
    for (int64_t i = 0; i < count; i++)
        out[i] = (float)number_at(array, first + i);
    return SMAC_OK;
}

/* NumPy's U: width code points of four bytes, zeros after the text. */
static void add_code_points(const pickle_value *v, int64_t index, text_buffer *out)
{
    int width = v->width;
    const uint8_t *from = (const uint8_t *)v->text + (size_t)index * 4 * (size_t)width;
    for (int i = 0; i < width; i++) {
        const uint8_t *b = from + 4 * i;
        uint32_t code = v->big_endian ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]
                                      : (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
        char bytes[4];
        if (!code)
            break;
        text_add_n(out, bytes, (size_t)utf8_put(code, bytes));
    }
}

static bool add_value_text(const pickle_value *v, text_buffer *out)
{
    int64_t number;
    if (v->kind == PICKLE_TEXT || v->kind == PICKLE_BYTES)
        text_add_n(out, v->text, v->length);
    else if (pickle_to_integer(v, &number))
        text_format(out, "%lld", (long long)number);
    else
        return false;
    return true;
}

smac_status pickle_text_at(const pickle_value *list, int64_t index, const char *what, char **text, smac_error *error)
{
    text_buffer out = {0};
    bool good = index >= 0 && index < pickle_count(list);
    text_add(&out, "");
    if (good && list->kind == PICKLE_ARRAY && list->letter == 'U') {
        add_code_points(list, index, &out);
    } else if (good && list->kind == PICKLE_ARRAY && list->letter == 'S') {
        size_t width = (size_t)list->width;
        const char *from = list->text + (size_t)index * width;
        text_add_n(&out, from, strnlen(from, width));
    } else if (good && pickle_is_numbers(list)) {
        text_format(&out, "%lld", (long long)number_at(list, index));
    } else if (good) {
        good = add_value_text(list->items[index], &out);
    }
    if (good && !out.failed) {
        *text = out.data;
        return SMAC_OK;
    }
    bool failed = out.failed;
    text_free(&out);
    return failed ? FAIL(error, SMAC_ERROR_MEMORY, "no memory for a text of %.300s", what)
                  : FAIL(error, SMAC_ERROR_FORMAT, "entry %lld of %.300s is not a text", (long long)index, what);
}
