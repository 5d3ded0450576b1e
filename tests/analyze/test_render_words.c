/* Values in words: the scale of scores, what is not sure, certainty, and the same words in every format. */
#include "support/check.h"

#include <string.h>

#include "analyze/render.h"

static const char *const names[] = {"joy", "neutral", "anger"};
static const smac_task mosi = {.name = "sentiment", .low = -3, .high = 3};
static const smac_task share = {.name = "interest", .low = 0, .high = 10};
static const smac_task emotion = {.name = "emotion", .classes = 3, .high = 1, .class_names = names};

static void scores_have_words(void **state)
{
    (void)state;
    static const struct {
        float value;
        const char *words;
    } cases[] = {{-3, "clearly negative"}, {-1.5f, "clearly negative"}, {-1.49f, "slightly negative"},
        {-.5f, "slightly negative"}, {-.49f, "neutral"}, {0, "neutral"}, {.49f, "neutral"}, {.5f, "slightly positive"},
        {1.5f, "clearly positive"}, {3, "clearly positive"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(score_words(&mosi, cases[i].value), cases[i].words);
    assert_string_equal(score_words(&share, 1.9f), "very low");
    assert_string_equal(score_words(&share, 5), "medium");
    assert_string_equal(score_words(&share, 10), "very high");
    assert_near(score_strength(&mosi, -1.5f), 0.5, 1e-6);
    assert_near(score_strength(&share, 10), 1, 1e-6);
}

static void check_value(const smac_task *task, const float *v, const char *expected)
{
    text_buffer out = {0};
    render_value(task, v, render_line, &out);
    assert_string_equal(out.data, expected);
    text_free(&out);
}

static void what_is_not_sure_is_not_named(void **state)
{
    (void)state;
    check_value(&emotion, (float[]){.7f, .2f, .1f}, "joy 70%");
    check_value(&emotion, (float[]){.4f, .35f, .25f}, "not sure: joy 40%, neutral 35%");
    check_value(&emotion, (float[]){.02f, .52f, .46f}, "not sure: neutral 52%, anger 46%"); /* too near */
    check_value(&mosi, (float[]){-.001f}, "+0.00 neutral");
    check_value(&share, (float[]){2.5f}, "2.50 low");
    check_value(&mosi, NULL, "\xe2\x80\x93");
    check_value(&mosi, (float[]){NAN}, "\xe2\x80\x93");
    assert_true(class_is_plain("Neutral") && class_is_plain("not sarcastic") && class_is_plain("0") &&
        !class_is_plain("sarcastic"));
}

static void certainty_is_known_of_calibrated_classes_alone(void **state)
{
    (void)state;
    smac_task tasks[] = {emotion, mosi};
    static const float chances[] = {.7f, .2f, .1f}, score[] = {1};
    smac_task_result results[] = {{.prediction = chances}, {.prediction = score}}, none[2] = {{0}};
    smac_segment segment = {.tasks = results}, empty = {.tasks = none};
    smac_analysis a = {.tasks = {.items = tasks, .count = 2}, .calibrated = 0};
    assert_true(isnan(segment_certainty(&a, &segment, 0)));
    a.calibrated = 3;
    assert_near(segment_certainty(&a, &segment, 0), .7, 1e-6);
    assert_true(isnan(segment_certainty(&a, &segment, 1)) && isnan(segment_certainty(&a, &empty, 0)));
}

static void json_says_how_sure_it_is(void **state)
{
    (void)state;
    smac_task tasks[] = {emotion, mosi};
    static const float chances[] = {.4f, .35f, .25f}, score[] = {1};
    smac_task_result results[] = {
        {.prediction = chances, .disagreement = NAN}, {.prediction = score, .disagreement = NAN}};
    smac_segment segment = {.end = 1, .text = "a", .tasks = results, .is_utterance = true}, summary = segment;
    smac_analysis a = {.recording = (char[]){"a.mp4"},
        .model_name = (char[]){"m"},
        .model_sha256 = (char[]){""},
        .tasks = {.items = tasks, .count = 2},
        .summary = summary,
        .segments = &segment,
        .segment_count = 1,
        .calibrated = 1,
        .by_utterance = true};
    const smac_analysis *one = &a;
    text_buffer out = {0};
    assert_ok(render_json(&one, 1, &out, error));
    char *flat = out.data;
    for (char *c = out.data; *c; c++) /* without white space */
        if (*c != ' ' && *c != '\n')
            *flat++ = *c;
    *flat = 0;
    assert_non_null(strstr(out.data, "\"version\":3"));
    assert_non_null(strstr(out.data, "\"segments_by\":\"utterance\""));
    assert_non_null(strstr(out.data, "\"kind\":\"utterance\""));
    assert_non_null(strstr(out.data, "\"certainty\":{\"emotion\":0.4"));
    assert_non_null(strstr(out.data, "\"sentiment\":null},\"sure\":{\"emotion\":false,\"sentiment\":null}"));
    text_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(scores_have_words),
        cmocka_unit_test(what_is_not_sure_is_not_named),
        cmocka_unit_test(certainty_is_known_of_calibrated_classes_alone), cmocka_unit_test(json_says_how_sure_it_is)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
