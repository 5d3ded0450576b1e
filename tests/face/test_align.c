/* A face cut out upright: drawn pictures whose colours say where they are. */
#include "support/check.h"

#include "face/align.h"

enum { WIDTH = 200, HEIGHT = 160, SIZE = 40 };
static uint8_t pixels[HEIGHT * WIDTH * 3];

/* Red grows to the right, green downwards; blue is 0. */
static picture ramp(void)
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            pixels[(y * WIDTH + x) * 3] = (uint8_t)x;
            pixels[(y * WIDTH + x) * 3 + 1] = (uint8_t)y;
        }
    return (picture){.rgb = pixels, .width = WIDTH, .height = HEIGHT, .stride = WIDTH * 3};
}

/* The face whose points are the template's in a square of `side` around (x, y), turned by angle. */
static face placed(float x, float y, float side, float angle, float aspect)
{
    face f = {.score = 1};
    for (int i = 0; i < FACE_POINTS; i++) {
        float u = (FACE_TEMPLATE[i].x - 0.5f) * side, v = (FACE_TEMPLATE[i].y - 0.5f) * side;
        f.points[i] =
            (face_point){(x + u * cosf(angle) - v * sinf(angle)) / aspect, y + u * sinf(angle) + v * cosf(angle)};
    }
    f.left = (x - 0.447f * side) / aspect;
    f.right = (x + 0.447f * side) / aspect;
    f.top = y - 0.447f * side;
    f.bottom = y + 0.447f * side;
    return f;
}

static void check_colour(const uint8_t *crop, int column, int row, float x, float y)
{
    const uint8_t *p = crop + (row * SIZE + column) * 3;
    assert_near(p[0], x - 0.5, 1.01); /* the colour at x is x less half a pixel */
    assert_near(p[1], y - 0.5, 1.01);
}

static void an_upright_face_is_a_square_of_the_picture(void **state)
{
    (void)state;
    static uint8_t crop[SIZE * SIZE * 3];
    picture p = ramp();
    for (float side = 20; side <= 120; side += 50) { /* enlarged, and made smaller */
        face f = placed(100, 80, side, 0, 1);
        assert_ok(face_cut(&p, &f, SIZE, crop, error));
        float step = side / SIZE;
        check_colour(crop, 0, 0, 100 - side / 2 + step / 2, 80 - side / 2 + step / 2);
        check_colour(crop, SIZE - 1, SIZE - 1, 100 + side / 2 - step / 2, 80 + side / 2 - step / 2);
    }
}

static void a_tilted_face_becomes_upright(void **state)
{
    (void)state;
    static uint8_t crop[SIZE * SIZE * 3];
    picture p = ramp();
    face f = placed(100, 80, 60, 0.5f, 1);
    assert_ok(face_cut(&p, &f, SIZE, crop, error));
    for (int i = 0; i < FACE_POINTS; i++) { /* each point is where the template has it */
        int column = (int)(FACE_TEMPLATE[i].x * SIZE), row = (int)(FACE_TEMPLATE[i].y * SIZE);
        float u = ((float)column + 0.5f) / SIZE - 0.5f, v = ((float)row + 0.5f) / SIZE - 0.5f;
        check_colour(crop, column, row, 100 + 60 * (u * cosf(0.5f) - v * sinf(0.5f)),
            80 + 60 * (u * sinf(0.5f) + v * cosf(0.5f)));
    }
}

static void pixels_that_are_not_square_are_made_square(void **state)
{
    (void)state;
    static uint8_t crop[SIZE * SIZE * 3];
    picture p = ramp();
    p.shown_width = 2 * WIDTH;
    p.shown_height = HEIGHT;
    face f = placed(200, 80, 60, 0.3f, 2);
    assert_ok(face_cut(&p, &f, SIZE, crop, error));
    check_colour(crop, SIZE / 2, SIZE / 2, 100, 80);
    float x = 200 + 60 * (0.5f - 0.5f / SIZE) * cosf(0.3f), y = 80 + 60 * (0.5f - 0.5f / SIZE) * sinf(0.3f);
    check_colour(crop, SIZE - 1, SIZE / 2, x / 2, y);
}

static void points_on_a_line_leave_it_to_the_box(void **state)
{
    (void)state;
    face f = placed(100, 80, 60, 0, 1);
    for (int i = 0; i < FACE_POINTS; i++)
        f.points[i] = (face_point){100, 80 + (float)i};
    face_similarity s = face_alignment(&f, SIZE, 1);
    assert_near(s.a * SIZE, 60, 3);
    assert_near(s.b, 0, 1e-6);
}

static void outside_the_picture_its_edge_goes_on(void **state)
{
    (void)state;
    static uint8_t crop[SIZE * SIZE * 3];
    picture p = ramp();
    face f = placed(0, 0, 60, 0, 1);
    assert_ok(face_cut(&p, &f, SIZE, crop, error));
    assert_int_equal(crop[0], 0);
    assert_int_equal(crop[1], 0);
    check_colour(crop, SIZE - 1, SIZE - 1, 30 - 0.75f, 30 - 0.75f);
    p.width = 0;
    smac_error why = {0};
    assert_int_equal(face_cut(&p, &f, SIZE, crop, &why), SMAC_ERROR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_upright_face_is_a_square_of_the_picture),
        cmocka_unit_test(a_tilted_face_becomes_upright),
        cmocka_unit_test(pixels_that_are_not_square_are_made_square),
        cmocka_unit_test(points_on_a_line_leave_it_to_the_box),
        cmocka_unit_test(outside_the_picture_its_edge_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
