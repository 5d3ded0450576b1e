/* Which of the faces of each picture is followed: longest and largest, by position, through gaps, cuts and crowds. */
#include "support/check.h"

#include "face/follow.h"

/* A face of `side` pixels around x in a picture of 100 x 100. */
static face at(float x, float side)
{
    return (face){
        .score = 1, .left = x - side / 2, .right = x + side / 2, .top = 50 - side / 2, .bottom = 50 + side / 2};
}

static int see(face_follower *f, double time, const face *faces, size_t count)
{
    return face_follower_choose(
        f, &(face_sight){.time = time, .faces = faces, .count = count, .width = 100, .height = 100});
}

static void the_largest_is_followed(void **state)
{
    (void)state;
    face_follower *f = face_follower_new(FACE_LARGEST);
    for (int i = 0; i < 10; i++) { /* they come in any order */
        face faces[2] = {at(20 + (float)i, 20), at(70 - (float)i, 30)};
        face swapped[2] = {faces[1], faces[0]};
        assert_int_equal(see(f, i * 0.5, i % 2 ? swapped : faces, 2), i % 2 ? 0 : 1);
    }
    face_follower_free(f);
}

static void who_is_there_long_is_not_left_for_who_is_a_little_larger(void **state)
{
    (void)state;
    face_follower *f = face_follower_new(FACE_LARGEST);
    int i = 0, changed = 0;
    for (; i < 8; i++)
        assert_int_equal(see(f, i * 0.5, (face[]){at(30, 30)}, 1), 0);
    for (; i < 12; i++)
        assert_int_equal(see(f, i * 0.5, (face[]){at(70, 33), at(30, 30)}, 2), 1);
    for (; i < 200 && !changed; i++) /* twice as large: it takes some seconds */
        changed = see(f, i * 0.5, (face[]){at(70, 59), at(30, 30)}, 2) == 0 ? i : 0;
    assert_in_range(changed, 13, 30);
    face_follower_free(f);
}

static void two_of_one_size_do_not_alternate(void **state)
{
    (void)state;
    face_follower *f = face_follower_new(FACE_LARGEST);
    int first = see(f, 0, (face[]){at(30, 30), at(70, 31)}, 2);
    assert_int_equal(first, 1);
    for (int i = 1; i < 20; i++)
        assert_int_equal(see(f, i * 0.5, (face[]){at(30, i % 3 ? 32 : 30), at(70, 31)}, 2), 1);
    face_follower_free(f);
}

static void a_gap_gives_nobody_else(void **state)
{
    (void)state;
    face_follower *f = face_follower_new(FACE_LARGEST);
    for (int i = 0; i < 6; i++)
        assert_int_equal(see(f, i * 0.5, (face[]){at(20, 12), at(70, 40)}, 2), 1);
    assert_int_equal(see(f, 3.0, (face[]){at(20, 12)}, 1), -1);
    assert_int_equal(see(f, 3.5, (face[]){at(20, 12)}, 1), -1);
    assert_int_equal(see(f, 4.0, (face[]){at(20, 12)}, 1), 0); /* gone for more than a second */
    assert_int_equal(see(f, 4.5, (face[]){at(20, 12), at(70, 40)}, 2), 1);
    assert_int_equal(see(f, 5.0, NULL, 0), -1);
    face_follower_free(f);
}

static void after_a_cut_everything_begins_anew(void **state)
{
    (void)state;
    face_follower *f = face_follower_new(FACE_LARGEST);
    for (int i = 0; i < 20; i++)
        assert_int_equal(see(f, i * 0.5, (face[]){at(20, 40)}, 1), 0);
    assert_int_equal(see(f, 10, (face[]){at(80, 16)}, 1), 0);
    face_follower_free(f);
}

static void by_position_small_faces_do_not_count(void **state)
{
    (void)state;
    static const int expected[] = {[FACE_LEFT] = 1, [FACE_RIGHT] = 3, [FACE_CENTRE] = 2};
    for (int c = FACE_LEFT; c <= FACE_CENTRE; c++) {
        face_follower *f = face_follower_new((face_choice)c);
        for (int i = 0; i < 4; i++)
            assert_int_equal(
                see(f, i, (face[]){at(5, 6), at(20, 20), at(55, 21), at(80, 30), at(97, 5)}, 5), expected[c]);
        face_follower_free(f);
    }
}

static void by_position_the_other_is_not_taken_for_a_gap(void **state)
{
    (void)state;
    face_follower *f = face_follower_new(FACE_LEFT);
    assert_int_equal(see(f, 0, (face[]){at(80, 20), at(20, 20)}, 2), 1);
    assert_int_equal(see(f, 0.5, (face[]){at(80, 20)}, 1), -1);
    assert_int_equal(see(f, 1.0, (face[]){at(80, 20), at(22, 20)}, 2), 1);
    face_follower_free(f);
}

static void a_crowd_of_any_size(void **state)
{
    (void)state;
    face crowd[100];
    face_follower *f = face_follower_new(FACE_LARGEST);
    for (int i = 0; i < 100; i++)
        crowd[i] = at((float)i, 4);
    crowd[17] = at(17, 9);
    for (int i = 0; i < 10; i++)
        assert_int_equal(see(f, i, crowd, 100), 17);
    face_follower_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_largest_is_followed),
        cmocka_unit_test(who_is_there_long_is_not_left_for_who_is_a_little_larger),
        cmocka_unit_test(two_of_one_size_do_not_alternate),
        cmocka_unit_test(a_gap_gives_nobody_else),
        cmocka_unit_test(after_a_cut_everything_begins_anew),
        cmocka_unit_test(by_position_small_faces_do_not_count),
        cmocka_unit_test(by_position_the_other_is_not_taken_for_a_gap),
        cmocka_unit_test(a_crowd_of_any_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
