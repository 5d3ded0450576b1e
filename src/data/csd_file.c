/* data/csd_file.c - reading .csd files through libhdf5. */
#include "data/csd_file.h"

#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

struct csd_file {
    char *path, *name;
    hid_t file, data; /* the group /NAME/data */
    char **entries;
    size_t count, capacity;
    bool text, failed;
};

/* --- opening ------------------------------------------------------------------------------------------------------ */

static herr_t take_entry(hid_t group, const char *name, const H5L_info_t *info, void *user)
{
    csd_file *f = user;
    (void)group;
    (void)info;
    char *copy = memory_copy_text(name);
    if (copy && memory_grow((void **)&f->entries, &f->capacity, f->count + 1, sizeof *f->entries)) {
        f->entries[f->count++] = copy;
        return 0;
    }
    free(copy);
    f->failed = true;
    return -1;
}

/* The first group of the file. */
static herr_t take_root(hid_t group, const char *name, const H5L_info_t *info, void *user)
{
    csd_file *f = user;
    (void)group;
    (void)info;
    f->name = memory_copy_text(name);
    return 1;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool entry_is_text(const csd_file *f)
{
    bool text = false;
    hid_t group = f->count ? H5Gopen2(f->data, f->entries[0], H5P_DEFAULT) : -1;
    hid_t set = group >= 0 ? H5Dopen2(group, "features", H5P_DEFAULT) : -1;
    hid_t type = set >= 0 ? H5Dget_type(set) : -1;
    if (type >= 0) {
        text = H5Tget_class(type) == H5T_STRING;
        H5Tclose(type);
    }
    if (set >= 0)
        H5Dclose(set);
    if (group >= 0)
        H5Gclose(group);
    return text;
}

static smac_status open_groups(csd_file *f, smac_error *error)
{
    char data[600];
    if (H5Literate(f->file, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, take_root, f) < 0 || !f->name ||
        snprintf(data, sizeof data, "%.500s/data", f->name) < 0 || (f->data = H5Gopen2(f->file, data, H5P_DEFAULT)) < 0)
        return FAIL(error, SMAC_ERROR_FORMAT,
            "%.300s has no group with \"data\" in it: it is not a computational sequence of CMU-MultimodalSDK",
            f->path);
    if (H5Literate(f->data, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, take_entry, f) < 0)
        return f->failed
            ? FAIL(error, SMAC_ERROR_MEMORY, "no memory for the entries of %.300s", f->path)
            : FAIL(error, SMAC_ERROR_FORMAT, "the entries of %.300s cannot be listed: get it again", f->path);
    qsort(f->entries, f->count, sizeof *f->entries, compare_names);
    f->text = entry_is_text(f);
    return SMAC_OK;
}

smac_status csd_open(const char *path, csd_file **out, smac_error *error)
{
    csd_file *f = memory_new(1, sizeof *f);
    if (!f || !(f->path = memory_copy_text(path))) {
        free(f);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %.300s", path);
    }
    f->file = f->data = -1;
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* libhdf5 prints its errors otherwise */
    smac_status status = SMAC_OK;
    if (!file_exists(path))
        status = FAIL(error, SMAC_ERROR_NOT_FOUND, "there is no file %.300s", path);
    else if ((f->file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT)) < 0)
        status = FAIL(error, SMAC_ERROR_FORMAT, "%.300s is not an HDF5 file, or it is cut short: get it again", path);
    if (status == SMAC_OK)
        status = open_groups(f, error);
    if (status != SMAC_OK) {
        csd_close(f);
        return status;
    }
    *out = f;
    return SMAC_OK;
}

void csd_close(csd_file *f)
{
    if (!f)
        return;
    if (f->data >= 0)
        H5Gclose(f->data);
    if (f->file >= 0)
        H5Fclose(f->file);
    for (size_t i = 0; i < f->count; i++)
        free(f->entries[i]);
    free(f->entries);
    free(f->name);
    free(f->path);
    free(f);
}

const char *csd_name(const csd_file *f)
{
    return f->name;
}

size_t csd_count(const csd_file *f)
{
    return f->count;
}

const char *csd_entry(const csd_file *f, size_t index)
{
    return index < f->count ? f->entries[index] : NULL;
}

bool csd_has(const csd_file *f, const char *entry)
{
    char *key = (char *)(uintptr_t)entry;
    return f->count && bsearch(&key, f->entries, f->count, sizeof *f->entries, compare_names) != NULL;
}

bool csd_is_text(const csd_file *f)
{
    return f->text;
}

/* --- entries ------------------------------------------------------------------------------------------------------ */

/* The sizes of a dataset of one or two dimensions, (rows, width). */
static bool set_shape(hid_t set, int64_t *rows, int64_t *width)
{
    hsize_t dim[2] = {0, 1};
    hid_t space = H5Dget_space(set);
    int rank = space >= 0 ? H5Sget_simple_extent_ndims(space) : -1;
    bool good = rank >= 1 && rank <= 2 && H5Sget_simple_extent_dims(space, dim, NULL) == rank;
    if (space >= 0)
        H5Sclose(space);
    *rows = (int64_t)dim[0];
    *width = (int64_t)dim[1];
    return good && dim[0] < (hsize_t)1 << 32 && dim[1] < (hsize_t)1 << 24;
}

/* Strings of fixed or of variable length. */
static bool read_words(hid_t set, int64_t count, char **words)
{
    hid_t type = H5Dget_type(set);
    bool variable = type >= 0 && H5Tis_variable_str(type) > 0, good = type >= 0;
    size_t size = good && !variable ? H5Tget_size(type) : 0;
    if (variable) {
        char **given = memory_new((size_t)count + 1, sizeof *given);
        hid_t space = H5Dget_space(set), memory = H5Tcopy(H5T_C_S1);
        H5Tset_size(memory, H5T_VARIABLE);
        H5Tset_cset(memory, H5Tget_cset(type));
        good = given && H5Dread(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, given) >= 0;
        for (int64_t i = 0; good && i < count; i++)
            good = (words[i] = memory_copy_text(given[i] ? given[i] : "")) != NULL;
        if (given && good)
            H5Dvlen_reclaim(memory, space, H5P_DEFAULT, given);
        H5Tclose(memory);
        H5Sclose(space);
        free(given);
    } else if (good) {
        char *bytes = size < 1 << 16 ? memory_new((size_t)count + 1, size) : NULL;
        good = bytes && H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes) >= 0;
        for (int64_t i = 0; good && i < count; i++)
            good = (words[i] = memory_copy_text_n(bytes + (size_t)i * size, strnlen(bytes + (size_t)i * size, size))) !=
                NULL;
        free(bytes);
    }
    if (type >= 0)
        H5Tclose(type);
    return good;
}

static bool read_sets(const csd_file *f, hid_t features, hid_t intervals, csd_rows *out)
{
    int64_t rows, width;
    if (features < 0 || intervals < 0 || !set_shape(intervals, &rows, &width) || width != 2 ||
        !set_shape(features, &out->count, &out->width) || out->count != rows)
        return false;
    out->intervals = memory_new((size_t)rows * 2 + 1, sizeof *out->intervals);
    if (!out->intervals || H5Dread(intervals, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, out->intervals) < 0)
        return false;
    if (f->text) {
        out->words = memory_new((size_t)rows + 1, sizeof *out->words);
        return out->words && out->width == 1 && read_words(features, rows, out->words);
    }
    out->numbers = memory_new((size_t)(rows * out->width) + 1, sizeof *out->numbers);
    return out->numbers && H5Dread(features, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, out->numbers) >= 0;
}

smac_status csd_read(const csd_file *f, const char *entry, csd_rows *out, smac_error *error)
{
    *out = (csd_rows){0};
    if (H5Lexists(f->data, entry, H5P_DEFAULT) <= 0)
        return FAIL(error, SMAC_ERROR_NOT_FOUND, "%.300s has no entry %.100s", f->path, entry);
    hid_t group = H5Gopen2(f->data, entry, H5P_DEFAULT);
    hid_t features = group >= 0 ? H5Dopen2(group, "features", H5P_DEFAULT) : -1;
    hid_t intervals = group >= 0 ? H5Dopen2(group, "intervals", H5P_DEFAULT) : -1;
    bool good = read_sets(f, features, intervals, out);
    if (features >= 0)
        H5Dclose(features);
    if (intervals >= 0)
        H5Dclose(intervals);
    if (group >= 0)
        H5Gclose(group);
    if (good)
        return SMAC_OK;
    csd_rows_clear(out);
    return FAIL(error, SMAC_ERROR_FORMAT,
        "entry %.100s of %.300s has no features (n, d) with intervals (n, 2), or cannot be read: get the file again",
        entry, f->path);
}

void csd_rows_clear(csd_rows *r)
{
    for (int64_t i = 0; r->words && i < r->count; i++)
        free(r->words[i]);
    free(r->words);
    free(r->numbers);
    free(r->intervals);
    *r = (csd_rows){0};
}
