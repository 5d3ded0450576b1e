#!/usr/bin/env python3
"""A file of the published checkpoint's form and size with random weights: imagebind_huge.pth, 1.2 billion float32 values.

    imagebind_checkpoint.py FOLDER

Vision and audio have ImageBind's names and shapes (bench_encoders.py, HUGE); text, depth, thermal and inertial sensors,
which semanticmac does not read, have their trunks' sizes and count as ballast.  Writes FOLDER/imagebind_huge.pth (4.8 GB)
as torch.save writes a state dictionary.  For loading, importing and converting at the true size:

    semanticmac models import FOLDER/imagebind_huge.pth --as imagebind-huge
    bench_encoders load FOLDER/imagebind_huge.pth bf16

Takes 10 GB of memory.  torch 2.15.0.
"""
import collections
import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "golden"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import encoders_imagebind  # noqa: E402
from bench_encoders import HUGE  # noqa: E402

OTHERS = {"text": (1024, 24), "depth": (384, 12), "thermal": (768, 12), "imu": (512, 6)}  # width, blocks


def main():
    generator = torch.Generator().manual_seed(1)
    state = collections.OrderedDict()
    for name, config in HUGE.items():
        state.update(encoders_imagebind.Encoder(config).state_dict())
    for name, (width, blocks) in OTHERS.items():
        for block in range(blocks):
            stem = f"modality_trunks.{name}.blocks.{block}."
            for key, shape in (("attn.in_proj_weight", (3 * width, width)), ("attn.out_proj.weight", (width, width)),
                               ("mlp.fc1.weight", (4 * width, width)), ("mlp.fc2.weight", (width, 4 * width))):
                state[stem + key] = torch.empty(shape).normal_(0, 0.02, generator=generator)
    state["modality_preprocessors.text.token_embedding.weight"] = torch.empty(49408, 1024).normal_(0, 0.02,
                                                                                                   generator=generator)
    for key, value in state.items():
        if value.dim() > 1 and value.abs().max() == 0:
            value.normal_(0, 0.02, generator=generator)
    out = pathlib.Path(sys.argv[1]) / "imagebind_huge.pth"
    torch.save(state, out)
    print(f"{out}: {sum(v.numel() for v in state.values()) / 1e6:.0f} million values, {out.stat().st_size / 1e9:.2f} GB")


main()
