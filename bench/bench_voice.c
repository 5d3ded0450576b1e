/*
 * Measures of voice of each second of sound files, for experiments/voice/voice_gate.py.
 *
 * bench_voice <LIST: one path a line; gives path, second, mean square, probability, measures, separated by tabs.  The last
 * line on standard error is the processor time a second of sound.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "media/sound.h"
#include "media/voice.h"

static smac_status print_second(
    voice_detector *d, const char *path, const float *samples, size_t count, size_t from, smac_error *error)
{
    size_t to = from + 16000 < count ? from + 16000 : count;
    double measures[VOICE_MEASURES], probability, power = 0;
    TRY(voice_measures(d, samples, count, from, to, measures, error));
    TRY(voice_probability(d, samples, count, from, to, &probability, error));
    for (size_t i = from; i < to; i++)
        power += (double)samples[i] * (double)samples[i] / (double)(to - from);
    printf("%s\t%zu\t%.9g\t%.4f", path, from / 16000, power, probability);
    for (int i = 0; i < VOICE_MEASURES; i++)
        printf("\t%.6g", measures[i]);
    puts("");
    return SMAC_OK;
}

int main(void)
{
    char path[4096];
    smac_error error;
    voice_detector *d;
    double seconds = 0;
    smac_status status = voice_detector_new(&d, &error);
    clock_t taken = 0;
    while (status == SMAC_OK && fgets(path, sizeof path, stdin)) {
        float *samples;
        size_t count;
        path[strcspn(path, "\n")] = 0;
        status = sound_load(path, NULL, &samples, &count, NULL, &error);
        if (status != SMAC_OK)
            break;
        clock_t began = clock();
        for (size_t at = 0; status == SMAC_OK && at + 8000 <= count; at += 16000)
            status = print_second(d, path, samples, count, at, &error);
        taken += clock() - began;
        seconds += (double)count / 16000;
        free(samples);
    }
    if (status != SMAC_OK) {
        fprintf(stderr, "bench_voice: %s\n", error.message);
        return 1;
    }
    voice_detector_free(d);
    fprintf(stderr, "%.4f s a second of sound (measures taken twice)\n",
        seconds > 0 ? (double)taken / CLOCKS_PER_SEC / seconds : 0);
    return 0;
}
