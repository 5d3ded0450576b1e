#!/usr/bin/env python3
"""Compares our tokenizers with the public Python packages on 20 000 mixed lines, id by id.

Usage: experiments/tokenizers/parity.py BUILD [--models DIR] [--lines N] [--data DIR] [NAME...]
BUILD: a build folder with libsmac_text.a.  DIR/minilm, DIR/mpnet, DIR/whisper-base: the real tokenizers' folders
(docs: packages of formats.md, section 6).  --data: a folder whose label.csv/.json texts join the corpus.
The small tokenizers of tools/golden/text.py are trained at a larger size, sentencepiece's with the full nmt_nfkc map.
Made with tokenizers 0.22.2, transformers 4.57.1, sentencepiece 0.2.0.
"""
import argparse, csv, glob, json, os, struct, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tools", "golden"))
import text_corpus  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402


def compile_dump(build, out):
    libraries = subprocess.check_output(["pkg-config", "--libs", "libutf8proc", "sentencepiece", "jansson", "libcrypto"], text=True).split()
    subprocess.check_call(["cc", "-O2", "-I", f"{ROOT}/src", "-I", f"{ROOT}/include", f"{HERE}/dump.c", f"{build}/libsmac_text.a",
                           f"{build}/libsmac_base.a", *libraries, "-lstdc++", "-lm", "-o", out])


def run(dump, path, lines, decode=True):
    with tempfile.TemporaryDirectory() as d:
        with open(f"{d}/in", "wb") as f:
            for x in lines:
                f.write(struct.pack("<I", len(x)) + x)
        p = subprocess.run([dump, path, f"{d}/in", f"{d}/out"] + (["decode"] if decode else []), capture_output=True)
        if p.returncode:
            return None, p.stderr.decode()
        data, at, out = open(f"{d}/out", "rb").read(), 0, []
        while at < len(data):
            (n,) = struct.unpack_from("<I", data, at)
            v = struct.unpack_from(f"<{3 * n}I", data, at + 4)
            at += 4 + 12 * n
            text = None
            if decode:
                (m,) = struct.unpack_from("<I", data, at)
                text = data[at + 4:at + 4 + m]
                at += 4 + m
            out.append((list(v[:n]), list(zip(v[n:2 * n], v[2 * n:])), text))
        return out, p.stderr.decode().strip()


def byte_offsets(text, offsets):
    at = [0]
    for c in text:
        at.append(at[-1] + len(c.encode()))
    return [(at[a], at[b]) for a, b in offsets]


def compare(name, dump, path, lines, encode_all, decode):
    got, message = run(dump, path, lines, decode is not None)
    if got is None:
        print(f"{name:22} REFUSED {message}")
        return False
    texts = [x.decode(errors="replace") for x in lines]
    want = encode_all(texts)
    ids = offsets = decoded = compared = 0
    shown = 0
    for i, (g, w) in enumerate(zip(got, want)):
        if g[0] != w[0]:
            ids += 1
            if shown < int(os.environ.get("SHOW", "3")):
                shown += 1
                k = next((k for k in range(min(len(g[0]), len(w[0]))) if g[0][k] != w[0][k]), min(len(g[0]), len(w[0])))
                print("   ", repr(texts[i])[:150], "at", k, g[0][k:k + 6], w[0][k:k + 6])
        if w[1] is not None and lines[i] == texts[i].encode():
            compared += 1
            if g[0] == w[0] and g[1] != byte_offsets(texts[i], w[1]):
                offsets += 1
                if os.environ.get("OFFSETS") and offsets < 4:
                    print("   ", repr(texts[i])[:150], [(x, y, z) for x, y, z in zip(g[0], g[1], byte_offsets(texts[i], w[1])) if y != z][:4])
        if decode and g[2].decode(errors="replace") != decode(w[0]):
            decoded += 1
            if os.environ.get("OFFSETS") and decoded < 4:
                print("   ", repr(g[2].decode()), repr(decode(w[0])))
    print(f"{name:22} {len(lines)} lines: {ids} with other ids, {offsets} of {compared} with other offsets, "
          f"{decoded if decode else '-'} decoded otherwise; {message}", flush=True)
    return ids == 0


def from_json(path):
    t = Tokenizer.from_file(path)
    t.no_truncation()
    t.no_padding()

    def encode(texts):
        return [(e.ids, e.offsets) for e in t.encode_batch(texts)]
    return encode, lambda ids: t.decode(ids, skip_special_tokens=False)


def data_lines(folder):
    out = []
    for f in sorted(glob.glob(f"{folder}/**/*.csv", recursive=True)):
        for row in csv.reader(open(f, errors="replace")):
            out += [c.encode() for c in row if len(c) > 20]
    for f in sorted(glob.glob(f"{folder}/**/*.json", recursive=True)):
        for v in json.load(open(f)).values():
            out += [x.encode() for x in [v.get("utterance", ""), *v.get("context", [])] if x]
    return out


def main():
    p = argparse.ArgumentParser()
    p.add_argument("build")
    p.add_argument("--models", default="")
    p.add_argument("--data", default="")
    p.add_argument("--lines", type=int, default=20000)
    p.add_argument("names", nargs="*")
    o = p.parse_intermixed_args()
    lines = text_corpus.corpus(o.lines, 11)
    if o.data:
        lines += data_lines(o.data)
    good = True
    with tempfile.TemporaryDirectory() as d:
        compile_dump(o.build, f"{d}/dump")
        for name in ("minilm", "mpnet", "whisper-base"):
            if o.models and (not o.names or name in o.names):
                folder = f"{o.models}/{name}"
                good &= compare(name, f"{d}/dump", folder, lines, *from_json(f"{folder}/tokenizer.json"))
                if name == "minilm":
                    good &= compare("minilm vocab.txt", f"{d}/dump", f"{folder}/vocab.txt", lines, *from_json(f"{folder}/tokenizer.json"))
        import text as small
        for name, path, encode, decode in small.make(d, 8000, full=True):
            if not o.names or name in o.names:
                good &= compare(name, f"{d}/dump", path, lines, encode, decode)
    sys.exit(not good)


if __name__ == "__main__":
    main()
