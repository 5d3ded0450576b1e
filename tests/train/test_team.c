/*
 * A team of ranks (threads here) that share every batch gives what one process gives; a rank that fails or is asked to
 * stop ends the run of all.
 */
#include "support/folder.h"
#include "support/thread_team.h"
#include "support/tiny.h"

#include "base/file.h"
#include "base/sha256.h"
#include "compute/parallel.h"
#include "train/trainer.h"

static tiny_data data;

typedef struct rank_run {
    const run_configuration *c;
    const char *out;
    thread_rank self;
    const reporter *report;
    bool resume;
    smac_status status;
    smac_error why;
    train_result result;
} rank_run;

static void *run_rank(void *given)
{
    rank_run *k = given;
    train_options o;
    team team = k->self.shared ? thread_team_of(&k->self) : (struct team){0};
    train_options_default(&o);
    o.out = k->out;
    o.configuration = *k->c;
    o.resume = k->resume;
    o.team = k->self.shared ? &team : NULL;
    affect_model *s = tiny_affect_model(k->c, &data);
    k->status = train_on(&o, s, &data.cache, k->report, &k->result, &k->why);
    affect_model_free(s);
    return NULL;
}

static void run_team(rank_run *runs, int size, const run_configuration *c, const char *out)
{
    thread_team shared;
    pthread_t threads[THREAD_TEAM_MAX];
    thread_team_init(&shared, size);
    for (int rank = 0; rank < size; rank++) {
        runs[rank].c = c;
        runs[rank].out = out;
        runs[rank].self = (thread_rank){&shared, rank};
        assert_int_equal(pthread_create(&threads[rank], NULL, run_rank, &runs[rank]), 0);
    }
    for (int rank = 0; rank < size; rank++)
        pthread_join(threads[rank], NULL);
}

static void configure(run_configuration *c)
{
    tiny_configuration(c);
    c->model.model.dropout = 0; /* masks are drawn by rank */
    c->run.train.epochs = 2;
    c->run.train.accumulate = 2;
    c->run.labels.predictor = PREDICTOR_HELD_OUT;
}

/* The largest difference of two files' tensors, as a share of each tensor's largest value. */
static double difference(const char *a, const char *b, const char *name)
{
    char path[512];
    tensor_file *x = NULL, *y = NULL;
    double worst = 0;
    assert_ok(tensor_file_open(file_in(a, name, path), &x, error));
    assert_ok(tensor_file_open(file_in(b, name, path), &y, error));
    assert_int_equal(tensor_file_count(x), tensor_file_count(y));
    for (size_t i = 0; i < tensor_file_count(x); i++) {
        const tensor_entry *e = tensor_file_at(x, i), *f = tensor_file_find(y, e->name);
        double largest = 1e-3, apart = 0;
        assert_non_null(f);
        if (e->type != TENSOR_F32) {
            assert_memory_equal(e->data, f->data, e->bytes);
            continue;
        }
        /* AdamW makes whole steps out of gradients that are zero but for rounding (biases of keys, of a centred contrast) */
        if (strstr(e->name, "key.bias") || strstr(e->name, "intra.down.bias") || !strcmp(e->name, "training.first") ||
            !strcmp(e->name, "training.second"))
            continue;
        for (int64_t k = 0; k < e->count; k++) {
            float p = ((const float *)e->data)[k], q = ((const float *)f->data)[k];
            largest = fmax(largest, fabs((double)p));
            apart = fmax(apart, fabs((double)p - q));
        }
        worst = fmax(worst, apart / largest);
    }
    tensor_file_close(x);
    tensor_file_close(y);
    return worst;
}

static void ranks_give_what_one_gives(void **state)
{
    (void)state;
    static run_configuration c;
    for (int classes = 0; classes <= 3; classes += 3) {
        char one[256], many[256], again[256], hash[2][65], path[512];
        tiny_data_clear(&data);
        tiny_data_make(&data, classes);
        configure(&c);
        folder_new(one);
        static rank_run alone, team[THREAD_TEAM_MAX];
        alone = (rank_run){.c = &c, .out = one};
        run_rank(&alone);
        assert_int_equal(alone.status, SMAC_OK);
        for (int size = 2; size <= 3; size++) { /* batches of 8, the last of 4: parts of unequal length */
            folder_new(many);
            folder_new(again);
            memset(team, 0, sizeof team);
            run_team(team, size, &c, many);
            for (int rank = 0; rank < size; rank++) {
                if (team[rank].status != SMAC_OK)
                    fail_msg("rank %d of %d: %s", rank, size, team[rank].why.message);
                assert_near(team[rank].result.best_value, alone.result.best_value, 1e-4);
                assert_true(team[rank].result.best_value == team[0].result.best_value); /* all are the same */
            }
            double apart = difference(one, many, "last.safetensors");
            if (!(apart < 2e-4))
                fail_msg("%d ranks: weights and labels differ by %g of their size", size, apart);
            memset(team, 0, sizeof team);
            run_team(team, size, &c, again);
            assert_ok(sha256_file(file_in(many, "best.safetensors", path), hash[0], error));
            assert_ok(sha256_file(file_in(again, "best.safetensors", path), hash[1], error));
            assert_string_equal(hash[0], hash[1]); /* the same number of ranks: the same bits */
            folder_remove(many);
            folder_remove(again);
        }
        folder_remove(one);
    }
    tiny_data_clear(&data);
    tiny_data_make(&data, 0);
}

/* More ranks than clips in a batch: some have no row, and take part all the same. */
static void ranks_without_rows(void **state)
{
    (void)state;
    static run_configuration c;
    static rank_run alone, team[THREAD_TEAM_MAX];
    char one[256], many[256];
    configure(&c);
    c.run.train.batch = 3;
    c.run.train.epochs = 1;
    folder_new(one);
    folder_new(many);
    alone = (rank_run){.c = &c, .out = one};
    run_rank(&alone);
    memset(team, 0, sizeof team);
    run_team(team, 4, &c, many);
    for (int rank = 0; rank < 4; rank++)
        assert_int_equal(team[rank].status, SMAC_OK);
    assert_true(difference(one, many, "last.safetensors") < 2e-4);
    folder_remove(one);
    folder_remove(many);
}

static int stop_at(void *user, const char *what, double done, double total)
{
    (void)what, (void)done, (void)total;
    int *left = user;
    return --*left == 0;
}

/* The second rank alone is asked to stop: all stop at the same step, and go on with the same bits. */
static void a_stop_is_everybodys(void **state)
{
    (void)state;
    static run_configuration c;
    static rank_run whole[2], parts[2];
    char first[256], second[256], hash[2][65], path[512];
    int left = 3;
    reporter r = {.progress = stop_at, .user = &left};
    configure(&c);
    folder_new(first);
    folder_new(second);
    memset(whole, 0, sizeof whole);
    run_team(whole, 2, &c, first);
    memset(parts, 0, sizeof parts);
    parts[1].report = &r;
    run_team(parts, 2, &c, second);
    for (int rank = 0; rank < 2; rank++) {
        assert_int_equal(parts[rank].status, SMAC_ERROR_INTERRUPTED);
        assert_int_equal(parts[rank].result.steps, parts[0].result.steps);
    }
    memset(parts, 0, sizeof parts);
    parts[0].resume = parts[1].resume = true;
    run_team(parts, 2, &c, second);
    assert_int_equal(parts[0].status, SMAC_OK);
    assert_ok(sha256_file(file_in(first, "best.safetensors", path), hash[0], error));
    assert_ok(sha256_file(file_in(second, "best.safetensors", path), hash[1], error));
    assert_string_equal(hash[0], hash[1]);
    folder_remove(first);
    folder_remove(second);
}

/* Numbers of one rank's clip are not finite: the others do not wait for it. */
static void a_failure_is_everybodys(void **state)
{
    (void)state;
    static run_configuration c;
    static rank_run team[2];
    char folder[256];
    configure(&c);
    folder_new(folder);
    float kept = data.samples[2].ready[0].data[0];
    data.samples[2].ready[0].data[0] = INFINITY;
    memset(team, 0, sizeof team);
    run_team(team, 2, &c, folder);
    data.samples[2].ready[0].data[0] = kept;
    assert_int_not_equal(team[0].status, SMAC_OK);
    assert_int_not_equal(team[1].status, SMAC_OK);
    assert_true(team[0].status == SMAC_ERROR_NUMERIC || team[1].status == SMAC_ERROR_NUMERIC);
    folder_remove(folder);
}

static void rows_are_shared_out(void **state)
{
    (void)state;
    for (int size = 1; size <= 5; size++) {
        for (int64_t count = 0; count < 12; count++) {
            int64_t next = 0, first;
            for (int rank = 0; rank < size; rank++) {
                team t = {.rank = rank, .size = size};
                int64_t rows = team_rows(&t, rank, count, &first);
                assert_int_equal(first, next);
                assert_true(rows >= count / size && rows <= count / size + 1);
                next += rows;
            }
            assert_int_equal(next, count);
        }
    }
}

static int prepare(void **state)
{
    (void)state;
    parallel_set_threads(1);
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
        cmocka_unit_test(rows_are_shared_out),
        cmocka_unit_test(ranks_give_what_one_gives),
        cmocka_unit_test(ranks_without_rows),
        cmocka_unit_test(a_stop_is_everybodys),
        cmocka_unit_test(a_failure_is_everybodys),
    };
    return cmocka_run_group_tests(tests, prepare, finish);
}
