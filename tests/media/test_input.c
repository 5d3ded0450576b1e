/* Recordings from memory and from the caller's functions: pictures, sound and subtitles of one opening in one pass. */
#include "support/check.h"

#include <unistd.h>

#include "base/file.h"
#include "film_reader.h"
#include "media/writer.h"

static char *load(const char *name, size_t *size)
{
    char path[600], *data;
    snprintf(path, sizeof path, "%s/tests/golden/media/%s", SMAC_SOURCE_DIR, name);
    assert_ok(file_read(path, 1 << 24, &data, size, error));
    return data;
}

typedef struct outcome {
    int frames;
    uint32_t picture_sum;
    double sound_sum;
    size_t samples, cues;
    char first[64];
} outcome;

static outcome read_reader(film_reader *reader)
{
    outcome o = {0};
    film_event event;
    do {
        assert_ok(film_reader_next(reader, &event, error));
        if (event.kind == FILM_EVENT_FRAME) {
            o.frames++;
            for (int i = 0; i < 16 * 16 * 3; i++)
                o.picture_sum = o.picture_sum * 31 + event.frame.rgb[i];
        }
        for (size_t i = 0; event.kind == FILM_EVENT_SOUND && i < event.sample_count; i++)
            o.sound_sum += fabs((double)event.samples[i]);
        o.samples += event.kind == FILM_EVENT_SOUND ? event.sample_count : 0;
    } while (event.kind != FILM_EVENT_END);
    const transcript *words = decoder_subtitles(film_reader_decoder(reader));
    o.cues = words->count;
    if (words->count > 0)
        snprintf(o.first, sizeof o.first, "%s", words->segments[0].text);
    film_reader_close(reader);
    return o;
}

static void check_same(const outcome *a, const outcome *b)
{
    assert_int_equal(a->frames, b->frames);
    assert_int_equal(a->picture_sum, b->picture_sum);
    assert_int_equal(a->samples, b->samples);
    assert_near(a->sound_sum, b->sound_sum, 0);
    assert_int_equal(a->cues, b->cues);
    assert_string_equal(a->first, b->first);
}

/* A source that counts what is asked of it. */
typedef struct counted {
    media_memory memory;
    media_input inner;
    int reads, seeks;
    int64_t fail_at; /* reads beyond it fail; 0: none does */
} counted;

static int64_t counted_read(void *user, void *data, size_t size)
{
    counted *c = user;
    c->reads++;
    if (c->fail_at > 0 && (int64_t)c->memory.at >= c->fail_at)
        return -1;
    return c->inner.read(c->inner.user, data, size < 1000 ? size : 1000);
}

static int64_t counted_seek(void *user, int64_t offset)
{
    counted *c = user;
    c->seeks++;
    return c->inner.seek(c->inner.user, offset);
}

static media_input counted_input(counted *c, char *data, size_t size, bool seekable)
{
    *c = (counted){.memory = {data, size, 0}};
    c->inner = media_input_memory(&c->memory, "mine");
    return (media_input){.name = "mine",
        .read = counted_read,
        .seek = seekable ? counted_seek : NULL,
        .size = seekable ? (int64_t)size : -1,
        .user = c};
}

static void memory_gives_what_the_file_gives(void **state)
{
    (void)state;
    static const char *const names[] = {"subtitles.mkv", "subtitles.mp4", "plain.mp4", "vp9.webm", "mpeg4.avi"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[600];
        size_t size;
        char *data = load(names[i], &size);
        snprintf(path, sizeof path, "%s/tests/golden/media/%s", SMAC_SOURCE_DIR, names[i]);
        frame_options options = {.size = 16, .media.subtitles = true};
        film_reader *reader;
        assert_ok(film_reader_open(path, &options, &reader, error));
        outcome expected = read_reader(reader);
        assert_int_equal(expected.cues, i < 2 ? 2 : 0);
        assert_true(expected.frames > 0 || i < 2);
        media_memory memory = {data, size, 0};
        media_input input = media_input_memory(&memory, NULL);
        media_file *opened;
        assert_ok(media_open(&input, &options.media, &opened, error));
        assert_ok(film_reader_start(opened, &options, &reader, error));
        outcome o = read_reader(reader);
        check_same(&o, &expected);
        free(data);
    }
}

static void a_stream_that_only_goes_forward(void **state)
{
    (void)state;
    size_t size;
    char *data = load("subtitles.mkv", &size);
    media_memory memory = {data, size, 0};
    media_input input = media_input_memory(&memory, "mine");
    frame_options options = {.size = 16, .media.subtitles = true};
    media_file *opened;
    film_reader *reader;
    assert_ok(media_open(&input, NULL, &opened, error));
    assert_ok(film_reader_start(opened, &options, &reader, error));
    outcome expected = read_reader(reader);
    counted c;
    input = counted_input(&c, data, size, false);
    assert_ok(media_open(&input, NULL, &opened, error));
    assert_string_equal(media_file_name(opened), "mine");
    assert_int_equal(media_file_info(opened)->has_subtitles, 1);
    assert_ok(film_reader_start(opened, &options, &reader, error));
    outcome o = read_reader(reader);
    check_same(&o, &expected);
    assert_string_equal(o.first, "Hello there, world");
    assert_true(c.reads > 1);
    free(data);
}

static uint32_t get_be32(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void put_be32(uint8_t *b, uint32_t x)
{
    for (int i = 0; i < 4; i++)
        b[i] = (uint8_t)(x >> (24 - 8 * i));
}

static void a_forward_stream_with_its_index_last(void **state)
{
    (void)state;
    char path[] = "/tmp/input-test-XXXXXX";
    close(mkstemp(path));
    video_writer_options film = {.width = 96, .height = 64, .quality = 0};
    video_writer *writer;
    static uint8_t rgb[96 * 64 * 3];
    assert_ok(video_writer_open(path, &film, &writer, error));
    uint32_t noise = 1;
    for (int frame = 0; frame < 25; frame++) {
        for (size_t i = 0; i < sizeof rgb; i++)
            rgb[i] = (uint8_t)((noise = noise * 1664525u + 1013904223u) >> 24);
        assert_ok(video_writer_frame(writer, rgb, 0, error));
    }
    assert_ok(video_writer_close(writer, error));
    char *data;
    size_t size;
    assert_ok(file_read(path, 1 << 24, &data, &size, error));
    unlink(path);
    assert_true(size > 150000);
    /* the writer puts the index (moov) first, after ftyp: move it to the end */
    size_t first = (size_t)(uint8_t)data[2] << 8 | (uint8_t)data[3];
    assert_memory_equal(data + first + 4, "moov", 4);
    size_t index = (size_t)(uint8_t)data[first + 2] << 8 | (uint8_t)data[first + 3];
    char *moov = malloc(index);
    memcpy(moov, data + first, index);
    memmove(data + first, data + first + index, size - first - index);
    for (size_t i = 4; i + 12 <= index; i++) { /* the chunks are nearer to the beginning now */
        if (memcmp(moov + i, "stco", 4) != 0)
            continue;
        uint8_t *at = (uint8_t *)moov + i + 8, *entry = at + 4;
        for (uint32_t count = get_be32(at); count > 0; count--, entry += 4)
            put_be32(entry, get_be32(entry) - (uint32_t)index);
    }
    memcpy(data + size - index, moov, index);
    free(moov);
    media_memory memory = {data, size, 0};
    media_input input = media_input_memory(&memory, "mine");
    frame_options options = {.size = 16};
    media_file *opened;
    film_reader *reader;
    assert_ok(media_open(&input, NULL, &opened, error));
    assert_ok(film_reader_start(opened, &options, &reader, error));
    outcome expected = read_reader(reader);
    counted c;
    input = counted_input(&c, data, size, false); /* it is kept in a temporary file */
    assert_ok(media_open(&input, NULL, &opened, error));
    assert_ok(film_reader_start(opened, &options, &reader, error));
    outcome o = read_reader(reader);
    check_same(&o, &expected);
    assert_int_equal(o.frames, 2);
    smac_error failure = {0};
    setenv("TMPDIR", "/nonexistent", 1);
    input = counted_input(&c, data, size, false);
    assert_int_equal(media_open(&input, NULL, &opened, &failure), SMAC_ERROR_IO);
    unsetenv("TMPDIR");
    assert_null(opened);
    if (!strstr(failure.message, "temporary file"))
        fail_msg("the message is: %s", failure.message);
    free(data);
}

static void a_source_that_fails(void **state)
{
    (void)state;
    size_t size;
    char *data = load("subtitles.mkv", &size);
    counted c;
    media_input input = counted_input(&c, data, size, false);
    c.fail_at = 1;
    media_file *opened;
    smac_error failure = {0};
    assert_int_equal(media_open(&input, NULL, &opened, &failure), SMAC_ERROR_IO);
    assert_non_null(strstr(failure.message, "mine"));
    input = counted_input(&c, data, 0, true);
    assert_int_equal(media_open(&input, NULL, &opened, &failure), SMAC_ERROR_FORMAT);
    if (!strstr(failure.message, "empty"))
        fail_msg("the message is: %s", failure.message);
    free(data);
}

static void a_file_of_subtitles_alone_is_opened_but_not_decoded(void **state)
{
    (void)state;
    static char words[] = "1\n00:00:01,000 --> 00:00:02,000\nhello\n\n";
    media_memory memory = {words, sizeof words - 1, 0};
    media_input input = media_input_memory(&memory, "words.srt");
    media_file *opened;
    film_reader *reader;
    smac_error failure = {0};
    assert_ok(media_open(&input, NULL, &opened, error));
    assert_int_equal(media_file_info(opened)->has_subtitles, 1);
    assert_int_equal(film_reader_start(opened, NULL, &reader, &failure), SMAC_ERROR_FORMAT);
    assert_non_null(strstr(failure.message, "subtitles alone"));
    assert_null(reader);
    media_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_gives_what_the_file_gives),
        cmocka_unit_test(a_stream_that_only_goes_forward),
        cmocka_unit_test(a_forward_stream_with_its_index_last),
        cmocka_unit_test(a_source_that_fails),
        cmocka_unit_test(a_file_of_subtitles_alone_is_opened_but_not_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
