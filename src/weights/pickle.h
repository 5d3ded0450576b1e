/*
 * weights/pickle.h - a restricted reader of Python pickles (protocols 2 to 5): data, never code.
 *
 * It knows None, bools, integers of 64 bits, floats, texts, bytes, lists, tuples, dictionaries, sets, PyTorch tensors
 * (as references into an archive's storages) and NumPy arrays and scalars.  Any other class or function is refused by
 * its name.  No code is run.
 */
#ifndef SMAC_WEIGHTS_PICKLE_H
#define SMAC_WEIGHTS_PICKLE_H

#include "base/memory.h"
#include "weights/tensor_file.h"

typedef enum pickle_kind {
    PICKLE_NONE,
    PICKLE_BOOL,
    PICKLE_INTEGER,
    PICKLE_FLOAT,
    PICKLE_TEXT,
    PICKLE_BYTES,
    PICKLE_LIST,
    PICKLE_TUPLE,
    PICKLE_DICT,
    PICKLE_SET,
    PICKLE_GLOBAL,  /* a known class or function, not yet called */
    PICKLE_STORAGE, /* a PyTorch storage: type, key (text), number of elements */
    PICKLE_TENSOR,  /* a PyTorch tensor: storage, offset, shape, strides */
    PICKLE_DTYPE,   /* a NumPy type */
    PICKLE_ARRAY,   /* a NumPy array: type, shape, bytes; of objects: items */
    PICKLE_MARK
} pickle_kind;

typedef struct pickle_value pickle_value;
struct pickle_value {
    pickle_kind kind;
    bool visited;           /* for walks */
    int64_t integer;        /* BOOL, INTEGER; GLOBAL: which; STORAGE: elements; TENSOR: offset in elements */
    double number;          /* FLOAT */
    const char *text;       /* TEXT (UTF-8, NUL-terminated), BYTES, STORAGE's key; ARRAY's bytes */
    size_t length;          /* of text in bytes */
    pickle_value **items;   /* LIST, TUPLE, SET, ARRAY of objects; DICT: key, value, key, value ... */
    size_t count, capacity; /* of items (DICT: two a pair) */
    tensor_type type;       /* STORAGE, DTYPE, ARRAY */
    int width;              /* DTYPE of texts ('U': code points) or bytes ('S'); 0 for numbers */
    char letter;            /* DTYPE: 'f', 'i', 'u', 'b', 'U', 'S', 'O' */
    bool big_endian, fortran;
    const pickle_value *storage; /* TENSOR; ARRAY: its DTYPE */
    int rank;
    int64_t *dim, *stride; /* (rank): TENSOR; ARRAY has no strides */
};

/*
 * Read one pickle from data.  Values are allocated in an arena; bytes point into data, which must outlive
 * them.  name is used in messages.
 */
smac_status pickle_read(
    const uint8_t *data, size_t size, const char *name, arena *memory, pickle_value **out, smac_error *error);
/* A pickle with more data after it: pickle_read_next fills the last three. */
typedef struct pickle_source {
    const uint8_t *data;
    size_t size;
    const char *name;
    size_t used;              /* where this pickle ended */
    pickle_value *references; /* a LIST of every STORAGE that the pickle refers to, as often as it does */
} pickle_source;

smac_status pickle_read_next(pickle_source *source, arena *memory, pickle_value **out, smac_error *error);

/* The value under a text key of a DICT, or NULL. */
const pickle_value *pickle_get(const pickle_value *dict, const char *key);

#endif
