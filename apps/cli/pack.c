/* apps/cli/pack.c - semanticmac pack: a trained model made small, for shipping. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli.h"
#include "pipeline/affect_model_pack.h"

static int run(int argc, char **argv);

const command command_pack = {"pack", "pack MODEL -o FILE [options]", "a trained model as a small file, for shipping",
    "What training left as an encoder's own file has it is not stored: the packed model names the encoder and its "
    "SHA-256.\n`semanticmac models fetch FILE` downloads the encoders that a model names.",
    run};

static bool take_precision(const char *text, bool with_int8, precision *out)
{
    return precision_from_name(text, out) && (with_int8 || *out != PRECISION_INT8);
}

static int run(int argc, char **argv)
{
    const char *out = NULL, *to = "int8", *core = "bf16", *name = NULL, *card = NULL;
    const option_row rows[] = {
        {"out", 'o', OPTION_TEXT, &out, "FILE", "the packed model"},
        {"to", 0, OPTION_TEXT, &to, "NAME", "the encoders' matrices: f32, bf16 or int8 (int8)"},
        {"core", 0, OPTION_TEXT, &core, "NAME", "the other matrices: f32 or bf16 (bf16)"},
        {"name", 0, OPTION_TEXT, &name, "NAME", "the model's name (as it is)"},
        {"card", 0, OPTION_TEXT, &card, "FILE", "the model card, a JSON object of texts"},
    };
    int count, status = options_parse(&command_pack, rows, sizeof rows / sizeof *rows, argc, argv, &count);
    if (status >= 0)
        return status;
    if (count != 1 || !out)
        return usage_error(&command_pack, count != 1 ? "%d models are given, name one" : "no -o FILE is given", count);
    pack_options options = {.name = name};
    if (!take_precision(to, true, &options.encoders))
        return usage_error(&command_pack, "--to is \"%s\", give f32, bf16 or int8", to);
    if (!take_precision(core, false, &options.core))
        return usage_error(&command_pack, "--core is \"%s\", give f32 or bf16", core);
    smac_error error = {0};
    char *text = NULL;
    size_t size = 0;
    if (card && file_read(card, 1 << 20, &text, &size, &error) != SMAC_OK)
        return failure(&command_pack, &error);
    options.card = text;
    pack_summary summary;
    smac_status done = affect_model_pack(argv[1], out, &options, &summary, &error);
    free(text);
    if (done != SMAC_OK)
        return failure(&command_pack, &error);
    printf("%s: %lld tensors, %.1f MB; %lld tensors are in the encoders' own files\n", out, (long long)summary.tensors,
        (double)summary.bytes / 1e6, (long long)summary.left_out);
    return EXIT_DONE;
}
