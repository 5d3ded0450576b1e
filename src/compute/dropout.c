/* compute/dropout.c - dropout one block of eight elements at a time. */
#include "compute/dropout.h"

#include "base/random.h"

void dropout_plain(const dropout_mask *mask, int64_t index, int64_t count, float *y, const float *x)
{
    int64_t end = index + count;
    for (int64_t block = index / 8; block * 8 < end; block++) {
        uint32_t words[4];
        random_block(mask->seed, mask->stream, (uint64_t)block, words);
        int64_t first = block * 8 > index ? block * 8 : index, last = block * 8 + 8 < end ? block * 8 + 8 : end;
        for (int64_t i = first; i < last; i++) {
            uint32_t word = words[(i & 7) >> 1], half = i & 1 ? word >> 16 : word & 0xFFFF;
            y[i - index] = half < mask->threshold ? 0.0f : x[i - index] * mask->scale;
        }
    }
}
