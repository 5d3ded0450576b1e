/* A model that looks at faces (vision.crop face): results, warnings, whose face, and a detector that is not the right one. */
#include "support/folder.h"
#include "support/red_faces.h"

#include <unistd.h>

#include "base/file.h"
#include "base/folder.h"
#include "semanticmac/semanticmac.h"
#include "small_model.h"

enum { WIDTH = 320, HEIGHT = 180 };
static char folder[] = "/tmp/smac-faces-XXXXXX", model_path[] = "/tmp/smac-faces-model-XXXXXX", weights[512];

/* A models folder with the hand-made detector, and a model trained with it. */
static int install(void **state)
{
    (void)state;
    char place[512];
    assert_non_null(mkdtemp(folder));
    setenv("SEMANTICMAC_MODELS", folder, 1);
    assert_ok(folder_make(file_in(folder, "retinaface", place), error));
    write_text(
        place, "semanticmac.json", "{\"name\": \"retinaface\", \"weights\": \"red.safetensors\", \"files\": {}}");
    red_faces_write(file_in(place, "red.safetensors", weights));
    small_model_write(model_path, "vision.crop=face", 1, 0);
    return 0;
}

static int clean_up(void **state)
{
    (void)state;
    unlink(model_path);
    folder_remove(folder);
    return 0;
}

static smac_model *open_model(void)
{
    smac_model *model;
    assert_ok(smac_model_open(model_path, NULL, &model, error));
    return model;
}

/* Six seconds of two pictures a second; faces are there in the seconds from..until. */
static smac_analysis *analyse(const smac_model *model, smac_face_choice choice, int faces, int from, int until)
{
    static uint8_t pixels[WIDTH * HEIGHT * 3];
    static const face_point at[] = {{70, 90}, {250, 90}};
    smac_analyze_options options;
    smac_session *s;
    smac_analysis *a;
    smac_analyze_options_default(&options);
    options.face = choice;
    options.text = "this is a good film";
    assert_ok(smac_session_open(model, &options, &s, error));
    for (int i = 0; i < 12; i++) {
        red_faces_draw(pixels, WIDTH, HEIGHT, RED_FACE, at, i >= 2 * from && i < 2 * until ? faces : 0);
        smac_picture p = {.data = pixels, .width = WIDTH, .height = HEIGHT, .pixels = SMAC_PIXELS_RGB};
        assert_ok(smac_session_frame(s, &p, i * 0.5, error));
    }
    assert_ok(smac_session_finish(s, &a, error));
    smac_session_free(s);
    return a;
}

static bool warns(const smac_analysis *a, const char *of)
{
    for (size_t i = 0; i < smac_analysis_warning_count(a); i++)
        if (strstr(smac_analysis_warning(a, i), of))
            return true;
    return false;
}

static void faces_are_in_the_result(void **state)
{
    (void)state;
    smac_model *model = open_model();
    for (smac_face_choice choice = SMAC_FACE_LEFT; choice <= SMAC_FACE_RIGHT; choice++) {
        smac_analysis *a = analyse(model, choice, 2, 0, 6);
        assert_int_equal(smac_analysis_face_count(a), 6);
        for (size_t i = 0; i < 6; i++) {
            const smac_face *f = smac_analysis_face(a, i);
            assert_true(f->found && f->score > 0.6f && f->count == 2);
            assert_near(f->time, i + 0.5, 0.26);
            assert_near((f->left + f->right) / 2 * WIDTH, choice == SMAC_FACE_LEFT ? 70 : 250, 20);
        }
        assert_null(smac_analysis_face(a, 6));
        assert_true(smac_analysis_summary(a)->has[SMAC_VISION]);
        assert_false(warns(a, "face"));
        smac_analysis_free(a);
    }
    smac_model_free(model);
}

static void without_a_face_there_is_no_vision_and_it_says_so(void **state)
{
    (void)state;
    smac_model *model = open_model();
    smac_analysis *a = analyse(model, SMAC_FACE_AS_CONFIGURED, 0, 0, 6);
    char *json;
    smac_render_options how;
    smac_render_options_default(&how);
    how.format = SMAC_FORMAT_JSON;
    assert_false(smac_analysis_summary(a)->has[SMAC_VISION]);
    assert_true(warns(a, "no face was found in the picture: nothing is said about it"));
    assert_int_equal(smac_analysis_face_count(a), 6);
    assert_ok(smac_analysis_render((const smac_analysis *const *)&a, 1, &how, &json, NULL, error));
    assert_non_null(strstr(json, "\"faces\": ["));
    assert_non_null(strstr(json, "\"box\": null"));
    smac_free(json);
    smac_analysis_free(a);
    smac_model_free(model);
}

static void a_black_picture_is_told_to_be_black(void **state)
{
    (void)state;
    static const uint8_t black[WIDTH * HEIGHT * 3];
    smac_model *model = open_model();
    smac_analyze_options options;
    smac_session *s;
    smac_analysis *a;
    smac_picture p = {.data = black, .width = WIDTH, .height = HEIGHT, .pixels = SMAC_PIXELS_RGB};
    smac_analyze_options_default(&options);
    options.text = "this is a good film";
    assert_ok(smac_session_open(model, &options, &s, error));
    for (int i = 0; i < 8; i++)
        assert_ok(smac_session_frame(s, &p, i * 0.5, error));
    assert_ok(smac_session_finish(s, &a, error));
    smac_session_free(s);
    assert_true(warns(a, "the picture is black for 4 s"));
    assert_false(warns(a, "face"));
    assert_int_equal(smac_analysis_face_count(a), 0);
    smac_analysis_free(a);
    smac_model_free(model);
}

static void a_face_for_one_second_is_there_for_that_second(void **state)
{
    (void)state;
    smac_model *model = open_model();
    smac_analysis *a = analyse(model, SMAC_FACE_LARGEST, 1, 2, 3);
    assert_true(warns(a, "no face was found for 5 s of the recording, first at 0.2 s"));
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(smac_analysis_face(a, i)->found, i == 2);
    assert_true(smac_analysis_summary(a)->has[SMAC_VISION]);
    smac_analysis_free(a);
    smac_model_free(model);
}

static void a_choice_for_a_model_that_does_not_look_at_faces(void **state)
{
    (void)state;
    char path[] = "/tmp/smac-faces-whole-XXXXXX";
    smac_model *model;
    small_model_write(path, NULL, 1, 0);
    assert_ok(smac_model_open(path, NULL, &model, error));
    smac_analysis *a = analyse(model, SMAC_FACE_LEFT, 1, 0, 6);
    assert_true(warns(a, "the choice of a face has no effect"));
    assert_int_equal(smac_analysis_face_count(a), 0);
    smac_analysis_free(a);
    smac_model_free(model);
    unlink(path);
}

static void another_or_no_detector_is_refused(void **state)
{
    (void)state;
    smac_model *model = NULL;
    smac_error why = {0};
    char *data;
    size_t size;
    assert_ok(file_read(weights, 0, &data, &size, error));
    data[size - 1] ^= 1;
    assert_ok(file_write(weights, data, size, error));
    assert_int_equal(smac_model_open(model_path, NULL, &model, &why), SMAC_ERROR_MISMATCH);
    assert_non_null(strstr(why.message, "face detector"));
    assert_non_null(strstr(why.message, "was trained with"));
    data[size - 1] ^= 1;
    assert_ok(file_write(weights, data, size / 2, error)); /* cut off */
    assert_int_equal(smac_model_open(model_path, NULL, &model, &why), SMAC_ERROR_FORMAT);
    setenv("SEMANTICMAC_MODELS", "/tmp/smac-none", 1);
    assert_int_equal(smac_model_open(model_path, NULL, &model, &why), SMAC_ERROR_NOT_FOUND);
    assert_non_null(strstr(why.message, "face detector"));
    assert_non_null(strstr(why.message, "retinaface"));
    setenv("SEMANTICMAC_MODELS", folder, 1);
    assert_ok(file_write(weights, data, size, error));
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faces_are_in_the_result),
        cmocka_unit_test(without_a_face_there_is_no_vision_and_it_says_so),
        cmocka_unit_test(a_black_picture_is_told_to_be_black),
        cmocka_unit_test(a_face_for_one_second_is_there_for_that_second),
        cmocka_unit_test(a_choice_for_a_model_that_does_not_look_at_faces),
        cmocka_unit_test(another_or_no_detector_is_refused),
    };
    return cmocka_run_group_tests(tests, install, clean_up);
}
