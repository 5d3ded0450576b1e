/* encoders/encoder_kind.h - what each kind of encoder implements.  For this module alone. */
#ifndef SMAC_ENCODERS_ENCODER_KIND_H
#define SMAC_ENCODERS_ENCODER_KIND_H

#include "encoders/encoder.h"

struct encoder_kind {
    smac_status (*read)(const char *json, size_t size, encoder_config *out, smac_error *error);
    void (*write)(const encoder_config *c, text_buffer *out);
    encoder_description (*describe)(const encoder_config *c);
    smac_status (*prepare)(const encoder_config *c, double window_seconds, encoder_form *out, smac_error *error);
    smac_status (*accepts)(const encoder_config *c, const encoder_form *form, smac_error *error);

    smac_status (*add)(parameter_store *store, const char *prefix, const encoder_config *c, int trainable_blocks,
        void **model, smac_error *error);
    void (*release)(void *model);
    parameter_list *(*parameters)(void *model);
    smac_status (*attach)(void *model, const tensor_file *file, const precision *pack, smac_error *error);
    smac_status (*load)(void *model, const tensor_file *file, smac_error *error);
    value *(*encode)(tape *t, const void *model, const encoder_input *input, encoder_states *states);

    /* A partly trained encoder in two parts; NULL: it has none (encoder_front). */
    int64_t (*frozen)(const void *model);
    value *(*front)(tape *t, const void *model, const encoder_input *input);
    value *(*resume)(tape *t, const void *model, const encoder_input *input, value *front);

    /* Tensors that are read beside those of the list; NULL: none. */
    smac_status (*visit)(
        const void *model, const tensor_file *file, tensor_visitor visit, void *user, smac_error *error);
};

extern const encoder_kind encoder_kind_language, encoder_kind_imagebind, encoder_kind_whisper, encoder_kind_mobilenet;

/*
 * Room for every layer's states where the caller or the mix of layers wants them; NULL: neither does, or no memory.
 */
value **encoder_hidden(tape *t, const encoder_input *in, encoder_states *states, int64_t layers);
/* x, or the states of the mixed layers side by side: (B, T, layers * width). */
value *encoder_mixed(tape *t, const encoder_input *in, value *const *hidden, value *x);

/* The ordinary way of attach: pack. */
smac_status encoder_attach_list(
    parameter_list *list, const tensor_file *file, const precision *pack, smac_error *error);

#endif
