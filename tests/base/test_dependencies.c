/*
 * tests/base/test_dependencies.c - each file of src/MODULE includes only its own module and modules that it depends on (CMakeLists.txt), and
 * a device's memory is named by autograd, nn and compute alone.
 */
#include "support/check.h"

#include <dirent.h>

#include "base/file.h"
#include "base/path.h"

enum { MAX_MODULES = 32 };
static char names[MAX_MODULES][32];
static uint32_t below[MAX_MODULES]; /* bit r: module r may be included */
static uint32_t program_only;       /* bit r: module r is not in the shared library */
static int modules;

static int module_by_name(const char *name)
{
    for (int i = 0; i < modules; i++)
        if (!strcmp(names[i], name))
            return i;
    return -1;
}

/* smac_module(NAME MODULES a b LIBS ...) lines, in order: a module links only modules named before it */
static void read_modules(void)
{
    char *text, *save = NULL;
    assert_ok(file_read(SMAC_SOURCE_DIR "/CMakeLists.txt", 0, &text, NULL, error));
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (strncmp(line, "smac_module(", 12))
            continue;
        char *inner = NULL, *word = strtok_r(line + 12, " )", &inner);
        snprintf(names[modules], sizeof names[modules], "%s", word);
        uint32_t mask = 1u << modules;
        bool in_modules = false;
        while ((word = strtok_r(NULL, " )", &inner))) {
            if (!strcmp(word, "MODULES")) {
                in_modules = true;
            } else if (!strcmp(word, "LIBS")) {
                in_modules = false;
            } else if (!strcmp(word, "PROGRAM")) {
                program_only |= 1u << modules;
            } else if (in_modules) {
                int lower = module_by_name(word);
                if (lower < 0)
                    fail_msg("%s links %s, which is not below it", names[modules], word);
                mask |= below[lower];
            }
        }
        below[modules++] = mask;
    }
    free(text);
}

static int check_file(const char *path, int module)
{
    char *text, *save = NULL;
    int wrong = 0;
    assert_ok(file_read(path, 0, &text, NULL, error));
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char target[64];
        if (sscanf(line, "#include \"%60[a-z_]/", target) != 1)
            continue;
        int other = module_by_name(target);
        if (other >= 0 && !(below[module] & 1u << other)) {
            print_error("%s includes %s, which is not below %s\n", path, target, names[module]);
            wrong++;
        }
    }
    free(text);
    return wrong;
}

static int check_folder(const char *folder, int module)
{
    int wrong = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        char *path = path_join(folder, e->d_name);
        wrong += file_is_folder(path) ? check_folder(path, module) : check_file(path, module);
        free(path);
    }
    if (d)
        closedir(d);
    return wrong;
}

static void includes_point_down(void **state)
{
    (void)state;
    read_modules();
    assert_true(modules >= 10);
    int wrong = 0;
    for (int i = 0; i < modules; i++) {
        char *folder = path_join(SMAC_SOURCE_DIR "/src", names[i]);
        wrong += check_folder(folder, i);
        free(folder);
    }
    assert_int_equal(wrong, 0);
}

/* What the shared library contains must not need what only the program links (training, downloads). */
static void the_library_needs_no_program_module(void **state)
{
    (void)state;
    assert_true(program_only != 0);
    for (int i = 0; i < modules; i++)
        if (!(program_only & 1u << i) && below[i] & program_only)
            fail_msg("%s is part of the shared library, but links a module marked PROGRAM", names[i]);
}

/*
 * A value's or parameter's device_data is memory of a device: only autograd, nn and compute may name it; all others use
 * tape_read and its like (autograd/tape.h) and parameter_map (nn/parameters.h).
 */
static int count_device_data(const char *path)
{
    char *text, *save = NULL;
    int wrong = 0;
    if (file_is_folder(path)) {
        DIR *d = opendir(path);
        for (struct dirent *e; d && (e = readdir(d));) {
            char *inner = e->d_name[0] == '.' ? NULL : path_join(path, e->d_name);
            wrong += inner ? count_device_data(inner) : 0;
            free(inner);
        }
        if (d)
            closedir(d);
        return wrong;
    }
    assert_ok(file_read(path, 0, &text, NULL, error));
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (!strstr(line, "device_data"))
            continue;
        print_error("%s: \"%s\" names device_data\n", path, line);
        wrong++;
    }
    free(text);
    return wrong;
}

static void device_memory_is_private(void **state)
{
    (void)state;
    int wrong = count_device_data(SMAC_SOURCE_DIR "/apps") + count_device_data(SMAC_SOURCE_DIR "/bench");
    for (int i = 0; i < modules; i++) {
        if (!strcmp(names[i], "autograd") || !strcmp(names[i], "nn") || !strcmp(names[i], "compute"))
            continue;
        char *folder = path_join(SMAC_SOURCE_DIR "/src", names[i]);
        wrong += count_device_data(folder);
        free(folder);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(includes_point_down),
        cmocka_unit_test(the_library_needs_no_program_module), cmocka_unit_test(device_memory_is_private)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
