/*
 * semanticmac/library.h - the library as a whole: its version, threads, memory, messages.
 *
 * Threads.  The work of a call is shared with threads of the library's own, but callbacks are always called by the
 * thread that made the call, before the call returns.
 *
 * Processes.  A child process made by fork may use the library and the models that its parent opened, if no other thread
 * was inside a call of the library at the moment of the fork; it gets threads of its own.
 *
 * What the library changes for the whole process: opening a recording sets libav's log level to quiet
 * (av_log_set_level), since libav would write to standard error.  Nothing else: no locale, no signal handler, no
 * environment variable is set, and nothing is printed.
 */
#ifndef SEMANTICMAC_LIBRARY_H
#define SEMANTICMAC_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "semanticmac/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this header; smac_version tells that of the library that runs. */
#define SMAC_VERSION_MAJOR 0
#define SMAC_VERSION_MINOR 1
#define SMAC_VERSION_PATCH 0
#define SMAC_VERSION_HEX ((SMAC_VERSION_MAJOR << 16) | (SMAC_VERSION_MINOR << 8) | SMAC_VERSION_PATCH)

/* "0.1.0".  Thread-safe: always. */
SMAC_API const char *smac_version(void);
/* As SMAC_VERSION_HEX.  Thread-safe: always. */
SMAC_API int smac_version_hex(void);
/*
 * The processor and the kernels chosen for it, one line into out (200 bytes are enough); returns out.
 * Thread-safe: always.
 */
SMAC_API const char *smac_processor(char *out, size_t size);

/*
 * How many threads the process's calls may use; 0 (as at the start): as many as it has processors.  A request's own
 * options go before it.  Results do not depend on the number.  Work that has begun keeps its number.
 * Thread-safe: always.
 */
SMAC_API void smac_set_threads(int count);

/*
 * Frees what a function of the library returned as "free with smac_free"; NULL is fine.
 * Thread-safe when: no other thread uses the memory.
 */
SMAC_API void smac_free(void *memory);

/* Modalities are in this order everywhere. */
enum { SMAC_TEXT, SMAC_AUDIO, SMAC_VISION, SMAC_MODALITIES };

typedef enum smac_log_level { SMAC_LOG_DEBUG, SMAC_LOG_INFO, SMAC_LOG_WARNING } smac_log_level;

/*
 * Option structs.  The first member of each is its size, which the ..._default function or macro sets, so that a program
 * and a library of different versions agree on which members there are.  Set the defaults first, then what differs.
 */

#ifdef __cplusplus
}
#endif
#endif
