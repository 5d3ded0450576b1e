/* data/csd_write.c - writing .csd files through libhdf5. */
#include "data/csd_write.h"

#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

struct csd_writer {
    char *path, *unfinished; /* the file is written under another name */
    hid_t file, root, data;
    bool failed;
};

smac_status csd_writer_new(const char *path, const char *name, csd_writer **out, smac_error *error)
{
    csd_writer *w = memory_new(1, sizeof *w);
    if (!w)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %.300s", path);
    size_t length = strlen(path) + sizeof ".part";
    w->root = w->data = -1;
    w->path = memory_copy_text(path);
    w->unfinished = memory_new(length, 1);
    if (w->unfinished)
        snprintf(w->unfinished, length, "%s.part", path);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* libhdf5 prints its errors otherwise */
    w->file =
        w->path && w->unfinished ? H5Fcreate(w->unfinished, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT) : H5I_INVALID_HID;
    if (w->file >= 0 && (w->root = H5Gcreate2(w->file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)) >= 0)
        w->data = H5Gcreate2(w->root, "data", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    w->failed = w->data < 0;
    *out = w;
    return SMAC_OK;
}

static bool write_array(hid_t group, const char *name, hid_t type, const hsize_t dim[2], const void *values)
{
    hid_t space = H5Screate_simple(2, dim, NULL);
    hid_t set = space >= 0 ? H5Dcreate2(group, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT) : -1;
    bool whole = set >= 0 && H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
    if (set >= 0)
        H5Dclose(set);
    if (space >= 0)
        H5Sclose(space);
    return whole;
}

/* Byte strings as long as the longest word. */
static bool write_words(hid_t group, const csd_rows *rows)
{
    size_t size = 1;
    for (int64_t i = 0; i < rows->count; i++)
        size = strlen(rows->words[i]) > size ? strlen(rows->words[i]) : size;
    char *bytes = memory_new((size_t)rows->count, size);
    hid_t type = H5Tcopy(H5T_C_S1);
    bool whole = bytes && type >= 0 && H5Tset_size(type, size) >= 0;
    for (int64_t i = 0; whole && i < rows->count; i++)
        memcpy(bytes + (size_t)i * size, rows->words[i], strlen(rows->words[i]));
    const hsize_t dim[2] = {(hsize_t)rows->count, 1};
    whole = whole && write_array(group, "features", type, dim, bytes);
    if (type >= 0)
        H5Tclose(type);
    free(bytes);
    return whole;
}

void csd_write(csd_writer *w, const char *entry, const csd_rows *rows)
{
    const hsize_t spans[2] = {(hsize_t)rows->count, 2}, values[2] = {(hsize_t)rows->count, (hsize_t)rows->width};
    hid_t group = w->failed ? -1 : H5Gcreate2(w->data, entry, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    bool whole = group >= 0 && write_array(group, "intervals", H5T_NATIVE_DOUBLE, spans, rows->intervals) &&
        (rows->words ? write_words(group, rows)
                     : write_array(group, "features", H5T_NATIVE_FLOAT, values, rows->numbers));
    if (group >= 0)
        H5Gclose(group);
    w->failed = w->failed || !whole;
}

smac_status csd_writer_close(csd_writer *w, smac_error *error)
{
    if (w->data >= 0)
        w->failed = H5Gclose(w->data) < 0 || w->failed;
    if (w->root >= 0)
        w->failed = H5Gclose(w->root) < 0 || w->failed;
    if (w->file >= 0)
        w->failed = H5Fclose(w->file) < 0 || w->failed;
    w->failed = w->failed || rename(w->unfinished, w->path) != 0;
    smac_status status = w->failed
        ? FAIL(error, SMAC_ERROR_IO, "%.300s cannot be written: look at its folder and the free space",
              w->path ? w->path : "a .csd file")
        : SMAC_OK;
    if (w->failed && w->unfinished)
        remove(w->unfinished);
    free(w->unfinished);
    free(w->path);
    free(w);
    return status;
}
