/* A plain table of the user's own: columns by name, separators, encodings, tasks found out from the labels. */
#include "support/folder.h"
#include "support/same_dataset.h"

#include <strings.h>

#include "data/dataset.h"

static char folder[256];

typedef struct heard {
    char text[2000];
} heard;

static void hear(void *user, log_level level, const char *message)
{
    (void)level;
    heard *h = user;
    size_t used = strlen(h->text);
    snprintf(h->text + used, sizeof h->text - used, "%s\n", message);
}

static smac_status read_with(
    const char *name, const char *task, bool skip, dataset **out, heard *notes, smac_error *error)
{
    static heard unheard;
    char path[512];
    memset(notes ? notes : &unheard, 0, sizeof unheard);
    reporter r = {.log = hear, .user = notes ? notes : &unheard};
    dataset_options options = {.path = file_in(folder, name, path), .task = task, .skip_bad = skip};
    smac_status status = dataset_read(&options, &r, out, error);
    if (status == SMAC_OK)
        assert_manifest_keeps(*out);
    return status;
}

static void write_bytes(const char *name, const char *bytes, size_t size)
{
    char path[512];
    FILE *file = fopen(file_in(folder, name, path), "wb");
    fwrite(bytes, 1, size, file);
    fclose(file);
}

static void expect_error(const char *name, const char *task, const char *says)
{
    dataset *d = NULL;
    smac_error why = {0};
    assert_int_not_equal(read_with(name, task, false, &d, NULL, &why), SMAC_OK);
    if (!strstr(why.message, says))
        fail_msg("'%s' does not say '%s'", why.message, says);
    assert_null(d);
}

/* The index of a class of the first task. */
static double label_of_class(const dataset *d, const char *name)
{
    for (int c = 0; c < d->tasks[0].classes; c++)
        if (strcasecmp(d->tasks[0].class_names[c], name) == 0)
            return c;
    return NAN;
}

static int prepare(void **state)
{
    (void)state;
    folder_new(folder);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

/* The least that is enough: words and labels from 1 to 5. */
static void words_and_stars(void **state)
{
    (void)state;
    dataset *d = NULL;
    heard notes;
    char rows[4000] = "text,label\n";
    for (int i = 0; i < 60; i++)
        snprintf(rows + strlen(rows), sizeof rows - strlen(rows), "a line %d,%d\n", i, i % 5 + 1);
    write_text(folder, "stars.csv", rows);
    assert_ok(read_with("stars.csv", NULL, false, &d, &notes, error));
    assert_int_equal(d->count, 60);
    assert_int_equal(d->tasks[0].kind, TASK_REGRESSION);
    assert_string_equal(d->tasks[0].name, "label");
    assert_true(d->tasks[0].low == 1 && d->tasks[0].high == 5);
    assert_near(dataset_label(d, &d->items[4], 0, TRUTH_MULTIMODAL), 5, 0);
    assert_string_equal(d->items[0].id, "2"); /* the line */
    for (int s = 0; s < SPLIT_COUNT; s++)
        assert_true(dataset_split_count(d, (dataset_split)s) > 0);
    assert_true(dataset_split_count(d, SPLIT_TRAIN) > 36);
    assert_non_null(strstr(notes.text, "no column split"));
    assert_non_null(strstr(notes.text, "from 1 to 5"));
    dataset_free(d);
    assert_ok(read_with("stars.csv", "label:classes", false, &d, NULL, error));
    assert_int_equal(d->tasks[0].classes, 5);
    dataset_free(d);
}

static void all_columns(void **state)
{
    (void)state;
    dataset *d = NULL;
    char path[512];
    mkdir(file_in(folder, "clips", path), 0777);
    write_text(folder, "clips/a.wav", "not really");
    write_text(folder, "all.tsv",
        "Id\tFile\tTranscript \tset\tSpeaker\tstart\tend\tcontext\temotion\temotion_A\tvalence\n"
        "one\tclips/a.wav\tso, well\tdev\tann\t0.5\t2\twhat?\tjoy\tcalm\t0.25\n"
        "two\tclips/a.wav\t\ttrain\tbob\t\t\t\t Joy\tnan\t-0.5\n"
        "three\tclips/a.wav\tno\ttest\tbob\t\t\t\tcalm\t\t\n");
    heard notes;
    assert_ok(read_with("all.tsv", "emotion,valence", false, &d, &notes, error));
    assert_non_null(strstr(notes.text, "tabs"));
    assert_non_null(strstr(notes.text, "differ in case"));
    assert_int_equal(d->task_count, 2);
    assert_int_equal(d->tasks[0].classes, 2);
    assert_true(d->tasks[1].low == -1 && d->tasks[1].high == 1);
    const dataset_item *item = &d->items[0];
    assert_string_equal(item->id, "one");
    assert_string_equal(item->text, "so, well");
    assert_string_equal(item->speaker, "ann");
    assert_int_equal(item->split, SPLIT_VALID);
    assert_true(item->start == 0.5 && item->end == 2);
    assert_int_equal(item->context_count, 1);
    assert_string_equal(item->context[0], "what?");
    assert_non_null(strstr(item->media, "clips/a.wav"));
    assert_near(dataset_label(d, item, 0, TRUTH_AUDIO), label_of_class(d, "calm"), 0);
    assert_near(dataset_label(d, item, 1, TRUTH_MULTIMODAL), 0.25, 1e-6);
    assert_true(isnan(dataset_label(d, &d->items[1], 0, TRUTH_AUDIO)));
    assert_near(dataset_label(d, &d->items[1], 0, TRUTH_MULTIMODAL), label_of_class(d, "joy"), 0);
    assert_true(isnan(dataset_label(d, &d->items[2], 1, TRUTH_MULTIMODAL)));
    dataset_free(d);
    assert_ok(read_with("all.tsv", NULL, false, &d, NULL, error)); /* emotion is called like a task */
    assert_string_equal(d->tasks[0].name, "emotion");
    dataset_free(d);
}

static void separators_and_encodings(void **state)
{
    (void)state;
    dataset *d = NULL;
    heard notes;
    const char *plain = "text;label;split\nsehr gut, ja;2;train\n\"so; so\";1;valid\n";
    write_text(folder, "semi.csv", plain);
    assert_ok(read_with("semi.csv", NULL, false, &d, &notes, error));
    assert_string_equal(d->items[1].text, "so; so");
    assert_non_null(strstr(notes.text, "semicolons"));
    dataset_free(d);
    for (int big = 0; big < 2; big++) {
        for (int mark = 0; mark < 2; mark++) { /* UTF-16 with its byte order mark and without */
            char wide[400];
            size_t size = 0;
            if (mark) {
                wide[size++] = big ? '\xFE' : '\xFF';
                wide[size++] = big ? '\xFF' : '\xFE';
            }
            const char *text = "text,label,split\nw\xFC st,2,train\nx,1,valid\n"; /* Latin-1: code points below 256 */
            for (const char *c = text; *c; c++) {
                wide[size++] = big ? 0 : *c;
                wide[size++] = big ? *c : 0;
            }
            write_bytes("wide.csv", wide, size);
            assert_ok(read_with("wide.csv", NULL, false, &d, &notes, error));
            assert_string_equal(d->items[0].text, "w\xC3\xBC st");
            assert_non_null(strstr(notes.text, "UTF-16"));
            dataset_free(d);
        }
    }
    /* "hao de" and "bu hao" in GBK; umlauts in Windows-1252: refused, with a guess */
    write_text(folder, "gbk.csv", "text,label,split\n\xBA\xC3\xB5\xC4,2,train\n\xB2\xBB\xBA\xC3,1,valid\n");
    expect_error("gbk.csv", NULL, "GBK");
    write_text(folder, "latin.csv", "text,label,split\nsch\xF6n,2,train\ngro\xDF,1,valid\n");
    expect_error("latin.csv", NULL, "Windows-1252");
    expect_error("latin.csv", NULL, "save it as UTF-8");
    /* one bad line among good ones is that line's fault */
    write_text(folder, "one.csv", "text,label,split\nsch\xC3\xB6n,2,train\ngro\xDF,1,train\ngut,1,valid\n");
    expect_error("one.csv", NULL, "line 3");
    assert_ok(read_with("one.csv", NULL, true, &d, NULL, error));
    assert_int_equal(d->count, 2);
    dataset_free(d);
}

/* Spreadsheets of many languages: semicolons between the cells, commas in the numbers. */
static void decimal_commas(void **state)
{
    (void)state;
    dataset *d = NULL;
    write_text(folder, "comma.csv", "text;label;split\nx;0,5;train\ny;-0,5;valid\nz;1;train\n");
    assert_ok(read_with("comma.csv", "label:score", false, &d, NULL, error));
    assert_near(dataset_label(d, &d->items[0], 0, TRUTH_MULTIMODAL), 0.5, 1e-6);
    assert_near(dataset_label(d, &d->items[1], 0, TRUTH_MULTIMODAL), -0.5, 1e-6);
    assert_near(dataset_label(d, &d->items[2], 0, TRUTH_MULTIMODAL), 1, 1e-6);
    dataset_free(d);
}

static void test_bad(void **state)
{
    (void)state;
    static const struct {
        const char *text, *task, *says;
    } bad[] = {{"a,b\n1,2\n", NULL, "neither a column media nor a column text"}, {"text,mark\nx,2\n", NULL, "--task"},
        {"text,label\n", NULL, "header line alone"}, {"", NULL, "no line"},
        {"text,label\nx,2\ny,2\n", NULL, "different"}, {"text,label\nx,2\ny,b\n", "label:score", "not numbers"},
        {"text,label\nx,2\n", "label:nonsense", "classes or score"},
        {"text,label\nx,2\ny,3\n", "humor", "no column humor"},
        {"text,label,split\nx,2,train\ny,3,later\n", NULL, "later"},
        {"text,label,split\nx,2,train\ny,,train\nz,4,valid\n", NULL, "no label"},
        {"text,label,split\nx,1,train\n,2,train\n", NULL, "neither words"},
        {"text,label,split,start\nx,1,train,soon\ny,2,valid,1\n", NULL, "seconds"},
        {"media,label,split\nnothing.wav,1,train\nnothing.wav,2,valid\n", NULL, "nothing.wav"},
        {"id,text,label,split\na,x,1,train\na,y,2,valid\n", NULL, "twice"},
        {"text,label,split\nx,\"1,500\",train\ny,2,valid\nz,3,train\n", "label:score", "not numbers"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_text(folder, "bad.csv", bad[i].text);
        expect_error("bad.csv", bad[i].task, bad[i].says);
    }
    char path[512];
    smac_error why = {0};
    dataset *d = NULL;
    dataset_options options = {.path = folder, .layout = "table"};
    assert_int_equal(dataset_read(&options, NULL, &d, &why), SMAC_ERROR_ARGUMENT);
    options = (dataset_options){.path = file_in(folder, "bad.csv", path), .layout = "nonsense"};
    assert_int_equal(dataset_read(&options, NULL, &d, &why), SMAC_ERROR_ARGUMENT);
    options = (dataset_options){.path = folder}; /* a folder does not say its layout */
    assert_int_equal(dataset_read(&options, NULL, &d, &why), SMAC_ERROR_ARGUMENT);
}

/* Read for a model: its range and classes, whatever part of them the table has. */
static void a_models_task(void **state)
{
    (void)state;
    dataset *d = NULL;
    char path[512];
    task_description tasks[2];
    assert_ok(task_regression(&tasks[0], "label", "scores", 1, 5, error));
    assert_ok(task_with_classes(&tasks[1], "emotion", "classes", 3, (const char *[]){"a", "b", "c"}, error));
    write_text(folder, "test.csv", "text,label,emotion,split\nx,2,c,test\ny,2,c,test\n");
    dataset_options options = {
        .path = file_in(folder, "test.csv", path), .layout = "table", .wanted = tasks, .wanted_count = 2};
    assert_ok(dataset_read(&options, NULL, &d, error));
    assert_int_equal(d->task_count, 2);
    assert_ok(dataset_adopt_tasks(d, tasks, 2, NULL, error));
    assert_near(dataset_label(d, &d->items[0], 0, TRUTH_MULTIMODAL), 2, 0);
    assert_near(dataset_label(d, &d->items[0], 1, TRUTH_MULTIMODAL), 2, 0);
    dataset_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_stars),
        cmocka_unit_test(all_columns),
        cmocka_unit_test(separators_and_encodings),
        cmocka_unit_test(decimal_commas),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(a_models_task),
    };
    return cmocka_run_group_tests(tests, prepare, finish);
}
