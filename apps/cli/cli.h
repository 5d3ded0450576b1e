/*
 * apps/cli/cli.h - what the commands share: options from a table, messages, progress, interruption.
 *
 * Exit status: 0 done, 1 it failed, 2 wrong use.  Messages go to standard error, results to standard output.
 */
#ifndef SMAC_APPS_CLI_H
#define SMAC_APPS_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "base/modality.h"
#include "semanticmac/error.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

typedef enum option_kind {
    OPTION_FLAG,    /* bool */
    OPTION_TEXT,    /* const char * */
    OPTION_INTEGER, /* int64_t */
    OPTION_NUMBER,  /* double */
    OPTION_LIST,    /* text_list: may be given several times */
    OPTION_ORDERED  /* ordered_list: several options, in the order of the command line */
} option_kind;

typedef struct text_list {
    const char **items;
    size_t count, capacity;
} text_list;

typedef struct ordered_option {
    const char *name, *value;
} ordered_option;

typedef struct ordered_list {
    ordered_option *items;
    size_t count, capacity;
} ordered_list;

typedef struct option_row {
    const char *name; /* "model", given as --model */
    char letter;      /* short form, or 0 */
    option_kind kind;
    void *target;
    const char *argument; /* "FILE", NULL for a flag */
    const char *help;
} option_row;

typedef struct command {
    const char *name, *usage, *summary, *details; /* details: further lines of --help, or NULL */
    int (*run)(int argc, char **argv);
} command;

/*
 * Parse argv (argv[0] is the command's name).  Positional arguments are moved to the front: argv[1..*count].
 * Returns -1 to go on, or an exit status (after --help, or a wrong use that was explained).
 */
int options_parse(const command *c, const option_row *rows, size_t row_count, int argc, char **argv, int *count);

/* A wrong use: the message, and where help is; returns EXIT_USAGE. */
int usage_error(const command *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A failure: "semanticmac COMMAND: message"; returns EXIT_FAILED. */
int failure(const command *c, const smac_error *error);

/*
 * The console's reporter: one line that is written over on a terminal; in a log a plain line every 30 s, or every
 * SEMANTICMAC_LOG_SECONDS.  Ctrl-C asks the work to stop; a second one ends the program at once.
 */
const reporter *console_reporter(void);
void console_finish(void); /* end the progress line */
bool console_interrupted(void);
int console_columns(void);
bool console_colour(void); /* standard output is a terminal and NO_COLOR is not set */

/* The reader of standard output is gone (a pipe): end as by SIGPIPE, without a word. */
void console_pipe_closed(void);
/*
 * Before long work: can its result be written to path?  Refused are an empty name, one of the files that are read (entries
 * may be NULL), a folder that is not there or may not be written to.  Returns -1 to go on, or an exit status.  NULL and "-"
 * are standard output.
 */
int check_output(const command *c, const char *option, const char *path, char *const *inputs, size_t count);

/* Write a result to a file (whole or not at all) or to standard output when path is NULL or "-". */
smac_status write_result(const char *path, const char *text, size_t length, smac_error *error);

/* The folder of a speech model by name or path; name NULL: the first whisper-* installed, *out NULL when there is none. */
smac_status find_speech_model(const char *name_or_path, char **out, smac_error *error);

extern const command command_synth, command_train, command_evaluate, command_analyze, command_inspect, command_demo,
    command_score, command_transcribe, command_models, command_embed, command_data, command_extract, command_pack;

int command_data_export(int argc, char **argv); /* data's action export */

/* "text,vision" into which of them are named; false for an empty list or another name. */
bool cli_modalities(const char *text, bool chosen[MODALITIES]);

#endif
