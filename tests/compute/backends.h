/* tests/compute/backends.h - run a test program once more for every way of computing that this machine has. */
#ifndef SMAC_TESTS_COMPUTE_BACKENDS_H
#define SMAC_TESTS_COMPUTE_BACKENDS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compute/backend.h"

/* Is this one of those further runs? */
static inline bool is_other_backend(void)
{
    return getenv("SMAC_TEST_CHILD") != NULL;
}

static inline int run_again(char **argv, const char *kernels, const char *mask, const char *products)
{
    fflush(stdout);
    fflush(stderr);
    pid_t child = fork();
    if (child == 0) {
        setenv("SMAC_KERNELS", kernels, 1);
        setenv("SMAC_CPU_MASK", mask, 1);
        setenv("SMAC_PRODUCTS", products, 1);
        setenv("SMAC_TEST_CHILD", "1", 1);
        execv(argv[0], argv);
        _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
        fprintf(
            stderr, "SMAC_KERNELS=%s SMAC_CPU_MASK=%s SMAC_PRODUCTS=%s: the tests failed\n", kernels, mask, products);
        return 1;
    }
    return 0;
}

/* Failures of the runs with other backends and tiles, and with oneDNN's products.  None in those runs themselves. */
static inline int run_other_backends(char **argv)
{
    static const struct {
        const char *kernels, *mask;
    } ways[] = {{"plain", ""}, {"avx2", ""}, {"avx2", "avx_vnni,avx512_vnni"}, {"avx512", "avx512_bf16"},
        {"avx512", "avx512_vnni"}, {"avx512", "avx512_bf16,avx512_vnni"}};
    int failed = 0;
    if (is_other_backend() || getenv("SMAC_KERNELS")) /* the caller has chosen one */
        return 0;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        cpu_features without = cpu_features_named(ways[i].mask);
        backend_choice c = backend_for(cpu_get(), ways[i].kernels);
        if (!strcmp(c.name, ways[i].kernels) && (!without || (cpu_get() & without)))
            failed += run_again(argv, ways[i].kernels, ways[i].mask, "");
    }
    return failed + run_again(argv, "", "", "onednn"); /* without its instructions: the usual run once more */
}

#endif
