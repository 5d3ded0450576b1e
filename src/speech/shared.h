/* speech/shared.h - the public speech model (smac_speech): opened by a path, loaded when it is first needed. */
#ifndef SMAC_SPEECH_SHARED_H
#define SMAC_SPEECH_SHARED_H

#include "base/log.h"
#include "semanticmac/transcribe.h"
#include "speech/speech.h"

/*
 * The model, loaded by whoever asks first; other threads wait for it.  A failure is kept and given again.  report (may
 * be NULL) is told "loading the speech model" before, and may stop it.
 */
smac_status speech_shared_model(
    smac_speech *speech, const reporter *report, const speech_model **out, smac_error *error);

#endif
