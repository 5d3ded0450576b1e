#!/usr/bin/env python3
"""semanticmac transcribe against faster-whisper on the same model folder and the same sound.

Both get 16 kHz 16-bit WAV files made by faster-whisper's own decoder, so that a difference is one of recognition.
Greedy and with five beams, temperature 0, no fallback, no previous text, language found by each; the tokens with their
time stamps must be the same.  Also: word error rate where the text is known, times of words, and the time of each
program over all files in one run (faster-whisper on two threads in float32).

    whisper_parity.py --program build/semanticmac --model whisper-base FILE... [--texts texts.json] [--time]

texts.json: {"file name without folder": "what is said"}.  Needs faster-whisper 1.2.1 (ctranslate2 4.8.5).
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import wave

import numpy as np


def words(text):
    return re.sub(r"[^a-z' ]", " ", text.lower().replace("mr.", "mister").replace("-", " ")).split()


def edits(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


def write_wave(path, samples):
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16000)
        out.writeframes(np.round(samples * 32768).clip(-32768, 32767).astype("<i2").tobytes())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--texts")
    parser.add_argument("--time", action="store_true")
    parser.add_argument("--words", action="store_true")
    parser.add_argument("--beams", type=int, nargs="+", default=[1, 5])
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    from faster_whisper import WhisperModel
    from faster_whisper.audio import decode_audio

    model = WhisperModel(args.model, device="cpu", compute_type="float32", cpu_threads=2)
    texts = json.loads(pathlib.Path(args.texts).read_text()) if args.texts else {}
    environment = dict(os.environ, OMP_NUM_THREADS="2")
    with tempfile.TemporaryDirectory() as folder:
        sounds = []
        for i, name in enumerate(args.files):
            path = pathlib.Path(folder) / f"{i}.wav"
            write_wave(path, decode_audio(name))
            sounds.append(path)
        for beams in args.beams:
            same = total = wrong = count = their_wrong = 0
            spent = [0.0, 0.0]
            worst = []
            for name, path in zip(args.files, sounds):
                start = time.perf_counter()
                segments, info = model.transcribe(str(path), beam_size=beams, temperature=0, word_timestamps=args.words,
                                                  condition_on_previous_text=False)
                segments = list(segments)
                spent[1] += time.perf_counter() - start
                start = time.perf_counter()
                out = subprocess.run([args.program, "transcribe", path, "--model", args.model, "--beam", str(beams),
                                      "--temperature", "0", "--format", "json"] + ["--words"] * args.words,
                                     env=environment, capture_output=True, check=True)
                spent[0] += time.perf_counter() - start
                ours = json.loads(out.stdout)
                a = [t for s in ours["segments"] for t in s["tokens"]]
                b = [t for s in segments for t in s.tokens]
                total += 1
                same += a == b and ours["language"] == info.language
                if a != b or ours["language"] != info.language:
                    print(f"  differs: {name} ({ours['language']}, {info.language})\n    ours   {a}\n    theirs {b}\n"
                          f"    {ours['text']!r}\n    {''.join(s.text for s in segments)!r}")
                elif args.words:
                    ow = [w for s in ours["segments"] for w in s["words"]]
                    tw = [w for s in segments for w in s.words]
                    if len(ow) != len(tw):
                        print("  words differ in number:", name, [w["word"] for w in ow], [w.word for w in tw])
                    else:
                        worst += [max(abs(x["start"] - y.start), abs(x["end"] - y.end)) for x, y in zip(ow, tw)]
                known = texts.get(pathlib.Path(name).name)
                if known:
                    wrong += edits(words(ours["text"]), words(known))
                    their_wrong += edits(words("".join(s.text for s in segments)), words(known))
                    count += len(words(known))
            print(f"beams {beams}: the same tokens in {same} of {total} files")
            if count:
                print(f"  word error rate: ours {100 * wrong / count:.2f} %, theirs {100 * their_wrong / count:.2f} % "
                      f"of {count} words")
            if worst:
                print(f"  times of {len(worst)} words: {sum(x < 0.005 for x in worst)} the same, largest difference "
                      f"{max(worst):.2f} s")
            if args.time:
                print(f"  seconds (ours with loading the model each time): ours {spent[0]:.1f}, theirs {spent[1]:.1f}; load "
                      f"{os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
