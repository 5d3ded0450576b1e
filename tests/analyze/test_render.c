/*
 * The formats when tasks, classes, words and the recording's name are hostile: names that are columns already, formulas,
 * line ends, a terminal's commands, marks of a subtitle file, bytes that are not UTF-8.
 */
#include "support/check.h"

#include <string.h>

#include "analyze/render.h"
#include "base/csv.h"

static const char *const class_names[] = {"text", "=x", "a\nb --> c", "\x1b[31mred\xc2\x9b"};
static const float chances[] = {.1f, .2f, .3f, .4f}, turned[] = {.1f, .2f, .4f, .3f}, score[] = {-.5f};
static smac_task tasks[] = {
    {.name = "start", .classes = 4, .high = 1, .class_names = class_names},
    {.name = "=start:text", .low = -1, .high = 1},
    {.name = "start:text", .low = -1, .high = 1},
};

static char *render(smac_format format)
{
    smac_task_result results[] = {{.prediction = chances, .modality = {turned, NULL, NULL}, .disagreement = NAN},
        {.prediction = score, .disagreement = NAN}, {.prediction = score, .disagreement = NAN}};
    smac_segment segment = {.end = 4, .text = "-1 --> \xff\x1b[0m\n2 --> 3", .tasks = results, .has = {true}};
    smac_segment summary = segment;
    smac_analysis a = {.recording = (char[]){"+a\n\xff.mp4"},
        .model_name = (char[]){"m\x1b"},
        .duration = 4,
        .tasks = {.items = tasks, .count = 3},
        .missing = {NULL, "no sound", "no picture"},
        .summary = summary,
        .segments = &segment,
        .segment_count = 1};
    const smac_analysis *one = &a;
    char *text;
    size_t length;
    smac_render_options how;
    smac_render_options_default(&how);
    how.format = format;
    assert_ok(smac_analysis_render(&one, 1, &how, &text, &length, error));
    assert_int_equal(length, strlen(text));
    return text;
}

static void a_table_has_every_name_once_and_no_formula(void **state)
{
    (void)state;
    char *text = render(SMAC_FORMAT_CSV);
    csv_table table;
    assert_ok(csv_parse(text, strlen(text), &table, error));
    assert_int_equal(table.count, 3);
    const csv_row *head = &table.rows[0];
    for (size_t i = 0; i < head->count; i++)
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(head->cells[i], head->cells[k]);
    assert_string_equal(head->cells[2], "start");
    assert_string_equal(head->cells[6], "start (2)");
    for (size_t r = 0; r < table.count; r++) {
        assert_int_equal(table.rows[r].count, head->count);
        for (size_t i = 0; i < head->count; i++) {
            const char *cell = table.rows[r].cells[i];
            assert_true(!*cell || strcmp(cell, "-0.5") == 0 || !strchr("=+-@\t\r\n", *cell));
        }
    }
    csv_free(&table);
    free(text);
}

static void subtitles_have_one_line_of_times_a_cue(void **state)
{
    (void)state;
    char *text = render(SMAC_FORMAT_SRT);
    assert_string_equal(text,
        "1\n00:00:00,000 --> 00:00:04,000\nstart not sure:  [31mred  40%, a b -> c 30% (words not sure: a b -> c 40%,  [31mred  30%)\n"
        "=start:text -0.50 clearly negative\nstart:text -0.50 clearly negative\n-1 -> \xef\xbf\xbd [0m 2 -> 3\n\n");
    free(text);
}

static void a_terminal_gets_no_commands(void **state)
{
    (void)state;
    char *text = render(SMAC_FORMAT_TEXT);
    assert_null(strpbrk(text, "\x1b\x07\r"));
    assert_null(strstr(text, "\xc2\x9b"));
    assert_non_null(strstr(text, "+a?\xef\xbf\xbd.mp4"));
    assert_non_null(strstr(text, "?[31mred? 40%"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_table_has_every_name_once_and_no_formula),
        cmocka_unit_test(subtitles_have_one_line_of_times_a_cue), cmocka_unit_test(a_terminal_gets_no_commands)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
