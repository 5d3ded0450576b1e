/* tests/compute/levels.h - run a test program once more for every way of computing that this machine has. */
#ifndef SMAC_TESTS_COMPUTE_LEVELS_H
#define SMAC_TESTS_COMPUTE_LEVELS_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compute/cpu.h"

static inline int run_again(char **argv, const char *name, const char *value)
{
    fflush(stdout);
    fflush(stderr);
    pid_t child = fork();
    if (child == 0) {
        setenv(name, value, 1);
        setenv("SMAC_TEST_CHILD", "1", 1);
        execv(argv[0], argv);
        _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
        fprintf(stderr, "%s=%s: the tests failed\n", name, value);
        return 1;
    }
    return 0;
}

/* Failures of the runs with lower kernels, and with oneDNN's products where it can do them.  No-op in those runs. */
static inline int run_other_levels(char **argv)
{
    int failed = 0;
    if (getenv("SMAC_TEST_CHILD"))
        return 0;
    for (kernel_level level = KERNEL_PLAIN; level < cpu_best_level(); level++)
        failed += run_again(argv, "SMAC_KERNELS", kernel_level_name(level));
    failed += run_again(argv, "SMAC_PRODUCTS", "onednn"); /* without its instructions: the usual run once more */
    return failed;
}

#endif
