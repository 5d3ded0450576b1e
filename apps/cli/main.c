/* apps/cli/main.c - semanticmac COMMAND ... */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "semanticmac/semanticmac.h"

static const command *const commands[] = {&command_analyze, &command_transcribe, &command_train, &command_evaluate,
    &command_score, &command_pack, &command_inspect, &command_models, &command_embed, &command_data, &command_extract,
    &command_synth, &command_demo};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(FILE *to)
{
    fprintf(to,
        "semanticmac %s - what people feel and mean in a video: words, voice and face, second by second\n\n"
        "usage: semanticmac COMMAND ...\n\n",
        smac_version());
    for (int i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-11s %s\n", commands[i]->name, commands[i]->summary);
    fprintf(to, "\nsemanticmac COMMAND --help tells the options of a command.\n");
}

/*
 * A descriptor that the caller closed (>&-) would be given to the next file that is opened, and messages would go into that
 * file.  The places are taken the wrong way round, so that using them fails as it should.
 */
static void take_closed_descriptors(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) < 0)
            return;
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    bool help = !strcmp(argv[1], "help");
    char *of_command[] = {argv[0], argc > 2 ? argv[2] : argv[1], "--help", NULL};
    if (help && argc > 2) { /* help COMMAND */
        argv = of_command;
        argc = 3;
    } else if (help || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
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

/* What was printed may still lie in the buffer: a full disk shows only now. */
int main(int argc, char **argv)
{
    take_closed_descriptors();
    int status = run(argc, argv);
    bool before = ferror(stdout) != 0;
    errno = 0;
    if ((fflush(stdout) != 0 || before) && status == EXIT_DONE) {
        if (errno == EPIPE)
            console_pipe_closed();
        fprintf(stderr, "semanticmac: cannot write to standard output%s%s\n", errno ? ": " : "",
            errno ? strerror(errno) : "");
        return EXIT_FAILED;
    }
    return status;
}
