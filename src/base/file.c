/* base/file.c - files: mapping, safe writing, SHA-256. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/path.h"

static smac_status cannot(smac_error *error, const char *what, const char *path)
{
    smac_status code = errno == ENOENT ? SMAC_ERROR_NOT_FOUND : errno == ENOMEM ? SMAC_ERROR_MEMORY : SMAC_ERROR_IO;
    const char *advice = errno == ENOENT ? "; check its name" : errno == EACCES ? "; check its permissions" : "";
    return error_set(
        error, code, "file", "cannot %s %s: %s%s", what, *path ? path : "an empty name", strerror(errno), advice);
}

/* stream: a pipe or a device may stand there too (bash's <(...), /dev/stdin); else one is refused, not waited for. */
static smac_status open_file(const char *path, bool stream, int *descriptor, size_t *size, smac_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | (stream ? 0 : O_NONBLOCK));
    if (fd < 0)
        return cannot(error, "open", path);
    struct stat status;
    if (fstat(fd, &status) != 0) {
        cannot(error, "look at", path);
        close(fd);
        return SMAC_ERROR_IO;
    }
    if (S_ISDIR(status.st_mode)) {
        close(fd);
        return FAIL(error, SMAC_ERROR_FORMAT, "%s is a folder, expected a file: name one", path);
    }
    if (!stream && !S_ISREG(status.st_mode)) {
        close(fd);
        return FAIL(error, SMAC_ERROR_FORMAT,
            "%s is a pipe or a device, expected a file: write what it gives into one first", path);
    }
    *descriptor = fd;
    *size = S_ISREG(status.st_mode) && status.st_size > 0 ? (size_t)status.st_size : 0;
    return SMAC_OK;
}

smac_status file_map(const char *path, mapped_file *out, smac_error *error)
{
    *out = (mapped_file){NULL, 0};
    int fd;
    size_t size;
    TRY(open_file(path, false, &fd, &size, error));
    if (size > 0) {
        void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED) {
            smac_status code = cannot(error, "map", path);
            close(fd);
            return code;
        }
        *out = (mapped_file){data, size};
    }
    close(fd);
    return SMAC_OK;
}

void file_unmap(mapped_file *file)
{
    if (file && file->data) {
        munmap((void *)(uintptr_t)file->data, file->size);
        *file = (mapped_file){NULL, 0};
    }
}

void file_map_forget(const mapped_file *file, const void *from, size_t bytes)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = (uintptr_t)from, end = start + bytes;
    uintptr_t low = (uintptr_t)file->data, high = low + file->size;
    if (!file->data || start < low || end > high)
        return;
    start = (start + page - 1) / page * page;
    end = end / page * page;
    if (end > start)
        madvise((void *)start, end - start, MADV_DONTNEED);
}

smac_status file_read(const char *path, size_t limit, char **out, size_t *size, smac_error *error)
{
    *out = NULL;
    int fd;
    size_t known;
    TRY(open_file(path, true, &fd, &known, error));
    char *data = NULL;
    size_t used = 0, capacity = 0;
    smac_status code = SMAC_OK;
    if (!memory_grow((void **)&data, &capacity, known + 4097, 1))
        code = FAIL(error, SMAC_ERROR_MEMORY, "%s has %zu bytes, for which there is no memory", path, known);
    while (code == SMAC_OK) {
        if (limit && used > limit) {
            code = FAIL(error, SMAC_ERROR_FORMAT,
                "%s has more than %zu bytes, the most that is read of such a file; name another", path, limit);
            break;
        }
        if (!memory_grow((void **)&data, &capacity, used + 4097, 1)) {
            code = FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for the %zu bytes and more of %s", used, path);
            break;
        }
        ssize_t got = read(fd, data + used, capacity - used - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            code = cannot(error, "read", path);
        if (got <= 0)
            break;
        used += (size_t)got;
    }
    close(fd);
    if (code != SMAC_OK) {
        free(data);
        return code;
    }
    data[used] = 0;
    *out = data;
    if (size)
        *size = used;
    return SMAC_OK;
}

/*
 * What a file may not be renamed over, for the name would then stand for something else: devices (/dev/null), pipes, and
 * the descriptors of a process (/dev/stdout).  They are written to as they are.
 */
static bool is_stream(const char *path)
{
    struct stat status;
    bool there = stat(path, &status) == 0;
    return (there && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) || !strncmp(path, "/dev/fd/", 8) ||
        !strncmp(path, "/proc/", 6) || !strcmp(path, "/dev/stdout") || !strcmp(path, "/dev/stderr");
}

/* Where a symbolic link leads, so that the link stays one; a path that leads nowhere is taken as it is.  free(). */
static char *follow_link(const char *path)
{
    struct stat status;
    if (lstat(path, &status) == 0 && S_ISLNK(status.st_mode)) {
        char *target = realpath(path, NULL);
        if (target)
            return target;
    }
    return memory_copy_text(path);
}

smac_status file_writer_begin(file_writer *w, const char *path, smac_error *error)
{
    memset(w, 0, sizeof *w);
    if (!*path)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "the name of the file to write is empty, give one");
    bool stream = is_stream(path);
    w->path = stream ? memory_copy_text(path) : follow_link(path);
    size_t bytes = w->path ? strlen(w->path) + 40 : 1;
    w->partial = memory_new(bytes, 1);
    if (!w->path || !w->partial) {
        file_writer_abandon(w);
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory to write %s", path);
    }
    if (file_is_folder(path)) {
        file_writer_abandon(w);
        return FAIL(error, SMAC_ERROR_IO, "cannot write %s: it is a folder, give a file name", path);
    }
    snprintf(w->partial, bytes, "%s.partial-%ld", w->path, (long)getpid());
    w->file = fopen(stream ? path : w->partial, "wbe");
    if (stream || !w->file) {
        free(w->partial);
        w->partial = NULL;
    }
    struct stat before;
    if (w->file && !stream && stat(w->path, &before) == 0)
        fchmod(fileno(w->file), before.st_mode & 07777); /* a private file stays one; where this cannot be, it is new */
    if (!w->file) {
        smac_status code = cannot(error, "write", path);
        file_writer_abandon(w);
        return code == SMAC_ERROR_NOT_FOUND ? SMAC_ERROR_IO : code;
    }
    return SMAC_OK;
}

void file_writer_abandon(file_writer *w)
{
    if (w->file)
        fclose(w->file);
    if (w->partial)
        unlink(w->partial);
    free(w->path);
    free(w->partial);
    memset(w, 0, sizeof *w);
}

static void sync_folder_of(const char *path)
{
    const char *base = path_base(path);
    char *folder = base == path ? memory_copy_text(".") : memory_copy_text_n(path, (size_t)(base - path));
    int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        fsync(fd); /* some file systems cannot sync a folder: the rename stands all the same */
        close(fd);
    }
    free(folder);
}

smac_status file_writer_commit(file_writer *w, smac_error *error)
{
    bool bad = ferror(w->file) != 0;
    bad |= fflush(w->file) != 0;
    bad |= !bad && w->partial && fsync(fileno(w->file)) != 0 && errno != EINVAL && errno != EROFS;
    int saved = errno;
    bool whole = w->partial != NULL;
    bad |= fclose(w->file) != 0;
    w->file = NULL;
    if (bad) {
        smac_status code = FAIL(error, SMAC_ERROR_IO, "cannot write %s: %s%s", w->path, strerror(saved ? saved : EIO),
            whole ? "; what stood there before is unchanged, make room and try again" : "");
        file_writer_abandon(w);
        return code;
    }
    if (whole && rename(w->partial, w->path) != 0) {
        smac_status code = cannot(error, "put in place", w->path);
        file_writer_abandon(w);
        return code;
    }
    free(w->partial);
    w->partial = NULL;
    if (whole)
        sync_folder_of(w->path);
    file_writer_abandon(w);
    return SMAC_OK;
}

smac_status file_write(const char *path, const void *data, size_t size, smac_error *error)
{
    file_writer w;
    TRY(file_writer_begin(&w, path, error));
    if (size)
        fwrite(data, 1, size, w.file); /* a short write shows in ferror */
    return file_writer_commit(&w, error);
}

void file_remove_leftovers(const char *folder)
{
    static const char mark[] = ".partial-";
    DIR *list = opendir(folder);
    if (!list)
        return;
    for (struct dirent *entry; (entry = readdir(list));) {
        const char *at = strstr(entry->d_name, mark);
        int64_t process;
        if (!at || !number_parse_integer(at + strlen(mark), &process) || process <= 0)
            continue;
        if (kill((pid_t)process, 0) != 0 && errno == ESRCH)
            unlinkat(dirfd(list), entry->d_name, 0);
    }
    closedir(list);
}

bool file_exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

bool file_is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

smac_status folder_make(const char *path, smac_error *error)
{
    char *copy = memory_copy_text(path);
    if (!copy)
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for the name %s", path);
    for (char *at = copy + 1; *copy && *at; at++) {
        if (*at != '/')
            continue;
        *at = 0;
        if (mkdir(copy, 0777) != 0 && errno != EEXIST) {
            smac_status code = cannot(error, "make the folder", copy);
            free(copy);
            return code;
        }
        *at = '/';
    }
    smac_status code = SMAC_OK;
    if (mkdir(copy, 0777) != 0 && errno != EEXIST)
        code = cannot(error, "make the folder", path);
    else if (!file_is_folder(copy))
        code = FAIL(error, SMAC_ERROR_IO, "%s is there and is no folder, give another name", path);
    free(copy);
    return code;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void folder_list_free(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

smac_status folder_list(const char *folder, bool (*wanted)(const char *folder, const char *name), char ***names,
    size_t *count, smac_error *error)
{
    char **list = NULL;
    size_t used = 0, capacity = 0;
    smac_status status = SMAC_OK;
    DIR *open = opendir(folder);
    for (struct dirent *e; open && status == SMAC_OK && (e = readdir(open));) {
        if (e->d_name[0] == '.' || !wanted(folder, e->d_name))
            continue;
        if (!memory_grow((void **)&list, &capacity, used + 1, sizeof *list) ||
            !(list[used] = memory_copy_text(e->d_name)))
            status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the list of %s", folder);
        else
            used++;
    }
    if (open)
        closedir(open);
    else if (errno != ENOENT)
        status = FAIL(error, SMAC_ERROR_IO, "cannot look into %s: %s", folder, strerror(errno));
    if (status != SMAC_OK) {
        folder_list_free(list, used);
        return status;
    }
    if (used)
        qsort(list, used, sizeof *list, compare_names);
    *names = list;
    *count = used;
    return SMAC_OK;
}

struct sha256_state {
    EVP_MD_CTX *context;
};

sha256_state *sha256_new(void)
{
    sha256_state *s = memory_new(1, sizeof *s);
    if (!s)
        return NULL;
    s->context = EVP_MD_CTX_new();
    if (!s->context || EVP_DigestInit_ex(s->context, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(s->context);
        free(s);
        return NULL;
    }
    return s;
}

void sha256_add(sha256_state *s, const void *data, size_t size)
{
    if (size)
        EVP_DigestUpdate(s->context, data, size);
}

void sha256_finish_free(sha256_state *s, char out[65])
{
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    unsigned length = 0;
    EVP_DigestFinal_ex(s->context, digest, &length);
    for (int i = 0; i < 32; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
    EVP_MD_CTX_free(s->context);
    free(s);
}

void sha256_hex(const void *data, size_t size, char out[65])
{
    sha256_state *s = sha256_new();
    out[0] = 0;
    if (s) {
        sha256_add(s, data, size);
        sha256_finish_free(s, out);
    }
}

smac_status sha256_file(const char *path, char out[65], smac_error *error)
{
    mapped_file file;
    TRY(file_map(path, &file, error));
    sha256_hex(file.data, file.size, out);
    file_unmap(&file);
    return out[0] ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "there is no memory to check %s", path);
}
