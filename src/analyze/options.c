/* analyze/options.c - reading option structs. */
#include "analyze/options.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

enum { LARGEST = 1 << 16 }; /* no option struct is larger: the first member was not set */

void options_init(void *options, size_t size)
{
    if (!options || size < sizeof size)
        return;
    memset(options, 0, size);
    memcpy(options, &size, sizeof size);
}

smac_status options_copy(const void *given, void *out, size_t size, const char *name, smac_error *error)
{
    size_t theirs;
    memcpy(&theirs, given, sizeof theirs);
    if (theirs < sizeof theirs || theirs > LARGEST)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "the size of %s is not set: call %s_default first", name, name);
    memset(out, 0, size);
    memcpy(out, given, theirs < size ? theirs : size);
    memcpy(out, &size, sizeof size);
    for (size_t i = size; i < theirs; i++)
        if (((const unsigned char *)given)[i])
            return FAIL(error, SMAC_ERROR_UNSUPPORTED,
                "%s sets an option that this version of the library does not have: use a newer library", name);
    return SMAC_OK;
}

SMAC_API void smac_analyze_options_init(smac_analyze_options *options, size_t size)
{
    options_init(options, size);
    if (options && size >= offsetof(smac_analyze_options, hop) + sizeof options->hop) {
        options->window = 4;
        options->hop = 1;
    }
}

/* A number of options that may not be negative or NAN; 0 is replaced. */
static smac_status option_number(double *value, double initial, const char *what, smac_error *error)
{
    if (!(*value >= 0))
        return FAIL(error, SMAC_ERROR_ARGUMENT, "the %s is %g s, give more than 0", what, *value);
    if (*value == 0)
        *value = initial;
    return SMAC_OK;
}

smac_status analyze_options_read(const smac_analyze_options *given, smac_analyze_options *out, smac_error *error)
{
    smac_analyze_options defaults;
    smac_analyze_options_default(&defaults);
    TRY(options_copy(given ? given : &defaults, out, sizeof *out, "smac_analyze_options", error));
    TRY(option_number(&out->window, 4, "window", error));
    TRY(option_number(&out->hop, 1, "hop", error));
    TRY(option_number(&out->latency, 2, "latency", error));
    TRY(option_number(&out->max_seconds, 48 * 3600.0, "longest duration", error));
    TRY(option_number(&out->max_gap, 6 * 3600.0, "widest gap", error));
    if (!isfinite(out->window) || !isfinite(out->hop))
        return FAIL(error, SMAC_ERROR_ARGUMENT, "the window is %g s and the hop %g s, give finite numbers", out->window,
            out->hop);
    if (out->text && out->transcript)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "both the words and a transcript are given: leave one out");
    if ((unsigned)out->segments > SMAC_SEGMENTS_UTTERANCE)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "there is no kind of segments number %d; expected auto, window or utterance", (int)out->segments);
    if ((unsigned)out->face > SMAC_FACE_CENTRE)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "the choice of a face is %d, give a smac_face_choice", (int)out->face);
    if (out->threads < 0)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "%d threads were asked for, give 0 or more", out->threads);
    return SMAC_OK;
}
