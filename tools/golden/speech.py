#!/usr/bin/env python3
"""Golden files for tests/speech: what faster-whisper 1.2.1 and ctranslate2 4.8.5 give on the tiny random model of
tools/golden/whisper.py (run that first) and on a made-up sound.

search.json: for each case the options, the number of the sound, and CTranslate2's tokens, score and probability of no
speech; and one alignment (path and probabilities).  speech.safetensors: mel.N (frames, bins) of the sounds; samples and
features (frames, bins) as faster-whisper's FeatureExtractor makes them.
"""
import json
import pathlib
import tempfile

import ctranslate2
import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor
from safetensors.numpy import save_file

ROOT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden"
VOCABULARY = [f"t{i}" for i in range(40)] + ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|translate|>",
                                             "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>",
                                             "<|notimestamps|>"] + [f"<|{i * 0.02:.2f}|>" for i in range(21)]
SUPPRESS, FIRST = [3, 5, 41, 43, 44, 45, 46, 47], [1, 40]
PROMPT = [41, 42, 44]


def main():
    random = np.random.default_rng(5)
    out, cases = {}, []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "model.bin").write_bytes((ROOT / "encoders" / "whisper.ctranslate2.bin").read_bytes())
        (folder / "vocabulary.json").write_text(json.dumps(VOCABULARY))
        (folder / "config.json").write_text(json.dumps({
            "suppress_ids": SUPPRESS, "suppress_ids_begin": FIRST, "lang_ids": [42],
            "alignment_heads": [[0, 1], [1, 3], [1, 0]]}))
        model = ctranslate2.models.Whisper(str(folder), device="cpu", compute_type="float32", inter_threads=1,
                                           intra_threads=1)
        for sound in range(6):
            mel = (random.standard_normal((40, 10)) * (0.4 + 0.3 * sound)).astype(np.float32)
            out[f"mel.{sound}"] = mel
            features = ctranslate2.StorageView.from_array(np.ascontiguousarray(mel.T[None]))
            for beams, patience, penalty in ((1, 1, 1), (5, 1, 1), (3, 2, 0.5), (4, 1, 0), (5, 2, 1)):
                if penalty == 0:
                    continue  # CTranslate2 stops early there
                for prompt in (PROMPT, [46, 7, 9, 50] + PROMPT):
                    r = model.generate(features, [prompt], beam_size=beams, patience=patience, length_penalty=penalty,
                                       max_length=16, return_scores=True, return_no_speech_prob=True,
                                       max_initial_timestamp_index=6, suppress_blank=True, suppress_tokens=[-1])[0]
                    cases.append({"sound": sound, "beams": beams, "patience": patience, "length_penalty": penalty,
                                  "prompt": prompt, "tokens": r.sequences_ids[0], "score": r.scores[0],
                                  "no_speech": r.no_speech_prob})
        text = [11, 30, 2, 19, 8, 25]
        a = model.align(features, PROMPT, [text], [36], median_filter_width=7)[0]
        alignment = {"sound": 5, "text": text, "frames": 36, "path": a.alignments, "probability": a.text_token_probs}
    n = np.arange(7213)
    samples = (0.3 * np.sin(n * 0.05) * np.sin(n * 0.0007) + 0.05 * random.standard_normal(n.size)).astype(np.float32)
    out["samples"] = samples
    features = FeatureExtractor()(samples)
    out["features"] = np.ascontiguousarray(features[:, :-1].T.astype(np.float32))
    (ROOT / "speech").mkdir(exist_ok=True)
    save_file(out, ROOT / "speech" / "speech.safetensors")
    (ROOT / "speech" / "search.json").write_text(json.dumps({"cases": cases, "alignment": alignment}, indent=0))
    print(len(cases), [c["tokens"] for c in cases[:12]])


main()
