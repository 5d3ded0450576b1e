/*
 * base/log.h - what the library reports while it works goes to the caller's callback; nothing is printed here.
 * progress: done of total (total 0: not known), with a short text that stays the same while the same work goes on.  A
 * callback that returns non-zero asks to stop: the long-running function then returns SMAC_ERROR_INTERRUPTED with its
 * work kept.  detail: figures that change during the work (a loss), for the next progress and those after
 * it of the same work.
 */
#ifndef SMAC_BASE_LOG_H
#define SMAC_BASE_LOG_H

#include <stdint.h>

typedef enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING } log_level;

typedef struct reporter {
    void (*log)(void *user, log_level level, const char *message);
    int (*progress)(void *user, const char *what, double done, double total);
    void *user;
    void (*detail)(void *user, const char *figures);
} reporter;

/* r may be NULL, and each of its callbacks too. */
void report_log(const reporter *r, log_level level, const char *format, ...) __attribute__((format(printf, 3, 4)));
void report_detail(const reporter *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
int report_progress(const reporter *r, const char *what, double done, double total);

#endif
