/* apps/example/example.c - the smallest program on the library: a video in, a line a segment out. */
#include <stdio.h>

#include "semanticmac/semanticmac.h"

/* A score, or the likeliest class. */
static void print_values(const char *name, const smac_task *task, const float *values)
{
    int top = 0;
    for (int i = 1; values && i < task->classes; i++)
        top = values[i] > values[top] ? i : top;
    if (values && task->classes)
        printf("  %s %s %.0f%%", name, task->class_names[top], 100 * (double)values[top]);
    else if (values)
        printf("  %s %+.3f", name, (double)values[0]);
}

static void print_result(const smac_task *task, const smac_segment *s, const smac_task_result *r)
{
    static const char *const names[SMAC_MODALITIES] = {"words", "voice", "face"};
    printf("%6.1f %6.1f", s->start, s->end);
    print_values("all", task, r->prediction);
    for (int m = 0; m < SMAC_MODALITIES; m++)
        print_values(names[m], task, r->modality[m]);
    printf("  apart %.2f\n", (double)r->disagreement); /* nan with fewer than two modalities */
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: example MODEL VIDEO\n");
        return 2;
    }
    smac_error error = {0};
    smac_model *model = NULL;
    smac_analysis *analysis = NULL;
    int status = 0;
    if (smac_model_open(argv[1], NULL, &model, &error) != SMAC_OK ||
        smac_analyze_file(model, argv[2], NULL, &analysis, &error) != SMAC_OK) {
        fprintf(stderr, "%s\n", error.message);
        status = 1;
    } else {
        const smac_task *task = smac_model_task(model, 0);
        printf("%s of %s, %.1f s\n", task->name, argv[2], smac_analysis_duration(analysis));
        for (size_t i = 0; i < smac_analysis_segment_count(analysis); i++) {
            const smac_segment *s = smac_analysis_segment(analysis, i);
            print_result(task, s, &s->tasks[0]);
        }
    }
    smac_analysis_free(analysis);
    smac_model_free(model);
    return status;
}
