/*
 * apps/example/embed_example.c - the vector of a text, a picture or a sound, by what the encoder takes.
 * usage: embed_example MODEL TEXT      a language model: the text's vector
 *        embed_example MODEL           of pictures: a picture's made here; of sound: two seconds of a tone
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "semanticmac/semanticmac.h"

static smac_status embed_tone(const smac_encoder *encoder, smac_vectors **out, smac_error *error)
{
    enum { RATE = 22050, COUNT = 2 * RATE };
    static float samples[COUNT];
    smac_embed_options options;
    smac_embed_options_default(&options);
    options.threads = 1;
    for (int i = 0; i < COUNT; i++)
        samples[i] = 0.3f * sinf(6.2831853f * 440 * (float)i / RATE);
    return smac_embed_sound(encoder, samples, COUNT, RATE, &options, out, error);
}

static smac_status embed_gradient(const smac_encoder *encoder, smac_vectors **out, smac_error *error)
{
    enum { WIDTH = 320, HEIGHT = 240 };
    static uint8_t pixels[HEIGHT][WIDTH][3];
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            pixels[y][x][0] = (uint8_t)(x * 255 / WIDTH);
            pixels[y][x][1] = (uint8_t)(y * 255 / HEIGHT);
        }
    const smac_rgb picture = {.data = pixels[0][0], .width = WIDTH, .height = HEIGHT};
    return smac_embed_picture(encoder, &picture, NULL, out, error);
}

int main(int argc, char **argv)
{
    smac_error error;
    smac_encoder *encoder = NULL;
    smac_vectors *vectors = NULL;
    if (argc < 2) {
        fprintf(stderr, "usage: embed_example MODEL [TEXT]\n");
        return 2;
    }
    smac_status status = smac_encoder_open(argv[1], NULL, &encoder, &error);
    if (status == SMAC_OK && smac_encoder_modality(encoder) == SMAC_TEXT)
        status = smac_embed_text(encoder, argc > 2 ? argv[2] : "what a lovely day", NULL, &vectors, &error);
    else if (status == SMAC_OK && smac_encoder_modality(encoder) == SMAC_AUDIO)
        status = embed_tone(encoder, &vectors, &error);
    else if (status == SMAC_OK)
        status = embed_gradient(encoder, &vectors, &error);
    if (status != SMAC_OK)
        fprintf(stderr, "embed_example: %s\n", error.message);
    const float *values = smac_vectors_values(vectors);
    size_t width = smac_vectors_width(vectors);
    for (size_t r = 0; r < smac_vectors_count(vectors); r++)
        for (size_t i = 0; i < width; i++)
            printf("%.9g%c", (double)values[r * width + i], i + 1 < width ? ' ' : '\n');
    smac_vectors_free(vectors);
    smac_encoder_free(encoder);
    return status != SMAC_OK;
}
