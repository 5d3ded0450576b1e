#!/usr/bin/env python3
"""Random predictions and what NumPy and scikit-learn make of them.  usage: metrics.py OUT.safetensors [CASES [SEED]]

Made with numpy 2.2.6 and scikit-learn 1.6.1; tests/golden/train/metrics.safetensors: 60 cases, seed 1.
The long comparison: metrics.py /tmp/cases.safetensors 10000 2, then
SMAC_METRIC_CASES=/tmp/cases.safetensors BUILD/tests/bin/train_test_metrics_golden
"""
import json, struct, sys, warnings
import numpy as np
from sklearn.metrics import (accuracy_score, balanced_accuracy_score, f1_score, precision_recall_fscore_support,
                             r2_score)

out, cases, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 60, int(sys.argv[3]) if len(sys.argv) > 3 else 1
rng = np.random.default_rng(seed)
warnings.simplefilter("ignore")


def mosi(p, t):
    both = t != 0
    seven = np.round(np.clip(p, -3.0, 3.0)) == np.round(np.clip(t, -3.0, 3.0))
    five = np.round(np.clip(p, -2.0, 2.0)) == np.round(np.clip(t, -2.0, 2.0))
    zero = accuracy_score(t >= 0, p >= 0), f1_score(t >= 0, p >= 0, average="weighted")
    non = (np.nan, np.nan)
    if both.any():
        non = accuracy_score(t[both] > 0, p[both] > 0), f1_score(t[both] > 0, p[both] > 0, average="weighted")
    return [*zero, *non, np.sum(five) / float(len(t)), np.sum(seven) / float(len(t)),
            np.float64(np.mean(np.absolute(p - t))), np.corrcoef(p, t)[0][1]]


def bins(x, edges):
    y = x.copy()
    for i in range(len(edges) - 1):
        y[np.logical_and(x > edges[i], x <= edges[i + 1])] = i
    return np.round(y)


def simsv2(p, t):
    p, t = np.clip(p, -1.0, 1.0), np.clip(t, -1.0, 1.0)
    two, three = [-1.01, 0.0, 1.01], [-1.01, -0.1, 0.1, 1.01]
    five = [-1.01, -0.7, -0.1, 0.1, 0.7, 1.01]
    same = [np.sum(bins(p, e) == bins(t, e)) / float(len(t)) for e in (two, three, five)]
    weak = np.logical_and(t >= -0.4, t <= 0.4)
    a = np.sum(bins(p[weak], two) == bins(t[weak], two)) / float(weak.sum()) if weak.any() else np.nan
    return [*same, f1_score(bins(t, two), bins(p, two), average="weighted"), np.float64(np.mean(np.absolute(p - t))),
            np.corrcoef(p, t)[0][1], a, r2_score(t, p)]


def classes(p, t):
    precision, recall, f1, _ = precision_recall_fscore_support(t, p, average="weighted", zero_division=0)
    return [accuracy_score(t, p), f1, precision, recall, f1_score(t, p, average="macro", zero_division=0),
            balanced_accuracy_score(t, p)]


def scores(kind, n):
    """ties, half-way values, borders of the bins, constants, everything outside of the range"""
    if kind == 0:
        return rng.normal(0, 1.5, n)
    if kind == 1:
        return rng.integers(-7, 8, n) / 2
    if kind == 2:
        return rng.integers(-12, 13, n) / 10
    if kind == 3:
        return np.full(n, rng.choice([0, 0.1, -0.3, 1, -1, 2.5]))
    if kind == 4:
        return rng.choice([-1, 1], n) * rng.uniform(3, 9, n)
    return np.round(rng.normal(0, 1, n), 1) * rng.choice([0, 1, 1], n)


values = {k: [] for k in ("prediction", "truth", "offset", "mosi", "simsv2", "class_prediction", "class_truth",
                          "class_offset", "classes")}
at = class_at = 0
for case in range(cases):
    n = int(rng.choice([1, 2, 3, rng.integers(2, 40), rng.integers(2, 400), rng.integers(100, 2000)],
                       p=[.03, .03, .03, .5, .35, .06]))
    if cases < 200:
        n = min(n, 150 if case % 20 == 0 else 30)
    p, t = (scores(int(rng.integers(0, 6)), n).astype(np.float32) for _ in range(2))
    if rng.random() < .2:
        t = (p + rng.choice([0, 0, 1e-3, .1, .5]) * rng.normal(0, 1, n)).astype(np.float32)
    values["offset"].append(at)
    at += n
    values["prediction"].append(p)
    values["truth"].append(t)
    values["mosi"].append(mosi(p, t))
    values["simsv2"].append(simsv2(p, t))
    k = int(rng.integers(1, 12))
    weights = rng.dirichlet(np.full(k, rng.choice([.2, 1, 5])))
    t = rng.choice(k, n, p=weights)
    p = np.where(rng.random(n) < rng.random(), t, rng.choice(k, n))
    values["class_offset"].append(class_at)
    class_at += n
    values["class_prediction"].append(p)
    values["class_truth"].append(t)
    values["classes"].append(classes(p, t))
values["offset"].append(at)
values["class_offset"].append(class_at)

tensors = {}
for name, dtype in (("prediction", "<f4"), ("truth", "<f4"), ("class_prediction", "<i4"), ("class_truth", "<i4")):
    tensors[name] = np.concatenate(values[name]).astype(dtype)
for name, dtype in (("offset", "<i8"), ("class_offset", "<i8"), ("mosi", "<f8"), ("simsv2", "<f8"), ("classes", "<f8")):
    tensors[name] = np.array(values[name]).astype(dtype)
kinds = {"<f4": "F32", "<f8": "F64", "<i4": "I32", "<i8": "I64"}
header, data = {}, b""
for name, a in sorted(tensors.items()):
    header[name] = {"dtype": kinds[a.dtype.str], "shape": list(a.shape), "data_offsets": [len(data), len(data) + a.nbytes]}
    data += a.tobytes()
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(out, "wb") as f:
    f.write(struct.pack("<Q", len(text)) + text + data)
