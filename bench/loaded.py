#!/usr/bin/env python3
"""How much speed is left when other programs run, and whether a change costs speed when none do.

    bench/loaded.py BUILD [--old BUILD] [--python PYTHON] [--turns 3] [--only minilm,training,requests,quiet]

BUILD: a build folder of this source.  --old: that of another version, measured in turns with it.  --python: one that
has torch and transformers, for the same pass in PyTorch.  On two quiet cores it takes about five minutes a version.

minilm    a pass of MiniLM (50 words, float32), quiet and with two endless loops beside it: how many times as long
training  the demo's model: clips a second, quiet and with the loops: what share of its speed is left
requests  four requests at once on one model against four in turn
quiet     with --old: products, attention, encoders and training steps, two threads, old and new in short turns, the
          least time of each over all turns
"""
import argparse
import contextlib
import csv
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOOPS = 2
PEER = """
import sys, time, torch, transformers
torch.set_num_threads(2)
config = transformers.BertConfig(hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536)
model = transformers.BertModel(config).eval()
inputs = dict(input_ids=torch.randint(1000, 21000, (1, 50)), attention_mask=torch.ones(1, 50, dtype=torch.long))
with torch.inference_mode():
    for i in range(int(sys.argv[1]) + 3):
        start = time.perf_counter()
        model(**inputs)
        if i >= 3:
            print((time.perf_counter() - start) * 1e3)
"""


@contextlib.contextmanager
def loops(count):
    running = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def output(command, **environment):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          env=dict(os.environ, **environment))
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr.strip()[-500:]}")
    return done.stdout


def encoder_times(build, case, precision, rounds):
    return json.loads(output([build / "bench/bench_encoders", case, precision, 1, rounds]))["all_ms"]


def spread(values, digits=1):
    return f"{statistics.median(values):.{digits}f} [{min(values):.{digits}f}, {max(values):.{digits}f}]"


def measure_minilm(builds, turns, python):
    subjects = {name: lambda rounds, build=build: encoder_times(build, "minilm", "f32", rounds)
                for name, build in builds.items()}
    if python:
        subjects["PyTorch"] = lambda rounds: [float(x) for x in output([python, "-c", PEER, rounds]).split()]
    quiet, loaded = {name: [] for name in subjects}, {name: [] for name in subjects}
    for _ in range(turns):
        for name, run in subjects.items():
            quiet[name] += run(60)
            with loops(LOOPS):
                loaded[name] += run(20)
    print("\nMiniLM, 50 words, float32: ms a pass, median [least, largest]\n")
    print("| | quiet | two loops beside it | times as long |\n|---|---|---|---|")
    for name in subjects:
        times = statistics.median(loaded[name]) / statistics.median(quiet[name])
        mean = statistics.mean(loaded[name]) / statistics.mean(quiet[name])
        print(f"| {name} | {spread(quiet[name])} | {spread(loaded[name])} | {times:.2f} (of means: {mean:.2f}) |")


def demo_settings(build):
    if "--preset" in output([build / "semanticmac", "train", "--help"]):
        return ["--preset", "demo"]
    cache = (build / "CMakeCache.txt").read_text()  # an older version has them in its source alone
    source = pathlib.Path(re.search(r"^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$", cache, re.M)[1])
    names = re.findall(r'^ +"([a-z_.]+=[^"]*)",$', (source / "apps/cli/demo.c").read_text(), re.M)
    return [part for name in names for part in ("--set", name)]


def epoch_seconds(build, data, epochs):
    with tempfile.TemporaryDirectory() as folder:
        output([build / "semanticmac", "train", "--data", data, "--dataset", "sims", "--seed", 5, *demo_settings(build),
                "--set", f"train.epochs={epochs}", "--out", pathlib.Path(folder) / "run"])
        entries = [json.loads(line) for line in (pathlib.Path(folder) / "run/log.jsonl").read_text().splitlines()]
        return [e["seconds"] for e in entries if "steps" in e][1:]  # the first one reads the films


def measure_training(builds, turns):
    with tempfile.TemporaryDirectory() as folder:
        first = next(iter(builds.values()))
        output([first / "semanticmac", "synth", pathlib.Path(folder) / "data", "--clips", 240, "--size", 64, "--seed", 3])
        data = pathlib.Path(folder) / "data"
        with open(data / "label.csv", newline="") as file:
            clips = sum(row["mode"] == "train" for row in csv.DictReader(file))
        quiet, loaded = {name: [] for name in builds}, {name: [] for name in builds}
        for _ in range(turns):
            for name, build in builds.items():
                quiet[name] += [clips / s for s in epoch_seconds(build, data, 8)]
                with loops(LOOPS):
                    loaded[name] += [clips / s for s in epoch_seconds(build, data, 5)]
    print("\nTraining of the demo's model: clips a second in an epoch, median [least, largest]\n")
    print("| | quiet | two loops beside it | share left |\n|---|---|---|---|")
    for name in builds:
        share = statistics.median(loaded[name]) / statistics.median(quiet[name])
        print(f"| {name} | {spread(quiet[name], 0)} | {spread(loaded[name], 0)} | {share:.2f} |")


def measure_requests(builds, turns):
    print("\nFour requests (passes of MiniLM) at once on one model, against four in turn: ratio of the times of all\n")
    for name, build in builds.items():
        if not (build / "bench/bench_requests").exists():
            continue
        for precision in ("f32", "bf16"):
            lines = [json.loads(output([build / "bench/bench_requests", 4, 20, precision])) for _ in range(turns)]
            print(f"{name}, {precision}: {spread([l['ratio'] for l in lines], 2)}")


def table_times(text, columns):
    """Rows of a bench_products table: name of shape and precision, and its microseconds."""
    rows = {}
    for line in text.splitlines():
        found = re.match(rf"(.+?)\s+((?:\d+\s+){{{columns}}})(f32|bf16|int8)\s+([\d.]+)\s", line)
        if found:
            key = (found[1].strip(), found[2].split()[0], found[3])
            rows[key] = min(float(found[4]), rows.get(key, float("inf")))
    return rows


def step_time(build, precision):
    return float(re.search(r"step median ([\d.]+)", output([build / "bench/bench_training", "small", precision, 6, 2]))[1])


def measure_quiet(builds, turns):
    times = {name: {} for name in builds}

    def add(name, key, value):
        times[name].setdefault(key, []).append(value)

    for _ in range(turns):
        for name, build in builds.items():
            for key, value in table_times(output([build / "bench/bench_products", "-t", 2, "-s", 0.02]), 3).items():
                add(name, ("product",) + key, value)
            text = output([build / "bench/bench_products_attention", "-t", 2, "-s", 0.02])
            for key, value in table_times(text, 4).items():
                add(name, ("attention",) + key, value)
            for case, precision in (("minilm", "f32"), ("minilm", "bf16"), ("minilm", "int8"), ("bert", "f32"),
                                    ("bert", "bf16"), ("bert", "int8")):
                for value in encoder_times(build, case, precision, 20 if case == "minilm" else 8):
                    add(name, ("encoder", case, "", precision), value)
            for precision in ("f32", "bf16"):
                add(name, ("training step", "small", "", precision), step_time(build, precision))
    print(f"\nNew against old, quiet, two threads: ratio of the least times of {turns} turns\n")
    groups = {}
    for key, old in times["old"].items():
        new = times["new"].get(key)
        if new:
            ratio = min(new) / min(old)
            groups.setdefault((key[0], key[3]), []).append(ratio)
            print(f"{' '.join(key):45} {ratio:.3f}")
    print()
    for (kind, precision), ratios in groups.items():
        print(f"{kind} {precision}: geometric mean {statistics.geometric_mean(ratios):.3f}, largest {max(ratios):.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=lambda p: pathlib.Path(p).resolve())
    parser.add_argument("--old", type=lambda p: pathlib.Path(p).resolve())
    parser.add_argument("--python")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--only", default="minilm,training,requests,quiet")
    arguments = parser.parse_args()
    builds = {"new": arguments.build}
    if arguments.old:
        builds = {"old": arguments.old, "new": arguments.build}
    only = arguments.only.split(",")
    print(output([arguments.build / "semanticmac", "--version"]).strip())
    print(f"load before: {' '.join(f'{x:.2f}' for x in os.getloadavg())}")
    if "minilm" in only:
        measure_minilm(builds, arguments.turns, arguments.python)
    if "training" in only:
        measure_training(builds, arguments.turns)
    if "requests" in only:
        measure_requests(builds, arguments.turns)
    if "quiet" in only and arguments.old:
        measure_quiet(builds, 2 * arguments.turns)


if __name__ == "__main__":
    main()
