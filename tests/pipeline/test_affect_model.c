/*
 * Whole systems with encoders of their own: written and read back to the bit, refused when anything does not fit, the
 * same outputs whatever else is in the batch, and modalities that do not look at each other.
 */
#include "support/folder.h"

#include "support/clips.h"

#include "base/file.h"
#include "base/random.h"
#include "compute/parallel.h"
#include "pipeline/affect_model.h"

static const char *const words[] = {
    "this is a good film", "i hate this bad film", "a very good day", "so bad it hurts"};

static void configure(configuration *c)
{
    static const char *const settings[] = {"model.width=16", "model.heads=2", "model.head_width=8",
        "perceiver.latents=3", "perceiver.layers=1", "interaction.queries=2", "interaction.layers=1",
        "contrast.projection=8", "text.width=16", "text.heads=2", "text.hidden=32", "text.layers=1",
        "text.vocabulary=120", "audio.width=16", "audio.heads=2", "audio.hidden=32", "audio.layers=1",
        "audio.out_width=12", "audio.mel_bins=16", "audio.frames=32", "audio.kernel=8", "audio.stride=8",
        "vision.width=16", "vision.heads=2", "vision.hidden=32", "vision.layers=1", "vision.out_width=12",
        "vision.image_size=16", "vision.patch=8"};
    configuration_defaults(c);
    c->audio.voice_gate = false; /* tones are sound here */
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        assert_ok(configuration_set_assignment(c, settings[i], error));
}

static affect_model *make(const configuration *c, int classes)
{
    affect_model *s = NULL;
    task_description task;
    if (classes)
        assert_ok(task_with_classes(&task, "emotion", "meld", classes, NULL, error));
    else
        assert_ok(task_regression(&task, "sentiment", "sims", -1, 1, error));
    affect_model_options options = {
        .configuration = c, .tasks = &task, .task_count = 1, .texts = words, .text_count = 4};
    assert_ok(affect_model_new(&options, &s, error));
    return s;
}

/* Frames and sound from a seed; which of text (1), audio (2), vision (4). */
static void fill(const affect_model *s, sample *x, int seed, int which, int frames)
{
    random_sequence r = random_start((uint64_t)seed, 3);
    memset(x, 0, sizeof *x);
    if (which & 1)
        assert_ok(sample_set_text(&s->preparation, x, words[seed % 4], NULL, 0, error));
    size_t bytes = (size_t)(frames * 16 * 16 * 3), count = (size_t)frames * 8000;
    uint8_t *rgb = malloc(bytes);
    float *pcm = malloc(count * sizeof *pcm);
    for (size_t i = 0; i < bytes; i++)
        rgb[i] = (uint8_t)random_u32(&r);
    for (size_t i = 0; i < count; i++)
        pcm[i] = (float)(0.1 * random_normal(&r));
    assert_ok(
        clips_to_sample(&s->preparation, which & 4 ? rgb : NULL, frames, which & 2 ? pcm : NULL, count, x, error));
    free(rgb);
    free(pcm);
}

/* text.context: the dialogue is put before the words, or left out; what was said alone makes no words. */
static void test_context(void **state)
{
    (void)state;
    static const char *const before[] = {"a film", "a good film"};
    configuration c;
    configure(&c);
    for (int with = 0; with < 2; with++) {
        sample alone = {0}, x = {0};
        assert_ok(configuration_set(&c, "text.context", with ? "true" : "false", error));
        affect_model *s = make(&c, 0);
        assert_ok(sample_set_text(&s->preparation, &alone, words[0], NULL, 0, error));
        assert_ok(sample_set_text(&s->preparation, &x, words[0], before, 2, error));
        assert_true(alone.tokens > 2);
        assert_int_equal(x.tokens > alone.tokens, with);
        if (!with)
            assert_memory_equal(x.ids, alone.ids, (size_t)x.tokens * sizeof *x.ids);
        assert_ok(sample_set_text(&s->preparation, &x, " ", before, 2, error));
        assert_false(x.present[MODALITY_TEXT]);
        sample_clear(&alone);
        sample_clear(&x);
        affect_model_free(s);
    }
}

static void test_samples(void **state)
{
    (void)state;
    configuration c;
    configure(&c);
    affect_model *s = make(&c, 0);
    sample x;
    fill(s, &x, 1, 7, 5);
    assert_int_equal(x.clips, 3);   /* five frames: the last clip repeats its one */
    assert_int_equal(x.windows, 3); /* 2.5 s of sound */
    assert_memory_equal(x.frames + 2 * 2 * 768, x.frames + (2 * 2 + 1) * 768, 768);
    assert_true(x.present[0] && x.present[1] && x.present[2]);
    assert_true(x.tokens >= 4);
    sample_clear(&x);
    memset(&x, 0, sizeof x);
    assert_ok(sample_set_text(&s->preparation, &x, "  ", NULL, 0, error));
    assert_false(x.present[MODALITY_TEXT]);
    sample_clear(&x);
    affect_model_free(s);
}

static void same_result(const prediction *p, const prediction *q, double tolerance)
{
    const task_result *a = &p->tasks[0], *b = &q->tasks[0];
    assert_near(a->prediction[0], b->prediction[0], tolerance);
    assert_near(a->own[MODALITY_SHARED][0], b->own[MODALITY_SHARED][0], tolerance);
    for (int m = 0; m < MODALITIES; m++) {
        assert_int_equal(p->present[m], q->present[m]);
        if (p->present[m])
            assert_near(a->own[m][0], b->own[m][0], tolerance);
        else
            assert_null(a->own[m]);
    }
}

static void test_save_and_load(void **state)
{
    (void)state;
    char folder[256], path[512];
    configuration c;
    affect_model *loaded = NULL;
    folder_new(folder);
    configure(&c);
    affect_model *s = make(&c, 0);
    s->training = (training_record){.program_version = "0.1.0",
        .dataset = "sims",
        .seed = 12,
        .epoch = 3,
        .steps = 40,
        .metric = "MAE",
        .metric_value = 0.25,
        .training_clips = 44,
        .longest_clip = 7.25};
    file_in(folder, "model.safetensors", path);
    assert_ok(affect_model_save(s, path, NULL, error));
    assert_ok(affect_model_load(path, NULL, &loaded, error));
    assert_int_equal(parameter_number(loaded->store), parameter_number(s->store));
    for (int64_t i = 0; i < parameter_number(s->store); i++) {
        parameter *p = parameter_at(s->store, i), *q = parameter_find(loaded->store, p->name);
        assert_non_null(q);
        assert_memory_equal(p->device_data, q->device_data, (size_t)p->count * sizeof(float));
        assert_false(q->trainable);
    }
    assert_int_equal(loaded->training.epoch, 3);
    assert_near(loaded->training.metric_value, 0.25, 0);
    assert_near(loaded->training.longest_clip, 7.25, 0);
    assert_string_equal(loaded->tasks[0].name, "sentiment");
    assert_int_equal(strlen(loaded->sha256), 64);
    sample x;
    const sample *one = &x;
    prediction a, b;
    fill(s, &x, 2, 7, 4);
    assert_ok(affect_model_predict(s, &one, 1, NULL, &a, error));
    assert_ok(affect_model_predict(loaded, &one, 1, NULL, &b, error));
    same_result(&a, &b, 2e-5); /* packed and unpacked products round differently */
    prediction_clear(&a);
    prediction_clear(&b);
    json_t *o = affect_model_describe(loaded);
    assert_int_equal(json_integer_value(json_object_get(o, "parameters")), affect_model_parameter_values(s));
    json_decref(o);
    sample_clear(&x);
    affect_model_free(loaded);
    affect_model_free(s);
    folder_remove(folder);
}

/* Write a model's file with one tensor changed by `change`, and see what loading says. */
static void expect_refusal(
    const affect_model *s, const char *path, const char *from, const char *to, const char *says, const char *also)
{
    affect_model *loaded = NULL;
    smac_error why = {0};
    char *bytes = NULL;
    size_t size = 0;
    assert_ok(affect_model_save(s, path, NULL, error));
    assert_ok(file_read(path, 0, &bytes, &size, error));
    assert_int_equal(strlen(from), strlen(to));
    bool found = false;
    for (size_t i = 0; i + strlen(from) <= size && !found; i++) {
        if (memcmp(bytes + i, from, strlen(from)) == 0) {
            memcpy(bytes + i, to, strlen(to));
            found = true;
        }
    }
    assert_true(found);
    assert_ok(file_write(path, bytes, size, error));
    free(bytes);
    assert_int_not_equal(affect_model_load(path, NULL, &loaded, &why), SMAC_OK);
    if (!strstr(why.message, says) || !strstr(why.message, also))
        fail_msg("'%s' does not say '%s' and '%s'", why.message, says, also);
    assert_null(loaded);
}

static void test_refusals(void **state)
{
    (void)state;
    char folder[256], path[512];
    configuration c;
    folder_new(folder);
    file_in(folder, "model.safetensors", path);
    configure(&c);
    affect_model *s = make(&c, 0);
    expect_refusal(
        s, path, "\"core.fusion.weight\"", "\"core.fusion.weighs\"", "core.fusion.weight", "model.safetensors");
    expect_refusal(s, path, "\\\"latents\\\":3", "\\\"latents\\\":4", "core.audio.latents", "[3, 16]");
    expect_refusal(s, path, "\\\"latents\\\":3", "\\\"latents\\\":4", "core.audio.latents", "[4, 16]");
    expect_refusal(s, path, "\\\"latents\\\":3", "\\\"patents\\\":3", "patents", "model.safetensors");
    expect_refusal(s, path, "\"semanticmac.format\":\"2\"", "\"semanticmac.format\":\"7\"", "7", "format");
    expect_refusal(s, path, "semanticmac.format", "semanticmac.farmat", "semanticmac train", "model");
    expect_refusal(s, path, "semanticmac.tasks", "semanticmac.tisks", "semanticmac.tasks", "model");
    /* whatever sizes it claims: no memory for them, and no sample of one size for an encoder of another */
    expect_refusal(s, path, "\\\"queries\\\":2", "\\\"queries\\\":9", "core.interaction", "[9, 16]");
    expect_refusal(s, path, "\\\"semanticmac\\\",\\\"width\\\":16", "\\\"semantic\\\",\\\"width\\\":65536",
        "core.text.project", "[65536, ");
    expect_refusal(s, path, "\\\"image_size\\\":16", "\\\"image_size\\\":32", "vision.image_size", "3 x 2 x 16 x 16");
    expect_refusal(s, path, "\\\"mel_bins\\\":16", "\\\"mel_bins\\\":32", "audio.mel_bins", "1 x 1 x 16 x 32");
    smac_error why = {0};
    affect_model *loaded = NULL;
    write_text(folder, "model.safetensors", "nothing of the kind");
    assert_int_not_equal(affect_model_load(path, NULL, &loaded, &why), SMAC_OK);
    assert_int_not_equal(affect_model_load("/no/such/file", NULL, &loaded, &why), SMAC_OK);
    affect_model_free(s);
    folder_remove(folder);
}

/* The model card is kept as it is; it must be an object of texts. */
static void test_card(void **state)
{
    (void)state;
    static const struct {
        const char *card;
        bool is_good;
    } cases[] = {{"{\"name\": \"a <model>\", \"limits\": \"few speakers\"}", true}, {"{}", true}, {"[]", false},
        {"{\"figures\": 1}", false}, {"{", false}};
    configuration c;
    configure(&c);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[] = "/tmp/smac-card-XXXXXX";
        affect_model *s = make(&c, 0), *again = NULL;
        smac_error why = {0};
        close(mkstemp(path));
        s->card = strdup(cases[i].card);
        assert_ok(affect_model_save(s, path, NULL, error));
        assert_int_equal(affect_model_load(path, NULL, &again, &why) == SMAC_OK, cases[i].is_good);
        if (cases[i].is_good) {
            assert_string_equal(again->card, cases[i].card);
            json_t *described = affect_model_describe(again);
            assert_true(json_is_object(json_object_get(described, "card")));
            json_decref(described);
        } else
            assert_non_null(strstr(why.message, "semanticmac.card"));
        affect_model_free(again);
        affect_model_free(s);
        unlink(path);
    }
}

static void test_company_does_not_matter(void **state)
{
    (void)state;
    configuration c;
    configure(&c);
    affect_model *s = make(&c, 0);
    const int which[] = {7, 3, 5, 6, 1, 2, 4}, frames[] = {2, 9, 5, 1, 3, 12, 7};
    sample x[7];
    const sample *all[7];
    prediction together[7], alone;
    for (int i = 0; i < 7; i++) {
        fill(s, &x[i], i, which[i], frames[i]);
        all[i] = &x[i];
    }
    assert_ok(affect_model_predict(s, all, 7, &(predict_options){.at_once = 7}, together, error));
    for (int i = 0; i < 7; i++) {
        assert_ok(affect_model_predict(s, &all[i], 1, NULL, &alone, error));
        same_result(&alone, &together[i], 2e-5);
        prediction_clear(&alone);
        prediction_clear(&together[i]);
        sample_clear(&x[i]);
    }
    affect_model_free(s);
}

/* Other words, no sound, no picture: what the others say for themselves stays the same to the last bit. */
static void test_modalities_are_independent(void **state)
{
    (void)state;
    configuration c;
    configure(&c);
    affect_model *s = make(&c, 0);
    sample full, other;
    const sample *one = &full, *two = &other;
    prediction a, b;
    fill(s, &full, 1, 7, 6);
    assert_ok(affect_model_predict(s, &one, 1, NULL, &a, error));
    for (int gone = 0; gone < 3; gone++) {
        fill(s, &other, 1, 7 & ~(1 << gone), 6);
        assert_ok(affect_model_predict(s, &two, 1, NULL, &b, error));
        for (int m = 0; m < 3; m++) {
            if (m == gone)
                assert_null(b.tasks[0].own[m]);
            else
                assert_memory_equal(a.tasks[0].own[m], b.tasks[0].own[m], sizeof(float));
        }
        assert_true(a.tasks[0].prediction[0] != b.tasks[0].prediction[0]);
        prediction_clear(&b);
        sample_clear(&other);
    }
    prediction_clear(&a);
    sample_clear(&full);
    affect_model_free(s);
}

/* Vectors that were made beforehand give what the raw forms give. */
static void test_encoded(void **state)
{
    (void)state;
    configuration c;
    configure(&c);
    affect_model *s = make(&c, 3);
    sample x;
    const sample *one = &x;
    prediction a, b;
    fill(s, &x, 3, 7, 20);
    assert_ok(affect_model_predict(s, &one, 1, NULL, &a, error));
    assert_ok(affect_model_encode(s, &x, NULL, error)); /* nothing is frozen */
    assert_null(x.ready[MODALITY_VISION].data);
    assert_ok(affect_model_encode(s, &x, &(affect_model_encode_options){.everything = true}, error));
    assert_int_equal(x.ready[MODALITY_VISION].steps, 10);
    assert_int_equal(x.ready[MODALITY_AUDIO].width, 12);
    assert_null(x.frames);
    assert_ok(affect_model_predict(s, &one, 1, NULL, &b, error));
    double sum = 0;
    for (int k = 0; k < 3; k++) {
        assert_near(a.tasks[0].prediction[k], b.tasks[0].prediction[k], 1e-5);
        sum += a.tasks[0].prediction[k];
    }
    assert_near(sum, 1, 1e-6);
    assert_true(a.tasks[0].disagreement >= 0 && a.tasks[0].disagreement <= 1);
    prediction_clear(&a);
    prediction_clear(&b);
    sample_clear(&x);
    affect_model_free(s);
}

static int prepare(void **state)
{
    (void)state;
    parallel_set_threads(1);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_context),
        cmocka_unit_test(test_save_and_load),
        cmocka_unit_test(test_card),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_company_does_not_matter),
        cmocka_unit_test(test_encoded),
        cmocka_unit_test(test_modalities_are_independent),
    };
    return cmocka_run_group_tests(tests, prepare, NULL);
}
