/* data check: rows that cannot be used, missing media, ids that occur twice, all with their reasons. */
#include "support/folder.h"

#include "data/check.h"

static json_t *check(const char *folder, const char *layout)
{
    dataset *d = NULL;
    json_t *report = NULL;
    dataset_options options = {.path = folder, .layout = layout, .skip_bad = true, .keep_repeats = true};
    check_options how = {0};
    assert_ok(dataset_read(&options, NULL, &d, error));
    assert_ok(dataset_check(d, &how, NULL, &report, error));
    dataset_free(d);
    return report;
}

/* How often; says: part of the first example. */
static int64_t count_of(const json_t *report, const char *kind, const char *says)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(report, "problems"), i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "kind")), kind) != 0)
            continue;
        const char *example = json_string_value(json_array_get(json_object_get(one, "examples"), 0));
        if (!strstr(example, says))
            fail_msg("'%s' does not say '%s'", example, says);
        assert_int_equal(
            json_array_size(json_object_get(one, "examples")), json_integer_value(json_object_get(one, "count")));
        return json_integer_value(json_object_get(one, "count"));
    }
    return 0;
}

static void what_is_wrong(void **state)
{
    (void)state;
    char folder[256], path[512];
    text_buffer text = {0};
    folder_new(folder);
    mkdir(file_in(folder, "Raw", path), 0777);
    mkdir(file_in(folder, "Raw/v", path), 0777);
    write_text(folder, "Raw/v/1.mp4", "x");
    write_text(folder, "Raw/v/2.mp4", "x");
    write_text(folder, "label.csv",
        "video_id,clip_id,text,label,mode\nv,1,a film,0.5,train\nv,1,a film,0.5,train\nv,2,words,5,train\n"
        "v,2,words,0.5,sometime\nv,3,words,0.5,valid\nv,1,a film,0.5,test\n");
    json_t *report = check(folder, "sims");
    assert_int_equal(count_of(report, "a row that cannot be used", "line 4 (v/2): label: 5 lies outside"), 2);
    assert_int_equal(count_of(report, "a media file that is missing or damaged", "line 6"), 1);
    assert_int_equal(count_of(report, "an id occurs twice in a split", "v$_$1 (train and train"), 1);
    assert_int_equal(count_of(report, "an id is in two splits", "v$_$1 (train and test"), 1);
    const json_t *source = json_array_get(json_object_get(report, "sources"), 0);
    assert_int_equal(json_integer_value(json_object_get(source, "clips")), 3);
    assert_int_equal(json_integer_value(json_object_get(source, "official")), 2281);
    dataset_check_render(report, &text);
    assert_non_null(strstr(text.data, "all          3      2281"));
    text_free(&text);
    json_decref(report);
    folder_remove(folder);
}

/* Tables of old Macintosh programs end their lines with a carriage return alone. */
static void carriage_returns(void **state)
{
    (void)state;
    char folder[256], path[512];
    folder_new(folder);
    write_text(folder, "t.csv", "id,text,label,split\ra,one,1,train\rb,two,2.5,valid\r");
    json_t *report = check(file_in(folder, "t.csv", path), "table");
    const json_t *source = json_array_get(json_object_get(report, "sources"), 0);
    assert_int_equal(json_integer_value(json_object_get(source, "clips")), 2);
    json_decref(report);
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_wrong), cmocka_unit_test(carriage_returns)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
