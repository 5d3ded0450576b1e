/* apps/example/example.c - the smallest program on the library: a video in, a line a segment out. */
#include <stdio.h>

#include "semanticmac/semanticmac.h"

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
        printf("%s of %s, %.1f s\n", smac_model_task(model), argv[2], smac_analysis_duration(analysis));
        for (size_t i = 0; i < smac_analysis_segment_count(analysis); i++) {
            const smac_segment *s = smac_analysis_segment(analysis, i);
            printf("%6.1f %6.1f  %+.3f", s->start, s->end, (double)s->prediction[0]);
            for (int m = 0; m < SMAC_MODALITIES; m++)
                if (s->has[m])
                    printf("  %s %+.3f",
                        m == SMAC_TEXT        ? "words"
                            : m == SMAC_AUDIO ? "voice"
                                              : "face",
                        (double)s->modality[m][0]);
            printf("  apart %.2f\n", (double)s->disagreement); /* nan with one modality alone */
        }
    }
    smac_analysis_free(analysis);
    smac_model_free(model);
    return status;
}
