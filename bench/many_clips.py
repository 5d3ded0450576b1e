#!/usr/bin/env python3
"""Training on many clips of ready features with label generation: peak memory and time of one epoch.

usage: many_clips.py SEMANTICMAC FOLDER [--clips N] [--set KEY=VALUE ...]

Writes an MMSA pickle of N clips (22 000, as many as CMU-MOSEI has; one in ten for validation) with aligned sequences of up to
50 steps: words of width 300, sound of 74, pictures of 35, 27 steps on average; trains one epoch on it, which ends with the
labels renewed, and prints the largest resident size of the process.  Needs NumPy.
"""
import argparse
import os
import pickle
import resource
import subprocess
import time

import numpy as np

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("program")
parser.add_argument("folder")
parser.add_argument("--clips", type=int, default=22000)
parser.add_argument("--set", action="append", default=[])
arguments = parser.parse_args()

os.makedirs(arguments.folder, exist_ok=True)
path = os.path.join(arguments.folder, "features.pkl")
if not os.path.exists(path):
    random = np.random.default_rng(1)
    data = {}
    for split, count in (("train", arguments.clips), ("valid", arguments.clips // 10)):
        label = random.uniform(-3, 3, count).astype("f4")
        lengths = random.integers(5, 51, count)
        part = {"id": [f"v{split}{i // 8}$_${i}" for i in range(count)], "regression_labels": label}
        for name, width in (("text", 300), ("audio", 74), ("vision", 35)):
            values = random.standard_normal((count, 50, width), dtype="f4")
            values[:, :, 0] += label[:, None]
            values *= (np.arange(50)[None, :] < lengths[:, None])[:, :, None]
            part[name] = values
            part[name + "_lengths"] = lengths.tolist()
        data[split] = part
    with open(path, "wb") as file:
        pickle.dump(data, file, protocol=4)
    del data, part, values
command = [arguments.program, "train", "--data", path, "--dataset", "mosei", "--out", os.path.join(arguments.folder, "run"),
           "--overwrite", "--set", "train.epochs=1"]
for setting in arguments.set:
    command += ["--set", setting]
began = time.time()
subprocess.run(command, check=True)
size = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
print(f"{arguments.clips} clips, {os.path.getsize(path) / 2**30:.2f} GB of features on disk: "
      f"{time.time() - began:.0f} s, at most {size:.2f} GB resident")
