/*
 * The training loop on a tiny set in memory: it learns, a resumed run gives the same bits wherever it was broken off,
 * kill -9 and a full disk lose nothing, and what does not fit is refused.
 */
#include "support/comma_locale.h"
#include "support/folder.h"
#include "support/tiny.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/sha256.h"
#include "compute/parallel.h"
#include "train/evaluate.h"
#include "train/trainer.h"

static tiny_data data;

typedef struct run_result {
    smac_status status;
    smac_error why;
    train_result result;
} run_result;

static run_result run_with(const char *out, const run_configuration *c, bool resume, int64_t stop, const reporter *r)
{
    run_result k = {0};
    train_options o;
    train_options_default(&o);
    o.out = out;
    o.configuration = *c;
    o.resume = resume;
    o.stop_after_steps = stop;
    affect_model *s = tiny_affect_model(c, &data);
    k.status = train_on(&o, s, &data.cache, r, &k.result, &k.why);
    affect_model_free(s);
    return k;
}

static char *hash_of(const char *folder, const char *name, char out[65])
{
    char path[512];
    assert_ok(sha256_file(file_in(folder, name, path), out, error));
    return out;
}

/* The weights, moments, labels and metadata but for the seconds: all tensors of two files. */
static void same_tensors(const char *a, const char *b, const char *name)
{
    char path[512];
    tensor_file *x = NULL, *y = NULL;
    assert_ok(tensor_file_open(file_in(a, name, path), &x, error));
    assert_ok(tensor_file_open(file_in(b, name, path), &y, error));
    assert_int_equal(tensor_file_count(x), tensor_file_count(y));
    for (size_t i = 0; i < tensor_file_count(x); i++) {
        const tensor_entry *e = tensor_file_at(x, i), *f = tensor_file_find(y, e->name);
        if (!f || e->bytes != f->bytes || memcmp(e->data, f->data, e->bytes) != 0)
            fail_msg("%s differs in %s", e->name, name);
    }
    tensor_file_close(x);
    tensor_file_close(y);
}

static void same_runs(const char *a, const char *b)
{
    char x[65], y[65];
    same_tensors(a, b, "last.safetensors");
    same_tensors(a, b, "best.safetensors");
    assert_string_equal(hash_of(a, "best.safetensors", x), hash_of(b, "best.safetensors", y));
    assert_string_equal(hash_of(a, "labels.csv", x), hash_of(b, "labels.csv", y));
    assert_string_equal(hash_of(a, "label_quality.json", x), hash_of(b, "label_quality.json", y));
}

static int count_lines(const char *folder, const char *name)
{
    char path[512], *text = NULL;
    size_t size = 0;
    int lines = 0;
    assert_ok(file_read(file_in(folder, name, path), 0, &text, &size, error));
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    free(text);
    return lines;
}

static void test_learns(void **state)
{
    (void)state;
    char folder[256], path[512];
    run_configuration c;
    folder_new(folder);
    tiny_configuration(&c);
    c.run.train.epochs = 25;
    run_result k = run_with(folder, &c, false, 0, NULL);
    if (k.status != SMAC_OK)
        fail_msg("%s", k.why.message);
    assert_int_equal(k.result.epochs, 25);
    assert_int_equal(k.result.steps, 25 * 6);
    assert_true(metric_value(&k.result.best, "Corr") > 0.8);
    assert_true(k.result.best_value < 0.3);
    assert_int_equal(count_lines(folder, "log.jsonl"), 25 * 6 + 25);
    assert_int_equal(count_lines(folder, "labels.csv"), TINY_TRAIN + 1);
    /* the model file is complete by itself */
    affect_model *s = NULL;
    evaluation *e = NULL;
    assert_ok(affect_model_load(file_in(folder, "best.safetensors", path), NULL, &s, error));
    assert_int_equal(s->training.epoch, k.result.best_epoch);
    assert_near(s->training.metric_value, k.result.best_value, 0);
    assert_ok(evaluate_on(s, &data.cache, &(evaluate_wanted){.split = SPLIT_VALID}, NULL, &e, error));
    assert_near(metric_value(&e->tasks[0].all.metrics, "MAE"), k.result.best_value, 1e-5);
    const evaluation_part *part = &e->tasks[0].all;
    assert_true(part->has_own[MODALITY_TEXT] && part->has_head[MODALITY_SHARED] && !part->has_own[MODALITY_SHARED]);
    evaluation_free(e);
    affect_model_free(s);
    /* a run that has ended: resuming changes nothing; a new one is refused */
    char before[65], after[65];
    hash_of(folder, "last.safetensors", before);
    k = run_with(folder, &c, true, 0, NULL);
    assert_int_equal(k.status, SMAC_OK);
    assert_true(k.result.already_done);
    assert_string_equal(before, hash_of(folder, "last.safetensors", after));
    k = run_with(folder, &c, false, 0, NULL);
    assert_int_equal(k.status, SMAC_ERROR_ARGUMENT);
    c.run.train.rate = 0.5;
    k = run_with(folder, &c, true, 0, NULL);
    assert_int_equal(k.status, SMAC_ERROR_MISMATCH);
    assert_non_null(strstr(k.why.message, "train.rate"));
    folder_remove(folder);
}

/* What is allowed to change on the way: the number of epochs where it moves nothing, and nothing of the data. */
static void test_resume_checks(void **state)
{
    (void)state;
    char folder[256], path[512];
    run_configuration c;
    folder_new(folder);
    tiny_configuration(&c);
    write_text(folder, "clip.wav", "some sound");
    data.items[3].media = file_in(folder, "clip.wav", path);
    assert_int_equal(run_with(folder, &c, false, 0, NULL).status, SMAC_OK);
    c.run.train.epochs = 5; /* after the warm-up of both, the rate is constant */
    run_result k = run_with(folder, &c, true, 0, NULL);
    assert_int_equal(k.status, SMAC_OK);
    assert_int_equal(k.result.epochs, 5);
    c.run.train.epochs = 400; /* its warm-up would not be over */
    k = run_with(folder, &c, true, 0, NULL);
    assert_int_equal(k.status, SMAC_ERROR_MISMATCH);
    assert_non_null(strstr(k.why.message, "schedule"));
    c.run.train.epochs = 5;
    write_text(folder, "clip.wav", "same sound"); /* as long as the one before */
    k = run_with(folder, &c, true, 0, NULL);
    assert_int_equal(k.status, SMAC_ERROR_MISMATCH);
    assert_non_null(strstr(k.why.message, "video_0$_$3"));
    assert_non_null(strstr(k.why.message, "clip.wav"));
    write_text(folder, "clip.wav", "some sound");
    assert_int_equal(run_with(folder, &c, true, 0, NULL).status, SMAC_OK);
    folder_remove(folder);
    /* a falling rate: another number of epochs moves it */
    folder_new(folder);
    data.items[3].media = NULL;
    tiny_configuration(&c);
    c.run.train.schedule = SCHEDULE_LINEAR;
    assert_int_equal(run_with(folder, &c, false, 0, NULL).status, SMAC_OK);
    c.run.train.epochs = 5;
    assert_int_equal(run_with(folder, &c, true, 0, NULL).status, SMAC_ERROR_MISMATCH);
    folder_remove(folder);
}

/* With train.accumulate the log's line is the mean over the step's batches, not the last one's. */
static void test_accumulated_log(void **state)
{
    (void)state;
    char one[256], two[256], path[512];
    double losses[2][6] = {{0}};
    run_configuration c;
    folder_new(one);
    folder_new(two);
    tiny_configuration(&c);
    c.run.train.epochs = 1;
    c.run.train.rate = c.run.train.encoder_rate = 0; /* so that the batches of a step are those of two steps */
    c.run.loss.intra = c.run.loss.inter = 0;
    for (int run = 0; run < 2; run++) {
        c.run.train.accumulate = run + 1;
        assert_int_equal(run_with(run ? two : one, &c, false, 0, NULL).status, SMAC_OK);
        FILE *log = fopen(file_in(run ? two : one, "log.jsonl", path), "r");
        char line[4000];
        for (int i = 0; i < 6 / (run + 1) && fgets(line, sizeof line, log); i++)
            losses[run][i] = strtod(strstr(line, "\"loss\":") + 7, NULL);
        fclose(log);
    }
    for (int i = 0; i < 3; i++)
        assert_near(losses[1][i], (losses[0][2 * i] + losses[0][2 * i + 1]) / 2, 1e-6);
    folder_remove(one);
    folder_remove(two);
}

static void keep_lines(void *user, log_level level, const char *message)
{
    (void)level;
    strncat(user, message, 300);
    strcat(user, "\n");
}

/* Without a validation part nothing claims to be the best by a figure that there is not. */
static void test_without_validation(void **state)
{
    (void)state;
    char folder[256], said[4000] = "";
    run_configuration c;
    reporter r = {.log = keep_lines, .user = said};
    folder_new(folder);
    tiny_configuration(&c);
    for (int i = TINY_TRAIN; i < TINY_TRAIN + TINY_VALID; i++)
        data.items[i].split = SPLIT_TEST;
    run_result k = run_with(folder, &c, false, 0, &r);
    for (int i = TINY_TRAIN; i < TINY_TRAIN + TINY_VALID; i++)
        data.items[i].split = SPLIT_VALID;
    assert_int_equal(k.status, SMAC_OK);
    assert_null(strstr(said, "nan"));
    assert_null(strstr(said, "best"));
    assert_non_null(strstr(said, "no validation part"));
    assert_string_equal(k.result.metric, "");
    assert_int_equal(k.result.best_epoch, 3); /* the last */
    folder_remove(folder);
}

/* Asks to stop at the n-th call. */
typedef struct stopper {
    int calls, stop_at;
} stopper;

static int count_down(void *user, const char *what, double done, double total)
{
    (void)what, (void)done, (void)total;
    stopper *s = user;
    return ++s->calls == s->stop_at;
}

static void test_resume_is_exact(void **state)
{
    (void)state;
    char whole[256], parts[256];
    run_configuration c;
    folder_new(whole);
    folder_new(parts);
    tiny_configuration(&c);
    c.run.train.accumulate = 2;
    run_result k = run_with(whole, &c, false, 0, NULL);
    assert_int_equal(k.status, SMAC_OK);
    /* interrupted within the first epoch, again within the second, killed without a checkpoint within the third */
    stopper stop = {0, 3};
    reporter r = {.progress = count_down, .user = &stop};
    k = run_with(parts, &c, false, 0, &r);
    assert_int_equal(k.status, SMAC_ERROR_INTERRUPTED);
    stop = (stopper){0, 5};
    comma_locale_begin(); /* the numbers that a run leaves behind are the same in every locale */
    k = run_with(parts, &c, true, 0, &r);
    comma_locale_end();
    assert_int_equal(k.status, SMAC_ERROR_INTERRUPTED);
    k = run_with(parts, &c, true, 8, NULL);
    assert_int_equal(k.status, SMAC_ERROR_INTERRUPTED);
    k = run_with(parts, &c, true, 0, NULL);
    if (k.status != SMAC_OK)
        fail_msg("%s", k.why.message);
    same_runs(whole, parts);
    assert_int_equal(count_lines(whole, "log.jsonl"), count_lines(parts, "log.jsonl"));
    folder_remove(whole);
    folder_remove(parts);
}

typedef struct watcher {
    char figures[120];
    int steps, evaluated, stop_at; /* stop_at: which "evaluating" asks to stop, once; 0: none */
    bool all_have_figures;
} watcher;

static void keep_figures(void *user, const char *figures)
{
    watcher *w = user;
    snprintf(w->figures, sizeof w->figures, "%s", figures);
}

static int watch(void *user, const char *what, double done, double total)
{
    watcher *w = user;
    if (strncmp(what, "epoch ", 6) == 0) {
        w->steps++;
        assert_null(strstr(what, "loss")); /* the same text for all of an epoch: a log knows by it what goes on */
        if (done > 0 && done < total && (!strstr(w->figures, "loss ") || !strstr(w->figures, " clips/s")))
            w->all_have_figures = false;
    }
    w->figures[0] = 0;
    return strcmp(what, "evaluating") == 0 && done == 0 && ++w->evaluated == w->stop_at;
}

/* Progress output; and being asked to stop at an epoch's end, which is finished first. */
static void test_progress(void **state)
{
    (void)state;
    char whole[256], parts[256];
    run_configuration c;
    folder_new(whole);
    folder_new(parts);
    tiny_configuration(&c);
    watcher w = {.all_have_figures = true};
    reporter r = {.progress = watch, .detail = keep_figures, .user = &w};
    assert_int_equal(run_with(whole, &c, false, 0, &r).status, SMAC_OK);
    assert_true(w.steps > 3 && w.evaluated > 1 && w.all_have_figures);
    w = (watcher){.stop_at = 1};
    assert_int_equal(run_with(parts, &c, false, 0, &r).status, SMAC_ERROR_INTERRUPTED);
    assert_int_equal(w.evaluated, 1);
    assert_int_equal(run_with(parts, &c, true, 0, NULL).status, SMAC_OK);
    same_runs(whole, parts);
    folder_remove(whole);
    folder_remove(parts);
}

static void test_threads_do_not_matter(void **state)
{
    (void)state;
    char one[256], many[256];
    run_configuration c;
    folder_new(one);
    folder_new(many);
    tiny_configuration(&c);
    c.run.train.epochs = 2;
    assert_int_equal(run_with(one, &c, false, 0, NULL).status, SMAC_OK);
    parallel_set_threads(3);
    assert_int_equal(run_with(many, &c, false, 0, NULL).status, SMAC_OK);
    parallel_set_threads(1);
    same_runs(one, many);
    folder_remove(one);
    folder_remove(many);
}

/* A last batch of one clip, and batches of one throughout. */
static void test_batches_of_one(void **state)
{
    (void)state;
    run_configuration c;
    for (int size = 1; size <= TINY_TRAIN - 1; size += TINY_TRAIN - 2) {
        char folder[256];
        folder_new(folder);
        tiny_configuration(&c);
        c.run.train.epochs = 1;
        c.run.train.batch = size;
        run_result k = run_with(folder, &c, false, 0, NULL);
        if (k.status != SMAC_OK)
            fail_msg("batches of %d: %s", size, k.why.message);
        assert_int_equal(k.result.steps, (TINY_TRAIN + size - 1) / size);
        folder_remove(folder);
    }
}

static void test_classes(void **state)
{
    (void)state;
    char folder[256];
    run_configuration c;
    tiny_data_clear(&data);
    tiny_data_make(&data, 3);
    folder_new(folder);
    tiny_configuration(&c);
    c.run.train.epochs = 4;
    strcpy(c.run.loss.class_weights, "true");
    run_result k = run_with(folder, &c, false, 0, NULL);
    if (k.status != SMAC_OK)
        fail_msg("%s", k.why.message);
    assert_string_equal(k.result.metric, "weighted_F1");
    assert_int_equal(count_lines(folder, "labels.csv"), TINY_TRAIN + 1);
    folder_remove(folder);
    tiny_data_clear(&data);
    tiny_data_make(&data, 0);
}

/* kill -9 at some moment of a child's run: what is left can be resumed and ends in the same bits. */
static void test_kill(void **state)
{
    (void)state;
    char whole[256], killed[256], path[512];
    run_configuration c;
    folder_new(whole);
    folder_new(killed);
    tiny_configuration(&c);
    assert_int_equal(run_with(whole, &c, false, 0, NULL).status, SMAC_OK);
    file_in(killed, "log.jsonl", path);
    for (int try = 0; try < 3; try++) {
        pid_t child = fork();
        if (child == 0) {
            run_with(killed, &c, true, 0, NULL);
            _exit(0);
        }
        struct stat info;
        off_t before = stat(path, &info) == 0 ? info.st_size : 0;
        for (int wait = 0; wait < 2000; wait++) { /* until it has written something */
            usleep(1000);
            if (stat(path, &info) == 0 && info.st_size > before + 300)
                break;
        }
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    /* what a killed process was writing goes away; what somebody is writing stays */
    char gone[600], target[600];
    snprintf(gone, sizeof gone, "%s/best.safetensors.partial-0123456789abcdef", killed);
    snprintf(target, sizeof target, "%s/other.safetensors", killed);
    assert_ok(file_write(gone, "x", 1, error));
    file_writer living;
    assert_ok(file_writer_begin(&living, target, error));
    run_result k = run_with(killed, &c, true, 0, NULL);
    if (k.status != SMAC_OK)
        fail_msg("%s", k.why.message);
    assert_false(file_exists(gone));
    assert_true(file_exists(living.partial));
    file_writer_abandon(&living);
    same_runs(whole, killed);
    folder_remove(whole);
    folder_remove(killed);
}

/* No room for a checkpoint (a limit on the size of files, as a full disk): a clear error, and the old one kept. */
static void test_full_disk(void **state)
{
    (void)state;
    char folder[256], before[65], after[65];
    run_configuration c;
    folder_new(folder);
    tiny_configuration(&c);
    stopper stop = {0, 8};
    reporter r = {.progress = count_down, .user = &stop};
    assert_int_equal(run_with(folder, &c, false, 0, &r).status, SMAC_ERROR_INTERRUPTED);
    hash_of(folder, "last.safetensors", before);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {20000, 20000};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        run_result k = run_with(folder, &c, true, 0, NULL);
        _exit(k.status == SMAC_ERROR_IO && strstr(k.why.message, "kept") ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_string_equal(before, hash_of(folder, "last.safetensors", after));
    assert_int_equal(run_with(folder, &c, true, 0, NULL).status, SMAC_OK);
    folder_remove(folder);
}

/* A value that is not finite: the run ends with a sentence that says where it comes from. */
static void test_not_finite(void **state)
{
    (void)state;
    char folder[256];
    run_configuration c;
    folder_new(folder);
    tiny_configuration(&c);
    float kept = data.samples[2].ready[0].data[0];
    data.samples[2].ready[0].data[0] = INFINITY;
    run_result k = run_with(folder, &c, false, 0, NULL);
    data.samples[2].ready[0].data[0] = kept;
    assert_int_equal(k.status, SMAC_ERROR_NUMERIC);
    assert_non_null(strstr(k.why.message, "epoch 1, step"));
    folder_remove(folder);
}

static int prepare(void **state)
{
    (void)state;
    parallel_set_threads(1); /* a child of a process with an OpenMP pool may not use it; and the products are tiny */
    tiny_data_make(&data, 0);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    tiny_data_clear(&data);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kill),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_learns),
        cmocka_unit_test(test_resume_checks),
        cmocka_unit_test(test_accumulated_log),
        cmocka_unit_test(test_without_validation),
        cmocka_unit_test(test_resume_is_exact),
        cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_progress),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_batches_of_one),
    };
    return cmocka_run_group_tests(tests, prepare, finish);
}
