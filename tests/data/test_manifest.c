/* The manifest: JSON lines with tasks told or found out, soft labels, the modalities' own, ready features. */
#include "support/folder.h"
#include "support/same_dataset.h"

#include "data/dataset.h"
#include "weights/safetensors.h"

static char folder[256];

static smac_status read_with(const char *text, const char *task, bool skip, dataset **out, smac_error *error)
{
    char path[512];
    write_text(folder, "set.jsonl", text);
    dataset_options options = {.path = file_in(folder, "set.jsonl", path), .task = task, .skip_bad = skip};
    smac_status status = dataset_read(&options, NULL, out, error);
    if (status == SMAC_OK)
        assert_manifest_keeps(*out);
    return status;
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

#define HEAD                                                                                                \
    "{\"tasks\": {\"sentiment\": {\"range\": [-1, 1], \"protocol\": \"sims\"}, \"emotion\": {\"classes\": " \
    "[\"joy\", \"anger\", \"calm\"]}}}\n"

static void everything_in_a_line(void **state)
{
    (void)state;
    char path[512];
    dataset *d = NULL;
    mkdir(file_in(folder, "clips", path), 0777);
    write_text(folder, "clips/a.mp4", "not really");
    assert_ok(read_with(HEAD
        "{\"id\": \"a\", \"split\": \"train\", \"media\": \"clips/a.mp4\", \"start\": 1, \"end\": 2.5, \"text\": "
        "\"so\", \"context\": [\"well?\", \"no\"], \"speaker\": \"ann\", \"labels\": {\"sentiment\": 0.4, \"emotion\": "
        "{\"joy\": 3, \"anger\": 1}}, \"labels_text\": {\"sentiment\": 0}, \"labels_vision\": {\"emotion\": \"calm\"}}\n"
        "\n{\"split\": \"dev\", \"text\": \"x\", \"labels\": {\"emotion\": \"JOY\", \"sentiment\": null}}\n"
        "{\"id\": \"c\", \"split\": \"test\", \"text\": \"y\"}\n",
        NULL, false, &d, error));
    assert_int_equal(d->count, 3);
    assert_int_equal(d->task_count, 2);
    assert_string_equal(d->tasks[0].protocol, "sims");
    const dataset_item *a = &d->items[0];
    const dataset_target *emotion = dataset_target_of(a, 1);
    assert_near(emotion->values[TRUTH_MULTIMODAL][0], 0.75, 1e-6);
    assert_near(emotion->values[TRUTH_MULTIMODAL][1], 0.25, 1e-6);
    assert_near(emotion->values[TRUTH_VISION][2], 1, 0);
    assert_near(dataset_label(d, a, 0, TRUTH_TEXT), 0, 0);
    assert_near(dataset_label(d, a, 0, TRUTH_MULTIMODAL), 0.4, 1e-6);
    assert_true(isnan(dataset_label(d, a, 0, TRUTH_AUDIO)));
    assert_true(a->start == 1 && a->end == 2.5 && a->context_count == 2);
    assert_string_equal(a->context[1], "no");
    assert_string_equal(a->speaker, "ann");
    assert_non_null(strstr(a->media, "clips/a.mp4"));
    assert_string_equal(d->items[1].id, "4"); /* the line */
    assert_int_equal(d->items[1].split, SPLIT_VALID);
    assert_near(dataset_label(d, &d->items[1], 1, TRUTH_MULTIMODAL), 0, 0);
    assert_null(dataset_target_of(&d->items[1], 0));
    dataset_free(d);
    assert_ok(read_with(HEAD "{\"split\": \"train\", \"text\": \"x\", \"labels\": {\"emotion\": \"joy\"}}\n", "emotion",
        false, &d, error));
    assert_int_equal(d->task_count, 1);
    assert_string_equal(d->tasks[0].name, "emotion");
    dataset_free(d);
}

/* Shares that do not add up to exactly 1 in float32 come back to the bit (read_with writes and reads again). */
static void shares_keep_their_bits(void **state)
{
    (void)state;
    dataset *d = NULL;
    for (int whole = 3; whole < 50; whole += 7)
        for (int part = 1; part < whole - 1; part++) {
            char text[400];
            snprintf(text, sizeof text,
                HEAD "{\"split\": \"train\", \"text\": \"x\", \"labels\": {\"emotion\": {\"joy\": %d, \"anger\": 1, "
                     "\"calm\": %d}}}\n",
                part, whole - part - 1);
            assert_ok(read_with(text, NULL, false, &d, error));
            dataset_free(d);
        }
}

static void tasks_are_found_out(void **state)
{
    (void)state;
    dataset *d = NULL;
    assert_ok(read_with(
        "{\"split\": \"train\", \"text\": \"x\", \"labels\": {\"stars\": 4, \"funny\": true, \"mood\": {\"up\": 1}}}\n"
        "{\"split\": \"train\", \"text\": \"y\", \"labels\": {\"stars\": 1.5, \"funny\": false, \"mood\": \"down\"}}\n"
        "{\"split\": \"valid\", \"text\": \"z\", \"labels\": {\"stars\": 2}}\n",
        NULL, false, &d, error));
    assert_int_equal(d->task_count, 3);
    assert_string_equal(d->tasks[0].name, "stars");
    assert_true(d->tasks[0].kind == TASK_REGRESSION && d->tasks[0].low == 1 && d->tasks[0].high == 4);
    assert_true(d->tasks[1].kind == TASK_CLASSES && d->tasks[1].classes == 2);
    assert_near(dataset_label(d, &d->items[0], 1, TRUTH_MULTIMODAL), 1, 0); /* false, true */
    assert_string_equal(d->tasks[2].class_names[0], "down");
    dataset_free(d);
}

static void features_are_read(void **state)
{
    (void)state;
    char path[512];
    dataset *d = NULL;
    const float values[6] = {1, 2, 3, 4, 5, 6};
    tensor_entry entry = {
        .name = "a", .type = TENSOR_F32, .rank = 2, .dim = {2, 3}, .count = 6, .data = values, .bytes = sizeof values};
    assert_ok(safetensors_write(file_in(folder, "v.safetensors", path), &entry, 1, NULL, 0, error));
    assert_ok(read_with(
        "{\"split\": \"train\", \"labels\": {\"s\": 1}, \"features\": {\"audio\": [[0.5, 1], [2, 3], [4, 5]], \"vision\": "
        "{\"file\": \"v.safetensors\", \"tensor\": \"a\"}, \"text\": null}}\n"
        "{\"split\": \"train\", \"labels\": {\"s\": 2.5}, \"features\": {\"vision\": {\"file\": \"v.safetensors\", \"tensor\": \"a\"}}}\n"
        "{\"split\": \"valid\", \"labels\": {\"s\": 0}, \"features\": {\"audio\": [[1, 1]]}}\n",
        NULL, false, &d, error));
    const feature_sequence *audio = &d->items[0].features[MODALITY_AUDIO],
                           *vision = &d->items[0].features[MODALITY_VISION];
    assert_true(audio->steps == 3 && audio->crops == 1 && audio->width == 2 && audio->data[2] == 2);
    assert_true(vision->steps == 2 && vision->width == 3 && vision->data[5] == 6);
    assert_null(d->items[0].features[MODALITY_TEXT].data);
    assert_null(d->items[1].features[MODALITY_AUDIO].data);
    assert_true(d->items[1].features[MODALITY_VISION].data[0] == 1);
    dataset_free(d);
}

static void test_bad(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } bad[] = {{"", "no clip"}, {HEAD, "no clip"}, {"{\"split\": \"train\"\n", "line 1"},
        {"[1]\n", "not a JSON object"}, {"{\"split\": \"train\", \"text\": \"x\"}\n", "no labels"},
        {HEAD "{\"split\": \"train\", \"text\": \"x\"}\n", "no label"},
        {HEAD "{\"split\": \"later\", \"text\": \"x\", \"labels\": {\"sentiment\": 0}}\n", "later"},
        {HEAD "{\"split\": \"train\", \"labels\": {\"sentiment\": 0}}\n", "neither words"},
        {HEAD "{\"split\": \"train\", \"text\": \"x\", \"labels\": {\"sentiment\": 2}}\n", "outside"},
        {HEAD "{\"split\": \"train\", \"text\": \"x\", \"labels\": {\"emotion\": \"fear\"}}\n", "fear"},
        {HEAD "{\"split\": \"train\", \"text\": \"x\", \"labels\": {\"emotion\": {\"joy\": -1}}}\n", "weight"},
        {HEAD "{\"split\": \"train\", \"text\": \"x\", \"labels\": {\"emotion\": {\"joy\": 0}}}\n", "all 0"},
        {HEAD "{\"split\": \"train\", \"text\": \"x\", \"labels\": {\"sentiment\": [1]}}\n", "sentiment"},
        {HEAD "{\"split\": \"train\", \"txt\": \"x\", \"labels\": {\"sentiment\": 0}}\n", "txt"},
        {HEAD "{\"split\": \"train\", \"text\": \"x\", \"start\": 3, \"end\": 2, \"labels\": {\"sentiment\": 0}}\n",
            "start"},
        {HEAD "{\"split\": \"train\", \"media\": \"no.mp4\", \"labels\": {\"sentiment\": 0}}\n", "no.mp4"},
        {HEAD "{\"split\": \"train\", \"features\": {\"smell\": [[1]]}, \"labels\": {\"sentiment\": 0}}\n", "smell"},
        {HEAD "{\"split\": \"train\", \"features\": {\"text\": [[1], [1, 2]]}, \"labels\": {\"sentiment\": 0}}\n",
            "lengths"},
        {HEAD "{\"split\": \"train\", \"features\": {\"text\": []}, \"labels\": {\"sentiment\": 0}}\n", "vectors"},
        {HEAD "{\"split\": \"train\", \"features\": {\"text\": [[\"1\"]]}, \"labels\": {\"sentiment\": 0}}\n",
            "not a number"},
        {HEAD "{\"split\": \"train\", \"features\": {\"text\": {\"file\": \"no.st\", \"tensor\": \"a\"}}, \"labels\": "
              "{\"sentiment\": 0}}\n",
            "no.st"},
        {"{\"tasks\": {\"s\": {\"range\": [1, 0]}}}\n{\"split\": \"train\", \"text\": \"x\"}\n", "range"},
        {"{\"tasks\": {\"s\": {}}}\n{\"split\": \"train\", \"text\": \"x\"}\n", "neither"},
        {HEAD "{\"id\": \"a\", \"split\": \"train\", \"text\": \"x\", \"labels\": {\"sentiment\": 0}}\n"
              "{\"id\": \"a\", \"split\": \"train\", \"text\": \"y\", \"labels\": {\"sentiment\": 0}}\n",
            "twice"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        dataset *d = NULL;
        smac_error why = {0};
        assert_int_not_equal(read_with(bad[i].text, NULL, false, &d, &why), SMAC_OK);
        if (!strstr(why.message, bad[i].says))
            fail_msg("'%s' does not say '%s'", why.message, bad[i].says);
        assert_null(d);
    }
    dataset *d = NULL;
    assert_ok(read_with(HEAD "{\"split\": \"train\", \"text\": \"x\", \"labels\": {\"sentiment\": 2}}\n"
                             "{\"split\": \"train\", \"text\": \"y\", \"labels\": {\"sentiment\": 1}}\n",
        NULL, true, &d, error));
    assert_int_equal(d->count, 1);
    assert_int_equal(d->skipped, 1);
    dataset_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_in_a_line),
        cmocka_unit_test(shares_keep_their_bits),
        cmocka_unit_test(tasks_are_found_out),
        cmocka_unit_test(features_are_read),
        cmocka_unit_test(test_bad),
    };
    return cmocka_run_group_tests(tests, prepare, finish);
}
