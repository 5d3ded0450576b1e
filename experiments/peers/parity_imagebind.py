#!/usr/bin/env python3
"""ImageBind at its published size with random weights, against the PyTorch reference of tools/golden.

    parity_imagebind.py BENCH_ENCODERS WORK_FOLDER [--reuse]

Writes WORK_FOLDER/imagebind.safetensors (2.9 GB, float32) and imagebind_bf16.safetensors (1.4 GB), runs the reference in
float32 on one input a modality and prints, for float32, bf16 and int8, the largest difference relative to the largest
magnitude, and the cosine, of vectors and of token features.  Takes about 8 GB of memory.  torch 2.15.0.
"""
import pathlib
import subprocess
import sys

import torch
from safetensors.torch import load_file, save_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "golden"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import encoders_imagebind  # noqa: E402
from bench_encoders import HUGE  # noqa: E402


def draw(model, generator):
    """As a trained vision transformer's: 0.02 for matrices, so that the residual stream grows with depth."""
    with torch.no_grad():
        for key, p in model.named_parameters():
            if key.endswith("log_logit_scale"):
                continue
            noise = torch.randn(p.shape, generator=generator)
            if p.dim() == 1:
                p.copy_((1.0 if "norm" in key or "layer.0" in key or ".0.weight" in key else 0.0) + 0.02 * noise
                        if key.endswith("weight") else 0.02 * noise)
            else:
                p.copy_((0.05 if "blocks" in key else 0.02) * noise)


def main():
    program, work = sys.argv[1], pathlib.Path(sys.argv[2])
    generator = torch.Generator().manual_seed(1)
    state, inputs, expected = {}, {}, {}
    for name, c in HUGE.items():
        model = encoders_imagebind.Encoder(c).eval()
        draw(model, generator)
        x = torch.randn(1, c["frames"], c["channels"], c["rows"], c["columns"], generator=generator)
        with torch.inference_mode():
            y, hidden = model(x)
        inputs[name], expected[name], expected[name + ".tokens"] = x, y, hidden[-1]
        if "--reuse" not in sys.argv:
            state.update({k: v.detach() for k, v in model.state_dict().items()})
    if state:
        save_file(state, work / "imagebind.safetensors")
        save_file({k: v.bfloat16() for k, v in state.items()}, work / "imagebind_bf16.safetensors")
    save_file(inputs, work / "input.safetensors")
    for file, precision in (("imagebind", "f32"), ("imagebind", "bf16"), ("imagebind_bf16", "bf16"),
                            ("imagebind", "int8"), ("imagebind_bf16", "int8")):
        out = work / "output.safetensors"
        subprocess.run([program, "imagebind", work / (file + ".safetensors"), work / "input.safetensors", out, precision],
                       check=True)
        ours = load_file(out)
        for name, reference in expected.items():
            difference = float((ours[name] - reference).abs().max() / reference.abs().max())
            cosine = float(torch.nn.functional.cosine_similarity(ours[name], reference, dim=-1).min())
            print(f"{file} {precision} {name}: difference {difference:.2e}, least cosine {cosine:.6f}", flush=True)


if __name__ == "__main__":
    main()
