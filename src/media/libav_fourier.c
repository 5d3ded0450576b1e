/*
 * media/libav_fourier.c - power spectra by av_tx.
 *
 * av_tx of Debian 12 is fast for 2^n and 5 * 2^n (and some others) alone.  A length that holds the factor 25 is cut into
 * five interleaved parts: X[k] = sum over r of e^(-2 pi i r k / N) F_r[k mod N/5], F_r the transform of x[5 m + r].
 */
#include "media/fourier.h"

#include <libavutil/tx.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

struct power_spectrum {
    int length, parts, part; /* length = parts * part */
    AVTXContext *context;
    av_tx_fn transform;
    double *in, *out; /* interleaved complex: (part), (parts, part) */
    double *twiddle;  /* (length) of e^(-2 pi i n / length) */
};

smac_status power_spectrum_new(int length, power_spectrum **out, smac_error *error)
{
    *out = NULL;
    power_spectrum *p = memory_new(1, sizeof *p);
    if (!p)
        return FAIL(error, SMAC_ERROR_MEMORY, "out of memory for a spectrum");
    p->length = length;
    p->parts = length % 25 == 0 ? 5 : 1;
    p->part = length / p->parts;
    p->in = memory_aligned((size_t)p->part * 2 * sizeof(double));
    p->out = memory_aligned((size_t)length * 2 * sizeof(double));
    p->twiddle = memory_aligned((size_t)length * 2 * sizeof(double));
    double scale = 1.0;
    if (!p->in || !p->out || !p->twiddle ||
        av_tx_init(&p->context, &p->transform, AV_TX_DOUBLE_FFT, 0, p->part, &scale, 0) < 0) {
        power_spectrum_free(p);
        return FAIL(error, SMAC_ERROR_MEMORY, "a spectrum of %d points could not be prepared", length);
    }
    for (int n = 0; n < length; n++) {
        double angle = -2.0 * 3.14159265358979323846 * n / length;
        p->twiddle[2 * n] = cos(angle);
        p->twiddle[2 * n + 1] = sin(angle);
    }
    *out = p;
    return SMAC_OK;
}

void power_spectrum_free(power_spectrum *p)
{
    if (!p)
        return;
    av_tx_uninit(&p->context);
    memory_aligned_free(p->in);
    memory_aligned_free(p->out);
    memory_aligned_free(p->twiddle);
    free(p);
}

void power_spectrum_run(power_spectrum *p, const double *frame, double *out)
{
    for (int r = 0; r < p->parts; r++) {
        for (int m = 0; m < p->part; m++) {
            p->in[2 * m] = frame[m * p->parts + r];
            p->in[2 * m + 1] = 0;
        }
        p->transform(p->context, p->out + 2 * r * p->part, p->in, 2 * sizeof(double));
    }
    for (int k = 0; k <= p->length / 2; k++) {
        double real = 0, imaginary = 0;
        for (int r = 0; r < p->parts; r++) {
            const double *f = p->out + 2 * (r * p->part + k % p->part);
            const double *t = p->twiddle + 2 * (r * k % p->length);
            real += f[0] * t[0] - f[1] * t[1];
            imaginary += f[0] * t[1] + f[1] * t[0];
        }
        out[k] = real * real + imaginary * imaginary;
    }
}
