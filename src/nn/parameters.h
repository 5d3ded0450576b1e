/*
 * nn/parameters.h - all parameters of a model by name, in one block: values, gradients and the optimiser's moments lie
 * side by side in the order of the names' creation, so the optimiser, the norm of the gradient and the checkpoint are
 * one loop each.
 */
#ifndef SMAC_NN_PARAMETERS_H
#define SMAC_NN_PARAMETERS_H

#include "autograd/tape.h"
#include "base/random.h"

typedef enum initialiser {
    INIT_ZEROS,
    INIT_ONES,
    INIT_NORMAL,         /* mean 0, standard deviation scale */
    INIT_XAVIER_UNIFORM, /* Glorot and Bengio 2010; fan from the last dimension and the first */
    INIT_CONSTANT        /* scale */
} initialiser;

typedef struct parameter_spec {
    const char *name;
    int rank;
    int64_t dim[VALUE_MAX_RANK];
    initialiser init;
    float scale;
    bool product;     /* a weight (out, in) that op_linear alone reads (parameter_store_pack may pack it) */
    bool no_decay;    /* bias, norm, gate, learned token */
    float rate_scale; /* 0 means 1 */
} parameter_spec;

typedef struct parameter_store parameter_store;

parameter_store *parameter_store_new(void); /* its numbers are in the memory of device_default() */
parameter_store *parameter_store_new_on(const struct device_operations *device);
void parameter_store_free(parameter_store *s);

/* Add before sealing.  A name twice is an error.  The pointer stays valid as long as the store. */
parameter *parameter_add(parameter_store *s, const parameter_spec *spec, smac_error *error);
parameter *parameter_find(const parameter_store *s, const char *name); /* NULL when there is none */
int64_t parameter_number(const parameter_store *s);
parameter *parameter_at(const parameter_store *s, int64_t index);

/* Mark every parameter whose name starts with prefix as trainable or frozen (default: trainable); before sealing. */
void parameter_set_trainable(parameter_store *s, const char *prefix, bool trainable);
void parameter_set_pretrained(parameter_store *s, const char *prefix, bool pretrained);

/*
 * Allocate.  Trainable ones get values and gradients in two contiguous blocks; frozen ones values alone, unless
 * they are packed (parameter_adopt_packed).  initialise: fill by their initialisers from seed (a stream per name, so adding a
 * parameter does not change the others).
 */
smac_status parameter_store_seal(parameter_store *s, bool initialise, uint64_t seed, smac_error *error);

/*
 * A frozen product parameter that exists in packed form alone (made from a bf16 file without a float32 copy); before
 * sealing.  The store owns the matrix from here on, also after an error.
 */
struct packed_matrix;
smac_status parameter_adopt_packed(parameter_store *s, parameter *p, struct packed_matrix *matrix, smac_error *error);

/*
 * Host access to the values of a sealed store's parameter: p->count numbers to read or write, then parameter_unmap, with
 * written true when they were changed (it raises the version).  NULL when the values are held packed alone, or when
 * memory is short.
 */
float *parameter_map(const parameter *p);
smac_status parameter_unmap(parameter *p, float *mapped, bool written, smac_error *error);

/*
 * The trainable blocks: count floats each.  Every parameter starts at a multiple of 16 floats, p->data - values; the
 * gaps between them are zeros in both blocks, and count includes them.
 */
int64_t parameter_trainable_count(const parameter_store *s);
float *parameter_trainable_values(const parameter_store *s);
float *parameter_trainable_gradients(const parameter_store *s);
double parameter_gradient_squares(const parameter_store *s); /* the sum over the block, in double; NAN: it failed */
bool parameter_gradient_is_finite(const parameter *p);
/* More blocks of the same size (the optimiser's moments), zeroed; and host access to one, as parameter_map's. */
float *parameter_block_new(const parameter_store *s);              /* NULL: memory is short */
void parameter_block_free(const parameter_store *s, float *block); /* NULL is fine */
float *parameter_block_map(const parameter_store *s, float *block);
smac_status parameter_block_unmap(
    const parameter_store *s, float *block, float *mapped, bool written, smac_error *error);
/* One step of AdamW for one trainable parameter; first and second are the moments of the whole block. */
struct adamw_step;
smac_status parameter_adamw(const parameter_store *s, parameter *p, float *first, float *second,
    const struct adamw_step *step, smac_error *error);
smac_status parameter_zero_gradients(parameter_store *s);
void parameter_touch_all(parameter_store *s); /* raise the version of all trainable ones: values were written */

/*
 * Pack the frozen product parameters whose names start with prefix for inference (compute/products.h) at a precision.
 * drop_master frees or forgets their float32 values: then no gradient can flow through them and no other operation can
 * read them.  Not while a tape uses them.
 */
smac_status parameter_store_pack(
    parameter_store *s, const char *prefix, precision how, bool drop_master, smac_error *error);

#endif
