/*
 * weights/pickle_internal.h - shared by the interpreter (pickle.c) and the known classes and functions
 * (pickle_known.c).
 */
#ifndef SMAC_WEIGHTS_PICKLE_INTERNAL_H
#define SMAC_WEIGHTS_PICKLE_INTERNAL_H

#include "weights/pickle.h"

typedef struct pickle_machine {
    const uint8_t *data;
    size_t size, at;
    const char *name;
    arena *memory;
    pickle_value **stack;
    size_t depth, stack_capacity;
    pickle_value **memo;
    size_t memo_capacity;
    size_t memo_next;
    size_t values;            /* created so far; limited, since a hostile file could ask for a hundred times its size */
    pickle_value *references; /* the storages referred to, where they are asked for */
    smac_error *error;
} pickle_machine;

pickle_value *pickle_new(pickle_machine *m, pickle_kind kind); /* NULL: no memory, the error is set */
bool pickle_append(pickle_machine *m, pickle_value *list, pickle_value *item);

/* The GLOBAL for module and name, or an error that names it. */
smac_status pickle_find_global(pickle_machine *m, const char *module, const char *name, pickle_value **out);
/* callable(*arguments), for a GLOBAL; class(*arguments) by NEWOBJ takes the same way. */
smac_status pickle_call(
    pickle_machine *m, const pickle_value *callable, const pickle_value *arguments, pickle_value **out);
/* object.__setstate__(state) for the known kinds */
smac_status pickle_build(pickle_machine *m, pickle_value *object, pickle_value *state);
/* persistent_load(id): PyTorch's storages */
smac_status pickle_persistent(pickle_machine *m, const pickle_value *id, pickle_value **out);

#endif
