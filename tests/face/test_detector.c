/* Finding faces: drawn ones by hand-made weights, a random network against PyTorch's, files that do not fit. */
#include "support/golden.h"
#include "support/red_faces.h"

#include <unistd.h>

#include "face/detector.h"

static face_detector *red_detector(void)
{
    char path[] = "/tmp/smac-red-XXXXXX";
    face_detector *d;
    close(mkstemp(path));
    red_faces_write(path);
    assert_ok(face_detector_open(path, &d, error));
    unlink(path);
    return d;
}

typedef struct scene {
    uint8_t *rgb;
    picture p;
} scene;

static scene draw(int width, int height, int side, const face_point *at, int count)
{
    scene s = {.rgb = malloc((size_t)width * (size_t)height * 3)};
    assert_non_null(s.rgb);
    red_faces_draw(s.rgb, width, height, side, at, count);
    s.p = (picture){.rgb = s.rgb, .width = width, .height = height, .stride = (size_t)width * 3};
    return s;
}

static void drawn_faces_are_where_they_are(void **state)
{
    (void)state;
    static const struct {
        int width, height, side;
    } cases[] = {{480, 270, 64}, {241, 135, 64}, {1280, 720, 170}, {333, 777, 103}};
    face_detector *d = red_detector();
    face_finder *f;
    assert_ok(face_finder_new(d, NULL, &f, error));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        face_point at[2] = {{0.28f * (float)cases[i].width, 0.4f * (float)cases[i].height},
            {0.72f * (float)cases[i].width, 0.6f * (float)cases[i].height}};
        scene s = draw(cases[i].width, cases[i].height, cases[i].side, at, 2);
        face_list found;
        assert_ok(face_finder_find(f, &s.p, &found, error));
        assert_int_equal(found.count, 2);
        for (size_t k = 0; k < 2; k++) {
            const face *one = &found.items[k];
            const face_point *near =
                fabsf(one->left + one->right - 2 * at[0].x) < (float)cases[i].side ? &at[0] : &at[1];
            assert_near((one->left + one->right) / 2, near->x, 0.3 * cases[i].side);
            assert_near((one->top + one->bottom) / 2, near->y, 0.3 * cases[i].side);
            assert_near(one->right - one->left, RED_BOX * (float)cases[i].side, 0.05 * cases[i].side);
            assert_near(one->points[FACE_NOSE].x, (one->left + one->right) / 2, 0.5);
        }
        free(s.rgb);
    }
    face_finder_free(f);
    face_detector_free(d);
}

static void pictures_without_a_face(void **state)
{
    (void)state;
    face_detector *d = red_detector();
    face_finder *f;
    face_list found;
    smac_error why = {0};
    assert_ok(face_finder_new(d, NULL, &f, error));
    scene s = draw(320, 200, 64, NULL, 0);
    assert_ok(face_finder_find(f, &s.p, &found, error));
    assert_int_equal(found.count, 0);
    memset(s.rgb, 0, 320 * 200 * 3);
    assert_ok(face_finder_find(f, &s.p, &found, error));
    assert_int_equal(found.count, 0);
    s.p.width = s.p.height = 1; /* a single pixel is a picture */
    assert_ok(face_finder_find(f, &s.p, &found, error));
    assert_int_equal(found.count, 0);
    s.p.width = 0;
    assert_int_equal(face_finder_find(f, &s.p, &found, &why), SMAC_ERROR_ARGUMENT);
    free(s.rgb);
    face_finder_free(f);
    face_detector_free(d);
}

/* The same random network and picture as PyTorch's, whose boxes and points the golden file has. */
static void a_random_network_agrees_with_pytorch(void **state)
{
    (void)state;
    tensor_file *g = golden_open("face", "random");
    face_detector *d;
    face_finder *f;
    face_list found;
    int64_t count;
    assert_ok(face_detector_new(g, &d, error));
    assert_ok(face_finder_new(d, &(face_finder_options){.least = 0.5f}, &f, error));
    const tensor_entry *pixels = tensor_file_find(g, "golden.picture");
    float *expected = golden_floats(g, "golden.faces", &count); /* score, box, points */
    picture p = {.rgb = pixels->data,
        .width = (int)pixels->dim[1],
        .height = (int)pixels->dim[0],
        .stride = (size_t)pixels->dim[1] * 3};
    assert_ok(face_finder_find(f, &p, &found, error));
    assert_int_equal(found.count * 15, count);
    assert_true(found.count >= 3);
    for (size_t i = 0; i < found.count; i++) {
        const face *one = &found.items[i];
        const float *e = expected + 15 * i, box[] = {one->left, one->top, one->right, one->bottom};
        assert_near(one->score, e[0], 1e-4);
        for (int k = 0; k < 4; k++)
            assert_near(box[k], e[1 + k], 0.01);
        for (int k = 0; k < FACE_POINTS; k++) {
            assert_near(one->points[k].x, e[5 + 2 * k], 0.01);
            assert_near(one->points[k].y, e[6 + 2 * k], 0.01);
        }
    }
    free(expected);
    face_finder_free(f);
    face_detector_free(d);
    tensor_file_close(g);
}

/* Copies the golden file's tensors, changes one, and opens the copy. */
static smac_status open_changed(const char *name, void (*change)(tensor_entry *e), smac_error *why)
{
    char path[] = "/tmp/smac-face-XXXXXX";
    tensor_file *g = golden_open("face", "random");
    tensor_entry *entries = calloc(tensor_file_count(g), sizeof *entries);
    size_t count = 0;
    for (size_t i = 0; i < tensor_file_count(g); i++) {
        entries[count] = *tensor_file_at(g, i);
        if (strcmp(entries[count].name, name) == 0)
            change(&entries[count]);
        count += entries[count].name != NULL;
    }
    face_detector *d = NULL;
    close(mkstemp(path));
    assert_ok(safetensors_write(path, entries, count, NULL, 0, error));
    smac_status status = face_detector_open(path, &d, why);
    unlink(path);
    face_detector_free(d);
    free(entries);
    tensor_file_close(g);
    return status;
}

static void leave_out(tensor_entry *e)
{
    e->name = NULL;
}

static void halve(tensor_entry *e)
{
    e->dim[0] /= 2;
    e->count /= 2;
    e->bytes /= 2;
}

static float spoiled[4096];
static void spoil(tensor_entry *e)
{
    assert_in_range(e->count, 1, 4096);
    spoiled[0] = NAN;
    e->data = spoiled;
}

static void files_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *says;
        void (*change)(tensor_entry *e);
        smac_status status;
    } cases[] = {
        {"ssh2.conv5X5_1.0.weight", "ssh2.conv5X5_1.0.weight", leave_out, SMAC_ERROR_NOT_FOUND},
        {"body.stage2.3.1.running_var", "body.stage2.3.1.running_var", leave_out, SMAC_ERROR_NOT_FOUND},
        {"LandmarkHead.0.conv1x1.weight", "retinaface", leave_out, SMAC_ERROR_UNSUPPORTED},
        {"BboxHead.1.conv1x1.weight", "expected [8, ", halve, SMAC_ERROR_MISMATCH},
        {"fpn.merge1.0.weight", "fpn.merge1.0.weight has the shape", halve, SMAC_ERROR_MISMATCH},
        {"fpn.output2.1.bias", "not finite", spoil, SMAC_ERROR_FORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        smac_error why = {0};
        assert_int_equal(open_changed(cases[i].name, cases[i].change, &why), cases[i].status);
        if (!strstr(why.message, cases[i].says) || !strstr(why.message, "/tmp/smac-face-"))
            fail_msg("%s: the message is \"%s\"", cases[i].name, why.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drawn_faces_are_where_they_are),
        cmocka_unit_test(pictures_without_a_face),
        cmocka_unit_test(a_random_network_agrees_with_pytorch),
        cmocka_unit_test(files_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
