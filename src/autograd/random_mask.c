/*
 * autograd/random_mask.c - dropout masks from counter-based random numbers: element i looks at the i%8-th half word of
 * block i/8 (base/random.h).  The vector versions (random_mask_vector.c) give the same bits.
 */
#include "autograd/random_mask.h"

#include "base/random.h"
#include "compute/cpu.h"

bool dropout_begin(tape *t, float probability, dropout_mask *mask)
{
    *mask = (dropout_mask){.scale = 1};
    const tape_options *o = tape_get_options(t);
    if (!o->training || !(probability > 0))
        return false;
    if (probability > 65535.0f / 65536.0f) {
        tape_fail(t, SMAC_ERROR_ARGUMENT, "op_dropout", "a dropout of %g was asked for, but it must be under 1",
            (double)probability);
        return false;
    }
    mask->threshold = (uint32_t)(probability * 65536.0f + 0.5f);
    if (mask->threshold == 0)
        return false;
    mask->seed = o->seed;
    /* the step in the upper half: streams of different steps never meet while a tape has under 2^32 operations */
    mask->stream = (o->step + 1) << 32 ^ tape_next_stream(t);
    mask->scale = 65536.0f / (float)(65536 - mask->threshold);
    return true;
}

/* Elements from..to, one block at a time. */
static void apply_plain(const dropout_mask *mask, int64_t from, int64_t to, float *y, const float *x)
{
    for (int64_t block = from / 8; block * 8 < to; block++) {
        uint32_t words[4];
        random_block(mask->seed, mask->stream, (uint64_t)block, words);
        int64_t first = block * 8 > from ? block * 8 : from, last = block * 8 + 8 < to ? block * 8 + 8 : to;
        for (int64_t i = first; i < last; i++) {
            uint32_t word = words[(i & 7) >> 1], half = i & 1 ? word >> 16 : word & 0xFFFF;
            y[i - from] = half < mask->threshold ? 0.0f : x[i - from] * mask->scale;
        }
    }
}

void dropout_apply(const dropout_mask *mask, int64_t index, int64_t count, float *y, const float *x)
{
    dropout_vector_fn vector = dropout_vector_for(cpu_level());
    int64_t end = index + count;
    if (vector != NULL && count >= 2 * DROPOUT_VECTOR) {
        int64_t first = (index + DROPOUT_VECTOR - 1) / DROPOUT_VECTOR * DROPOUT_VECTOR;
        int64_t last = end / DROPOUT_VECTOR * DROPOUT_VECTOR;
        apply_plain(mask, index, first, y, x);
        vector(mask, first, last - first, y + (first - index), x + (first - index));
        y += last - index;
        x += last - index;
        index = last;
    }
    if (index < end)
        apply_plain(mask, index, end, y, x);
}
