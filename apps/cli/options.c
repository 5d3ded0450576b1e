/* apps/cli/options.c - options from a table, by getopt_long. */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "cli.h"

static void print_help(const command *c, const option_row *rows, size_t count)
{
    printf("usage: semanticmac %s\n\n%s\n\n", c->usage, c->summary);
    for (size_t i = 0; i < count; i++) {
        char left[64];
        snprintf(left, sizeof left, "%s%c%s--%s%s%s", rows[i].letter ? "-" : " ", rows[i].letter ? rows[i].letter : ' ',
            rows[i].letter ? ", " : "  ", rows[i].name, rows[i].argument ? " " : "",
            rows[i].argument ? rows[i].argument : "");
        printf("  %-30s %s\n", left, rows[i].help);
    }
    printf("  %-30s %s\n", "-h, --help", "this text");
    if (c->details)
        printf("\n%s\n", c->details);
}

int usage_error(const command *c, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "semanticmac %s: ", c->name);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n(semanticmac %s --help tells the options)\n", c->name);
    va_end(arguments);
    return EXIT_USAGE;
}

static int store(const command *c, const option_row *row, const char *text)
{
    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)row->target = true;
        return -1;
    case OPTION_TEXT:
        *(const char **)row->target = text;
        return -1;
    case OPTION_INTEGER:
        if (!number_parse_integer(text, row->target))
            return usage_error(c, "--%s is \"%s\", give a whole number", row->name, text);
        return -1;
    case OPTION_NUMBER:
        if (!number_parse(text, row->target))
            return usage_error(c, "--%s is \"%s\", give a number", row->name, text);
        return -1;
    case OPTION_LIST: {
        text_list *list = row->target;
        if (!memory_grow((void **)&list->items, &list->capacity, list->count + 1, sizeof *list->items))
            return usage_error(c, "there is no memory for the options");
        list->items[list->count++] = text;
        return -1;
    }
    case OPTION_ORDERED: {
        ordered_list *list = row->target;
        if (!memory_grow((void **)&list->items, &list->capacity, list->count + 1, sizeof *list->items))
            return usage_error(c, "there is no memory for the options");
        list->items[list->count++] = (ordered_option){row->name, text};
        return -1;
    }
    }
    return EXIT_USAGE;
}

int options_parse(const command *c, const option_row *rows, size_t row_count, int argc, char **argv, int *count)
{
    struct option *longs = memory_new(row_count + 2, sizeof *longs);
    char *shorts = memory_new(2 * row_count + 4, 1);
    if (!longs || !shorts) {
        free(longs);
        free(shorts);
        return usage_error(c, "there is no memory for the options");
    }
    size_t at = 0;
    shorts[at++] = ':';
    for (size_t i = 0; i < row_count; i++) {
        longs[i] = (struct option){
            rows[i].name, rows[i].kind == OPTION_FLAG ? no_argument : required_argument, NULL, 1000 + (int)i};
        if (rows[i].letter) {
            shorts[at++] = rows[i].letter;
            if (rows[i].kind != OPTION_FLAG)
                shorts[at++] = ':';
        }
    }
    longs[row_count] = (struct option){"help", no_argument, NULL, 'h'};
    shorts[at++] = 'h';
    opterr = 0;
    optind = 1;
    int status = -1, letter;
    while (status < 0 && (letter = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        if (letter == 'h') {
            print_help(c, rows, row_count);
            status = EXIT_DONE;
        } else if (letter == ':') {
            status = usage_error(c, "%s needs a value after it", argv[optind - 1]);
        } else if (letter == '?') {
            if (optopt && optopt < 256)
                status = usage_error(c, "there is no option -%c: look at its spelling", optopt);
            else
                status =
                    usage_error(c, "there is no option %s: look at its spelling, or write it out", argv[optind - 1]);
        } else {
            size_t row = row_count;
            if (letter >= 1000)
                row = (size_t)letter - 1000;
            for (size_t i = 0; i < row_count && letter < 1000; i++)
                if (rows[i].letter == letter)
                    row = i;
            status = store(c, &rows[row], optarg);
        }
    }
    free(longs);
    free(shorts);
    if (status >= 0)
        return status;
    *count = argc - optind; /* getopt_long moved them to the end */
    memmove(argv + 1, argv + optind, (size_t)*count * sizeof *argv);
    return -1;
}

bool cli_modalities(const char *text, bool chosen[MODALITIES])
{
    for (int m = 0; m < MODALITIES; m++)
        chosen[m] = false;
    for (const char *at = text; *at;) {
        size_t length = strcspn(at, ",");
        int found = -1;
        for (int m = 0; m < MODALITIES; m++)
            if (strlen(modality_name(m)) == length && !strncmp(at, modality_name(m), length))
                found = m;
        if (found < 0)
            return false;
        chosen[found] = true;
        at += length + (at[length] == ',');
    }
    return *text != 0;
}
