#!/usr/bin/env python3
"""Every real set through the readers: data check, data manifest, the manifest read again, and one short training each.

usage: experiments/datasets/check.py PROGRAM DATA [--train] [--only NAME,...] [--write FILE.md]
  PROGRAM  build/semanticmac
  DATA     a folder with one folder a set (mosi, sims, simsv2, meld, mustard, urfunny, cremad, ravdess, emodb, faces,
           goemotions, av, faults), each as its makers or the collection named in docs/datasets.md ships it
Compares the clips of each split with the numbers below, the labels with their range, and MOSI's words and labels as read
from the table, from the feature pickle and from the manifest, bit for bit.  --train runs one epoch of a tiny model on each
set.  No set is part of the repository: this script is not run by tools/test.
"""
import argparse, json, os, struct, subprocess, sys, tempfile, time

# set: (path below DATA, layout, tasks, train, valid, problems that are known to be there)
SETS = {
    "mosi": ("mosi", "mosi", "", 1284, 229),
    "mosi pickle": ("mosi/features.pkl", "mosi", "", 1284, 229),
    "sims": ("sims", "sims", "", 1368, 456),
    "simsv2": ("simsv2", "simsv2", "", 2722, 647),
    "meld": ("meld", "meld", "emotion,polarity", 9989, 1109),
    "mustard": ("mustard", "mustard", "", 334, 0),
    "urfunny": ("urfunny", "urfunny", "", 7609, 980),
    "cremad": ("cremad", "cremad", "sentiment,emotion", 5310, 820),
    "ravdess": ("ravdess", "ravdess", "emotion,sentiment,emotion_acted", 840, 240),
    "emodb": ("emodb", "emodb", "emotion,emotion_acted", 278, 130),
    "faces": ("faces", "faces", "emotion,sentiment", 28709, 3589),
    "goemotions": ("goemotions", "goemotions", "emotion,goemotions", 43410, 5426),
    "av": ("av/clips.csv", "table", "emotion", 63, 0),
    "faults cut off": ("faults/dataset_cut_off_clip", "sims", "", 2, 2),
    "faults two dots": ("faults/dataset_two_dots", "sims", "", 2, 2),
    "faults upper endings": ("faults/dataset_upper_endings", "sims", "", 2, 2),
    "faults zeros lost": ("faults/dataset_zeros_lost", "sims", "", 0, 0),
}
TOTAL_ONLY = {"mustard", "av"}  # their splits are by a hash: only the sum is known
REFUSED = {"faults zeros lost": "leading zeros"}  # with the reason that the message must name
TINY = """model.width=16 model.heads=2 model.head_width=8 text.width=16 text.layers=1 text.heads=2 text.hidden=16
audio.width=16 audio.layers=1 audio.heads=2 audio.hidden=16 audio.out_width=16 audio.kernel=32 audio.stride=32
vision.width=16 vision.layers=1 vision.heads=2 vision.hidden=16 vision.out_width=16 vision.image_size=32 vision.patch=8
perceiver.latents=2 perceiver.layers=1 interaction.queries=2 interaction.layers=1 contrast.projection=8
train.batch=64 train.epochs=1 train.threads=2""".split()


def run(*command):
    begun = time.time()
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    return done.returncode, done.stdout, done.stderr, time.time() - begun


def clips_of(path):
    """The manifest's clips by id, without its first line."""
    with open(path, encoding="utf-8") as lines:
        next(lines)
        return {c["id"]: c for c in map(json.loads, lines)}


def read_whole(path):
    """The manifest and its file of vectors."""
    vectors = path[:-len("jsonl")] + "features.safetensors"
    return [open(p, "rb").read() for p in (path, vectors) if os.path.exists(p)]


def bits(number):
    return struct.pack("<f", number)


def check_set(program, data, name, folder, train):
    """One row of the table, and what is wrong with it."""
    path, layout, tasks, wanted_train, wanted_valid = SETS[name]
    task = ["--task", tasks] if tasks else []
    source = ["--data", os.path.join(data, path), "--dataset", layout]
    report, manifest = os.path.join(folder, "report.json"), os.path.join(folder, name.replace(" ", "_") + ".jsonl")
    code, out, err, seconds = run(program, "data", "check", *source, *task, "--json", report)
    if name in REFUSED:
        code, out, err, _ = run(program, "data", "manifest", *source, "-o", manifest)
        wrong = [] if code == 1 and REFUSED[name] in err else ["expected a refusal that says '%s': %s" % (REFUSED[name], err)]
        return [name, layout, "-", "-", "refused: " + REFUSED[name], "%.1f" % seconds], wrong
    if code:
        return [name, layout, "-", "-", "failed", ""], [err.strip()]
    with open(report, encoding="utf-8") as file:
        found = json.load(file)
    splits = found["sources"][0]["splits"]
    got, wrong = {s: splits[s]["clips"] for s in splits}, []
    if name in TOTAL_ONLY:
        if sum(got.values()) != wanted_train + wanted_valid:
            wrong.append("%d clips, expected %d" % (sum(got.values()), wanted_train + wanted_valid))
    elif (got["train"], got["valid"], got["test"]) != (wanted_train, wanted_valid, 0):
        wrong.append("%s clips, expected %d and %d" % (got, wanted_train, wanted_valid))
    for task_name, one in found["sources"][0]["tasks"].items():
        for split, labels in one["splits"].items():
            low, high = one.get("range", (0, 0))
            if "min" in labels and not low <= labels["min"] <= labels["max"] <= high:
                wrong.append("%s of %s lies outside of %g to %g" % (task_name, split, low, high))
    code, out, err, _ = run(program, "data", "manifest", *source, *task, "-o", manifest)
    again = os.path.join(folder, "again", os.path.basename(manifest))
    os.makedirs(os.path.dirname(again), exist_ok=True)
    if code or run(program, "data", "manifest", "--data", manifest, "-o", again)[0]:
        wrong.append("no manifest: " + err.strip())
    elif read_whole(manifest) != read_whole(again):
        wrong.append("the manifest, read and written again, differs")
    if train and not wrong:
        settings = [w for s in TINY for w in ("--set", s)]
        code, _, err, _ = run(program, "train", "--data", manifest, "--out", os.path.join(folder, "run_" + name.replace(" ", "_")),
                              "--skip-bad", *settings)
        if code:
            wrong.append("training: " + err.strip().splitlines()[-1])
    problems = "; ".join("%d x %s" % (p["count"], p["kind"]) for p in found["problems"]) or "none"
    return [name, layout, str(got["train"]), str(got["valid"]), problems, "%.1f" % seconds], wrong


def check_mosi(program, data, folder):
    """Words and labels of the table, of the pickle and of the manifest: the same bits."""
    wrong, read = [], {}
    for name, path in (("table", "mosi"), ("pickle", "mosi/features.pkl")):
        out = os.path.join(folder, "mosi_" + name + ".jsonl")
        code, _, err, _ = run(program, "data", "manifest", "--data", os.path.join(data, path), "--dataset", "mosi", "-o", out)
        if code:
            return [err.strip()]
        read[name] = clips_of(out)
    out = os.path.join(folder, "mosi_manifest.jsonl")
    run(program, "data", "manifest", "--data", os.path.join(folder, "mosi_table.jsonl"), "-o", out)
    read["manifest"] = clips_of(out)
    for name in ("pickle", "manifest"):
        if read[name].keys() != read["table"].keys():
            wrong.append("the %s has other clips than the table" % name)
            continue
        for what, of in (("words", lambda c: c["text"]), ("splits", lambda c: c["split"]),
                         ("labels", lambda c: bits(c["labels"]["sentiment"]))):
            other = [i for i in read["table"] if of(read["table"][i]) != of(read[name][i])]
            if other:
                wrong.append("%s of %d clips differ between table and %s, the first is %s" % (what, len(other), name, other[0]))
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("data")
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--write", default="")
    given = parser.parse_args()
    names = [n for n in given.only.split(",") if n] or list(SETS)
    rows, bad = [["set", "layout", "train", "valid", "what data check finds", "seconds"], ["---"] * 6], 0
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            if not os.path.exists(os.path.join(given.data, SETS[name][0])):
                print("skipped", name, "(not there)")
                continue
            row, wrong = check_set(given.program, given.data, name, folder, given.train)
            rows.append(row)
            bad += bool(wrong)
            print("not ok" if wrong else "ok", " | ".join(row), *("\n    " + w for w in wrong), flush=True)
        if not given.only:
            wrong = check_mosi(given.program, given.data, folder)
            bad += bool(wrong)
            print("not ok" if wrong else "ok", "MOSI: table, pickle and manifest", *("\n    " + w for w in wrong))
    if given.write:
        with open(given.write, "w", encoding="utf-8") as out:
            out.writelines("| " + " | ".join(r) + " |\n" for r in rows)
    return bad > 0


sys.exit(main())
