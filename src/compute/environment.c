/* compute/environment.c - the environment, read once. */
#include "compute/environment.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static compute_environment environment;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void copy_variable(char *out, size_t size, const char *name)
{
    const char *text = getenv(name);
    snprintf(out, size, "%s", text ? text : "");
}

static void read_environment(void)
{
    char text[32];
    copy_variable(text, sizeof text, "OMP_NUM_THREADS");
    long threads = strtol(text, NULL, 10);
    environment.threads = threads < 0 ? 0 : threads > 65536 ? 65536 : (int)threads;
    copy_variable(environment.kernels, sizeof environment.kernels, "SMAC_KERNELS");
    copy_variable(environment.cpu_mask, sizeof environment.cpu_mask, "SMAC_CPU_MASK");
    copy_variable(text, sizeof text, "SMAC_PRODUCTS");
    environment.products = !strcmp(text, "own") ? PRODUCTS_OWN
        : !strcmp(text, "onednn")               ? PRODUCTS_ONEDNN
                                                : PRODUCTS_CHOSEN;
}

/* Before the host has other threads, if it links the library. */
__attribute__((constructor)) static void read_at_load(void)
{
    pthread_once(&once, read_environment);
}

const compute_environment *environment_get(void)
{
    pthread_once(&once, read_environment);
    return &environment;
}
