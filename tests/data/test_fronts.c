/*
 * What the frozen first blocks of partly trained encoders give, kept in place of the raw form: predictions and gradients
 * are those of the raw form, and a second run takes the states from the store and decodes nothing.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "support/folder.h"

#include "base/file.h"
#include "compute/parallel.h"
#include "data/cache.h"
#include "pipeline/affect_model.h"
#include "pipeline/encoder_front.h"

/* setting: a further one, or NULL. */
static affect_model *make(const dataset *d, const char *setting)
{
    static const char *const settings[] = {"model.width=16", "model.heads=2", "model.head_width=8",
        "perceiver.latents=3", "perceiver.layers=1", "interaction.queries=2", "interaction.layers=1",
        "contrast.projection=8", "text.width=16", "text.heads=2", "text.hidden=32", "text.layers=3",
        "text.vocabulary=120", "audio.width=16", "audio.heads=2", "audio.hidden=32", "audio.layers=3",
        "audio.out_width=12", "vision.width=16", "vision.heads=2", "vision.hidden=32", "vision.layers=2",
        "vision.out_width=12", "vision.image_size=16", "vision.patch=8", "text.dropout=0", "model.dropout=0",
        "text.trainable_blocks=1", "audio.trainable_blocks=2", "vision.trainable_blocks=1"};
    static const char *const words[] = {"a good film", "a bad film"};
    configuration c;
    affect_model *s = NULL;
    configuration_defaults(&c);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        assert_ok(configuration_set_assignment(&c, settings[i], error));
    if (setting)
        assert_ok(configuration_set_assignment(&c, setting, error));
    affect_model_options options = {
        .configuration = &c, .tasks = d->tasks, .task_count = 1, .texts = words, .text_count = 2};
    assert_ok(affect_model_new(&options, &s, error));
    for (int m = 0; m < MODALITIES; m++) /* as if they came from files */
        snprintf(s->encoder_sha256[m], 65, "%064d", m + 1);
    return s;
}

static void copy_golden(const char *name, const char *folder, const char *to)
{
    char from[600], path[512], *bytes = NULL;
    size_t size = 0;
    snprintf(from, sizeof from, "%s/tests/golden/media/%s", SMAC_SOURCE_DIR, name);
    assert_ok(file_read(from, 0, &bytes, &size, error));
    assert_ok(file_write(file_in(folder, to, path), bytes, size, error));
    free(bytes);
}

/* The file's bytes become others, its size and times stay. */
static void overwrite(const char *path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    for (off_t i = 0; i < info.st_size; i++)
        fputc('x', f);
    assert_int_equal(fclose(f), 0);
    struct timespec times[2] = {info.st_atim, info.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* Predictions of the two clips, and the gradients of their sum; free(). */
static float *run(affect_model *s, const sample_cache *cache, float predictions[2])
{
    batch b;
    const sample *both[] = {&cache->samples[0], &cache->samples[1]};
    assert_ok(affect_model_batch(s, both, 2, NULL, &b, error));
    assert_ok(parameter_zero_gradients(s->store));
    tape *t = tape_new(&(tape_options){.record = true});
    semanticmac_outputs out = affect_model_forward(s, t, &b, SEMANTICMAC_PREDICTIONS);
    value *sum = op_mean(t, out.prediction[0]);
    tape_read(t, out.prediction[0], predictions);
    assert_ok(tape_status(t, error));
    assert_ok(tape_backward(t, sum, 1, error));
    size_t count = (size_t)parameter_trainable_count(s->store);
    float *gradients = malloc(count * sizeof *gradients);
    memcpy(gradients, parameter_trainable_gradients(s->store), count * sizeof *gradients);
    tape_free(t);
    batch_clear(&b);
    return gradients;
}

static void states_of_frozen_blocks(void **state)
{
    (void)state;
    char folder[256], path[512], store[512];
    dataset *d = NULL;
    sample_cache *raw = NULL, *first = NULL, *second = NULL;
    folder_new(folder);
    file_in(folder, "store", store);
    mkdir(file_in(folder, "Raw", path), 0777);
    mkdir(file_in(folder, "Raw/v", path), 0777);
    copy_golden("plain.mp4", folder, "Raw/v/1.mp4");
    copy_golden("stereo8.wav", folder, "Raw/v/2.wav");
    write_text(
        folder, "label.csv", "video_id,clip_id,text,label,mode\nv,1,a good film,0.5,train\nv,2,a bad,-0.5,train\n");
    dataset_options data = {.path = folder, .layout = "sims"};
    assert_ok(dataset_read(&data, NULL, &d, error));
    affect_model *s = make(d, NULL);
    assert_int_equal(affect_model_front_layers(s, MODALITY_TEXT), 2);
    assert_int_equal(affect_model_front_layers(s, MODALITY_AUDIO), 1);
    cache_options options = {.splits = {true, true, true}, .store = store};
    assert_ok(sample_cache_new(d, s, &options, NULL, &raw, error));
    assert_int_equal(raw->into_store, 0);
    for (int m = 0; m < MODALITIES; m++)
        options.front[m] = true;
    assert_ok(sample_cache_new(d, s, &options, NULL, &first, error));
    assert_int_equal(first->into_store, 6); /* of the sound alone: that it has no picture */
    assert_null(first->samples[0].frames);
    assert_null(first->samples[0].mel);
    assert_non_null(first->samples[0].ids);
    assert_int_equal(first->samples[0].front[MODALITY_TEXT].width, 16);
    overwrite(file_in(folder, "Raw/v/1.mp4", path));
    overwrite(file_in(folder, "Raw/v/2.wav", path));
    assert_ok(sample_cache_new(d, s, &options, NULL, &second, error));
    assert_int_equal(second->from_store, 6);
    assert_int_equal(second->into_store, 0);
    float predictions[3][2], *gradients[3];
    const sample_cache *caches[3] = {raw, first, second};
    for (int i = 0; i < 3; i++)
        gradients[i] = run(s, caches[i], predictions[i]);
    int64_t count = parameter_trainable_count(s->store);
    double largest = 0;
    for (int64_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs((double)gradients[0][i]));
        assert_near(gradients[1][i], gradients[0][i], 1e-4);
    }
    assert_true(largest > 1e-4);
    for (int i = 0; i < 2; i++)
        assert_near(predictions[1][i], predictions[0][i], 1e-5);
    assert_memory_equal(predictions[2], predictions[1], sizeof predictions[1]); /* stored: the same bits */
    assert_memory_equal(gradients[2], gradients[1], (size_t)count * sizeof(float));
    for (int i = 0; i < 3; i++)
        free(gradients[i]);
    options.front[MODALITY_AUDIO] = false; /* then the sound is read, and is not a recording any more */
    sample_cache_free(raw);
    assert_int_not_equal(sample_cache_new(d, s, &options, NULL, &raw, NULL), SMAC_OK);
    sample_cache_free(first);
    sample_cache_free(second);
    affect_model_free(s);
    dataset_free(d);
    folder_remove(folder);
}

/* Pictures of training clips stay raw for a frozen encoder where augmentation wants them, and come from the store later. */
static void pictures_for_augmentation(void **state)
{
    (void)state;
    char folder[256], path[512], store[512];
    dataset *d = NULL;
    sample_cache *first = NULL, *second = NULL;
    folder_new(folder);
    file_in(folder, "store", store);
    mkdir(file_in(folder, "Raw", path), 0777);
    mkdir(file_in(folder, "Raw/v", path), 0777);
    copy_golden("plain.mp4", folder, "Raw/v/1.mp4");
    copy_golden("plain.mp4", folder, "Raw/v/2.mp4");
    copy_golden("stereo8.wav", folder, "Raw/v/3.wav");
    write_text(folder, "label.csv",
        "video_id,clip_id,text,label,mode\nv,1,a good film,0.5,train\nv,2,a bad,-0.5,valid\nv,3,a bad,-0.5,train\n");
    dataset_options data = {.path = folder, .layout = "sims"};
    assert_ok(dataset_read(&data, NULL, &d, error));
    affect_model *s = make(d, "vision.trainable_blocks=0");
    cache_options options = {
        .splits = {true, true, true}, .store = store, .pictures = true, .without = {[MODALITY_AUDIO] = true}};
    assert_ok(sample_cache_new(d, s, &options, NULL, &first, error));
    assert_int_equal(first->into_store, 3); /* pictures, vectors, and that there are none */
    assert_non_null(first->samples[0].frames);
    assert_null(first->samples[0].ready[MODALITY_VISION].data);
    assert_non_null(first->samples[1].ready[MODALITY_VISION].data); /* validation is never augmented */
    assert_false(first->samples[2].present[MODALITY_VISION]);
    for (int i = 1; i <= 3; i++) {
        char name[32];
        snprintf(name, sizeof name, "Raw/v/%d.%s", i, i < 3 ? "mp4" : "wav");
        overwrite(file_in(folder, name, path));
    }
    assert_ok(sample_cache_new(d, s, &options, NULL, &second, error));
    assert_int_equal(second->from_store, 3);
    assert_int_equal(second->into_store, 0);
    const sample *a = &first->samples[0], *b = &second->samples[0];
    assert_int_equal(a->clips, b->clips);
    assert_memory_equal(a->frames, b->frames, (size_t)a->clips * sample_clip_bytes(&s->configuration, MODALITY_VISION));
    float predictions[2];
    batch both;
    assert_ok(affect_model_batch(s, (const sample *const[]){b}, 1, NULL, &both, error));
    tape *t = tape_new(&(tape_options){.record = true}); /* the frozen encoder reads them in training */
    tape_read(t, affect_model_forward(s, t, &both, SEMANTICMAC_PREDICTIONS).prediction[0], predictions);
    assert_ok(tape_status(t, error));
    tape_free(t);
    batch_clear(&both);
    sample_cache_free(first);
    sample_cache_free(second);
    affect_model_free(s);
    dataset_free(d);
    folder_remove(folder);
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
        cmocka_unit_test(states_of_frozen_blocks), cmocka_unit_test(pictures_for_augmentation)};
    return cmocka_run_group_tests(tests, prepare, NULL);
}
