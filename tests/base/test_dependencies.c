/*
 * tests/base/test_dependencies.c - each file of src/MODULE includes only its own module and modules that it depends on
 * (CMakeLists.txt), a device's memory is named by autograd, nn and compute alone, and parameter lists are short.
 */
#include "support/check.h"

#include <ctype.h>
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

/* What check finds in every file of a folder, in all; it may change the text. */
static int check_tree(const char *path, int (*check)(const char *path, char *text, int module), int module)
{
    int wrong = 0;
    if (file_is_folder(path)) {
        DIR *d = opendir(path);
        for (struct dirent *e; d && (e = readdir(d));) {
            char *inner = e->d_name[0] == '.' ? NULL : path_join(path, e->d_name);
            wrong += inner ? check_tree(inner, check, module) : 0;
            free(inner);
        }
        if (d)
            closedir(d);
        return wrong;
    }
    char *text;
    assert_ok(file_read(path, 0, &text, NULL, error));
    wrong = check(path, text, module);
    free(text);
    return wrong;
}

static int check_modules(int (*check)(const char *path, char *text, int module))
{
    int wrong = 0;
    for (int i = 0; i < modules; i++) {
        char *folder = path_join(SMAC_SOURCE_DIR "/src", names[i]);
        wrong += check_tree(folder, check, i);
        free(folder);
    }
    return wrong;
}

static int check_includes(const char *path, char *text, int module)
{
    char *save = NULL;
    int wrong = 0;
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
    return wrong;
}

static void includes_point_down(void **state)
{
    (void)state;
    read_modules();
    assert_true(modules >= 10);
    assert_int_equal(check_modules(check_includes), 0);
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
static int check_device_data(const char *path, char *text, int module)
{
    char *save = NULL;
    int wrong = 0;
    if (module >= 0 &&
        (!strcmp(names[module], "autograd") || !strcmp(names[module], "nn") || !strcmp(names[module], "compute")))
        return 0;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (!strstr(line, "device_data"))
            continue;
        print_error("%s: \"%s\" names device_data\n", path, line);
        wrong++;
    }
    return wrong;
}

static void device_memory_is_private(void **state)
{
    (void)state;
    int wrong = check_tree(SMAC_SOURCE_DIR "/apps", check_device_data, -1) +
        check_tree(SMAC_SOURCE_DIR "/bench", check_device_data, -1) + check_modules(check_device_data);
    assert_int_equal(wrong, 0);
}

enum { MOST_PARAMETERS = 7 };

/* The parameters of the function that a line at the left margin declares or defines; 0: it is something else. */
static int count_parameters(const char *line)
{
    const char *at = line + strcspn(line, "(;={#");
    if (!(isalpha((unsigned char)*line) || *line == '_') || *at != '(')
        return 0;
    int depth = 0, count = 1;
    for (; *at; at++) {
        if (!strncmp(at, "/*", 2) && !(at = strstr(at, "*/")))
            return 0;
        depth += (*at == '(') - (*at == ')');
        count += *at == ',' && depth == 1;
        if (depth == 0)
            return count;
    }
    return 0;
}

static int check_parameters(const char *path, char *text, int module)
{
    (void)module;
    int wrong = 0;
    if (strstr(path, "/compute/kernels_") || strstr(path, "/compute/tiles"))
        return 0; /* inner loops, whose numbers are in registers */
    for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        int count = count_parameters(line);
        if (count > MOST_PARAMETERS) {
            print_error("%s: %.*s... has %d parameters, at most %d are allowed: use a struct\n", path,
                (int)strcspn(line, "(\n"), line, count, MOST_PARAMETERS);
            wrong++;
        }
    }
    return wrong;
}

static void parameter_lists_are_short(void **state)
{
    (void)state;
    assert_int_equal(count_parameters("static int f(int a, g(*b)(int, int), /* one, two */ int c)\n{"), 3);
    assert_int_equal(count_parameters("    f(1, 2);\n"), 0);
    assert_int_equal(count_parameters("#define F(a, b)\n"), 0);
    int wrong = check_modules(check_parameters) + check_tree(SMAC_SOURCE_DIR "/apps", check_parameters, -1) +
        check_tree(SMAC_SOURCE_DIR "/include", check_parameters, -1) +
        check_tree(SMAC_SOURCE_DIR "/bench", check_parameters, -1);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(includes_point_down),
        cmocka_unit_test(the_library_needs_no_program_module), cmocka_unit_test(device_memory_is_private),
        cmocka_unit_test(parameter_lists_are_short)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
