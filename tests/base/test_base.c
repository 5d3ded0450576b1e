/* tests/base/test_base.c - arenas, random numbers, files, UTF-8, CSV. */
#include "support/check.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/path.h"
#include "base/random.h"
#include "base/sha256.h"
#include "base/text.h"
#include "base/utf8.h"

static void sizes_are_checked(void **state)
{
    (void)state;
    size_t out = 7;
    assert_false(checked_multiply(SIZE_MAX / 2, 3, &out));
    assert_int_equal(out, 7);
    assert_true(checked_multiply(6, 7, &out));
    assert_int_equal(out, 42);
    assert_false(checked_add(SIZE_MAX, 1, &out));
    assert_null(memory_resize(NULL, SIZE_MAX / 2, 4));
}

static void arenas_release_to_a_mark(void **state)
{
    (void)state;
    arena *a = arena_new(1024);
    char *first = arena_take(a, 10);
    arena_mark mark = arena_here(a);
    char *second = arena_take(a, 100), *large = arena_take(a, 5000);
    assert_int_equal((uintptr_t)large % 64, 0);
    memset(large, 1, 5000);
    size_t held = arena_bytes(a);
    arena_release(a, mark);
    assert_ptr_equal(arena_take(a, 100), second);
    assert_ptr_equal(arena_take(a, 5000), large); /* the block is used again */
    assert_int_equal(arena_bytes(a), held);
    assert_ptr_not_equal(first, second);
    arena_free(a);
}

static void philox_gives_the_published_numbers(void **state)
{
    (void)state;
    uint32_t out[4];
    random_block(0, 0, 0, out); /* Random123's known answer for philox4x32-10, all zeros */
    assert_int_equal(out[0], 0x6627e8d5);
    assert_int_equal(out[1], 0xe169c58d);
    assert_int_equal(out[2], 0xbc57ac4c);
    assert_int_equal(out[3], 0x9b00dbd8);
    random_block(UINT64_MAX, UINT64_MAX, UINT64_MAX, out);
    assert_int_equal(out[0], 0x408f276d);
    assert_int_equal(out[1], 0x41c83b0e);
    assert_int_equal(out[2], 0xa20bc7c6);
    assert_int_equal(out[3], 0x6d5451fd);
}

static void random_numbers_have_their_moments(void **state)
{
    (void)state;
    double sum = 0, squares = 0;
    for (uint64_t i = 0; i < 100000; i++) {
        double x = random_normal_at(3, 4, i);
        sum += x;
        squares += x * x;
    }
    assert_near(sum / 100000, 0, 0.02);
    assert_near(squares / 100000, 1, 0.02);
    random_sequence r = random_start(1, 2);
    int64_t items[50], seen = 0;
    for (int i = 0; i < 50; i++)
        items[i] = i;
    random_shuffle(&r, items, 50);
    for (int i = 0; i < 50; i++)
        seen |= (int64_t)1 << items[i];
    assert_int_equal(seen, ((int64_t)1 << 50) - 1);
    for (int i = 0; i < 1000; i++)
        assert_true(random_below(&r, 7) < 7);
}

static void files_are_whole_or_not_there(void **state)
{
    (void)state;
    char folder[] = "/tmp/smac-base-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *path = path_join(folder, "x.txt");
    assert_ok(file_write(path, "hello", 5, error));
    char *data;
    size_t size;
    assert_ok(file_read(path, 0, &data, &size, error));
    assert_string_equal(data, "hello");
    free(data);
    /* a full disk while it is written: the old file stays, nothing half-written lies about */
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {1000, 1000};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        char big[5000] = {0};
        smac_error error = {0};
        smac_status code = file_write(path, big, sizeof big, &error);
        _exit(code == SMAC_ERROR_IO && strstr(error.message, "unchanged") ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    assert_ok(file_read(path, 0, &data, &size, error));
    assert_int_equal(size, 5);
    free(data);
    assert_int_equal(file_read(path, 3, &data, &size, NULL), SMAC_ERROR_FORMAT);
    smac_error error;
    assert_int_equal(file_read(folder, 0, &data, &size, &error), SMAC_ERROR_FORMAT);
    assert_non_null(strstr(error.message, "is a folder"));
    assert_int_equal(file_read("/nonexistent/x", 0, &data, &size, &error), SMAC_ERROR_NOT_FOUND);
    unlink(path);
    assert_int_equal(rmdir(folder), 0); /* nothing else lies in it */
    free(path);
}

/* A link stays a link, a private file private, a pipe a pipe; what is to be mapped must be a file. */
static void streams_and_links_are_not_replaced(void **state)
{
    (void)state;
    char folder[] = "/tmp/smac-base-XXXXXX", got[8] = "", *data;
    assert_non_null(mkdtemp(folder));
    char *file = path_join(folder, "file"), *link = path_join(folder, "link"), *fifo = path_join(folder, "fifo");
    struct stat status;
    smac_error error;
    mapped_file map;
    assert_ok(file_write(file, "old", 3, error));
    assert_int_equal(chmod(file, 0600), 0);
    assert_int_equal(symlink("file", link), 0);
    assert_ok(file_write(link, "new", 3, error));
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_int_equal(stat(file, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_ok(file_read(file, 0, &data, NULL, error));
    assert_string_equal(data, "new");
    free(data);

    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(file_map(fifo, &map, &error), SMAC_ERROR_FORMAT); /* at once: nobody writes to it */
    assert_non_null(strstr(error.message, "a pipe"));
    int end = open(fifo, O_RDONLY | O_NONBLOCK);
    assert_true(end >= 0);
    assert_ok(file_write(fifo, "piped", 5, error));
    assert_int_equal(read(end, got, sizeof got), 5);
    close(end);
    assert_string_equal(got, "piped");
    assert_int_equal(lstat(fifo, &status), 0);
    assert_true(S_ISFIFO(status.st_mode));
    assert_int_equal(file_write("", "x", 1, &error), SMAC_ERROR_ARGUMENT);
    char *all[] = {file, link, fifo};
    for (int i = 0; i < 3; i++) {
        unlink(all[i]);
        free(all[i]);
    }
    assert_int_equal(rmdir(folder), 0);
}

static bool ends_in_a(const char *folder, const char *name)
{
    assert_non_null(folder);
    return name[strlen(name) - 1] == 'a';
}

static void folders_are_listed_in_order(void **state)
{
    (void)state;
    char folder[] = "/tmp/smac-folder-XXXXXX", **names = NULL;
    size_t count = 9;
    assert_non_null(mkdtemp(folder));
    static const char *const made[] = {"ba", "aa", "Za", "c", ".ha"};
    for (int i = 0; i < 5; i++) {
        char *path = path_join(folder, made[i]);
        assert_ok(file_write(path, "x", 1, error));
        free(path);
    }
    assert_ok(folder_list(folder, ends_in_a, &names, &count, error));
    assert_int_equal(count, 3);
    assert_string_equal(names[0], "Za");
    assert_string_equal(names[1], "aa");
    assert_string_equal(names[2], "ba");
    folder_list_free(names, count);
    for (int i = 0; i < 5; i++) {
        char *path = path_join(folder, made[i]);
        unlink(path);
        free(path);
    }
    rmdir(folder);
    assert_ok(folder_list(folder, ends_in_a, &names, &count, error)); /* gone */
    assert_int_equal(count, 0);
    assert_int_equal(folder_list(SMAC_SOURCE_DIR "/CMakeLists.txt", ends_in_a, &names, &count, NULL), SMAC_ERROR_IO);
}

static void sha256_is_the_standard_one(void **state)
{
    (void)state;
    char hex[65];
    sha256_hex("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void utf8_is_checked(void **state)
{
    (void)state;
    assert_int_equal(utf8_invalid_at("caf\xC3\xA9", 5), SIZE_MAX);
    assert_int_equal(utf8_invalid_at("caf\xE9", 4), 3);
    assert_int_equal(utf8_invalid_at("\xC0\xAF", 2), 0);         /* overlong */
    assert_int_equal(utf8_invalid_at("\xED\xA0\x80", 3), 0);     /* surrogate */
    assert_int_equal(utf8_invalid_at("\xF4\x90\x80\x80", 4), 0); /* above U+10FFFF */
    size_t at = 0;
    assert_int_equal(utf8_next("\xF0\x9F\x98\x80", 4, &at), 0x1F600);
    assert_int_equal(at, 4);
    char out[4];
    assert_int_equal(utf8_put(0x1F600, out), 4);
    assert_memory_equal(out, "\xF0\x9F\x98\x80", 4);
    assert_int_equal(utf8_put(0x4E2D, out), 3);
    assert_memory_equal(out, "\xE4\xB8\xAD", 3);
}

static void numbers_are_whole(void **state)
{
    (void)state;
    double x;
    int64_t n;
    assert_true(number_parse("-0.25", &x) && x == -0.25);
    assert_false(number_parse("1,5", &x));
    assert_false(number_parse("", &x));
    assert_false(number_parse(" 1", &x));
    assert_true(number_parse_integer("12", &n) && n == 12);
    assert_false(number_parse_integer("12a", &n));
    assert_false(number_parse_integer("99999999999999999999", &n));
}

static void csv_follows_rfc_4180(void **state)
{
    (void)state;
    static const char text[] = "\xEF\xBB\xBFid,text\r\n1,\"a \"\"b\"\", c\nd\"\r\n\r\n0001,,\nlast";
    csv_table t;
    assert_ok(csv_parse(text, sizeof text - 1, &t, error));
    assert_int_equal(t.count, 4);
    assert_int_equal(csv_column(&t, "text"), 1);
    assert_int_equal(csv_column(&t, "none"), -1);
    assert_string_equal(t.rows[1].cells[1], "a \"b\", c\nd");
    assert_int_equal(t.rows[2].count, 3);
    assert_string_equal(t.rows[2].cells[0], "0001");
    assert_int_equal(t.rows[2].line, 5);
    assert_string_equal(t.rows[3].cells[0], "last");
    csv_free(&t);
    smac_error error;
    assert_int_equal(csv_parse("a,\"b", 4, &t, &error), SMAC_ERROR_FORMAT);
    text_buffer b = {0};
    csv_add_cell(&b, "plain", true);
    csv_add_cell(&b, "a \"b\", c", false);
    assert_string_equal(b.data, "plain,\"a \"\"b\"\", c\"");
    text_free(&b);
    csv_add_cell(&b, "\xEF\xBB\xBFx", true); /* a cell's own mark, at the start of a file */
    assert_ok(csv_parse(b.data, b.length, &t, error));
    assert_string_equal(t.rows[0].cells[0], "\xEF\xBB\xBFx");
    csv_free(&t);
    text_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_checked),
        cmocka_unit_test(arenas_release_to_a_mark),
        cmocka_unit_test(philox_gives_the_published_numbers),
        cmocka_unit_test(random_numbers_have_their_moments),
        cmocka_unit_test(files_are_whole_or_not_there),
        cmocka_unit_test(streams_and_links_are_not_replaced),
        cmocka_unit_test(folders_are_listed_in_order),
        cmocka_unit_test(sha256_is_the_standard_one),
        cmocka_unit_test(utf8_is_checked),
        cmocka_unit_test(numbers_are_whole),
        cmocka_unit_test(csv_follows_rfc_4180),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
