/* apps/cli/synth.c - semanticmac synth: a dataset of synthetic talking heads. */
#include <stdio.h>

#include "cli.h"
#include "synth/layouts.h"
#include "synth/synth.h"

static int run(int argc, char **argv);

const command command_synth = {"synth", "synth OUT [--clips N] [--seed S] [options]",
    "make a dataset of synthetic talking heads",
    "OUT gets label.csv and Raw/ in CH-SIMS's layout, or that of --layout (docs/synthetic.md).  Called again it goes on where it stopped.",
    run};

static int run(int argc, char **argv)
{
    synth_options options;
    synth_options_default(&options);
    int64_t seed = (int64_t)options.seed, size = options.size, fps = options.fps, threads = 0;
    const char *faults = NULL;
    int64_t per_speaker = options.clips_per_speaker;
    const option_row rows[] = {
        {"clips", 'n', OPTION_INTEGER, &options.clips, "N", "how many clips (800)"},
        {"seed", 's', OPTION_INTEGER, &seed, "S", "chooses everything: same seed, same bytes (1)"},
        {"size", 0, OPTION_INTEGER, &size, "PIXELS", "side of the picture (160)"},
        {"fps", 0, OPTION_INTEGER, &fps, "N", "pictures a second (12)"},
        {"clips-per-speaker", 0, OPTION_INTEGER, &per_speaker, "N", "clips of each speaker (5)"},
        {"threads", 0, OPTION_INTEGER, &threads, "N", "workers (all processors); does not change the result"},
        {"layout", 0, OPTION_TEXT, &options.layout, "NAME",
            "another set's: meld, mustard, urfunny, iemocap, csd, pickle, cremad, ravdess, emodb, faces, goemotions, table, manifest, folder"},
        {"faults", 0, OPTION_TEXT, &faults, "NAMES", "faults in it: missing,damaged,empty,label,duplicate"},
    };
    int count, status = options_parse(&command_synth, rows, sizeof rows / sizeof *rows, argc, argv, &count);
    if (status >= 0)
        return status;
    if (count != 1)
        return usage_error(&command_synth, "%s is named, give one", count ? "more than one folder" : "no folder");
    const struct {
        const char *name;
        int64_t value, most;
    } limits[] = {{"seed", seed, INT64_MAX}, {"size", size, 1024}, {"fps", fps, 60}, {"threads", threads, 4096},
        {"clips-per-speaker", per_speaker, 100}};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (limits[i].value < 0 || limits[i].value > limits[i].most)
            return usage_error(&command_synth, "--%s is %lld, give 0 to %lld", limits[i].name,
                (long long)limits[i].value, (long long)limits[i].most);
    if (faults && !layout_faults(faults, &options.faults))
        return usage_error(&command_synth, "--faults is \"%s\", give some of %s", faults, layout_fault_names());
    options.seed = (uint64_t)seed;
    options.size = (int)size;
    options.fps = (int)fps;
    options.threads = (int)threads;
    options.clips_per_speaker = (int)per_speaker;
    smac_error error = {0};
    if (synth_dataset(argv[1], &options, console_reporter(), &error) != SMAC_OK)
        return failure(&command_synth, &error);
    console_finish();
    printf("%lld clips in %s\n", (long long)options.clips, argv[1]);
    return EXIT_DONE;
}
