/* Datasets in MMSA's layout: every variant in circulation, and everything that can be wrong with one. */
#include "support/folder.h"
#include "support/same_dataset.h"

#include "data/dataset.h"

static smac_status read_with(
    const char *path, const char *layout, bool skip, const char *task, dataset **out, smac_error *error)
{
    dataset_options options = {.path = path, .layout = layout, .skip_bad = skip, .task = task};
    smac_status status = dataset_read(&options, NULL, out, error);
    if (status == SMAC_OK)
        assert_manifest_keeps(*out);
    return status;
}

/* Three rows, whatever the spelling of the file: the same items. */
static void expect_three(const char *folder, const char *layout, bool own)
{
    dataset *d = NULL;
    assert_ok(read_with(folder, layout, false, NULL, &d, error));
    assert_int_equal(d->count, 3);
    assert_string_equal(d->items[0].id, "video_0001$_$0001");
    assert_string_equal(d->items[0].clip_id, "0001");
    assert_string_equal(d->items[0].text, "good, \"very\" good");
    assert_near(dataset_label(d, &d->items[0], 0, TRUTH_MULTIMODAL), 0.8, 1e-6);
    assert_int_equal(d->items[0].split, SPLIT_TRAIN);
    assert_int_equal(d->items[1].split, SPLIT_VALID);
    assert_int_equal(d->items[2].split, SPLIT_TEST);
    assert_near(dataset_label(d, &d->items[2], 0, TRUTH_MULTIMODAL), -1, 0);
    if (own)
        assert_near(dataset_label(d, &d->items[0], 0, TRUTH_VISION), -0.2, 1e-6);
    else
        assert_true(isnan(dataset_label(d, &d->items[0], 0, TRUTH_VISION)));
    assert_null(d->items[0].media);
    assert_int_equal(strlen(d->sha256), 64);
    dataset_free(d);
}

#define ROW1 "video_0001,0001,\"good, \"\"very\"\" good\","
#define ROW2 "video_0001,0002,so,"
#define ROW3 "video_0002,0001,bad,"

static void test_header_orders(void **state)
{
    (void)state;
    char folder[256];
    folder_new(folder);
    write_text(folder, "label.csv",
        "video_id,clip_id,text,label,label_T,label_A,label_V,annotation,mode\n" ROW1
        "0.8,1,0.4,-0.2,Positive,train\n" ROW2 "0,0,0,0,Neutral,valid\n" ROW3 "-1,-1,-1,-1,Negative,test\n");
    expect_three(folder, "sims", true);
    write_text(folder, "label.csv",
        "\xEF\xBB\xBFvideo_id,clip_id,text,label,annotation,mode,label_T,label_A,label_V\r\n" ROW1
        "0.8,Positive,train,,,\r\n" ROW2 "0,Neutral,valid,,,\r\n" ROW3 "-1,Negative,test,,,\r\n");
    expect_three(folder, "mosei", false);
    write_text(folder, "label.csv",
        "video_id,clip_id,text,label,annotation,mode,label_by\n" ROW1 "0.8,Positive,train,0\n" ROW2
        "0,Neutral,val,0\n" ROW3 "-1,Negative,test,0\n\n");
    expect_three(folder, "mosi", false);
    write_text(folder, "label.csv",
        ROW1 "0.8,1,0.4,-0.2,Positive,train\n" ROW2 "0,0,0,0,Neutral,valid\n" ROW3 "-1,-1,-1,-1,Negative,test\n");
    expect_three(folder, "sims", true);
    char path[512];
    expect_three(file_in(folder, "label.csv", path), "sims", true); /* the file itself */
    remove(path);
    write_text(folder, "meta.csv",
        "video_id,clip_id,text,label,label_T,label_A,label_V,annotation,mode\n" ROW1
        "0.8,1,0.4,-0.2,Positive,train\n" ROW2 "0,0,0,0,Neutral,valid\n" ROW3 "-1,-1,-1,-1,Negative,test\n");
    expect_three(folder, "simsv2", true);
    folder_remove(folder);
}

static void test_older_release(void **state)
{
    (void)state;
    char folder[256], path[512];
    folder_new(folder);
    mkdir(file_in(folder, "metadata", path), 0777);
    mkdir(file_in(folder, "metadata/sentiment", path), 0777);
    write_text(
        folder, "metadata/sentiment/label_M.csv", "video_id,clip_id,text,label\n" ROW1 "0.8\n" ROW2 "0\n" ROW3 "-1\n");
    write_text(
        folder, "metadata/sentiment/label_T.csv", "video_id,clip_id,text,label\n" ROW1 "1\n" ROW2 "0\n" ROW3 "-1\n");
    write_text(
        folder, "metadata/sentiment/label_A.csv", "video_id,clip_id,text,label\n" ROW1 "0.4\n" ROW2 "0\n" ROW3 "-1\n");
    write_text(
        folder, "metadata/sentiment/label_V.csv", "video_id,clip_id,text,label\n" ROW1 "-0.2\n" ROW2 "0\n" ROW3 "-1\n");
    write_text(folder, "metadata/train_index.csv", "index\n0\n");
    write_text(folder, "metadata/val_index.csv", "index\n1\n");
    write_text(folder, "metadata/test_index.csv", "video_id,clip_id\nvideo_0002,0001\n");
    expect_three(folder, "sims", true);
    folder_remove(folder);
}

static void expect_error(const char *folder, const char *layout, const char *task, smac_status code, const char *says);

/* The modalities' files of the older release in other orders than label_M: joined by the clips' ids. */
static void test_older_release_in_other_orders(void **state)
{
    (void)state;
    char folder[256], path[512];
    dataset *d = NULL;
    folder_new(folder);
    mkdir(file_in(folder, "metadata", path), 0777);
    mkdir(file_in(folder, "metadata/sentiment", path), 0777);
    write_text(
        folder, "metadata/sentiment/label_M.csv", "video_id,clip_id,text,label\n" ROW1 "0.8\n" ROW2 "0\n" ROW3 "-1\n");
    write_text(folder, "metadata/sentiment/label_T.csv",
        "video_id,clip_id,text,label\n" ROW3 "-0.4\n" ROW1 "0.6\n" ROW2 "0.2\n");
    write_text(folder, "metadata/sentiment/label_A.csv", "label,clip_id,video_id\n0.4,0002,video_0001\n");
    write_text(folder, "metadata/sentiment/label_V.csv", "video_id,clip_id,text,label\n" ROW2 "1\n" ROW1 "nan\n");
    write_text(folder, "metadata/train_index.csv", "index\n0\n");
    write_text(folder, "metadata/val_index.csv", "index\n1\n");
    write_text(folder, "metadata/test_index.csv", "video_id,clip_id\nvideo_0002,0001\n");
    assert_ok(read_with(folder, "sims", false, NULL, &d, error));
    static const double expected[3][3] = {{0.6, NAN, NAN}, {0.2, 0.4, 1}, {-0.4, NAN, NAN}};
    for (int i = 0; i < 3; i++)
        for (int m = 0; m < 3; m++) {
            double label = dataset_label(d, &d->items[i], 0, TRUTH_TEXT + m);
            assert_true(isnan(expected[i][m]) ? isnan(label) : fabs(label - expected[i][m]) < 1e-6);
        }
    dataset_free(d);
    write_text(folder, "metadata/sentiment/label_A.csv", "label,clip_id,video_id\n0.4,0009,video_0001\n");
    expect_error(folder, "sims", NULL, SMAC_ERROR_MISMATCH, "video_0001/0009");
    write_text(
        folder, "metadata/sentiment/label_A.csv", "label,clip_id,video_id\n0.4,0002,video_0001\n0.5,0002,video_0001\n");
    expect_error(folder, "sims", NULL, SMAC_ERROR_FORMAT, "lines 2 and 3");
    folder_remove(folder);
}

static void expect_error(const char *folder, const char *layout, const char *task, smac_status code, const char *says)
{
    dataset *d = NULL;
    smac_error why = {0};
    smac_status status = read_with(folder, layout, false, task, &d, &why);
    assert_int_equal(status, code);
    if (!strstr(why.message, says))
        fail_msg("'%s' does not say '%s'", why.message, says);
    assert_null(d);
}

static void test_bad_input(void **state)
{
    (void)state;
    char folder[256];
    folder_new(folder);
    expect_error(folder, "sims", NULL, SMAC_ERROR_NOT_FOUND, "label.csv");
    expect_error(folder, "nonsense", NULL, SMAC_ERROR_ARGUMENT, "sims");
    expect_error("/no/such/folder", "sims", NULL, SMAC_ERROR_NOT_FOUND, "no data");
    write_text(folder, "label.csv", "");
    expect_error(folder, "sims", NULL, SMAC_ERROR_FORMAT, "empty");
    write_text(folder, "label.csv", "video_id,clip_id,label,mode\na,1,0,train\n");
    expect_error(folder, "sims", NULL, SMAC_ERROR_FORMAT, "no column text");
    write_text(folder, "label.csv", "video_id,clip_id,text,mode\na,1,x,train\n");
    expect_error(folder, "sims", NULL, SMAC_ERROR_FORMAT, "no column label");
    const char *head = "video_id,clip_id,text,label,mode\n";
    static const struct {
        const char *row, *says;
    } rows[] = {{"a,1,x,zero,train\n", "line 2"}, {"a,1,x,,train\n", "no label"}, {"a,1,x,0,holdout\n", "holdout"},
        {"a,1,x,1.2,train\n", "outside"}, {"a,1,,0,train\n", "neither words"}, {",1,x,0,train\n", "no video_id"},
        {"a,1,x,nan,train\n", "no label"}, {"a,1,\xff,0,train\n", "UTF-8"},
        {"a,1,x,0,train\na,1,y,0,train\n", "twice"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[400];
        snprintf(text, sizeof text, "%s%s", head, rows[i].row);
        write_text(folder, "label.csv", text);
        expect_error(folder, "sims", NULL, SMAC_ERROR_FORMAT, rows[i].says);
    }
    dataset *two = NULL; /* a label of one of several tasks is enough */
    write_text(folder, "label.csv",
        "video_id,clip_id,text,label,mode,odd\na,1,x,0.5,train,\na,2,y,,train,yes\na,3,z,0,train,no\n");
    assert_ok(read_with(folder, "sims", false, "sentiment,odd", &two, error));
    assert_int_equal(two->count, 3);
    assert_true(isnan(dataset_label(two, &two->items[0], 1, TRUTH_MULTIMODAL)));
    assert_true(isnan(dataset_label(two, &two->items[1], 0, TRUTH_MULTIMODAL)));
    assert_false(isnan(dataset_label(two, &two->items[1], 1, TRUTH_MULTIMODAL)));
    dataset_free(two);
    write_text(
        folder, "label.csv", "video_id,clip_id,text,label,mode\na,1,x,zero,train\na,2,y,0,train\na,3,z,9,train\n");
    dataset *d = NULL;
    assert_ok(read_with(folder, "sims", true, NULL, &d, error));
    assert_int_equal(d->count, 1);
    assert_int_equal(d->skipped, 2);
    dataset_free(d);
    folder_remove(folder);
}

static void test_media(void **state)
{
    (void)state;
    char folder[256], path[512];
    folder_new(folder);
    write_text(folder, "label.csv", "video_id,clip_id,text,label,mode\nv,1,x,0,train\nv,2,y,0,train\nv,3,z,0,valid\n");
    mkdir(file_in(folder, "Raw", path), 0777);
    mkdir(file_in(folder, "Raw/v", path), 0777);
    write_text(folder, "Raw/v/1.mp4", "not really");
    write_text(folder, "Raw/v/3.wav", "not really");
    expect_error(folder, "sims", NULL, SMAC_ERROR_NOT_FOUND, "1 of 3 clips");
    expect_error(folder, "sims", NULL, SMAC_ERROR_NOT_FOUND, "v$_$2 on line 3");
    dataset *d = NULL;
    assert_ok(read_with(folder, "sims", true, NULL, &d, error));
    assert_int_equal(d->count, 2);
    assert_int_equal(d->missing, 1);
    assert_int_equal(d->skipped, 1);
    assert_non_null(strstr(d->items[0].media, "Raw/v/1.mp4"));
    assert_non_null(strstr(d->items[1].media, "Raw/v/3.wav"));
    dataset_free(d);
    folder_remove(folder);
}

/* Names of files as they occur: endings in capitals, ids with two dots in them; a clip outside of the folder is not. */
static void test_names_of_media(void **state)
{
    (void)state;
    char folder[256], path[512];
    dataset *d = NULL;
    folder_new(folder);
    mkdir(file_in(folder, "Raw", path), 0777);
    mkdir(file_in(folder, "Raw/a..b", path), 0777);
    write_text(folder, "Raw/a..b/1.MP4", "x");
    write_text(folder, "Raw/a..b/2.Mkv", "x");
    write_text(folder, "Raw/3.mp4", "x");
    write_text(folder, "label.csv", "video_id,clip_id,text,label,mode\na..b,1,x,0,train\na..b,2,y,0,valid\n");
    assert_ok(read_with(folder, "sims", false, NULL, &d, error));
    assert_non_null(strstr(d->items[0].media, "a..b/1.MP4"));
    assert_non_null(strstr(d->items[1].media, "a..b/2.Mkv"));
    dataset_free(d);
    write_text(folder, "label.csv", "video_id,clip_id,text,label,mode\na..b,1,x,0,train\n..,Raw/3,y,0,valid\n");
    expect_error(folder, "sims", NULL, SMAC_ERROR_NOT_FOUND, "1 of 2 clips");
    /* a spreadsheet has taken the zeros */
    write_text(folder, "Raw/a..b/0003.mp4", "x");
    write_text(folder, "label.csv", "video_id,clip_id,text,label,mode\na..b,3,x,0,train\n");
    expect_error(folder, "sims", NULL, SMAC_ERROR_NOT_FOUND, "0003.mp4 is there");
    expect_error(folder, "sims", NULL, SMAC_ERROR_NOT_FOUND, "leading zeros");
    folder_remove(folder);
}

/* A missing label is missing in every column; spellings of a class are one class; numbers come before names. */
static void test_labels_as_people_write_them(void **state)
{
    (void)state;
    char folder[256];
    dataset *d = NULL;
    folder_new(folder);
    write_text(folder, "label.csv",
        "video_id,clip_id,text,label,label_T,label_A,mode,emotion,emotion_A,rank\n"
        "v,1,x,0.5,nan,0.2,train,joy,nan,10\nv,2,y,0,NA,,train,Joy,anger,9\nv,3,z,0,,None,valid,joy ,NaN,1a\n"
        "v,4,z,0,,None,valid,anger,,2\nv,5,w,NaN,,,test,nan,,9\n");
    assert_ok(read_with(folder, "sims", false, NULL, &d, error));
    assert_int_equal(d->count, 5);
    assert_true(isnan(dataset_label(d, &d->items[0], 0, TRUTH_TEXT)));
    assert_near(dataset_label(d, &d->items[0], 0, TRUTH_AUDIO), 0.2, 1e-6);
    assert_true(isnan(dataset_label(d, &d->items[4], 0, TRUTH_MULTIMODAL)));
    dataset_free(d);
    assert_ok(read_with(folder, "sims", false, "emotion", &d, error));
    assert_int_equal(d->tasks[0].classes, 2);
    assert_string_equal(d->tasks[0].class_names[1], "joy");
    for (int i = 0; i < 3; i++)
        assert_near(dataset_label(d, &d->items[i], 0, TRUTH_MULTIMODAL), 1, 0);
    assert_true(isnan(dataset_label(d, &d->items[0], 0, TRUTH_AUDIO)));
    assert_near(dataset_label(d, &d->items[1], 0, TRUTH_AUDIO), 0, 0);
    assert_true(isnan(dataset_label(d, &d->items[4], 0, TRUTH_MULTIMODAL)));
    dataset_free(d);
    assert_ok(read_with(folder, "sims", false, "rank,emotion", &d, error));
    assert_int_equal(d->task_count, 2);
    static const char *const ranks[] = {"2", "9", "10", "1a"};
    for (int c = 0; c < 4; c++)
        assert_string_equal(d->tasks[0].class_names[c], ranks[c]);
    dataset_free(d);
    folder_remove(folder);
}

/* MOSI's labels are means of annotators, rounded in tables: the fraction again, as the feature pickles have it. */
static void test_rounded_means(void **state)
{
    (void)state;
    char folder[256];
    folder_new(folder);
    write_text(folder, "label.csv",
        "video_id,clip_id,text,label,mode\nv,1,a,1.33333,train\nv,2,a,-0.666667,train\nv,3,a,0.12345,train\n"
        "v,4,a,1.3333,train\nv,5,a,2.4,train\n");
    const float mosi[] = {(float)(4 / 3.0), (float)(-2 / 3.0), 0.12345f, 1.3333f, 2.4f};
    dataset *d = NULL;
    dataset_options options = {.path = folder, .layout = "mosi"};
    assert_ok(dataset_read(&options, NULL, &d, error));
    for (int i = 0; i < 5; i++)
        assert_true((float)dataset_label(d, &d->items[i], 0, TRUTH_MULTIMODAL) == mosi[i]);
    dataset_free(d);
    folder_remove(folder);
}

static void test_class_task(void **state)
{
    (void)state;
    char folder[256];
    folder_new(folder);
    write_text(folder, "label.csv",
        "video_id,clip_id,text,label,mode,emotion,emotion_A,humor,conflict\n"
        "v,1,x,0,train,joy,anger,0,1\nv,2,y,0,train,anger,anger,1,0\nv,3,z,0,valid,joy,,0,\n");
    dataset *d = NULL;
    assert_ok(read_with(folder, "sims", false, "emotion", &d, error));
    assert_int_equal(d->tasks[0].kind, TASK_CLASSES);
    assert_int_equal(d->tasks[0].classes, 2);
    assert_string_equal(d->tasks[0].class_names[0], "anger");
    assert_near(dataset_label(d, &d->items[0], 0, TRUTH_MULTIMODAL), 1, 0);
    assert_near(dataset_label(d, &d->items[0], 0, TRUTH_AUDIO), 0, 0);
    assert_true(isnan(dataset_label(d, &d->items[2], 0, TRUTH_AUDIO)));
    assert_true(isnan(dataset_label(d, &d->items[0], 0, TRUTH_TEXT)));
    assert_near(dataset_extra_number(d, &d->items[0], "conflict"), 1, 0);
    assert_true(isnan(dataset_extra_number(d, &d->items[2], "conflict")));
    assert_int_equal(dataset_extra(d, &d->items[0], "nothing"), -1);
    dataset_free(d);
    assert_ok(read_with(folder, "sims", false, "humor", &d, error));
    assert_string_equal(d->tasks[0].class_names[1], "1");
    dataset_free(d);
    expect_error(folder, "sims", "joyfulness", SMAC_ERROR_ARGUMENT, "joyfulness");
    folder_remove(folder);
}

static void test_lower_case(void **state)
{
    (void)state;
    char folder[256];
    folder_new(folder);
    write_text(folder, "label.csv", "video_id,clip_id,text,label,mode\nv,1,IT WAS GOOD \xC3\x89,2.6,train\n");
    dataset_options options = {.path = folder, .layout = "mosi", .lower_case = true};
    dataset *d = NULL;
    assert_ok(dataset_read(&options, NULL, &d, error));
    assert_string_equal(d->items[0].text, "it was good \xC3\x89");
    assert_near(d->tasks[0].high, 3, 0);
    assert_int_equal(dataset_split_count(d, SPLIT_TRAIN), 1);
    dataset_free(d);
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_orders),
        cmocka_unit_test(test_older_release),
        cmocka_unit_test(test_older_release_in_other_orders),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_media),
        cmocka_unit_test(test_names_of_media),
        cmocka_unit_test(test_labels_as_people_write_them),
        cmocka_unit_test(test_rounded_means),
        cmocka_unit_test(test_class_task),
        cmocka_unit_test(test_lower_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
