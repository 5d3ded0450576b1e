/* tests/base/test_files.c - writers side by side, what killed ones leave, files that change while they are read. */
#include "support/folder.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/path.h"
#include "base/sha256.h"

enum { THREADS = 8, WRITES = 40, LENGTH = 20000 };

typedef struct writing {
    const char *path;
    int letter, failed;
} writing;

static void *write_again_and_again(void *context)
{
    writing *w = context;
    char *text = malloc(LENGTH);
    memset(text, w->letter, LENGTH);
    for (int i = 0; i < WRITES; i++)
        w->failed += file_write(w->path, text, LENGTH, NULL) != SMAC_OK;
    free(text);
    return NULL;
}

static int count_entries(const char *folder)
{
    int count = -2;
    DIR *list = opendir(folder);
    while (list && readdir(list))
        count++;
    closedir(list);
    return count;
}

static void two_threads_may_write_one_path(void **state)
{
    (void)state;
    char folder[256], path[512];
    folder_new(folder);
    file_in(folder, "x", path);
    pthread_t threads[THREADS];
    writing w[THREADS];
    for (int i = 0; i < THREADS; i++) {
        w[i] = (writing){path, 'a' + i, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, write_again_and_again, &w[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(w[i].failed, 0);
    }
    char *text;
    size_t size;
    assert_ok(file_read(path, 0, &text, &size, error));
    assert_int_equal(size, LENGTH);
    for (size_t i = 1; i < size; i++)
        assert_int_equal(text[i], text[0]); /* one thread's, whole */
    free(text);
    assert_int_equal(count_entries(folder), 1);
    folder_remove(folder);
}

static void only_what_nobody_writes_is_a_leftover(void **state)
{
    (void)state;
    char folder[256], path[512], other[512];
    folder_new(folder);
    file_in(folder, "x", path);
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork(); /* another process, whose number may mean nothing here (a container's) */
    if (child == 0) {
        file_writer w;
        if (file_writer_begin(&w, path, NULL) != SMAC_OK || write(ready[1], "x", 1) != 1)
            _exit(1);
        pause();
    }
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    file_writer own;
    assert_ok(file_writer_begin(&own, path, error));
    write_text(folder, "notes.partial-draft.txt", "a user's");
    write_text(folder, ".partial-0123456789abcdef", "a user's");
    assert_int_equal(symlink("notes.partial-draft.txt", file_in(folder, "y.partial-0123456789abcdef", other)), 0);
    file_remove_leftovers(folder);
    assert_int_equal(count_entries(folder), 5); /* both writers' and the three others */
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    file_remove_leftovers(folder);
    assert_int_equal(count_entries(folder), 4); /* the killed one's is gone */
    assert_ok(file_writer_commit(&own, error));
    assert_true(file_exists(path));
    file_remove_leftovers("/nonexistent/folder");
    close(ready[0]);
    close(ready[1]);
    folder_remove(folder);
}

static void a_link_with_a_guessed_name_is_not_followed(void **state)
{
    (void)state;
    char folder[256], path[512], victim[512], guess[600];
    folder_new(folder);
    file_in(folder, "x", path);
    write_text(folder, "victim", "precious");
    snprintf(guess, sizeof guess, "%s.partial-%ld", path, (long)getpid()); /* what it once was */
    assert_int_equal(symlink(file_in(folder, "victim", victim), guess), 0);
    assert_ok(file_write(path, "new", 3, error));
    char *text;
    assert_ok(file_read(victim, 0, &text, NULL, error));
    assert_string_equal(text, "precious");
    free(text);
    folder_remove(folder);
}

static void a_file_that_changes_under_a_mapping_is_seen(void **state)
{
    (void)state;
    char folder[256], path[512];
    folder_new(folder);
    file_in(folder, "x", path);
    mapped_file map;
    smac_error e = {0};
    write_text(folder, "x", "some text");
    assert_ok(file_map(path, &map, error));
    assert_ok(file_map_check(&map, error));
    assert_ok(file_write(path, "replaced by a rename", 20, error)); /* the mapping is of the old file */
    assert_ok(file_map_check(&map, error));
    assert_memory_equal(map.data, "some text", 9);
    file_unmap(&map);
    assert_ok(file_map(path, &map, error));
    assert_int_equal(truncate(path, 3), 0);
    assert_int_equal(file_map_check(&map, &e), SMAC_ERROR_IO);
    assert_non_null(strstr(e.message, "from 20 to 3 bytes"));
    file_unmap(&map);
    assert_ok(file_map(path, &map, error));
    struct timespec times[2] = {{1, 0}, {1, 0}}; /* written to, of the same length */
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    assert_int_equal(file_map_check(&map, &e), SMAC_ERROR_IO);
    file_unmap(&map);
    assert_ok(file_map_check(&map, error)); /* nothing is mapped */
    folder_remove(folder);
}

static void a_file_is_hashed_in_pieces(void **state)
{
    (void)state;
    char folder[256], path[512], whole[65], pieces[65];
    folder_new(folder);
    size_t size = (9 << 20) + 17;
    char *data = malloc(size);
    for (size_t i = 0; i < size; i++)
        data[i] = (char)(i * 2654435761u >> 13);
    assert_ok(file_write(file_in(folder, "x", path), data, size, error));
    sha256_hex(data, size, whole);
    assert_ok(sha256_file(path, pieces, error));
    assert_string_equal(whole, pieces);
    assert_int_equal(sha256_file(folder, pieces, NULL), SMAC_ERROR_FORMAT);
    assert_string_equal(pieces, "");
    free(data);
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(two_threads_may_write_one_path),
        cmocka_unit_test(only_what_nobody_writes_is_a_leftover),
        cmocka_unit_test(a_link_with_a_guessed_name_is_not_followed),
        cmocka_unit_test(a_file_that_changes_under_a_mapping_is_seen), cmocka_unit_test(a_file_is_hashed_in_pieces)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
