/*
 * base/half.h - IEEE 754 half precision and bfloat16, in the header so that loops over them become vectors.
 * The way from float rounds half to even; a NaN stays a NaN and becomes a quiet one, as the processor's conversions do.
 */
#ifndef SMAC_BASE_HALF_H
#define SMAC_BASE_HALF_H

#include <stdint.h>
#include <string.h>

static inline uint32_t float_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, 4);
    return bits;
}

static inline float float_from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, 4);
    return x;
}

static inline float bfloat_to_float(uint16_t x)
{
    return float_from_bits((uint32_t)x << 16);
}

static inline uint16_t bfloat_from_float(float x)
{
    uint32_t u = float_bits(x);
    if ((u & 0x7fffffffu) > 0x7f800000u)
        return (uint16_t)(u >> 16 | 0x40);
    return (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

static inline float half_to_float(uint16_t x)
{
    uint32_t sign = (uint32_t)(x & 0x8000) << 16, exponent = x >> 10 & 31, fraction = x & 1023;
    if (exponent == 31)
        return float_from_bits(sign | 0x7f800000u | fraction << 13 | (fraction ? 0x400000u : 0));
    if (exponent == 0) {
        float v = (float)fraction * 0x1p-24f;
        return sign ? -v : v;
    }
    return float_from_bits(sign | (exponent + 112) << 23 | fraction << 13);
}

static inline uint16_t half_from_float(float x)
{
    uint32_t u = float_bits(x), sign = u >> 16 & 0x8000, magnitude = u & 0x7fffffffu;
    if (magnitude > 0x7f800000u)
        return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x1ff));
    if (magnitude >= 0x477ff000u) /* 65520 and above round to infinity */
        return (uint16_t)(sign | 0x7c00);
    if (magnitude < 0x38800000u) {                         /* less than the smallest normal: a multiple of 2^-24 */
        float shifted = float_from_bits(magnitude) + 0.5f; /* an ulp of [0.5, 1) is 2^-24: the sum rounds there */
        return (uint16_t)(sign | (float_bits(shifted) - 0x3f000000u));
    }
    magnitude += 0xfff + (magnitude >> 13 & 1);
    return (uint16_t)(sign | ((magnitude - 0x38000000u) >> 13));
}

#endif
