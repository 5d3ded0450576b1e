/* weights/pickle.c - the pickle machine: opcodes of protocols 2 to 5 (Python's pickletools.py documents them). */
#include "weights/pickle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "weights/pickle_internal.h"

#define BAD(m, ...) FAIL((m)->error, SMAC_ERROR_FORMAT, __VA_ARGS__)

enum { VALUES_MAX = 1 << 24 };
_Static_assert(sizeof(pickle_value) <= 128, "a byte of a hostile pickle asks for one value, 16 million for 2 GB");

pickle_value *pickle_new(pickle_machine *m, pickle_kind kind)
{
    if (m->values++ >= VALUES_MAX) {
        FAIL(m->error, SMAC_ERROR_UNSUPPORTED, "%s: the pickle holds more than %d values, the most that is read of one",
            m->name, VALUES_MAX);
        return NULL;
    }
    pickle_value *v = arena_take_zeroed(m->memory, sizeof *v);
    if (v)
        v->kind = kind;
    else
        FAIL(m->error, SMAC_ERROR_MEMORY, "%s: there is no memory to read the pickle", m->name);
    return v;
}

bool pickle_append(pickle_machine *m, pickle_value *list, pickle_value *item)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 8, bytes;
        pickle_value **grown = checked_multiply(capacity, sizeof *grown, &bytes) ? arena_take(m->memory, bytes) : NULL;
        if (!grown) {
            FAIL(m->error, SMAC_ERROR_MEMORY, "%s: there is no memory to read the pickle", m->name);
            return false;
        }
        if (list->count)
            memcpy(grown, list->items, list->count * sizeof *grown);
        list->items = grown;
        list->capacity = capacity;
    }
    list->items[list->count++] = item;
    return true;
}

const pickle_value *pickle_get(const pickle_value *dict, const char *key)
{
    if (!dict || dict->kind != PICKLE_DICT)
        return NULL;
    for (size_t i = 0; i + 1 < dict->count; i += 2)
        if (dict->items[i]->kind == PICKLE_TEXT && !strcmp(dict->items[i]->text, key))
            return dict->items[i + 1];
    return NULL;
}

static smac_status push(pickle_machine *m, pickle_value *v)
{
    if (!v)
        return SMAC_ERROR_MEMORY;
    if (!memory_grow((void **)&m->stack, &m->stack_capacity, m->depth + 1, sizeof *m->stack))
        return FAIL(m->error, SMAC_ERROR_MEMORY, "%s: there is no memory to read the pickle", m->name);
    m->stack[m->depth++] = v;
    return SMAC_OK;
}

static smac_status pop(pickle_machine *m, pickle_value **out)
{
    if (m->depth == 0 || m->stack[m->depth - 1]->kind == PICKLE_MARK)
        return BAD(m, "%s: the pickle takes more from its stack than it put there (byte %zu)", m->name, m->at);
    *out = m->stack[--m->depth];
    return SMAC_OK;
}

/* the position of the highest mark */
static smac_status find_mark(pickle_machine *m, size_t *out)
{
    for (size_t i = m->depth; i-- > 0;)
        if (m->stack[i]->kind == PICKLE_MARK) {
            *out = i;
            return SMAC_OK;
        }
    return BAD(m, "%s: the pickle asks for a mark that is not there (byte %zu)", m->name, m->at);
}

static smac_status take(pickle_machine *m, size_t count, const uint8_t **out)
{
    if (count > m->size - m->at)
        return BAD(m, "%s: the pickle ends at byte %zu within a value", m->name, m->size);
    *out = m->data + m->at;
    m->at += count;
    return SMAC_OK;
}

static smac_status take_length(pickle_machine *m, int bytes, size_t *out)
{
    const uint8_t *p;
    TRY(take(m, (size_t)bytes, &p));
    uint64_t x = 0;
    for (int i = bytes - 1; i >= 0; i--)
        x = x << 8 | p[i];
    if (x > m->size)
        return BAD(m, "%s: a value of the pickle claims to have %llu bytes in a file of %zu", m->name,
            (unsigned long long)x, m->size);
    *out = (size_t)x;
    return SMAC_OK;
}

static smac_status push_text(pickle_machine *m, size_t length, pickle_kind kind)
{
    const uint8_t *p;
    TRY(take(m, length, &p));
    pickle_value *v = pickle_new(m, kind);
    if (!v)
        return SMAC_ERROR_MEMORY;
    v->length = length;
    v->text = (const char *)p;
    if (kind == PICKLE_TEXT) { /* Python writes lone surrogates as UTF-8 too; no name or label of ours has them */
        char *copy = arena_take(m->memory, length + 1);
        if (!copy)
            return FAIL(m->error, SMAC_ERROR_MEMORY, "%s: there is no memory to read the pickle", m->name);
        memcpy(copy, p, length);
        copy[length] = 0;
        v->text = copy;
    }
    return push(m, v);
}

static smac_status push_integer(pickle_machine *m, int64_t x, pickle_kind kind)
{
    pickle_value *v = pickle_new(m, kind);
    if (v)
        v->integer = x;
    return push(m, v);
}

static smac_status push_long(pickle_machine *m, size_t bytes)
{
    const uint8_t *p;
    TRY(take(m, bytes, &p));
    if (bytes > 8)
        return FAIL(m->error, SMAC_ERROR_UNSUPPORTED,
            "%s: the pickle holds an integer of %zu bytes, at most 8 are read", m->name, bytes);
    uint64_t x = bytes && p[bytes - 1] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = bytes; i-- > 0;)
        x = x << 8 | p[i];
    return push_integer(m, (int64_t)x, PICKLE_INTEGER);
}

/* everything above the highest mark becomes the items of a new value */
static smac_status collect(pickle_machine *m, pickle_kind kind)
{
    size_t mark;
    TRY(find_mark(m, &mark));
    pickle_value *v = pickle_new(m, kind);
    if (!v)
        return SMAC_ERROR_MEMORY;
    for (size_t i = mark + 1; i < m->depth; i++)
        if (!pickle_append(m, v, m->stack[i]))
            return SMAC_ERROR_MEMORY;
    if (kind == PICKLE_DICT && v->count % 2)
        return BAD(m, "%s: a dictionary of the pickle has a key without a value", m->name);
    m->depth = mark;
    return push(m, v);
}

/* APPENDS, SETITEMS, ADDITEMS: what is above the mark goes into the container below it */
static smac_status extend(pickle_machine *m, size_t from, pickle_kind wanted)
{
    if (from == 0 || from > m->depth)
        return BAD(m, "%s: the pickle puts items into nothing (byte %zu)", m->name, m->at);
    size_t container = from - 1;
    if (m->stack[container]->kind == PICKLE_MARK) /* its mark */
        return container == 0 ? BAD(m, "%s: the pickle puts items into nothing (byte %zu)", m->name, m->at)
                              : BAD(m, "%s: two marks follow each other in the pickle (byte %zu)", m->name, m->at);
    pickle_value *c = m->stack[container];
    if (c->kind != wanted)
        return BAD(m, "%s: the pickle puts items into something that is not a list, set or dictionary (byte %zu)",
            m->name, m->at);
    return SMAC_OK;
}

static smac_status move_items(pickle_machine *m, size_t container, size_t first, pickle_kind wanted)
{
    TRY(extend(m, container + 1, wanted));
    if (wanted == PICKLE_DICT && (m->depth - first) % 2)
        return BAD(m, "%s: a dictionary of the pickle has a key without a value", m->name);
    for (size_t i = first; i < m->depth; i++) {
        if (m->stack[i]->kind == PICKLE_MARK)
            return BAD(m, "%s: there is a mark among the items of the pickle (byte %zu)", m->name, m->at);
        if (!pickle_append(m, m->stack[container], m->stack[i]))
            return SMAC_ERROR_MEMORY;
    }
    m->depth = container + 1;
    return SMAC_OK;
}

static smac_status extend_marked(pickle_machine *m, pickle_kind wanted)
{
    size_t mark;
    TRY(find_mark(m, &mark));
    if (mark == 0)
        return BAD(m, "%s: the pickle puts items into nothing (byte %zu)", m->name, m->at);
    return move_items(m, mark - 1, mark + 1, wanted);
}

static smac_status memo_put(pickle_machine *m, size_t index)
{
    if (m->depth == 0)
        return BAD(m, "%s: the pickle remembers a value that is not there (byte %zu)", m->name, m->at);
    if (index > m->size) /* each entry costs at least a byte, and Python counts from 0 */
        return BAD(m, "%s: the pickle remembers a value under the number %zu, more than it has bytes", m->name, index);
    size_t before = m->memo_capacity;
    if (!memory_grow((void **)&m->memo, &m->memo_capacity, index + 1, sizeof *m->memo))
        return FAIL(m->error, SMAC_ERROR_MEMORY, "%s: there is no memory to read the pickle", m->name);
    if (m->memo_capacity > before)
        memset(m->memo + before, 0, (m->memo_capacity - before) * sizeof *m->memo);
    m->memo[index] = m->stack[m->depth - 1];
    return SMAC_OK;
}

static smac_status memo_get(pickle_machine *m, size_t index)
{
    if (index >= m->memo_capacity || !m->memo[index])
        return BAD(m, "%s: the pickle asks for value %zu, which it did not remember", m->name, index);
    return push(m, m->memo[index]);
}

/* module and name as two lines (GLOBAL) */
static smac_status take_line(pickle_machine *m, char *out, size_t size)
{
    const uint8_t *end = memchr(m->data + m->at, '\n', m->size - m->at);
    size_t length = end ? (size_t)(end - (m->data + m->at)) : 0;
    if (!end || length >= size)
        return BAD(m, "%s: a name in the pickle does not end (byte %zu)", m->name, m->at);
    memcpy(out, m->data + m->at, length);
    out[length] = 0;
    m->at += length + 1;
    return SMAC_OK;
}

static smac_status push_global(pickle_machine *m, const char *module, const char *name)
{
    pickle_value *v;
    TRY(pickle_find_global(m, module, name, &v));
    return push(m, v);
}

static smac_status call(pickle_machine *m)
{
    pickle_value *arguments, *callable, *result;
    TRY(pop(m, &arguments));
    TRY(pop(m, &callable));
    if (callable->kind != PICKLE_GLOBAL || arguments->kind != PICKLE_TUPLE)
        return BAD(
            m, "%s: the pickle calls something that is not a known class or function (byte %zu)", m->name, m->at);
    TRY(pickle_call(m, callable, arguments, &result));
    return push(m, result);
}

static smac_status tuple_of(pickle_machine *m, size_t count)
{
    pickle_value *v = pickle_new(m, PICKLE_TUPLE), *items[3];
    if (!v)
        return SMAC_ERROR_MEMORY;
    for (size_t i = count; i-- > 0;)
        TRY(pop(m, &items[i]));
    for (size_t i = 0; i < count; i++)
        if (!pickle_append(m, v, items[i]))
            return SMAC_ERROR_MEMORY;
    return push(m, v);
}

static double big_endian_double(const uint8_t *p)
{
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | p[i];
    double x;
    memcpy(&x, &bits, 8);
    return x;
}

static smac_status step(pickle_machine *m, uint8_t op, bool *stop)
{
    const uint8_t *p;
    size_t n;
    pickle_value *a, *b;
    char module[256], name[256];
    switch (op) {
    case 0x80: /* PROTO */
        TRY(take(m, 1, &p));
        if (p[0] < 2 || p[0] > 5)
            return FAIL(
                m->error, SMAC_ERROR_UNSUPPORTED, "%s: a pickle of protocol %d, expected 2 to 5", m->name, p[0]);
        return SMAC_OK;
    case 0x95:
        return take(m, 8, &p); /* FRAME: a hint */
    case '.':
        *stop = true;
        return SMAC_OK;
    case '(':
        return push(m, pickle_new(m, PICKLE_MARK));
    case '0':
        return pop(m, &a);
    case '1':
        TRY(find_mark(m, &n));
        m->depth = n;
        return SMAC_OK; /* POP_MARK */
    case '2':           /* DUP */
        TRY(pop(m, &a));
        TRY(push(m, a));
        return push(m, a);
    case 'N':
        return push(m, pickle_new(m, PICKLE_NONE));
    case 0x88:
        return push_integer(m, 1, PICKLE_BOOL);
    case 0x89:
        return push_integer(m, 0, PICKLE_BOOL);
    case 'J': /* BININT: signed */
        TRY(take(m, 4, &p));
        return push_integer(m,
            (int32_t)((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24),
            PICKLE_INTEGER);
    case 'K':
        TRY(take(m, 1, &p));
        return push_integer(m, p[0], PICKLE_INTEGER);
    case 'M':
        TRY(take(m, 2, &p));
        return push_integer(m, p[0] | p[1] << 8, PICKLE_INTEGER);
    case 0x8a:
        TRY(take_length(m, 1, &n));
        return push_long(m, n);
    case 0x8b:
        TRY(take_length(m, 4, &n));
        return push_long(m, n);
    case 'G': /* BINFLOAT */
        TRY(take(m, 8, &p));
        a = pickle_new(m, PICKLE_FLOAT);
        if (a)
            a->number = big_endian_double(p);
        return push(m, a);
    case 'X':
        TRY(take_length(m, 4, &n));
        return push_text(m, n, PICKLE_TEXT);
    case 0x8c:
        TRY(take_length(m, 1, &n));
        return push_text(m, n, PICKLE_TEXT);
    case 0x8d:
        TRY(take_length(m, 8, &n));
        return push_text(m, n, PICKLE_TEXT);
    case 'T':
        TRY(take_length(m, 4, &n));
        return push_text(m, n, PICKLE_TEXT); /* Python 2's str */
    case 'U':
        TRY(take_length(m, 1, &n));
        return push_text(m, n, PICKLE_TEXT);
    case 'B':
        TRY(take_length(m, 4, &n));
        return push_text(m, n, PICKLE_BYTES);
    case 'C':
        TRY(take_length(m, 1, &n));
        return push_text(m, n, PICKLE_BYTES);
    case 0x8e:
        TRY(take_length(m, 8, &n));
        return push_text(m, n, PICKLE_BYTES);
    case 0x96:
        TRY(take_length(m, 8, &n));
        return push_text(m, n, PICKLE_BYTES); /* BYTEARRAY8 */
    case 0x97:                                /* NEXT_BUFFER */
        return FAIL(
            m->error, SMAC_ERROR_UNSUPPORTED, "%s: the pickle keeps its data in buffers outside the file", m->name);
    case 0x98:
        return SMAC_OK; /* READONLY_BUFFER */
    case ']':
        return push(m, pickle_new(m, PICKLE_LIST));
    case '}':
        return push(m, pickle_new(m, PICKLE_DICT));
    case ')':
        return push(m, pickle_new(m, PICKLE_TUPLE));
    case 0x8f:
        return push(m, pickle_new(m, PICKLE_SET));
    case 'l':
        return collect(m, PICKLE_LIST);
    case 't':
        return collect(m, PICKLE_TUPLE);
    case 'd':
        return collect(m, PICKLE_DICT);
    case 0x91:
        return collect(m, PICKLE_SET); /* FROZENSET */
    case 0x85:
        return tuple_of(m, 1);
    case 0x86:
        return tuple_of(m, 2);
    case 0x87:
        return tuple_of(m, 3);
    case 'a':
        return m->depth < 2 ? BAD(m, "%s: the pickle puts items into nothing", m->name)
                            : move_items(m, m->depth - 2, m->depth - 1, PICKLE_LIST);
    case 's':
        return m->depth < 3 ? BAD(m, "%s: the pickle puts items into nothing", m->name)
                            : move_items(m, m->depth - 3, m->depth - 2, PICKLE_DICT);
    case 'e':
        return extend_marked(m, PICKLE_LIST);
    case 'u':
        return extend_marked(m, PICKLE_DICT);
    case 0x90:
        return extend_marked(m, PICKLE_SET);
    case 'q':
        TRY(take_length(m, 1, &n));
        return memo_put(m, n);
    case 'r':
        TRY(take_length(m, 4, &n));
        return memo_put(m, n);
    case 0x94:
        return memo_put(m, m->memo_next++); /* MEMOIZE */
    case 'h':
        TRY(take_length(m, 1, &n));
        return memo_get(m, n);
    case 'j':
        TRY(take_length(m, 4, &n));
        return memo_get(m, n);
    case 'c':
        TRY(take_line(m, module, sizeof module));
        TRY(take_line(m, name, sizeof name));
        return push_global(m, module, name);
    case 0x93: /* STACK_GLOBAL */
        TRY(pop(m, &b));
        TRY(pop(m, &a));
        if (a->kind != PICKLE_TEXT || b->kind != PICKLE_TEXT)
            return BAD(m, "%s: the pickle names a class by something that is not a text", m->name);
        return push_global(m, a->text, b->text);
    case 'R':
    case 0x81:
        return call(m); /* REDUCE, NEWOBJ */
    case 'b':           /* BUILD */
        TRY(pop(m, &b));
        TRY(pop(m, &a));
        TRY(pickle_build(m, a, b));
        return push(m, a);
    case 'Q': /* BINPERSID */
        TRY(pop(m, &a));
        TRY(pickle_persistent(m, a, &b));
        return push(m, b);
    default:
        return FAIL(m->error, SMAC_ERROR_UNSUPPORTED,
            "%s: the pickle uses the opcode 0x%02x at byte %zu, which is not read (no data needs it)", m->name, op,
            m->at - 1);
    }
}

smac_status pickle_read(
    const uint8_t *data, size_t size, const char *name, arena *memory, pickle_value **out, smac_error *error)
{
    return pickle_read_next(&(pickle_source){.data = data, .size = size, .name = name}, memory, out, error);
}

smac_status pickle_read_next(pickle_source *source, arena *memory, pickle_value **out, smac_error *error)
{
    pickle_machine m = {
        .data = source->data, .size = source->size, .name = source->name, .memory = memory, .error = error};
    smac_status code = SMAC_OK;
    bool stop = false;
    source->references = m.references = pickle_new(&m, PICKLE_LIST);
    if (m.references == NULL)
        return SMAC_ERROR_MEMORY;
    if (m.size < 2 || m.data[0] != 0x80)
        code = FAIL(error, SMAC_ERROR_FORMAT, "%s is not a pickle of protocol 2 to 5", m.name);
    while (code == SMAC_OK && !stop) {
        const uint8_t *op;
        code = take(&m, 1, &op);
        if (code == SMAC_OK)
            code = step(&m, *op, &stop);
    }
    if (code == SMAC_OK && (m.depth != 1 || m.stack[0]->kind == PICKLE_MARK))
        code = FAIL(error, SMAC_ERROR_FORMAT, "%s: the pickle ends with %zu values in place of one", m.name, m.depth);
    if (code == SMAC_OK) {
        *out = m.stack[0];
        source->used = m.at;
    }
    free(m.stack);
    free(m.memo);
    return code;
}
