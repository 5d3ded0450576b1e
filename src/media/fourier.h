/* media/fourier.h - power spectra of real frames in double precision; the transforms are libavutil's. */
#ifndef SMAC_MEDIA_FOURIER_H
#define SMAC_MEDIA_FOURIER_H

#include "base/error.h"

typedef struct power_spectrum power_spectrum; /* one thread at a time */

/* length: 2^n, or 5 * 2^n (as Whisper's 400 = 5 * 80), 16 to 65536. */
smac_status power_spectrum_new(int length, power_spectrum **out, smac_error *error);
void power_spectrum_free(power_spectrum *p);
/* frame (length) -> out (length / 2 + 1): |sum over n of frame[n] e^(-2 pi i k n / length)|^2 */
void power_spectrum_run(power_spectrum *p, const double *frame, double *out);

#endif
