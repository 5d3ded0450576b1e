/*
 * semanticmac/error.h - statuses and the error record that every function of the library fills.
 *
 * A function that can fail returns a smac_status and takes a smac_error *; SMAC_OK is 0.  The error may be NULL.  On
 * failure its message is one sentence: what was found, what was expected, what to do.  Programs decide by the code, not
 * by the texts.  The library never prints, exits or aborts on input.
 */
#ifndef SEMANTICMAC_ERROR_H
#define SEMANTICMAC_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SMAC_API __attribute__((visibility("default")))
#else
#define SMAC_API
#endif

typedef enum smac_status {
    SMAC_OK = 0,
    SMAC_ERROR_ARGUMENT,    /* the caller asked for something invalid (a wrong option, a null pointer) */
    SMAC_ERROR_MEMORY,      /* memory could not be had */
    SMAC_ERROR_IO,          /* the system refused to read or write (disk full, no permission) */
    SMAC_ERROR_NOT_FOUND,   /* a file, a key or a tensor is not there */
    SMAC_ERROR_FORMAT,      /* a file is not what it should be: corrupt, truncated, of another kind */
    SMAC_ERROR_MISMATCH,    /* two things that must fit do not: shapes, sizes, versions */
    SMAC_ERROR_UNSUPPORTED, /* a valid input of a kind that is not supported; the message names it */
    SMAC_ERROR_NUMERIC,     /* a value that is not finite; the message names the operation */
    SMAC_ERROR_INTERRUPTED, /* the caller asked to stop (Ctrl-C); what was done is kept */
    SMAC_ERROR_INTERNAL     /* a fault of ours */
} smac_status;

typedef struct smac_error {
    smac_status code;
    char
        message[1000]; /* the whole sentence for people: what, then "; " and the advice; UTF-8, no control characters */
    char what[720];    /* what was found and what was expected */
    char advice[256];  /* what to do; empty where there is nothing to advise */
    char where[80];    /* the function that failed, for reports */
} smac_error;

/* A short English name for a status, never NULL. */
SMAC_API const char *smac_status_name(smac_status status);

#ifdef __cplusplus
}
#endif
#endif
