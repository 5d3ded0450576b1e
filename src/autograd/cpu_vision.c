/* autograd/cpu_vision.c - the CPU's convolutions of pictures, rectifiers and nearest enlargement. */
#include <string.h>

#include "autograd/cpu.h"

static convolution_scratch scratch_of(device_run *run)
{
    return (convolution_scratch){&run->own, &run->product};
}

smac_status cpu_convolve(device_run *run, const picture_convolution *p)
{
    return convolve(p, scratch_of(run), &run->error);
}

smac_status cpu_convolve_gradient(device_run *run, const picture_convolution *p)
{
    return convolve_gradient(p, scratch_of(run), &run->error);
}

/* --- rectifiers ------------------------------------------------------------------------------------------------------ */

static void rectify_range(void *context, int64_t from, int64_t to)
{
    const rectify_problem *p = context;
    kernels_get()->rectify(p->y + from, p->x + from, NULL, to - from, p->end);
}

smac_status cpu_rectify(device_run *run, const rectify_problem *p)
{
    (void)run;
    for_ranges(p->count, ELEMENT_STEP, rectify_range, p);
    return SMAC_OK;
}

static void rectify_gradient_range(void *context, int64_t from, int64_t to)
{
    enum { SOME = 512 };
    const rectify_problem *p = context;
    const struct kernels *kernel = kernels_get();
    float room[SOME];
    if (!p->add) {
        kernel->rectify_backward(p->dx + from, p->dy + from, p->y + from, to - from, p->end);
        return;
    }
    for (int64_t i = from; i < to; i += SOME) {
        int64_t n = to - i < SOME ? to - i : SOME;
        kernel->rectify_backward(room, p->dy + i, p->y + i, n, p->end);
        kernel->add(p->dx + i, p->dx + i, room, n);
    }
}

smac_status cpu_rectify_gradient(device_run *run, const rectify_problem *p)
{
    (void)run;
    for_ranges(p->count, ELEMENT_STEP, rectify_gradient_range, p);
    return SMAC_OK;
}

/* --- enlargement ----------------------------------------------------------------------------------------------------- */

/* Rows from..to of the results, of all pictures together. */
static void enlarge_range(void *context, int64_t from, int64_t to)
{
    const enlarge_problem *p = context;
    size_t pixel = (size_t)p->channels * sizeof(float);
    for (int64_t r = from; r < to; r++) {
        int64_t b = r / p->out_height, row = r % p->out_height * p->height / p->out_height;
        const float *x = p->x + (b * p->height + row) * p->width * p->channels;
        float *y = p->y + r * p->out_width * p->channels;
        for (int64_t i = 0; i < p->out_width; i++, y += p->channels)
            memcpy(y, x + i * p->width / p->out_width * p->channels, pixel);
    }
}

/* The first of `out` places that takes place i of n. */
static int64_t first_taking(int64_t i, int64_t n, int64_t out)
{
    return (i * out + n - 1) / n;
}

/* Rows from..to of x, of all pictures together. */
static void enlarge_gradient_range(void *context, int64_t from, int64_t to)
{
    const enlarge_problem *p = context;
    const struct kernels *kernel = kernels_get();
    for (int64_t r = from; r < to; r++) {
        int64_t b = r / p->height, i = r % p->height;
        float *x = p->x + r * p->width * p->channels;
        if (!p->add)
            memset(x, 0, (size_t)(p->width * p->channels) * sizeof *x);
        for (int64_t row = first_taking(i, p->height, p->out_height);
             row < first_taking(i + 1, p->height, p->out_height); row++)
            for (int64_t j = 0; j < p->width; j++)
                for (int64_t column = first_taking(j, p->width, p->out_width);
                     column < first_taking(j + 1, p->width, p->out_width); column++)
                    kernel->add(x + j * p->channels, x + j * p->channels,
                        p->y + ((b * p->out_height + row) * p->out_width + column) * p->channels, p->channels);
    }
}

smac_status cpu_enlarge(device_run *run, const enlarge_problem *p)
{
    (void)run;
    if (p->gradient)
        for_ranges(p->batch * p->height, row_step(p->width * p->channels), enlarge_gradient_range, p);
    else
        for_ranges(p->batch * p->out_height, row_step(p->out_width * p->channels), enlarge_range, p);
    return SMAC_OK;
}
