/* apps/cli/stream_input.h - a recording from standard input or a pipe. */
#ifndef SMAC_APPS_STREAM_INPUT_H
#define SMAC_APPS_STREAM_INPUT_H

#include "semanticmac/analyze.h"

typedef struct stream_input {
    smac_input input; /* for smac_analyze_input */
    int descriptor;
} stream_input;

/* "-", or the name of a pipe: such recordings are read through stream_input. */
bool stream_input_is(const char *path);
/* What results call it: "standard input", or the path. */
const char *stream_input_name(const char *path);

/* Does not wait for a pipe's writer; reading does, until Ctrl-C. */
smac_status stream_input_open(const char *path, stream_input *out, smac_error *error);
void stream_input_close(stream_input *s);

#endif
