/*
 * encoders/encoder.h - one interface for every pre-trained encoder: language models (tokens to vectors), ImageBind's
 * picture and sound encoders, MobileNetV2 and Whisper's encoder (one vector a clip).
 *
 * A path is recognised by its content (encoder_files_open); what it contains is described by an encoder_config for each
 * modality.  encoder_new adds the parameters of one of them to a store; encoder_attach and encoder_load read the
 * weights before and after parameter_store_seal; encoder_encode runs it on a tape.  A new kind of encoder is one more
 * encoder_kind in encoder.c.
 */
#ifndef SMAC_ENCODERS_ENCODER_H
#define SMAC_ENCODERS_ENCODER_H

#include "base/modality.h"
#include "encoders/imagebind.h"
#include "encoders/language_model.h"
#include "encoders/mobilenet.h"
#include "encoders/sound_part.h"
#include "encoders/whisper.h"

typedef struct encoder_kind encoder_kind;

/* Which encoder it is and its sizes.  kind NULL: none. */
typedef struct encoder_config {
    const encoder_kind *kind;
    union {
        language_model_config language;
        imagebind_config imagebind;
        whisper_config whisper;
        mobilenet_config mobilenet;
    };
} encoder_config;

typedef enum mel_kind { MEL_IMAGEBIND, MEL_WHISPER } mel_kind; /* how a window of sound becomes a log-mel picture */

/* The inputs that an encoder takes; the fields of its modality are set. */
typedef struct encoder_form {
    modality modality;
    mel_kind mel;                 /* audio */
    int64_t mel_bins, mel_frames; /* audio: of one window */
    int64_t image_size, pictures; /* vision: a clip is (pictures, 3, image_size, image_size), 1 or 2 pictures */
} encoder_form;

typedef struct encoder_description {
    const char *family; /* "bert", "imagebind", "whisper" */
    modality modality;
    int64_t layers;
    int64_t width;            /* of the vectors that encoder_encode gives */
    int64_t vocabulary;       /* text: number of token ids, else 0 */
    int64_t max_tokens;       /* text: the longest, INT64_MAX for no limit, which it is for the others too */
    mel_kind mel;             /* audio */
    bool sequence;            /* one vector for each token; else one for each row */
    const char *metadata_key; /* ImageBind: of the file's metadata that holds the sizes, as there is no config.json */
    bool any_length;          /* audio: windows of any length, which may hold several clips */
    bool more_in_file;        /* the file holds tensors that other parts of the program need (Whisper's decoder) */
} encoder_description;

/* One batch of inputs, read during the call; mask must live as long as the tape's values. */
typedef struct encoder_input {
    int64_t rows;         /* texts, windows of sound or clips */
    int64_t length;       /* tokens of each text, padding included */
    const int32_t *ids;   /* (rows, length) */
    const int32_t *types; /* (rows, length), or NULL; models without token types ignore them */
    const uint8_t *mask;  /* (rows, length), 0 for padding; NULL: none is padding */
    const float *mel;     /* (rows, mel_bins, mel_frames) */
    int64_t mel_bins, mel_frames;
    const sound_part *parts; /* of encoders that take any length: a vector a part in place of one a row; NULL: none */
    int64_t part_count;      /* ordered by window; every window has one */
    int64_t first_layer, last_layer; /* set by encoder_encode: of encoder_mix_layers */
    const float *pictures; /* (rows, pictures a clip, 3, image_size, image_size), normalised as media/resize.h does */
} encoder_input;

/* What encoder_encode gives beside its result; the caller may ask for either. */
typedef struct encoder_states {
    value *steps;   /* set: the sequence that the result was pooled from, (rows, steps, width of the last layer) */
    value **hidden; /* NULL, or room for layers + 1 values: the first block's input and each layer's output */
} encoder_states;

/* --- configurations ----------------------------------------------------------------------------------------------- */

/* From the text that encoder_config_write wrote, or of a config.json; m: the modality that it is expected for. */
smac_status encoder_config_read(const char *json, size_t size, modality m, encoder_config *out, smac_error *error);
/* JSON for a model file. */
void encoder_config_write(const encoder_config *c, text_buffer *out);
encoder_description encoder_config_describe(const encoder_config *c);
/* One line for people: "12 layers, width 768, 30522 tokens". */
void encoder_config_details(const encoder_config *c, char *out, size_t size);

/*
 * The inputs that it takes.  window_seconds: the wanted length of a window of sound, for an encoder that takes any
 * length; others have their own.  ARGUMENT: it does not take windows of that length; UNSUPPORTED: pictures that are not
 * squares of two frames.
 */
smac_status encoder_prepare(const encoder_config *c, double window_seconds, encoder_form *out, smac_error *error);
/* MISMATCH, with both sizes, when it cannot read inputs of this form. */
smac_status encoder_accepts(const encoder_config *c, const encoder_form *form, smac_error *error);

/* Sizes of an encoder that is trained from scratch: a BERT for text, an ImageBind-like tower for the others. */
typedef struct encoder_sizes {
    int64_t width, layers, heads, hidden;
    int64_t vocabulary, positions;                    /* text */
    float dropout;                                    /* text */
    int64_t out_width, rows, columns, kernel, stride; /* audio, vision */
    int64_t pictures;                                 /* vision: of a clip */
} encoder_sizes;
smac_status encoder_config_small(modality m, const encoder_sizes *sizes, encoder_config *out, smac_error *error);

/* --- files -------------------------------------------------------------------------------------------------------- */

typedef struct encoder_files {
    tensor_file *file;
    char weights[128];             /* the file's name where the folder alone does not say it (ImageBind), else "" */
    encoder_config of[MODALITIES]; /* kind NULL: no encoder for that modality */
} encoder_files;

/*
 * A Hugging Face folder of a language model or Whisper, a CTranslate2 folder of Whisper, a file of ImageBind or a
 * folder with one.  NOT_FOUND, FORMAT, UNSUPPORTED with the path.
 */
smac_status encoder_files_open(const char *path, encoder_files *out, smac_error *error);
void encoder_files_close(encoder_files *f);
/* Only the weights, where the sizes are known already. */
smac_status encoder_weights_open(const char *path, tensor_file **out, smac_error *error);
/* The first configuration that is there: of a file that holds one encoder, the only one. */
const encoder_config *encoder_files_first(const encoder_files *f);

/* --- encoders ----------------------------------------------------------------------------------------------------- */

typedef struct encoder encoder;

/*
 * Adds the parameters under prefix, before the store is sealed.  trainable_blocks: -1 all, 0 none, n the last n blocks
 * and what follows them.  Free with encoder_free; the store must outlive it.
 */
smac_status encoder_new(parameter_store *store, const char *prefix, const encoder_config *config, int trainable_blocks,
    encoder **out, smac_error *error);
void encoder_free(encoder *e);

const encoder_config *encoder_get_config(const encoder *e);
int64_t encoder_width(const encoder *e);        /* of the vectors that encoder_encode gives */
parameter_list *encoder_parameters(encoder *e); /* owned by e */

/*
 * Before sealing, for frozen parameters: with pack their matrices are packed from the file for products at that
 * precision.
 */
smac_status encoder_attach(encoder *e, const tensor_file *file, const precision *pack, smac_error *error);
/* The file's tensors that are read beside those of the parameters (norms that are folded). */
smac_status encoder_visit_more(
    const encoder *e, const tensor_file *file, tensor_visitor visit, void *user, smac_error *error);
/* After sealing: every other parameter is read from the file. */
smac_status encoder_load(encoder *e, const tensor_file *file, smac_error *error);

/*
 * Layers "none", "all", "4" or "2-5" (0: the first block's input): from now on a vector is the outputs of these layers
 * side by side, each pooled as the encoder's own result is and brought to mean 0 and deviation 1.  ARGUMENT: not a range,
 * or layers that there are not.
 */
smac_status encoder_mix_layers(encoder *e, const char *layers, smac_error *error);
/* The range; false: not one of these texts.  *first -1: none; *last INT64_MAX: as many as there are. */
bool encoder_layers_parse(const char *text, int64_t *first, int64_t *last);

/*
 * Text: (rows, length, width), rows of padding hold finite values without meaning.  Audio, vision: (rows, width), or
 * (part_count, width) with parts, where a window's vectors do not depend on its padding.
 * states may be NULL.  Errors stick to the tape.
 */
value *encoder_encode(tape *t, const encoder *e, const encoder_input *input, encoder_states *states);

/*
 * A partly trained encoder in two parts, so that what its first blocks give can be kept: encoder_front runs the embedding
 * and the leading blocks without trained parameters, (rows, steps, width of a block), encoder_resume all that follows and
 * gives what encoder_encode would.  encoder_frozen_layers: how many blocks the first part has; -1: there is none.  Of text
 * resume reads rows, length, types and mask of the input, of the others the numbers alone.
 */
int64_t encoder_frozen_layers(const encoder *e);
value *encoder_front(tape *t, const encoder *e, const encoder_input *input);
value *encoder_resume(tape *t, const encoder *e, const encoder_input *input, value *front);

#endif
