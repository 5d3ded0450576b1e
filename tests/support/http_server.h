/*
 * tests/support/http_server.h - a small HTTP server on a port of this machine, in a thread: files of a folder, with
 * byte ranges or without, one connection at a time.  For tests of downloading.
 */
#ifndef SMAC_TESTS_SUPPORT_HTTP_SERVER_H
#define SMAC_TESTS_SUPPORT_HTTP_SERVER_H

#include "support/folder.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/file.h"

typedef struct http_server {
    const char *folder;
    const char *linked; /* sent as X-Linked-ETag of *.safetensors; NULL: not sent */
    bool no_ranges;     /* always the whole file */
    size_t break_after; /* close the connection after so many bytes of a file; 0: never */
    int socket, port;
    atomic_int requests;  /* answered */
    atomic_llong bytes;   /* of files sent */
    long long last_start; /* where the last *.safetensors started */
    pthread_t thread;
} http_server;

static inline void http_send(int to, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(to, data, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        data += sent;
        size -= (size_t)sent;
    }
}

static inline void http_answer(http_server *s, int to, const char *request)
{
    char name[300], path[700], head[600];
    if (sscanf(request, "GET /%290s", name) != 1)
        return;
    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    char *data = NULL;
    size_t size = 0, start = 0;
    if (strstr(name, "..") || file_is_folder(path) || file_read(path, 0, &data, &size, NULL) != SMAC_OK) {
        const char *none = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        http_send(to, none, strlen(none));
        return;
    }
    const char *range = strstr(request, "Range: bytes=");
    if (range && !s->no_ranges)
        start = strtoul(range + 13, NULL, 10);
    if (strstr(name, ".safetensors"))
        s->last_start = (long long)start;
    int length;
    if (start >= size && start > 0)
        length = snprintf(head, sizeof head,
            "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */%zu\r\n"
            "Content-Length: 0\r\nConnection: close\r\n\r\n",
            size);
    else if (start > 0)
        length = snprintf(head, sizeof head,
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes %zu-%zu/%zu\r\n"
            "Content-Length: %zu\r\nConnection: close\r\n\r\n",
            start, size - 1, size, size - start);
    else
        length =
            snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\n%s%s%sContent-Length: %zu\r\nConnection: close\r\n\r\n",
                s->linked && strstr(name, ".safetensors") ? "X-Linked-ETag: \"" : "",
                s->linked && strstr(name, ".safetensors") ? s->linked : "",
                s->linked && strstr(name, ".safetensors") ? "\"\r\n" : "", size);
    http_send(to, head, (size_t)length);
    if (start < size) {
        size_t count = size - start;
        if (s->break_after && count > s->break_after)
            count = s->break_after;
        http_send(to, data + start, count);
        atomic_fetch_add(&s->bytes, (long long)count);
    }
    free(data);
}

static inline void *http_serve(void *user)
{
    http_server *s = user;
    for (;;) {
        int to = accept(s->socket, NULL, NULL);
        if (to < 0)
            return NULL;
        char request[4096];
        size_t used = 0;
        ssize_t got = 1;
        while (used < sizeof request - 1 && (got = recv(to, request + used, sizeof request - 1 - used, 0)) > 0) {
            used += (size_t)got;
            request[used] = 0;
            if (strstr(request, "\r\n\r\n"))
                break;
        }
        if (used > 0 && got > 0)
            http_answer(s, to, request);
        atomic_fetch_add(&s->requests, 1);
        close(to);
    }
}

/* Starts; address (of the folder) is filled. */
static inline void http_start(http_server *s, const char *folder, char address[100])
{
    *s = (http_server){.folder = folder};
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof at;
    s->socket = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(s->socket >= 0);
    assert_int_equal(bind(s->socket, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(s->socket, 8), 0);
    assert_int_equal(getsockname(s->socket, (struct sockaddr *)&at, &length), 0);
    s->port = ntohs(at.sin_port);
    snprintf(address, 100, "http://127.0.0.1:%d", s->port);
    assert_int_equal(pthread_create(&s->thread, NULL, http_serve, s), 0);
}

static inline void http_stop(http_server *s)
{
    shutdown(s->socket, SHUT_RDWR);
    close(s->socket);
    pthread_join(s->thread, NULL);
}

#endif
