/*
 * synth/dataset.c - making a set: the plan, one forked process a clip, label.csv at the end.
 *
 * A process a clip, since espeak-ng neither supports several threads nor repeats itself after the first sentence
 * (synth/voice.h).  A child never returns from here: it renders one clip, tells its error through a pipe, and leaves.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/folder.h"
#include "base/memory.h"
#include "base/path.h"
#include "synth/layouts.h"

/* Changes whenever the same options would give other bytes. */
#define SYNTH_FORMAT 1
enum { MOST_WORKERS = 256 };

void synth_options_default(synth_options *options)
{
    *options = (synth_options){.clips = 800, .seed = 1};
}

static smac_status check_options(const synth_options *given, synth_options *out, smac_error *error)
{
    *out = *given;
    if (!out->size)
        out->size = 160;
    if (!out->fps)
        out->fps = 12;
    if (!out->layout)
        out->layout = "sims";
    if (out->threads <= 0) {
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        out->threads = processors > 0 ? (int)processors : 1;
    }
    if (out->threads > MOST_WORKERS)
        out->threads = MOST_WORKERS;
    if (out->clips < 1 || out->clips > 1000000)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "clips is %" PRId64 ", expected 1 to 1000000", out->clips);
    if (!out->clips_per_speaker) /* small sets get enough speakers for all three splits */
        out->clips_per_speaker = out->clips >= 50 ? 5 : out->clips >= 20 ? (int)(out->clips / 10) : 1;
    if (out->clips_per_speaker < 1 || out->clips_per_speaker > 100)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "clips_per_speaker is %d, expected 1 to 100", out->clips_per_speaker);
    if (out->size < 64 || out->size > 1024 || out->size % 2)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "size is %d, expected an even number from 64 to 1024", out->size);
    if (out->fps < 1 || out->fps > 60)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "fps is %d, expected 1 to 60", out->fps);
    if (!layout_is_known(out->layout))
        return FAIL(error, SMAC_ERROR_ARGUMENT, "layout is \"%s\", expected %s", out->layout, layout_names());
    if (out->faults && out->clips < 5)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "clips is %" PRId64 ", a set with faults needs 5 or more", out->clips);
    return SMAC_OK;
}

/* Write synth.json, or see that the one there says the same. */
static smac_status claim_folder(const char *folder, const synth_options *o, smac_error *error)
{
    char settings[400], faults[32] = "";
    if (o->faults)
        snprintf(faults, sizeof faults, ",\"faults\":%u", o->faults);
    snprintf(settings, sizeof settings,
        "{\"program\":\"semanticmac synth\",\"format\":%d,\"layout\":\"%s\",\"clips\":%" PRId64 ",\"seed\":%" PRIu64
        ",\"size\":%d,\"fps\":%d,\"clips_per_speaker\":%d%s}\n",
        SYNTH_FORMAT, o->layout, o->clips, o->seed, o->size, o->fps, o->clips_per_speaker, faults);
    char *path = path_join(folder, "synth.json"), *labels = path_join(folder, "label.csv");
    smac_status status = SMAC_OK;
    if (!path || !labels) {
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for a file name");
    } else if (file_exists(path)) {
        char *found = NULL;
        size_t size = 0;
        status = file_read(path, 1 << 16, &found, &size, error);
        const char *is = status == SMAC_OK ? strstr(found, "\"clips\"") : NULL, *wanted = strstr(settings, "\"clips\"");
        is = is ? is : "unknown ones";
        if (status == SMAC_OK && strcmp(found, settings) != 0)
            status = FAIL(error, SMAC_ERROR_MISMATCH,
                "%s holds a set of other settings (%.*s; asked for: %.*s): give another folder or remove this one",
                folder, (int)strcspn(is, "}\n"), is, (int)strcspn(wanted, "}\n"), wanted);
        free(found);
    } else if (file_exists(labels)) {
        status = FAIL(error, SMAC_ERROR_MISMATCH, "%s holds a label.csv that is not ours: give another folder", folder);
    } else {
        status = folder_make(folder, error);
        if (status == SMAC_OK)
            status = file_write(path, settings, strlen(settings), error);
    }
    free(path);
    free(labels);
    return status;
}

/* One child process and the pipe that its error comes through. */
typedef struct worker {
    pid_t process;
    int pipe;
    int64_t clip;
} worker;

/* Never returns. */
static void work(const synth_plan *plan, int64_t index, const char *path, int pipe)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* no orphans, should the parent be killed */
    smac_error error = {0};
    clip_plan clip = synth_plan_clip(plan, index);
    smac_status status = clip_render(&clip, &plan->options, path, &error);
    if (status != SMAC_OK) {
        error.code = status;
        ssize_t written = write(pipe, &error, sizeof error);
        (void)written;
    }
    _exit(status == SMAC_OK ? 0 : 1);
}

static smac_status start(const synth_plan *plan, int64_t index, const char *folder, worker *out, smac_error *error)
{
    char name[128];
    layout_path(plan, index, name, sizeof name);
    char *path = path_join(folder, name);
    int ends[2];
    if (!path)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a file name");
    if (pipe(ends) != 0) {
        free(path);
        return FAIL(error, SMAC_ERROR_IO, "no pipe for a worker: %s", strerror(errno));
    }
    pid_t process = fork();
    if (process == 0) {
        close(ends[0]);
        work(plan, index, path, ends[1]);
    }
    free(path);
    close(ends[1]);
    if (process < 0) {
        close(ends[0]);
        return FAIL(error, SMAC_ERROR_IO, "no process for a worker: %s", strerror(errno));
    }
    *out = (worker){process, ends[0], index};
    return SMAC_OK;
}

/* The child's pipe has something or is closed: its error, or its end. */
static smac_status finish(const synth_plan *plan, worker *w, smac_error *error)
{
    smac_error told = {0};
    size_t got = 0;
    while (got < sizeof told) {
        ssize_t n = read(w->pipe, (char *)&told + got, sizeof told - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    close(w->pipe);
    int how = 0;
    while (waitpid(w->process, &how, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(how) && WEXITSTATUS(how) == 0)
        return SMAC_OK;
    char name[128];
    layout_path(plan, w->clip, name, sizeof name);
    if (got == sizeof told && told.code != SMAC_OK) {
        error_copy(error, &told);
        return error_context(error, told.code, "%s", name);
    }
    if (WIFSIGNALED(how))
        return FAIL(error, SMAC_ERROR_INTERNAL, "%s: its worker was ended by signal %d", name, WTERMSIG(how));
    return FAIL(error, SMAC_ERROR_INTERNAL, "%s: its worker failed without a word", name);
}

static int wait_for_any(const worker *workers, int count)
{
    struct pollfd polls[MOST_WORKERS];
    for (int i = 0; i < count; i++)
        polls[i] = (struct pollfd){workers[i].pipe, POLLIN, 0};
    for (;;) {
        int ready = poll(polls, (nfds_t)count, -1);
        for (int i = 0; ready > 0 && i < count; i++)
            if (polls[i].revents)
                return i;
        if (ready < 0 && errno != EINTR)
            return 0; /* finish() waits for it */
    }
}

static bool is_done(const synth_plan *plan, int64_t index, const char *folder)
{
    char name[128];
    layout_path(plan, index, name, sizeof name);
    char *path = path_join(folder, name);
    bool done = path && file_exists(path);
    free(path);
    return done;
}

/* The folder of the clip's video. */
static smac_status make_video_folder(const synth_plan *plan, int64_t index, const char *folder, smac_error *error)
{
    char name[128];
    layout_path(plan, index, name, sizeof name);
    *strrchr(name, '/') = 0;
    char *path = path_join(folder, name);
    smac_status status = path ? folder_make(path, error) : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a file name");
    if (status == SMAC_OK)
        file_remove_leftovers(path); /* half-written clips, see media/writer.h */
    free(path);
    return status;
}

static smac_status render_all(const synth_plan *plan, const char *folder, const reporter *report, smac_error *error)
{
    worker workers[MOST_WORKERS];
    int running = 0;
    int64_t next = 0, done = 0, count = plan->options.clips;
    smac_status status = SMAC_OK;
    while (running > 0 || (next < count && status == SMAC_OK)) {
        while (status == SMAC_OK && next < count && running < plan->options.threads) {
            int64_t index = next++;
            if (!layout_has_media(plan) || layout_is_missing(plan, index) || is_done(plan, index, folder)) {
                done++;
                continue;
            }
            status = make_video_folder(plan, index, folder, error);
            if (status == SMAC_OK)
                status = start(plan, index, folder, &workers[running], error);
            running += status == SMAC_OK;
        }
        if (running > 0) {
            int at = wait_for_any(workers, running);
            smac_status ended = finish(plan, &workers[at], status == SMAC_OK ? error : NULL);
            workers[at] = workers[--running];
            done += ended == SMAC_OK;
            if (status == SMAC_OK)
                status = ended;
        }
        if (status == SMAC_OK && report_progress(report, "clips", (double)done, (double)count))
            status = FAIL(error, SMAC_ERROR_INTERRUPTED,
                "stopped after %" PRId64 " of %" PRId64 " clips; the same command goes on from there", done, count);
    }
    return status;
}

smac_status synth_dataset(const char *folder, const synth_options *options, const reporter *report, smac_error *error)
{
    synth_options checked;
    TRY(check_options(options, &checked, error));
    TRY(claim_folder(folder, &checked, error));
    synth_plan plan;
    TRY(synth_plan_make(&checked, &plan, error));
    smac_status status = render_all(&plan, folder, report, error);
    if (status == SMAC_OK)
        status = layout_write(&plan, folder, error);
    synth_plan_free(&plan);
    return status;
}
