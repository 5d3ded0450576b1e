/*
 * tests/autograd/cases.h - ONE table of cases of every operation, used for gradients against finite differences, for
 * fast kernels against the plain ones, for equal bits with any number of threads, and for speed (bench).
 */
#ifndef SMAC_TESTS_AUTOGRAD_CASES_H
#define SMAC_TESTS_AUTOGRAD_CASES_H

#include "autograd/ops.h"

enum { CASE_INPUTS = 5 };

typedef enum case_fill {
    FILL_UNIFORM,  /* -1 to 1 */
    FILL_POSITIVE, /* 0.5 to 2 */
    FILL_APART     /* 0.1 to 1, either sign: away from a kink at 0 */
} case_fill;

typedef struct case_input {
    int rank;
    int64_t dim[VALUE_MAX_RANK];
    case_fill fill;
} case_input;

typedef struct op_case {
    const char *operation; /* as in ops.h */
    const char *variant;
    int inputs;
    case_input small[CASE_INPUTS]; /* for finite differences */
    case_input large[CASE_INPUTS]; /* more than one piece of work; fill as in small */
    value *(*build)(tape *t, value **in);
    float tolerance; /* of the gradient, relative to its largest element; 0: 5e-4 */
} op_case;

extern const op_case op_cases[];
extern const int op_case_count;

/* The input's numbers, a pure function of case, input and index: count floats to data. */
void case_fill_input(const op_case *c, int input, bool large, int64_t count, float *data);
int64_t case_input_count(const case_input *input);

/*
 * Runs the case on t (reset before): inputs as tracked variables in in[], the result, and when loss is not NULL the
 * sum of the result times fixed numbers.  values[i], if values is not NULL, replaces the numbers of input i.
 */
value *case_run(const op_case *c, tape *t, bool large, float *const *values, value **in, value **loss);
/* The fixed number that element i of the result is multiplied with. */
float case_weight(int64_t i);

#endif
