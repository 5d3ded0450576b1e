/*
 * weights/pickle_numbers.h - numbers and texts out of pickles: scalars, lists and NumPy arrays of any numeric type, as
 * datasets hold them.
 */
#ifndef SMAC_WEIGHTS_PICKLE_NUMBERS_H
#define SMAC_WEIGHTS_PICKLE_NUMBERS_H

#include "weights/pickle.h"

/* An integer, a bool, an integral float, or a NumPy scalar of one; false for anything else. */
bool pickle_to_integer(const pickle_value *v, int64_t *out);
/* Any number; false for anything else. */
bool pickle_to_number(const pickle_value *v, double *out);

/*
 * A list, tuple, set or array of integers: *out (free()) has *count of them.  FORMAT names the place of the first that is
 * not one; what is shown in the message ("data_folds.pkl").
 */
smac_status pickle_integers(const pickle_value *v, const char *what, int64_t **out, size_t *count, smac_error *error);

/* The value under an integer key of a DICT (a text of its digits counts too), or NULL. */
const pickle_value *pickle_get_integer(const pickle_value *dict, int64_t key);

/* Whether v is a NumPy array of numbers. */
bool pickle_is_numbers(const pickle_value *v);
/* Numbers [first, first + count) of an array in row-major order, as float32, whatever its type and byte order. */
smac_status pickle_floats(
    const pickle_value *array, int64_t first, int64_t count, const char *what, float *out, smac_error *error);

/*
 * Entry index of a list of texts or of an array of texts (NumPy's U, S or O): *text (free()) in UTF-8.  A bytes value is
 * taken as UTF-8, a number as its digits.  FORMAT for anything else.
 */
smac_status pickle_text_at(const pickle_value *list, int64_t index, const char *what, char **text, smac_error *error);
/* How many entries a list, tuple or array has along its first dimension; -1 for anything else. */
int64_t pickle_count(const pickle_value *v);

#endif
