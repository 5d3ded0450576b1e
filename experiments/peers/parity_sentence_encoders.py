#!/usr/bin/env python3
"""Hidden states and sentence vectors of real weights against transformers on the same files.

    parity_sentence_encoders.py BENCH_ENCODERS FOLDER...

BENCH_ENCODERS: the built bench/bench_encoders; FOLDER: Hugging Face folders (MiniLM, MPNet).  torch 2.15.0,
transformers 4.57.1.  Prints, for float32, bf16 and int8, the largest difference of every hidden state relative to its
largest magnitude over the tokens that count, the largest difference of the unit sentence vectors and their least
cosine.
"""
import pathlib
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoTokenizer

SENTENCES = [
    "I really loved this movie, it was the best two hours of my year.",
    "Well.",
    "The plot, if one can call it that, was so thin that even the actors seemed to be bored by it; still, the music "
    "and the pictures (all of them made by hand, as we were told) are worth the ticket.",
    "Um, yeah, it's okay I guess... not great, not terrible either!",
    "Überraschend gut – naïve but charming, 10/10 👍",
    "He said that she said that they had said nothing of the kind and I do not believe any of them.",
]


def compare(program, folder, precision):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    batch = tokenizer(SENTENCES, padding=True, return_tensors="pt")
    mask = batch["attention_mask"]
    with torch.no_grad():
        result = model(input_ids=batch["input_ids"], attention_mask=mask, output_hidden_states=True)
    weights = mask[..., None].float()
    vector = (result.last_hidden_state * weights).sum(1) / weights.sum(1)
    vector = torch.nn.functional.normalize(vector, dim=-1)
    with tempfile.TemporaryDirectory() as work:
        given, taken = pathlib.Path(work) / "in.safetensors", pathlib.Path(work) / "out.safetensors"
        save_file({"ids": batch["input_ids"].int(), "mask": mask.int()}, given)
        subprocess.run([program, "hidden", folder, given, taken, precision], check=True)
        ours = load_file(taken)
    errors = []
    for i, hidden in enumerate(result.hidden_states):
        difference = ((ours[f"hidden.{i}"] - hidden) * weights).abs().max() / (hidden * weights).abs().max()
        errors.append(float(difference))
    cosine = (ours["vector"] * vector).sum(-1).min()
    print(f"{folder} {precision}: hidden states {max(errors):.2e} (last {errors[-1]:.2e}), "
          f"sentence vectors {float((ours['vector'] - vector).abs().max()):.2e}, least cosine {float(cosine):.6f}")


if __name__ == "__main__":
    for path in sys.argv[2:]:
        for kind in ("f32", "bf16", "int8"):
            compare(sys.argv[1], path, kind)
