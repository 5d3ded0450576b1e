/* data/feature_store.c - the file of a feature store: a header, then records that are only ever appended. */
#include "data/feature_store.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/folder.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/sha256.h"
#include "data/media_digests.h"

enum { FORMAT_VERSION = 1, DIGEST_BYTES = 16, BUCKETS_START = 1024 };
static const char file_magic[8] = {'S', 'M', 'A', 'C', 'V', 'E', 'C', FORMAT_VERSION};
static const char record_magic[4] = {'r', 'e', 'c', '1'};

/* What precedes the floats of a record; all little-endian, without padding. */
typedef struct record_head {
    char magic[4];
    uint32_t crops;
    char media[64];
    double start, end;
    uint64_t steps, width;
    uint8_t digest[DIGEST_BYTES]; /* of the fields above and of the floats */
} record_head;
_Static_assert(sizeof(record_head) == 4 + 4 + 64 + 8 + 8 + 8 + 8 + DIGEST_BYTES, "records have no padding");

typedef struct store_entry {
    feature_key key;
    int64_t place; /* of the record in the file */
    int64_t next;  /* entry of the same bucket, or -1 */
} store_entry;

struct feature_store {
    char *folder, *path;
    int file;
    int64_t first, scanned; /* where records begin, and how far they were read into entries */
    store_entry *entries;
    size_t count, capacity;
    int64_t *buckets, bucket_count;
    int64_t damaged;
    media_digests *digests;
    pthread_mutex_t lock;
};

/* --- the index ---------------------------------------------------------------------------------------------------- */

static uint64_t hash_key(const feature_key *k)
{
    uint64_t h = 14695981039346656037u, bits[2];
    memcpy(bits, (double[2]){k->start, k->end}, sizeof bits);
    for (int i = 0; i < 64; i++)
        h = (h ^ (uint8_t)k->media[i]) * 1099511628211u;
    for (int i = 0; i < 2; i++)
        h = (h ^ bits[i]) * 1099511628211u;
    return h ^ h >> 29;
}

static bool same_key(const feature_key *a, const feature_key *b)
{
    return memcmp(a->media, b->media, 64) == 0 && a->start == b->start && a->end == b->end;
}

static bool index_rebuild(feature_store *s, int64_t buckets)
{
    int64_t *fresh = memory_new((size_t)buckets, sizeof *fresh);
    if (!fresh)
        return false;
    for (int64_t i = 0; i < buckets; i++)
        fresh[i] = -1;
    for (size_t i = 0; i < s->count; i++) {
        int64_t *bucket = &fresh[hash_key(&s->entries[i].key) % (uint64_t)buckets];
        s->entries[i].next = *bucket;
        *bucket = (int64_t)i;
    }
    free(s->buckets);
    s->buckets = fresh;
    s->bucket_count = buckets;
    return true;
}

static bool index_add(feature_store *s, const feature_key *key, int64_t place)
{
    if ((int64_t)s->count >= s->bucket_count &&
        !index_rebuild(s, s->bucket_count ? 2 * s->bucket_count : BUCKETS_START))
        return false;
    if (!memory_grow((void **)&s->entries, &s->capacity, s->count + 1, sizeof *s->entries))
        return false;
    int64_t *bucket = &s->buckets[hash_key(key) % (uint64_t)s->bucket_count];
    s->entries[s->count] = (store_entry){.key = *key, .place = place, .next = *bucket};
    *bucket = (int64_t)s->count++;
    return true;
}

/* The latest record of the key; NULL: none. */
static const store_entry *index_find(const feature_store *s, const feature_key *key)
{
    int64_t i = s->bucket_count ? s->buckets[hash_key(key) % (uint64_t)s->bucket_count] : -1;
    while (i >= 0 && !same_key(&s->entries[i].key, key))
        i = s->entries[i].next;
    return i >= 0 ? &s->entries[i] : NULL;
}

/* --- reading and writing ------------------------------------------------------------------------------------------ */

static bool read_fully(int file, void *out, size_t size, int64_t place)
{
    for (char *at = out; size;) {
        ssize_t got = pread(file, at, size, (off_t)place);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        size -= (size_t)got;
        place += got;
    }
    return true;
}

static bool write_fully(int file, const void *data, size_t size, int64_t place)
{
    for (const char *at = data; size;) {
        ssize_t put = pwrite(file, at, size, (off_t)place);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        at += put;
        size -= (size_t)put;
        place += put;
    }
    return true;
}

static int64_t file_size_of(int file)
{
    struct stat info;
    return fstat(file, &info) == 0 ? (int64_t)info.st_size : -1;
}

static void digest_record(const record_head *head, const float *values, uint8_t out[DIGEST_BYTES])
{
    char hex[65];
    sha256_state *state = sha256_new();
    memset(out, 0, DIGEST_BYTES);
    if (!state)
        return;
    sha256_add(state, head, sizeof *head - DIGEST_BYTES);
    sha256_add(state, values, (size_t)(head->steps * head->crops * head->width) * sizeof *values);
    sha256_finish_free(state, hex);
    for (int i = 0; i < 2 * DIGEST_BYTES; i++) {
        int digit = hex[i] <= '9' ? hex[i] - '0' : hex[i] - 'a' + 10;
        out[i / 2] = (uint8_t)(out[i / 2] << 4 | digit);
    }
}

/* The bytes of a record's floats; -1 where the sizes are not a record's. */
static int64_t payload_bytes(const record_head *head)
{
    uint64_t count;
    if (memcmp(head->magic, record_magic, sizeof record_magic) != 0 || head->crops == 0 || head->crops > 1 << 16 ||
        head->width == 0 || head->width > 1 << 24 || head->steps > (uint64_t)1 << 32 ||
        __builtin_mul_overflow(head->steps, head->width * head->crops, &count) || count > (uint64_t)1 << 40)
        return -1;
    return (int64_t)(count * sizeof(float));
}

/* Take the records between s->scanned and size into the index; stops before one that is not whole. */
static smac_status scan_records(feature_store *s, int64_t size, smac_error *error)
{
    record_head head;
    while (s->scanned + (int64_t)sizeof head <= size) {
        int64_t payload = read_fully(s->file, &head, sizeof head, s->scanned) ? payload_bytes(&head) : -1;
        if (payload < 0 || s->scanned + (int64_t)sizeof head + payload > size)
            break;
        feature_key key = {.start = head.start, .end = head.end};
        memcpy(key.media, head.media, 64);
        if (!index_add(s, &key, s->scanned))
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the index of %.300s", s->path);
        s->scanned += (int64_t)sizeof head + payload;
    }
    return SMAC_OK;
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

/* The header is magic, length of the description (u64), description.  An empty file gets it. */
static smac_status open_header(feature_store *s, const char *description, smac_error *error)
{
    uint64_t length = strlen(description), there = 0;
    char magic[8] = {0};
    int64_t size = file_size_of(s->file);
    s->first = s->scanned = (int64_t)(sizeof magic + sizeof length + length);
    if (size == 0) {
        if (write_fully(s->file, description, length, sizeof magic + sizeof length) &&
            write_fully(s->file, &length, sizeof length, sizeof magic) &&
            write_fully(s->file, file_magic, sizeof file_magic, 0))
            return SMAC_OK;
        int why = errno;
        if (ftruncate(s->file, 0) != 0)
            why = errno;
        return FAIL(error, SMAC_ERROR_IO, "%.300s cannot be written: %s", s->path, strerror(why));
    }
    bool ours = read_fully(s->file, magic, sizeof magic, 0) && memcmp(magic, file_magic, sizeof magic) == 0 &&
        read_fully(s->file, &there, sizeof there, sizeof magic);
    char *text = ours && there == length ? memory_new(length + 1, 1) : NULL;
    bool same = text && read_fully(s->file, text, length, sizeof magic + sizeof length) &&
        memcmp(text, description, length) == 0;
    free(text);
    if (!ours)
        return FAIL(error, SMAC_ERROR_FORMAT,
            "%.300s is not a feature store of this version: move it away, it will be made again", s->path);
    return same
        ? SMAC_OK
        : FAIL(error, SMAC_ERROR_FORMAT,
              "%.300s holds vectors that were made in another way: move it away, it will be made again", s->path);
}

smac_status feature_store_open(const char *folder, const char *description, feature_store **out, smac_error *error)
{
    char digest[65], name[64];
    TRY(folder_make(folder, error));
    feature_store *s = memory_new(1, sizeof *s);
    if (!s)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a feature store");
    s->file = -1;
    pthread_mutex_init(&s->lock, NULL);
    sha256_hex(description, strlen(description), digest);
    snprintf(name, sizeof name, "vectors-%.16s.store", digest);
    s->folder = memory_copy_text(folder);
    s->path = path_join(folder, name);
    s->digests = media_digests_new(folder);
    smac_status status =
        s->folder && s->path && s->digests ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a feature store");
    if (status == SMAC_OK && (s->file = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666)) < 0)
        status = FAIL(error, SMAC_ERROR_IO, "%.300s cannot be opened: %s", s->path, strerror(errno));
    if (status == SMAC_OK && flock(s->file, LOCK_EX) != 0)
        status = FAIL(error, SMAC_ERROR_IO, "%.300s cannot be locked: %s", s->path, strerror(errno));
    if (status == SMAC_OK) {
        status = open_header(s, description, error);
        if (status == SMAC_OK)
            status = scan_records(s, file_size_of(s->file), error);
        flock(s->file, LOCK_UN);
    }
    if (status != SMAC_OK) {
        feature_store_close(s);
        return status;
    }
    *out = s;
    return SMAC_OK;
}

void feature_store_close(feature_store *s)
{
    if (!s)
        return;
    if (s->file >= 0)
        close(s->file);
    media_digests_free(s->digests);
    pthread_mutex_destroy(&s->lock);
    free(s->entries);
    free(s->buckets);
    free(s->folder);
    free(s->path);
    free(s);
}

/* --- records ------------------------------------------------------------------------------------------------------ */

static smac_status read_record(feature_store *s, int64_t place, feature_sequence *out, bool *whole, smac_error *error)
{
    record_head head;
    uint8_t digest[DIGEST_BYTES];
    *whole = false;
    if (!read_fully(s->file, &head, sizeof head, place))
        return SMAC_OK;
    int64_t bytes = payload_bytes(&head);
    if (bytes < 0)
        return SMAC_OK;
    float *values = memory_new((size_t)bytes / sizeof *values + 1, sizeof *values);
    if (!values)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the vectors of a clip");
    *whole = read_fully(s->file, values, (size_t)bytes, place + (int64_t)sizeof head);
    if (*whole)
        digest_record(&head, values, digest);
    *whole = *whole && memcmp(digest, head.digest, sizeof digest) == 0;
    if (!*whole) {
        free(values);
        return SMAC_OK;
    }
    *out = (feature_sequence){
        .steps = (int64_t)head.steps, .crops = (int64_t)head.crops, .width = (int64_t)head.width, .data = values};
    return SMAC_OK;
}

smac_status feature_store_get(
    feature_store *s, const feature_key *key, feature_sequence *out, bool *found, smac_error *error)
{
    *found = false;
    pthread_mutex_lock(&s->lock);
    const store_entry *entry = index_find(s, key);
    smac_status status = SMAC_OK;
    if (!entry) { /* another process may have appended it */
        status = scan_records(s, file_size_of(s->file), error);
        entry = status == SMAC_OK ? index_find(s, key) : NULL;
    }
    int64_t place = entry ? entry->place : -1;
    pthread_mutex_unlock(&s->lock);
    if (place < 0)
        return status;
    TRY(read_record(s, place, out, found, error));
    if (!*found) {
        pthread_mutex_lock(&s->lock);
        s->damaged++;
        pthread_mutex_unlock(&s->lock);
    }
    return SMAC_OK;
}

/* With the file's lock: cut what a killed process left, append, and take the record into the index. */
static smac_status append_record(feature_store *s, const record_head *head, const float *values, smac_error *error)
{
    TRY(scan_records(s, file_size_of(s->file), error));
    int64_t place = s->scanned, payload = payload_bytes(head);
    if (file_size_of(s->file) > place && ftruncate(s->file, (off_t)place) != 0)
        return FAIL(error, SMAC_ERROR_IO, "%.300s cannot be repaired: %s", s->path, strerror(errno));
    if (!write_fully(s->file, values, (size_t)payload, place + (int64_t)sizeof *head) ||
        !write_fully(s->file, head, sizeof *head, place)) {
        int why = errno;
        if (ftruncate(s->file, (off_t)place) != 0)
            why = errno;
        return FAIL(error, SMAC_ERROR_IO,
            "the vectors of a clip cannot be written to %.300s: %s; free some space or set "
            "SEMANTICMAC_STORE to another folder",
            s->path, strerror(why));
    }
    return scan_records(s, file_size_of(s->file), error);
}

smac_status feature_store_put(
    feature_store *s, const feature_key *key, const feature_sequence *vectors, smac_error *error)
{
    record_head head = {.crops = (uint32_t)vectors->crops,
        .start = key->start,
        .end = key->end,
        .steps = (uint64_t)vectors->steps,
        .width = (uint64_t)vectors->width};
    memcpy(head.magic, record_magic, sizeof head.magic);
    memcpy(head.media, key->media, 64);
    if (payload_bytes(&head) < 0)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "vectors of %lld steps, %lld crops and width %lld cannot be stored",
            (long long)vectors->steps, (long long)vectors->crops, (long long)vectors->width);
    digest_record(&head, vectors->data, head.digest);
    pthread_mutex_lock(&s->lock);
    smac_status status = flock(s->file, LOCK_EX) == 0
        ? append_record(s, &head, vectors->data, error)
        : FAIL(error, SMAC_ERROR_IO, "%.300s cannot be locked: %s", s->path, strerror(errno));
    flock(s->file, LOCK_UN);
    pthread_mutex_unlock(&s->lock);
    return status;
}

int64_t feature_store_count(const feature_store *s)
{
    return (int64_t)s->count;
}

int64_t feature_store_damaged(const feature_store *s)
{
    return s->damaged;
}

smac_status feature_store_digest(feature_store *s, const char *path, char out[65], smac_error *error)
{
    return media_digests_get(s->digests, path, out, error);
}

smac_status feature_store_folder(char **out, smac_error *error)
{
    const char *own = getenv("SEMANTICMAC_STORE"), *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    *out = NULL;
    if (own && *own) {
        *out = memory_copy_text(own);
    } else if (cache && *cache) {
        *out = path_join(cache, "semanticmac/vectors");
    } else if (home && *home) {
        *out = path_join(home, ".cache/semanticmac/vectors");
    } else {
        return FAIL(error, SMAC_ERROR_NOT_FOUND,
            "there is no folder for vectors: set SEMANTICMAC_STORE, XDG_CACHE_HOME or HOME");
    }
    return *out ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a path");
}
