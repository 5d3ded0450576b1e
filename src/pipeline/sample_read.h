/* pipeline/sample_read.h - a clip of a dataset, or a whole recording, read from its file as one sample. */
#ifndef SMAC_PIPELINE_SAMPLE_READ_H
#define SMAC_PIPELINE_SAMPLE_READ_H

#include "base/interrupt.h"
#include "base/log.h"
#include "pipeline/picture_crop.h"
#include "pipeline/sample.h"

/* What to read.  All texts are UTF-8 and borrowed. */
typedef struct sample_source {
    const char *media;          /* a file, or NULL: words alone */
    double start, end;          /* seconds; end <= start: to the end of the recording */
    const char *text;           /* the words said; NULL or "": the text modality is absent */
    const char *const *context; /* what was said before, oldest first, or NULL */
    int64_t context_count;
    picture_half half;             /* of the pictures, where two people are filmed side by side */
    bool without[MODALITIES];      /* leave that modality out (it is then absent) */
    bool may_be_empty;             /* the caller has other modalities of this stretch: nothing here is no error */
    const struct reporter *report; /* gets the reader's warnings (broken packets, a truncated file); NULL: nobody */
    interruption interrupt;        /* asked while decoding */
} sample_source;

/*
 * Read one sample, raw.  A recording without sound (picture) has audio (vision) absent; a sample without any modality is
 * an error.  *out is empty on failure.  Free with sample_clear.  Messages name the file.
 */
smac_status sample_read(const preparation *p, const sample_source *source, sample *out, smac_error *error);

#endif
