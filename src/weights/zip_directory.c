/* weights/zip_directory.c - the central directory of a zip archive (APPNOTE.TXT 6.3.10). */
#include "weights/zip_directory.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static uint64_t number(const uint8_t *p, int bytes)
{
    uint64_t x = 0;
    for (int i = bytes - 1; i >= 0; i--)
        x = x << 8 | p[i];
    return x;
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const zip_member *)a)->name, ((const zip_member *)b)->name);
}

typedef struct ending {
    uint64_t entries, size, offset;
} ending;

/* The end record is the last 22 bytes, or is before a comment of at most 65535. */
static smac_status find_end(const uint8_t *data, size_t size, const char *name, ending *out, smac_error *error)
{
    for (size_t back = 22; back <= size && back <= 22 + 65535; back++) {
        const uint8_t *p = data + size - back;
        if (number(p, 4) != 0x06054b50 || number(p + 20, 2) != back - 22)
            continue;
        *out = (ending){number(p + 10, 2), number(p + 12, 4), number(p + 16, 4)};
        if (out->entries == 0xFFFF || out->size == 0xFFFFFFFF || out->offset == 0xFFFFFFFF) {
            size_t at = size - back;
            uint64_t place = at >= 20 && number(p - 20, 4) == 0x07064b50 ? number(p - 20 + 8, 8) : UINT64_MAX;
            if (place > size || size - place < 56 || number(data + place, 4) != 0x06064b50)
                return FAIL(
                    error, SMAC_ERROR_FORMAT, "%s: the zip archive's 64-bit end is not where it should be", name);
            *out = (ending){number(data + place + 32, 8), number(data + place + 40, 8), number(data + place + 48, 8)};
        }
        if (out->offset > size || out->size > size - out->offset || out->entries > out->size / 46)
            return FAIL(error, SMAC_ERROR_FORMAT, "%s: the zip archive's directory lies outside the file", name);
        return SMAC_OK;
    }
    return FAIL(error, SMAC_ERROR_FORMAT, "%s: the zip archive has no end", name);
}

/* sizes and offset that are 0xFFFFFFFF are in the extra field 1 as 64-bit numbers, in this order */
static void read_zip64(const uint8_t *extra, size_t length, uint64_t *plain, uint64_t *packed, uint64_t *offset)
{
    while (length >= 4) {
        size_t id = (size_t)number(extra, 2), bytes = (size_t)number(extra + 2, 2);
        if (bytes > length - 4)
            return;
        if (id == 1) {
            const uint8_t *p = extra + 4, *end = p + bytes;
            uint64_t *fields[3] = {plain, packed, offset};
            for (int i = 0; i < 3; i++)
                if (*fields[i] == 0xFFFFFFFF && end - p >= 8) {
                    *fields[i] = number(p, 8);
                    p += 8;
                }
            return;
        }
        extra += 4 + bytes;
        length -= 4 + bytes;
    }
}

smac_status zip_directory_read(
    const uint8_t *data, size_t size, const char *name, zip_directory *out, smac_error *error)
{
    ending end = {0};
    memset(out, 0, sizeof *out);
    TRY(find_end(data, size, name, &end, error));
    out->members = memory_new((size_t)end.entries, sizeof *out->members);
    if (!out->members)
        return FAIL(error, SMAC_ERROR_MEMORY, "%s: there is no memory for its %llu entries", name,
            (unsigned long long)end.entries);
    const uint8_t *p = data + end.offset, *stop = p + end.size;
    smac_status code = SMAC_OK;
    for (uint64_t i = 0; i < end.entries && code == SMAC_OK; i++) {
        if (stop - p < 46 || number(p, 4) != 0x02014b50) {
            code = FAIL(error, SMAC_ERROR_FORMAT, "%s: the zip archive's directory ends after %llu of %llu entries",
                name, (unsigned long long)i, (unsigned long long)end.entries);
            break;
        }
        unsigned flags = (unsigned)number(p + 8, 2), method = (unsigned)number(p + 10, 2);
        uint64_t packed = number(p + 20, 4), plain = number(p + 24, 4), offset = number(p + 42, 4);
        size_t name_length = (size_t)number(p + 28, 2), extra = (size_t)number(p + 30, 2),
               comment = (size_t)number(p + 32, 2);
        if ((size_t)(stop - p) - 46 < name_length + extra + comment) {
            code =
                FAIL(error, SMAC_ERROR_FORMAT, "%s: an entry of the zip archive does not end in its directory", name);
            break;
        }
        read_zip64(p + 46 + name_length, extra, &plain, &packed, &offset);
        char *member = memory_copy_text_n((const char *)p + 46, name_length);
        if (!member) {
            code = FAIL(error, SMAC_ERROR_MEMORY, "%s: there is no memory for its names", name);
            break;
        }
        out->members[out->count].name = member;
        p += 46 + name_length + extra + comment;
        out->count++;
        if (flags & 1)
            code = FAIL(error, SMAC_ERROR_UNSUPPORTED, "%s: the zip entry \"%.200s\" is encrypted", name, member);
        else if (method != 0 || packed != plain)
            code = FAIL(error, SMAC_ERROR_UNSUPPORTED,
                "%s: the zip entry \"%.200s\" is compressed, expected one that is stored as it is", name, member);
        else if (offset > size || size - offset < 30 || number(data + offset, 4) != 0x04034b50)
            code = FAIL(
                error, SMAC_ERROR_FORMAT, "%s: the zip entry \"%.200s\" is not where the directory says", name, member);
        if (code != SMAC_OK)
            break;
        uint64_t start = offset + 30 + number(data + offset + 26, 2) + number(data + offset + 28, 2);
        if (start > size || plain > size - start) {
            code = FAIL(error, SMAC_ERROR_FORMAT, "%s: the zip entry \"%.200s\" reaches past the end of the file", name,
                member);
            break;
        }
        out->members[out->count - 1].data = data + start;
        out->members[out->count - 1].size = (size_t)plain;
    }
    if (code == SMAC_OK)
        qsort(out->members, out->count, sizeof *out->members, compare);
    for (size_t i = 1; i < out->count && code == SMAC_OK; i++)
        if (!strcmp(out->members[i].name, out->members[i - 1].name))
            code =
                FAIL(error, SMAC_ERROR_FORMAT, "%s: the zip entry \"%.200s\" occurs twice", name, out->members[i].name);
    if (code != SMAC_OK)
        zip_directory_free(out);
    return code;
}

const zip_member *zip_directory_find(const zip_directory *d, const char *name)
{
    zip_member key = {.name = (char *)(uintptr_t)name};
    return d->count ? bsearch(&key, d->members, d->count, sizeof key, compare) : NULL;
}

void zip_directory_free(zip_directory *d)
{
    for (size_t i = 0; i < d->count; i++)
        free(d->members[i].name);
    free(d->members);
    memset(d, 0, sizeof *d);
}
