/* apps/example/memory.c - a recording that lies in memory: its summary, and how the work goes on. */
#include <stdio.h>
#include <stdlib.h>

#include "semanticmac/semanticmac.h"

static void *read_whole(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *data = NULL;
    long end = -1;
    if (file && fseek(file, 0, SEEK_END) == 0 && (end = ftell(file)) > 0 && fseek(file, 0, SEEK_SET) == 0)
        data = malloc((size_t)end);
    if (data && fread(data, 1, (size_t)end, file) != (size_t)end) {
        free(data);
        data = NULL;
    }
    if (file)
        fclose(file);
    *size = data ? (size_t)end : 0;
    return data;
}

/* Called by the thread that called smac_analyze_memory; another value than 0 would stop it. */
static int progress(void *user, const char *what, double done, double total)
{
    int *calls = user;
    if ((*calls)++ == 0)
        fprintf(stderr, "%s: %.1f of %.1f\n", what, done, total);
    return 0;
}

static void print_summary(const smac_analysis *analysis)
{
    const smac_segment *s = smac_analysis_summary(analysis);
    printf(
        "%.1f s, words: %s\n", smac_analysis_duration(analysis), smac_analysis_words_from(analysis) ? s->text : "none");
    for (int k = 0; k < smac_analysis_task_count(analysis); k++) {
        const smac_task *task = smac_analysis_task(analysis, k);
        const float *values = s->tasks[k].prediction;
        for (int c = 0; values && c < (task->classes ? task->classes : 1); c++)
            printf("%s%s%s %.3f\n", task->name, task->classes ? " " : "", task->classes ? task->class_names[c] : "",
                (double)values[c]);
    }
    for (size_t i = 0; i < smac_analysis_warning_count(analysis); i++)
        printf("note: %s\n", smac_analysis_warning(analysis, i));
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: memory MODEL VIDEO\n");
        return 2;
    }
    smac_error error = {0};
    smac_model *model = NULL;
    smac_analysis *analysis = NULL;
    smac_analyze_options options;
    int calls = 0, status = 0;
    size_t size;
    void *data = read_whole(argv[2], &size);
    smac_analyze_options_default(&options);
    options.progress = progress;
    options.user = &calls;
    options.threads = 1;
    if (!data) {
        fprintf(stderr, "%s cannot be read\n", argv[2]);
        return 1;
    }
    if (smac_model_open(argv[1], NULL, &model, &error) != SMAC_OK ||
        smac_analyze_memory(model, data, size, argv[2], &options, &analysis, &error) != SMAC_OK) {
        fprintf(stderr, "%s\n", error.message);
        status = 1;
    } else {
        print_summary(analysis);
    }
    smac_analysis_free(analysis);
    smac_model_free(model);
    free(data);
    return status;
}
