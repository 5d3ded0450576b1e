#include "watched.h"

#include "base/memory.h"

static void watched_take(watched *w, decoder *d, const decoded *piece)
{
    if (piece->kind == DECODED_PICTURE) {
        picture shown;
        assert_true(w->pictures < WATCHED_PICTURES);
        assert_ok(decoder_picture(d, &shown, error));
        w->from[w->pictures] = piece->from;
        w->until[w->pictures] = piece->until;
        w->grey[w->pictures++] = shown.rgb[(size_t)(shown.height / 2) * shown.stride + 1];
    } else {
        assert_int_equal(piece->first, w->samples);
        assert_true(memory_grow((void **)&w->sound, &w->capacity, w->samples + piece->count, sizeof *w->sound));
        memcpy(w->sound + w->samples, piece->samples, piece->count * sizeof *w->sound);
        w->samples += piece->count;
        w->holes += piece->hole ? piece->count : 0;
    }
}

watched *watch(const media_input *input, const media_options *options)
{
    watched *w = calloc(1, sizeof *w);
    media_file *file;
    decoder *d;
    w->status = media_open(input, options, &file, &w->error);
    if (w->status == SMAC_OK) {
        w->info = *media_file_info(file);
        w->status = decoder_start(file, NULL, &d, &w->error);
    }
    if (w->status != SMAC_OK)
        return w;
    decoded piece = {0};
    while ((w->status = decoder_next(d, &piece, &w->error)) == SMAC_OK && piece.kind != DECODED_END)
        watched_take(w, d, &piece);
    const media_warnings *all = decoder_warnings(d);
    for (size_t i = 0; i < all->count; i++)
        snprintf(w->warnings + strlen(w->warnings), sizeof w->warnings - strlen(w->warnings), "%s|", all->items[i]);
    w->broken = all->broken_packets;
    decoder_take_subtitles(d, &w->words);
    decoder_close(d);
    return w;
}

void watched_free(watched *w)
{
    transcript_free(&w->words);
    free(w->sound);
    free(w);
}

double watched_power(const watched *w, double from, double to)
{
    double sum = 0;
    size_t a = (size_t)lround(from * 16000), b = (size_t)lround(to * 16000);
    if (b > w->samples)
        fail_msg("the sound lasts %.3f s, expected %.3f s", (double)w->samples / 16000, to);
    for (size_t i = a; i < b; i++)
        sum += (double)w->sound[i] * w->sound[i];
    return sum / (double)(b - a);
}

double watched_loud_after(const watched *w, double time)
{
    for (size_t i = (size_t)(time * 16000); i + 80 <= w->samples; i += 80)
        if (watched_power(w, (double)i / 16000, (double)(i + 80) / 16000) > 1e-3)
            return (double)i / 16000;
    return -1;
}

int watched_grey_at(const watched *w, double time)
{
    for (int i = 0; i < w->pictures; i++)
        if (w->from[i] <= time && time < w->until[i])
            return w->grey[i];
    return -1;
}

void watched_warned(const watched *w, const char *words)
{
    if (words ? !strstr(w->warnings, words) : w->warnings[0] != 0)
        fail_msg("the warnings are: %s", w->warnings);
}
