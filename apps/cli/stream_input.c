/* apps/cli/stream_input.c - reading standard input and pipes through the library's input functions. */
#include "stream_input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "cli.h"

enum { POLL_MILLISECONDS = 100 };

bool stream_input_is(const char *path)
{
    struct stat status;
    return !strcmp(path, "-") || (stat(path, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)));
}

const char *stream_input_name(const char *path)
{
    return strcmp(path, "-") ? path : "standard input";
}

static int64_t stream_read(void *user, void *data, size_t size)
{
    const stream_input *s = user;
    struct pollfd wanted = {.fd = s->descriptor, .events = POLLIN};
    for (;;) {
        if (console_interrupted())
            return -1;
        if (poll(&wanted, 1, POLL_MILLISECONDS) == 0)
            continue;
        ssize_t got = read(s->descriptor, data, size);
        if (got >= 0 || (errno != EINTR && errno != EAGAIN))
            return got;
    }
}

static int64_t stream_seek(void *user, int64_t position)
{
    const stream_input *s = user;
    return lseek(s->descriptor, position, SEEK_SET);
}

smac_status stream_input_open(const char *path, stream_input *out, smac_error *error)
{
    struct stat status;
    *out = (stream_input){.descriptor = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : 0};
    if (out->descriptor < 0 || fstat(out->descriptor, &status) != 0)
        return FAIL(error, SMAC_ERROR_IO, "cannot open %s: %s; check its name and permissions", stream_input_name(path),
            strerror(errno));
    if (isatty(out->descriptor))
        return FAIL(error, SMAC_ERROR_ARGUMENT, "standard input is a terminal: pipe or redirect a recording into it");
    bool is_file = S_ISREG(status.st_mode) && lseek(out->descriptor, 0, SEEK_CUR) == 0;
    out->input = (smac_input){.name = stream_input_name(path),
        .read = stream_read,
        .seek = is_file ? stream_seek : NULL,
        .bytes = is_file ? status.st_size : -1,
        .user = out};
    return SMAC_OK;
}

void stream_input_close(stream_input *s)
{
    if (s->descriptor > 0)
        close(s->descriptor);
    s->descriptor = -1;
}
