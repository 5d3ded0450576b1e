/*
 * data/mmsa_metadata.c - the older release of CH-SIMS: metadata/sentiment/label_{M,T,A,V}.csv and
 * metadata/{train,val,test}_index.csv, joined by video_id and clip_id into the text of one label.csv.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/number.h"
#include "data/mmsa_internal.h"
#include "data/table_text.h"

/* A label file with its rows in the order of their ids. */
typedef struct label_file {
    csv_table table;
    char path[1200];
    int video, clip, label, text; /* columns; text -1 where there is none */
    const csv_row **sorted;       /* (table.count - 1), by id */
    size_t count;
} label_file;

static const char *cell(const csv_row *row, int column)
{
    return column >= 0 && (size_t)column < row->count ? row->cells[column] : "";
}

static int compare_ids(const char *video, const char *clip, const char *other_video, const char *other_clip)
{
    int order = strcmp(video, other_video);
    return order ? order : strcmp(clip, other_clip);
}

typedef struct row_key {
    const csv_row *row;
    int video, clip;
} row_key;

static int compare_keys(const void *a, const void *b)
{
    const row_key *x = a, *y = b;
    int order =
        compare_ids(cell(x->row, x->video), cell(x->row, x->clip), cell(y->row, y->video), cell(y->row, y->clip));
    return order ? order : x->row->line < y->row->line ? -1 : x->row->line > y->row->line;
}

static smac_status sort_rows(label_file *f, smac_error *error)
{
    f->count = f->table.count - 1;
    row_key *keys = memory_new(f->count + 1, sizeof *keys);
    f->sorted = memory_new(f->count + 1, sizeof *f->sorted);
    smac_status status = keys && f->sorted ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for %s", f->path);
    for (size_t i = 0; status == SMAC_OK && i < f->count; i++)
        keys[i] = (row_key){&f->table.rows[i + 1], f->video, f->clip};
    if (status == SMAC_OK)
        qsort(keys, f->count, sizeof *keys, compare_keys);
    for (size_t i = 0; status == SMAC_OK && i < f->count; i++) {
        f->sorted[i] = keys[i].row;
        if (i > 0 &&
            compare_ids(cell(keys[i].row, f->video), cell(keys[i].row, f->clip), cell(keys[i - 1].row, f->video),
                cell(keys[i - 1].row, f->clip)) == 0)
            status =
                FAIL(error, SMAC_ERROR_FORMAT, "%s names clip %.100s/%.100s on lines %zu and %zu: remove one", f->path,
                    cell(keys[i].row, f->video), cell(keys[i].row, f->clip), keys[i - 1].row->line, keys[i].row->line);
    }
    free(keys);
    return status;
}

static smac_status open_label_file(const char *folder, char letter, label_file *f, smac_error *error)
{
    snprintf(f->path, sizeof f->path, "%.1000s/metadata/sentiment/label_%c.csv", folder, letter);
    TRY(table_read(f->path, NULL, &f->table, error));
    if (f->table.count > 0) {
        f->video = csv_column(&f->table, "video_id");
        f->clip = csv_column(&f->table, "clip_id");
        f->label = csv_column(&f->table, "label");
        f->text = csv_column(&f->table, "text");
    }
    if (f->table.count == 0 || f->video < 0 || f->clip < 0 || f->label < 0)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s has no column video_id, clip_id or label: add it", f->path);
    return sort_rows(f, error);
}

static void close_label_file(label_file *f)
{
    csv_free(&f->table);
    free(f->sorted);
}

/* The row of an id; NULL when the file has none. */
static const csv_row *find_row(const label_file *f, const char *video, const char *clip)
{
    size_t low = 0, high = f->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const csv_row *row = f->sorted[middle];
        int order = compare_ids(cell(row, f->video), cell(row, f->clip), video, clip);
        if (order == 0)
            return row;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* Every clip that a modality's file names must be in label_M.csv: else the ids of the two do not go together. */
static smac_status check_same_clips(const label_file *all, const label_file *one, smac_error *error)
{
    for (size_t i = 0; i < one->count; i++)
        if (!find_row(all, cell(one->sorted[i], one->video), cell(one->sorted[i], one->clip)))
            return FAIL(error, SMAC_ERROR_MISMATCH,
                "%s line %zu names clip %.100s/%.100s, which %s does not: they must name the same clips", one->path,
                one->sorted[i]->line, cell(one->sorted[i], one->video), cell(one->sorted[i], one->clip), all->path);
    return SMAC_OK;
}

/* Mark mode[row of label_M] by an index file: rows of "video_id,clip_id" or of row numbers from 0. */
static smac_status mark_split(
    const label_file *all, const char *path, const char *name, const char **mode, smac_error *error)
{
    csv_table index = {0};
    TRY(table_read(path, NULL, &index, error));
    int video = index.count ? csv_column(&index, "video_id") : -1;
    int clip = index.count ? csv_column(&index, "clip_id") : -1;
    smac_status status = SMAC_OK;
    for (size_t i = 0; i < index.count && status == SMAC_OK; i++) {
        const csv_row *row = &index.rows[i];
        int64_t number;
        if (video >= 0 && clip >= 0) {
            const csv_row *found = i > 0 ? find_row(all, cell(row, video), cell(row, clip)) : NULL;
            if (found)
                mode[found - all->table.rows] = name;
        } else if (number_parse_integer(row->cells[row->count - 1], &number)) {
            if (number < 0 || (size_t)number >= all->count)
                status = FAIL(error, SMAC_ERROR_FORMAT, "%s line %zu names row %lld, but there are %zu: mend that line",
                    path, row->line, (long long)number, all->count);
            else
                mode[number + 1] = name;
        } else if (i > 0) {
            status = FAIL(error, SMAC_ERROR_FORMAT, "%s line %zu: '%.60s' is not a row number: mend that line", path,
                row->line, row->cells[row->count - 1]);
        }
    }
    csv_free(&index);
    return status;
}

static void write_joined(const label_file files[4], const char *const *mode, text_buffer *out)
{
    const label_file *all = &files[0];
    text_add(out, "video_id,clip_id,text,label,label_T,label_A,label_V,annotation,mode\n");
    for (size_t i = 1; i < all->table.count; i++) {
        const csv_row *row = &all->table.rows[i];
        const char *video = cell(row, all->video), *clip = cell(row, all->clip);
        csv_add_cell(out, video, true);
        csv_add_cell(out, clip, false);
        csv_add_cell(out, cell(row, all->text), false);
        csv_add_cell(out, cell(row, all->label), false);
        for (int k = 1; k < 4; k++) {
            const csv_row *own = find_row(&files[k], video, clip);
            csv_add_cell(out, own ? cell(own, files[k].label) : "", false);
        }
        csv_add_cell(out, "", false);
        csv_add_cell(out, mode[i] ? mode[i] : "", false);
        text_add(out, "\n");
    }
}

smac_status mmsa_join_metadata(const char *folder, text_buffer *out, smac_error *error)
{
    static const char letters[] = "MTAV";
    static const char *const index_names[] = {"train", "val", "test"}, *const modes[] = {"train", "valid", "test"};
    label_file *files = memory_new(4, sizeof *files);
    const char **mode = NULL;
    if (!files)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the rows of %s", folder);
    smac_status status = SMAC_OK;
    for (int k = 0; k < 4 && status == SMAC_OK; k++) {
        status = open_label_file(folder, letters[k], &files[k], error);
        if (status == SMAC_OK && k > 0)
            status = check_same_clips(&files[0], &files[k], error);
    }
    if (status == SMAC_OK && !(mode = memory_new(files[0].table.count, sizeof *mode)))
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the rows of %s", folder);
    for (int k = 0; k < 3 && status == SMAC_OK; k++) {
        char path[1200];
        snprintf(path, sizeof path, "%.1000s/metadata/%s_index.csv", folder, index_names[k]);
        status = mark_split(&files[0], path, modes[k], mode, error);
    }
    if (status == SMAC_OK)
        write_joined(files, mode, out);
    free(mode);
    for (int k = 0; k < 4; k++)
        close_label_file(&files[k]);
    free(files);
    return status == SMAC_OK && out->failed ? FAIL(error, SMAC_ERROR_MEMORY, "no memory for the rows of %s", folder)
                                            : status;
}
