/*
 * data/csd_write.h - writing computational sequences of CMU-MultimodalSDK (.csd), as data/csd_file.h reads them.
 *
 *   csd_writer *w;
 *   TRY(csd_writer_new("Words.csd", "words", &w, error));
 *   csd_write(w, "video1", &rows);
 *   TRY(csd_writer_close(w, error));
 */
#ifndef SMAC_DATA_CSD_WRITE_H
#define SMAC_DATA_CSD_WRITE_H

#include "data/csd_file.h"

typedef struct csd_writer csd_writer;

/* name: of the sequence.  Errors: IO, MEMORY. */
smac_status csd_writer_new(const char *path, const char *name, csd_writer **out, smac_error *error);
/* One entry, words or numbers, each name once.  A failure is remembered for csd_writer_close. */
void csd_write(csd_writer *w, const char *entry, const csd_rows *rows);
/* Free it; the file is there only when everything was written. */
smac_status csd_writer_close(csd_writer *w, smac_error *error);

#endif
