/* Writing H.264/AAC: the same bytes twice, and what is written is read again. */
#include "support/check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "film_reader.h"
#include "media/sound.h"
#include "media/writer.h"

#define WIDTH 96
#define HEIGHT 64

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/writer-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static void paint(uint8_t *rgb, int frame)
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            uint8_t *pixel = rgb + (y * WIDTH + x) * 3;
            pixel[0] = (uint8_t)(40 + 3 * frame);
            pixel[1] = (uint8_t)(200 - 2 * frame);
            pixel[2] = (uint8_t)(x < WIDTH / 2 ? 30 : 220);
        }
}

static void write_film(const char *path, int rate, size_t piece)
{
    video_writer_options options = {.width = WIDTH,
        .height = HEIGHT,
        .rate_numerator = 25,
        .rate_denominator = 1,
        .sample_rate = rate,
        .quality = 10};
    video_writer *writer;
    static uint8_t rgb[WIDTH * HEIGHT * 3];
    static float sound[96000];
    for (int i = 0; i < 2 * rate; i++)
        sound[i] = 0.4f * (float)sin(2 * 3.141592653589793 * 330 * i / rate);
    assert_ok(video_writer_open(path, &options, &writer, error));
    size_t given = 0, all = (size_t)(2 * rate);
    for (int frame = 0; frame < 50; frame++) {
        paint(rgb, frame);
        assert_ok(video_writer_frame(writer, rgb, 0, error));
        for (size_t until = all * (size_t)(frame + 1) / 50; given < until;) {
            size_t take = until - given < piece ? until - given : piece;
            assert_ok(video_writer_sound(writer, sound + given, take, error));
            given += take;
        }
    }
    assert_false(file_exists(path)); /* only when it is whole */
    assert_ok(video_writer_close(writer, error));
    assert_true(file_exists(path));
}

static void the_same_bytes_and_the_same_film(void **state)
{
    (void)state;
    char first[96], second[96];
    snprintf(first, sizeof first, "%s/a.mp4", folder);
    snprintf(second, sizeof second, "%s/b.mp4", folder);
    write_film(first, 16000, 100000);
    write_film(second, 16000, 37);
    mapped_file a, b;
    assert_ok(file_map(first, &a, error));
    assert_ok(file_map(second, &b, error));
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
    file_unmap(&a);
    file_unmap(&b);

    film_reader *reader;
    frame_options options = {.size = 32};
    assert_ok(film_reader_open(first, &options, &reader, error));
    const media_info *info = decoder_info(film_reader_decoder(reader));
    assert_string_equal(info->picture_codec, "h264");
    assert_string_equal(info->picture_format, "yuv420p");
    assert_string_equal(info->sound_codec, "aac");
    assert_near(info->duration, 2.0, 0.1);
    int frames = 0;
    for (;;) {
        film_event event;
        assert_ok(film_reader_next(reader, &event, error));
        if (event.kind == FILM_EVENT_END)
            break;
        if (event.kind != FILM_EVENT_FRAME)
            continue;
        int number = (int)(event.frame.time * 25);
        const uint8_t *left = event.frame.rgb + (16 * 32 + 4) * 3, *right = event.frame.rgb + (16 * 32 + 28) * 3;
        assert_near(left[0], 40 + 3 * number, 5);
        assert_near(left[1], 200 - 2 * number, 5);
        assert_near(left[2], 30, 6);
        assert_near(right[2], 220, 6);
        frames++;
    }
    assert_int_equal(frames, 4);
    film_reader_close(reader);

    float *samples;
    size_t count;
    assert_ok(sound_load(first, NULL, &samples, &count, NULL, error));
    assert_near(count, 32000, 1100);
    double power = 0;
    for (size_t i = 8000; i < 24000; i++)
        power += (double)samples[i] * samples[i] / 16000;
    assert_near(power, 0.08, 0.004);
    free(samples);
    unlink(first);
    unlink(second);
}

static void one_stream_alone(void **state)
{
    (void)state;
    char path[96];
    snprintf(path, sizeof path, "%s/c.mp4", folder);
    static uint8_t rgb[WIDTH * HEIGHT * 3];
    static float sound[22050];
    video_writer *writer;
    media_info info;
    video_writer_options silent = {.width = WIDTH, .height = HEIGHT, .quality = -1};
    assert_ok(video_writer_open(path, &silent, &writer, error));
    assert_int_equal(video_writer_sound(writer, sound, 10, NULL), SMAC_ERROR_ARGUMENT);
    assert_ok(video_writer_frame(writer, rgb, 0, error));
    assert_ok(video_writer_close(writer, error));
    assert_ok(media_probe(path, NULL, &info, error));
    assert_true(info.has_picture && !info.has_sound);
    video_writer_options blind = {.sample_rate = 22050};
    assert_ok(video_writer_open(path, &blind, &writer, error));
    assert_int_equal(video_writer_frame(writer, rgb, 0, NULL), SMAC_ERROR_ARGUMENT);
    assert_ok(video_writer_sound(writer, sound, 22050, error));
    assert_ok(video_writer_close(writer, error));
    assert_ok(media_probe(path, NULL, &info, error));
    assert_true(!info.has_picture && info.has_sound);
    unlink(path);
}

static void impossible_options_are_refused(void **state)
{
    (void)state;
    char path[96];
    snprintf(path, sizeof path, "%s/d.mp4", folder);
    static const video_writer_options bad[] = {{.width = 97, .height = 64}, {.width = 96, .height = 8},
        {.sample_rate = 0}, {.width = 96, .height = 64, .sample_rate = 12345},
        {.width = 96, .height = 64, .quality = 60}, {.width = 96, .height = 64, .preset = "no such preset"}};
    video_writer *writer;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_not_equal(video_writer_open(path, &bad[i], &writer, NULL), SMAC_OK);
        assert_null(writer);
    }
    video_writer_options good = {.width = 96, .height = 64};
    smac_error failure = {0};
    assert_int_equal(video_writer_open("/nonexistent/d.mp4", &good, &writer, &failure), SMAC_ERROR_IO);
    assert_non_null(strstr(failure.message, "/nonexistent/d.mp4"));
    assert_ok(video_writer_open(path, &good, &writer, error));
    assert_int_equal(video_writer_close(writer, NULL), SMAC_ERROR_ARGUMENT); /* nothing was given */
    assert_ok(video_writer_open(path, &good, &writer, error));
    video_writer_abandon(writer);
    video_writer_abandon(NULL);
    assert_false(file_exists(path));
    assert_int_equal(rmdir(folder), 0); /* no partial file was left either */
    assert_int_equal(mkdir(folder, 0700), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_bytes_and_the_same_film),
        cmocka_unit_test(one_stream_alone),
        cmocka_unit_test(impossible_options_are_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
