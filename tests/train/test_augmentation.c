/* tests/train/test_augmentation.c - what may change, what may not, and that the choice hangs on seed, epoch and clip. */
#include "support/check.h"

#include "text/tokenizer.h"
#include "train/augmentation.h"

enum { SIDE = 8, TOKENS = 6 };

static const char *const vocabulary[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "film"};

typedef struct fixture {
    augmentation c;
    tokenizer *t;
    batch b;
    uint8_t present[2];
    int32_t place[2], text_place[2], ids[2 * TOKENS];
    float pictures[2 * 6 * SIDE * SIDE], mel[2 * 4];
} fixture;

static void fill(fixture *f)
{
    memset(&f->b, 0, sizeof f->b);
    f->b.size = 2;
    f->b.image_size = SIDE;
    f->b.clip_pictures = 2;
    f->b.pictures = f->pictures;
    f->b.ids = f->ids;
    f->b.mel = f->mel;
    f->b.mel_bins = 2;
    f->b.mel_frames = 2;
    for (int i = 0; i < 2; i++) {
        f->present[i] = 1;
        f->place[i] = f->text_place[i] = i;
    }
    f->b.part[MODALITY_TEXT] =
        (batch_modality){.present = f->present, .steps = TOKENS, .crops = 1, .place = f->text_place};
    f->b.part[MODALITY_AUDIO] = (batch_modality){.present = f->present, .steps = 1, .crops = 1, .place = f->place};
    f->b.part[MODALITY_VISION] = f->b.part[MODALITY_AUDIO];
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < TOKENS; k++)
            f->ids[i * TOKENS + k] = k == 0 ? 2 : k == 4 ? 3 : k == 5 ? 0 : 5 + k % 2;
    for (int i = 0; i < 2 * 6 * SIDE * SIDE; i++)
        f->pictures[i] = (float)(i % SIDE);
    for (int i = 0; i < 8; i++)
        f->mel[i] = (float)i;
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    assert_ok(tokenizer_open_wordpiece(vocabulary, 7, true, &f->t, error));
    f->c.tokenizer = f->t;
    fill(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    tokenizer_close(((fixture *)*state)->t);
    free(*state);
    return 0;
}

static void nothing_changes_without_being_asked(void **state)
{
    fixture *f = *state;
    fixture before = *f;
    assert_ok(augment_batch(&f->c, &f->b, (int64_t[]){3, 4}, 100, error));
    assert_memory_equal(f->ids, before.ids, sizeof f->ids);
    assert_memory_equal(f->pictures, before.pictures, sizeof f->pictures);
    assert_memory_equal(f->mel, before.mel, sizeof f->mel);
}

/* Of a picture that grows from left to right: its steps show how far it was turned and scaled, its middle that it stayed. */
static void pictures_are_turned_and_scaled(void **state)
{
    fixture *f = *state;
    double least = 9, most = -9;
    for (int kind = 0; kind < 3; kind++) {
        f->c.rotation = kind == 0 ? 40 : 0;
        f->c.scale = kind == 1 ? 0.25 : 0;
        f->c.shift = kind == 2 ? 0.25 : 0;
        least = 9, most = -9;
        for (uint64_t epoch = 0; epoch < 60; epoch++) {
            fill(f);
            f->c.flip = kind != 2;
            f->c.rotation += kind == 2 ? 1e-9 : 0; /* the way of rotation, and the pictures that moving alone gives */
            assert_ok(augment_batch(&f->c, &f->b, (int64_t[]){3, 4}, epoch * 10, error));
            const float *middle = f->pictures + (SIDE / 2 - 1) * SIDE + SIDE / 2 - 1;
            double step = fabs((double)middle[1] - middle[0]), turned = fabs((double)middle[SIDE] - middle[0]);
            if (kind < 2)
                assert_near(middle[0] + middle[1] + middle[SIDE] + middle[SIDE + 1], 4 * 3.5, 1e-4);
            if (kind == 0)
                assert_near(step * step + turned * turned, 1, 1e-4);
            if (kind == 2)
                step = middle[0];
            least = fmin(least, step);
            most = fmax(most, step);
        }
        if (kind == 0)
            assert_true(least > cos(40 * acos(-1) / 180) - 1e-4 && least < 0.85 && most > 0.99 && most < 1.0001);
        if (kind == 1)
            assert_true(least > 1 / 1.251 && least < 0.9 && most > 1.1 && most < 1 / 0.749);
        if (kind == 2)
            assert_true(least > 0.99 && least < 1.01 && most > 4.99 && most < 5.01);
    }
}

/* By default a pre-trained encoder gets its words as they are. */
static void words_depend_on_the_encoder(void **state)
{
    fixture *f = *state;
    static run_configuration c;
    run_configuration_defaults(&c);
    assert_near(augmentation_from(&c.run, &c.model, f->t).words, 0.25, 0);
    assert_ok(run_configuration_assign(&c, "text.encoder=minilm-l6", error));
    assert_near(augmentation_from(&c.run, &c.model, f->t).words, 0, 0);
    assert_ok(run_configuration_assign(&c, "augment.words=0.1", error));
    assert_near(augmentation_from(&c.run, &c.model, f->t).words, 0.1, 0);
    assert_ok(run_configuration_preset(&c, "method", error));
    assert_near(augmentation_from(&c.run, &c.model, f->t).words, 0, 0);
}

static void words_become_unknown_but_special_tokens_stay(void **state)
{
    fixture *f = *state;
    int dropped = 0, kept = 0;
    f->c.words = 0.5;
    for (uint64_t epoch = 0; epoch < 200; epoch++) {
        fill(f);
        assert_ok(augment_batch(&f->c, &f->b, (int64_t[]){3, 4}, epoch * 10, error));
        for (int i = 0; i < 2 * TOKENS; i++) {
            int k = i % TOKENS;
            if (k == 0 || k == 4 || k == 5)
                assert_int_equal(f->ids[i], k == 0 ? 2 : k == 4 ? 3 : 0);
            else if (f->ids[i] == 1)
                dropped++;
            else
                kept += f->ids[i] == 5 + k % 2;
        }
    }
    assert_int_equal(dropped + kept, 1200);
    assert_true(dropped > 530 && dropped < 670);
}

static void pictures_are_mirrored_and_moved_whole(void **state)
{
    fixture *f = *state;
    f->c.flip = true;
    int mirrored = 0;
    for (uint64_t epoch = 0; epoch < 100; epoch++) {
        fill(f);
        assert_ok(augment_batch(&f->c, &f->b, (int64_t[]){3, 4}, epoch * 10, error));
        bool flip = f->pictures[0] > 0; /* all planes and frames of a clip alike */
        for (int i = 0; i < 6 * SIDE * SIDE; i++)
            assert_near(f->pictures[i], flip ? SIDE - 1 - i % SIDE : i % SIDE, 1e-5);
        mirrored += flip;
    }
    assert_true(mirrored > 30 && mirrored < 70);
    f->c.flip = false;
    f->c.shift = 0.25; /* up to two pixels */
    int seen[5] = {0};
    for (uint64_t epoch = 0; epoch < 100; epoch++) {
        fill(f);
        assert_ok(augment_batch(&f->c, &f->b, (int64_t[]){3, 4}, epoch * 10, error));
        int dx = (int)lroundf(f->pictures[3]) - 3;
        assert_true(dx >= -2 && dx <= 2);
        seen[dx + 2]++;
        for (int x = 0; x < SIDE; x++)
            assert_near(f->pictures[x], x + dx < 0 ? 0 : x + dx > 7 ? 7 : x + dx, 1e-5);
    }
    for (int i = 0; i < 5; i++)
        assert_true(seen[i] > 5);
}

static void light_keeps_the_order_and_level_moves_all(void **state)
{
    fixture *f = *state;
    f->c.light = 0.3;
    f->c.level = 0.5;
    assert_ok(augment_batch(&f->c, &f->b, (int64_t[]){3, 4}, 0, error));
    float gain = f->pictures[1] - f->pictures[0];
    assert_true(gain > 0.69f && gain < 1.31f && fabsf(gain - 1) > 1e-4f);
    for (int x = 0; x < SIDE; x++)
        assert_near(f->pictures[x], f->pictures[0] + gain * (float)x, 1e-4);
    float level = f->mel[0];
    assert_true(fabsf(level) <= 0.5f && level != 0);
    for (int i = 0; i < 4; i++)
        assert_near(f->mel[i], i + level, 1e-5);
    assert_true(fabsf(f->mel[4] - 4 - level) > 1e-6f); /* the other clip has its own */
}

static void the_same_epoch_and_clip_give_the_same(void **state)
{
    fixture *f = *state;
    f->c.light = 0.3;
    f->c.shift = 0.2;
    assert_ok(augment_batch(&f->c, &f->b, (int64_t[]){3, 4}, 50, error));
    float first[6 * SIDE * SIDE];
    memcpy(first, f->pictures, sizeof first);
    fill(f);
    assert_ok(augment_batch(&f->c, &f->b, (int64_t[]){4, 3}, 50, error)); /* elsewhere in another batch */
    assert_memory_equal(first, f->pictures + 6 * SIDE * SIDE, sizeof first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_changes_without_being_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(words_depend_on_the_encoder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(words_become_unknown_but_special_tokens_stay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pictures_are_mirrored_and_moved_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pictures_are_turned_and_scaled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(light_keeps_the_order_and_level_moves_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_epoch_and_clip_give_the_same, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
