/* train_run and evaluate_run on a set of words alone, as files: the JSON, the predictions, wrong asks. */
#include "support/folder.h"

#include <jansson.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/number.h"
#include "base/random.h"
#include "base/text.h"
#include "compute/parallel.h"
#include "train/evaluate.h"
#include "train/run_data.h"
#include "train/trainer.h"

static char folder[256], run[512], model[512];

/* Sentences whose word makes the label; own labels for the words in the training part. */
static void write_set(void)
{
    static const char *const words[] = {"awful", "bad", "plain", "good", "wonderful"};
    text_buffer b = {0};
    random_sequence r = random_start(1, 2);
    text_add(&b, "video_id,clip_id,text,label,label_T,label_A,label_V,annotation,mode,emotion,conflict\n");
    for (int i = 0; i < 60; i++) {
        int kind = (int)random_below(&r, 5);
        text_format(&b, "v%d,%d,the film was %s,%g,%g,,,X,%s,%s,%d\n", i / 3, i, words[kind], kind / 2.0 - 1,
            kind / 2.0 - 1,
            i < 40       ? "train"
                : i < 50 ? "valid"
                         : "test",
            kind < 2       ? "sad"
                : kind > 2 ? "glad"
                           : "calm",
            i % 3 == 0);
    }
    write_text(folder, "label.csv", b.data);
    text_free(&b);
}

static void options_for(train_options *o, const char *out, const char *task)
{
    static const char *const settings[] = {"model.width=16", "model.heads=2", "model.head_width=8",
        "interaction.queries=2", "interaction.layers=1", "contrast.projection=8", "text.width=16", "text.heads=2",
        "text.hidden=32", "text.layers=1", "text.vocabulary=100", "train.epochs=12", "train.batch=8",
        "train.rate=0.005", "train.seed=3"};
    train_options_default(o);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        assert_ok(run_configuration_assign(&o->configuration, settings[i], error));
    assert_ok(run_settings_add_data(&o->configuration.run, folder, "sims", task, error));
    o->out = out;
}

static void test_train(void **state)
{
    (void)state;
    train_options o;
    train_result result;
    options_for(&o, run, NULL);
    assert_ok(train_run(&o, NULL, &result, error));
    assert_string_equal(result.metric, "MAE");
    assert_true(metric_value(&result.best, "Corr") > 0.9);
    assert_string_equal(result.best_path, model);
    assert_true(file_exists(model));
}

static void keep_notes(void *user, log_level level, const char *message)
{
    (void)level;
    strncat(user, message, 300);
}

/* An encoder from scratch although one is installed is worth a note; with it, or for other modalities, there is none. */
static void test_note_of_scratch(void **state)
{
    (void)state;
    char path[512], notes[2000] = "";
    static const vector_forms none[MODALITIES], ready[MODALITIES] = {VECTORS_ALONE(7)};
    configuration c;
    reporter r = {.log = keep_notes, .user = notes};
    configuration_defaults(&c);
    mkdir(file_in(folder, "models", path), 0777);
    setenv("SEMANTICMAC_MODELS", path, 1);
    mkdir(file_in(folder, "models/small-bert", path), 0777);
    run_data_note_scratch(&c, none, &r);
    assert_string_equal(notes, "");
    write_text(folder, "models/small-bert/semanticmac.json",
        "{\"name\": \"small-bert\", \"family\": \"bert\", \"files\": {}}");
    run_data_note_scratch(&c, none, &r);
    assert_non_null(strstr(notes, "text.encoder"));
    assert_non_null(strstr(notes, "small-bert"));
    assert_null(strstr(notes, "audio.encoder"));
    notes[0] = 0;
    run_data_note_scratch(&c, ready, &r);
    assert_ok(configuration_set(&c, "text.encoder", "small-bert", error));
    run_data_note_scratch(&c, none, &r);
    assert_string_equal(notes, "");
    unsetenv("SEMANTICMAC_MODELS");
}

static void test_wrong_runs(void **state)
{
    (void)state;
    char other[512];
    train_options o;
    train_result result;
    smac_error why = {0};
    options_for(&o, file_in(folder, "other", other), NULL);
    strcpy(o.configuration.run.data[0].dataset, "nonsense");
    assert_int_equal(train_run(&o, NULL, &result, &why), SMAC_ERROR_ARGUMENT);
    strcpy(o.configuration.run.data[0].dataset, "sims");
    strcpy(o.configuration.run.data[0].path, "/no/such/set");
    assert_int_equal(train_run(&o, NULL, &result, &why), SMAC_ERROR_NOT_FOUND);
    assert_false(file_exists(other) || file_is_folder(other)); /* a failed run leaves nothing */
    options_for(&o, run, NULL);
    assert_int_equal(train_run(&o, NULL, &result, &why), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(why.message, "--resume"));
    o.resume = true;
    assert_ok(train_run(&o, NULL, &result, error));
    assert_true(result.already_done);
    /* other data: refused */
    char path[512], *text = NULL;
    size_t size = 0;
    assert_ok(file_read(file_in(folder, "label.csv", path), 0, &text, &size, error));
    write_text(folder, "label.csv", "");
    char *last = strrchr(text, 'w'); /* "wonderful" or "was" of the last row */
    char kept = *last;
    *last = 'W';
    write_text(folder, "label.csv", text);
    smac_status status = train_run(&o, NULL, &result, &why);
    *last = kept;
    write_text(folder, "label.csv", text);
    free(text);
    assert_int_equal(status, SMAC_ERROR_MISMATCH);
    assert_non_null(strstr(why.message, "SHA-256"));
}

static void test_evaluate(void **state)
{
    (void)state;
    char path[512];
    evaluation *e = NULL;
    data_settings data = {.dataset = "sims"};
    strcpy(data.path, folder);
    evaluate_options o = {.model = model, .data = &data, .data_count = 1, .split = SPLIT_TEST};
    assert_ok(evaluate_run(&o, NULL, &e, error));
    assert_int_equal(e->count, 10);
    assert_true(metric_value(&e->tasks[0].all.metrics, "MAE") < 0.4);
    assert_non_null(e->conflict);
    assert_ok(evaluation_write_json(e, file_in(folder, "e.json", path), error));
    json_t *json = json_load_file(path, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(json, "split")), "test");
    assert_int_equal(json_integer_value(json_object_get(json, "n")), 10);
    assert_non_null(json_object_get(json_object_get(json, "metrics"), "Mult_acc_5"));
    const json_t *heads = json_object_get(json, "heads"), *text = json_object_get(heads, "text");
    assert_non_null(json_object_get(json_object_get(text, "metrics"), "MAE"));
    assert_non_null(json_object_get(json_object_get(text, "own"), "MAE"));
    assert_non_null(json_object_get(heads, "shared"));
    assert_null(json_object_get(heads, "audio"));
    json_decref(json);
    assert_ok(evaluation_write_csv(e, file_in(folder, "p.csv", path), error));
    csv_table table;
    assert_ok(csv_read(path, &table, error));
    assert_int_equal(table.count, 11);
    assert_string_equal(table.rows[1].cells[0], e->ids[0]);
    double value;
    assert_true(number_parse(table.rows[3].cells[2], &value));
    assert_near(value, e->tasks[0].prediction[2], 1e-7);
    assert_string_equal(table.rows[3].cells[4], ""); /* no sound */
    csv_free(&table);
    smac_error why = {0};
    assert_int_not_equal(evaluation_write_csv(e, "/no/such/folder/p.csv", &why), SMAC_OK);
    evaluation_free(e);
    /* wrong asks */
    o.modalities[MODALITY_AUDIO] = true;
    assert_int_not_equal(evaluate_run(&o, NULL, &e, &why), SMAC_OK);
    o.modalities[MODALITY_AUDIO] = false;
    strcpy(data.dataset, "mosi");
    assert_ok(evaluate_run(&o, NULL, &e, error)); /* scores of another range are mapped */
    assert_true(e->tasks[0].span == 6);
    evaluation_free(e);
    strcpy(data.dataset, "sims");
    strcpy(data.task, "emotion");
    assert_int_equal(evaluate_run(&o, NULL, &e, &why), SMAC_ERROR_MISMATCH);
    strcpy(data.task, "");
    strcpy(data.path, "/no/such/set");
    assert_int_equal(evaluate_run(&o, NULL, &e, &why), SMAC_ERROR_NOT_FOUND);
}

static void test_classes(void **state)
{
    (void)state;
    char out[512], path[512];
    train_options o;
    train_result result;
    evaluation *e = NULL;
    options_for(&o, file_in(folder, "emotion", out), "emotion");
    assert_ok(train_run(&o, NULL, &result, error));
    assert_string_equal(result.metric, "weighted_F1");
    assert_true(result.best_value > 0.8);
    data_settings data = {.dataset = "sims"};
    strcpy(data.path, folder);
    evaluate_options ask = {.model = result.best_path, .data = &data, .data_count = 1, .split = SPLIT_TEST};
    assert_ok(evaluate_run(&ask, NULL, &e, error)); /* the task is the model's */
    assert_int_equal(e->tasks[0].targets, 3);
    double sum = e->tasks[0].prediction[0] + e->tasks[0].prediction[1] + e->tasks[0].prediction[2];
    assert_near(sum, 1, 1e-5);
    assert_ok(evaluation_write_csv(e, file_in(folder, "c.csv", path), error));
    csv_table table;
    assert_ok(csv_read(path, &table, error));
    assert_int_equal(table.rows[0].count, 10);
    assert_int_equal(csv_column(&table, "glad"), 8);
    csv_free(&table);
    evaluation_free(e);
}

/* A part that lacks some of the model's classes is evaluated; one with a class that the model lacks is not. */
static void test_part_of_the_classes(void **state)
{
    (void)state;
    char path[512], out[512];
    evaluation *e = NULL;
    smac_error why = {0};
    data_settings data = {.dataset = "sims"};
    file_in(folder, "emotion", out);
    write_text(folder, "part.csv",
        "video_id,clip_id,text,label,mode,emotion\na,1,the film was good,0,test,glad\na,2,the film was good,0,test, Glad\n");
    strcpy(data.path, file_in(folder, "part.csv", path));
    evaluate_options ask = {.data = &data, .data_count = 1, .split = SPLIT_TEST};
    char best[512];
    ask.model = file_in(out, "best.safetensors", best);
    assert_ok(evaluate_run(&ask, NULL, &e, error));
    assert_int_equal(e->tasks[0].all.count, 2);
    assert_true(metric_value(&e->tasks[0].all.metrics, "accuracy") >= 0);
    evaluation_free(e);
    write_text(
        folder, "part.csv", "video_id,clip_id,text,label,mode,emotion\na,1,so,0,test,glad\na,2,so,0,test,bored\n");
    assert_int_not_equal(evaluate_run(&ask, NULL, &e, &why), SMAC_OK);
    assert_non_null(strstr(why.message, "bored"));
}

static int prepare(void **state)
{
    (void)state;
    parallel_set_threads(1);
    folder_new(folder);
    write_set();
    file_in(folder, "run", run);
    file_in(run, "best.safetensors", model);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_train), cmocka_unit_test(test_note_of_scratch),
        cmocka_unit_test(test_wrong_runs), cmocka_unit_test(test_evaluate), cmocka_unit_test(test_classes),
        cmocka_unit_test(test_part_of_the_classes)};
    return cmocka_run_group_tests(tests, prepare, finish);
}
