#!/usr/bin/env python3
"""Golden files for tests/encoders/test_imagebind.c: ImageBind's vision and audio encoders at a tiny random size.

Made with torch 2.15.0, computed in float64 from float32 weights, stored in float32.  The modules below are written from
the description of the checkpoint (names, shapes, forward pass), with torch.nn.MultiheadAttention for the attention
(add_bias_kv for audio).  Each file holds the weights under their published names and, under "golden.":
  input (B, frames, channels, rows, columns), direction, token_direction, output (B, out), tokens, hidden.N, grad.NAME
of  loss = sum(output * direction) + sum(tokens * token_direction).
Metadata: "config", as imagebind_config_to_json writes it.
"""
import json
import math
import pathlib

import torch
from safetensors.torch import save_file
from torch import nn

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "encoders"


class Mlp(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x):
        return self.fc2(nn.functional.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, width, heads, hidden, bias_kv):
        super().__init__()
        self.attn = nn.MultiheadAttention(width, heads, add_bias_kv=bias_kv, batch_first=True)
        self.norm_1, self.norm_2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.mlp = Mlp(width, hidden)

    def forward(self, x):
        n = self.norm_1(x)
        x = x + self.attn(n, n, n, need_weights=False)[0]
        return x + self.mlp(self.norm_2(x))


class Positions(nn.Module):
    def __init__(self, count, width):
        super().__init__()
        self.pos_embed = nn.Parameter(torch.zeros(1, count, width))


class VisionStem(nn.Module):
    def __init__(self, c):
        super().__init__()
        k = (c["frames"], c["kernel"], c["kernel"])
        self.proj = nn.Sequential(nn.Identity(), nn.Conv3d(c["channels"], c["width"], k, stride=k, bias=False))

    def forward(self, x):  # (B, frames, channels, rows, columns)
        return self.proj(x.transpose(1, 2)).flatten(2).transpose(1, 2)


class AudioStem(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.proj = nn.Conv2d(c["channels"], c["width"], c["kernel"], stride=c["stride"], bias=False)
        self.norm_layer = nn.LayerNorm(c["width"])

    def forward(self, x):
        return self.norm_layer(self.proj(x[:, 0]).flatten(2).transpose(1, 2))


class Preprocessor(nn.Module):
    def __init__(self, c, patches):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, c["width"]))
        self.rgbt_stem = VisionStem(c) if c["modality"] == "vision" else AudioStem(c)
        self.pos_embedding_helper = Positions(1 + patches, c["width"])

    def forward(self, x):
        x = self.rgbt_stem(x)
        return torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embedding_helper.pos_embed


class Trunk(nn.Module):
    def __init__(self, c):
        super().__init__()
        vision = c["modality"] == "vision"
        if vision:
            self.pre_transformer_layer = nn.Sequential(nn.LayerNorm(c["width"], eps=1e-6))
        self.blocks = nn.ModuleList(Block(c["width"], c["heads"], c["hidden"], not vision)
                                    for _ in range(c["layers"]))


class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.log_logit_scale = nn.Parameter(torch.tensor(math.log(20.0)), requires_grad=False)


class Encoder(nn.Module):
    def __init__(self, c):
        super().__init__()
        m = c["modality"]
        steps = [(c[d] - c["kernel"]) // c["stride"] + 1 for d in ("rows", "columns")]
        self.modality_preprocessors = nn.ModuleDict({m: Preprocessor(c, steps[0] * steps[1])})
        self.modality_trunks = nn.ModuleDict({m: Trunk(c)})
        self.modality_heads = nn.ModuleDict({m: nn.Sequential(nn.LayerNorm(c["width"], eps=1e-6), nn.Identity(),
                                                              nn.Linear(c["width"], c["out"], bias=False))})
        if m == "audio":
            self.modality_postprocessors = nn.ModuleDict({m: nn.Sequential(nn.Identity(), Scale())})
        self.modality = m

    def forward(self, x):
        m = self.modality
        x = self.modality_preprocessors[m](x)
        trunk = self.modality_trunks[m]
        if m == "vision":
            x = trunk.pre_transformer_layer(x)
        hidden = [x]
        for block in trunk.blocks:
            hidden.append(block(hidden[-1]))
        head = self.modality_heads[m]
        y = head[2](head[0](hidden[-1])[:, 0])
        y = nn.functional.normalize(y, dim=-1)
        if m == "audio":
            y = y * self.modality_postprocessors[m][1].log_logit_scale.exp()
        return y, hidden


CASES = {
    "imagebind_vision": dict(modality="vision", width=24, layers=3, heads=3, hidden=40, out=16, channels=3, frames=2,
                             rows=28, columns=42, kernel=14, stride=14),
    "imagebind_audio": dict(modality="audio", width=24, layers=3, heads=3, hidden=40, out=16, channels=1, frames=1,
                            rows=36, columns=47, kernel=16, stride=10),
}


def make(name, c):
    generator = torch.Generator().manual_seed(len(name))
    model = Encoder(c)
    with torch.no_grad():
        for key, p in model.named_parameters():
            noise = torch.randn(p.shape, generator=generator)
            if key.endswith("log_logit_scale"):
                continue
            if "norm" in key or ".0." in key and key.endswith("weight") and p.dim() == 1:
                p.copy_((1 if key.endswith("weight") else 0) + 0.2 * noise)
            else:
                p.copy_((0.05 if "stem" in key else 0.3) * noise)
    state = {k: v.clone() for k, v in model.state_dict().items()}
    model = model.double()
    x = torch.randn(2, c["frames"], c["channels"], c["rows"], c["columns"], generator=generator)
    output, hidden = model(x.double())
    direction = torch.randn(output.shape, generator=generator)
    token_direction = torch.randn(hidden[-1].shape, generator=generator)
    ((output * direction.double()).sum() + (hidden[-1] * token_direction.double()).sum()).backward()
    tensors = dict(state)
    for key, p in model.named_parameters():
        if p.grad is not None:
            tensors["golden.grad." + key] = p.grad.float().contiguous()
    tensors["golden.input"] = x
    tensors["golden.direction"] = direction
    tensors["golden.token_direction"] = token_direction
    tensors["golden.output"] = output.detach().float()
    for i, h in enumerate(hidden):
        tensors[f"golden.hidden.{i}"] = h.detach().float().contiguous()
    path = OUT / (name + ".safetensors")
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, metadata={"config": json.dumps(c)})
    print(path.name, path.stat().st_size)


if __name__ == "__main__":
    for case, values in CASES.items():
        make(case, values)
