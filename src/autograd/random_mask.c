/* autograd/random_mask.c - a stream of random numbers for each dropout of a tape. */
#include "autograd/random_mask.h"

#include "compute/kernels.h"

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

void dropout_apply(const dropout_mask *mask, int64_t index, int64_t count, float *y, const float *x)
{
    kernels_get()->dropout(mask, index, count, y, x);
}
