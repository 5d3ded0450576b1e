/* base/interrupt.h - a function that long work asks whether it is to stop. */
#ifndef SMAC_BASE_INTERRUPT_H
#define SMAC_BASE_INTERRUPT_H

#include <stdbool.h>
#include <stddef.h>

/* ask is called often, by the thread that works; non-zero: stop with SMAC_ERROR_INTERRUPTED.  NULL: never. */
typedef struct interruption {
    int (*ask)(void *user);
    void *user;
} interruption;

static inline bool interruption_asked(const interruption *i)
{
    return i->ask && i->ask(i->user) != 0;
}

#endif
