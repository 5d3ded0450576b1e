/*
 * apps/cli/demo.c - semanticmac demo: the whole way in one command.  It makes a synthetic dataset, trains a small model
 * end to end from raw video, and the same without generated labels and without contrast, evaluates them on the test
 * part, analyses two of its clips and a real video, and writes one report.  Called again it goes on where it stopped.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/folder.h"
#include "base/memory.h"
#include "base/path.h"
#include "cli.h"
#include "demo.h"
#include "media/media.h"
#include "synth/synth.h"

static int run(int argc, char **argv);

const command command_demo = {"demo", "demo [--out DIR] [options]",
    "the whole way in one command: make data, train, evaluate, report",
    "DIR (demo) gets data/, a run for each variant, results.md, results.json and report.html.", run};

static const demo_variant variants[DEMO_VARIANTS] = {
    {"full", "the whole method", {NULL}},
    {"no-labels", "without generated labels", {"labels.scheme=multimodal", NULL}},
    {"no-contrast", "without contrast", {"loss.intra=0", "loss.inter=0", NULL}},
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void heading(double started, int part, const char *what)
{
    console_finish();
    int seconds = (int)(now() - started);
    fprintf(stderr, "[%d:%02d] %d/5 %s\n", seconds / 60, seconds % 60, part, what);
}

static smac_status configure(
    run_configuration *c, const demo_variant *v, const text_list *sets, int64_t epochs, smac_error *error)
{
    run_configuration_defaults(c);
    TRY(run_configuration_preset(c, "demo", error));
    for (size_t i = 0; i < sets->count; i++)
        TRY(run_configuration_assign(c, sets->items[i], error));
    for (size_t i = 0; v->settings[i]; i++)
        TRY(run_configuration_assign(c, v->settings[i], error));
    if (epochs > 0) {
        char text[40];
        snprintf(text, sizeof text, "train.epochs=%lld", (long long)epochs);
        TRY(run_configuration_assign(c, text, error));
    }
    return SMAC_OK;
}

enum { CLIPS_LEAST = 12 }; /* some for each part, in conflict and not */

/* One variant: train (or find it trained) and evaluate on the test part. */
static smac_status run_variant(demo_state *d, int index, smac_error *error)
{
    demo_run *r = &d->runs[index];
    affect_model *trained = NULL;
    train_options options;
    train_options_default(&options);
    char *folder = path_join(d->folder, variants[index].name);
    if (!folder)
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for the demo");
    options.out = folder;
    char *last = path_join(folder, "last.safetensors"), *best = path_join(folder, "best.safetensors");
    options.resume = last && file_exists(last);
    options.overwrite = !options.resume;
    smac_status code = configure(&options.configuration, &variants[index], d->sets, d->epochs, error);
    const char **texts = memory_new((size_t)d->data->count, sizeof *texts);
    int64_t text_count = 0;
    for (int64_t i = 0; texts && i < d->data->count; i++)
        if (d->data->items[i].split == SPLIT_TRAIN)
            texts[text_count++] = d->data->items[i].text;
    affect_model_options model = {.configuration = &options.configuration.model,
        .tasks = d->data->tasks,
        .task_count = d->data->task_count,
        .texts = texts,
        .text_count = text_count,
        .seed = (uint64_t)options.configuration.run.train.seed};
    cache_options preparation = {.splits = {true, true, true}};
    if (code == SMAC_OK && (!last || !best || !texts))
        code = FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for the demo");
    if (code == SMAC_OK)
        code = affect_model_new(&model, &trained, error);
    if (code == SMAC_OK && !d->cache) /* the tensors are the same for every variant: clips are read once */
        code = sample_cache_new(d->data, trained, &preparation, console_reporter(), &d->cache, error);
    if (code == SMAC_OK)
        code = train_on(&options, trained, d->cache, console_reporter(), &r->training, error);
    affect_model_free(trained);
    trained = NULL;
    if (code == SMAC_OK)
        code = affect_model_load(best, NULL, &trained, error);
    evaluate_wanted test = {.split = SPLIT_TEST};
    if (code == SMAC_OK)
        code = evaluate_on(trained, d->cache, &test, console_reporter(), &r->all, error);
    for (int m = 0; index == 0 && m < MODALITIES && code == SMAC_OK; m++) {
        memset(test.modalities, 0, sizeof test.modalities);
        test.modalities[m] = true;
        code = evaluate_on(trained, d->cache, &test, console_reporter(), &d->alone[m], error);
    }
    affect_model_free(trained);
    free(texts);
    free(folder);
    free(last);
    if (code == SMAC_OK && index == 0)
        d->model_path = best;
    else
        free(best);
    return code;
}

/* Two test clips that show something: the most ironic one, and one in which all say the same. */
static void choose_clips(const demo_state *d, const dataset_item *out[2])
{
    double best_conflict = -1, best_accord = -1;
    out[0] = out[1] = NULL;
    for (int64_t i = 0; i < d->data->count; i++) {
        const dataset_item *item = &d->data->items[i];
        if (item->split != SPLIT_TEST || !item->media)
            continue;
        double apart = 0, least = 1, label[TRUTH_KINDS];
        for (int a = TRUTH_TEXT; a <= TRUTH_VISION; a++) {
            label[a] = dataset_label(d->data, item, 0, a);
            for (int b = TRUTH_TEXT; b < a; b++)
                apart = fmax(apart, fabs(label[a] - label[b]));
            least = fmin(least, fabs(label[a]));
        }
        bool conflict = dataset_extra_number(d->data, item, "conflict") > 0;
        if (conflict && apart > best_conflict) {
            best_conflict = apart;
            out[0] = item;
        }
        if (!conflict && least > best_accord) {
            best_accord = least;
            out[1] = item;
        }
    }
}

static const char *find_real_video(void)
{
    static const char *const places[] = {"/usr/share/forensics-samples/original-files/movie2/movie-hello.mp4"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (file_exists(places[i]))
            return places[i];
    return NULL;
}

static smac_status analyse(demo_state *d, smac_error *error)
{
    const dataset_item *clips[2];
    choose_clips(d, clips);
    smac_model *model = NULL;
    TRY(smac_model_open(d->model_path, NULL, &model, error));
    smac_status code = SMAC_OK;
    for (int i = 0; i < 3 && code == SMAC_OK; i++) {
        const char *path = i < 2 ? (clips[i] ? clips[i]->media : NULL) : d->video ? d->video : find_real_video();
        if (!path) {
            if (i == 2)
                fprintf(stderr,
                    "note: no real video was found (Debian's package forensics-samples-files has one); "
                    "--video FILE names one\n");
            continue;
        }
        smac_analyze_options options;
        smac_analyze_options_default(&options);
        options.thumbnails = true;
        options.text = i < 2 ? clips[i]->text : NULL;
        code = smac_analyze_file(model, path, &options, &d->analyses[d->analysis_count], error);
        d->analysis_count += code == SMAC_OK;
    }
    smac_model_free(model);
    return code;
}

static void release(demo_state *d)
{
    for (int i = 0; i < DEMO_VARIANTS; i++)
        evaluation_free(d->runs[i].all);
    for (int m = 0; m < MODALITIES; m++)
        evaluation_free(d->alone[m]);
    for (size_t i = 0; i < d->analysis_count; i++)
        smac_analysis_free(d->analyses[i]);
    sample_cache_free(d->cache);
    dataset_free(d->data);
    free(d->model_path);
    free(d->data_folder);
}

static smac_status demo(demo_state *d, const synth_options *synth, double started, smac_error *error)
{
    TRY(folder_make(d->folder, error));
    d->data_folder = path_join(d->folder, "data");
    if (!d->data_folder)
        return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for the demo");
    heading(started, 1, "making synthetic talking heads");
    TRY(synth_dataset(d->data_folder, synth, console_reporter(), error));
    dataset_options reading = {.path = d->data_folder, .layout = "sims"};
    TRY(dataset_read(&reading, console_reporter(), &d->data, error));
    for (int i = 0; i < DEMO_VARIANTS; i++) {
        char what[120];
        snprintf(what, sizeof what, "training from raw video: %s", variants[i].label);
        heading(started, 2 + i, what);
        TRY(run_variant(d, i, error));
    }
    heading(started, 5, "analysing two clips and a real video");
    TRY(analyse(d, error));
    d->seconds = now() - started;
    return demo_write(d, variants, error);
}

static int run(int argc, char **argv)
{
    demo_state d = {.folder = "demo", .epochs = INT64_MIN};
    synth_options synth;
    synth_options_default(&synth);
    synth.clips = 2000;
    text_list sets = {0};
    int64_t seed = 1;
    const option_row rows[] = {
        {"out", 'o', OPTION_TEXT, &d.folder, "DIR", "where everything goes (demo)"},
        {"clips", 'n', OPTION_INTEGER, &synth.clips, "N", "clips to make (2000)"},
        {"seed", 's', OPTION_INTEGER, &seed, "S", "of the data (1)"},
        {"epochs", 0, OPTION_INTEGER, &d.epochs, "N", "epochs of each training (16)"},
        {"video", 0, OPTION_TEXT, &d.video, "FILE", "the real video to analyse (Debian's movie-hello.mp4)"},
        {"set", 0, OPTION_LIST, &sets, "KEY=VALUE", "set a configuration key of all trainings"},
    };
    int count, status = options_parse(&command_demo, rows, sizeof rows / sizeof *rows, argc, argv, &count);
    if (status >= 0)
        return status;
    if (count > 0)
        return usage_error(
            &command_demo, "\"%s\" is not expected here: leave it out or put its option before it", argv[1]);
    if (seed < 0)
        return usage_error(&command_demo, "--seed is %lld, give 0 or more", (long long)seed);
    synth.seed = (uint64_t)seed;
    d.sets = &sets;
    if (d.epochs != INT64_MIN && d.epochs < 1) /* else not given */
        return usage_error(&command_demo, "--epochs is %lld, give 1 or more", (long long)d.epochs);
    if (synth.clips < CLIPS_LEAST)
        return usage_error(&command_demo, "--clips is %lld, give %d or more", (long long)synth.clips, CLIPS_LEAST);
    smac_error error = {0};
    media_info real;
    static run_configuration tried; /* what is wrong shows before the work, not after it */
    smac_status code = d.video ? media_probe(d.video, NULL, &real, &error) : SMAC_OK;
    for (int i = 0; i < DEMO_VARIANTS && code == SMAC_OK; i++)
        code = configure(&tried, &variants[i], &sets, d.epochs, &error);
    if (code == SMAC_OK)
        code = demo(&d, &synth, now(), &error);
    status = EXIT_DONE;
    if (code != SMAC_OK) {
        status = failure(&command_demo, &error);
        if (code == SMAC_ERROR_INTERRUPTED)
            fprintf(stderr, "(the same command goes on from here)\n");
    }
    console_finish();
    release(&d);
    free(sets.items);
    return status;
}
