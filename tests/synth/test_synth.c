/* tests/synth/test_synth.c - the rules of the labels, the plan of a set, and equal bytes for any number of workers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/path.h"
#include "base/sha256.h"
#include "synth/plan.h"
#include "synth/sentences.h"
#include "synth/synth.h"

static void rules_of_the_label(void **state)
{
    (void)state;
    const struct {
        synth_states states;
        double label;
        int conflict, sarcasm, humor, irony;
        const char *emotion;
    } cases[] = {
        {{0.8, 0.7, 0.9, 0}, 0.8, 0, 0, 0, 0, "joy"},
        {{0.8, -0.7, -0.9, 1}, -0.8, 1, 1, 0, 1, "anger"},    /* praise, said sourly, turns round */
        {{0.8, -0.7, 0.9, 0}, 0.408, 1, 0, 0, 0, "joy"},      /* only the voice is sour: a mean */
        {{0.2, -0.7, -0.9, 0}, -0.36, 0, 0, 0, 0, "sadness"}, /* 0.2 is not praise */
        {{-0.8, 0.7, 0.9, 1}, 0.096, 1, 0, 1, 1, "neutral"},  /* a scolding, said merrily */
        {{0.0, 0.6, 0.7, 0}, 0.364, 0, 0, 1, 0, "joy"},       /* a merry voice and face outdo the words */
        {{-0.3, 0.3, 0.0, 0}, -0.048, 0, 0, 0, 0, "neutral"}, /* apart, but not far enough */
        {{-0.9, -0.5, -0.6, 1}, -0.704, 0, 0, 0, 0, "anger"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const synth_states *s = &cases[i].states;
        assert_true(fabs(synth_label(s) - cases[i].label) < 1e-9);
        assert_int_equal(synth_conflict(s), cases[i].conflict);
        assert_int_equal(synth_sarcasm(s), cases[i].sarcasm);
        assert_int_equal(synth_humor(s), cases[i].humor);
        assert_int_equal(synth_irony(s), cases[i].irony);
        assert_string_equal(synth_emotion(s), cases[i].emotion);
    }
    assert_string_equal(synth_annotation(-0.1), "Negative");
    assert_string_equal(synth_annotation(-0.09), "Neutral");
    assert_string_equal(synth_annotation(0.1), "Neutral");
    assert_string_equal(synth_annotation(0.11), "Positive");
}

static void drawn_states_are_of_their_kind(void **state)
{
    (void)state;
    random_sequence random = random_start(3, 1);
    for (int64_t i = 0; i < 2000; i++) {
        synth_kind kind = synth_kind_at(i);
        synth_states s = synth_states_draw(&random, kind);
        assert_true(synth_states_are(&s, kind));
        assert_true(fabs(s.text) <= 1 && fabs(s.audio) <= 1 && fabs(s.vision) <= 1);
        assert_true(fabs(synth_label(&s)) <= 1);
        assert_int_equal(synth_conflict(&s), i % 3 == 1);
    }
}

/*
 * The value of a sentence once more, read from its words alone: an independent reading of the rule of sentences.h that
 * knows the lexicon but not how the sentence was made.
 */
static double read_clause(char *text)
{
    static const struct {
        const char *word;
        double factor;
    } stress[] = {{"slightly", 0.4}, {"little", 0.4}, {"slight", 0.4}, {"somewhat", 0.6}, {"fairly", 0.8},
        {"quite", 0.8}, {"very", 1.3}, {"really", 1.3}, {"so", 1.3}, {"real", 1.3}, {"extremely", 1.6},
        {"absolutely", 1.6}, {"absolute", 1.6}};
    double factor = 1, value = 0;
    int found = 0; /* two adjectives side by side give their mean */
    char *rest = NULL;
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        if (!strcmp(word, "not") || !strcmp(word, "never"))
            factor *= SYNTH_NEGATION;
        for (size_t i = 0; i < sizeof stress / sizeof *stress; i++)
            if (!strcmp(word, stress[i].word))
                factor *= stress[i].factor;
        for (size_t i = 0; i < synth_lexicon_count(); i++) {
            double own;
            const char *known = synth_lexicon_word(i, &own);
            size_t length = strlen(known);
            /* a verb may be in its past: "liked", "adored", "regretted" */
            if (!strcmp(word, known) ||
                (!strncmp(word, known, length) &&
                    (!strcmp(word + length, "d") || !strcmp(word + length, "ed") || !strcmp(word + length, "ted")))) {
                value += own;
                found++;
            }
        }
    }
    assert_in_range(found, 1, 2);
    return fmax(-1, fmin(1, value / found * factor));
}

static void sentences_mean_what_their_words_say(void **state)
{
    (void)state;
    random_sequence random = random_start(11, 7);
    for (int i = 0; i < 3000; i++) {
        synth_sentence s;
        synth_sentence_draw(&random, i % 2, &s);
        char text[200];
        snprintf(text, sizeof text, "%s", s.text);
        text[strlen(text) - 1] = 0; /* the full stop */
        char *but = strstr(text, ", but "), *and = strstr(text, ", and ");
        double value;
        if (but) {
            *but = 0;
            double first = read_clause(text);
            value = SYNTH_BUT_FIRST * first + (1 - SYNTH_BUT_FIRST) * read_clause(but + 6);
        } else if (and) {
            *and = 0;
            double first = read_clause(text);
            value = (first + read_clause(and+6)) / 2;
        } else {
            value = read_clause(text);
        }
        if (fabs(value - s.value) > 1e-9)
            fail_msg("\"%s\" is %g, its words say %g", s.text, s.value, value);
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void plan_keeps_its_word(void **state)
{
    (void)state;
    synth_options options = {.clips = 600, .seed = 5, .size = 64, .fps = 10, .clips_per_speaker = 5, .layout = "sims"};
    synth_plan plan;
    smac_error error = {0};
    assert_int_equal(synth_plan_make(&options, &plan, &error), SMAC_OK);
    int64_t clips[SYNTH_SPLITS] = {0}, conflicts[SYNTH_SPLITS] = {0}, sarcasms[SYNTH_SPLITS] = {0};
    char **texts = calloc(600, sizeof *texts);
    for (int64_t i = 0; i < 600; i++) {
        synth_split split = plan.speakers[plan.clips[i].speaker].split;
        clips[split]++;
        conflicts[split] += synth_conflict(&plan.clips[i].states);
        sarcasms[split] += synth_sarcasm(&plan.clips[i].states);
        texts[i] = plan.clips[i].text;
    }
    assert_int_equal(clips[SYNTH_TRAIN], 420);
    assert_int_equal(clips[SYNTH_VALID], 60);
    assert_int_equal(clips[SYNTH_TEST], 120);
    for (int split = 0; split < SYNTH_SPLITS; split++) {
        assert_int_equal(conflicts[split], clips[split] / 3);
        assert_true(sarcasms[split] * 9 >= conflicts[split]);
    }
    /* no sentence twice, so none of test in training; no voice of test in training */
    qsort(texts, 600, sizeof *texts, by_text);
    for (int i = 1; i < 600; i++)
        assert_string_not_equal(texts[i - 1], texts[i]);
    free(texts);
    for (int64_t i = 0; i < plan.speaker_count; i++)
        for (int64_t k = 0; k < plan.speaker_count; k++)
            if (plan.speakers[i].variant == plan.speakers[k].variant)
                assert_int_equal(plan.speakers[i].split, plan.speakers[k].split);
    synth_plan_free(&plan);
}

static char root[] = "/tmp/smac-synth-XXXXXX";

static int make_root(void **state)
{
    (void)state;
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
    (void)state;
    char command[80];
    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

typedef struct stopper {
    int calls, stop_at;
    double last;
} stopper;

static int count_progress(void *user, const char *what, double done, double total)
{
    stopper *s = user;
    assert_string_equal(what, "clips");
    assert_true(done >= s->last && done <= total);
    s->last = done;
    return ++s->calls == s->stop_at;
}

static const char *const made[] = {
    "label.csv", "synth.json", "Raw/video_0001/0001.mp4", "Raw/video_0002/0001.mp4", "Raw/video_0003/0001.mp4"};

static void same_bytes_and_resuming(void **state)
{
    (void)state;
    smac_error error = {0};
    synth_options options = {.clips = 3, .seed = 9, .size = 64, .fps = 8, .threads = 1};
    char *one = path_join(root, "one"), *two = path_join(root, "two");
    assert_int_equal(synth_dataset(one, &options, NULL, &error), SMAC_OK);

    /* two workers, stopped after the first clip: no label.csv yet; then on to the end */
    options.threads = 2;
    stopper stop = {.stop_at = 1};
    reporter report = {.progress = count_progress, .user = &stop};
    assert_int_equal(synth_dataset(two, &options, &report, &error), SMAC_ERROR_INTERRUPTED);
    char *labels = path_join(two, "label.csv"), *clip = path_join(two, made[3]);
    assert_false(file_exists(labels));
    stop = (stopper){0};
    report.user = &stop;
    assert_int_equal(synth_dataset(two, &options, &report, &error), SMAC_OK);
    assert_true(stop.last == 3);
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        char *a = path_join(one, made[i]), *b = path_join(two, made[i]), hash_a[65], hash_b[65];
        assert_int_equal(sha256_file(a, hash_a, &error), SMAC_OK);
        assert_int_equal(sha256_file(b, hash_b, &error), SMAC_OK);
        assert_string_equal(hash_a, hash_b);
        free(a);
        free(b);
    }

    /* a finished clip is kept, a missing one is made again */
    struct stat before, after;
    char *other = path_join(two, made[2]);
    assert_int_equal(stat(other, &before), 0);
    assert_int_equal(unlink(clip), 0);
    char *leftover = path_join(two, "Raw/video_0002/0001.mp4.partial-0123456789abcdef"); /* nobody holds it */
    assert_int_equal(file_write(leftover, "x", 1, &error), SMAC_OK);
    assert_int_equal(synth_dataset(two, &options, NULL, &error), SMAC_OK);
    assert_false(file_exists(leftover));
    free(leftover);
    assert_int_equal(stat(other, &after), 0);
    assert_true(before.st_ino == after.st_ino && before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
    assert_true(file_exists(clip));

    /* another seed does not go into the same folder */
    options.seed = 10;
    assert_int_equal(synth_dataset(two, &options, NULL, &error), SMAC_ERROR_MISMATCH);
    assert_non_null(strstr(error.message, "other settings"));
    free(one);
    free(two);
    free(labels);
    free(clip);
    free(other);
}

static void wrong_options_are_named(void **state)
{
    (void)state;
    smac_error error = {0};
    char *folder = path_join(root, "none");
    const synth_options wrong[] = {{.clips = 0}, {.clips = 3, .size = 65}, {.clips = 3, .fps = 61},
        {.clips = 3, .layout = "x"}, {.clips = 3, .clips_per_speaker = 101}};
    const char *names[] = {"clips", "size", "fps", "layout", "clips_per_speaker"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(synth_dataset(folder, &wrong[i], NULL, &error), SMAC_ERROR_ARGUMENT);
        assert_non_null(strstr(error.message, names[i]));
    }
    assert_false(file_exists(folder));
    free(folder);

    /* a place where nothing can be written: the worker's own error comes back */
    char *file = path_join(root, "file"), *below = path_join(file, "set");
    assert_int_equal(file_write(file, "x", 1, &error), SMAC_OK);
    const synth_options fine = {.clips = 1, .size = 64};
    assert_int_not_equal(synth_dataset(below, &fine, NULL, &error), SMAC_OK);
    free(below);
    free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_of_the_label),
        cmocka_unit_test(drawn_states_are_of_their_kind),
        cmocka_unit_test(sentences_mean_what_their_words_say),
        cmocka_unit_test(plan_keeps_its_word),
        cmocka_unit_test(same_bytes_and_resuming),
        cmocka_unit_test(wrong_options_are_named),
    };
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
