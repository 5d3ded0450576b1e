/* compute/kernels_vision.h - the part of kernels_template.h for convolutions: rectifiers and depthwise rows. */

ALWAYS vf rectify_vector(vf v, vf slope, vf ceiling, const bool cut)
{
    vf low =
        cut ? VF_MAX(VF_ZERO(), v) : VF_WHERE_LESS(VF_ZERO(), v, v, VF_MUL(slope, v)); /* 0 times infinity is NaN */
    return VF_MIN(ceiling, low);
}

ALWAYS void rectify_all(float *y, const float *x, const float *b, int64_t n, rectifier f, const bool cut)
{
    vf slope = VF_SET(f.slope), ceiling = VF_SET(f.ceiling);
    if (b)
        OVER(n, i, part)
    PUT(y + i, rectify_vector(VF_ADD(GET(x + i, part), GET(b + i, part)), slope, ceiling, cut), part);
    else OVER(n, i, part) PUT(y + i, rectify_vector(GET(x + i, part), slope, ceiling, cut), part);
}

static void rectify(float *y, const float *x, const float *b, int64_t n, rectifier f)
{
    if (f.slope == 0)
        rectify_all(y, x, b, n, f, true);
    else
        rectify_all(y, x, b, n, f, false);
}

static void rectify_backward(float *d, const float *dy, const float *y, int64_t n, rectifier f)
{
    vf slope = VF_SET(f.slope), ceiling = VF_SET(f.ceiling);
    OVER(n, i, part)
    {
        vf g = GET(dy + i, part), v = GET(y + i, part);
        vf high = VF_WHERE_LESS(v, ceiling, g, VF_ZERO());
        PUT(d + i, VF_WHERE_LESS(VF_ZERO(), v, high, VF_MUL(slope, g)), part);
    }
}

/* --- depthwise ------------------------------------------------------------------------------------------------------- */

enum { FEW_TAPS = 9, SIDE_BY_SIDE = 4 }; /* weights that stay in registers; pixels at once */

ALWAYS void depthwise_tap(
    const depthwise_row *r, int t, vf weight, int64_t c, int64_t part, int64_t p, const int count, vf *s)
{
    const float *x = r->x[t] + c + p * r->x_step;
#pragma GCC unroll 4
    for (int i = 0; i < count; i++)
        s[i] = VF_FMA(weight, GET(x + i * r->x_step, part), s[i]);
}

/* `count` pixels from p on, channels from c on; w: the weights, if they are in registers already */
ALWAYS void depthwise_pixels(const depthwise_row *r, const int taps, const vf *w, int64_t c, int64_t part, int64_t p,
    const int count, const bool cut)
{
    vf s[SIDE_BY_SIDE], first = r->bias ? GET(r->bias + c, part) : VF_ZERO();
#pragma GCC unroll 4
    for (int i = 0; i < count; i++)
        s[i] = first;
    if (taps) {
#pragma GCC unroll 9
        for (int t = 0; t < taps; t++)
            depthwise_tap(r, t, w[t], c, part, p, count, s);
    } else {
        for (int t = 0; t < r->taps; t++)
            depthwise_tap(r, t, GET(r->w[t] + c, part), c, part, p, count, s);
    }
    float *y = r->y + c + p * r->y_step;
    vf slope = VF_SET(r->end.slope), ceiling = VF_SET(r->end.ceiling);
#pragma GCC unroll 4
    for (int i = 0; i < count; i++) {
        vf v = r->add ? VF_ADD(GET(y + i * r->y_step, part), s[i]) : rectify_vector(s[i], slope, ceiling, cut);
        PUT(y + i * r->y_step, v, part);
    }
}

/* taps 0: any number of them */
ALWAYS void depthwise_channels(const depthwise_row *r, const int taps, int64_t c, int64_t part, const bool cut)
{
    vf w[FEW_TAPS];
#pragma GCC unroll 9
    for (int t = 0; t < taps; t++)
        w[t] = GET(r->w[t] + c, part);
    int64_t p = 0;
    for (; p + SIDE_BY_SIDE <= r->pixels; p += SIDE_BY_SIDE)
        depthwise_pixels(r, taps, w, c, part, p, SIDE_BY_SIDE, cut);
    for (; p < r->pixels; p++)
        depthwise_pixels(r, taps, w, c, part, p, 1, cut);
}

ALWAYS void depthwise_all(const depthwise_row *r, const int taps, const bool cut)
{
    int64_t c = 0;
    for (; c + LANES <= r->channels; c += LANES)
        depthwise_channels(r, taps, c, LANES, cut);
    if (c < r->channels)
        depthwise_channels(r, taps, c, r->channels - c, cut);
}

static void depthwise(const depthwise_row *r)
{
    bool cut = r->end.slope == 0;
    if (r->taps == FEW_TAPS && cut)
        depthwise_all(r, FEW_TAPS, true);
    else if (r->taps == FEW_TAPS)
        depthwise_all(r, FEW_TAPS, false);
    else if (cut)
        depthwise_all(r, 0, true);
    else
        depthwise_all(r, 0, false);
}

/* `count` taps from the one numbered t on */
ALWAYS void depthwise_weights_some(const depthwise_row *r, int t, const int count, int64_t c, int64_t part)
{
    vf s[FEW_TAPS];
#pragma GCC unroll 9
    for (int i = 0; i < count; i++)
        s[i] = GET(r->dw[t + i] + c, part);
    for (int64_t p = 0; p < r->pixels; p++) {
        vf d = GET(r->dy + c + p * r->y_step, part);
#pragma GCC unroll 9
        for (int i = 0; i < count; i++)
            s[i] = VF_FMA(d, GET(r->x[t + i] + c + p * r->x_step, part), s[i]);
    }
#pragma GCC unroll 9
    for (int i = 0; i < count; i++)
        PUT(r->dw[t + i] + c, s[i], part);
}

ALWAYS void depthwise_weights_channels(const depthwise_row *r, int64_t c, int64_t part)
{
    int t = 0;
    for (; t + FEW_TAPS <= r->taps; t += FEW_TAPS)
        depthwise_weights_some(r, t, FEW_TAPS, c, part);
    for (; t + 3 <= r->taps; t += 3)
        depthwise_weights_some(r, t, 3, c, part);
    for (; t < r->taps; t++)
        depthwise_weights_some(r, t, 1, c, part);
}

static void depthwise_weights(const depthwise_row *r)
{
    int64_t c = 0;
    for (; c + LANES <= r->channels; c += LANES)
        depthwise_weights_channels(r, c, LANES);
    if (c < r->channels)
        depthwise_weights_channels(r, c, r->channels - c);
}
