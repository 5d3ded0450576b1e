/* install/download.c - downloading with libcurl: ranges, redirects, checks, messages that say what to do. */
#include "install/download.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "install/install_internal.h"

typedef struct transfer {
    CURL *curl;
    const char *address, *what, *folder;
    const reporter *report;
    FILE *file;
    int64_t offset;  /* bytes that were there before */
    int64_t whole;   /* size by the server's Content-Range, -1: not said */
    char linked[65]; /* SHA-256 by the server, or "" */
    bool stopped, checked_space, bad_disk;
    smac_error *error; /* of the space check */
    smac_status status;
} transfer;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void start_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static long response(const transfer *t)
{
    long code = 0;
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
    return code;
}

static size_t write_some(char *data, size_t size, size_t count, void *user)
{
    transfer *t = user;
    size_t written = fwrite(data, 1, size * count, t->file);
    t->bad_disk |= written != size * count;
    return written;
}

static size_t read_header(char *data, size_t size, size_t count, void *user)
{
    transfer *t = user;
    size_t length = size * count;
    char line[300];
    snprintf(line, sizeof line, "%.*s", (int)(length < 290 ? length : 290), data);
    if (strncasecmp(line, "x-linked-etag:", 14) == 0) {
        const char *at = line + 14 + strspn(line + 14, " \t\"");
        size_t digits = strspn(at, "0123456789abcdefABCDEF");
        if (digits == 64)
            for (size_t i = 0; i <= 64; i++)
                t->linked[i] = i < 64 ? (char)tolower((unsigned char)at[i]) : 0;
    } else if (strncasecmp(line, "content-range:", 14) == 0 && strchr(line, '/')) {
        long long all;
        if (sscanf(strchr(line, '/') + 1, "%lld", &all) == 1)
            t->whole = all;
    }
    return length;
}

static int progress(void *user, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    (void)up_total;
    (void)up_now;
    transfer *t = user;
    if (total > 0 && !t->checked_space && response(t) < 300) {
        t->checked_space = true;
        t->status = models_check_space(t->folder, (uint64_t)(total - now), t->error);
        if (t->status != SMAC_OK)
            return 1;
    }
    double all = total > 0 ? (double)(total + t->offset) : 0;
    t->stopped = report_progress(t->report, t->what, (double)(now + t->offset), all) != 0;
    return t->stopped;
}

/* The machine that an address names, for messages. */
static void host_of(const char *address, char out[100])
{
    const char *start = strstr(address, "://");
    start = start ? start + 3 : address;
    snprintf(out, 100, "%.*s", (int)(strcspn(start, "/") < 99 ? strcspn(start, "/") : 99), start);
}

static smac_status explain(const transfer *t, CURLcode code, const char *part, smac_error *error)
{
    char host[100];
    host_of(t->address, host);
    long answer = response(t);
    struct stat info;
    double megabytes = stat(part, &info) == 0 ? (double)info.st_size / 1e6 : 0;
    if (t->status != SMAC_OK)
        return t->status; /* space: the error is filled */
    if (t->stopped)
        return FAIL(error, SMAC_ERROR_INTERRUPTED, "stopped after %.1f MB of %s; the same command goes on from there",
            megabytes, t->what);
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
        return FAIL(error, SMAC_ERROR_IO,
            "%s cannot be reached (%s); is there a network? --from or SEMANTICMAC_HUB name another "
            "address, and `semanticmac models import` takes files that are here",
            host, curl_easy_strerror(code));
    case CURLE_HTTP_RETURNED_ERROR:
        if (answer == 404 || answer == 410)
            return FAIL(error, SMAC_ERROR_NOT_FOUND,
                "there is no %.400s (the server says %ld): check the name or --from", t->address, answer);
        if (answer == 401 || answer == 403)
            return FAIL(error, SMAC_ERROR_IO,
                "%s does not give %.300s to everybody (it says %ld); download it by hand and use `semanticmac models "
                "import`",
                host, t->address, answer);
        return FAIL(error, SMAC_ERROR_IO, "%s answers %ld for %.400s; try again later", host, answer, t->address);
    case CURLE_FILE_COULDNT_READ_FILE:
    case CURLE_REMOTE_FILE_NOT_FOUND:
        return FAIL(error, SMAC_ERROR_NOT_FOUND, "there is no %.400s: look at --from", t->address);
    case CURLE_WRITE_ERROR:
        return FAIL(error, SMAC_ERROR_IO, "cannot write %.400s: %s; make room and try again, it goes on from there",
            part, strerror(errno ? errno : EIO));
    default:
        return FAIL(error, SMAC_ERROR_IO,
            "the download of %.300s broke off after %.1f MB (%s); the same command goes on from there", t->address,
            megabytes, curl_easy_strerror(code));
    }
}

static CURLcode perform(transfer *t, const char *part)
{
    struct stat info;
    t->file = fopen(part, "abe");
    if (!t->file) {
        t->bad_disk = true;
        return CURLE_WRITE_ERROR;
    }
    t->offset = stat(part, &info) == 0 ? info.st_size : 0;
    t->whole = -1;
    CURL *c = t->curl;
    curl_easy_setopt(c, CURLOPT_URL, t->address);
    curl_easy_setopt(c, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)t->offset);
    curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(c, CURLOPT_MAXREDIRS, 10L);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https,file");
    curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, strncasecmp(t->address, "https:", 6) ? "http,https" : "https");
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, 20L);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, 60L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "semanticmac");
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, write_some);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, read_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
    errno = 0;
    CURLcode code = curl_easy_perform(c);
    int saved = errno;
    if (fclose(t->file) != 0 && code == CURLE_OK)
        code = CURLE_WRITE_ERROR;
    errno = saved;
    return code;
}

/* What is there already is the whole, or is of no use to this server. */
static bool is_range_refused(const transfer *t, CURLcode code)
{
    return t->offset > 0 &&
        (code == CURLE_RANGE_ERROR || code == CURLE_BAD_DOWNLOAD_RESUME ||
            (code == CURLE_HTTP_RETURNED_ERROR && response(t) == 416));
}

static smac_status check_sum(const transfer *t, const char *part, const char *expected, char *sha256, smac_error *error)
{
    char digest[65], what[220];
    snprintf(what, sizeof what, "checking %.200s", t->what);
    const char *wanted = expected ? expected : *t->linked ? t->linked : NULL;
    if (!wanted && !sha256)
        return SMAC_OK;
    TRY(models_sha256(part, what, t->report, digest, error));
    if (wanted && strcasecmp(wanted, digest) != 0) {
        unlink(part);
        return FAIL(error, SMAC_ERROR_MISMATCH,
            "%s from %.300s has SHA-256 %s, expected %s; it was dropped, fetch it again", t->what, t->address, digest,
            wanted);
    }
    if (sha256)
        memcpy(sha256, digest, sizeof digest);
    return SMAC_OK;
}

smac_status download_file(const char *address, const char *path, const char *what, const char *expected,
    const reporter *r, char *sha256, smac_error *error)
{
    pthread_once(&once, start_curl);
    transfer t = {.address = address, .what = what, .report = r, .error = error, .curl = curl_easy_init()};
    text_buffer part = {0}, folder = {0};
    text_format(&part, "%s.part", path);
    text_add_n(&folder, path, (size_t)(path_base(path) - path));
    if (folder.length == 0)
        text_add(&folder, ".");
    smac_status status = SMAC_OK;
    if (!t.curl || part.failed || folder.failed)
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for a download");
    if (status == SMAC_OK) {
        t.folder = folder.data;
        CURLcode code = perform(&t, part.data);
        if (is_range_refused(&t, code)) {
            if (t.whole >= 0 && t.whole == t.offset) {
                code = CURLE_OK; /* all of it had come */
            } else {
                unlink(part.data);
                code = perform(&t, part.data);
            }
        }
        if (code != CURLE_OK) {
            status = explain(&t, code, part.data, error);
            struct stat info;
            if (stat(part.data, &info) == 0 && info.st_size == 0)
                unlink(part.data);
        }
    }
    if (status == SMAC_OK)
        status = check_sum(&t, part.data, expected, sha256, error);
    if (status == SMAC_OK && rename(part.data, path) != 0)
        status = FAIL(error, SMAC_ERROR_IO, "cannot put %.400s in place: %s", path, strerror(errno));
    if (t.curl)
        curl_easy_cleanup(t.curl);
    text_free(&part);
    text_free(&folder);
    return status;
}
