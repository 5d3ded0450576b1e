/*
 * The HTML report: one page that nothing breaks out of and that loads nothing, the numbers its script draws, the moments
 * that are shown first, the model card, and its size for two hours.
 */
#include "support/check.h"

#include <jansson.h>
#include <string.h>

#include "analyze/report.h"

static const char *const feelings[] = {"neutral", "</script><script>alert(1)</script>", "anger"};
static const char *const joking[] = {"not humorous", "humorous"};
static smac_task tasks[] = {{.name = "sentiment", .low = -1, .high = 1},
    {.name = "emotion", .classes = 3, .high = 1, .class_names = feelings},
    {.name = "humor", .classes = 2, .high = 1, .class_names = joking}};

static char file_name[] = "/a/</title><b>.mp4", model_name[] = "model", model_sha256[] = "0123";

enum { SEGMENTS = 60, TASKS = 3, VALUES = 6 };

/* An analysis whose segments of two seconds say little, of its own memory. */
typedef struct talk {
    smac_analysis a;
    smac_segment *segments;
    smac_task_result *results; /* (segments + 1, TASKS) */
    float *values;             /* (segments + 1, VALUES) */
} talk;

static void talk_begin(talk *t, size_t count)
{
    t->segments = calloc(count + 1, sizeof *t->segments);
    t->results = calloc((count + 1) * TASKS, sizeof *t->results);
    t->values = calloc((count + 1) * VALUES, sizeof *t->values);
    assert_true(t->segments && t->results && t->values);
    for (size_t i = 0; i <= count; i++) {
        static const float plain[VALUES] = {0.05f, 0.6f, 0.2f, 0.2f, 0.9f, 0.1f};
        float *v = memcpy(t->values + i * VALUES, plain, sizeof plain);
        static const int places[TASKS] = {0, 1, 4};
        for (int k = 0; k < TASKS; k++)
            t->results[i * TASKS + (size_t)k] = (smac_task_result){.prediction = v + places[k],
                .modality = {v + places[k], v + places[k], NULL},
                .shared = v + places[k],
                .disagreement = 0.1f};
        t->segments[i] = (smac_segment){.start = 2 * (double)i,
            .end = 2 * (double)i + 2,
            .text = "some words",
            .has = {true, true},
            .tasks = t->results + i * TASKS};
    }
    smac_segment summary = t->segments[count];
    summary.start = 0;
    summary.end = 2 * (double)count;
    t->a = (smac_analysis){.recording = file_name,
        .model_name = model_name,
        .model_sha256 = model_sha256,
        .duration = 2 * (double)count,
        .window = 2,
        .hop = 2,
        .tasks = {.items = tasks, .count = TASKS},
        .missing = {NULL, NULL, "no face was found"},
        .summary = summary,
        .segments = t->segments,
        .segment_count = count};
}

static void talk_end(talk *t)
{
    free(t->segments);
    free(t->results);
    free(t->values);
}

static char *render(const talk *t)
{
    const smac_analysis *one = &t->a;
    text_buffer out = {0};
    render_html(&one, 1, &out);
    assert_false(out.failed);
    return out.data;
}

static int count_of(const char *text, const char *what)
{
    int count = 0;
    for (; (text = strstr(text, what)) != NULL; text += strlen(what))
        count++;
    return count;
}

static json_t *data_of(const char *page)
{
    const char *from = strstr(page, "class=\"data\">") + strlen("class=\"data\">");
    json_t *data = json_loadb(from, (size_t)(strstr(from, "</script>") - from), 0, NULL);
    assert_non_null(data);
    return data;
}

static void nothing_breaks_out_of_the_page(void **state)
{
    (void)state;
    talk t;
    talk_begin(&t, 3);
    t.segments[1].text = "</script><img src=x onerror=alert(2)>";
    transcript_segment line = {.start = 2, .end = 3, .text = (char[]){"<!--</script><script>alert(3)"}};
    t.a.said = (transcript){.segments = &line, .count = 1};
    t.a.model_card = (char[]){"{\"limits\": \"<i>few</i> & old\", \"more\": \"x\", \"not a text\": 1}"};
    t.a.warnings = (char *[]){"<u>a note</u>"};
    t.a.warning_count = 1;
    char *page = render(&t);
    assert_int_equal(count_of(page, "<script"), 2); /* the data and the program */
    assert_int_equal(count_of(page, "</script>"), 2);
    assert_int_equal(count_of(page, "</title>"), 1);
    assert_int_equal(
        count_of(page, "<img") + count_of(page, "<u>a") + count_of(page, "<i>") + count_of(page, "<!--"), 0);
    assert_int_equal(count_of(page, "http:") + count_of(page, "https:") + count_of(page, "url("), 0);
    assert_non_null(strstr(page, "default-src 'none'"));
    assert_non_null(strstr(page, "<dt>where it is weak</dt><dd>&lt;i&gt;few&lt;/i&gt; &amp; old</dd><dt>more</dt>"));
    assert_null(strstr(page, "not a text"));
    json_t *data = data_of(page);
    assert_string_equal(json_string_value(json_array_get(json_array_get(json_object_get(data, "words"), 0), 2)),
        " <!--</script><script>alert(3)");
    json_decref(data);
    free(page);
    t.a.model_card = NULL;
    page = render(&t);
    assert_null(strstr(page, "where it is weak"));
    free(page);
    talk_end(&t);
}

static void the_script_gets_every_number(void **state)
{
    (void)state;
    talk t;
    talk_begin(&t, 2);
    t.values[0] = -0.5f;
    t.results[TASKS].modality[SMAC_AUDIO] = NULL;
    t.results[TASKS].disagreement = NAN;
    transcript_word words[] = {
        {0.5, 0.75, (char[]){"cold"}, NAN}, {0.75, 1, (char[]){"-hearted"}, NAN}, {1.2, 1.5, (char[]){"man"}, NAN}};
    transcript_segment line = {
        .start = 0.5, .end = 1.5, .text = (char[]){"cold-hearted man"}, .words = words, .word_count = 3};
    t.a.said = (transcript){.segments = &line, .count = 1};
    char *page = render(&t), *spoken;
    json_t *data = data_of(page);
    assert_int_equal(json_array_size(json_object_get(data, "rows")), 4); /* no face */
    spoken = json_dumps(json_object_get(data, "words"), JSON_COMPACT);
    assert_string_equal(spoken, "[[50,75,\" cold\"],[75,100,\"-hearted\"],[120,150,\" man\"]]");
    free(spoken);
    const char *values = json_string_value(json_object_get(data, "values"));
    int each = 4 * VALUES + TASKS; /* rows of values, and the disagreements */
    assert_int_equal(strlen(values), 2 * 2 * each);
    assert_true(strncmp(values, "QAQAQAQA", 8) == 0); /* a quarter of the range: 1024 of 4095 is 16 * 64 */
    assert_true(strncmp(values + 2 * each, "hm", 2) == 0 && strncmp(values + 2 * each + 4, "..", 2) == 0);
    assert_true(strncmp(values + 2 * each + 8, "..", 2) == 0);
    json_decref(data);
    free(page);
    t.a.said.segments = &(transcript_segment){.start = NAN, .end = NAN, .text = (char[]){"no times"}};
    page = render(&t);
    data = data_of(page);
    spoken = json_dumps(json_object_get(data, "words"), JSON_COMPACT);
    assert_string_equal(spoken, "[[0,400,\" no times\",1]]");
    free(spoken);
    json_decref(data);
    free(page);
    talk_end(&t);
}

/* The times of the moments of a list, as data-time has them. */
static void check_moments(const char *page, const char *title, const char *expected)
{
    char found[200] = "";
    const char *at = strstr(page, title), *end = at ? strstr(at + 1, "<h2>") : NULL;
    assert_true(at && end);
    while ((at = strstr(at, "data-time=\"")) != NULL && at < end) {
        at += strlen("data-time=\"");
        sprintf(found + strlen(found), "%.*s ", (int)strcspn(at, "\""), at);
    }
    assert_string_equal(found, expected);
}

static void the_strongest_and_the_most_divided_come_first(void **state)
{
    (void)state;
    talk t;
    talk_begin(&t, SEGMENTS);
    char *page = render(&t);
    assert_non_null(strstr(page, "Nothing stands out"));
    assert_non_null(strstr(page, "never disagree"));
    free(page);
    t.values[20 * VALUES] = -0.9f;                                      /* clearly negative */
    t.values[21 * VALUES] = -0.8f;                                      /* beside it */
    t.values[40 * VALUES] = 0.6f;                                       /* clearly positive */
    t.values[30 * VALUES + 1] = 0.1f, t.values[30 * VALUES + 3] = 0.8f; /* anger */
    t.values[31 * VALUES + 1] = 0.95f;                                  /* neutral is not strong */
    t.values[50 * VALUES + 4] = 0.4f, t.values[50 * VALUES + 5] = 0.6f; /* humorous */
    t.results[10 * TASKS + 1].disagreement = 0.7f;
    t.results[12 * TASKS].disagreement = 0.34f;
    char words[1001], cut[300];
    for (int i = 0; i < 1000; i++)
        words[i] = "abcdefg "[i % 8];
    words[1000] = 0;
    sprintf(cut, "<q>%.239s \xe2\x80\xa6</q>", words);
    t.segments[10].text = words;
    page = render(&t);
    check_moments(page, "Strongest moments", "41.00 61.00 81.00 101.00 ");
    check_moments(page, "Most divided moments", "21.00 ");
    assert_non_null(strstr(page, "sentiment: -0.90 clearly negative"));
    assert_non_null(strstr(page, "emotion: anger 80%"));
    assert_non_null(strstr(page, cut));
    free(page);
    for (int i = 0; i < SEGMENTS * TASKS; i++)
        t.results[i].modality[SMAC_TEXT] = NULL;
    for (int k = 0; k < TASKS; k++)
        t.results[SEGMENTS * TASKS + k].disagreement = NAN; /* the summary's */
    page = render(&t);
    assert_null(strstr(page, "Most divided"));
    assert_non_null(strstr(page, "fewer than two to compare"));
    free(page);
    talk_end(&t);
}

static void two_hours_are_a_small_page(void **state)
{
    (void)state;
    talk t;
    talk_begin(&t, 7200);
    for (size_t i = 0; i < 7200 * VALUES; i++)
        t.values[i] = (float)(i * 37 % 101) / 101;
    char *page = render(&t);
    assert_true(strlen(page) < 700 * 1000);
    assert_true(count_of(page, "<") < 4000); /* what is drawn does not depend on the length */
    json_t *data = data_of(page);
    assert_int_equal(json_array_size(json_object_get(data, "segments")), 2 * 7200);
    json_decref(data);
    free(page);
    talk_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_breaks_out_of_the_page),
        cmocka_unit_test(the_script_gets_every_number), cmocka_unit_test(the_strongest_and_the_most_divided_come_first),
        cmocka_unit_test(two_hours_are_a_small_page)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
