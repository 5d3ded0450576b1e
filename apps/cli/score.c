/* apps/cli/score.c - semanticmac score: the field's metrics for anyone's predictions. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "cli.h"
#include "train/score.h"

static int run(int argc, char **argv);

const command command_score = {"score",
    "score --truth F.csv --predictions F.csv --protocol NAME [--against F.csv] [--resamples N] [--json F]",
    "the field's metrics for anyone's predictions",
    "Protocols: mosi, mosei, sims, simsv2, regression (scores); iemocap, meld, urfunny, mustard, classes (classes).\n"
    "The files have a header line and two columns: id,value or id,class.  With a third column \"fold\" in the truth\n"
    "every metric is the mean over the folds.  --against compares two models on the same clips: the p of a sign-flip\n"
    "permutation test (and of Wilcoxon's signed-rank test for scores) of each clip's error, and with --resamples an\n"
    "interval of each metric's difference.",
    run};

static json_t *interval_json(const figure_interval *i)
{
    return json_pack("[o, o]", json_from_number(i->low), json_from_number(i->high));
}

static json_t *intervals_json(const metric_list *list, const figure_interval *intervals)
{
    json_t *object = json_object();
    for (int k = 0; k < list->count; k++)
        json_object_set_new(object, list->items[k].name, interval_json(&intervals[k]));
    return object;
}

static json_t *comparison_json(const score_options *options, const score_result *r)
{
    const score_comparison *c = &r->comparison;
    json_t *object = json_pack("{s:o, s:s, s:[o, o], s:o, s:o}", "metrics", metrics_to_json(&c->metrics), "loss",
        c->loss, "mean_loss", json_from_number(c->mean_loss[0]), json_from_number(c->mean_loss[1]), "sign_flip_p",
        json_from_number(c->sign_flip_p), "wilcoxon_p", json_from_number(c->wilcoxon_p));
    if (options->resampling.resamples)
        json_object_set_new(object, "difference", intervals_json(&r->metrics, c->difference));
    return object;
}

static json_t *result_json(const score_options *options, const score_result *r)
{
    json_t *root = json_pack("{s:s, s:I, s:i, s:o}", "protocol", options->protocol, "n", (json_int_t)r->clips, "folds",
        r->folds, "metrics", metrics_to_json(&r->metrics));
    if (options->resampling.resamples) {
        json_object_set_new(root, "level", json_real(options->resampling.level));
        json_object_set_new(root, "intervals", intervals_json(&r->metrics, r->intervals));
    }
    if (r->has_comparison)
        json_object_set_new(root, "against", comparison_json(options, r));
    return root;
}

static smac_status write_json(const char *path, const score_options *options, const score_result *r, smac_error *error)
{
    json_t *root = result_json(options, r);
    char *text = root ? json_dump_text(root, JSON_INDENT(2)) : NULL;
    json_decref(root);
    text_buffer whole = {.failed = !text};
    if (text)
        text_format(&whole, "%s\n", text);
    free(text);
    smac_status status = whole.failed
        ? error_set(error, SMAC_ERROR_MEMORY, "score", "there is no memory to write the metrics as JSON")
        : write_result(path, whole.data, whole.length, error);
    text_free(&whole);
    return status;
}

static void print_interval(const figure_interval *i, bool sign)
{
    printf(sign ? "  [%+.4f, %+.4f]" : "  [%.4f, %.4f]", i->low, i->high);
}

static void print_result(const score_options *options, const score_result *r)
{
    printf("%lld clips", (long long)r->clips);
    if (r->folds > 1)
        printf(" in %d folds, means over the folds", r->folds);
    printf("\n");
    const score_comparison *c = &r->comparison;
    for (int i = 0; i < r->metrics.count; i++) {
        const metric *m = &r->metrics.items[i];
        printf("%-18s %.4f", m->name, m->value);
        if (options->resampling.resamples)
            print_interval(&r->intervals[i], false);
        if (r->has_comparison) {
            printf("  against %.4f", c->metrics.items[i].value);
            if (options->resampling.resamples)
                print_interval(&c->difference[i], true);
        }
        printf("\n");
    }
    if (!r->has_comparison)
        return;
    printf("%s: %.4f against %.4f, sign-flip p %.4f", c->loss, c->mean_loss[0], c->mean_loss[1], c->sign_flip_p);
    if (!isnan(c->wilcoxon_p))
        printf(", Wilcoxon p %.4f", c->wilcoxon_p);
    printf("\n");
}

static int run(int argc, char **argv)
{
    score_options options = {.resampling = {.level = 0.95, .seed = 1}};
    const char *json_path = NULL;
    int64_t seed = 1;
    const option_row rows[] = {
        {"truth", 0, OPTION_TEXT, &options.truth, "FILE", "what is true"},
        {"predictions", 0, OPTION_TEXT, &options.predictions, "FILE", "what was predicted"},
        {"protocol", 0, OPTION_TEXT, &options.protocol, "NAME", "whose metrics"},
        {"against", 0, OPTION_TEXT, &options.against, "FILE", "predictions of another model, to compare with"},
        {"resamples", 0, OPTION_INTEGER, &options.resampling.resamples, "N",
            "bootstrap intervals from so many resamples of the clips (0: none)"},
        {"level", 0, OPTION_NUMBER, &options.resampling.level, "P", "of the intervals (0.95)"},
        {"seed", 0, OPTION_INTEGER, &seed, "N", "of the resamples (1)"},
        {"json", 0, OPTION_TEXT, &json_path, "FILE", "write them as JSON too; -: on standard output, alone"},
    };
    int count, status = options_parse(&command_score, rows, sizeof rows / sizeof *rows, argc, argv, &count);
    if (status >= 0)
        return status;
    if (count > 0)
        return usage_error(
            &command_score, "\"%s\" is not expected here: leave it out or put its option before it", argv[1]);
    if (!options.truth || !options.predictions || !options.protocol)
        return usage_error(&command_score, "--truth, --predictions and --protocol are all needed: give them");
    if (options.resampling.resamples < 0 || options.resampling.resamples > 1000000)
        return usage_error(
            &command_score, "--resamples is %lld, give 0 to 1000000", (long long)options.resampling.resamples);
    if (!(options.resampling.level > 0 && options.resampling.level < 1))
        return usage_error(&command_score, "--level is %g, give a number between 0 and 1", options.resampling.level);
    options.resampling.seed = (uint64_t)seed;
    char *read[] = {
        (char *)(uintptr_t)options.truth, (char *)(uintptr_t)options.predictions, (char *)(uintptr_t)options.against};
    status = check_output(&command_score, "--json", json_path, read, options.against ? 3 : 2);
    if (status >= 0)
        return status;
    smac_error error = {0};
    score_result result;
    if (score_files(&options, &result, &error) != SMAC_OK)
        return failure(&command_score, &error);
    if (!json_path || strcmp(json_path, "-"))
        print_result(&options, &result);
    if (json_path && write_json(json_path, &options, &result, &error) != SMAC_OK)
        return failure(&command_score, &error);
    return EXIT_DONE;
}
