/* synth/voice.c - speaking with espeak-ng and colouring the sound.  See voice.h. */
#include "synth/voice.h"

#include <espeak-ng/speak_lib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const struct {
    const char *name;
    bool woman;
} variants[] = {{"m1", false}, {"m2", false}, {"m3", false}, {"m4", false}, {"m5", false}, {"m6", false}, {"m7", false},
    {"m8", false}, {"f1", true}, {"f2", true}, {"f3", true}, {"f4", true}, {"f5", true}, {"Alex", false},
    {"Alicia", true}, {"Andrea", true}, {"Andy", false}, {"Annie", true}, {"Denis", false}, {"Diogo", false},
    {"Gene", false}, {"Jacky", false}, {"Lee", false}, {"Marco", false}, {"Mario", false}, {"Michael", false},
    {"Mike", false}, {"adam", false}, {"anika", true}, {"antonio", false}, {"aunty", true}, {"belinda", true},
    {"benjamin", false}, {"boris", false}, {"caleb", false}, {"david", false}, {"ed", false}, {"edward", false},
    {"grandma", true}, {"grandpa", false}, {"gustave", false}, {"iven", false}, {"john", false}, {"linda", true},
    {"max", false}, {"michel", false}, {"miguel", false}, {"norbert", false}, {"pablo", false}, {"paul", false},
    {"pedro", false}, {"quincy", false}, {"rob", false}, {"robert", false}, {"sandro", false}, {"shelby", true},
    {"steph", true}, {"travis", false}, {"victor", false}, {"zac", false}};
enum { VARIANTS = sizeof variants / sizeof *variants };

size_t voice_variant_count(void)
{
    return VARIANTS;
}

bool voice_variant_woman(size_t variant)
{
    return variant < VARIANTS && variants[variant].woman;
}

void voice_identity_draw(random_sequence *random, size_t variant, voice_identity *out)
{
    static const char *const accents[] = {
        "en-us", "en-us", "en-gb-x-rp", "en-gb-scotland", "en-029", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-us-nyc"};
    const char *accent = accents[random_below(random, sizeof accents / sizeof *accents)];
    snprintf(out->name, sizeof out->name, "%s+%s", accent, variants[variant % VARIANTS].name);
    out->pitch = -6 + 12 * random_uniform(random);
    out->rate = -10 + 20 * random_uniform(random);
    out->level = -1.5 + 3 * random_uniform(random);
}

/* The samples that espeak-ng hands over piece by piece. */
typedef struct collector {
    short *samples;
    size_t count, capacity;
    bool failed;
} collector;

static int collect(short *samples, int count, espeak_EVENT *events)
{
    collector *c = events ? events->user_data : NULL;
    if (!c || !samples || count <= 0)
        return 0;
    if (!memory_grow((void **)&c->samples, &c->capacity, c->count + (size_t)count, sizeof *samples)) {
        c->failed = true;
        return 1;
    }
    memcpy(c->samples + c->count, samples, (size_t)count * sizeof *samples);
    c->count += (size_t)count;
    return 0;
}

/* espeak-ng's parameters for a sentence. */
typedef struct manner {
    int pitch, range, rate, gap;
} manner;

static smac_status espeak_say(const char *voice, const char *text, const manner *how, collector *c, smac_error *error)
{
    int sample_rate = espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, NULL, espeakINITIALIZE_DONT_EXIT);
    if (sample_rate <= 0)
        return FAIL(error, SMAC_ERROR_NOT_FOUND, "espeak-ng does not start: install the package espeak-ng-data");
    if (sample_rate != VOICE_SAMPLE_RATE)
        return FAIL(error, SMAC_ERROR_UNSUPPORTED, "espeak-ng speaks at %d samples a second, expected %d", sample_rate,
            VOICE_SAMPLE_RATE);
    espeak_SetSynthCallback(collect);
    if (espeak_SetVoiceByName(voice) != EE_OK)
        return FAIL(
            error, SMAC_ERROR_NOT_FOUND, "espeak-ng has no voice \"%s\": install the package espeak-ng-data", voice);
    espeak_SetParameter(espeakPITCH, how->pitch, 0);
    espeak_SetParameter(espeakRANGE, how->range, 0);
    espeak_SetParameter(espeakRATE, how->rate, 0);
    espeak_SetParameter(espeakWORDGAP, how->gap, 0);
    espeak_ERROR status = espeak_Synth(text, strlen(text) + 1, 0, POS_CHARACTER, 0, espeakCHARS_UTF8, NULL, c);
    if (c->failed)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the speech");
    if (status != EE_OK || c->count < VOICE_SAMPLE_RATE / 10)
        return FAIL(error, SMAC_ERROR_INTERNAL, "espeak-ng made %zu samples of \"%s\" with the voice %s", c->count,
            text, voice);
    return SMAC_OK;
}

/* Where the speech starts and ends: samples over a hundredth of the peak. */
static void speech_span(const collector *c, size_t *first, size_t *last)
{
    int peak = 1;
    for (size_t i = 0; i < c->count; i++)
        peak = abs(c->samples[i]) > peak ? abs(c->samples[i]) : peak;
    size_t a = 0, b = c->count;
    while (a < b && abs(c->samples[a]) * 100 < peak)
        a++;
    while (b > a && abs(c->samples[b - 1]) * 100 < peak)
        b--;
    *first = a;
    *last = b;
}

/* Root mean square over the 20 ms pieces that are louder than a tenth of the loudest. */
static double speech_level(const float *x, size_t count)
{
    enum { PIECE = VOICE_SAMPLE_RATE / 50 };
    double loudest = 0;
    for (int pass = 0;; pass++) {
        double sum = 0;
        size_t pieces = 0;
        for (size_t at = 0; at + PIECE <= count; at += PIECE) {
            double energy = 0;
            for (size_t i = at; i < at + PIECE; i++)
                energy += (double)x[i] * x[i];
            if (pass == 0 && energy > loudest)
                loudest = energy;
            if (pass == 1 && energy > 0.01 * loudest) {
                sum += energy;
                pieces++;
            }
        }
        if (pass == 1)
            return pieces ? sqrt(sum / (double)(pieces * PIECE)) : 0;
    }
}

/* A high-shelf filter of first order: frequencies above about 1500 Hz are multiplied by gain. */
static void brighten(float *x, size_t count, double gain)
{
    double a = 1 - exp(-2 * M_PI * 1500.0 / VOICE_SAMPLE_RATE), low = 0;
    for (size_t i = 0; i < count; i++) {
        low += a * (x[i] - low);
        x[i] = (float)(low + gain * (x[i] - low));
    }
}

smac_status voice_speak(const voice_identity *voice, const char *text, double state, int temper,
    random_sequence *random, voice_sound *out, smac_error *error)
{
    *out = (voice_sound){0};
    double bad = state < 0 ? -state : 0;
    const manner how = {.pitch = (int)lround(50 + voice->pitch + 26 * state),
        .range = (int)lround(fmax(4, 50 + 44 * state)),
        .rate = (int)lround(225 + voice->rate + 60 * state),
        .gap = (int)lround(5 * bad)};
    collector c = {0};
    smac_status status = espeak_say(voice->name, text, &how, &c, error);
    if (status != SMAC_OK) {
        free(c.samples);
        return status;
    }
    size_t first, last;
    speech_span(&c, &first, &last);
    size_t before = (size_t)((0.05 + 0.20 * random_uniform(random)) * VOICE_SAMPLE_RATE);
    size_t after = (size_t)((0.10 + 0.25 * random_uniform(random)) * VOICE_SAMPLE_RATE);
    size_t count = before + (last - first) + after;
    float *x = memory_new(count, sizeof *x);
    if (!x) {
        free(c.samples);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the speech");
    }
    for (size_t i = first; i < last; i++)
        x[before + i - first] = (float)c.samples[i] / 32768.0f;
    free(c.samples);
    double tremble = temper ? 0 : 0.6 * bad, rough = temper ? 0.6 * bad : 0;
    double speed = 5.5 + random_uniform(random), growl = 32 + 10 * random_uniform(random);
    for (size_t i = 0; i < count; i++) {
        double t = (double)i / VOICE_SAMPLE_RATE;
        double slow = 1 - tremble * (0.5 + 0.5 * sin(2 * M_PI * speed * t));
        double fast = 1 - rough * (0.5 + 0.5 * sin(2 * M_PI * growl * t));
        x[i] = (float)(x[i] * slow * fast);
    }
    brighten(x, count, pow(10, 8 * state / 20));
    double level = speech_level(x, count);
    double wanted = pow(10, (-24 + voice->level + 9 * state) / 20);
    double gain = level > 0 ? wanted / level : 0;
    double noise = pow(10, (-68 + 12 * random_uniform(random)) / 20), hum = 0;
    for (size_t i = 0; i < count; i++) {
        hum += 0.2 * ((random_uniform(random) - 0.5) * 3.4 - hum); /* soft noise of the room */
        double y = x[i] * gain + noise * hum;
        x[i] = (float)(fabs(y) < 0.7 ? y : copysign(0.7 + 0.3 * tanh((fabs(y) - 0.7) / 0.3), y));
    }
    out->samples = x;
    out->count = count;
    return SMAC_OK;
}

void voice_sound_free(voice_sound *sound)
{
    free(sound->samples);
    *sound = (voice_sound){0};
}

void voice_mouth(const voice_sound *sound, double rate, double *out, size_t count)
{
    double peak = 1e-9;
    for (size_t i = 0; i < count; i++) { /* the energy of the 60 ms around the picture's time */
        double middle = (double)i / rate * VOICE_SAMPLE_RATE, half = 0.03 * VOICE_SAMPLE_RATE;
        size_t from = middle > half ? (size_t)(middle - half) : 0, to = (size_t)(middle + half);
        double sum = 0;
        for (size_t k = from; k < to && k < sound->count; k++)
            sum += (double)sound->samples[k] * sound->samples[k];
        out[i] = sqrt(sum);
        peak = fmax(peak, out[i]);
    }
    for (size_t i = 0; i < count; i++) {
        double open = out[i] / peak;
        out[i] = open < 0.05 ? 0 : pow(open, 0.7);
    }
}
