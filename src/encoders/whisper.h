/*
 * encoders/whisper.h - Whisper (Radford and others 2022), tiny to large-v3: the encoder as operations on a tape, which
 * can be fine-tuned, and the decoder for recognition (inference alone) with its cache of keys and values.
 *
 * Weights come from a Hugging Face folder (model.encoder..., model.decoder...) or a CTranslate2 model.bin
 * (WhisperSpec; float32, float16, bfloat16, or int8 with its scales).  Both give the same values.
 *
 * Encoder: two convolutions of width 3 with GELU (strides 1 and 2), fixed positions, pre-norm blocks, a final norm.
 * Its parameters have the Hugging Face names after the prefix, without "model.": encoder.conv1.weight,
 * encoder.layers.0.self_attn.q_proj.weight.  Keys have no bias.
 */
#ifndef SMAC_ENCODERS_WHISPER_H
#define SMAC_ENCODERS_WHISPER_H

#include "encoders/parameter_list.h"
#include "weights/tensor_file.h"

typedef struct whisper_config {
    int64_t mel_bins; /* 80; 128 for large-v3 */
    int64_t width;    /* 384 (tiny) to 1280 (large) */
    int64_t encoder_layers, encoder_heads, encoder_hidden;
    int64_t positions; /* of the encoder's output: 1500, for 3000 frames */
    int64_t decoder_layers, decoder_heads, decoder_hidden;
    int64_t vocabulary;
    int64_t text_positions; /* 448 */
    float initial_scale;    /* of an encoder from scratch: 0 means Xavier uniform */
} whisper_config;

/* SMAC_ERROR_ARGUMENT with the field's name and value when sizes are invalid. */
smac_status whisper_config_check(const whisper_config *c, smac_error *error);
/* From the text of a Hugging Face config.json; what is not supported is refused by the key's name and value. */
smac_status whisper_config_parse(const char *json, size_t size, whisper_config *out, smac_error *error);
/* A config.json that whisper_config_parse (and transformers) reads. */
void whisper_config_to_json(const whisper_config *c, text_buffer *out);
/*
 * The sizes of a file: a CTranslate2 model says them itself (json may be NULL), others need the config.json beside
 * them.
 */
smac_status whisper_config_of_file(
    const tensor_file *file, const char *json, size_t size, whisper_config *out, smac_error *error);
/* A folder (or a file in one): opens the weights and reads the sizes.  Close *file. */
smac_status whisper_open_folder(const char *path, tensor_file **file, whisper_config *out, smac_error *error);
/* Every tensor of encoder and decoder is in the file and has its shape; values are not read. */
smac_status whisper_check_file(const tensor_file *file, const whisper_config *c, smac_error *error);
/*
 * The same, and visit gets each tensor of the file that holds one or more of them; matrix: only products read it.  A
 * CTranslate2 tensor that holds several comes several times.
 */
typedef smac_status (*whisper_visitor)(void *user, const tensor_entry *entry, bool matrix, smac_error *error);
smac_status whisper_visit_file(
    const tensor_file *file, const whisper_config *c, whisper_visitor visit, void *user, smac_error *error);

/* --- the encoder -------------------------------------------------------------------------------------------------- */
typedef struct whisper_encoder whisper_encoder;

/*
 * Add the parameters under prefix (before the store is sealed).  trainable_blocks: -1 all but the positions, 0 none,
 * n the last n blocks and the norm after them.  Free with whisper_encoder_free; the store must outlive it.
 */
smac_status whisper_encoder_add(parameter_store *store, const char *prefix, const whisper_config *config,
    int trainable_blocks, whisper_encoder **out, smac_error *error);
void whisper_encoder_free(whisper_encoder *e);
const whisper_config *whisper_encoder_config(const whisper_encoder *e);
parameter_list *whisper_encoder_parameters(whisper_encoder *e); /* owned by e */

/* Before sealing: frozen matrices are packed straight from the file and have no float32 values of their own. */
smac_status whisper_encoder_pack(whisper_encoder *e, const tensor_file *file, precision how, smac_error *error);
/* After sealing: everything not packed is converted to float32 and copied, from either kind of file. */
smac_status whisper_encoder_load(whisper_encoder *e, const tensor_file *file, smac_error *error);

/*
 * mel (B, frames, mel_bins), TIME FIRST: log-mel as media/mel.h makes it, transposed.  frames even, at most
 * 2 * positions; fewer than the 30 s that Whisper is trained on are allowed.  Read during the call alone; not
 * differentiated.  Gives (B, frames / 2, width), 50 vectors a second.  hidden (may be NULL): encoder_layers + 1 values:
 * the blocks' input, every block's output but the last one's, and the result, as transformers numbers them.  On a tape
 * that does not record the whole runs in the memory of one block; frozen blocks in front of trainable ones are not
 * recorded.
 */
value *whisper_encoder_forward(
    tape *t, const whisper_encoder *e, const float *mel, int64_t batch, int64_t frames, value **hidden);

/* --- the decoder -------------------------------------------------------------------------------------------------- */
typedef struct whisper_decoder whisper_decoder; /* the weights; any number of decodings may share them */

/*
 * Life of a decoder: add (frozen parameters under prefix), pack (all matrices, before the store is sealed), load (all
 * else, after it); the file is not needed any more then.  The store must outlive it.
 */
smac_status whisper_decoder_add(
    parameter_store *store, const char *prefix, const whisper_config *config, whisper_decoder **out, smac_error *error);
smac_status whisper_decoder_pack(whisper_decoder *d, const tensor_file *file, precision how, smac_error *error);
smac_status whisper_decoder_load(whisper_decoder *d, const tensor_file *file, smac_error *error);
void whisper_decoder_free(whisper_decoder *d);

/* One window's decoding: keys and values of the sound, and of the tokens so far for up to beams hypotheses. */
typedef struct whisper_decoding whisper_decoding;
smac_status whisper_decoding_new(const whisper_decoder *d, int64_t beams, whisper_decoding **out, smac_error *error);
void whisper_decoding_free(whisper_decoding *s);

/* A new window: sound (frames, width) from the encoder, frames at most positions; forgets all tokens. */
smac_status whisper_decoding_sound(whisper_decoding *s, const float *sound, int64_t frames, smac_error *error);
/* Forgets the tokens, keeps the sound. */
void whisper_decoding_restart(whisper_decoding *s);
int64_t whisper_decoding_length(const whisper_decoding *s); /* tokens so far, of each hypothesis */
const whisper_config *whisper_decoding_config(const whisper_decoding *s);

/*
 * Only after restart: count tokens of one hypothesis at once.  logits (may be NULL): (vocabulary) of the last token;
 * early_logits (may be NULL): those of token number early.  Errors: ARGUMENT for too many tokens or ids outside.
 */
smac_status whisper_decoding_prompt(whisper_decoding *s, const int32_t *tokens, int64_t count, float *logits,
    int64_t early, float *early_logits, smac_error *error);
/*
 * One more token for each of beams hypotheses; the i-th goes on from hypothesis origin[i] of the step before (NULL:
 * from the i-th, and after a prompt all from the one there is).  logits (beams, vocabulary).
 */
smac_status whisper_decoding_step(
    whisper_decoding *s, int64_t beams, const int32_t *tokens, const int32_t *origin, float *logits, smac_error *error);

typedef struct whisper_alignment {
    const int32_t *tokens;
    int64_t count;
    const int32_t (*heads)[2]; /* (layer, head) of the cross-attention */
    int64_t head_count;
    int32_t limit;      /* probabilities are among the ids below it */
    float *scores;      /* out: (head_count, count, frames), q.k / sqrt(width of a head), before the softmax */
    float *probability; /* out: (count), of tokens[i + 1] after tokens[i]; the last one is not set */
} whisper_alignment;
/* Forgets the tokens and runs those of *a at once, for the times of words. */
smac_status whisper_decoding_align(whisper_decoding *s, const whisper_alignment *a, smac_error *error);

#endif
