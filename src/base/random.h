/*
 * base/random.h - counter-based random numbers (Philox 4x32-10, Salmon and others 2011).
 *
 * A number is a pure function of (seed, stream, index), so any thread may ask for any index and the result is the same
 * for one thread and for many.
 */
#ifndef SMAC_BASE_RANDOM_H
#define SMAC_BASE_RANDOM_H

#include <stdint.h>

/* Four 32-bit words for the counter (index, stream) under the key seed. */
void random_block(uint64_t seed, uint64_t stream, uint64_t index, uint32_t out[4]);

/* The index-th number of the stream: 32 bits; uniform in [0, 1) with 24 bits; standard normal (Box-Muller). */
uint32_t random_u32_at(uint64_t seed, uint64_t stream, uint64_t index);
float random_uniform_at(uint64_t seed, uint64_t stream, uint64_t index);
float random_normal_at(uint64_t seed, uint64_t stream, uint64_t index);

/* A sequence for code that draws one after another; its state can be stored as three numbers. */
typedef struct random_sequence {
    uint64_t seed, stream, index;
} random_sequence;

random_sequence random_start(uint64_t seed, uint64_t stream);
uint32_t random_u32(random_sequence *r);
double random_uniform(random_sequence *r); /* [0, 1), 53 bits */
double random_normal(random_sequence *r);
uint64_t random_below(random_sequence *r, uint64_t n); /* 0..n-1 without bias; 0 for n = 0 */
void random_shuffle(random_sequence *r, int64_t *items, int64_t count);

/* A stream number from a name, so that streams do not collide by accident (64-bit FNV-1a). */
uint64_t random_stream(const char *name);

#endif
