/* Several sets as one: tasks merged by name and shape, heads of their own for the others, sources, a model's tasks. */
#include "support/folder.h"

#include "data/dataset.h"

static char folder[256];

static const char *in(const char *name)
{
    static char path[512];
    return file_in(folder, name, path);
}

static dataset *read_two(const char *first, const char *first_task, const char *second, const char *second_task)
{
    char paths[2][512];
    dataset *d = NULL;
    dataset_options options[2] = {{.path = file_in(folder, first, paths[0]), .layout = "sims", .task = first_task},
        {.path = file_in(folder, second, paths[1]),
            .layout = strstr(second, "mosi") ? "mosi" : "sims",
            .task = second_task,
            .weight = 2}};
    assert_ok(dataset_read_all(options, 2, NULL, &d, error));
    return d;
}

static int prepare(void **state)
{
    (void)state;
    folder_new(folder);
    write_text(folder, "a.csv",
        "video_id,clip_id,text,label,mode,emotion,humor\n"
        "v,1,x,0.5,train,joy,0\nv,2,y,0,train,anger,1\nv,3,z,-1,valid,joy,0\nv,4,z,-1,test,calm,1\n");
    write_text(folder, "b.csv",
        "video_id,clip_id,text,label,mode,emotion,humor,emotion_T\n"
        "v,1,X,1,train,CALM,yes,anger\nv,2,Y,0,valid,anger,no,\nv,3,Z,-1,test,joy,yes,joy\n");
    write_text(folder, "mosi.csv", "video_id,clip_id,text,label,mode\nv,1,X,3,train\nv,2,Y,0,valid\n");
    return 0;
}

static int finish(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

static void the_same_task_is_one(void **state)
{
    (void)state;
    dataset *d = read_two("a.csv", "sentiment,emotion", "b.csv", "emotion");
    assert_int_equal(d->task_count, 2);
    assert_int_equal(d->source_count, 2);
    assert_int_equal(d->count, 7);
    assert_string_equal(d->layout, "sims+sims");
    assert_string_equal(d->sources[1].name, "sims_2");
    assert_true(d->sources[0].weight == 1 && d->sources[1].weight == 2);
    assert_int_equal(d->sources[0].count, 4);
    assert_int_equal(d->sources[1].task_count, 1);
    assert_int_equal(d->sources[1].task[0], 1);
    /* the classes of b are in another order and case: they are a's */
    assert_int_equal(d->items[4].source, 1);
    assert_string_equal(d->tasks[1].class_names[(int)dataset_label(d, &d->items[4], 1, TRUTH_MULTIMODAL)], "calm");
    assert_string_equal(d->tasks[1].class_names[(int)dataset_label(d, &d->items[4], 1, TRUTH_TEXT)], "anger");
    assert_string_equal(d->tasks[1].class_names[(int)dataset_label(d, &d->items[6], 1, TRUTH_MULTIMODAL)], "joy");
    assert_true(isnan(dataset_label(d, &d->items[4], 0, TRUTH_MULTIMODAL)));
    assert_null(dataset_target_of(&d->items[4], 0));
    assert_int_equal(dataset_split_count(d, SPLIT_TRAIN), 3);
    dataset_free(d);
}

static void another_shape_is_another_head(void **state)
{
    (void)state;
    dataset *d = read_two("a.csv", "sentiment,humor", "mosi.csv", NULL);
    assert_int_equal(d->task_count, 3);
    assert_string_equal(d->tasks[0].name, "sentiment");
    assert_string_equal(d->tasks[2].name, "sentiment_mosi");
    assert_near(d->tasks[2].high, 3, 0);
    assert_near(dataset_label(d, &d->items[4], 2, TRUTH_MULTIMODAL), 3, 0);
    assert_true(d->sources[1].lowered && !d->sources[0].lowered);
    assert_string_equal(d->items[4].text, "x");
    dataset_free(d);
    d = read_two("a.csv", "humor", "b.csv", "humor"); /* 0 and 1, yes and no */
    assert_int_equal(d->task_count, 2);
    assert_string_equal(d->tasks[1].name, "humor_sims_2");
    dataset_free(d);
}

/* Asked for, scores of another scale are mapped, and two sets of different scales have one task. */
static void scores_are_mapped(void **state)
{
    (void)state;
    char paths[2][512];
    dataset *d = NULL;
    dataset_options options[2] = {{.path = file_in(folder, "a.csv", paths[0]), .layout = "sims", .task = "sentiment"},
        {.path = file_in(folder, "mosi.csv", paths[1]), .layout = "mosi", .range = {-1, 1}}};
    assert_ok(dataset_read_all(options, 2, NULL, &d, error));
    assert_int_equal(d->task_count, 1);
    assert_near(dataset_label(d, &d->items[4], 0, TRUTH_MULTIMODAL), 1, 0);
    assert_near(dataset_label(d, &d->items[5], 0, TRUTH_MULTIMODAL), 0, 0);
    assert_true(d->sources[1].range[0][0] == -3 && d->sources[1].range[0][1] == 3 && d->sources[0].range[0][1] == 1);
    dataset_free(d);
    /* a model of another scale: mapped with a note, and the source knows its own */
    task_description task;
    assert_ok(task_regression(&task, "sentiment", "sims", 0, 10, error));
    assert_ok(dataset_read(&(dataset_options){.path = in("mosi.csv"), .layout = "mosi"}, NULL, &d, error));
    assert_ok(dataset_adopt_tasks(d, &task, 1, NULL, error));
    assert_near(dataset_label(d, &d->items[0], 0, TRUTH_MULTIMODAL), 10, 0);
    assert_near(dataset_label(d, &d->items[1], 0, TRUTH_MULTIMODAL), 5, 0);
    assert_true(d->sources[0].range[0][0] == -3 && d->tasks[0].high == 10);
    dataset_free(d);
}

static void modalities_are_left_out(void **state)
{
    (void)state;
    dataset *d = NULL;
    dataset_options options = {
        .path = in("b.csv"), .layout = "sims", .task = "emotion", .without = {[MODALITY_TEXT] = true}};
    assert_ok(dataset_read(&options, NULL, &d, error));
    assert_string_equal(d->items[0].text, "");
    assert_true(isnan(dataset_label(d, &d->items[0], 0, TRUTH_TEXT)));
    assert_false(isnan(dataset_label(d, &d->items[0], 0, TRUTH_MULTIMODAL)));
    assert_true(d->sources[0].without[MODALITY_TEXT]);
    dataset_free(d);
}

static void a_models_tasks(void **state)
{
    (void)state;
    dataset *d = NULL;
    task_description tasks[3];
    smac_error why = {0};
    assert_ok(task_regression(&tasks[0], "sentiment", "mosi", -3, 3, error));
    assert_ok(task_with_classes(
        &tasks[1], "emotion", "classes", 4, (const char *[]){"surprise", "Joy", "calm", "anger"}, error));
    assert_ok(task_regression(&tasks[2], "sentiment_sims", "sims", -1, 1, error));
    dataset_options options = {.path = in("b.csv"), .layout = "sims", .wanted = tasks, .wanted_count = 3};
    assert_ok(dataset_read(&options, NULL, &d, error));
    assert_int_equal(d->task_count, 2);
    assert_ok(dataset_adopt_tasks(d, tasks, 3, NULL, error));
    assert_int_equal(d->task_count, 3);
    assert_near(dataset_label(d, &d->items[0], 2, TRUTH_MULTIMODAL), 1, 0); /* its own range, under its source's name */
    assert_true(isnan(dataset_label(d, &d->items[0], 0, TRUTH_MULTIMODAL)));
    assert_near(dataset_label(d, &d->items[2], 1, TRUTH_MULTIMODAL), 1, 0);
    assert_near(dataset_label(d, &d->items[0], 1, TRUTH_TEXT), 3, 0);
    dataset_free(d);
    /* a class that the model lacks, while it is read and afterwards; and no task in common */
    assert_ok(task_with_classes(&tasks[1], "emotion", "classes", 2, (const char *[]){"joy", "anger"}, error));
    assert_int_equal(dataset_read(&options, NULL, &d, &why), SMAC_ERROR_FORMAT);
    assert_non_null(strstr(why.message, "CALM"));
    options.wanted_count = 0;
    options.task = "emotion";
    assert_ok(dataset_read(&options, NULL, &d, error));
    assert_int_equal(dataset_adopt_tasks(d, tasks, 3, NULL, &why), SMAC_ERROR_MISMATCH);
    assert_non_null(strstr(why.message, "CALM"));
    assert_int_equal(dataset_adopt_tasks(d, tasks, 1, NULL, &why), SMAC_ERROR_MISMATCH);
    dataset_free(d);
}

static void test_bad(void **state)
{
    (void)state;
    dataset *d = NULL;
    smac_error why = {0};
    char path[512];
    dataset_options options[2] = {
        {.path = in("a.csv"), .layout = "sims"}, {.path = file_in(folder, "nothing", path), .layout = "sims"}};
    assert_int_not_equal(dataset_read_all(options, 2, NULL, &d, &why), SMAC_OK);
    assert_int_not_equal(dataset_read_all(options, 0, NULL, &d, &why), SMAC_OK);
    assert_null(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_task_is_one),
        cmocka_unit_test(another_shape_is_another_head),
        cmocka_unit_test(scores_are_mapped),
        cmocka_unit_test(modalities_are_left_out),
        cmocka_unit_test(a_models_tasks),
        cmocka_unit_test(test_bad),
    };
    return cmocka_run_group_tests(tests, prepare, finish);
}
