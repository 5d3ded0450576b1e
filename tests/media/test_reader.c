/* Reading the small files of tests/golden/media (tools/golden/media.py): frame n of most is grey of level 16 + 4 n. */
#include "support/golden.h"

#include <sys/stat.h>
#include <unistd.h>

#include "film_reader.h"
#include "media/sound.h"

static const char *file(const char *name)
{
    static char path[600];
    snprintf(path, sizeof path, "%s/tests/golden/media/%s", SMAC_SOURCE_DIR, name);
    return path;
}

#define FRAMES_MAX 64

typedef struct outcome {
    smac_status status; /* of the reading, after a successful opening */
    int frames;
    int grey[FRAMES_MAX]; /* of the middle pixel */
    double shown[FRAMES_MAX];
    double picture_seconds, sound_seconds;
    float *sound;
    size_t samples;
    media_info info;
    int warnings;
    char all_warnings[2000];
    int64_t broken;
    smac_error error;
} outcome;

static outcome read_file(const char *name, double start, double end)
{
    outcome o = {0};
    frame_options options = {.size = 32, .media = {.start = start, .end = end}};
    film_reader *reader;
    assert_ok(film_reader_open(file(name), &options, &reader, error));
    o.info = *decoder_info(film_reader_decoder(reader));
    o.sound = malloc(16000 * 20 * sizeof *o.sound);
    for (;;) {
        film_event event;
        o.status = film_reader_next(reader, &event, &o.error);
        if (o.status != SMAC_OK || event.kind == FILM_EVENT_END)
            break;
        if (event.kind == FILM_EVENT_FRAME) {
            assert_true(o.frames < FRAMES_MAX);
            assert_int_equal(event.frame.index, o.frames);
            assert_near(event.frame.time, (o.frames + 0.5) / 2, 1e-9);
            o.grey[o.frames] = event.frame.rgb[(16 * 32 + 16) * 3 + 1];
            o.shown[o.frames++] = event.frame.shown_from;
        } else {
            assert_int_equal(event.first_sample, o.samples);
            assert_true(o.samples + event.sample_count <= 16000 * 20);
            memcpy(o.sound + o.samples, event.samples, event.sample_count * sizeof *o.sound);
            o.samples += event.sample_count;
        }
    }
    o.picture_seconds = decoder_picture_seconds(film_reader_decoder(reader));
    o.sound_seconds = decoder_sound_seconds(film_reader_decoder(reader));
    const media_warnings *w = decoder_warnings(film_reader_decoder(reader));
    o.warnings = (int)w->count;
    o.broken = w->broken_packets;
    for (size_t i = 0; i < w->count; i++)
        snprintf(o.all_warnings + strlen(o.all_warnings), sizeof o.all_warnings - strlen(o.all_warnings), "%s|",
            w->items[i]);
    film_reader_close(reader);
    return o;
}

static double power(const outcome *o, double from, double to)
{
    double sum = 0;
    size_t a = (size_t)(from * 16000), b = (size_t)(to * 16000);
    assert_true(b <= o->samples);
    for (size_t i = a; i < b; i++)
        sum += (double)o->sound[i] * o->sound[i];
    return sum / (double)(b - a);
}

/* Upward zero crossings a second: the frequency of a tone. */
static double frequency(const outcome *o, double from, double to)
{
    int crossings = 0;
    for (size_t i = (size_t)(from * 16000) + 1; i < (size_t)(to * 16000); i++)
        crossings += o->sound[i - 1] < 0 && o->sound[i] >= 0;
    return crossings / (to - from);
}

static void check_greys(const outcome *o, int count, const int *frames)
{
    assert_int_equal(o->frames, count);
    for (int i = 0; i < count; i++)
        assert_near(o->grey[i], 16 + 4 * frames[i], 3);
}

static void every_container_gives_the_same(void **state)
{
    (void)state;
    static const char *const names[] = {"plain.mp4", "vp9.webm", "mpeg4.avi"};
    for (int i = 0; i < 3; i++) {
        outcome o = read_file(names[i], 0, 0);
        assert_int_equal(o.status, SMAC_OK);
        if (i < 2) {
            check_greys(&o, 4, (int[]){6, 18, 31, 43});
            assert_near(o.shown[0], 0.24, 1e-3); /* webm puts the picture 7 ms late, a run-up that is taken out */
        }
        assert_int_equal(o.frames, 4);
        assert_near(o.picture_seconds, 2.2, 0.05);
        assert_near(o.sound_seconds, 2.2, 0.06);
        assert_near(frequency(&o, 0.5, 1.5), 440, 2);
        assert_near(power(&o, 0.5, 1.5), 0.125 * 0.125 / 2, 1e-3);
        assert_int_equal(o.info.width, 64);
        assert_int_equal(o.info.height, 48);
        assert_near(o.info.frame_rate, 25, 0.1);
        assert_near(o.info.duration, 2.2, 0.06);
        free(o.sound);
    }
}

static void odd_formats(void **state)
{
    (void)state;
    static const struct {
        const char *name, *codec;
        int width, height;
    } cases[] = {{"prores.mov", "prores", 64, 48}, {"odd10.mp4", "h264", 63, 47}, {"one-frame.mp4", "h264", 64, 48}};
    for (int i = 0; i < 3; i++) {
        outcome o = read_file(cases[i].name, 0, 0);
        assert_int_equal(o.status, SMAC_OK);
        assert_string_equal(o.info.picture_codec, cases[i].codec);
        assert_int_equal(o.info.width, cases[i].width);
        assert_int_equal(o.info.height, cases[i].height);
        check_greys(&o, 1, (int[]){i == 2 ? 0 : 6});
        free(o.sound);
    }
    outcome gif = read_file("moving.gif", 0, 0);
    assert_int_equal(gif.frames, 2);
    free(gif.sound);
    outcome alpha = read_file("alpha.png", 0, 0);
    assert_int_equal(alpha.frames, 1);
    assert_true(alpha.info.is_still && !alpha.info.has_sound);
    assert_near(alpha.grey[0], 0xC0, 2);
    free(alpha.sound);
}

static void variable_frame_rate_is_sampled_by_time(void **state)
{
    (void)state;
    outcome o = read_file("vfr.mkv", 0, 0); /* frames 0 to 4, 20, 21 and 50 of 25 a second */
    check_greys(&o, 4, (int[]){4, 4, 21, 21});
    assert_near(o.shown[3], 0.84, 0.002);
    assert_near(o.picture_seconds, 2.04, 0.01);
    free(o.sound);
}

static void rotation_is_applied(void **state)
{
    (void)state;
    /* Stored: red left, blue right.  The pixel looked at is near the top, then near the left. */
    static const struct {
        const char *name;
        int rotation;
        bool red_top, red_left, tall;
    } cases[] = {{"turned-left.mp4", 270, false, true, true}, {"turned-over.mp4", 180, false, false, false},
        {"turned-right.mp4", 90, true, true, true}};
    for (int i = 0; i < 3; i++) {
        frame_options options = {.size = 16};
        film_reader *reader;
        film_event event;
        assert_ok(film_reader_open(file(cases[i].name), &options, &reader, error));
        const media_info *info = decoder_info(film_reader_decoder(reader));
        assert_int_equal(info->rotation, cases[i].rotation);
        assert_false(info->mirrored);
        assert_int_equal(info->width, cases[i].tall ? 48 : 64);
        assert_ok(film_reader_next(reader, &event, error));
        const uint8_t *top = event.frame.rgb + (1 * 16 + 8) * 3, *left = event.frame.rgb + (8 * 16 + 1) * 3;
        if (cases[i].tall)
            assert_int_equal(top[0] > 128, cases[i].red_top);
        else
            assert_int_equal(left[0] > 128, cases[i].red_left);
        assert_int_equal(event.frame.rgb[(14 * 16 + 8) * 3] > 128, cases[i].tall && !cases[i].red_top);
        film_reader_close(reader);
    }
}

static void the_orientation_of_exif_is_applied(void **state)
{
    (void)state;
    frame_options options = {.size = 16};
    film_reader *reader;
    film_event event;
    assert_ok(film_reader_open(file("exif.jpg"), &options, &reader, error));
    assert_ok(film_reader_next(reader, &event, error));
    assert_true(
        event.frame.rgb[(1 * 16 + 8) * 3] > 200 && event.frame.rgb[(14 * 16 + 8) * 3] < 50); /* red above, blue below */
    film_reader_close(reader);
}

static void a_picture_file_equals_pil(void **state)
{
    (void)state;
    tensor_file *golden = golden_open("media", "still");
    const tensor_entry *entry = tensor_file_find(golden, "still");
    assert_non_null(entry);
    frame_options options = {.size = 32};
    film_reader *reader;
    film_event event;
    assert_ok(film_reader_open(file("still.png"), &options, &reader, error));
    assert_ok(film_reader_next(reader, &event, error));
    assert_memory_equal(event.frame.rgb, entry->data, 32 * 32 * 3);
    film_reader_close(reader);
    tensor_file_close(golden);
}

static void sound_alone(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double seconds, power;
    } cases[] = {{"tone.mp3", 1.5, 0.0078}, {"tone.flac", 1.5, 0.0078}, {"tone.ogg", 1.5, 0.0078},
        {"tone.m4a", 1.5, 0.0078}, {"stereo8.wav", 0.5, 0.0039}};
    for (int i = 0; i < 5; i++) {
        outcome o = read_file(cases[i].name, 0, 0);
        assert_int_equal(o.status, SMAC_OK);
        assert_int_equal(o.frames, 0);
        assert_false(o.info.has_picture);
        assert_near(o.sound_seconds, cases[i].seconds, 0.03);
        assert_near(frequency(&o, 0.1, 0.4), 440, 5);
        assert_near(power(&o, 0.1, 0.4), cases[i].power, 1e-3);
        free(o.sound);
    }
    outcome brief = read_file("short.wav", 0, 0);
    assert_int_equal(brief.samples, 320);
    free(brief.sound);
    float *samples;
    size_t count;
    media_warnings warnings;
    assert_ok(sound_load(file("tone.flac"), NULL, &samples, &count, &warnings, error));
    assert_int_equal(count, 24000);
    free(samples);
    media_warnings_free(&warnings);
    smac_error failure;
    assert_int_equal(sound_load(file("vfr.mkv"), NULL, &samples, &count, NULL, &failure), SMAC_ERROR_NOT_FOUND);
}

static void streams_of_different_lengths(void **state)
{
    (void)state;
    outcome late = read_file("late-sound.mkv", 0, 0);
    assert_int_equal(late.samples, 28800);
    assert_near(power(&late, 0, 0.99), 0, 1e-12); /* silence until it begins */
    assert_near(power(&late, 1.05, 1.75), 0.0078, 3e-4);
    free(late.sound);
    outcome longer = read_file("long-sound.mp4", 0, 0);
    assert_int_equal(longer.frames, 1);
    assert_near(longer.sound_seconds, 2.0, 0.05);
    free(longer.sound);
}

static void parts_of_a_file(void **state)
{
    (void)state;
    outcome whole = read_file("plain.mp4", 0, 0), part = read_file("plain.mp4", 0.6, 1.9);
    check_greys(&part, 3, (int[]){21, 33, 46}); /* 0.85, 1.35 and 1.85 s */
    assert_int_equal(part.samples, 20800);
    assert_memory_equal(part.sound, whole.sound + 9600, 20800 * sizeof(float));
    outcome tiny = read_file("plain.mp4", 1.0, 1.1);
    check_greys(&tiny, 1, (int[]){27}); /* shorter than the first sampling time: its last frame */
    free(whole.sound);
    free(part.sound);
    free(tiny.sound);
    frame_options options = {.media = {.start = 2, .end = 1}};
    film_reader *reader;
    smac_error failure;
    assert_int_equal(film_reader_open(file("plain.mp4"), &options, &reader, &failure), SMAC_ERROR_ARGUMENT);
}

static void damaged_files_give_what_they_have(void **state)
{
    (void)state;
    outcome cut = read_file("truncated.mp4", 0, 0);
    assert_int_equal(cut.status, SMAC_OK);
    assert_true(cut.frames >= 2 && cut.frames <= 5 && cut.sound_seconds > 1);
    assert_non_null(strstr(cut.all_warnings, "cut off"));
    free(cut.sound);
    outcome broken = read_file("broken.mp4", 0, 0);
    assert_int_equal(broken.status, SMAC_OK);
    assert_int_equal(broken.frames, 6);
    assert_true(broken.broken > 0 && broken.sound_seconds > 2.5);
    assert_non_null(strstr(broken.all_warnings, "skipped"));
    free(broken.sound);
}

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void check_refused(const char *path, smac_status status, const char *words)
{
    smac_error failure = {0};
    media_info info;
    assert_int_equal(media_probe(path, NULL, &info, &failure), status);
    if (!strstr(failure.message, words) || !strstr(failure.message, path))
        fail_msg("the message is: %s", failure.message);
    film_reader *reader;
    assert_int_equal(film_reader_open(path, NULL, &reader, &failure), status);
    assert_null(reader);
}

static void files_of_other_kinds_are_refused(void **state)
{
    (void)state;
    char folder[] = "/tmp/media-test-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    check_refused("/nonexistent/film.mp4", SMAC_ERROR_NOT_FOUND, "cannot open");
    check_refused(folder, SMAC_ERROR_FORMAT, "folder");
    snprintf(path, sizeof path, "%s/film.mp4", folder);
    write_text(path, "");
    check_refused(path, SMAC_ERROR_FORMAT, "empty");
    write_text(path, "This is a letter and no film.\nIt has two lines.\n");
    check_refused(path, SMAC_ERROR_FORMAT, "not a valid");
    unlink(path);
    snprintf(path, sizeof path, "%s/letter.txt", folder);
    write_text(path, "This is a letter and no film.\nIt has two lines.\n");
    check_refused(path, SMAC_ERROR_FORMAT, "not a video, sound or picture");
    unlink(path);
    snprintf(path, sizeof path, "%s/list.m3u8", folder);
    write_text(path, "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\n/etc/passwd\n#EXT-X-ENDLIST\n");
    check_refused(path, SMAC_ERROR_FORMAT, "list.m3u8");
    unlink(path);
    snprintf(path, sizeof path, "%s/words.srt", folder);
    write_text(path, "1\n00:00:01,000 --> 00:00:02,000\nhello\n\n");
    film_reader *reader;
    smac_error failure = {0};
    assert_int_equal(film_reader_open(path, NULL, &reader, &failure), SMAC_ERROR_FORMAT);
    assert_non_null(strstr(failure.message, "subtitles alone"));
    unlink(path);
    rmdir(folder);
    check_refused(file("no-index.mp4"), SMAC_ERROR_FORMAT, "cut off");
}

static void limits_and_interruption(void **state)
{
    (void)state;
    frame_options options = {.media = {.max_pixels = 1000}};
    film_reader *reader;
    smac_error failure = {0};
    assert_int_equal(film_reader_open(file("vfr.mkv"), &options, &reader, &failure), SMAC_ERROR_UNSUPPORTED);
    assert_non_null(strstr(failure.message, "limit of 1000"));
    assert_ok(film_reader_open(file("plain.mp4"), &options, &reader, error)); /* its sound is still good */
    film_event event;
    do {
        assert_ok(film_reader_next(reader, &event, error));
        assert_int_not_equal(event.kind, FILM_EVENT_FRAME);
    } while (event.kind != FILM_EVENT_END);
    assert_int_equal(decoder_warnings(film_reader_decoder(reader))->count, 1);
    film_reader_close(reader);
}

static void headers_that_lie(void **state)
{
    (void)state;
    outcome huge = read_file("huge.png", 0, 0); /* says 60000 x 60000 */
    assert_int_equal(huge.status, SMAC_ERROR_FORMAT);
    assert_non_null(strstr(huge.error.message, "nothing could be decoded"));
    free(huge.sound);
    /* A sound of two thousand million samples a second. */
    char path[] = "/tmp/media-rate-XXXXXX";
    FILE *in = fopen(file("stereo8.wav"), "rb");
    assert_non_null(in);
    static uint8_t data[10000];
    size_t size = fread(data, 1, sizeof data, in);
    fclose(in);
    memcpy(data + 24, "\x00\x94\x35\x77", 4);
    int descriptor = mkstemp(path);
    assert_int_equal(write(descriptor, data, size), size);
    close(descriptor);
    float *samples;
    size_t count;
    smac_error failure = {0};
    assert_int_equal(sound_load(path, NULL, &samples, &count, NULL, &failure), SMAC_ERROR_FORMAT);
    assert_non_null(strstr(failure.message, "2000000000 samples a second"));
    unlink(path);
}

static int stop_after(void *user)
{
    return --*(int *)user < 0;
}

static void every_moment_can_be_interrupted(void **state)
{
    (void)state;
    bool finished = false;
    for (int moment = 0; moment < 2000 && !finished; moment++) {
        int left = moment;
        frame_options options = {.size = 8, .media = {.interrupt = stop_after, .interrupt_user = &left}};
        film_reader *reader;
        smac_error failure = {0};
        smac_status status = film_reader_open(file("vfr.mkv"), &options, &reader, &failure);
        film_event event = {0};
        while (status == SMAC_OK && event.kind != FILM_EVENT_END)
            status = film_reader_next(reader, &event, &failure);
        finished = status == SMAC_OK;
        if (!finished)
            assert_int_equal(status, SMAC_ERROR_INTERRUPTED);
        film_reader_close(reader);
    }
    assert_true(finished);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_container_gives_the_same),
        cmocka_unit_test(odd_formats),
        cmocka_unit_test(variable_frame_rate_is_sampled_by_time),
        cmocka_unit_test(rotation_is_applied),
        cmocka_unit_test(the_orientation_of_exif_is_applied),
        cmocka_unit_test(a_picture_file_equals_pil),
        cmocka_unit_test(sound_alone),
        cmocka_unit_test(streams_of_different_lengths),
        cmocka_unit_test(parts_of_a_file),
        cmocka_unit_test(damaged_files_give_what_they_have),
        cmocka_unit_test(files_of_other_kinds_are_refused),
        cmocka_unit_test(limits_and_interruption),
        cmocka_unit_test(headers_that_lie),
        cmocka_unit_test(every_moment_can_be_interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
