/* Transcripts that are not as they should be: what has one meaning is read and told, what has none is refused. */
#include "support/check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "media/transcript.h"
#include "support/film.h"
#include "watched.h"

/* segments: "start end text|start end text|..." with three decimals; "- - text" for untimed ones. */
static void check_read(
    transcript_format format, const char *text, size_t size, const char *segments, const char *warning)
{
    transcript t;
    smac_error failure = {0};
    if (transcript_parse(text, size, format, "words", &t, &failure) != SMAC_OK)
        fail_msg("%s\nwas refused: %s", text, failure.message);
    text_buffer found = {0}, warnings = {0};
    text_add(&found, "");
    for (size_t i = 0; i < t.count; i++) {
        const transcript_segment *s = &t.segments[i];
        if (isnan(s->start))
            text_format(&found, "%s- - %s", i ? "|" : "", s->text);
        else
            text_format(&found, "%s%.3f %.3f %s", i ? "|" : "", s->start, s->end, s->text);
    }
    text_add(&warnings, "");
    for (size_t i = 0; i < t.warnings.count; i++)
        text_format(&warnings, "%s|", t.warnings.items[i]);
    if (strcmp(found.data, segments) != 0)
        fail_msg("%s\ngave: %s\nexpected: %s", text, found.data, segments);
    if (warning ? !strstr(warnings.data, warning) : warnings.data[0] != 0)
        fail_msg("%s\nwarned: %s\nexpected: %s", text, warnings.data, warning ? warning : "nothing");
    text_free(&found);
    text_free(&warnings);
    transcript_free(&t);
}

typedef struct readable {
    transcript_format format;
    const char *text, *segments, *warning;
} readable;

static void check_all(const readable *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_read(cases[i].format, cases[i].text, strlen(cases[i].text), cases[i].segments, cases[i].warning);
}

#define SECOND "\n\n2\n00:00:03,000 --> 00:00:05,000\nsecond\n"
#define SECOND_READ "|3.000 5.000 second"

static void subrip_with_one_bad_place(void **state)
{
    (void)state;
    static const readable cases[] = {
        {TRANSCRIPT_SRT, "1\n00:00:02,000 --> 00:00:00,500\nfirst" SECOND, "2.000 3.000 first" SECOND_READ,
            "line 2: the end is before the start"},
        {TRANSCRIPT_SRT, "1\n00:00:01,000 --> 00:00:00,980\nfirst" SECOND, "1.000 2.000 first" SECOND_READ,
            "line 2: the end is before the start"},
        {TRANSCRIPT_SRT, "1\n00:00:00,500 --> 00:00:01,1000\nfirst" SECOND, "0.500 2.000 first" SECOND_READ,
            "line 2: 1000 milliseconds"},
        {TRANSCRIPT_SRT, "1\n00:00:00,1000 --> 00:00:02,000\nfirst" SECOND, "1.000 2.000 first" SECOND_READ,
            "line 2: 1000 milliseconds"},
        {TRANSCRIPT_SRT, "1\n00:00:59,000 --> 00:00:60,000\nfirst\n", "59.000 60.000 first", "60 seconds"},
        {TRANSCRIPT_SRT, "1\n00:59:59,000 --> 00:60:00,000\nfirst\n", "3599.000 3600.000 first", "60 seconds"},
        {TRANSCRIPT_SRT, "1\n-00:00:00,500 --> 00:00:02,000\nfirst" SECOND, "0.000 2.000 first" SECOND_READ,
            "line 2: the start is before 0"},
        {TRANSCRIPT_SRT, "1\n-00:00:02,000 --> -00:00:01,000\nfirst" SECOND, "3.000 5.000 second",
            "line 2: it is before 0"},
        {TRANSCRIPT_SRT, "1\n00:00:00,500 -> 00:00:02,000\nfirst" SECOND, "0.500 2.000 first" SECOND_READ,
            "line 2: the arrow"},
        {TRANSCRIPT_SRT, "1\n00:00:00,500 \xE2\x80\x94> 00:00:02,000\nfirst" SECOND, "0.500 2.000 first" SECOND_READ,
            "line 2: the arrow"},
        {TRANSCRIPT_SRT, "1\n00:00:00,500 --> 00:00:02,000\nI went home --> bed" SECOND,
            "0.500 2.000 I went home --> bed" SECOND_READ, NULL},
        {TRANSCRIPT_SRT, "1\n00:00:00,500 --> 00:00:02,000\n--> bed\n5:30 --> 6:00 is late" SECOND,
            "0.500 2.000 --> bed 5:30 --> 6:00 is late" SECOND_READ, NULL},
        {TRANSCRIPT_SRT, "Subtitles by nobody\n\n1\n00:00:00,500 --> 00:00:02,000\nfirst" SECOND,
            "0.500 2.000 first" SECOND_READ, "line 1: text without times was left out"},
        {TRANSCRIPT_SRT, "WEBVTT\n\n00:00:00.500 --> 00:00:02.000\nfirst &amp; last\n", "0.500 2.000 first & last",
            "line 1: only .vtt files begin with WEBVTT"},
        {TRANSCRIPT_SRT, "1\n00:00:04,000 --> 00:00:01,000\na" SECOND "\n3\n00:00:04,000 --> 00:00:03,000\nc",
            "3.000 5.000 second|4.000 5.000 a|4.000 5.000 c", "(2 such places)"},
    };
    check_all(cases, sizeof cases / sizeof *cases);
}

static void webvtt_with_one_bad_place(void **state)
{
    (void)state;
    static const readable cases[] = {
        {TRANSCRIPT_VTT,
            "WEBVTT\n00:00:00.500 --> 00:00:02.000\nfirst words\n\n00:00:03.000 --> 00:00:05.000\nsecond words\n",
            "0.500 2.000 first words|3.000 5.000 second words", NULL},
        {TRANSCRIPT_VTT, "WEBVTT - a title\nKind: captions\nLanguage: en\nan id\n00:00.500 --> 00:02.000\nfirst\n",
            "0.500 2.000 first", NULL},
        {TRANSCRIPT_VTT, "WEBVTT\n\nNOTE a --> b is not a cue\nstill note\n\n00:00.500 --> 00:02.000\nfirst\n",
            "0.500 2.000 first", NULL},
        {TRANSCRIPT_VTT,
            "WEBVTT\n\nSTYLE\n::cue { content: \"-->\" }\n\n00:00.500 --> 00:02.000 line:0 position:20%,line-left\n<v Ann>first</v>\n",
            "0.500 2.000 first", NULL},
        {TRANSCRIPT_VTT, "WEBVTT\n\nNOTE\n00:00.500 --> 00:02.000\nfirst\n", "0.500 2.000 first", NULL},
        {TRANSCRIPT_VTT, "WEBVTT\n\nwhat is this\n\n00:00.500 --> 00:02.000\nfirst\n", "0.500 2.000 first",
            "line 3: text without times"},
        {TRANSCRIPT_VTT, "WEBVTT\n\n00:00.500 --> 00:02.000\na --> b\n", "0.500 2.000 a --> b", NULL},
        {TRANSCRIPT_VTT, "00:00.500 --> 00:02.000\nfirst\n", "0.500 2.000 first",
            "line 1: only .vtt files begin with WEBVTT"},
        {TRANSCRIPT_VTT, "WEBVTT\n\n0:00:03.000 --> 0:00:05.000\nx\n\n120:00:00.000 --> 121:00:00.000\nfar\n",
            "3.000 5.000 x|432000.000 435600.000 far", NULL},
    };
    check_all(cases, sizeof cases / sizeof *cases);
    transcript t;
    static const char *const named[] = {
        "WEBVTT\nLanguage: en-GB \n\n", "WEBVTT\nKind: captions\nLanguage:en-GB\n00:00.5 --> 00:01.5\na"};
    for (int i = 0; i < 2; i++) {
        assert_ok(transcript_parse(named[i], strlen(named[i]), TRANSCRIPT_VTT, "words", &t, error));
        assert_string_equal(t.language, "en-GB");
        transcript_free(&t);
    }
}

static void json_of_many_programs(void **state)
{
    (void)state;
    static const readable cases[] = {
        {TRANSCRIPT_JSON,
            "{\"text\": \" a b\", \"chunks\": [{\"timestamp\": [0.5, 2.0], \"text\": \" a\"}, {\"timestamp\": "
            "[9.0, null], \"text\": \" b\"}]}",
            "0.500 2.000 a|9.000 10.000 b", "segment 1: one of its times is missing"},
        {TRANSCRIPT_JSON, "[{\"text\": \" a\", \"chunks\": [{\"timestamp\": [0.5, 2.0], \"text\": \" a\"}]}]",
            "0.500 2.000 a", NULL},
        {TRANSCRIPT_JSON, "[{\"timestamp\": [null, null], \"text\": \"a\"}, {\"timestamp\": [2, 3], \"text\": \"b\"}]",
            "0.000 2.000 a|2.000 3.000 b", "segment 0: it has no times"},
        {TRANSCRIPT_JSON,
            "{\"text\": \"a b c\", \"words\": [{\"word\": \"a\", \"start\": 0.5, \"end\": 1}, {\"word\": \"b\", "
            "\"start\": 1, \"end\": 2}, {\"word\": \"c\", \"start\": 9, \"end\": 9.5}]}",
            "0.500 9.500 a b c", NULL},
        {TRANSCRIPT_JSON, "{\"words\": [{\"word\": \"a\", \"start\": 0.5, \"end\": 1}, {\"word\": \"b\"}]}",
            "0.500 1.000 a b", NULL},
        {TRANSCRIPT_JSON,
            "[{\"start\": 0.5, \"duration\": 1.5, \"text\": \"a\"}, {\"start\": 9, \"dur\": \"1\", \"text\": \"b\"}]",
            "0.500 2.000 a|9.000 10.000 b", NULL},
        {TRANSCRIPT_JSON,
            "{\"events\": [{\"tStartMs\": 0, \"dDurationMs\": 9}, {\"tStartMs\": 500, \"dDurationMs\": 1500, "
            "\"segs\": [{\"utf8\": \"a\"}, {\"utf8\": \" b\", \"tOffsetMs\": 400}]}]}",
            "0.500 2.000 a b", NULL},
        {TRANSCRIPT_JSON, "[{\"start_ms\": 500, \"end_ms\": 2000, \"text\": \"a\"}]", "0.500 2.000 a", NULL},
        {TRANSCRIPT_JSON, "[{\"startTime\": \"0.5s\", \"endTime\": \"2s\", \"text\": \"a\"}]", "0.500 2.000 a", NULL},
        {TRANSCRIPT_JSON, "[{\"start\": \"0.5\", \"end\": \"2\", \"text\": \"a\"}]", "0.500 2.000 a", NULL},
        {TRANSCRIPT_JSON, "[{\"timestamps\": {\"from\": \"00:00:00,500\", \"to\": \"00:00:02,000\"}, \"text\": \"a\"}]",
            "0.500 2.000 a", NULL},
        {TRANSCRIPT_JSON,
            "{\"utterances\": [{\"start\": 500, \"end\": 2000, \"text\": \"first words\"}, {\"start\": 9000, "
            "\"end\": 10000, \"text\": \"second\"}]}",
            "0.500 2.000 first words|9.000 10.000 second", "were read as milliseconds"},
        {TRANSCRIPT_JSON,
            "{\"text\": \"first words\", \"words\": [{\"text\": \"first\", \"start\": 500, \"end\": 1000}, {\"text\": "
            "\"words\", \"start\": 1000, \"end\": 2000}]}",
            "0.500 2.000 first words", "were read as milliseconds"},
        {TRANSCRIPT_JSON,
            "{\"segments\": [{\"text\": \" untimed\", \"words\": []}, {\"start\": 9.0, \"end\": 10.0, \"text\": \"b\"}]}",
            "0.000 9.000 untimed|9.000 10.000 b", "segment 0: it has no times"},
        {TRANSCRIPT_JSON,
            "[{\"start\": 1, \"end\": 2, \"text\": \"a\"}, \"b\", \"cc\", {\"start\": 5, \"end\": 6, \"text\": \"d\"}, \"e\"]",
            "1.000 2.000 a|2.000 3.000 b|3.000 5.000 cc|5.000 6.000 d|6.000 7.000 e", "(3 such places)"},
        {TRANSCRIPT_JSON,
            "[{\"start\": 2.0, \"end\": 1.98, \"text\": \"a\"}, {\"start\": 9, \"end\": 10, \"text\": \"b\"}]",
            "2.000 3.000 a|9.000 10.000 b", "segment 0: the end is before the start"},
        {TRANSCRIPT_JSON, "[{\"start\": 2.0, \"text\": \"a\"}, {\"start\": 2.5, \"end\": 10, \"text\": \"b\"}]",
            "2.000 2.500 a|2.500 10.000 b", "segment 0: one of its times"},
        {TRANSCRIPT_JSON, "[{\"end\": 5.0, \"text\": \"a\"}, {\"start\": 5, \"end\": 10, \"text\": \"b\"}]",
            "4.000 5.000 a|5.000 10.000 b", "segment 0: one of its times"},
        {TRANSCRIPT_JSON,
            "[{\"start\": -0.02, \"end\": 1, \"text\": \"a\"}, {\"start\": -3, \"end\": -1, \"text\": \"b\"}]",
            "0.000 1.000 a", "segment 0: the start is before 0"},
        {TRANSCRIPT_JSON,
            "{\"segments\":[{\"start\":0.5,\"end\":2.0,\"text\":\" NaN in we\",\"p\":NaN,\"q\":-Infinity,\"words\":[{\"word\":"
            "\"in\",\"start\":0.5,\"end\":0.8,\"score\":NaN}]}]}",
            "0.500 2.000 NaN in we", "(3 such places)"},
        {TRANSCRIPT_JSON, "[{\"start\": 1, \"end\": NaN, \"text\": \"a\"}]", "1.000 2.000 a",
            "segment 0: one of its times"},
        {TRANSCRIPT_JSON, "[{\"start\": 0, \"end\": 1, \"text\": \"a\\ud83d b\\ude00 \\ud83d\\ude00\"}]",
            "0.000 1.000 a\xEF\xBF\xBD b\xEF\xBF\xBD \xF0\x9F\x98\x80", "half a character was replaced"},
        {TRANSCRIPT_JSON, "{\"start\": 0, \"end\": 1, \"text\": \"a\"}\n{\"start\": 1, \"end\": 2, \"text\": \"b\"}\n",
            "0.000 1.000 a|1.000 2.000 b", NULL},
        {TRANSCRIPT_JSON, "{\"text\": \"all of it\", \"segments\": []}", "- - all of it", NULL},
        {TRANSCRIPT_JSON,
            "{\"transcription\":[{\"offsets\":{\"from\":500,\"to\":2000},\"text\":\" caf\xC3\"},{\"offsets\":{"
            "\"from\":2000,\"to\":3000},\"text\":\"\xA9 open\"}]}",
            "0.500 2.000 caf\xEF\xBF\xBD|2.000 3.000 \xEF\xBF\xBD open", "2 characters are cut in half"},
    };
    check_all(cases, sizeof cases / sizeof *cases);
}

static void words_without_times(void **state)
{
    (void)state;
    transcript t;
    const char *text =
        "[{\"start\": 1, \"end\": 5, \"text\": \"a b c d\", \"words\": [{\"word\": \" \", \"start\": 1, \"end\": 1}, "
        "{\"word\": \"a\"}, {\"word\": \"b\", \"start\": 2, \"end\": 3}, {\"word\": \"c\"}, {\"word\": \"d\", "
        "\"start\": 4, \"end\": 4.5}]}]";
    assert_ok(transcript_parse(text, strlen(text), TRANSCRIPT_JSON, "words", &t, error));
    const transcript_segment *s = &t.segments[0];
    static const double times[4][2] = {{1, 2}, {2, 3}, {3, 4}, {4, 4.5}};
    assert_int_equal(s->word_count, 4); /* the blank one is left out */
    for (int i = 0; i < 4; i++) {
        assert_near(s->words[i].start, times[i][0], 1e-9);
        assert_near(s->words[i].end, times[i][1], 1e-9);
    }
    transcript_free(&t);
    text =
        "[{\"start\": 1, \"end\": 2, \"text\": \"ab\", \"words\": [{\"word\": \"ab\", \"start\": 1000, \"end\": 1500}, "
        "{\"word\": \"cdefg\", \"start\": 1500, \"end\": 2000}]}]";
    assert_ok(transcript_parse(text, strlen(text), TRANSCRIPT_JSON, "words", &t, error));
    assert_near(t.segments[0].start, 1, 1e-9);
    assert_near(t.segments[0].words[1].start, 1.5, 1e-9);
    transcript_free(&t);
    /* the first word is blank and the next has no times: what was read lay before the list */
    text = "[{\"text\": \"a\", \"words\": [{\"word\": \" \"}, {\"word\": \"a\"}]}]";
    assert_ok(transcript_parse(text, strlen(text), TRANSCRIPT_JSON, "words", &t, error));
    assert_int_equal(t.segments[0].word_count, 1);
    transcript_free(&t);
}

static void encodings_that_are_certain_enough(void **state)
{
    (void)state;
#define CUE "1\n00:00:01,000 --> 00:00:02,000\n"
    static const readable cases[] = {
        {TRANSCRIPT_SRT,
            CUE "it\x92s \x93"
                "fine\x94 \x96 I\x92m ok\x85\n",
            "1.000 2.000 it\u2019s \u201cfine\u201d \u2013 I\u2019m ok\u2026",
            "byte 0x92 in line 3) and was read as Windows-1252"},
        {TRANSCRIPT_SRT, CUE "caf\xE9\n", "1.000 2.000 caf\u00e9", "Windows-1252"},
        {TRANSCRIPT_TEXT,
            "Gr\xFC\xDF"
            "e an alle, sch\xF6n",
            "- - Gr\u00fc\u00dfe an alle, sch\u00f6n", "Windows-1252"},
        {TRANSCRIPT_SRT, CUE "caf\xC3\n\n2\n00:00:02,000 --> 00:00:03,000\n\xA9 open\n",
            "1.000 2.000 caf\uFFFD|2.000 3.000 \uFFFD open", "2 characters are cut in half"},
        {TRANSCRIPT_TEXT, "sch\u00f6n, \u00fcber, f\u00fcr, m\u00f6gen, gr\xC3 ok",
            "- - sch\u00f6n, \u00fcber, f\u00fcr, m\u00f6gen, gr\uFFFD ok", "1 characters are cut"},
    };
    check_all(cases, sizeof cases / sizeof *cases);
    check_read(TRANSCRIPT_TEXT, "h\0i\0 \0y\0o\0u\0", 12, "- - hi you", "UTF-16");
    check_read(TRANSCRIPT_TEXT, "\0h\0i\0 \0y\0o\0u", 12, "- - hi you", "UTF-16");
    static const struct {
        const char *text, *advice;
    } refused[] = {{"\xCF\xF0\xE8\xE2\xE5\xF2, \xEA\xE0\xEA \xE4\xE5\xEB\xE0", "WINDOWS-1251"},
        {"\xBD\xF1\xCC\xEC\xCC\xEC\xC6\xF8\xBA\xDC\xBA\xC3", "GB18030"},
        {"dzie\xF1 dobry \xB3\xB9"
         "ka",
            "WINDOWS-1250 (or WINDOWS-1252"},
        {"\xC7ok g\xFCzel \xFE"
         "eyler \xF6\xF0rendim bug\xFCn yine",
            "WINDOWS-1254"},
        {"a\x81 b", "WINDOWS-1252"}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        transcript t;
        smac_error failure = {0};
        assert_int_equal(
            transcript_parse(refused[i].text, strlen(refused[i].text), TRANSCRIPT_TEXT, "words", &t, &failure),
            SMAC_ERROR_FORMAT);
        if (!strstr(failure.message, refused[i].advice) || !strstr(failure.message, "line 1"))
            fail_msg("%s", failure.message);
    }
}

static void rolling_captions_say_each_line_once(void **state)
{
    (void)state;
    static const readable cases[] = {
        /* as YouTube writes them */
        {TRANSCRIPT_VTT,
            "WEBVTT\nKind: captions\nLanguage: en\n\n00:00:00.160 --> 00:00:02.429 align:start position:0%\n \n"
            "well<00:00:00.560><c> the</c><00:00:00.900><c> soup</c><00:00:01.300><c> was</c><00:00:01.800><c> cold</c>\n\n"
            "00:00:02.429 --> 00:00:02.439 align:start position:0%\nwell the soup was cold\n \n\n"
            "00:00:02.439 --> 00:00:05.749 align:start position:0%\nwell the soup was cold\n"
            "and<00:00:03.100><c> nobody</c><00:00:03.700><c> said</c><00:00:04.500><c> sorry</c>\n\n"
            "00:00:05.749 --> 00:00:05.759 align:start position:0%\nand nobody said sorry\n \n\n"
            "00:00:05.759 --> 00:00:09.000 align:start position:0%\nand nobody said sorry\nso<00:00:06.300><c> we</c><00:00:07.000><c> left</c>\n",
            "0.160 2.429 well the soup was cold|2.439 5.749 and nobody said sorry|5.759 9.000 so we left",
            "its captions roll: 4 of 5"},
        /* three lines, the upper ones shown before */
        {TRANSCRIPT_SRT,
            "1\n00:00:00,000 --> 00:00:02,000\none of us\n\n2\n00:00:02,000 --> 00:00:04,000\none of us\ntwo of them\n\n"
            "3\n00:00:04,000 --> 00:00:06,000\none of us\ntwo of them\nthree are here\n\n4\n00:00:06,000 --> 00:00:08,000\ntwo of them\n"
            "three are here\nfour in all\n",
            "0.000 2.000 one of us|2.000 4.000 two of them|4.000 6.000 three are here|6.000 8.000 four in all", "roll"},
        /* a line that grows */
        {TRANSCRIPT_SRT,
            "1\n00:00:00,000 --> 00:00:01,000\nwell\n\n2\n00:00:01,000 --> 00:00:02,000\nwell the\n\n"
            "3\n00:00:02,000 --> 00:00:03,000\nwell the soup\n",
            "0.000 1.000 well|1.000 2.000 the|2.000 3.000 soup", "roll"},
        {TRANSCRIPT_VTT,
            "WEBVTT\n\n00:00.000 --> 00:00.900\nalpha beta\n\n00:01.000 --> 00:01.900\nalpha beta\ngamma\n\n"
            "00:02.000 --> 00:02.900\ngamma\nzeta eta\n\n00:03.000 --> 00:03.900\nzeta eta\niota\n",
            "0.000 0.900 alpha beta|1.000 1.900 gamma|2.000 2.900 zeta eta|3.000 3.900 iota", "roll"},
        {TRANSCRIPT_SRT,
            "1\n00:00:00,000 --> 00:00:01,000\n\u4eca\u5929\u6211\u4eec\n\n2\n00:00:01,000 --> 00:00:02,000\n"
            "\u4eca\u5929\u6211\u4eec\n\u6765\u8c08\u8c08\n\n3\n00:00:02,000 --> 00:00:03,000\n\u6765\u8c08\u8c08\n\u5929\u6c14\n",
            "0.000 1.000 \u4eca\u5929\u6211\u4eec|1.000 2.000 \u6765\u8c08\u8c08|2.000 3.000 \u5929\u6c14", "roll"},
        /* words that are said twice stay */
        {TRANSCRIPT_SRT,
            "1\n00:00:00,000 --> 00:00:01,000\nNo.\n\n2\n00:00:01,000 --> 00:00:02,000\nNo.\n\n3\n00:00:02,000 --> "
            "00:00:03,000\nNo.\n\n4\n00:00:03,000 --> 00:00:04,000\nI said no.\n",
            "0.000 1.000 No.|1.000 2.000 No.|2.000 3.000 No.|3.000 4.000 I said no.", NULL},
        {TRANSCRIPT_SRT,
            "1\n00:00:00,000 --> 00:00:01,000\nla la la\n\n2\n00:00:01,000 --> 00:00:02,000\nla la la\n\n3\n00:00:02,000 --> "
            "00:00:03,000\nla la la\n\n4\n00:00:03,000 --> 00:00:04,000\nla la la\n\n5\n00:00:04,000 --> 00:00:05,000\nthe end\n",
            "0.000 1.000 la la la|1.000 2.000 la la la|2.000 3.000 la la la|3.000 4.000 la la la|4.000 5.000 the end",
            NULL},
    };
    check_all(cases, sizeof cases / sizeof *cases);
    /* embedded ones too */
    static const film_track tracks[] = {{.kind = FILM_WORDS}};
    film f;
    film_begin(&f, tracks, 1, 0);
    film_words(&f, 0, 0, 2000, "well the soup");
    film_words(&f, 0, 2000, 2000, "well the soup\nwas very cold");
    film_words(&f, 0, 4000, 2000, "was very cold\nand so");
    media_input input = film_input(&f);
    watched *w = watch(&input, &(media_options){.subtitles = true});
    assert_int_equal(w->words.count, 3);
    assert_string_equal(w->words.segments[2].text, "and so");
    watched_free(w);
    film_end(&f);
}

static void our_own_cues_are_read_again(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "a --> b", "--> 00:00:01,000 --> 00:00:02,000", "1\u00a02", "5:30 --> 6:00", "NOTE a", "<i>x</i> {\\\\an8}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (int vtt = 0; vtt < 2; vtt++) {
            transcript t, again;
            text_buffer json = {0}, out = {0};
            text_format(&json,
                "[{\"start\": 1, \"end\": 2, \"text\": \"%s\"}, {\"start\": 3, \"end\": 4, \"text\": \"last\"}]",
                texts[i]);
            assert_ok(transcript_parse(json.data, json.length, TRANSCRIPT_JSON, "words", &t, error));
            (vtt ? transcript_write_vtt : transcript_write_srt)(&t, 10, &out);
            assert_ok(
                transcript_parse(out.data, out.length, vtt ? TRANSCRIPT_VTT : TRANSCRIPT_SRT, "again", &again, error));
            if (again.count != 2)
                fail_msg("%s\ngave %zu segments", out.data, again.count);
            assert_near(again.segments[1].start, 3, 1e-9);
            if (vtt)
                assert_string_equal(again.segments[0].text, t.segments[0].text);
            transcript_free(&t);
            transcript_free(&again);
            text_free(&json);
            text_free(&out);
        }
}

static char folder[64];

static void put(const char *name, const char *text)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* Expect the transcript of recording (in the folder), by its name there; NULL: none. */
static void check_found(const char *recording, const char *language, const char *expected)
{
    char path[160], *found;
    snprintf(path, sizeof path, "%s/%s", folder, recording);
    assert_ok(transcript_find(path, NULL, language, &found, error));
    if ((found != NULL) != (expected != NULL) || (found && strcmp(found + strlen(folder) + 1, expected) != 0))
        fail_msg("for %s found %s, expected %s", recording, found ? found : "nothing", expected ? expected : "nothing");
    free(found);
    assert_ok(transcript_find(recording, folder, language, &found, error));
    assert_int_equal(found != NULL, expected != NULL);
    free(found);
}

static void a_transcript_beside_the_recording(void **state)
{
    (void)state;
    static const char *const names[] = {"a.srt", "a.VTT", "b.vtt", "c.json", "d.json", "e.en.srt", "f.en.srt",
        "f.de.srt", "f.de.vtt", "g.mp4.srt", "h.info.json", "i.x.srt", "j..k.srt", "l.txt"};
    snprintf(folder, sizeof folder, "/tmp/transcript-find-XXXXXX");
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        put(names[i],
            strstr(names[i], "c.json")      ? "{\"text\": \"words\"}"
                : strstr(names[i], ".json") ? "{\"id\": 3}"
                                            : "");
    check_found("a.mp4", NULL, "a.srt");
    check_found("b.WAV", NULL, "b.vtt");
    check_found("c.mkv", NULL, "c.json");
    check_found("d.mkv", NULL, NULL); /* another JSON */
    check_found("e.mp4", NULL, "e.en.srt");
    check_found("e.mp4", "en", "e.en.srt");
    check_found("f.mp4", NULL, NULL); /* which one? */
    check_found("f.mp4", "deu", "f.de.srt");
    check_found("f.mp4", "en", "f.en.srt");
    check_found("f.mp4", "fr", NULL);
    check_found("g.mp4", NULL, NULL); /* a result of ours */
    check_found("h.mp4", NULL, NULL);
    check_found("i.mp4", NULL, NULL);
    check_found("j..k.mp4", NULL, "j..k.srt");
    check_found("nothing.mp4", NULL, NULL);
    char *found;
    assert_ok(transcript_find("l.mp4", folder, NULL, &found, error)); /* a folder of transcripts */
    assert_non_null(found);
    free(found);
    char beside[160];
    snprintf(beside, sizeof beside, "%s/l.mp4", folder);
    assert_ok(transcript_find(beside, NULL, NULL, &found, error));
    assert_null(found);
    assert_ok(transcript_find("/nonexistent/a.mp4", NULL, NULL, &found, error));
    assert_null(found);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[160];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subrip_with_one_bad_place),
        cmocka_unit_test(webvtt_with_one_bad_place),
        cmocka_unit_test(json_of_many_programs),
        cmocka_unit_test(words_without_times),
        cmocka_unit_test(encodings_that_are_certain_enough),
        cmocka_unit_test(rolling_captions_say_each_line_once),
        cmocka_unit_test(our_own_cues_are_read_again),
        cmocka_unit_test(a_transcript_beside_the_recording),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
