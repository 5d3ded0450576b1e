/* Tracks: which are read, by rule and by name; the channels of a track; the shape of pixels. */
#include "watched.h"

#include "film_reader.h"
#include "media/language.h"
#include "support/film.h"

/* A film of 2 s whose sound in track k has amplitude 0.1 (k + 1), with one cue in each track of words: "words k". */
static film film_of(const film_track *tracks, int count)
{
    film f;
    film_begin(&f, tracks, count, 0);
    for (int64_t t = 0; t < 2000; t += 100)
        for (int k = 0; k < count; k++) {
            char words[200];
            if (tracks[k].kind == FILM_PICTURE)
                film_picture(&f, k, t, 0, 50 + 50 * k);
            else if (tracks[k].kind == FILM_SOUND)
                film_tone(&f, k, t, 1600, 0.1 * (k + 1), NULL);
            else if (t == 500) {
                bool ass = tracks[k].codec && strstr(tracks[k].codec, "ASS");
                snprintf(words, sizeof words, "%swords %d", ass ? "0,0,Default,,0,0,0,," : "", k);
                film_words(&f, k, t, 1000, words);
            }
        }
    return f;
}

static watched *watch_film(film *f, const media_options *options)
{
    media_options mine = options ? *options : (media_options){0};
    mine.subtitles = true;
    media_input input = film_input(f);
    return watch(&input, &mine);
}

/* Expect the sound of track `sound` and the words of track `words`; -1: none. */
static void check_film(const film_track *tracks, int count, const media_options *options, int sound, int words)
{
    film f = film_of(tracks, count);
    watched *w = watch_film(&f, options);
    if (w->status != SMAC_OK)
        fail_msg("%s", w->error.message);
    if (sound >= 0)
        assert_near(sqrt(2 * watched_power(w, 0.5, 1.5)), 0.0977 * (sound + 1), 0.005);
    else
        assert_int_equal(w->samples, 0);
    assert_int_equal(w->words.count, words >= 0);
    assert_int_equal(w->info.has_subtitles, words >= 0);
    if (words >= 0)
        assert_int_equal(w->words.segments[0].text[6] - '0', words);
    for (int i = 0; i < w->info.track_count; i++) {
        const media_track *t = &w->info.tracks[i];
        if (t->kind != MEDIA_TRACK_PICTURE)
            assert_int_equal(t->is_chosen, t->stream == sound || t->stream == words);
    }
    watched_free(w);
    film_end(&f);
}

static void sound_is_the_first_default(void **state)
{
    (void)state;
    static const film_track equal[] = {{.kind = FILM_PICTURE, .is_default = true},
        {.kind = FILM_SOUND, .is_default = true, .language = "ger"},
        {.kind = FILM_SOUND, .is_default = true, .rate = 48000, .channels = 2, .language = "eng"}};
    check_film(equal, 2, NULL, 1, -1);
    film f;
    film_begin(&f, equal, 3, 0);
    for (int64_t t = 0; t < 2000; t += 100) {
        film_tone(&f, 1, t, 1600, 0.2, NULL);
        film_tone(&f, 2, t, 4800, 0.4, NULL);
    }
    static const struct {
        const char *track;
        double amplitude;
    } cases[] = {{NULL, 0.1953}, {"1", 0.1953}, {"2", 0.3906}, {"en", 0.3906}, {"de", 0.1953}, {"deu", 0.1953}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        watched *w = watch_film(&f, &(media_options){.sound_track = cases[i].track});
        assert_near(sqrt(2 * watched_power(w, 0.5, 1.5)), cases[i].amplitude, 0.01);
        watched_free(w);
    }
    watched *w = watch_film(&f, &(media_options){.sound_track = "fr"});
    assert_int_equal(w->status, SMAC_ERROR_NOT_FOUND);
    assert_non_null(strstr(w->error.message, "stream 1 (ger), stream 2 (eng)"));
    watched_free(w);
    film_end(&f);
    static const film_track second[] = {{.kind = FILM_PICTURE}, {.kind = FILM_SOUND},
        {.kind = FILM_SOUND, .is_default = true}, {.kind = FILM_SOUND, .is_default = true}};
    check_film(second, 4, NULL, 2, -1);
    check_film(second, 4, &(media_options){.sound_track = "3"}, 3, -1);
    check_film(second, 4, &(media_options){.sound_track = "none"}, -1, -1);
    static const film_track comments[] = {
        {.kind = FILM_PICTURE}, {.kind = FILM_SOUND, .is_comment = true}, {.kind = FILM_SOUND}};
    check_film(comments, 3, NULL, 2, -1);
    static const film_track unknown[] = {
        {.kind = FILM_PICTURE}, {.kind = FILM_SOUND, .codec = "A_NONSENSE"}, {.kind = FILM_SOUND}};
    check_film(unknown, 3, NULL, 2, -1);
}

static void pictures_are_chosen_as_sound_is(void **state)
{
    (void)state;
    static const film_track tracks[] = {{.kind = FILM_PICTURE, .width = 640, .height = 480},
        {.kind = FILM_PICTURE, .is_default = true}, {.kind = FILM_PICTURE, .is_default = true}};
    film f = film_of(tracks, 3);
    watched *w = watch_film(&f, NULL);
    assert_near(watched_grey_at(w, 1), 100, 3);
    watched_free(w);
    w = watch_film(&f, &(media_options){.picture_track = "0"});
    assert_near(watched_grey_at(w, 1), 50, 3);
    watched_free(w);
    film_end(&f);
}

static void subtitles_are_the_words_that_are_said(void **state)
{
    (void)state;
    const film_track picture = {.kind = FILM_PICTURE}, english = {.kind = FILM_SOUND, .language = "eng"},
                     untold = {.kind = FILM_SOUND, .language = "und"};
    const film_track eng = {.kind = FILM_WORDS, .language = "eng"}, ger = {.kind = FILM_WORDS, .language = "ger"},
                     und = {.kind = FILM_WORDS, .language = "und"},
                     default_eng = {.kind = FILM_WORDS, .language = "en", .is_default = true},
                     default_ger = {.kind = FILM_WORDS, .language = "ger", .is_default = true},
                     forced = {.kind = FILM_WORDS, .language = "eng", .is_default = true, .is_forced = true},
                     signs = {.kind = FILM_WORDS, .language = "eng", .is_default = true, .name = "Signs & Songs"},
                     deaf = {.kind = FILM_WORDS, .language = "eng", .is_for_deaf = true},
                     comment = {.kind = FILM_WORDS, .language = "eng", .is_comment = true},
                     pictures = {.kind = FILM_WORDS, .language = "eng", .codec = "S_HDMV/PGS"};
    const struct {
        film_track sound, words[3];
        int count, chosen;
        const char *track;
    } cases[] = {
        {english, {eng}, 1, 2, NULL},
        {english, {ger, eng}, 2, 3, NULL},
        {english, {default_ger, eng}, 2, 3, NULL},
        {english, {forced, eng}, 2, 3, NULL},
        {english, {signs, eng}, 2, 3, NULL},
        {english, {comment, eng}, 2, 3, NULL},
        {english, {deaf, eng}, 2, 3, NULL},
        {english, {deaf}, 1, 2, NULL},
        {english, {pictures, eng}, 2, 3, NULL},
        {english, {eng, default_eng}, 2, 3, NULL},
        {english, {und, eng}, 2, 3, NULL},
        {english, {und, ger}, 2, 2, NULL},
        {english, {ger}, 1, -1, NULL},
        {english, {forced}, 1, -1, NULL},
        {english, {comment}, 1, -1, NULL},
        {english, {pictures}, 1, -1, NULL},
        {untold, {eng}, 1, 2, NULL},
        {untold, {ger}, 1, 2, NULL},
        {untold, {forced, ger}, 2, 3, NULL},
        {untold, {ger, eng}, 2, -1, NULL},
        {untold, {ger, default_eng}, 2, 3, NULL},
        {untold, {default_ger, default_eng}, 2, -1, NULL},
        {english, {ger, eng}, 2, 2, "2"},
        {english, {ger, eng}, 2, 2, "deu"},
        {english, {ger, forced, eng}, 3, 4, "en"},
        {english, {ger, forced}, 2, 3, "en"},
        {english, {eng}, 1, -1, "none"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        film_track tracks[5] = {picture, cases[i].sound, cases[i].words[0], cases[i].words[1], cases[i].words[2]};
        check_film(tracks, 2 + cases[i].count, &(media_options){.subtitle_track = cases[i].track}, 1, cases[i].chosen);
    }
    film f = film_of((film_track[]){picture, english, forced, ger}, 4);
    watched *w = watch_film(&f, NULL);
    watched_warned(w, "stream 2 are not the spoken words (a forced track)");
    watched_warned(w, "stream 3 are in \"ger\" and its sound is in \"eng\"");
    watched_free(w);
    w = watch_film(&f, &(media_options){.subtitle_track = "none"});
    watched_warned(w, NULL);
    watched_free(w);
    w = watch_film(&f, &(media_options){.subtitle_track = "fr"});
    assert_int_equal(w->status, SMAC_ERROR_NOT_FOUND);
    assert_non_null(strstr(w->error.message, "stream 2 (eng, forced), stream 3 (ger)"));
    watched_free(w);
    film_end(&f);
}

static void codes_of_one_language_are_the_same(void **state)
{
    (void)state;
    static const char *const same[][2] = {{"de", "ger"}, {"deu", "ger"}, {"DE", "de-CH"}, {"zh-Hans", "chi"},
        {"nb", "nor"}, {"iw", "heb"}, {"qaa", "qaa"}};
    static const char *const different[][2] = {{"de", "en"}, {"", ""}, {"", "de"}, {"d", "de"}, {"qaa", "qab"}};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_true(language_is_same(same[i][0], same[i][1]));
    for (size_t i = 0; i < sizeof different / sizeof *different; i++)
        assert_false(language_is_same(different[i][0], different[i][1]));
    assert_true(language_is_known("eng") && !language_is_known("und") && !language_is_known(""));
}

static void ass_text_is_words_alone(void **state)
{
    (void)state;
    static const struct {
        const char *event, *text;
    } cases[] = {{"0,0,Default,,0,0,0,,Hello, {\\i1}my{\\i0} friend\\Nok", "Hello, my friend ok"},
        {"0,0,Default,,0,0,0,,{\\p1}m 0 0 l 100 0 100 100{\\p0}", NULL},
        {"0,0,Default,,0,0,0,,{\\an7\\pos(10,20)\\p2\\c&HFFFFFF&}m 0 0 b 1 2 3 4 5 6", NULL},
        {"0,0,Default,,0,0,0,,one {\\p1}m 0 0 l 9 9{\\p0}two", "one two"},
        {"0,0,Default,,0,0,0,,{\\pos(1,2)}seen{\\pbo3}", "seen"},
        {"0,0,Default,,0,0,0,,{\\p0}a {a comment}b{\\k20}c{\\kf30}d", "a bcd"},
        {"0,0,Default,,0,0,0,,{\\p1\\p0}seen", "seen"}, {"0,0,Default,,0,0,0,,{\\t(0,100,\\p1)}seen", "seen"},
        {"0,0,Default,,0,0,0,,\\{kept\\}\\h!", "{kept} !"}, {"0,0,Sign,,0,0,0,,EXIT", NULL},
        {"0,0,Default,,0,0,0,fx,ka", NULL}, {"0,0,Design,Ann,0,0,0,,a speaker is not said", "a speaker is not said"}};
    static const film_track tracks[] = {{.kind = FILM_WORDS,
        .codec = "S_TEXT/ASS",
        .header = "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize\nStyle: "
                  "Default,Arial,20\n\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, "
                  "Effect, Text\n"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        film f;
        film_begin(&f, tracks, 1, 0);
        film_words(&f, 0, 500, 1000, cases[i].event);
        watched *w = watch_film(&f, NULL);
        assert_int_equal(w->status, SMAC_OK);
        if (w->words.count != (cases[i].text != NULL))
            fail_msg("%s: %zu segments: %s", cases[i].event, w->words.count,
                w->words.count ? w->words.segments[0].text : "");
        if (cases[i].text)
            assert_string_equal(w->words.segments[0].text, cases[i].text);
        watched_free(w);
        film_end(&f);
    }
}

/* The amplitude of the mono sound of a tone in channels with these gains, and whether a channel was taken alone. */
static double mixed(int channels, const double *gains, bool *alone)
{
    const film_track tracks[] = {{.kind = FILM_SOUND, .channels = channels}};
    film f;
    film_begin(&f, tracks, 1, 0);
    for (int64_t t = 0; t < 3000; t += 20)
        film_tone(&f, 0, t, 320, 0.25, gains);
    watched *w = watch_film(&f, NULL);
    assert_int_equal(w->status, SMAC_OK);
    double amplitude = sqrt(2 * watched_power(w, 0.05, 2.5)) / (0.25 * 32000 / 32768);
    *alone = strstr(w->warnings, "cancel each other") != NULL;
    watched_free(w);
    film_end(&f);
    return amplitude;
}

static void channels_that_cancel_are_not_lost(void **state)
{
    (void)state;
    /* FL FR FC LFE BL BR for six channels: in the mix the centre counts sqrt(2) times the front, the back half of it */
    static const struct {
        int channels;
        double gains[6], amplitude;
        bool alone;
    } cases[] = {
        {1, {1}, 1, false},
        {2, {1, 1}, 1, false},
        {2, {1, 0}, 0.5, false},
        {2, {1, -1}, 1, true},
        {2, {1, -0.6}, 1, true},
        {2, {0.6, -1}, 1, true},
        {2, {1, -0.2}, 0.4, false},
        {6, {0, 0, 0, 1, 0, 0}, 0, false},
        {6, {1, -1, 0, 0, 0, 0}, 1, true},
    };
    bool alone;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_near(mixed(cases[i].channels, cases[i].gains, &alone), cases[i].amplitude, 0.01);
        assert_int_equal(alone, cases[i].alone);
    }
    double centre = mixed(6, (double[]){0, 0, 1, 0, 0, 0}, &alone);
    assert_true(!alone && centre > 0.2);
    assert_near(mixed(6, (double[]){1, -1, 0.2, 0.9, 0, 0}, &alone), centre * 0.2, 0.01);
    assert_false(alone);
    assert_near(mixed(12, (double[12]){1}, &alone), 1.0 / 12, 0.01); /* no layout: the mean */
}

static void pixels_that_are_not_square_are_shown_as_meant(void **state)
{
    (void)state;
    static const film_track wide[] = {
        {.kind = FILM_PICTURE, .width = 80, .height = 60, .shown_width = 160, .shown_height = 60}};
    static const film_track square[] = {{.kind = FILM_PICTURE, .width = 160, .height = 60}};
    uint8_t rgb[160 * 60 * 3], result[2][48 * 48 * 3], *jpeg;
    for (int k = 0; k < 2; k++) {
        int width = k ? 160 : 80;
        for (int y = 0; y < 60; y++)
            for (int x = 0; x < width; x++) /* a white square of 30 x 30 shown pixels in the middle, on black */
                memset(rgb + (y * width + x) * 3,
                    abs(2 * (x * 160 / width) - 160) <= 30 && abs(2 * y - 60) <= 30 ? 255 : 0, 3);
        size_t size;
        film f;
        assert_ok(jpeg_encode(rgb, width, 60, 100, &jpeg, &size, error));
        film_begin(&f, k ? square : wide, 1, 0);
        film_block(&f, 0, 0, 0, jpeg, size);
        free(jpeg);
        media_input input = film_input(&f);
        media_file *file;
        film_reader *reader;
        film_event event;
        assert_ok(media_open(&input, NULL, &file, error));
        assert_int_equal(media_file_info(file)->width, 160);
        assert_int_equal(media_file_info(file)->height, 60);
        assert_near(media_file_info(file)->pixel_aspect, k ? 1 : 2, 1e-6);
        assert_ok(film_reader_start(file, &(frame_options){.size = 48}, &reader, error));
        assert_ok(film_reader_next(reader, &event, error));
        memcpy(result[k], event.frame.rgb, sizeof result[k]);
        film_reader_close(reader);
        film_end(&f);
    }
    /* the square is 24 x 24 of the 48 x 48 in both */
    for (int k = 0; k < 2; k++) {
        int columns = 0, rows = 0;
        for (int i = 0; i < 48; i++) {
            columns += result[k][(24 * 48 + i) * 3] > 128;
            rows += result[k][(i * 48 + 24) * 3] > 128;
        }
        assert_near(columns, 24, 1);
        assert_near(rows, 24, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_is_the_first_default),
        cmocka_unit_test(pictures_are_chosen_as_sound_is),
        cmocka_unit_test(subtitles_are_the_words_that_are_said),
        cmocka_unit_test(codes_of_one_language_are_the_same),
        cmocka_unit_test(ass_text_is_words_alone),
        cmocka_unit_test(channels_that_cancel_are_not_lost),
        cmocka_unit_test(pixels_that_are_not_square_are_shown_as_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
