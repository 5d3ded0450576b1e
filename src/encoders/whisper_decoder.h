/* encoders/whisper_decoder.h - inside of Whisper's decoder: what whisper_decoding.c needs of the model. */
#ifndef SMAC_ENCODERS_WHISPER_DECODER_H
#define SMAC_ENCODERS_WHISPER_DECODER_H

#include "autograd/ops_decoder.h"
#include "encoders/whisper_tensors.h"

struct whisper_decoder {
    whisper_config config;
    parameter_list list; /* of the store's names alone */
    /* self_query holds queries, keys and values one under the other, cross_key keys and values */
    whisper_parts parts;
};

/* New tokens, which the cache was told of (attention_cache_begin or _continue). */
typedef struct decoder_input {
    const int32_t *tokens;
    int64_t count;
    bool successive; /* of one sequence; else one token of each */
    attention_cache *cache;
    attention_memory *sound;
    const attention_scores *scores; /* of the attention over the sound; or NULL */
} decoder_input;

/* The final states (count, width). */
value *whisper_decoder_forward(tape *t, const whisper_decoder *d, const decoder_input *in);
value *whisper_decoder_logits(tape *t, const whisper_decoder *d, value *states); /* (rows, vocabulary) */
/* sound (frames, width) -> keys and values of one layer, (frames, 2 width) */
value *whisper_decoder_keys_values(tape *t, const whisper_decoder *d, value *sound, int64_t layer);

#endif
