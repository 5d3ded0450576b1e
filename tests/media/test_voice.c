/* A voice made of gliding harmonics and hisses at the pace of syllables is one; silence, noises, tones and chords are not. */
#include "support/check.h"

#include "base/random.h"
#include "media/voice.h"

#ifndef M_PI
#define M_PI 3.14159265358979323846
#endif

enum { COUNT = 3 * 16000 };
static float sound[COUNT];

static double probability(size_t from, size_t to)
{
    voice_detector *d;
    double p;
    assert_ok(voice_detector_new(&d, error));
    assert_ok(voice_probability(d, sound, COUNT, from, to, &p, error));
    voice_detector_free(d);
    return p;
}

/* Four syllables a second: a vowel whose pitch glides, then a hiss. */
static void add_voice(double loudness)
{
    random_sequence r = random_start(3, 1);
    double phase = 0;
    for (int i = 0; i < COUNT; i++) {
        double t = i / 16000.0, within = fmod(t * 4, 1), pitch = 130 * pow(2, 0.4 * sin(2 * M_PI * 0.7 * t));
        double vowel = within < 0.65 ? sin(M_PI * within / 0.65) : 0, hiss = within > 0.7 && within < 0.9 ? 0.1 : 0;
        double harmonics = 0;
        phase += 2 * M_PI * pitch / 16000;
        for (int k = 1; k < 25; k++) {
            double hz = k * pitch, first = (hz - 600) / 150, second = (hz - 1500) / 200;
            harmonics += (0.05 + exp(-first * first) + 0.4 * exp(-second * second)) * sin(k * phase);
        }
        sound[i] += (float)(loudness * (0.3 * vowel * harmonics + hiss * (2 * random_uniform(&r) - 1)));
    }
}

static void add_noise(double loudness)
{
    random_sequence r = random_start(5, 2);
    for (int i = 0; i < COUNT; i++)
        sound[i] += (float)(loudness * (2 * random_uniform(&r) - 1));
}

static void add_tone(double loudness, double hz)
{
    for (int i = 0; i < COUNT; i++)
        sound[i] += (float)(loudness * sin(2 * M_PI * hz * i / 16000));
}

static void voices_are_voices(void **state)
{
    (void)state;
    memset(sound, 0, sizeof sound);
    add_voice(0.5);
    assert_true(probability(16000, 32000) > 0.8);
    for (int i = 0; i < COUNT; i++)
        sound[i] *= 0.02f;
    assert_true(probability(16000, 32000) > 0.9);
    add_noise(0.002);
    assert_true(probability(16000, 32000) > 0.5);
    assert_true(probability(0, 1) < 2); /* a clip of one sample: any number, no fault */
}

static void other_sounds_are_not(void **state)
{
    (void)state;
    memset(sound, 0, sizeof sound);
    assert_true(probability(16000, 32000) == 0);
    add_noise(0.1);
    assert_true(probability(16000, 32000) < 0.1);
    memset(sound, 0, sizeof sound);
    add_tone(0.3, 440);
    assert_true(probability(16000, 32000) < 0.1);
    add_tone(0.3, 550);
    add_tone(0.3, 660);
    assert_true(probability(16000, 32000) < 0.1);
    assert_true(probability(0, 16000) < 0.1);
    assert_true(probability(32000, COUNT) < 0.1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(voices_are_voices), cmocka_unit_test(other_sounds_are_not)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
