/* Transcripts: srt, vtt, txt, json, embedded; encodings; bad times. */
#include "support/check.h"

#include <unistd.h>

#include "media/transcript.h"
#include "watched.h"

static transcript parsed(const char *text, transcript_format format)
{
    transcript t;
    assert_ok(transcript_parse(text, strlen(text), format, "words", &t, error));
    return t;
}

static void check_segment(const transcript *t, size_t index, double start, double end, const char *text)
{
    assert_true(index < t->count);
    if (isnan(start))
        assert_true(isnan(t->segments[index].start) && isnan(t->segments[index].end));
    else {
        assert_near(t->segments[index].start, start, 1e-9);
        assert_near(t->segments[index].end, end, 1e-9);
    }
    assert_string_equal(t->segments[index].text, text);
}

static void check_refused(
    const char *text, size_t size, transcript_format format, smac_status status, const char *words)
{
    transcript t;
    smac_error failure = {0};
    assert_int_equal(transcript_parse(text, size, format, "words", &t, &failure), status);
    if (!strstr(failure.message, words))
        fail_msg("the message is: %s", failure.message);
    assert_int_equal(t.count, 0);
}

static void subrip(void **state)
{
    (void)state;
    transcript t = parsed(
        "\xEF\xBB\xBF"
        "1\r\n00:00:01,500 --> 00:00:02,250\r\n<i>Hello</i>   <font color=\"red\">you</font>,\r\n{\\an8}there\r\n\r\n"
        "2\r\n01:02:03.5 --> 01:02:04,004 X1:10 X2:20\r\n3 < 4 and 5 > 2\r\n\r\n\r\n"
        "3\n1:05 --> 1:06\n- Oui\n12\n\nstill the same\n4\n00:00:00,000 --> 00:00:00,900\n\xC3\xA9t\xC3\xA9\xC2\xA0!\n"
        "5\n00:00:07,000 --> 00:00:08,000\n\n",
        TRANSCRIPT_SRT);
    assert_int_equal(t.count, 4); /* an empty one is left out */
    check_segment(&t, 0, 0, 0.9, "\xC3\xA9t\xC3\xA9 !");
    check_segment(&t, 1, 1.5, 2.25, "Hello you, there");
    check_segment(&t, 2, 65, 66, "- Oui 12 still the same");
    check_segment(&t, 3, 3723.5, 3724.004, "3 < 4 and 5 > 2");
    transcript_free(&t);
    t = parsed("", TRANSCRIPT_SRT);
    assert_int_equal(t.count, 0);
}

static void webvtt(void **state)
{
    (void)state;
    transcript t =
        parsed("WEBVTT - a title\nKind: captions\n\nNOTE this is\na note\n\nSTYLE\n::cue { color: red }\n\n"
               "00:01.000 --> 00:02.000 align:start position:0%\n<v Mary>Hi &amp; <c.loud>bye</c>&nbsp;now\n\n"
               "a name\n01:00:00.250 --> 01:00:01.000\none <00:00:30.000>two\n",
            TRANSCRIPT_VTT);
    assert_int_equal(t.count, 2);
    check_segment(&t, 0, 1, 2, "Hi & bye now");
    check_segment(&t, 1, 3600.25, 3601, "one two");
    transcript_free(&t);
}

static void text_and_json(void **state)
{
    (void)state;
    transcript t = parsed("  I am\n\nvery\tglad. \n", TRANSCRIPT_TEXT);
    assert_int_equal(t.count, 1);
    check_segment(&t, 0, NAN, NAN, "I am very glad.");
    transcript_free(&t);
    t = parsed(
        "{\"text\": \" all of it\", \"language\": \"en\", \"segments\": [{\"id\": 0, \"start\": 1, \"end\": 2.5, \"text\": "
        "\" all of\", \"words\": [{\"word\": \" all\", \"start\": 1, \"end\": 1.5, \"probability\": 0.5}, {\"text\": "
        "\"of\", \"start\": 1.5, \"end\": 2.5}]}, {\"start\": 2.5, \"end\": 3, \"text\": \"it\"}]}",
        TRANSCRIPT_JSON);
    assert_int_equal(t.count, 2);
    assert_string_equal(t.language, "en");
    check_segment(&t, 0, 1, 2.5, "all of");
    check_segment(&t, 1, 2.5, 3, "it");
    assert_int_equal(t.segments[0].word_count, 2);
    assert_string_equal(t.segments[0].words[0].text, "all");
    assert_near(t.segments[0].words[0].probability, 0.5, 0);
    assert_near(t.segments[0].words[1].start, 1.5, 0);
    transcript_free(&t);
    t = parsed("{\"text\": \"only this\"}", TRANSCRIPT_JSON);
    check_segment(&t, 0, NAN, NAN, "only this");
    transcript_free(&t);
    t = parsed(
        "[{\"start\": 5, \"end\": 6, \"text\": \"b\"}, {\"start\": 1, \"end\": 2, \"text\": \"a\"}]", TRANSCRIPT_JSON);
    assert_int_equal(t.count, 2);
    check_segment(&t, 0, 1, 2, "a");
    transcript_free(&t);
    t = parsed("[\"c\", \"d\"]", TRANSCRIPT_JSON);
    check_segment(&t, 1, NAN, NAN, "d");
    transcript_free(&t);
    t = parsed(
        "{\"transcription\": [{\"offsets\": {\"from\": 500, \"to\": 1500}, \"text\": \" cpp\"}]}", TRANSCRIPT_JSON);
    check_segment(&t, 0, 0.5, 1.5, "cpp");
    transcript_free(&t);
    t = parsed("{\"segments\": []}", TRANSCRIPT_JSON);
    assert_int_equal(t.count, 0);
    transcript_free(&t);
}

static void encodings(void **state)
{
    (void)state;
    check_refused("a\0b", 3, TRANSCRIPT_TEXT, SMAC_ERROR_FORMAT, "byte 0 at position 1");
    check_refused("\xFF\xFE\0\0a\0\0\0", 8, TRANSCRIPT_TEXT, SMAC_ERROR_UNSUPPORTED, "UTF-32");
    check_refused("\xFF\xFE\x3d\xd8", 4, TRANSCRIPT_TEXT, SMAC_ERROR_FORMAT, "surrogate");
    check_refused("\xFF\xFE"
                  "a",
        3, TRANSCRIPT_TEXT, SMAC_ERROR_FORMAT, "odd number");
    transcript t;
    assert_ok(transcript_parse("\xFF\xFEh\0i\0 \0\x3d\xd8\x00\xde", 12, TRANSCRIPT_TEXT, "words", &t, error));
    check_segment(&t, 0, NAN, NAN, "hi \xF0\x9F\x98\x80");
    transcript_free(&t);
    assert_ok(transcript_parse("\xFE\xFF\0h\0\xE9", 6, TRANSCRIPT_TEXT, "words", &t, error));
    check_segment(&t, 0, NAN, NAN, "h\xC3\xA9");
    transcript_free(&t);
}

static void bad_contents(void **state)
{
    (void)state;
    static const struct {
        transcript_format format;
        const char *text, *words;
    } cases[] = {
        {TRANSCRIPT_SRT, "1\n00:00:xx,000 --> 00:00:02,000\na\n", "line 2: found \"00:00:xx,000 --> 00:00:02,000\""},
        {TRANSCRIPT_SRT, "1\n00:00:01,000 --> 00:61:02,000\na\n", "line 2"},
        {TRANSCRIPT_SRT, "1\n00:00:01,000 --> 00:01:75,000\na\n", "line 2"},
        {TRANSCRIPT_SRT, "Dear reader,\nthis is a letter\n", "line 1"},
        {TRANSCRIPT_SRT, "1\n00:00:01,000 --> 99999999999:00:02,000\na\n", "line 2"},
        {TRANSCRIPT_SRT, "1\n00:00:01,000 --> 00:00:02,000\na\n\n2\n00:00:03,000 => 00:00:04,000\nb\n", "line 6"},
        {TRANSCRIPT_VTT, "a letter\n\n00:01.000 --> 00:02.000\na\n", "WEBVTT"},
        {TRANSCRIPT_VTT, "WEBVTT\n\n00:01.000 --> \na\n", "line 3"},
        {TRANSCRIPT_JSON, "{\"segments\": [", "line 1, column"},
        {TRANSCRIPT_JSON, "{\"words\": 3}", "neither"},
        {TRANSCRIPT_JSON, "[{\"start\": \"one\", \"end\": 2, \"text\": \"a\"}]", "not a number"},
        {TRANSCRIPT_JSON, "[{\"start\": 1e12, \"end\": 2e12, \"text\": \"a\"}]", "expected seconds"},
        {TRANSCRIPT_JSON, "[{\"start\": 1, \"end\": 2}]", "segment 0"},
        {TRANSCRIPT_JSON, "[{\"start\": 1, \"end\": 2, \"text\": \"a\", \"words\": [{\"start\": 1}]}]", "word 0"},
        {TRANSCRIPT_JSON, "7", "neither"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_refused(cases[i].text, strlen(cases[i].text), cases[i].format, SMAC_ERROR_FORMAT, cases[i].words);
}

static void files_by_their_ending(void **state)
{
    (void)state;
    char folder[] = "/tmp/transcript-test-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/words.SRT", folder);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs("1\n00:00:01,000 --> 00:00:02,000\nhello\n", f);
    fclose(f);
    transcript t;
    assert_ok(transcript_read(path, &t, error));
    check_segment(&t, 0, 1, 2, "hello");
    transcript_free(&t);
    unlink(path);
    smac_error failure = {0};
    assert_int_equal(transcript_read(path, &t, &failure), SMAC_ERROR_NOT_FOUND);
    assert_int_equal(transcript_read("words.doc", &t, &failure), SMAC_ERROR_UNSUPPORTED);
    assert_non_null(strstr(failure.message, ".vtt"));
    assert_int_equal(transcript_read("words", &t, &failure), SMAC_ERROR_UNSUPPORTED);
    rmdir(folder);
}

static watched *watch_golden(const char *name, media_options options)
{
    char path[600];
    snprintf(path, sizeof path, "%s/tests/golden/media/%s", SMAC_SOURCE_DIR, name);
    options.skip_picture = options.skip_sound = options.subtitles = true;
    media_input input = {.name = path};
    return watch(&input, &options);
}

static void embedded_subtitles(void **state)
{
    (void)state;
    static const char *const names[] = {"subtitles.mkv", "subtitles.mp4"};
    for (int i = 0; i < 2; i++) {
        watched *w = watch_golden(names[i], (media_options){0});
        assert_int_equal(w->words.count, 2);
        check_segment(&w->words, 0, 0.1, 0.9, "Hello there, world");
        check_segment(&w->words, 1, 1.0, 1.7, "h\xC3\xA9llo again");
        if (i == 0)
            assert_string_equal(w->words.language, "eng");
        watched_free(w);
        w = watch_golden(names[i], (media_options){.start = 0.95, .end = 3});
        assert_int_equal(w->words.count, 1);
        check_segment(&w->words, 0, 0.05, 0.75, "h\xC3\xA9llo again");
        watched_free(w);
    }
    watched *w = watch_golden("subtitles.mkv", (media_options){.subtitle_track = "7"});
    assert_int_equal(w->status, SMAC_ERROR_NOT_FOUND);
    watched_free(w);
    w = watch_golden("plain.mp4", (media_options){0});
    assert_int_equal(w->status, SMAC_OK);
    assert_int_equal(w->words.count, 0);
    watched_free(w);
}

static void check_between(const transcript *t, double from, double to, const char *expected)
{
    text_buffer out = {0};
    transcript_text_between(t, from, to, &out);
    assert_string_equal(out.data ? out.data : "", expected);
    text_free(&out);
}

static void words_of_a_span(void **state)
{
    (void)state;
    transcript t = parsed(
        "[{\"start\": 0, \"end\": 2, \"text\": \"one two\", \"words\": [{\"word\": \"one\", \"start\": 0, \"end\": "
        "1}, {\"word\": \"two\", \"start\": 1, \"end\": 2}]}, {\"start\": 3, \"end\": 5, \"text\": \"three\"}, "
        "{\"start\": 10, \"end\": 30, \"text\": \"long\"}]",
        TRANSCRIPT_JSON);
    check_between(&t, 0, 40, "one two three long");
    check_between(&t, 0.9, 4, "two three");
    check_between(&t, 4.1, 9, "");
    check_between(&t, 12, 16, "long");
    check_between(&t, 29, 33, "");
    text_buffer out = {0};
    transcript_text(&t, &out);
    assert_string_equal(out.data, "one two three long");
    text_free(&out);
    transcript_write_srt(&t, 0, &out);
    transcript again = parsed(out.data, TRANSCRIPT_SRT);
    assert_int_equal(again.count, 3);
    check_segment(&again, 1, 3, 5, "three");
    transcript_free(&again);
    text_free(&out);
    transcript_free(&t);
    t = parsed(
        "[{\"start\": 0, \"end\": 4, \"text\": \"an ill-disposed \u4eca\u5929\", \"words\": [{\"word\": \" an\", "
        "\"start\": 0, \"end\": 1}, {\"word\": \" ill\", \"start\": 1, \"end\": 2}, {\"word\": \"-disposed\", "
        "\"start\": 2, \"end\": 3}, {\"word\": \" \u4eca\", \"start\": 3, \"end\": 3.5}, {\"word\": \"\u5929\", "
        "\"start\": 3.5, \"end\": 4}]}]",
        TRANSCRIPT_JSON);
    check_between(&t, 0, 4, "an ill-disposed \u4eca\u5929");
    check_between(&t, 2, 4, "-disposed \u4eca\u5929");
    transcript_free(&t);
    t = parsed("a < b & c --> d", TRANSCRIPT_TEXT);
    check_between(&t, 100, 101, "a < b & c --> d");
    transcript_write_vtt(&t, 7.25, &out);
    again = parsed(out.data, TRANSCRIPT_VTT);
    check_segment(&again, 0, 0, 7.25, "a < b & c --> d");
    text_free(&out);
    transcript_free(&again);
    transcript_free(&t);
    t = parsed(
        "[{\"start\": 0, \"end\": 1, \"text\": \"{\\\\an8}\"}]", TRANSCRIPT_JSON); /* words here, markup in cues */
    transcript_write_vtt(&t, 1, &out);
    again = parsed(out.data, TRANSCRIPT_VTT);
    assert_int_equal(again.count, 1);
    check_segment(&again, 0, 0, 1, "{\\an8}");
    text_free(&out);
    transcript_free(&again);
    transcript_free(&t);
    transcript_free(NULL);
}

static void check_written(const transcript *t, bool vtt, const char *expected)
{
    text_buffer out = {0};
    (vtt ? transcript_write_vtt : transcript_write_srt)(t, 10, &out);
    assert_string_equal(out.data, expected);
    text_free(&out);
}

static void cues_can_be_read(void **state)
{
    (void)state;
    const char *sentence = "And Mr. John Dashwood had then leisure to consider how much there might be prudently in "
                           "his power to do for them, ";
    text_buffer json = {0};
    text_add(&json,
        "[{\"start\": 360000, \"end\": 360004.5, \"text\": \"Unless to be rather cold-hearted and rather "
        "selfish is to be ill-disposed.\"}]");
    transcript t = parsed(json.data, TRANSCRIPT_JSON);
    check_written(&t, false,
        "1\n100:00:00,000 --> 100:00:04,500\nUnless to be rather cold-hearted and\n"
        "rather selfish is to be ill-disposed.\n\n");
    transcript_free(&t);
    /* one segment, three cues; by the share of letters, then by its words */
    json.length = 0;
    text_format(&json, "[{\"start\": 2, \"end\": 12, \"text\": \"%s%s\"}]", sentence, sentence);
    t = parsed(json.data, TRANSCRIPT_JSON);
    text_buffer out = {0};
    transcript_write_vtt(&t, 0, &out);
    transcript again = parsed(out.data, TRANSCRIPT_VTT);
    assert_int_equal(again.count, 3);
    assert_near(again.segments[0].start, 2, 0);
    assert_near(again.segments[1].start, again.segments[0].end, 0);
    assert_near(again.segments[2].end, 12, 0);
    assert_in_range(strlen(again.segments[0].text), 60, 84);
    text_buffer joined = {0};
    transcript_text(&again, &joined);
    assert_string_equal(joined.data, t.segments[0].text);
    for (char *line = strtok(out.data, "\n"); line != NULL; line = strtok(NULL, "\n"))
        assert_in_range(strlen(line), 1, 42);
    text_free(&joined);
    transcript_free(&again);
    transcript_free(&t);
    text_free(&out);
    json.length = 0;
    text_add(&json,
        "[{\"start\": 0, \"end\": 9, \"text\": \"Aaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbb "
        "cccccccccccccccccccc, dddddddddddddddddddd eeeeeeeeeeeeeeeeeeee\", \"words\": [");
    const char *const words[] = {"Aaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbb", "cccccccccccccccccccc,",
        "dddddddddddddddddddd", "eeeeeeeeeeeeeeeeeeee"};
    for (int i = 0; i < 5; i++)
        text_format(&json, "%s{\"word\": \"%s\", \"start\": %g, \"end\": %g}", i ? ", " : "", words[i],
            i < 3 ? i : i + 3.25, i < 3 ? i + 0.75 : i + 4.0);
    text_add(&json, "]}]");
    t = parsed(json.data, TRANSCRIPT_JSON);
    check_written(&t, false,
        "1\n00:00:00,000 --> 00:00:02,750\nAaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbb\n"
        "cccccccccccccccccccc,\n\n2\n00:00:06,250 --> 00:00:09,000\ndddddddddddddddddddd eeeeeeeeeeeeeeeeeeee\n\n");
    transcript_free(&t);
    /* without spaces: a cue is one line of 21 characters, and no mark begins one */
    json.length = 0;
    text_add(&json, "[{\"start\": 0, \"end\": 8, \"text\": \"");
    for (int i = 0; i < 3; i++)
        text_add(&json, "\u4eca\u5929\u6211\u4eec\u6765\u8c08\u8c08\u5929\u6c14\u3002");
    text_add(&json, "\"}, {\"start\": 8, \"end\": 8, \"text\": \"a ---> b\"}]");
    t = parsed(json.data, TRANSCRIPT_JSON);
    check_written(&t, false,
        "1\n00:00:00,000 --> 00:00:05,333\n\u4eca\u5929\u6211\u4eec\u6765\u8c08\u8c08\u5929\u6c14"
        "\u3002\u4eca\u5929\u6211\u4eec\u6765\u8c08\u8c08\u5929\u6c14\u3002\n\n2\n00:00:05,333 --> "
        "00:00:08,000\n\u4eca\u5929\u6211\u4eec\u6765\u8c08\u8c08\u5929\u6c14\u3002\n\n"
        "3\n00:00:08,000 --> 00:00:08,001\na -> b\n\n");
    transcript_free(&t);
    text_free(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subrip),
        cmocka_unit_test(webvtt),
        cmocka_unit_test(text_and_json),
        cmocka_unit_test(encodings),
        cmocka_unit_test(bad_contents),
        cmocka_unit_test(files_by_their_ending),
        cmocka_unit_test(embedded_subtitles),
        cmocka_unit_test(words_of_a_span),
        cmocka_unit_test(cues_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
