/* Anchors, offsets and suppression of overlapping faces, by hand-made outputs. */
#include "support/check.h"

#include "face/decode.h"

/* Outputs of a picture of 64 x 64 pixels, in which nothing is a face. */
typedef struct outputs {
    float scores[FACE_LEVELS][64 * FACE_ANCHORS * 2];
    float boxes[FACE_LEVELS][64 * FACE_ANCHORS * 4];
    float points[FACE_LEVELS][64 * FACE_ANCHORS * 10];
    face_level levels[FACE_LEVELS];
} outputs;

static void outputs_make(outputs *o)
{
    memset(o, 0, sizeof *o);
    for (int i = 0; i < FACE_LEVELS; i++) {
        int side = 64 / FACE_STRIDES[i];
        for (int k = 0; k < side * side * FACE_ANCHORS; k++)
            o->scores[i][2 * k] = 5;
        o->levels[i] = (face_level){side, side, o->scores[i], o->boxes[i], o->points[i]};
    }
}

static void outputs_set(outputs *o, int level, int anchor, float logit)
{
    o->scores[level][2 * anchor] = 0;
    o->scores[level][2 * anchor + 1] = logit;
}

static void an_anchor_without_offsets_is_its_square(void **state)
{
    (void)state;
    static outputs o;
    face_list found = {0};
    outputs_make(&o);
    outputs_set(&o, 1, (1 * 4 + 2) * FACE_ANCHORS + 1, 2); /* row 1, column 2, the second anchor */
    assert_ok(face_decode(o.levels, 0.5f, &found, error));
    assert_int_equal(found.count, 1);
    const face *f = &found.items[0];
    assert_near(f->score, 1 / (1 + exp(-2.0)), 1e-6);
    assert_near(f->left, 2.5 * 16 - 64, 1e-4);
    assert_near(f->right, 2.5 * 16 + 64, 1e-4);
    assert_near(f->top, 1.5 * 16 - 64, 1e-4);
    assert_near(f->bottom, 1.5 * 16 + 64, 1e-4);
    assert_near(f->points[FACE_NOSE].x, 40, 1e-4);
    free(found.items);
}

static void offsets_move_and_stretch(void **state)
{
    (void)state;
    static outputs o;
    face_list found = {0};
    outputs_make(&o);
    outputs_set(&o, 0, 0, 9); /* the square of 16 around (4, 4) */
    memcpy(o.boxes[0], (float[]){1, -2, 3, -1}, 4 * sizeof(float));
    o.points[0][2 * FACE_RIGHT_MOUTH] = 5;
    assert_ok(face_decode(o.levels, 0.5f, &found, error));
    assert_int_equal(found.count, 1);
    const face *f = &found.items[0];
    assert_near((f->left + f->right) / 2, 4 + 1.6, 1e-4);
    assert_near((f->top + f->bottom) / 2, 4 - 3.2, 1e-4);
    assert_near(f->right - f->left, 16 * exp(0.6), 1e-4);
    assert_near(f->bottom - f->top, 16 * exp(-0.2), 1e-4);
    assert_near(f->points[FACE_RIGHT_MOUTH].x, 4 + 8, 1e-4);
    assert_near(f->points[FACE_RIGHT_MOUTH].y, 4, 1e-4);
    free(found.items);
}

static void faces_that_overlap_are_one_the_surest(void **state)
{
    (void)state;
    static outputs o;
    face_list found = {0};
    outputs_make(&o);
    outputs_set(&o, 1, (0 * 4 + 0) * FACE_ANCHORS, 1);
    outputs_set(&o, 1, (0 * 4 + 1) * FACE_ANCHORS, 3); /* 16 pixels from it, both 64 wide */
    outputs_set(&o, 0, (7 * 8 + 7) * FACE_ANCHORS, 2); /* far away, small */
    assert_ok(face_decode(o.levels, 0.5f, &found, error));
    assert_int_equal(found.count, 3);
    assert_true(found.items[0].score > found.items[1].score && found.items[1].score > found.items[2].score);
    face_suppress(&found, 0.4f);
    assert_int_equal(found.count, 2);
    assert_near(found.items[0].left, 24 - 32, 1e-4);
    assert_near(found.items[1].right - found.items[1].left, 16, 1e-4);
    free(found.items);
}

static void numbers_that_are_none_are_no_face(void **state)
{
    (void)state;
    static outputs o;
    face_list found = {0};
    outputs_make(&o);
    outputs_set(&o, 0, 0, NAN);
    outputs_set(&o, 0, 1, 9);
    o.boxes[0][4 + 2] = 1e9f; /* a width beyond all numbers */
    assert_ok(face_decode(o.levels, 0.5f, &found, error));
    assert_int_equal(found.count, 0);
    free(found.items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_anchor_without_offsets_is_its_square),
        cmocka_unit_test(offsets_move_and_stretch),
        cmocka_unit_test(faces_that_overlap_are_one_the_surest),
        cmocka_unit_test(numbers_that_are_none_are_no_face),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
