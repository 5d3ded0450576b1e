#!/usr/bin/env python3
"""Sentence vectors of a language model and of its converted copies against transformers on the published files.

    parity_converted.py SEMANTICMAC FOLDER [bf16 int8]

SEMANTICMAC: the built program; FOLDER: a published Hugging Face folder (MiniLM, MPNet).  torch 2.15.0, transformers
4.57.1.  Installs and converts in a models folder of its own, runs `semanticmac embed` over lines in English and Chinese
(one of them empty) and prints size, largest difference and least cosine.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

LINES = ["I really loved this movie, it was the best two hours of my year.", "", "Well.",
         "The plot was so thin that even the actors seemed to be bored by it; still, the music is worth the ticket.",
         "这部电影真的很好看，我很喜欢。", "Überraschend gut – naïve but charming, 10/10 👍"]


def expected(folder):
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder, dtype=torch.float32)
    vectors = []
    for line in LINES:
        with torch.no_grad():
            states = model.eval()(**tokenizer(line, return_tensors="pt")).last_hidden_state[0]
        vectors.append(torch.nn.functional.normalize(states.mean(0), dim=0).numpy())
    return np.stack(vectors)


def main():
    program, folder, kinds = os.path.abspath(sys.argv[1]), sys.argv[2], sys.argv[3:]
    wanted = expected(folder)
    with tempfile.TemporaryDirectory() as work:
        os.environ["SEMANTICMAC_MODELS"] = work + "/models"
        text, out = pathlib.Path(work, "lines.txt"), pathlib.Path(work, "vectors.npy")
        text.write_text("\n".join(LINES) + "\n")
        subprocess.run([program, "models", "import", folder, "--as", "model", "--link"], check=True)
        for kind in kinds:
            subprocess.run([program, "models", "convert", "model", "--to", kind], check=True)
        for name in ["model"] + [f"model-{kind}" for kind in kinds]:
            subprocess.run([program, "embed", "--encoder", name, str(text), "-o", str(out)], check=True)
            ours = np.load(out)
            weights = pathlib.Path(work, "models", name, "model.safetensors").stat().st_size / 1e6
            print(f"{name}: {weights:.0f} MB, largest difference {np.abs(ours - wanted).max():.1e}, "
                  f"least cosine {(ours * wanted).sum(1).min():.5f}")


main()
