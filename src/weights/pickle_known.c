/*
 * weights/pickle_known.c - the only classes and functions that a pickle may name, and what they mean.  None is run:
 * each is a way to describe data.
 *
 * PyTorch writes tensors as _rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks) with storages as
 * persistent ids ("storage", type, key, device, elements).  NumPy writes an array as _reconstruct(ndarray, (0,), b"b")
 * with the state (version, shape, dtype, fortran, bytes or list), or, from protocol 5 on, as _frombuffer(bytes, dtype,
 * shape, order); NumPy 2 names its modules numpy._core.*, NumPy 1 numpy.core.*.
 */
#include <stdlib.h>
#include <string.h>

#include "weights/pickle_internal.h"

enum known {
    KNOWN_DICT,
    KNOWN_TENSOR,
    KNOWN_TENSOR_OLD,
    KNOWN_PARAMETER,
    KNOWN_SIZE,
    KNOWN_RECONSTRUCT,
    KNOWN_NDARRAY,
    KNOWN_DTYPE,
    KNOWN_SCALAR,
    KNOWN_FROMBUFFER,
    KNOWN_ENCODE,
    KNOWN_SET,
    KNOWN_DEVICE,
    KNOWN_BYTEARRAY,
    KNOWN_STORAGE
};

static const struct {
    const char *module, *name;
    enum known what;
    tensor_type type;
} globals[] = {
    {"collections", "OrderedDict", KNOWN_DICT, 0},
    {"collections", "defaultdict", KNOWN_DICT, 0},
    {"builtins", "dict", KNOWN_DICT, 0},
    {"builtins", "set", KNOWN_SET, 0},
    {"builtins", "frozenset", KNOWN_SET, 0},
    {"builtins", "bytearray", KNOWN_BYTEARRAY, 0},
    {"__builtin__", "set", KNOWN_SET, 0},
    {"_codecs", "encode", KNOWN_ENCODE, 0},
    {"torch._utils", "_rebuild_tensor_v2", KNOWN_TENSOR, 0},
    {"torch._utils", "_rebuild_tensor", KNOWN_TENSOR_OLD, 0},
    {"torch._utils", "_rebuild_parameter", KNOWN_PARAMETER, 0},
    {"torch", "Size", KNOWN_SIZE, 0},
    {"torch", "device", KNOWN_DEVICE, 0},
    {"torch", "FloatStorage", KNOWN_STORAGE, TENSOR_F32},
    {"torch", "DoubleStorage", KNOWN_STORAGE, TENSOR_F64},
    {"torch", "HalfStorage", KNOWN_STORAGE, TENSOR_F16},
    {"torch", "BFloat16Storage", KNOWN_STORAGE, TENSOR_BF16},
    {"torch", "LongStorage", KNOWN_STORAGE, TENSOR_I64},
    {"torch", "IntStorage", KNOWN_STORAGE, TENSOR_I32},
    {"torch", "ShortStorage", KNOWN_STORAGE, TENSOR_I16},
    {"torch", "CharStorage", KNOWN_STORAGE, TENSOR_I8},
    {"torch", "ByteStorage", KNOWN_STORAGE, TENSOR_U8},
    {"torch", "BoolStorage", KNOWN_STORAGE, TENSOR_BOOL},
    {"numpy.core.multiarray", "_reconstruct", KNOWN_RECONSTRUCT, 0},
    {"numpy._core.multiarray", "_reconstruct", KNOWN_RECONSTRUCT, 0},
    {"numpy.core.multiarray", "scalar", KNOWN_SCALAR, 0},
    {"numpy._core.multiarray", "scalar", KNOWN_SCALAR, 0},
    {"numpy.core.numeric", "_frombuffer", KNOWN_FROMBUFFER, 0},
    {"numpy._core.numeric", "_frombuffer", KNOWN_FROMBUFFER, 0},
    {"numpy", "ndarray", KNOWN_NDARRAY, 0},
    {"numpy", "dtype", KNOWN_DTYPE, 0},
};

#define BAD(m, ...) FAIL((m)->error, SMAC_ERROR_FORMAT, __VA_ARGS__)

smac_status pickle_find_global(pickle_machine *m, const char *module, const char *name, pickle_value **out)
{
    for (size_t i = 0; i < sizeof globals / sizeof *globals; i++) {
        if (strcmp(globals[i].module, module) || strcmp(globals[i].name, name))
            continue;
        *out = pickle_new(m, PICKLE_GLOBAL);
        if (!*out)
            return SMAC_ERROR_MEMORY;
        (*out)->integer = (int64_t)globals[i].what;
        (*out)->type = globals[i].type;
        return SMAC_OK;
    }
    return FAIL(m->error, SMAC_ERROR_UNSUPPORTED,
        "%s: the pickle asks for %.100s.%.100s, which is not a supported data type (no code of a file is run)", m->name,
        module, name);
}

/* a tuple of integers into dimensions */
static smac_status read_dims(pickle_machine *m, const pickle_value *v, int64_t **out, int *rank)
{
    if (v->kind != PICKLE_TUPLE && v->kind != PICKLE_LIST)
        return BAD(m, "%s: a shape in the pickle is not a tuple", m->name);
    if (v->count > TENSOR_MAX_RANK)
        return FAIL(m->error, SMAC_ERROR_UNSUPPORTED, "%s: an array of %zu dimensions, expected at most %d", m->name,
            v->count, TENSOR_MAX_RANK);
    int64_t *dim = arena_take(m->memory, (v->count + 1) * sizeof *dim);
    if (!dim)
        return FAIL(m->error, SMAC_ERROR_MEMORY, "%s: there is no memory to read the pickle", m->name);
    for (size_t i = 0; i < v->count; i++) {
        if (v->items[i]->kind != PICKLE_INTEGER || v->items[i]->integer < 0)
            return BAD(m, "%s: a shape in the pickle holds something that is not a size", m->name);
        dim[i] = v->items[i]->integer;
    }
    *out = dim;
    *rank = (int)v->count;
    return SMAC_OK;
}

static smac_status make_tensor(pickle_machine *m, const pickle_value *arguments, pickle_value **out)
{
    if (arguments->count < 4 || arguments->items[0]->kind != PICKLE_STORAGE ||
        arguments->items[1]->kind != PICKLE_INTEGER)
        return BAD(m, "%s: a tensor of the pickle lacks its storage, offset, shape or strides", m->name);
    pickle_value *v = pickle_new(m, PICKLE_TENSOR);
    if (!v)
        return SMAC_ERROR_MEMORY;
    int strides;
    v->storage = arguments->items[0];
    v->type = v->storage->type;
    v->integer = arguments->items[1]->integer;
    TRY(read_dims(m, arguments->items[2], &v->dim, &v->rank));
    TRY(read_dims(m, arguments->items[3], &v->stride, &strides));
    if (strides != v->rank || v->integer < 0)
        return BAD(m, "%s: a tensor of the pickle has %d dimensions and %d strides", m->name, v->rank, strides);
    *out = v;
    return SMAC_OK;
}

/* dtype("f4", ...): letter and width; '<', '>', '|', '=' come by the state */
static smac_status make_dtype(pickle_machine *m, const pickle_value *arguments, pickle_value **out)
{
    const pickle_value *a = arguments->count ? arguments->items[0] : NULL;
    if (!a || a->kind != PICKLE_TEXT || a->length < 1)
        return BAD(m, "%s: a type of NumPy in the pickle is not named", m->name);
    const char *text = a->text;
    pickle_value *v = pickle_new(m, PICKLE_DTYPE);
    if (!v)
        return SMAC_ERROR_MEMORY;
    if (strchr("<>|=", *text)) {
        v->big_endian = *text == '>';
        text++;
    }
    v->letter = *text;
    int bytes = atoi(*text ? text + 1 : text);
    static const struct {
        char letter;
        int bytes;
        tensor_type type;
    } numbers[] = {{'f', 2, TENSOR_F16}, {'f', 4, TENSOR_F32}, {'f', 8, TENSOR_F64}, {'i', 1, TENSOR_I8},
        {'i', 2, TENSOR_I16}, {'i', 4, TENSOR_I32}, {'i', 8, TENSOR_I64}, {'u', 1, TENSOR_U8}, {'u', 2, TENSOR_U16},
        {'u', 4, TENSOR_U32}, {'u', 8, TENSOR_U64}, {'b', 1, TENSOR_BOOL}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (numbers[i].letter == v->letter && numbers[i].bytes == bytes) {
            v->type = numbers[i].type;
            *out = v;
            return SMAC_OK;
        }
    if ((v->letter == 'U' || v->letter == 'S') && bytes >= 0 && bytes < 1 << 24) {
        v->width = bytes;
        *out = v;
        return SMAC_OK;
    }
    if (v->letter == 'O') {
        *out = v;
        return SMAC_OK;
    }
    return FAIL(m->error, SMAC_ERROR_UNSUPPORTED,
        "%s: the pickle holds an array of NumPy's type \"%.40s\", which is not read", m->name, a->text);
}

static size_t dtype_bytes(const pickle_value *dtype)
{
    return dtype->letter == 'U' ? 4 * (size_t)dtype->width
        : dtype->letter == 'S'  ? (size_t)dtype->width
                                : tensor_type_bytes(dtype->type);
}

/* shape, dtype and bytes into an array */
static smac_status fill_array(pickle_machine *m, pickle_value *v, const pickle_value *shape, const pickle_value *dtype,
    pickle_value *data, bool fortran)
{
    if (dtype->kind != PICKLE_DTYPE)
        return BAD(m, "%s: an array of the pickle has no type", m->name);
    TRY(read_dims(m, shape, &v->dim, &v->rank));
    int64_t count = 1, bytes;
    for (int i = 0; i < v->rank; i++)
        if (__builtin_mul_overflow(count, v->dim[i], &count))
            return BAD(m, "%s: an array of the pickle is too large", m->name);
    v->storage = dtype;
    v->type = dtype->type;
    v->letter = dtype->letter;
    v->width = dtype->width;
    v->big_endian = dtype->big_endian;
    v->fortran = fortran && v->rank > 1;
    v->integer = count;
    if (dtype->letter == 'O') {
        if (data->kind != PICKLE_LIST || data->count != (size_t)count)
            return BAD(
                m, "%s: an array of objects in the pickle does not have its %lld items", m->name, (long long)count);
        v->items = data->items;
        v->count = data->count;
        return SMAC_OK;
    }
    if (data->kind != PICKLE_BYTES || __builtin_mul_overflow(count, (int64_t)dtype_bytes(dtype), &bytes) ||
        (uint64_t)bytes != data->length)
        return BAD(m, "%s: an array of the pickle has %zu bytes, its shape and type need another number", m->name,
            data->length);
    v->text = data->text;
    v->length = data->length;
    return SMAC_OK;
}

/* encode(text, "latin1"): how protocol 2 writes bytes */
static smac_status make_encoded(pickle_machine *m, const pickle_value *arguments, pickle_value **out)
{
    if (arguments->count != 2 || arguments->items[0]->kind != PICKLE_TEXT || arguments->items[1]->kind != PICKLE_TEXT ||
        strcmp(arguments->items[1]->text, "latin1"))
        return FAIL(
            m->error, SMAC_ERROR_UNSUPPORTED, "%s: the pickle encodes bytes by other means than latin1", m->name);
    const pickle_value *a = arguments->items[0];
    pickle_value *v = pickle_new(m, PICKLE_BYTES);
    char *bytes = v ? arena_take(m->memory, a->length + 1) : NULL;
    if (!bytes)
        return FAIL(m->error, SMAC_ERROR_MEMORY, "%s: there is no memory to read the pickle", m->name);
    size_t used = 0;
    for (size_t i = 0; i < a->length; used++) {
        uint8_t c = (uint8_t)a->text[i];
        if (c < 0x80) {
            bytes[used] = (char)c;
            i++;
        } else if ((c == 0xC2 || c == 0xC3) && i + 1 < a->length) {
            bytes[used] = (char)((c & 3) << 6 | (a->text[i + 1] & 0x3F));
            i += 2;
        } else {
            return BAD(m, "%s: a text that represents bytes in the pickle is not Latin-1", m->name);
        }
    }
    v->text = bytes;
    v->length = used;
    *out = v;
    return SMAC_OK;
}

static smac_status make_scalar(pickle_machine *m, const pickle_value *arguments, pickle_value **out)
{
    if (arguments->count != 2 || arguments->items[0]->kind != PICKLE_DTYPE ||
        arguments->items[1]->kind != PICKLE_BYTES || dtype_bytes(arguments->items[0]) != arguments->items[1]->length ||
        arguments->items[0]->letter == 'O')
        return BAD(m, "%s: a number of NumPy in the pickle is malformed", m->name);
    pickle_value *shape = pickle_new(m, PICKLE_TUPLE), *v = pickle_new(m, PICKLE_ARRAY);
    if (!shape || !v)
        return SMAC_ERROR_MEMORY;
    *out = v;
    return fill_array(m, v, shape, arguments->items[0], arguments->items[1], false);
}

smac_status pickle_call(
    pickle_machine *m, const pickle_value *callable, const pickle_value *arguments, pickle_value **out)
{
    pickle_value *v;
    switch ((enum known)callable->integer) {
    case KNOWN_DICT: /* the items come later; OrderedDict(list of pairs) of Python 2 is read too */
        v = pickle_new(m, PICKLE_DICT);
        if (!v)
            return SMAC_ERROR_MEMORY;
        if (arguments->count == 1 && arguments->items[0]->kind == PICKLE_LIST)
            for (size_t i = 0; i < arguments->items[0]->count; i++) {
                const pickle_value *pair = arguments->items[0]->items[i];
                if ((pair->kind != PICKLE_TUPLE && pair->kind != PICKLE_LIST) || pair->count != 2)
                    return BAD(m, "%s: a dictionary of the pickle is malformed", m->name);
                if (!pickle_append(m, v, pair->items[0]) || !pickle_append(m, v, pair->items[1]))
                    return SMAC_ERROR_MEMORY;
            }
        *out = v;
        return SMAC_OK;
    case KNOWN_SET:
        v = pickle_new(m, PICKLE_SET);
        if (!v)
            return SMAC_ERROR_MEMORY;
        if (arguments->count == 1) {
            v->items = arguments->items[0]->items;
            v->count = v->capacity = arguments->items[0]->count;
        }
        *out = v;
        return SMAC_OK;
    case KNOWN_TENSOR:
    case KNOWN_TENSOR_OLD:
        return make_tensor(m, arguments, out);
    case KNOWN_PARAMETER:
        if (arguments->count < 1 || arguments->items[0]->kind != PICKLE_TENSOR)
            return BAD(m, "%s: a parameter of the pickle holds no tensor", m->name);
        *out = arguments->items[0];
        return SMAC_OK;
    case KNOWN_SIZE:
        if (arguments->count != 1 || arguments->items[0]->kind != PICKLE_TUPLE)
            return BAD(m, "%s: a torch.Size of the pickle is malformed", m->name);
        *out = arguments->items[0];
        return SMAC_OK;
    case KNOWN_DEVICE:
        *out = pickle_new(m, PICKLE_NONE);
        return *out ? SMAC_OK : SMAC_ERROR_MEMORY;
    case KNOWN_RECONSTRUCT:
        *out = pickle_new(m, PICKLE_ARRAY); /* filled by its state */
        return *out ? SMAC_OK : SMAC_ERROR_MEMORY;
    case KNOWN_DTYPE:
        return make_dtype(m, arguments, out);
    case KNOWN_SCALAR:
        return make_scalar(m, arguments, out);
    case KNOWN_FROMBUFFER:
        if (arguments->count != 4 || arguments->items[3]->kind != PICKLE_TEXT)
            return BAD(m, "%s: an array of the pickle is malformed", m->name);
        *out = pickle_new(m, PICKLE_ARRAY);
        return *out ? fill_array(m, *out, arguments->items[2], arguments->items[1], arguments->items[0],
                          *arguments->items[3]->text == 'F')
                    : SMAC_ERROR_MEMORY;
    case KNOWN_ENCODE:
        return make_encoded(m, arguments, out);
    case KNOWN_BYTEARRAY:
        if (arguments->count != 1 || arguments->items[0]->kind != PICKLE_BYTES)
            return BAD(m, "%s: a bytearray of the pickle is malformed", m->name);
        *out = arguments->items[0];
        return SMAC_OK;
    case KNOWN_NDARRAY:
    case KNOWN_STORAGE:
        break;
    }
    return BAD(m, "%s: the pickle calls a class that is only named in data", m->name);
}

smac_status pickle_build(pickle_machine *m, pickle_value *object, pickle_value *state)
{
    if (object->kind == PICKLE_DICT || object->kind == PICKLE_TENSOR)
        return SMAC_OK;                 /* attributes such as _metadata */
    if (object->kind == PICKLE_DTYPE) { /* (version, order, subtype, names, fields, size, alignment, flags) */
        if (state->kind == PICKLE_TUPLE && state->count > 1 && state->items[1]->kind == PICKLE_TEXT)
            object->big_endian = state->items[1]->text[0] == '>';
        return SMAC_OK;
    }
    if (object->kind == PICKLE_ARRAY && state->kind == PICKLE_TUPLE && state->count == 5)
        return fill_array(m, object, state->items[1], state->items[2], state->items[4], state->items[3]->integer != 0);
    return BAD(m, "%s: the pickle gives a state to something that has none", m->name);
}

smac_status pickle_persistent(pickle_machine *m, const pickle_value *id, pickle_value **out)
{
    if (id->kind != PICKLE_TUPLE || id->count < 5 || id->items[0]->kind != PICKLE_TEXT ||
        strcmp(id->items[0]->text, "storage") || id->items[1]->kind != PICKLE_GLOBAL ||
        id->items[1]->integer != KNOWN_STORAGE || id->items[2]->kind != PICKLE_TEXT ||
        id->items[4]->kind != PICKLE_INTEGER || id->items[4]->integer < 0)
        return BAD(m, "%s: the pickle refers to an external object that is not a PyTorch storage", m->name);
    if (id->count > 5 && id->items[5]->kind != PICKLE_NONE) /* PyTorch before 0.4 */
        return FAIL(m->error, SMAC_ERROR_UNSUPPORTED,
            "%s: a storage of the pickle is a part of another one, which is not read", m->name);
    pickle_value *v = pickle_new(m, PICKLE_STORAGE);
    if (!v)
        return SMAC_ERROR_MEMORY;
    v->type = id->items[1]->type;
    v->text = id->items[2]->text;
    v->length = id->items[2]->length;
    v->integer = id->items[4]->integer;
    *out = v;
    return m->references == NULL || pickle_append(m, m->references, v) ? SMAC_OK : SMAC_ERROR_MEMORY;
}
