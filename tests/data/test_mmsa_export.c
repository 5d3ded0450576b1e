/* MMSA's feature pickle written, and read by our own reader: the same clips, labels and vectors. */
#include "support/folder.h"

#include "data/mmsa_export.h"

static const char set[] =
    "{\"tasks\": {\"sentiment\": {\"range\": [-1, 1], \"protocol\": \"sims\"}}}\n"
    "{\"id\": \"v$_$1\", \"split\": \"train\", \"text\": \"good \\u00e9\", \"labels\": {\"sentiment\": 0.5}, \"labels_audio\": "
    "{\"sentiment\": -0.25}, \"features\": {\"audio\": [[1, 2], [3, 4], [5, 6]], \"vision\": [[7, 8, 9]]}}\n"
    "{\"id\": \"v$_$2\", \"split\": \"train\", \"text\": \"so\", \"labels\": {\"sentiment\": 0}, \"features\": {\"audio\": [[-1, "
    "0.1]], \"vision\": [[1, 1, 1], [2, 2, 2]]}}\n"
    "{\"id\": \"w$_$1\", \"split\": \"valid\", \"text\": \"bad\", \"labels\": {\"sentiment\": -1}, \"features\": {\"audio\": [[0, "
    "1], [1, 0]], \"vision\": [[4, 5, 6]]}}\n";

/* The set with its ready vectors as a cache has them. */
static sample_cache *open_cache(const char *folder, dataset **d)
{
    char path[512];
    write_text(folder, "set.jsonl", set);
    dataset_options options = {.path = file_in(folder, "set.jsonl", path)};
    assert_ok(dataset_read(&options, NULL, d, error));
    sample_cache *cache = calloc(1, sizeof *cache);
    assert_non_null(cache);
    cache->source = *d;
    cache->samples = calloc((size_t)(*d)->count, sizeof *cache->samples);
    cache->usable = malloc((size_t)(*d)->count);
    assert_true(cache->samples && cache->usable);
    memset(cache->usable, 1, (size_t)(*d)->count);
    for (int64_t i = 0; i < (*d)->count; i++)
        for (int m = 0; m < MODALITIES; m++) {
            cache->samples[i].ready[m] = (*d)->items[i].features[m]; /* borrowed */
            cache->samples[i].present[m] = cache->samples[i].ready[m].data != NULL;
        }
    return cache;
}

static void close_cache(sample_cache *cache, dataset *d)
{
    free(cache->samples);
    free(cache->usable);
    free(cache);
    dataset_free(d);
}

static void comes_back(void **state)
{
    (void)state;
    char folder[256], path[512];
    dataset *d = NULL, *again = NULL;
    mmsa_export_result result;
    folder_new(folder);
    sample_cache *cache = open_cache(folder, &d);
    file_in(folder, "f.pkl", path);
    assert_ok(mmsa_export(cache, 0, path, &result, error));
    assert_int_equal(result.clips, 3);
    assert_true(result.steps[MODALITY_AUDIO] == 3 && result.width[MODALITY_VISION] == 3 && result.cut == 0);
    dataset_options options = {.path = path, .layout = "sims"};
    assert_ok(dataset_read(&options, NULL, &again, error));
    assert_int_equal(again->count, d->count);
    for (int64_t i = 0; i < d->count; i++) {
        const dataset_item *a = &d->items[i], *b = &again->items[i];
        assert_string_equal(a->id, b->id);
        assert_string_equal(a->text, b->text);
        assert_int_equal(a->split, b->split);
        for (int kind = 0; kind < TRUTH_KINDS; kind++) {
            double x = dataset_label(d, a, 0, kind), y = dataset_label(again, b, 0, kind);
            assert_true(x == y || (isnan(x) && isnan(y)));
        }
        for (int m = MODALITY_AUDIO; m <= MODALITY_VISION; m++) {
            const feature_sequence *f = &a->features[m], *g = &b->features[m];
            assert_true(f->steps == g->steps && f->width == g->width);
            assert_memory_equal(f->data, g->data, (size_t)(f->steps * f->width) * sizeof *f->data);
        }
    }
    dataset_free(again);
    assert_ok(mmsa_export(cache, 2, path, &result, error)); /* cut, and padded */
    assert_int_equal(result.cut, 1);
    assert_ok(dataset_read(&options, NULL, &again, error));
    assert_int_equal(again->items[0].features[MODALITY_AUDIO].steps, 2);
    dataset_free(again);
    close_cache(cache, d);
    folder_remove(folder);
}

static void is_refused(void **state)
{
    (void)state;
    char folder[256], path[512];
    dataset *d = NULL;
    mmsa_export_result result;
    smac_error why = {0};
    folder_new(folder);
    sample_cache *cache = open_cache(folder, &d);
    file_in(folder, "f.pkl", path);
    cache->samples[2].ready[MODALITY_AUDIO].width = 1;
    assert_int_equal(mmsa_export(cache, 0, path, &result, &why), SMAC_ERROR_MISMATCH);
    assert_non_null(strstr(why.message, "w$_$1 (line 4)"));
    cache->samples[2].ready[MODALITY_AUDIO].width = 2;
    float *values = cache->samples[1].ready[MODALITY_VISION].data, kept = values[4];
    values[4] = INFINITY;
    assert_int_equal(mmsa_export(cache, 0, path, &result, &why), SMAC_ERROR_FORMAT);
    assert_non_null(strstr(why.message, "not finite"));
    values[4] = kept;
    assert_int_equal(mmsa_export(cache, 0, "/dev/full", &result, &why), SMAC_ERROR_IO); /* a full disk */
    for (int64_t i = 0; i < d->count; i++)
        memset(cache->samples[i].present, 0, sizeof cache->samples[i].present);
    assert_int_equal(mmsa_export(cache, 0, path, &result, &why), SMAC_ERROR_ARGUMENT);
    assert_int_not_equal(access(path, F_OK), 0); /* nothing was written */
    close_cache(cache, d);
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(comes_back), cmocka_unit_test(is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
