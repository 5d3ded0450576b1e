/*
 * weights/pickle_write.h - writing Python pickles (protocol 4) of dictionaries, lists, texts, integers and NumPy arrays of
 * float32.  NumPy 1 and 2 read the arrays.  Errors stay with the file: ask ferror, or file_writer_commit.
 *
 *   pickle_write_begin(f);
 *   pickle_write_open(f, '{');
 *   pickle_write_text(f, "key"), pickle_write_integer(f, 1);
 *   pickle_write_close(f, '{');
 *   pickle_write_end(f);
 */
#ifndef SMAC_WEIGHTS_PICKLE_WRITE_H
#define SMAC_WEIGHTS_PICKLE_WRITE_H

#include <stdint.h>
#include <stdio.h>

void pickle_write_begin(FILE *f);
void pickle_write_end(FILE *f);

/* what: '{' (then key, value, key, value ...) or '[' (then its entries). */
void pickle_write_open(FILE *f, char what);
void pickle_write_close(FILE *f, char what);

void pickle_write_text(FILE *f, const char *text); /* UTF-8 */
void pickle_write_integer(FILE *f, int64_t value); /* of 32 bits */

/* An array (rank at most 3): begin, then all of its numbers in row-major order, then end. */
void pickle_write_array_begin(FILE *f, int rank, const int64_t *dim);
void pickle_write_floats(FILE *f, const float *values, int64_t count);
void pickle_write_array_end(FILE *f);

#endif
