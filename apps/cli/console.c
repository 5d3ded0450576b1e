/* apps/cli/console.c - messages, progress, Ctrl-C. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/path.h"
#include "cli.h"

static volatile sig_atomic_t interrupted;

enum { LOG_SECONDS = 30, LINE_MAX_BYTES = 500 };

/* the state of the progress line; the command line is one thread's */
static struct {
    bool terminal, open;
    char what[80], figures[120];
    bool fresh;            /* the figures came after the last progress */
    double started, share; /* of the work that what names: when, and where (resumed work begins in the middle) */
    double shown;          /* last; in a log this counts for whatever was written */
    double interval;       /* seconds between lines of a log */
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

/* A message may hold a file's name, and that a line end or a terminal's commands. */
static void put_message(const char *before, const char *message)
{
    char clean[sizeof((smac_error *)0)->message];
    size_t i = 0;
    for (; message[i] && i < sizeof clean - 1; i++)
        clean[i] = (unsigned char)message[i] < 0x20 || message[i] == 0x7f ? '?' : message[i];
    clean[i] = 0;
    fprintf(stderr, "%s%s\n", before, clean);
}

static void on_log(void *user, log_level level, const char *message)
{
    (void)user;
    if (level == LOG_DEBUG)
        return;
    if (line.open && line.terminal)
        fprintf(stderr, "\r\033[K");
    put_message(level == LOG_WARNING ? "note: " : "", message);
    if (!line.terminal)
        line.shown = now();
}

static void on_detail(void *user, const char *figures)
{
    (void)user;
    snprintf(line.figures, sizeof line.figures, "%s", figures);
    line.fresh = true;
}

static int error_columns(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

/* What the numbers of some work count: " batches" after "28 of 88"; "" where the work's name says it. */
static const char *unit_of(const char *what)
{
    static const char *const units[][2] = {{"epoch ", " batches"}, {"evaluating", " clips"},
        {"reading clips", " clips"}, {"checking clips", " clips"}, {"renewing labels", " kinds of labels"},
        {"predicting", " windows"}, {"listening", " s"}, {"reading", " s"}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strncmp(what, units[i][0], strlen(units[i][0])) == 0)
            return units[i][1];
    return "";
}

/* ", 1:05 to its end" of the work that is named, once there is something to go by */
static void time_left(double seconds, double share, char *out, size_t size)
{
    double done = share - line.share;
    out[0] = 0;
    if (done < 0.02 || seconds < 1)
        return;
    int left = (int)(seconds * (1 - share) / done);
    if (left >= 3600)
        snprintf(out, size, ", %d:%02d:%02d to its end", left / 3600, left / 60 % 60, left % 60);
    else
        snprintf(out, size, ", %d:%02d to its end", left / 60, left % 60);
}

/* "what  [###.....]  40%  4 of 10 batches, loss 0.5, 0:07 to its end" over the line before, cut to the terminal's width */
static void show_on_terminal(const char *what, double done, double total, const char *left)
{
    char text[LINE_MAX_BYTES];
    double share = total > 0 ? done / total : 0;
    const char *comma = line.figures[0] ? ", " : "";
    if (total > 0) {
        char bar[21];
        for (int i = 0; i < 20; i++)
            bar[i] = i < (int)(share * 20) ? '#' : '.';
        bar[20] = 0;
        snprintf(text, sizeof text, "%s  [%s] %3.0f%%  %.6g of %.6g%s%s%s%s", what, bar, 100 * share, done, total,
            unit_of(what), comma, line.figures, left);
    } else if (done > 0) {
        snprintf(text, sizeof text, "%s  %.6g%s%s%s", what, done, unit_of(what), comma, line.figures);
    } else {
        snprintf(text, sizeof text, "%s", what);
    }
    int columns = error_columns() - 1;
    size_t at = 0;
    for (; text[at]; at++) /* a character may be several bytes, all but the first of them 10xxxxxx */
        if (((unsigned char)text[at] & 0xC0) != 0x80 && columns-- == 0)
            break;
    text[at] = 0;
    fprintf(stderr, "\r\033[K%s", text);
    fflush(stderr);
    line.open = true;
}

static void show_in_log(const char *what, double done, double total, const char *left)
{
    const char *comma = line.figures[0] ? ", " : "";
    if (total > 0)
        fprintf(stderr, "%s: %.6g of %.6g%s%s%s%s\n", what, done, total, unit_of(what), comma, line.figures, left);
    else if (done > 0)
        fprintf(stderr, "%s: %.6g%s%s%s\n", what, done, unit_of(what), comma, line.figures);
    else
        fprintf(stderr, "%s\n", what);
}

static int on_progress(void *user, const char *what, double done, double total)
{
    (void)user;
    double t = now(), share = total > 0 ? done / total : 0;
    if (strncmp(line.what, what, sizeof line.what - 1)) {
        snprintf(line.what, sizeof line.what, "%s", what);
        line.started = t;
        line.share = share;
        if (!line.fresh)
            line.figures[0] = 0;
        if (line.terminal)
            line.shown = 0;
    }
    char left[40];
    time_left(t - line.started, share, left, sizeof left);
    double since = t - line.shown;
    if (line.terminal ? since > 0.1 || done >= total : since >= line.interval) {
        (line.terminal ? show_on_terminal : show_in_log)(what, done, total, left);
        line.shown = t;
    }
    line.fresh = false;
    return interrupted;
}

const reporter *console_reporter(void)
{
    static const reporter r = {.log = on_log, .progress = on_progress, .detail = on_detail};
    static bool ready;
    if (!ready) {
        struct sigaction action = {.sa_handler = on_interrupt};
        sigemptyset(&action.sa_mask);
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
        signal(SIGPIPE, SIG_IGN);
        line.terminal = isatty(STDERR_FILENO);
        const char *seconds = getenv("SEMANTICMAC_LOG_SECONDS");
        line.interval = LOG_SECONDS;
        if (seconds && (!number_parse(seconds, &line.interval) || !(line.interval >= 0))) {
            fprintf(stderr, "note: SEMANTICMAC_LOG_SECONDS is \"%s\", expected a number of seconds\n", seconds);
            line.interval = LOG_SECONDS;
        }
        line.shown = line.terminal ? 0 : now(); /* short work leaves no lines in a log */
        ready = true;
    }
    return &r;
}

int failure(const command *c, const smac_error *error)
{
    char before[64];
    console_finish();
    snprintf(before, sizeof before, "semanticmac %s: ", c->name);
    put_message(before, error->message);
    return EXIT_FAILED;
}

void console_pipe_closed(void)
{
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
}

/* Both paths lead to one file. */
static bool same_file(const char *a, const char *b)
{
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && S_ISREG(first.st_mode) && first.st_dev == second.st_dev &&
        first.st_ino == second.st_ino;
}

int check_output(const command *c, const char *option, const char *path, char *const *inputs, size_t count)
{
    if (!path || !strcmp(path, "-"))
        return -1;
    if (!*path)
        return usage_error(c, "%s is empty, expected the name of a file to write", option);
    for (size_t i = 0; i < count; i++)
        if (inputs[i] && same_file(path, inputs[i]))
            return usage_error(c, "%s is %s, which is read: it would be lost, give another name", option, path);
    size_t length = (size_t)(path_base(path) - path);
    char *folder = length ? memory_copy_text_n(path, length) : memory_copy_text(".");
    smac_error error = {0};
    struct stat status;
    bool stream = stat(path, &status) == 0 && !S_ISREG(status.st_mode);
    if (folder && !file_is_folder(folder))
        error_set(&error, SMAC_ERROR_IO, "cli", "cannot write %s: there is no folder %s, make it first", path, folder);
    else if (folder && !stream && access(folder, W_OK) != 0)
        error_set(&error, SMAC_ERROR_IO, "cli", "cannot write %s: the folder %s cannot be written to (%s)", path,
            folder, strerror(errno));
    free(folder);
    return error.code == SMAC_OK ? -1 : failure(c, &error);
}

smac_status write_result(const char *path, const char *text, size_t length, smac_error *error)
{
    if (path && strcmp(path, "-"))
        return file_write(path, text, length, error);
    if (fwrite(text, 1, length, stdout) != length || fflush(stdout) != 0) {
        if (errno == EPIPE)
            console_pipe_closed(); /* "| head" has seen enough: no word about it, as of any filter */
        return error_set(error, SMAC_ERROR_IO, "cli", "cannot write to standard output: %s", strerror(errno));
    }
    return SMAC_OK;
}
