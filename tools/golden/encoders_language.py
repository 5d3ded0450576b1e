#!/usr/bin/env python3
"""Golden files for tests/encoders/test_language_models.c: every family at a tiny random size.

Made with torch 2.15.0 and transformers 4.57.1, computed in float64 from float32 weights, stored in float32.
Each file holds the weights under their published names and, under "golden.":
  ids, mask, types (int32; types only where given), direction (B, L, D),
  hidden.N for N = 0 ... layers, grad.NAME for every parameter of
  loss = sum over the positions that count of last_hidden * direction.
Metadata: "config", the model's config.json.
"""
import copy
import json
import pathlib
import sys

import torch
import transformers
from safetensors.torch import save_file

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "encoders"
BATCH, LENGTH, VOCABULARY = 2, 20, 37

BERT = dict(vocab_size=VOCABULARY, hidden_size=24, num_hidden_layers=3, num_attention_heads=3, intermediate_size=40,
            max_position_embeddings=32, type_vocab_size=2)
ROBERTA = dict(BERT, type_vocab_size=1, pad_token_id=1, bos_token_id=0, eos_token_id=2)
DEBERTA = dict(BERT, type_vocab_size=0, relative_attention=True, position_buckets=8, max_relative_positions=-1,
               norm_rel_ebd="layer_norm", share_att_key=True, pos_att_type="p2c|c2p", position_biased_input=False)
T5 = dict(vocab_size=VOCABULARY, d_model=24, num_layers=3, num_heads=3, d_kv=6, d_ff=40,
          relative_attention_num_buckets=16, relative_attention_max_distance=24)
ELECTRA = dict(BERT, embedding_size=10)
MT5 = dict(T5, vocab_size=VOCABULARY, feed_forward_proj="gated-gelu")
XLNET = dict(vocab_size=VOCABULARY, d_model=24, n_layer=3, n_head=3, d_inner=40)

# name: (model class, configuration class, its values, token types given, prefix in the file, old norm names)
CASES = {
    "bert": ("BertModel", "BertConfig", BERT, True, "", False),
    "bert_prefixed": ("BertModel", "BertConfig", dict(BERT, hidden_act="gelu_new"), False, "bert.", True),
    "distilbert": ("DistilBertModel", "DistilBertConfig",
                   dict(vocab_size=VOCABULARY, dim=24, n_layers=3, n_heads=3, hidden_dim=40,
                        max_position_embeddings=32), False, "distilbert.", False),
    "roberta": ("RobertaModel", "RobertaConfig", ROBERTA, False, "roberta.", False),
    "xlm_roberta": ("XLMRobertaModel", "XLMRobertaConfig", ROBERTA, False, "", False),
    "mpnet": ("MPNetModel", "MPNetConfig", {k: v for k, v in ROBERTA.items() if k != "type_vocab_size"}, False, "",
              False),
    "albert": ("AlbertModel", "AlbertConfig",
               dict(BERT, embedding_size=10, num_hidden_layers=4, num_hidden_groups=2, inner_group_num=2), True,
               "albert.", False),
    "deberta_v3": ("DebertaV2Model", "DebertaV2Config", DEBERTA, False, "deberta.", False),
    "deberta_v2_unshared": ("DebertaV2Model", "DebertaV2Config",
                            dict(DEBERTA, share_att_key=False, position_buckets=-1, max_relative_positions=12,
                                 type_vocab_size=2, position_biased_input=True), True, "", False),
    "deberta_v2_convolution": ("DebertaV2Model", "DebertaV2Config",
                               dict(DEBERTA, num_hidden_layers=2, conv_kernel_size=3, conv_act="gelu",
                                    norm_rel_ebd="none", pos_att_type="p2c"), False, "deberta.", False),
    "xlnet": ("XLNetModel", "XLNetConfig", XLNET, False, "transformer.", False),
    "xlnet_segments": ("XLNetModel", "XLNetConfig", XLNET, True, "", False),
    "gpt2": ("GPT2Model", "GPT2Config", dict(vocab_size=VOCABULARY, n_embd=24, n_layer=3, n_head=3, n_positions=32),
             False, "", False),
    "gpt2_scaled": ("GPT2Model", "GPT2Config",
                    dict(vocab_size=VOCABULARY, n_embd=24, n_layer=2, n_head=3, n_positions=32, n_inner=20,
                         scale_attn_weights=False, scale_attn_by_inverse_layer_idx=True), False, "transformer.", False),
    "t5": ("T5EncoderModel", "T5Config", T5, False, "", False),
    "t5_gated": ("T5EncoderModel", "T5Config", dict(T5, feed_forward_proj="gated-gelu"), False, "", False),
    "electra": ("ElectraModel", "ElectraConfig", ELECTRA, True, "electra.", False),
    "electra_wide": ("ElectraModel", "ElectraConfig", dict(BERT, embedding_size=24, num_hidden_layers=2), False, "",
                     False),
    "camembert": ("CamembertModel", "CamembertConfig", ROBERTA, False, "roberta.", False),
    "mt5": ("MT5EncoderModel", "MT5Config", MT5, False, "", False),
    "t5_gated_silu": ("T5EncoderModel", "T5Config", dict(T5, num_layers=2, feed_forward_proj="gated-silu"), False, "",
                      False),
}


def draw_weights(model, generator):
    """Larger than the usual 0.02, so that every part of the model shows in the result."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            noise = torch.randn(p.shape, generator=generator)
            last = name.rsplit(".", 1)[-1]
            norm = "norm" in name.lower() or ".ln_" in name or name.startswith("ln_")
            if norm and last == "weight":
                p.copy_(1 + 0.2 * noise)
            elif last == "bias":
                p.copy_(0.2 * noise)
            else:
                p.copy_(0.2 * noise)


def make(name):
    model_class, config_class, values, with_types, prefix, old_names = CASES[name]
    generator = torch.Generator().manual_seed(sum(name.encode()))
    config = getattr(transformers, config_class)(**values)
    config._attn_implementation = "eager"
    model = getattr(transformers, model_class)(config).eval()
    draw_weights(model, generator)
    state = {k: v.clone() for k, v in model.state_dict().items() if v.is_floating_point()}
    single = copy.deepcopy(model)
    model = model.double()

    ids = torch.randint(5, VOCABULARY, (BATCH, LENGTH), generator=generator)
    mask = torch.ones(BATCH, LENGTH, dtype=torch.long)
    mask[1, 13:] = 0
    pad = values.get("pad_token_id", 0)
    ids[mask == 0] = pad
    types = torch.zeros_like(ids)
    types[:, 7:] = 1
    inputs = dict(input_ids=ids, attention_mask=mask)
    if with_types:
        inputs["token_type_ids"] = types
    result = model(**inputs, output_hidden_states=True)
    last = result.last_hidden_state
    direction = torch.randn(last.shape, generator=generator)
    (last * direction.double() * mask[..., None]).sum().backward()

    # how far PyTorch's own float32 is from float64: the golden figures must be well-conditioned
    (single(**inputs).last_hidden_state * direction * mask[..., None]).sum().backward()
    worst = max((float((a.grad - b.grad).abs().max() / b.grad.abs().max()), key)
                for (key, a), (_, b) in zip(single.named_parameters(), model.named_parameters())
                if b.grad is not None and b.grad.abs().max() > 1e-4)

    tensors, skipped = {}, []
    parameters = dict(model.named_parameters())
    for key, value in state.items():
        if key not in parameters:
            continue
        grad = parameters[key].grad
        if grad is None:  # a pooler or the like, which the encoder does not have
            skipped.append(key)
        file_key = prefix + key
        if old_names:
            file_key = file_key.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias",
                                                                                       "LayerNorm.beta")
        tensors[file_key] = value.contiguous()
        if grad is not None:
            tensors["golden.grad." + key] = grad.float().contiguous()
    tensors["golden.ids"] = ids.int()
    tensors["golden.mask"] = mask.int()
    if with_types:
        tensors["golden.types"] = types.int()
    tensors["golden.direction"] = direction
    for i, hidden in enumerate(result.hidden_states):
        tensors[f"golden.hidden.{i}"] = hidden.detach().float().contiguous()
    path = OUT / (name + ".safetensors")
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, metadata={"config": json.dumps(config.to_dict(), default=str)})
    print(f"{path.name}: {path.stat().st_size} bytes, {len(result.hidden_states)} hidden states, "
          f"float32 gradients within {worst[0]:.1e} ({worst[1]}), without gradient: {skipped}")


if __name__ == "__main__":
    for case in sys.argv[1:] or CASES:
        make(case)
