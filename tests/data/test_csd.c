/* CMU-MultimodalSDK's sequences: as downloaded, aligned, with recordings and transcripts, and what can be wrong. */
#include <hdf5.h>

#include "support/readers.h"

#include "base/file.h"
#include "data/emotions.h"

static void write_set(hid_t group, const char *name, hid_t type, int rows, int width, const void *data)
{
    hsize_t dim[2] = {(hsize_t)rows, (hsize_t)width};
    hid_t space = H5Screate_simple(2, dim, NULL),
          set = H5Dcreate2(group, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(set >= 0 && H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
    H5Dclose(set);
    H5Sclose(space);
}

static void write_entry(
    hid_t data, const char *name, hid_t type, int rows, int width, const void *features, const double *intervals)
{
    hid_t entry = H5Gcreate2(data, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    write_set(entry, "features", type, rows, width, features);
    write_set(entry, "intervals", H5T_NATIVE_DOUBLE, rows, 2, intervals);
    H5Gclose(entry);
}

/* One entry: "video1", or entry. */
static void write_csd_as(const char *folder, const char *file, const char *entry, hid_t type, int rows, int width,
    const void *features, const double *intervals)
{
    char path[512];
    file_in(folder, file, path);
    hid_t h = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t root = H5Gcreate2(h, "Sequence", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    hid_t data = H5Gcreate2(root, "data", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    write_entry(data, entry, type, rows, width, features, intervals);
    H5Gclose(data);
    H5Gclose(root);
    H5Fclose(h);
}

static void write_csd(const char *folder, const char *file, hid_t type, int rows, int width, const void *features,
    const double *intervals)
{
    write_csd_as(folder, file, "video1", type, rows, width, features, intervals);
}

static void csd(void **state)
{
    (void)state;
    char folder[256], path[512];
    dataset *d = NULL;
    folder_new(folder);
    const float labels[] = {1.5f, 2, 0, 0, 1, 0, 0, -2, 0, 0, 0, 0, 0, 0}, audio[] = {1, 2, 3, 4, 5, 6};
    const double spans[] = {0, 2, 2, 4}, frames[] = {0, 1, 1.5, 2, 2.5, 3}, said[] = {0, 1, 1, 1.2, 2.1, 3};
    char words[3][8] = {"good", "sp", "bad"};
    hid_t text = H5Tcopy(H5T_C_S1);
    H5Tset_size(text, 8);
    write_csd(folder, "All_Labels.csd", H5T_NATIVE_FLOAT, 2, 7, labels, spans);
    write_csd(folder, "COVAREP.csd", H5T_NATIVE_FLOAT, 3, 2, audio, frames);
    write_csd(folder, "Words.csd", text, 3, 1, words, said);
    write_text(folder, "folds.json", "{\"train\": [\"video1\"], \"valid\": [], \"test\": []}");
    read_set(folder, "csd", "sentiment,emotion", &d);
    assert_int_equal(d->count, 2);
    const dataset_item *first = find_item(d, "video1[0]"), *second = find_item(d, "video1[1]");
    assert_string_equal(first->text, "good");
    assert_string_equal(second->text, "bad");
    assert_near(dataset_label(d, first, 0, TRUTH_MULTIMODAL), 1.5, 1e-6);
    assert_near(label_values(first, 1, TRUTH_MULTIMODAL)[EMOTION_JOY], 2.0 / 3, 1e-6);
    assert_near(label_values(first, 1, TRUTH_MULTIMODAL)[EMOTION_SURPRISE], 1.0 / 3, 1e-6);
    assert_near(dataset_label(d, second, 1, TRUTH_MULTIMODAL), EMOTION_NEUTRAL, 0);
    assert_int_equal(first->features[MODALITY_AUDIO].steps, 2);
    assert_near(second->features[MODALITY_AUDIO].data[1], 6, 0);
    dataset_free(d);
    char *bytes = NULL;
    size_t size = 0;
    file_in(folder, "All_Labels.csd", path);
    assert_ok(file_read(path, 0, &bytes, &size, error));
    assert_ok(file_write(path, bytes, size / 2, error));
    free(bytes);
    expect_refused(folder, "csd", NULL, "cut short");
    H5Tclose(text);
    folder_remove(folder);
}

/* Values that are not finite count as 0 and are told; a video in two folds, and labels out of range, are refused. */
static void csd_faults(void **state)
{
    (void)state;
    char folder[256];
    dataset *d = NULL;
    folder_new(folder);
    const float labels[] = {1.5f, 4}, audio[] = {1, -INFINITY, NAN, 4};
    const double spans[] = {0, 2, 2, 4}, frames[] = {0, 1, 2.5, 3}, empty[] = {0, 2, 2, 2};
    write_csd(folder, "All_Labels.csd", H5T_NATIVE_FLOAT, 1, 1, labels, spans);
    write_csd(folder, "COVAREP.csd", H5T_NATIVE_FLOAT, 2, 2, audio, frames);
    write_text(folder, "folds.json", "{\"train\": [\"video1\"]}");
    read_set(folder, "csd", NULL, &d);
    assert_int_equal(d->count, 1);
    assert_memory_equal(d->items[0].features[MODALITY_AUDIO].data, ((const float[]){1, 0}), 2 * sizeof(float));
    assert_int_equal(d->loss_count, 1);
    assert_int_equal(d->losses[0].kind, LOSS_VALUES);
    assert_non_null(strstr(d->losses[0].message, "1 values are not finite"));
    dataset_free(d);
    write_text(folder, "folds.json", "{\"train\": [\"video1\"], \"valid\": [\"video2\"], \"test\": [\"video1\"]}");
    expect_refused(folder, "csd", NULL, "names the video video1 in \"train\" and in \"test\"");
    write_text(folder, "folds.json", "{\"train\": [1]}");
    expect_refused(folder, "csd", NULL, "entry 1 of \"train\"");
    write_text(folder, "folds.json", "{\"train\": \"video1\"}");
    expect_refused(folder, "csd", NULL, "is not a list");
    write_text(folder, "folds.json", "{\"train\": [\"video1\"]}");
    write_csd(folder, "All_Labels.csd", H5T_NATIVE_FLOAT, 2, 1, labels, spans);
    expect_refused(folder, "csd", NULL, "clip video1[1]: its sentiment lies outside [-3, 3]");
    dataset_options options = {.path = folder, .layout = "csd", .skip_bad = true};
    assert_ok(dataset_read(&options, NULL, &d, error));
    assert_int_equal(d->count, 1);
    assert_int_equal(d->skipped, 1);
    dataset_free(d);
    write_csd(folder, "All_Labels.csd", H5T_NATIVE_FLOAT, 2, 1, (const float[]){1, 1}, empty);
    expect_refused(folder, "csd", NULL, "its interval is not seconds");
    folder_remove(folder);
}

/* After the SDK's alignment an entry is a clip. */
static void csd_aligned(void **state)
{
    (void)state;
    char folder[256];
    dataset *d = NULL;
    folder_new(folder);
    const float label = 2, audio[] = {1, 2};
    const double span[] = {6, 8}, frames[] = {6, 6.5, 7, 7.5};
    write_csd_as(folder, "Labels.csd", "video1[3]", H5T_NATIVE_FLOAT, 1, 1, &label, span);
    write_csd_as(folder, "COVAREP.csd", "video1[3]", H5T_NATIVE_FLOAT, 2, 1, audio, frames);
    write_text(folder, "folds.json", "{\"valid\": [\"video1\"]}");
    read_set(folder, "csd", NULL, &d);
    const dataset_item *clip = find_item(d, "video1[3]");
    assert_string_equal(clip->video_id, "video1");
    assert_string_equal(clip->clip_id, "3");
    assert_int_equal(clip->split, SPLIT_VALID);
    assert_int_equal(clip->features[MODALITY_AUDIO].steps, 2);
    dataset_free(d);
    folder_remove(folder);
}

/* Whole videos with transcripts (MOSEI), and clips cut out (MOSI). */
static void csd_with_raw(void **state)
{
    (void)state;
    char folder[256];
    dataset *d = NULL;
    folder_new(folder);
    const float labels[] = {1, -1};
    const double spans[] = {0.5, 2, 2, 4.25};
    write_csd(folder, "Labels.csd", H5T_NATIVE_FLOAT, 2, 1, labels, spans);
    write_text(folder, "folds.json", "{\"train\": [\"video1\"]}");
    make_folder(folder, "Raw/Videos/Full/Combined");
    make_folder(folder, "Raw/Transcript/Segmented/Combined");
    expect_refused(folder, "csd", NULL, "neither a whole video video1");
    write_text(folder, "Raw/Videos/Full/Combined/video1.mp4", "x");
    write_text(folder, "Raw/Transcript/Segmented/Combined/video1.txt",
        "video1___1___2.01___4.2___second ___ one\r\nvideo1___0___0.5___2.0___first one\r\n");
    read_set(folder, "csd", NULL, &d);
    const dataset_item *second = find_item(d, "video1[1]");
    assert_string_equal(find_item(d, "video1[0]")->text, "first one");
    assert_string_equal(second->text, "second ___ one");
    assert_non_null(strstr(second->media, "Raw/Videos/Full/Combined/video1.mp4"));
    assert_true(second->start == 2 && second->end == 4.25);
    dataset_free(d);
    write_text(folder, "Raw/Transcript/Segmented/Combined/video1.txt", "video1___1___2.01___x___a\n");
    expect_refused(folder, "csd", NULL, "line 1 is not of the form");
    folder_remove(folder);
    folder_new(folder);
    write_csd(folder, "Labels.csd", H5T_NATIVE_FLOAT, 2, 1, labels, spans);
    write_text(folder, "folds.json", "{\"train\": [\"video1\"]}");
    make_folder(folder, "Raw/Video/Segmented");
    write_text(folder, "Raw/Video/Segmented/video1_1.mp4", "x");
    expect_refused(folder, "csd", NULL, "video1_2.mp4");
    write_text(folder, "Raw/Video/Segmented/video1_2.mp4", "x");
    read_set(folder, "csd", NULL, &d);
    assert_non_null(strstr(find_item(d, "video1[1]")->media, "video1_2.mp4"));
    assert_true(find_item(d, "video1[1]")->end == 0);
    dataset_free(d);
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(csd), cmocka_unit_test(csd_faults),
        cmocka_unit_test(csd_aligned), cmocka_unit_test(csd_with_raw)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
