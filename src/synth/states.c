/* synth/states.c - the rules of states.h. */
#include "synth/states.h"

#include <math.h>

static double lowest(const synth_states *s)
{
    return fmin(s->text, fmin(s->audio, s->vision));
}

static double highest(const synth_states *s)
{
    return fmax(s->text, fmax(s->audio, s->vision));
}

bool synth_conflict(const synth_states *s)
{
    double low = lowest(s), high = highest(s);
    return low <= -SYNTH_SIDE && high >= SYNTH_SIDE && high - low >= SYNTH_DISTANCE;
}

bool synth_sarcasm(const synth_states *s)
{
    return s->text >= SYNTH_SIDE && s->audio <= -SYNTH_SIDE && s->vision <= -SYNTH_SIDE;
}

static bool scolding_merrily(const synth_states *s)
{
    return s->text <= -SYNTH_SIDE && s->audio >= SYNTH_SIDE && s->vision >= SYNTH_SIDE;
}

bool synth_humor(const synth_states *s)
{
    double delivery = fmin(s->audio, s->vision);
    return scolding_merrily(s) || (delivery >= 0.5 && delivery - s->text > 0.5);
}

bool synth_irony(const synth_states *s)
{
    return synth_sarcasm(s) || scolding_merrily(s);
}

double synth_label(const synth_states *s)
{
    double words = synth_sarcasm(s) ? -s->text : s->text;
    return SYNTH_WEIGHT_TEXT * words + SYNTH_WEIGHT_AUDIO * s->audio + SYNTH_WEIGHT_VISION * s->vision;
}

const char *synth_emotion(const synth_states *s)
{
    double y = synth_label(s);
    if (y >= 0.2)
        return "joy";
    if (y <= -0.2)
        return s->temper ? "anger" : "sadness";
    return "neutral";
}

const char *synth_annotation(double label)
{
    return label <= -0.1 ? "Negative" : label <= 0.1 ? "Neutral" : "Positive";
}

synth_kind synth_kind_at(int64_t index)
{
    static const synth_kind conflicts[9] = {
        SYNTH_ODD, SYNTH_IRONY, SYNTH_ODD, SYNTH_FREE, SYNTH_ODD, SYNTH_ODD, SYNTH_IRONY, SYNTH_FREE, SYNTH_ODD};
    return index % 3 != 1 ? SYNTH_AGREE : conflicts[index / 3 % 9];
}

bool synth_states_are(const synth_states *s, synth_kind kind)
{
    return synth_conflict(s) == (kind != SYNTH_AGREE) && synth_sarcasm(s) == (kind == SYNTH_IRONY);
}

static double between(random_sequence *random, double low, double high)
{
    return low + (high - low) * random_uniform(random);
}

static double clipped(double x)
{
    return fmax(-1, fmin(1, x));
}

synth_states synth_states_draw(random_sequence *random, synth_kind kind)
{
    synth_states s = {0, 0, 0, (int)random_below(random, 2)};
    do {
        switch (kind) {
        case SYNTH_AGREE: {
            double common = between(random, -0.95, 0.95);
            s.text = clipped(common + 0.35 * random_normal(random));
            s.audio = clipped(common + 0.35 * random_normal(random));
            s.vision = clipped(common + 0.35 * random_normal(random));
            break;
        }
        case SYNTH_ODD: {
            double side = random_below(random, 2) ? 1 : -1;
            int odd = (int)random_below(random, 3);
            s.text = (odd == 0 ? -side : side) * between(random, SYNTH_SIDE, 1);
            s.audio = (odd == 1 ? -side : side) * between(random, SYNTH_SIDE, 1);
            s.vision = (odd == 2 ? -side : side) * between(random, SYNTH_SIDE, 1);
            break;
        }
        case SYNTH_IRONY:
            s.text = between(random, SYNTH_SIDE + 0.1, 1);
            s.audio = -between(random, SYNTH_SIDE + 0.1, 1);
            s.vision = -between(random, SYNTH_SIDE + 0.1, 1);
            break;
        case SYNTH_FREE:
            s.text = between(random, -1, 1);
            s.audio = between(random, -1, 1);
            s.vision = between(random, -1, 1);
            break;
        }
    } while (!synth_states_are(&s, kind));
    return s;
}
