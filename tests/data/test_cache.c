/* The cache of a dataset's tensors: words alone, media, ready vectors, a clip that cannot be read, being stopped. */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "support/folder.h"

#include "base/file.h"
#include "compute/parallel.h"
#include "data/cache.h"
#include "pipeline/affect_model.h"

static void configure(configuration *c)
{
    static const char *const settings[] = {"model.width=16", "model.heads=2", "model.head_width=8",
        "perceiver.latents=3", "perceiver.layers=1", "interaction.queries=2", "interaction.layers=1",
        "contrast.projection=8", "text.width=16", "text.heads=2", "text.hidden=32", "text.layers=1",
        "text.vocabulary=120", "audio.width=16", "audio.heads=2", "audio.hidden=32", "audio.layers=1",
        "audio.out_width=12", "vision.width=16", "vision.heads=2", "vision.hidden=32", "vision.layers=1",
        "vision.out_width=12", "vision.image_size=16", "vision.patch=8"};
    configuration_defaults(c);
    c->audio.voice_gate = false; /* tones are sound here */
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        assert_ok(configuration_set_assignment(c, settings[i], error));
}

static affect_model *make(const dataset *d, const char *setting)
{
    static const char *const words[] = {"a good film", "a bad film"};
    configuration c;
    affect_model *s = NULL;
    configure(&c);
    if (setting)
        assert_ok(configuration_set_assignment(&c, setting, error));
    affect_model_options options = {
        .configuration = &c, .tasks = d->tasks, .task_count = 1, .texts = words, .text_count = 2};
    assert_ok(affect_model_new(&options, &s, error));
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

static dataset *read_set(const char *folder)
{
    dataset *d = NULL;
    dataset_options options = {.path = folder, .layout = "sims"};
    assert_ok(dataset_read(&options, NULL, &d, error));
    return d;
}

/* A set of one training clip, a golden recording, with these words. */
static dataset *one_clip(const char *folder, const char *golden, const char *words)
{
    char path[512], to[64], table[200];
    mkdir(file_in(folder, "Raw", path), 0777);
    mkdir(file_in(folder, "Raw/v", path), 0777);
    snprintf(to, sizeof to, "Raw/v/1%s", strrchr(golden, '.'));
    copy_golden(golden, folder, to);
    snprintf(table, sizeof table, "video_id,clip_id,text,label,mode\nv,1,%s,0.5,train\n", words);
    write_text(folder, "label.csv", table);
    return read_set(folder);
}

static int stop_at_once(void *user, const char *what, double done, double total)
{
    (void)user, (void)what, (void)done, (void)total;
    return 1;
}

static void test_media(void **state)
{
    (void)state;
    char folder[256], path[512];
    folder_new(folder);
    mkdir(file_in(folder, "Raw", path), 0777);
    mkdir(file_in(folder, "Raw/v", path), 0777);
    copy_golden("plain.mp4", folder, "Raw/v/1.mp4");
    copy_golden("stereo8.wav", folder, "Raw/v/2.wav");
    write_text(folder, "Raw/v/3.mp4", "this is not a video");
    write_text(folder, "label.csv",
        "video_id,clip_id,text,label,mode\nv,1,a good film,0.5,train\nv,2,a bad film,-0.5,valid\n"
        "v,3,a bad film,-0.5,train\nv,4,words,0,test\n");
    copy_golden("plain.mp4", folder, "Raw/v/4.mp4");
    dataset *d = read_set(folder);
    affect_model *s = make(d, NULL);
    sample_cache *cache = NULL;
    smac_error why = {0};
    cache_options options = {.splits = {true, true, false}};
    assert_int_not_equal(sample_cache_new(d, s, &options, NULL, &cache, &why), SMAC_OK);
    if (!strstr(why.message, "v$_$3") || !strstr(why.message, "line 4") || !strstr(why.message, "1 of 3"))
        fail_msg("'%s' does not name and count the clip", why.message);
    options.skip_bad = true;
    assert_ok(sample_cache_new(d, s, &options, NULL, &cache, error));
    assert_int_equal(cache->skipped, 1);
    assert_memory_equal(cache->usable, ((uint8_t[]){1, 1, 0, 0}), 4);
    assert_true(cache->samples[0].present[MODALITY_VISION] && cache->samples[0].present[MODALITY_AUDIO]);
    assert_false(cache->samples[1].present[MODALITY_VISION]);
    assert_null(cache->samples[3].ids);
    assert_true(cache->bytes > 10000);
    sample_cache_free(cache);
    options.without[MODALITY_TEXT] = options.without[MODALITY_AUDIO] = true;
    options.splits[SPLIT_VALID] = false;
    assert_ok(sample_cache_new(d, s, &options, NULL, &cache, error));
    assert_false(cache->samples[0].present[MODALITY_TEXT]);
    assert_null(cache->samples[0].mel);
    sample_cache_free(cache);
    reporter r = {.progress = stop_at_once};
    assert_int_equal(sample_cache_new(d, s, &options, &r, &cache, &why), SMAC_ERROR_INTERRUPTED);
    affect_model_free(s);
    dataset_free(d);
    folder_remove(folder);
}

static void keep_warning(void *user, log_level level, const char *message)
{
    if (level == LOG_WARNING)
        snprintf(user, 400, "%s", message);
}

/* A clip that is cut off is used, and said to be so. */
static void test_cut_off(void **state)
{
    (void)state;
    char folder[256], path[512], warning[400] = "";
    folder_new(folder);
    mkdir(file_in(folder, "Raw", path), 0777);
    mkdir(file_in(folder, "Raw/v", path), 0777);
    copy_golden("plain.mp4", folder, "Raw/v/1.mp4");
    copy_golden("truncated.mp4", folder, "Raw/v/2.mp4");
    write_text(folder, "label.csv", "video_id,clip_id,text,label,mode\nv,1,a film,0.5,train\nv,2,a film,0.5,train\n");
    dataset *d = read_set(folder);
    affect_model *s = make(d, NULL);
    sample_cache *cache = NULL;
    cache_options options = {.splits = {true, true, true}};
    reporter r = {.log = keep_warning, .user = warning};
    assert_ok(sample_cache_new(d, s, &options, &r, &cache, error));
    assert_true(cache->usable[1]);
    if (!strstr(warning, "v$_$2 (line 3)") || !strstr(warning, "cut off"))
        fail_msg("'%s' does not say which clip is cut off", warning);
    sample_cache_free(cache);
    affect_model_free(s);
    dataset_free(d);
    folder_remove(folder);
}

/* A frozen encoder's vectors are kept in place of the frames. */
static void test_frozen(void **state)
{
    (void)state;
    char folder[256];
    folder_new(folder);
    dataset *d = one_clip(folder, "plain.mp4", "a good film");
    affect_model *s = make(d, "vision.trainable_blocks=0");
    sample_cache *cache = NULL;
    cache_options options = {.splits = {true, true, true}};
    assert_ok(sample_cache_new(d, s, &options, NULL, &cache, error));
    assert_null(cache->samples[0].frames);
    assert_int_equal(cache->samples[0].ready[MODALITY_VISION].width, 12);
    assert_non_null(cache->samples[0].mel);
    sample_cache_free(cache);
    affect_model_free(s);
    dataset_free(d);
    folder_remove(folder);
}

/*
 * The second run takes the vectors from the store and decodes nothing: the recording may even be overwritten, as long as
 * its size and its time of change stay.  Another encoder, or another sampling, makes its own.
 */
static void test_store(void **state)
{
    (void)state;
    char folder[256], path[512], clip[512], store[512], *bytes = NULL;
    size_t size = 0;
    struct stat info;
    folder_new(folder);
    file_in(folder, "store", store);
    mkdir(file_in(folder, "Raw", path), 0777);
    mkdir(file_in(folder, "Raw/v", path), 0777);
    copy_golden("plain.mp4", folder, "Raw/v/1.mp4");
    copy_golden("stereo8.wav", folder, "Raw/v/2.wav");
    write_text(folder, "label.csv",
        "video_id,clip_id,text,label,mode\nv,1,a good film,0.5,train\nv,2,a bad film,-0.5,train\n");
    dataset *d = read_set(folder);
    affect_model *s = make(d, "vision.trainable_blocks=0");
    snprintf(s->encoder_sha256[MODALITY_VISION], 65, "%064d", 7); /* as if it came from a file */
    sample_cache *first = NULL, *second = NULL;
    cache_options options = {.splits = {true, true, true}, .store = store};
    options.without[MODALITY_AUDIO] = true;
    assert_ok(sample_cache_new(d, s, &options, NULL, &first, error));
    assert_int_equal(first->from_store, 0);
    assert_int_equal(first->into_store, 2); /* of the sound alone: that it has no picture */
    file_in(folder, "Raw/v/1.mp4", clip);
    assert_int_equal(stat(clip, &info), 0);
    assert_ok(file_read(clip, 0, &bytes, &size, error));
    memset(bytes, 'x', size);
    FILE *f = fopen(clip, "r+");
    assert_true(f && fwrite(bytes, 1, size, f) == size && fclose(f) == 0);
    free(bytes);
    struct timespec times[2] = {info.st_atim, info.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, clip, times, 0), 0);
    assert_ok(sample_cache_new(d, s, &options, NULL, &second, error));
    assert_int_equal(second->from_store, 2);
    assert_int_equal(second->into_store, 0);
    const feature_sequence *a = &first->samples[0].ready[MODALITY_VISION],
                           *b = &second->samples[0].ready[MODALITY_VISION];
    assert_int_equal(a->steps, b->steps);
    assert_memory_equal(a->data, b->data, (size_t)(a->steps * a->crops * a->width) * sizeof(float));
    assert_false(second->samples[1].present[MODALITY_VISION]);
    sample_cache_free(second);
    options.no_store = true;
    assert_int_not_equal(
        sample_cache_new(d, s, &options, NULL, &second, NULL), SMAC_OK); /* it is not a video any more */
    options.no_store = false;
    snprintf(s->encoder_sha256[MODALITY_VISION], 65, "%064d", 8);
    assert_int_not_equal(sample_cache_new(d, s, &options, NULL, &second, NULL), SMAC_OK);
    sample_cache_free(first);
    affect_model_free(s);
    dataset_free(d);
    folder_remove(folder);
}

/*
 * A recording of sound alone, whose sound is in the store: that there is no picture for the encoder that is trained is no
 * fault of the clip, then as before.
 */
static void test_stored_sound_alone(void **state)
{
    (void)state;
    char folder[256], store[512];
    folder_new(folder);
    file_in(folder, "store", store);
    dataset *d = one_clip(folder, "stereo8.wav", "");
    affect_model *s = make(d, "audio.trainable_blocks=0");
    snprintf(s->encoder_sha256[MODALITY_AUDIO], 65, "%064d", 7);
    cache_options options = {.splits = {true, true, true}, .store = store};
    for (int run = 0; run < 2; run++) {
        sample_cache *cache = NULL;
        assert_ok(sample_cache_new(d, s, &options, NULL, &cache, error));
        assert_int_equal(cache->from_store, run);
        assert_true(cache->samples[0].present[MODALITY_AUDIO] && !cache->samples[0].present[MODALITY_VISION]);
        sample_cache_free(cache);
    }
    affect_model_free(s);
    dataset_free(d);
    folder_remove(folder);
}

/* A full disk, played by a limit on the size of files: what only fills the store ends, training goes on without it. */
static void test_full_disk(void **state)
{
    (void)state;
    char folder[256], store[512];
    folder_new(folder);
    file_in(folder, "store", store);
    dataset *d = one_clip(folder, "plain.mp4", "a good film");
    affect_model *s = make(d, "vision.trainable_blocks=0");
    snprintf(s->encoder_sha256[MODALITY_VISION], 65, "%064d", 7);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {.rlim_cur = 400, .rlim_max = 400};
        sample_cache *cache = NULL;
        smac_error why = {0};
        char warning[400] = "";
        reporter r = {.log = keep_warning, .user = warning};
        cache_options options = {.splits = {true, true, true}, .store = store, .discard = true};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        smac_status status = sample_cache_new(d, s, &options, NULL, &cache, &why);
        bool refused = status == SMAC_ERROR_IO && strstr(why.message, "cannot be written");
        options.discard = false;
        status = sample_cache_new(d, s, &options, &r, &cache, &why);
        _exit(refused && status == SMAC_OK && cache->usable[0] && strstr(warning, "not kept from here on") ? 0 : 1);
    }
    int status;
    assert_true(waitpid(child, &status, 0) == child && WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_media), cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_frozen), cmocka_unit_test(test_store), cmocka_unit_test(test_stored_sound_alone),
        cmocka_unit_test(test_full_disk)};
    return cmocka_run_group_tests(tests, prepare, NULL);
}
