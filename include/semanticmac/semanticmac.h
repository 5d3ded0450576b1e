/*
 * semanticmac.h - from a video of a person talking to what they feel and mean.
 *
 *   smac_error error;
 *   smac_model *model = NULL;
 *   smac_analysis *analysis = NULL;
 *   if (smac_model_open("best.safetensors", NULL, &model, &error) ||
 *       smac_analyze_file(model, "talk.mp4", NULL, &analysis, &error)) {
 *       fprintf(stderr, "%s\n", error.message);
 *   } else {
 *       for (size_t i = 0; i < smac_analysis_segment_count(analysis); i++) {
 *           const smac_segment *s = smac_analysis_segment(analysis, i);
 *           if (s->tasks[0].prediction) // NULL: nothing is known about this stretch
 *               printf("%6.1f s  %+.2f\n", s->start, s->tasks[0].prediction[0]);
 *       }
 *   }
 *   smac_analysis_free(analysis);
 *   smac_model_free(model);
 *
 * (apps/example/example.c is this program, built and tested with the library; memory.c and live.c beside it analyse a
 * recording in memory and live input.)
 *
 * All texts are UTF-8.  Freeing NULL is fine.  docs/api.md is the guide to the whole.
 */
#ifndef SEMANTICMAC_H
#define SEMANTICMAC_H

#include "semanticmac/analyze.h"
#include "semanticmac/embed.h"
#include "semanticmac/error.h"
#include "semanticmac/library.h"
#include "semanticmac/model.h"
#include "semanticmac/session.h"
#include "semanticmac/transcribe.h"

#endif
