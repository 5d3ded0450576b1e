/*
 * The feature store: what was put comes back to the bit, also in another process; half-written and damaged records are
 * made again; another description is another file; several writers at once lose nothing.
 */
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/sha256.h"
#include "data/feature_store.h"
#include "support/folder.h"

static feature_key key_of(int clip)
{
    feature_key key = {.start = clip * 0.5, .end = clip * 0.5 + 2};
    char name[16];
    snprintf(name, sizeof name, "clip %d", clip);
    sha256_hex(name, strlen(name), key.media);
    return key;
}

static feature_sequence vectors_of(int clip, float *values)
{
    feature_sequence v = {.steps = 1 + clip % 3, .crops = 1, .width = 5, .data = values};
    for (int i = 0; i < v.steps * v.width; i++)
        values[i] = (float)(clip * 100 + i) / 7;
    return v;
}

static void put(feature_store *s, int clip)
{
    float values[64];
    feature_key key = key_of(clip);
    feature_sequence v = vectors_of(clip, values);
    assert_ok(feature_store_put(s, &key, &v, error));
}

/* Whether the store has the clip's vectors; if so they are the right ones. */
static bool has(feature_store *s, int clip)
{
    float values[64];
    bool found;
    feature_key key = key_of(clip);
    feature_sequence wanted = vectors_of(clip, values), got = {0};
    assert_ok(feature_store_get(s, &key, &got, &found, error));
    if (!found)
        return false;
    assert_int_equal(got.steps, wanted.steps);
    assert_int_equal(got.width, wanted.width);
    assert_memory_equal(got.data, wanted.data, (size_t)(got.steps * got.width) * sizeof(float));
    free(got.data);
    return true;
}

static void find_store(const char *folder, char path[512])
{
    char digest[65], name[64];
    sha256_hex("one way", 7, digest);
    snprintf(name, sizeof name, "vectors-%.16s.store", digest);
    file_in(folder, name, path);
}

static void comes_back(void **state)
{
    (void)state;
    char folder[256];
    feature_store *s = NULL;
    folder_new(folder);
    assert_ok(feature_store_open(folder, "one way", &s, error));
    assert_false(has(s, 1));
    for (int i = 0; i < 3000; i++)
        put(s, i);
    assert_true(has(s, 0) && has(s, 2999) && !has(s, 3000));
    feature_key other = key_of(7);
    bool found;
    feature_sequence got;
    other.end += 1;
    assert_ok(feature_store_get(s, &other, &got, &found, error));
    assert_false(found);
    feature_store_close(s);
    assert_ok(feature_store_open(folder, "one way", &s, error));
    assert_int_equal(feature_store_count(s), 3000);
    for (int i = 0; i < 3000; i++)
        assert_true(has(s, i));
    feature_store_close(s);
    assert_ok(feature_store_open(folder, "another way", &s, error));
    assert_false(has(s, 1));
    feature_store_close(s);
    folder_remove(folder);
}

static void half_a_record_is_cut_off(void **state)
{
    (void)state;
    char folder[256], path[512];
    feature_store *s = NULL;
    struct stat info;
    folder_new(folder);
    find_store(folder, path);
    assert_ok(feature_store_open(folder, "one way", &s, error));
    put(s, 1);
    put(s, 2);
    feature_store_close(s);
    assert_int_equal(stat(path, &info), 0);
    for (int cut = 1; cut < 130; cut += 16) { /* as kill -9 may leave it */
        assert_int_equal(truncate(path, info.st_size - cut), 0);
        assert_ok(feature_store_open(folder, "one way", &s, error));
        assert_true(has(s, 1) && !has(s, 2));
        put(s, 2);
        assert_true(has(s, 2));
        feature_store_close(s);
        struct stat now;
        assert_int_equal(stat(path, &now), 0);
        assert_int_equal(now.st_size, info.st_size);
    }
    folder_remove(folder);
}

static void a_damaged_record_is_made_again(void **state)
{
    (void)state;
    char folder[256], path[512], *bytes = NULL;
    size_t size = 0;
    feature_store *s = NULL;
    folder_new(folder);
    find_store(folder, path);
    assert_ok(feature_store_open(folder, "one way", &s, error));
    put(s, 1);
    put(s, 2);
    feature_store_close(s);
    assert_ok(file_read(path, 0, &bytes, &size, error));
    bytes[size - 3] ^= 1; /* in the floats of clip 2 */
    assert_ok(file_write(path, bytes, size, error));
    free(bytes);
    assert_ok(feature_store_open(folder, "one way", &s, error));
    assert_true(has(s, 1) && !has(s, 2));
    assert_int_equal(feature_store_damaged(s), 1);
    put(s, 2);
    assert_true(has(s, 2));
    feature_store_close(s);
    folder_remove(folder);
}

static void what_is_refused(void **state)
{
    (void)state;
    char folder[256], path[512];
    feature_store *s = NULL;
    smac_error why = {0};
    folder_new(folder);
    find_store(folder, path);
    assert_ok(file_write(path, "something else", 14, error));
    assert_int_equal(feature_store_open(folder, "one way", &s, &why), SMAC_ERROR_FORMAT);
    assert_ok(file_write(path, "SMACVEC\x01\x07\0\0\0\0\0\0\0two way", 23, error));
    assert_int_equal(feature_store_open(folder, "one way", &s, &why), SMAC_ERROR_FORMAT);
    assert_non_null(strstr(why.message, "another way"));
    assert_int_equal(remove(path), 0);
    assert_ok(feature_store_open(folder, "one way", &s, error));
    feature_key key = key_of(1);
    feature_sequence none = {.steps = 1, .crops = 0, .width = 5};
    assert_int_equal(feature_store_put(s, &key, &none, &why), SMAC_ERROR_ARGUMENT);
    feature_store_close(s);
    folder_remove(folder);
}

/* A full disk, played by a limit on the size of files: the error says so, and what was there before is whole. */
static void a_full_disk(void **state)
{
    (void)state;
    char folder[256];
    feature_store *s = NULL;
    folder_new(folder);
    assert_ok(feature_store_open(folder, "one way", &s, error));
    put(s, 1);
    feature_store_close(s);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {.rlim_cur = 1000, .rlim_max = 1000};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        smac_error why = {0};
        smac_status status = feature_store_open(folder, "one way", &s, &why);
        for (int i = 2; i < 100 && status == SMAC_OK; i++) {
            float values[64];
            feature_key key = key_of(i);
            feature_sequence v = vectors_of(i, values);
            status = feature_store_put(s, &key, &v, &why);
        }
        _exit(status == SMAC_ERROR_IO && strstr(why.message, "cannot be written") ? 0 : 1);
    }
    int status;
    assert_true(waitpid(child, &status, 0) == child && WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_ok(feature_store_open(folder, "one way", &s, error));
    assert_true(has(s, 1));
    assert_int_equal(feature_store_damaged(s), 0);
    put(s, 200); /* it goes on */
    assert_true(has(s, 200));
    feature_store_close(s);
    folder_remove(folder);
}

/* Four processes fill one store; each sees what the others wrote. */
static void several_writers(void **state)
{
    (void)state;
    enum { WRITERS = 4, EACH = 200 };
    char folder[256];
    feature_store *s = NULL;
    folder_new(folder);
    for (int w = 0; w < WRITERS; w++) {
        pid_t child = fork();
        if (child == 0) {
            feature_store *mine = NULL;
            bool good = feature_store_open(folder, "one way", &mine, NULL) == SMAC_OK;
            for (int i = 0; good && i < EACH; i++) {
                float values[64];
                feature_key key = key_of(w * EACH + i);
                feature_sequence v = vectors_of(w * EACH + i, values);
                good = feature_store_put(mine, &key, &v, NULL) == SMAC_OK;
            }
            feature_store_close(mine);
            _exit(good ? 0 : 1);
        }
    }
    for (int w = 0; w < WRITERS; w++) {
        int status;
        assert_true(wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    assert_ok(feature_store_open(folder, "one way", &s, error));
    for (int i = 0; i < WRITERS * EACH; i++)
        assert_true(has(s, i));
    assert_int_equal(feature_store_count(s), WRITERS * EACH);
    feature_store_close(s);
    folder_remove(folder);
}

static void digests_follow_the_file(void **state)
{
    (void)state;
    char folder[256], path[512], list[512], digest[65], expected[65], *text = NULL;
    size_t size = 0;
    feature_store *s = NULL;
    folder_new(folder);
    file_in(folder, "clip.bin", path);
    file_in(folder, "digests.tsv", list);
    assert_ok(feature_store_open(folder, "one way", &s, error));
    assert_ok(file_write(path, "first", 5, error));
    sha256_hex("first", 5, expected);
    assert_ok(feature_store_digest(s, path, digest, error));
    assert_string_equal(digest, expected);
    assert_ok(feature_store_digest(s, path, digest, error));
    assert_ok(file_read(list, 0, &text, &size, error));
    assert_ptr_equal(strchr(text, '\n'), text + size - 1); /* read once: one line */
    free(text);
    assert_ok(file_write(path, "second", 6, error)); /* another size */
    sha256_hex("second", 6, expected);
    assert_ok(feature_store_digest(s, path, digest, error));
    assert_string_equal(digest, expected);
    feature_store_close(s);
    assert_ok(feature_store_open(folder, "one way", &s, error));
    assert_ok(feature_store_digest(s, path, digest, error));
    assert_string_equal(digest, expected);
    assert_int_equal(feature_store_digest(s, "/no/such/file", digest, NULL), SMAC_ERROR_NOT_FOUND);
    feature_store_close(s);
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(comes_back), cmocka_unit_test(half_a_record_is_cut_off),
        cmocka_unit_test(a_damaged_record_is_made_again), cmocka_unit_test(what_is_refused),
        cmocka_unit_test(a_full_disk), cmocka_unit_test(several_writers), cmocka_unit_test(digests_follow_the_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
