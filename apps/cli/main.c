/* apps/cli/main.c - semanticmac COMMAND ... */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "semanticmac/semanticmac.h"

#ifndef SMAC_SANITIZED /* the sanitizers' own start comes first there */
/*
 * libgomp's threads spin for about a millisecond at each barrier before they sleep, which costs a busy machine many times
 * the work itself.  It reads its environment when it is loaded, so the shorter spin must be set before: in preinit_array,
 * which runs before the constructors of libraries.  A user's own setting stands.
 */
static void before_libraries(int argc, char **argv, char **environment)
{
    (void)argc;
    (void)argv;
    (void)environment;
    if (!getenv("OMP_WAIT_POLICY"))
        setenv("GOMP_SPINCOUNT", "2000", 0);
}

__attribute__((section(".preinit_array"), used)) static void (*const early)(int, char **, char **) = before_libraries;
#endif

static const command *const commands[] = {&command_analyze, &command_transcribe, &command_train, &command_evaluate,
    &command_score, &command_inspect, &command_models, &command_embed, &command_synth, &command_demo};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(FILE *to)
{
    fprintf(to, "semanticmac %s - what people feel and mean in a video: words, voice and face, second by second\n\n"
        "usage: semanticmac COMMAND ...\n\n", smac_version());
    for (int i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-11s %s\n", commands[i]->name, commands[i]->summary);
    fprintf(to, "\nsemanticmac COMMAND --help tells the options of a command.\n");
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
        print_help(stdout);
        return EXIT_DONE;
    }
    if (!strcmp(argv[1], "--version")) {
        char processor[256];
        printf("semanticmac %s\n%s\n", smac_version(), smac_processor(processor, sizeof processor));
        return EXIT_DONE;
    }
    for (int i = 0; i < COMMANDS; i++)
        if (!strcmp(argv[1], commands[i]->name))
            return commands[i]->run(argc - 1, argv + 1);
    fprintf(stderr, "semanticmac: there is no command \"%s\"; semanticmac --help lists them\n", argv[1]);
    return EXIT_USAGE;
}
