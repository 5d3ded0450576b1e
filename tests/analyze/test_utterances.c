/*
 * Where words fall into utterances: pauses, ends of sentences, the length limit, very short ones; the same cuts when
 * words come one after the other; windows where nobody speaks.
 */
#include "support/film.h"

#include "analyze/session.h"
#include "analyze/utterances.h"
#include "base/random.h"
#include "small_model.h"

/* Words of 0.3 s, each with a number of tenths of a second before it: "0Well. 2I 0came. 9So". */
static size_t pieces_of(const char *words, spoken_piece *out)
{
    double time = 0;
    size_t count = 0;
    for (const char *at = words; *at; at += strspn(at, " ")) {
        double pause = strtod(at, (char **)(uintptr_t)&at) / 10;
        size_t length = strcspn(at, " ");
        out[count++] = (spoken_piece){time + pause, time + pause + 0.3, text_ends_sentence(at, length)};
        time += pause + 0.3;
        at += length;
    }
    return count;
}

/* How many words each utterance has, as digits. */
static void check_cuts(const char *words, double longest, const char *expected)
{
    spoken_piece pieces[100];
    char found[100] = "";
    size_t count = pieces_of(words, pieces);
    for (size_t at = 0, taken; at < count; at += taken) {
        taken = utterance_first(pieces + at, count - at, longest, INFINITY);
        assert_true(taken > 0 && taken < 10);
        sprintf(found + strlen(found), "%zu", taken);
    }
    assert_string_equal(found, expected);
}

static void words_are_cut_by_the_rule(void **state)
{
    (void)state;
    check_cuts("0a 0b 0c 0d 6e 0f 0g 0h", 10, "8");    /* a pause of less than 0.7 s */
    check_cuts("0a 0b 0c 0d 8e 0f 0g 0h", 10, "44");   /* a longer one */
    check_cuts("0a 0b 0c 0do. 0e 0f 0g 0h", 10, "44"); /* a sentence */
    check_cuts("0Dr. 0b 0c 0d 0J. 0f 0g 0h?\" 0i 0j 0k 0l", 10, "84");
    check_cuts("0Yes. 0I 0came 0home 0then. 0e 0f 0g 0h", 10, "54"); /* a short one goes on */
    check_cuts("0Yes. 15I 0came 0home 0then.", 10, "5");
    check_cuts("0Yes. 25I 0came 0home 0then.", 10, "14");     /* nothing is near */
    check_cuts("0a 0b 0c 0do. 9Yes. 25e 0f 0g 0h", 10, "54"); /* one before is near */
    check_cuts("0a 0b 0c 0do. 25Yes. 25e 0f 0g 0h", 10, "414");
    check_cuts("0a 0b 0c 0d 5e 0f 0g 0h 2i 0j", 3, "46");       /* too long: cut at the widest pause */
    check_cuts("0a 0b 0c 0d 0e 0f 0g 0h", 2, "62");             /* or as late as possible */
    check_cuts("0a 0b 0c 0do. 1Yes. 25e 0f 0g 0h", 1.3, "414"); /* joined only where there is room */
    assert_true(text_ends_sentence("好。", strlen("好。")) && text_ends_sentence("no!\xe2\x80\x9d ", 7));
    assert_false(text_ends_sentence("", 0) || text_ends_sentence("x e.g.", 6) || text_ends_sentence("a,", 2));
}

/* Words become known one after the other: what is given early is what is given at the end. */
static void later_words_change_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        spoken_piece pieces[60];
        double time = 0;
        for (size_t i = 0; i < 60; i++) {
            double draws[4];
            for (int d = 0; d < 4; d++)
                draws[d] = (double)random_uniform_at(seed, 1, i * 4 + (uint64_t)d);
            time += draws[0] < 0.2 ? 3 * draws[1] : 0;
            pieces[i] = (spoken_piece){time, time + 0.05 + draws[2] * 0.6, draws[3] < 0.2};
            time = draws[0] > 0.9 ? time : pieces[i].end; /* some overlap, some start together */
        }
        size_t given = 0;
        for (double known = 0; known < time + 10; known += 0.13) {
            size_t early = utterance_first(pieces + given, 60 - given, 4, known);
            if (early > 0)
                assert_int_equal(early, utterance_first(pieces + given, 60 - given, 4, INFINITY));
            if (early > 0)
                assert_true(pieces[given + early - 1].start <= known);
            given += early;
        }
        assert_int_equal(given, 60);
    }
}

static void a_line_gives_its_words(void **state)
{
    (void)state;
    static const char json[] =
        "{\"segments\": [{\"start\": 0, \"end\": 2, \"text\": \"It works. Really\", \"words\": ["
        "{\"word\": \"It\", \"start\": 0.1, \"end\": 0.4}, {\"word\": \"works\", \"start\": 0.4, \"end\": 1},"
        "{\"word\": \"Really\", \"start\": 1.2, \"end\": 1.9}]}, {\"start\": 3, \"end\": 4, \"text\": \"A line.\"}]}";
    transcript said = {0};
    spoken_piece *pieces;
    size_t count;
    assert_ok(transcript_parse(json, strlen(json), TRANSCRIPT_JSON, "a.json", &said, error));
    assert_ok(spoken_pieces(&said, -INFINITY, &pieces, &count, error));
    assert_int_equal(count, 4);
    assert_true(!pieces[0].ends_sentence && pieces[1].ends_sentence && !pieces[2].ends_sentence);
    assert_true(pieces[3].ends_sentence && pieces[3].start == 3 && pieces[3].end == 4);
    free(pieces);
    assert_ok(spoken_pieces(&said, 0.4, &pieces, &count, error));
    assert_int_equal(count, 2);
    free(pieces);
    transcript_free(&said);
}

/* The segments of a film of `seconds` with the given subtitles: "0.00-1.00 text|", with a star for a window. */
static void check_segments(double seconds, const char *const *cues, smac_segments how, const char *expected)
{
    static const film_track tracks[] = {{.kind = FILM_PICTURE}, {.kind = FILM_WORDS}};
    static char path[] = "/tmp/smac-utterances-XXXXXX";
    static smac_model *model;
    if (!model) {
        small_model_write(path, NULL, 5, 20);
        assert_ok(smac_model_open(path, NULL, &model, error));
        unlink(path);
    }
    film f;
    film_begin(&f, tracks, 2, seconds);
    for (int64_t at = 0; at < (int64_t)(seconds * 1000); at += 500)
        film_picture(&f, 0, at, 500, 90);
    for (; *cues; cues++) {
        double start, end;
        char text[50] = "";
        assert_int_equal(sscanf(*cues, "%lf %lf %49[^\n]", &start, &end, text), 3);
        film_words(&f, 1, (int64_t)(start * 1000), (int64_t)((end - start) * 1000), text);
    }
    smac_analyze_options options;
    smac_analysis *a;
    text_buffer found = {0};
    smac_analyze_options_default(&options);
    options.segments = how;

    assert_ok(smac_analyze_memory(model, f.bytes.data, f.bytes.length, "film.mkv", &options, &a, error));
    for (size_t i = 0; i < smac_analysis_segment_count(a); i++) {
        const smac_segment *s = smac_analysis_segment(a, i);
        text_format(&found, "%s%.2f-%.2f %s|", s->is_utterance ? "" : "*", s->start, s->end, s->text);
        assert_true(s->tasks[0].prediction && isfinite(*s->tasks[0].prediction));
    }
    assert_string_equal(found.data, expected);
    text_free(&found);
    smac_analysis_free(a);
    film_end(&f);
}

static void segments_are_utterances_and_windows_between(void **state)
{
    (void)state;
    static const char *const some[] = {"1 2.5 One.", "2.6 4 Two", "4.5 6 more.", "12 14 Three.", NULL};
    static const char *const early[] = {"9 11 Late words", "30 31 After the end", NULL};
    static const char *const none[] = {NULL};
    check_segments(19, some, SMAC_SEGMENTS_AUTO,
        "1.00-2.50 One.|2.60-6.00 Two more.|*6.00-10.00 |*10.00-12.00 |12.00-14.00 Three.|*14.00-19.00 |");
    check_segments(10, early, SMAC_SEGMENTS_UTTERANCE, "*0.00-4.00 |*4.00-9.00 |9.00-10.00 Late words|");
    check_segments(5, none, SMAC_SEGMENTS_AUTO, "*0.00-4.00 |*1.00-5.00 |");
    check_segments(5, none, SMAC_SEGMENTS_UTTERANCE, "*0.00-5.00 |");
    check_segments(1, none, SMAC_SEGMENTS_UTTERANCE, "*0.00-1.00 |");
    check_segments(5.2, some, SMAC_SEGMENTS_WINDOW, "*0.00-4.00 One. Two|*1.00-5.00 One. Two|*2.00-5.50 Two more.|");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(words_are_cut_by_the_rule),
        cmocka_unit_test(later_words_change_nothing), cmocka_unit_test(a_line_gives_its_words),
        cmocka_unit_test(segments_are_utterances_and_windows_between)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
