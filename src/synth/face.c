/* synth/face.c - who a face is and where it is; the painting itself is in face_paint.c.  See face.h. */
#include "synth/face.h"

#include <math.h>

static double between(random_sequence *random, double low, double high)
{
    return low + (high - low) * random_uniform(random);
}

static face_color mix(face_color a, face_color b, double t)
{
    return (face_color){a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}

static face_color hue(random_sequence *random, double saturation, double value)
{
    double h = 6.0 * random_uniform(random);
    double c[3];
    for (int i = 0; i < 3; i++) { /* HSV to RGB: each channel is a trapezium of the hue */
        double k = fmod(5.0 - 2.0 * i + h, 6.0);
        double t = fmin(fmin(k, 4.0 - k), 1.0);
        c[i] = value - value * saturation * fmax(0.0, t);
    }
    return (face_color){c[0], c[1], c[2]};
}

void face_identity_draw(random_sequence *random, bool woman, face_identity *out)
{
    static const face_color skins[] = {{0.98, 0.85, 0.75}, {0.95, 0.78, 0.65}, {0.88, 0.68, 0.52}, {0.78, 0.57, 0.41},
        {0.64, 0.44, 0.31}, {0.50, 0.34, 0.24}};
    static const face_color hairs[] = {{0.13, 0.10, 0.09}, {0.28, 0.18, 0.11}, {0.45, 0.28, 0.14}, {0.80, 0.62, 0.32},
        {0.62, 0.27, 0.12}, {0.68, 0.66, 0.64}};
    static const face_color irises[] = {{0.30, 0.18, 0.08}, {0.20, 0.40, 0.62}, {0.25, 0.48, 0.30}, {0.42, 0.32, 0.18}};
    double skin = 4.999 * random_uniform(random);
    int low = (int)skin;
    out->skin = mix(skins[low], skins[low + 1], skin - low);
    double hair = 4.999 * random_uniform(random);
    face_color plain = mix(hairs[(int)hair], hairs[(int)hair + 1], 0.3 * random_uniform(random));
    if (skin > 3.0)
        plain = mix(plain, hairs[0], 0.8); /* dark hair on dark skin, mostly */
    out->hair_color = plain;
    out->iris = irises[skin > 3.0 ? 0 : random_below(random, 4)];
    static const face_hair of_women[] = {HAIR_LONG, HAIR_LONG, HAIR_BUN, HAIR_CURLY, HAIR_SIDE};
    static const face_hair of_men[] = {HAIR_SHORT, HAIR_SHORT, HAIR_SIDE, HAIR_BALD, HAIR_CURLY};
    out->hair = woman ? of_women[random_below(random, 5)] : of_men[random_below(random, 5)];
    double glasses = random_uniform(random);
    out->glasses = glasses < 0.7 ? GLASSES_NONE : glasses < 0.85 ? GLASSES_ROUND : GLASSES_SQUARE;
    out->head_height = between(random, 1.18, 1.36);
    out->jaw = woman ? between(random, 0.34, 0.52) : between(random, 0.46, 0.68);
    out->eye_spacing = between(random, 0.38, 0.45);
    out->eye_size = between(random, 0.92, 1.10) * (woman ? 1.06 : 0.98);
    out->brow_thickness = woman ? between(random, 0.06, 0.085) : between(random, 0.08, 0.115);
    out->nose_length = between(random, 0.26, 0.36);
    out->nose_width = between(random, 0.12, 0.19);
    out->mouth_width = between(random, 0.36, 0.43);
    out->lip_thickness = woman ? between(random, 0.075, 0.10) : between(random, 0.055, 0.08);
    face_color red = {0.78, 0.28, 0.30};
    face_color dark = {out->skin.r * 0.72, out->skin.g * 0.48, out->skin.b * 0.46};
    out->lips = mix(dark, red, woman ? between(random, 0.25, 0.75) : between(random, 0.0, 0.2));
    double stubble = random_uniform(random);
    out->stubble = !woman && stubble > 0.6 ? 0.25 + 0.75 * (stubble - 0.6) / 0.4 : 0.0;
    double saturation = between(random, 0.25, 0.7), value = between(random, 0.3, 0.85);
    out->clothes = hue(random, saturation, value);
}

void face_scene_draw(random_sequence *random, face_scene *out)
{
    out->scale = between(random, 0.62, 0.70);
    out->x = between(random, -0.06, 0.06);
    out->y = between(random, -0.04, 0.06);
    out->light = between(random, -1.0, 1.0);
    out->light_strength = between(random, 0.05, 0.35);
    out->brightness = between(random, 0.82, 1.08);
    double saturation = between(random, 0.1, 0.45);
    double top = between(random, 0.45, 0.95), bottom = top * between(random, 0.6, 0.95);
    out->back_top = hue(random, saturation, top);
    out->back_bottom = mix(out->back_top, hue(random, saturation, bottom), 0.4);
    out->shape_count = (int)random_below(random, 6);
    for (int i = 0; i < 5; i++) { /* all five are drawn from the sequence, so that what follows does not shift */
        out->shapes[i].x = between(random, -1.1, 1.1);
        out->shapes[i].y = between(random, -1.1, 0.6);
        out->shapes[i].radius = between(random, 0.15, 0.5);
        face_color color = hue(random, saturation, between(random, 0.4, 1.0));
        out->shapes[i].color = mix(out->back_top, color, 0.45);
    }
}
