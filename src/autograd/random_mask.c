/* autograd/random_mask.c - dropout masks from counter-based random numbers, eight elements a block of Philox. */
#include "autograd/random_mask.h"

#include <string.h>

#include "base/random.h"

bool dropout_begin(tape *t, float probability, dropout_mask *mask)
{
    *mask = (dropout_mask){.scale = 1};
    const tape_options *o = tape_get_options(t);
    if (!o->training || !(probability > 0))
        return false;
    mask->threshold = (uint32_t)(probability * 65536.0f + 0.5f);
    if (mask->threshold > 65535) {
        tape_fail(t, SMAC_ERROR_ARGUMENT, "op_dropout", "a dropout of %g was asked for, but it must be under 1",
            (double)probability);
        return false;
    }
    if (mask->threshold == 0)
        return false;
    mask->seed = o->seed;
    /* the step in the upper half: streams of different steps never meet while a tape has under 2^32 operations */
    mask->stream = (o->step + 1) << 32 ^ tape_next_stream(t);
    mask->scale = 65536.0f / (float)(65536 - mask->threshold);
    return true;
}

void dropout_apply(const dropout_mask *mask, int64_t index, int64_t count, float *y, const float *x)
{
    int64_t end = index + count;
    for (int64_t block = index / 8; block * 8 < end; block++) {
        uint32_t words[4];
        random_block(mask->seed, mask->stream, (uint64_t)block, words);
        int64_t from = block * 8 > index ? block * 8 : index, to = block * 8 + 8 < end ? block * 8 + 8 : end;
        for (int64_t i = from; i < to; i++) {
            uint32_t word = words[(i & 7) >> 1], half = i & 1 ? word >> 16 : word & 0xFFFF;
            float factor = half < mask->threshold ? 0.0f : mask->scale;
            y[i - index] = half < mask->threshold ? 0.0f : x[i - index] * factor;
        }
    }
}
