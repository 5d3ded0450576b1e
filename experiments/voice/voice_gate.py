#!/usr/bin/env python3
"""Find and judge the weights of the voice gate (src/media/voice_weights.h).

usage: voice_gate.py BENCH_VOICE RAVDESS EMODB [--work FOLDER]

Voices: clips of the two sets (RAVDESS and EmoDB folders with clips.csv), as they are and with noise at 20, 10, 5 and 0 dB;
other sounds: sounds.py's.  Fitted on the sets' train parts, judged on their valid parts, where three kinds of sound (engine,
band, mid) are heard for the first time.  Needs numpy, scikit-learn, ffmpeg.
"""
import argparse
import collections
import csv
import pathlib
import subprocess
import wave

import numpy as np
from sklearn.linear_model import LogisticRegression

import sounds

NOISES = ["white", "pink", "brown", "gusts", "mid"]


def load(path):
    raw = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "f32le", "-ac", "1", "-ar", "16000", "-"],
                         capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.float32).astype(float)


def save(path, x):
    with wave.open(str(path), "wb") as w:
        w.setparams((1, 2, 16000, len(x), "NONE", ""))
        w.writeframes((np.clip(x, -1, 1) * 32767).astype("<i2").tobytes())


def make(sets, folder):
    """Files in folder; {(file, second): (voice or not, or -1 where nobody speaks, split, kind)}."""
    r, labels = np.random.default_rng(1), {}
    rows = [dict(row, path=str(pathlib.Path(s) / row["media"]), set=k) for k, s in enumerate(sets)
            for row in csv.DictReader(open(pathlib.Path(s) / "clips.csv"))]
    for split, count in (("train", 110), ("valid", 70)):
        some = [row for row in rows if row["split"] == split]
        for k, row in enumerate(some[i] for i in r.permutation(len(some))[:count]):
            x = load(row["path"])
            x *= 10 ** (r.uniform(-30, -3) / 20) / np.abs(x).max()
            loud = [np.sqrt((x[i:i + 16000] ** 2).mean()) for i in range(0, len(x) - 7999, 16000)]
            for snr in (99, 20, 10, 5, 0):
                kind = NOISES[r.integers(5)] if split == "train" else NOISES[k % 5]
                noise = {**sounds.FIT, **sounds.KEPT_BACK}[kind](r, len(x) / 16000 + .01)[:len(x)]
                noise *= np.sqrt((x ** 2).mean() / (noise ** 2).mean()) * 10 ** (-snr / 20) if snr < 99 else 0
                name = f"s-{split}-{k}-{snr}.wav"
                save(folder / name, x + noise)
                for i, v in enumerate(loud):
                    labels[name, i] = (1 if v > 0.2 * max(loud) else -1, split, f"{['RAVDESS', 'EmoDB'][row['set']]} {snr} dB")
        for kind, f in {**sounds.FIT, **(sounds.KEPT_BACK if split == "valid" else {})}.items():
            for k in range(14 if split == "train" else 8):
                x = f(r, 6)
                x *= 10 ** (r.uniform(-40, -3) / 20) / np.abs(x).max()
                if k % 3 == 0:
                    x += 10 ** (r.uniform(-70, -50) / 20) * r.standard_normal(len(x))
                name = f"n-{split}-{kind}-{k}.wav"
                save(folder / name, x)
                for i in range(6):
                    labels[name, i] = (0, split, kind)
    return labels


def main():
    p = argparse.ArgumentParser()
    p.add_argument("bench")
    p.add_argument("sets", nargs=2)
    p.add_argument("--work", default="/tmp/voice_gate")
    o = p.parse_args()
    folder = pathlib.Path(o.work)
    folder.mkdir(parents=True, exist_ok=True)
    labels = make(o.sets, folder)
    names = sorted({name for name, _ in labels})
    out = subprocess.run([o.bench], input="\n".join(str(folder / n) for n in names) + "\n", text=True, check=True,
                         stdout=subprocess.PIPE).stdout
    x, about = [], []
    for line in out.splitlines():
        cells = line.split("\t")
        label = labels.get((pathlib.Path(cells[0]).name, int(cells[1])))
        if label and label[0] >= 0:
            x.append([float(v) for v in cells[4:]])
            about.append(label)
    x, y = np.array(x), np.array([a[0] for a in about])
    train = np.array([a[1] == "train" for a in about])
    w = np.array([.3 if a[2].endswith(" 0 dB") else .5 if a[2].endswith(" 5 dB") else 1. for a in about])
    w[y == 0] *= w[train & (y == 1)].sum() / (train & (y == 0)).sum()
    scale = x[train].std(0)
    m = LogisticRegression(C=3, max_iter=5000).fit(x[train] / scale, y[train], sample_weight=w[train])
    found = m.predict(x / scale)
    shares = collections.defaultdict(list)
    for a, f, t in zip(about, found, train):
        if not t:
            shares[a[0], a[2]].append(f)
    for key in sorted(shares):
        print(f"{'voice' if key[0] else 'other'}\t{key[1]}\tseconds {len(shares[key])}\ttaken for a voice {np.mean(shares[key]):.3f}")
    print("constant", round(float(m.intercept_[0]), 4), "weights", ", ".join(f"{v:.5g}" for v in m.coef_[0] / scale))


main()
