"""What the synthetic set allows, and what simple models get from it: the tables of docs/synthetic.md.

    semanticmac synth set --clips 1000 --seed 1
    python experiments/synth_probe.py set

Needs numpy, scikit-learn (1.9 was used) and the ffmpeg program; no part of the build.

oracle: how the true states s_t, s_a, s_v of label.csv correlate with the label, and the best regression (gradient
boosted trees, fitted on half of a plan) on one, two and three of them.
probe: ridge regression from words (unigram counts), from statistics of a 128-bin mel filter bank, and from mean grey
pictures of 28 x 28 pixels; fitted on train, scored on test, whose speakers, voices and sentences are others.
"""
import csv
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import RidgeCV
from sklearn.preprocessing import StandardScaler

folder = sys.argv[1]
rows = list(csv.DictReader(open(folder + "/label.csv", encoding="utf-8")))
states = np.array([[float(r[k]) for k in ("label_T", "label_A", "label_V")] for r in rows])
label = np.array([float(r["label"]) for r in rows])
conflict = np.array([r["conflict"] == "1" for r in rows])
mode = np.array([r["mode"] for r in rows])
train, test = np.where(mode == "train")[0], np.where(mode == "test")[0]
names = ["text", "audio", "vision"]


def corr(a, b):
    return np.corrcoef(a, b)[0, 1]


def oracle():
    print(f"{len(rows)} clips, train/valid/test {len(train)}/{np.sum(mode == 'valid')}/{len(test)}, conflict "
          f"{conflict.mean():.3f}, sarcasm {np.mean([r['sarcasm'] == '1' for r in rows]):.3f}, humor "
          f"{np.mean([r['humor'] == '1' for r in rows]):.3f}")
    print("emotions", {e: sum(r["emotion"] == e for r in rows) for e in ("joy", "neutral", "sadness", "anger")})
    for u, name in enumerate(names):
        print(f"true s of {name:6s} and label: all {corr(states[:, u], label):.3f}  in conflict "
              f"{corr(states[conflict, u], label[conflict]):.3f}  in accord {corr(states[~conflict, u], label[~conflict]):.3f}")
    half = np.arange(len(rows)) % 2 == 0
    for use in ([0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]):
        p = np.zeros(len(rows))
        for fit in (half, ~half):
            trees = GradientBoostingRegressor(n_estimators=200, max_depth=3, learning_rate=0.05, subsample=0.7,
                                              random_state=0)
            p[~fit] = trees.fit(states[fit][:, use], label[fit]).predict(states[~fit][:, use])
        linear = np.c_[states[:, use], np.ones(len(rows))]
        q = linear @ np.linalg.lstsq(linear, label, rcond=None)[0]
        print(f"best regression on {' + '.join(names[u] for u in use):22s} trees {corr(p, label):.3f}  linear {corr(q, label):.3f}")


def mel_bank():
    mel = lambda f: 1127 * np.log(1 + f / 700)
    centres, bins = np.linspace(mel(20), mel(8000), 130), mel(np.arange(257) * 16000 / 512)
    left, middle, right = centres[:-2, None], centres[1:-1, None], centres[2:, None]
    return np.maximum(0, np.minimum((bins - left) / (middle - left), (right - bins) / (right - middle)))


def mel_statistics(x):
    frames = x[np.arange(400) + 160 * np.arange(1 + (len(x) - 400) // 160)[:, None]]
    frames = frames - frames.mean(1, keepdims=True)
    frames = frames - 0.97 * np.c_[frames[:, :1], frames[:, :-1]]
    m = np.log(np.maximum(np.abs(np.fft.rfft(frames * np.hanning(400), 512)) ** 2 @ mel_bank().T, 1.19e-7))
    return np.r_[m.mean(0), m.std(0), np.quantile(m, 0.9, axis=0), np.abs(np.diff(m, axis=0)).mean(0)]


def decode(row):
    path = f"{folder}/Raw/{row['video_id']}/{row['clip_id']}.mp4"
    run = lambda *o: subprocess.run(["ffmpeg", "-v", "error", "-i", path, *o, "-"], capture_output=True, check=True).stdout
    sound = np.frombuffer(run("-f", "f32le", "-ac", "1", "-ar", "16000"), np.float32)
    grey = np.frombuffer(run("-vf", "fps=2,scale=28:28:flags=area", "-f", "rawvideo", "-pix_fmt", "gray"), np.uint8)
    return len(sound) / 16000, mel_statistics(sound), grey.reshape(-1, 28 * 28).mean(0)


def ridge(x, target):
    x = StandardScaler().fit(x[train]).transform(x)
    return RidgeCV(alphas=np.logspace(-1, 5, 19)).fit(x[train], target[train]).predict(x)


def probe():
    with ThreadPoolExecutor(2) as pool:
        seconds, sound, picture = zip(*pool.map(decode, rows))
    print(f"seconds: mean {np.mean(seconds):.2f}, 5 % to 95 % {np.quantile(seconds, 0.05):.2f} to "
          f"{np.quantile(seconds, 0.95):.2f}, longest {max(seconds):.2f}")
    text = [r["text"] for r in rows]
    words = CountVectorizer(min_df=2).fit([text[i] for i in train]).transform(text).toarray().astype(float)
    hard = test[conflict[test]]
    owns, whole = [], []
    for u, (name, x) in enumerate(zip(names, (words, np.array(sound), np.array(picture)))):
        own, p = ridge(x, states[:, u]), ridge(x, label)
        owns.append(own)
        whole.append(p)
        print(f"{name:6s} fitted to its own state: {corr(own[test], states[test, u]):.3f} | fitted to the label: with the "
              f"label {corr(p[test], label[test]):.3f}, with its own state {corr(p[test], states[test, u]):.3f}, in conflict "
              f"{corr(p[hard], states[hard, u]):.3f} (the label itself {corr(label[hard], states[hard, u]):.3f})")
    fused = np.c_[owns[0], owns[1], owns[2]]
    sour = (fused[:, 0] >= 0.25) & (fused[:, 1] <= -0.25) & (fused[:, 2] <= -0.25)
    ruled = fused @ [0.44, 0.28, 0.28] - 2 * 0.44 * sour * fused[:, 0]
    print(f"rule of the label on the three probed states: {corr(ruled[test], label[test]):.3f}")


oracle()
probe()
