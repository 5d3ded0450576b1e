/* Batches: packing, masks, places, modality dropout, and what may not be in one batch. */
#include "support/check.h"

#include "pipeline/batch.h"

static void give_text(sample *s, int count, int first)
{
    s->ids = malloc((size_t)count * sizeof *s->ids);
    s->types = calloc((size_t)count, sizeof *s->types);
    for (int i = 0; i < count; i++)
        s->ids[i] = first + i;
    s->tokens = count;
    s->present[MODALITY_TEXT] = true;
}

static void give_pictures(sample *s, int clips, int crops, int size)
{
    size_t bytes = (size_t)(clips * crops * 2 * size * size * 3);
    s->frames = malloc(bytes);
    for (size_t i = 0; i < bytes; i++)
        s->frames[i] = (uint8_t)(i * 7 + (size_t)clips);
    s->clips = clips;
    s->crops = crops;
    s->image_size = size;
    s->clip_pictures = 2;
    s->present[MODALITY_VISION] = true;
}

static void give_sound(sample *s, int windows)
{
    s->mel_bins = 3;
    s->mel_frames = 4;
    s->mel = malloc((size_t)(windows * 12) * sizeof *s->mel);
    for (int i = 0; i < windows * 12; i++)
        s->mel[i] = (float)(windows * 100 + i);
    s->windows = windows;
    s->present[MODALITY_AUDIO] = true;
}

static void test_packing(void **state)
{
    (void)state;
    sample a = {0}, b = {0}, c = {0};
    const sample *all[] = {&a, &b, &c};
    give_text(&a, 3, 10);
    give_text(&c, 5, 20);
    give_pictures(&a, 2, 3, 4);
    give_pictures(&b, 1, 3, 4);
    give_sound(&b, 2);
    give_sound(&c, 1);
    batch k;
    assert_ok(batch_make(all, 3, NULL, &(batch_padding){9, 1, false}, &k, error));
    const batch_modality *t = &k.part[MODALITY_TEXT], *v = &k.part[MODALITY_VISION], *s = &k.part[MODALITY_AUDIO];
    assert_int_equal(t->rows, 2);
    assert_int_equal(t->steps, 5);
    assert_memory_equal(t->present, ((uint8_t[]){1, 0, 1}), 3);
    assert_memory_equal(t->place, ((int32_t[]){0, -1, 1}), 3 * sizeof(int32_t));
    assert_memory_equal(k.ids, ((int32_t[]){10, 11, 12, 9, 9, 20, 21, 22, 23, 24}), 10 * sizeof(int32_t));
    assert_memory_equal(k.text_mask, ((uint8_t[]){1, 1, 1, 0, 0, 1, 1, 1, 1, 1}), 10);
    assert_memory_equal(t->mask, ((uint8_t[]){1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1}), 15);
    assert_int_equal(k.types[3], 1);
    assert_int_equal(v->rows, 9);
    assert_int_equal(v->steps, 2);
    assert_memory_equal(
        v->place, ((int32_t[]){0, 1, 2, 3, 4, 5, 6, 7, 8, -1, -1, -1, -1, -1, -1, -1, -1, -1}), 18 * sizeof(int32_t));
    assert_memory_equal(v->mask, ((uint8_t[]){1, 1, 1, 0, 0, 0}), 6);
    /* the second frame of the last row, channel 1, pixel 5 */
    float expected[48];
    picture_bytes_to_values(b.frames + (2 * 2 + 1) * 48, 4, expected);
    assert_memory_equal(k.pictures + (8 * 2 + 1) * 48, expected, sizeof expected);
    assert_near(expected[0], (b.frames[5 * 48] / 255.0 - 0.48145466) / 0.26862954, 1e-5);
    assert_int_equal(s->rows, 3);
    assert_memory_equal(s->place, ((int32_t[]){-1, -1, 0, 1, 2, -1}), 6 * sizeof(int32_t));
    assert_near(k.mel[2 * 12], 100, 0);
    batch_clear(&k);
    /* padding on the left, and a modality dropped */
    const uint8_t drop[] = {0, 0, 1, 0, 0, 1, 0, 0, 0};
    assert_ok(batch_make(all, 3, drop, &(batch_padding){9, 1, true}, &k, error));
    assert_memory_equal(k.ids, ((int32_t[]){9, 9, 10, 11, 12, 20, 21, 22, 23, 24}), 10 * sizeof(int32_t));
    assert_false(k.part[MODALITY_VISION].any);
    assert_null(k.pictures);
    batch_clear(&k);
    for (int i = 0; i < 3; i++)
        sample_clear((sample *)all[i]);
}

static void test_refusals(void **state)
{
    (void)state;
    sample a = {0}, b = {0};
    const sample *both[] = {&a, &b};
    batch k;
    smac_error why = {0};
    float values[12] = {0};
    give_pictures(&a, 2, 1, 4);
    assert_ok(sample_set_ready(&b, MODALITY_VISION, 2, 1, 6, values, error));
    assert_int_equal(batch_make(both, 2, NULL, &(batch_padding){0}, &k, &why), SMAC_ERROR_MISMATCH);
    assert_ok(sample_set_ready(&a, MODALITY_VISION, 3, 1, 4, values, error));
    assert_int_equal(batch_make(both, 2, NULL, &(batch_padding){0}, &k, &why), SMAC_ERROR_MISMATCH);
    assert_int_equal(batch_make(both, 0, NULL, &(batch_padding){0}, &k, &why), SMAC_ERROR_ARGUMENT);
    assert_int_equal(sample_set_ready(&a, MODALITY_VISION, 0, 1, 4, values, &why), SMAC_ERROR_ARGUMENT);
    sample_clear(&a);
    sample_clear(&b);
}

/* Every member of a sample belongs to a modality and is borrowed with it, but the times. */
static void test_borrowing(void **state)
{
    (void)state;
    sample from, to;
    memset(&from, 1, sizeof from);
    memset(&to, 0, sizeof to);
    for (int m = 0; m < MODALITIES; m++)
        sample_borrow(&to, &from, m);
    const unsigned char *bytes = (const unsigned char *)&to;
    size_t missing = 0, padding = 0;
    for (size_t i = 0; i < offsetof(sample, start); i++)
        missing += bytes[i] != 1;
    padding = offsetof(sample, ready) - sizeof to.present; /* between the first two members */
    assert_int_equal(missing, padding);
    assert_true(to.start == 0 && to.end == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packing), cmocka_unit_test(test_refusals), cmocka_unit_test(test_borrowing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
