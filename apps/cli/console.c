/* apps/cli/console.c - messages, progress, Ctrl-C. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "cli.h"

static volatile sig_atomic_t interrupted;

/* the state of the progress line; the command line is one thread's */
static struct {
    bool terminal, open;
    char what[80];
    double started, shown, last_share;
} line;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void on_interrupt(int number)
{
    interrupted = 1;
    signal(number, SIG_DFL); /* a second one ends the program */
}

bool console_interrupted(void)
{
    return interrupted != 0;
}

int console_columns(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20)
        return size.ws_col;
    return 80;
}

bool console_colour(void)
{
    return isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
}

void console_finish(void)
{
    if (line.open && line.terminal)
        fprintf(stderr, "\r\033[K");
    line.open = false;
    line.what[0] = 0;
}

static void on_log(void *user, log_level level, const char *message)
{
    (void)user;
    if (level == LOG_DEBUG)
        return;
    if (line.open && line.terminal)
        fprintf(stderr, "\r\033[K");
    fprintf(stderr, "%s%s\n", level == LOG_WARNING ? "note: " : "", message);
}

static int on_progress(void *user, const char *what, double done, double total)
{
    (void)user;
    double t = now(), share = total > 0 ? done / total : 0;
    if (strncmp(line.what, what, sizeof line.what - 1)) {
        snprintf(line.what, sizeof line.what, "%s", what);
        line.started = t;
        line.shown = 0;
        line.last_share = 0;
    }
    if (line.terminal) {
        if (t - line.shown > 0.1 || done >= total) {
            char bar[21], left[40] = "";
            int full = (int)(share * 20);
            for (int i = 0; i < 20; i++)
                bar[i] = i < full ? '#' : '.';
            bar[20] = 0;
            if (share > 0.02 && t - line.started > 1) {
                int seconds = (int)((t - line.started) * (1 - share) / share);
                snprintf(left, sizeof left, "  %d:%02d left", seconds / 60, seconds % 60);
            }
            if (total > 0)
                fprintf(stderr, "\r\033[K%s  [%s] %3.0f%%  %.6g of %.6g%s", what, bar, 100 * share, done, total, left);
            else if (done > 0)
                fprintf(stderr, "\r\033[K%s  %.6g", what, done);
            else
                fprintf(stderr, "\r\033[K%s", what);
            fflush(stderr);
            line.shown = t;
            line.open = true;
        }
    } else if (t - line.shown > 10 && (total <= 0 || share - line.last_share >= 0.1 || t - line.shown > 30)) {
        if (line.shown > 0) /* short work leaves no lines in a log */
            fprintf(stderr, total > 0 ? "%s: %.6g of %.6g\n" : "%s: %.6g\n", what, done, total);
        line.shown = t;
        line.last_share = share;
    }
    return interrupted;
}

const reporter *console_reporter(void)
{
    static const reporter r = {on_log, on_progress, NULL};
    static bool ready;
    if (!ready) {
        struct sigaction action = {.sa_handler = on_interrupt};
        sigemptyset(&action.sa_mask);
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
        signal(SIGPIPE, SIG_IGN);
        line.terminal = isatty(STDERR_FILENO);
        ready = true;
    }
    return &r;
}

int failure(const command *c, const smac_error *error)
{
    console_finish();
    fprintf(stderr, "semanticmac %s: %s\n", c->name, error->message);
    return EXIT_FAILED;
}

smac_status write_result(const char *path, const char *text, size_t length, smac_error *error)
{
    if (path && strcmp(path, "-"))
        return file_write(path, text, length, error);
    if (fwrite(text, 1, length, stdout) != length || fflush(stdout) != 0) {
        if (error) {
            snprintf(error->message, sizeof error->message, "cannot write to standard output: %s", strerror(errno));
            error->code = SMAC_ERROR_IO;
        }
        return SMAC_ERROR_IO;
    }
    return SMAC_OK;
}
