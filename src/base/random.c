/* base/random.c - Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3, 2011). */
#include "base/random.h"

#include <math.h>

void random_block(uint64_t seed, uint64_t stream, uint64_t index, uint32_t out[4])
{
    uint32_t c0 = (uint32_t)index, c1 = (uint32_t)(index >> 32), c2 = (uint32_t)stream, c3 = (uint32_t)(stream >> 32);
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

uint32_t random_u32_at(uint64_t seed, uint64_t stream, uint64_t index)
{
    uint32_t words[4];
    random_block(seed, stream, index / 4, words);
    return words[index % 4];
}

float random_uniform_at(uint64_t seed, uint64_t stream, uint64_t index)
{
    return (float)(random_u32_at(seed, stream, index) >> 8) * 0x1p-24f;
}

static double normal_from(uint32_t a, uint32_t b)
{
    double u = ((double)a + 1.0) * 0x1p-32, v = (double)b * 0x1p-32; /* u in (0, 1] */
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

float random_normal_at(uint64_t seed, uint64_t stream, uint64_t index)
{
    uint32_t words[4];
    random_block(seed, stream, index / 2, words);
    return (float)(index % 2 ? normal_from(words[2], words[3]) : normal_from(words[0], words[1]));
}

random_sequence random_start(uint64_t seed, uint64_t stream)
{
    return (random_sequence){seed, stream, 0};
}

uint32_t random_u32(random_sequence *r)
{
    return random_u32_at(r->seed, r->stream, r->index++);
}

double random_uniform(random_sequence *r)
{
    uint64_t high = random_u32(r), low = random_u32(r);
    return (double)((high << 32 | low) >> 11) * 0x1p-53;
}

double random_normal(random_sequence *r)
{
    uint32_t a = random_u32(r), b = random_u32(r);
    return normal_from(a, b);
}

uint64_t random_below(random_sequence *r, uint64_t n)
{
    if (n < 2)
        return 0;
    uint64_t limit = UINT64_MAX - UINT64_MAX % n;
    for (;;) {
        uint64_t high = random_u32(r), low = random_u32(r), x = high << 32 | low;
        if (x < limit)
            return x % n;
    }
}

void random_shuffle(random_sequence *r, int64_t *items, int64_t count)
{
    for (int64_t i = count - 1; i > 0; i--) {
        int64_t j = (int64_t)random_below(r, (uint64_t)i + 1), other = items[j];
        items[j] = items[i];
        items[i] = other;
    }
}

uint64_t random_stream(const char *name)
{
    uint64_t hash = 0xCBF29CE484222325u;
    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * 0x100000001B3u;
    return hash;
}
