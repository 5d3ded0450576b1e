/* What of a picture the model sees: halves, and faces that come and go, through the clip encoder. */
#define _DEFAULT_SOURCE /* mkstemps */
#include "support/red_faces.h"

#include <unistd.h>

#include "face/detector.h"
#include "pipeline/clip_encoder.h"
#include "pipeline/sample_read.h"

enum { WIDTH = 320, HEIGHT = 180, SIZE = 16 };
static uint8_t pixels[WIDTH * HEIGHT * 3];

static picture whole(void)
{
    return (picture){.rgb = pixels, .width = WIDTH, .height = HEIGHT, .stride = WIDTH * 3};
}

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

/* Where the crop of one picture of a ramp begins and ends. */
static void check_half(vision_crop crop, picture_half half, int from, int until)
{
    picture_cropper_options options = {.crop = crop, .half = half, .size = SIZE};
    picture_cropper *c;
    picture_crop out;
    picture p = whole();
    p.shown_width = 2 * WIDTH;
    p.shown_height = HEIGHT;
    assert_true(picture_cropper_is_needed(&options));
    assert_ok(picture_cropper_new(&options, &c, error));
    assert_ok(picture_cropper_take(c, &p, 0, &out, error));
    assert_true(out.is_found && !out.was_searched);
    assert_ptr_equal(out.picture.rgb, pixels + 3 * from);
    assert_int_equal(out.picture.width, until - from);
    assert_int_equal(out.picture.height, HEIGHT);
    assert_int_equal(out.picture.shown_width, 2 * (until - from));
    picture_cropper_free(c);
}

static void halves_of_a_picture(void **state)
{
    (void)state;
    check_half(CROP_LEFT, PICTURE_WHOLE, 0, WIDTH / 2);
    check_half(CROP_RIGHT, PICTURE_WHOLE, WIDTH / 2, WIDTH);
    check_half(CROP_CENTRE, PICTURE_WHOLE, WIDTH / 4, 3 * WIDTH / 4);
    check_half(CROP_WHOLE, PICTURE_LEFT, 0, WIDTH / 2);
    check_half(CROP_WHOLE, PICTURE_RIGHT, WIDTH / 2, WIDTH);
    assert_false(picture_cropper_is_needed(&(picture_cropper_options){.crop = CROP_WHOLE}));
}

static void a_face_needs_a_detector(void **state)
{
    (void)state;
    picture_cropper *c;
    smac_error why = {0};
    picture_cropper_options options = {.crop = CROP_FACE, .size = SIZE};
    assert_int_equal(picture_cropper_new(&options, &c, &why), SMAC_ERROR_INTERNAL);
}

typedef struct bench {
    configuration c;
    preparation p;
    face_detector *detector;
    clip_encoder *e;
    int64_t clips, index[64];
    uint8_t middle[64][3]; /* the colour in the middle of each clip's first frame */
} bench;

static void bench_open(bench *b, picture_half half, int face)
{
    memset(b, 0, sizeof *b);
    configuration_defaults(&b->c);
    b->c.vision.image_size = SIZE;
    b->c.vision.crop = CROP_FACE;
    b->detector = red_detector();
    b->p = (preparation){.configuration = &b->c, .faces = b->detector, .wants = {false, false, true}};
    clip_encoder_options options = {.preparation = &b->p, .half = half, .face = face};
    assert_ok(clip_encoder_new(&options, &b->e, error));
}

static void bench_close(bench *b)
{
    clip_encoder_free(b->e);
    face_detector_free(b->detector);
}

static void bench_take(bench *b)
{
    clip c;
    while (clip_encoder_next(b->e, &c)) {
        memcpy(b->middle[b->clips], c.frames + 3 * (SIZE * SIZE / 2 + SIZE / 2), 3);
        b->index[b->clips++] = c.index;
    }
}

/* Half a second of a picture with faces at these places. */
static void bench_show(bench *b, int number, const face_point *at, int count, bool last)
{
    picture p = whole();
    picture_span span = {number * 0.5, (number + 1) * 0.5, last};
    red_faces_draw(pixels, WIDTH, HEIGHT, RED_FACE, at, count);
    if (count > 0) { /* a mark by which the left one can be told: its middle is less red */
        picture_box spot = {.x = (int)at[0].x - 6, .y = (int)at[0].y - 6, .width = 12, .height = 12};
        for (int y = spot.y; y < spot.y + spot.height; y++)
            for (int x = spot.x; x < spot.x + spot.width; x++)
                pixels[(y * WIDTH + x) * 3 + 1] = 60;
    }
    assert_ok(clip_encoder_feed_picture(b->e, &p, &span, error));
    bench_take(b);
}

static void bench_finish(bench *b)
{
    assert_ok(clip_encoder_finish(b->e, error));
    bench_take(b);
}

static void a_face_for_one_second_gives_that_clip_alone(void **state)
{
    (void)state;
    bench b;
    size_t count;
    bench_open(&b, PICTURE_WHOLE, 0);
    for (int i = 0; i < 8; i++) /* in the third second */
        bench_show(&b, i, (face_point[]){{100, 90}}, i == 4 || i == 5, i == 7);
    bench_finish(&b);
    assert_int_equal(b.clips, 1);
    assert_int_equal(b.index[0], 2);
    assert_true(b.middle[0][0] > 200 && b.middle[0][2] < 60);
    const face_sighting *seen = clip_encoder_faces(b.e, &count);
    assert_int_equal(count, 8);
    for (int i = 0; i < 8; i++) {
        assert_near(seen[i].time, 0.25 + 0.5 * i, 1e-9);
        assert_int_equal(seen[i].found, i == 4 || i == 5);
        assert_int_equal(seen[i].count, seen[i].found);
    }
    assert_near((seen[4].left + seen[4].right) / 2 * WIDTH, 100, 20);
    assert_near((seen[4].bottom - seen[4].top) * HEIGHT, RED_BOX * RED_FACE, 1);
    assert_int_equal(clip_encoder_blank(b.e, MODALITY_VISION).count, 0);
    bench_close(&b);
}

static void one_frame_without_the_face_repeats_the_other(void **state)
{
    (void)state;
    bench b;
    bench_open(&b, PICTURE_WHOLE, 0);
    for (int i = 0; i < 4; i++)
        bench_show(&b, i, (face_point[]){{100, 90}}, i != 1, i == 3);
    bench_finish(&b);
    assert_int_equal(b.clips, 2);
    bench_close(&b);
}

static void of_two_faces_the_chosen_one(void **state)
{
    (void)state;
    static const face_point at[] = {{70, 90}, {250, 90}};
    for (int choice = FACE_LEFT; choice <= FACE_RIGHT; choice++) {
        bench b;
        size_t count;
        bench_open(&b, PICTURE_WHOLE, choice + 1);
        for (int i = 0; i < 4; i++)
            bench_show(&b, i, at, 2, i == 3);
        bench_finish(&b);
        assert_int_equal(b.clips, 2);
        const face_sighting *seen = clip_encoder_faces(b.e, &count);
        assert_int_equal(seen[0].count, 2);
        assert_near((seen[0].left + seen[0].right) / 2 * WIDTH, choice == FACE_LEFT ? 70 : 250, 20);
        bench_close(&b);
    }
}

static void a_half_is_cut_before_the_face_is_looked_for(void **state)
{
    (void)state;
    static const face_point at[] = {{70, 90}, {250, 90}};
    bench b;
    size_t count;
    bench_open(&b, PICTURE_RIGHT, 0);
    bench_show(&b, 0, at, 2, true);
    bench_finish(&b);
    const face_sighting *seen = clip_encoder_faces(b.e, &count);
    assert_int_equal(count, 1);
    assert_int_equal(seen[0].count, 1);
    assert_near((seen[0].left + seen[0].right) / 2 * WIDTH, 250, 20); /* of the whole picture */
    bench_close(&b);
}

static void a_small_still_is_a_face_already(void **state)
{
    (void)state;
    bench b;
    size_t count;
    static uint8_t small[48 * 48 * 3];
    picture p = {.rgb = small, .width = 48, .height = 48, .stride = 48 * 3};
    memset(small, 120, sizeof small);
    bench_open(&b, PICTURE_WHOLE, 0);
    assert_ok(clip_encoder_feed_picture(b.e, &p, &(picture_span){0, 0, true}, error));
    bench_finish(&b);
    assert_int_equal(b.clips, 1);
    assert_int_equal(b.middle[0][0], 120);
    clip_encoder_faces(b.e, &count);
    assert_int_equal(count, 0);
    bench_close(&b);
}

static void a_still_without_a_face_has_no_vision(void **state)
{
    (void)state;
    bench b;
    size_t count;
    bench_open(&b, PICTURE_WHOLE, 0);
    red_faces_draw(pixels, WIDTH, HEIGHT, RED_FACE, NULL, 0);
    picture p = whole();
    assert_ok(clip_encoder_feed_picture(b.e, &p, &(picture_span){0, 0, true}, error));
    bench_finish(&b);
    assert_int_equal(b.clips, 0);
    assert_false(clip_encoder_faces(b.e, &count)->found);
    assert_int_equal(count, 1);
    bench_close(&b);
}

/* A still as a file, read as a clip of a dataset is. */
static smac_status read_still(const bench *b, const face_point *at, int count, sample *out, smac_error *why)
{
    char path[] = "/tmp/smac-still-XXXXXX.ppm";
    FILE *file = fdopen(mkstemps(path, 4), "wb");
    assert_non_null(file);
    red_faces_draw(pixels, WIDTH, HEIGHT, RED_FACE, at, count);
    fprintf(file, "P6\n%d %d\n255\n", WIDTH, HEIGHT);
    fwrite(pixels, sizeof pixels, 1, file);
    fclose(file);
    smac_status status = sample_read(&b->p, &(sample_source){.media = path}, out, why);
    unlink(path);
    return status;
}

static void a_clip_without_a_face_and_anything_else_is_refused(void **state)
{
    (void)state;
    bench b;
    sample x;
    smac_error why = {0};
    bench_open(&b, PICTURE_WHOLE, 0);
    assert_ok(read_still(&b, (face_point[]){{200, 90}}, 1, &x, error));
    assert_int_equal(x.clips, 1);
    sample_clear(&x);
    assert_int_equal(read_still(&b, NULL, 0, &x, &why), SMAC_ERROR_FORMAT);
    assert_non_null(strstr(why.message, "no face was found"));
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(halves_of_a_picture),
        cmocka_unit_test(a_face_needs_a_detector),
        cmocka_unit_test(a_face_for_one_second_gives_that_clip_alone),
        cmocka_unit_test(one_frame_without_the_face_repeats_the_other),
        cmocka_unit_test(of_two_faces_the_chosen_one),
        cmocka_unit_test(a_half_is_cut_before_the_face_is_looked_for),
        cmocka_unit_test(a_small_still_is_a_face_already),
        cmocka_unit_test(a_still_without_a_face_has_no_vision),
        cmocka_unit_test(a_clip_without_a_face_and_anything_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
