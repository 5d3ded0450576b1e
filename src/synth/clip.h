/* synth/clip.h - one clip: what is planned for it, and its rendering to an mp4. */
#ifndef SMAC_SYNTH_CLIP_H
#define SMAC_SYNTH_CLIP_H

#include <stdint.h>

#include "base/error.h"
#include "synth/face.h"
#include "synth/states.h"
#include "synth/synth.h"
#include "synth/voice.h"

typedef struct clip_plan {
    synth_states states;
    const char *text;
    face_identity face;
    voice_identity voice;
    random_sequence random; /* colours the details; nothing that a label depends on */
} clip_plan;

/*
 * Speak, draw and write the clip to path.  To be called once in a process of its own (see voice.h).
 * options: size and fps are set.
 */
smac_status clip_render(const clip_plan *plan, const synth_options *options, const char *path, smac_error *error);

#endif
