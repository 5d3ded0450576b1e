#!/usr/bin/env python3
"""Golden files for tests/encoders/test_whisper.c: a tiny random Whisper, as transformers computes it.

Made with torch 2.15.0, transformers 4.57.1.  Everything is computed in float64 from float32 weights and stored in
float32.  whisper.safetensors holds the weights under their published names and, under "golden.":
  mel (B, frames, bins), hidden.N and output of the encoder, direction, grad.NAME of loss = sum(output * direction);
  tokens (n), logits (n, vocabulary) of the decoder over the first sound, cross.L (heads, n, frames / 2): the
  cross-attention's weights of layer L behind its softmax.
Metadata: "config", the config.json.  whisper.ctranslate2.bin holds the same weights as CTranslate2 writes them
(version 6, WhisperSpec revision 3), written here by hand; whisper.ctranslate2.int8.bin the same quantised.
"""
import json
import pathlib
import struct

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import WhisperConfig, WhisperForConditionalGeneration

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "encoders"
BATCH, POSITIONS, TOKENS = 2, 20, 9


def ctranslate2_file(weights, config, int8=False):
    out = {}

    def put(name, *parts):
        out[name] = np.concatenate([p.numpy().astype("<f4") for p in parts])

    def linear(name, *published):
        put(name + "/weight", *[weights[p + ".weight"] for p in published])
        zeros = torch.zeros(config.d_model)
        put(name + "/bias", *[weights.get(p + ".bias", zeros) for p in published])

    def norm(name, published):
        put(name + "/gamma", weights[published + ".weight"])
        put(name + "/beta", weights[published + ".bias"])

    for side in ("encoder", "decoder"):
        put(f"{side}/position_encodings/encodings", weights[f"model.{side}.embed_positions.weight"])
        norm(f"{side}/layer_norm", f"model.{side}.layer_norm")
        heads = config.encoder_attention_heads if side == "encoder" else config.decoder_attention_heads
        out[f"{side}/num_heads"] = np.array(heads, dtype="<i2")
        for i in range(config.encoder_layers if side == "encoder" else config.decoder_layers):
            a, b = f"{side}/layer_{i}", f"model.{side}.layers.{i}"
            linear(f"{a}/self_attention/linear_0", *[f"{b}.self_attn.{x}_proj" for x in "qkv"])
            linear(f"{a}/self_attention/linear_1", f"{b}.self_attn.out_proj")
            norm(f"{a}/self_attention/layer_norm", f"{b}.self_attn_layer_norm")
            if side == "decoder":
                linear(f"{a}/attention/linear_0", f"{b}.encoder_attn.q_proj")
                linear(f"{a}/attention/linear_1", f"{b}.encoder_attn.k_proj", f"{b}.encoder_attn.v_proj")
                linear(f"{a}/attention/linear_2", f"{b}.encoder_attn.out_proj")
                norm(f"{a}/attention/layer_norm", f"{b}.encoder_attn_layer_norm")
            linear(f"{a}/ffn/linear_0", f"{b}.fc1")
            linear(f"{a}/ffn/linear_1", f"{b}.fc2")
            norm(f"{a}/ffn/layer_norm", f"{b}.final_layer_norm")
    for name in ("conv1", "conv2"):
        linear(f"encoder/{name}", f"model.encoder.{name}")
    put("decoder/embeddings/weight", weights["model.decoder.embed_tokens.weight"])
    for name, value in (("activation", 3), ("alibi", 0), ("pre_norm", 1), ("scale_embeddings", 0),
                        ("start_from_zero_embedding", 0)):
        out["decoder/" + name] = np.array(value, dtype="<i1")
    for name, value in (("alignment_heads", 1), ("alignment_layer", -1)):
        out["decoder/" + name] = np.array(value, dtype="<i2")
    if int8:  # every matrix and kernel, a scale a row
        for name in [n for n in out if n.endswith("/weight")]:
            rows = out[name].reshape(out[name].shape[0], -1)
            scale = (127 / np.maximum(np.abs(rows).max(1), 1e-20)).astype("<f4")
            out[name] = np.rint(rows * scale[:, None]).astype("i1").reshape(out[name].shape)
            out[name + "_scale"] = scale
    types = {"<f4": 0, "<i1": 1, "|i1": 1, "<i2": 2}

    def text(s):
        s = s.encode() + b"\0"
        return struct.pack("<H", len(s)) + s

    data = struct.pack("<I", 6) + text("WhisperSpec") + struct.pack("<II", 3, len(out))
    for name in sorted(out):
        a = out[name]
        data += text(name) + struct.pack("<B", a.ndim) + b"".join(struct.pack("<I", d) for d in a.shape)
        data += struct.pack("<BI", types[a.dtype.str], a.nbytes) + a.tobytes()
    return data + struct.pack("<I", 1) + text("decoder/projection/weight") + text("decoder/embeddings/weight")


def main():
    torch.manual_seed(11)
    config = WhisperConfig(vocab_size=70, num_mel_bins=10, d_model=24, encoder_layers=3, encoder_attention_heads=3,
                           decoder_layers=2, decoder_attention_heads=4, encoder_ffn_dim=40, decoder_ffn_dim=36,
                           max_source_positions=POSITIONS, max_target_positions=16, pad_token_id=0, bos_token_id=1,
                           eos_token_id=2, decoder_start_token_id=3, dropout=0.0, attention_dropout=0.0,
                           activation_dropout=0.0, encoder_layerdrop=0.0, decoder_layerdrop=0.0,
                           suppress_tokens=None, begin_suppress_tokens=None, attn_implementation="eager")
    model = WhisperForConditionalGeneration(config)
    with torch.no_grad():
        for name, p in model.named_parameters():
            scale = 1 + 0.1 * torch.randn_like(p) if "norm.weight" in name else torch.randn_like(p) * 0.25
            p.copy_(scale)
    weights = {k: v.clone().contiguous() for k, v in model.state_dict().items() if k != "proj_out.weight"}
    model = model.double()
    model.train(False)
    mel = torch.randn(BATCH, 2 * POSITIONS, 10)
    encoder = model.model.encoder(mel.double().transpose(1, 2), output_hidden_states=True)
    direction = torch.randn(BATCH, POSITIONS, 24)
    (encoder.last_hidden_state * direction.double()).sum().backward()
    golden = {"mel": mel, "direction": direction, "output": encoder.last_hidden_state}
    golden |= {f"hidden.{i}": h for i, h in enumerate(encoder.hidden_states)}
    for name, p in model.model.encoder.named_parameters():
        if p.grad is not None:
            golden["grad.encoder." + name] = p.grad
    tokens = torch.randint(0, 70, (1, TOKENS))
    with torch.no_grad():
        result = model(encoder_outputs=(encoder.last_hidden_state[:1],), decoder_input_ids=tokens,
                       output_attentions=True)
    golden["tokens"] = tokens[0].to(torch.int32)
    golden["logits"] = result.logits[0]
    golden |= {f"cross.{i}": a[0] for i, a in enumerate(result.cross_attentions)}
    stored = {"golden." + k: v.detach().to(torch.int32 if k == "tokens" else torch.float32).contiguous()
              for k, v in golden.items()}
    save_file(weights | stored, OUT / "whisper.safetensors", metadata={"config": json.dumps(config.to_dict())})
    (OUT / "whisper.ctranslate2.bin").write_bytes(ctranslate2_file(weights, config))
    (OUT / "whisper.ctranslate2.int8.bin").write_bytes(ctranslate2_file(weights, config, True))


main()
