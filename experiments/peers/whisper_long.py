#!/usr/bin/env python3
"""Long recordings: semanticmac transcribe against faster-whisper at its long-form settings, same model, same sound.

For each file: both programs' text laid over each other word by word (which words only one of them heard, how far apart
the starts and ends of the shared ones are), the language, and what must hold for ours whatever the other says: times
that do not go back, nothing after the sound's end, no empty or overlapping cues in SRT and WebVTT, valid JSON.

    whisper_long.py --program build/semanticmac --model whisper-base FILE... [--previous] [--greedy] [--silent FILE...]

Files are compared as faster-whisper's decoder reads them (16 kHz, 16 bits).  Temperatures 0 to 1 as by default in both
(samples are drawn: words found at a temperature over 0 differ from run to run of theirs; --one-temperature tries 0
alone).  Needs faster-whisper 1.2.1 (ctranslate2 4.8.5).
"""
import argparse
import difflib
import json
import os
import pathlib
import re
import subprocess
import tempfile

from whisper_parity import write_wave


def plain(word):
    return re.sub(r"[^\w']", "", word.lower())


def seconds(text):
    parts = text.replace(",", ".").split(":")
    return sum(float(x) * 60 ** i for i, x in enumerate(reversed(parts)))


def check_cues(text, kind, duration, faults):
    blocks = [b for b in text.strip().split("\n\n") if "-->" in b]
    last = 0.0
    for number, block in enumerate(blocks, 1):
        lines = block.split("\n")
        if kind == "srt" and lines.pop(0) != str(number):
            faults.append(f"srt: cue {number} has another number")
        found = re.fullmatch(r"(\d+:\d\d:\d\d[.,]\d{3}) --> (\d+:\d\d:\d\d[.,]\d{3})|"
                             r"(\d\d:\d\d[.,]\d{3}) --> (\d\d:\d\d[.,]\d{3})", lines.pop(0))
        if not found:
            faults.append(f"{kind}: no times in {block!r}")
            continue
        start, end = (seconds(x) for x in found.groups() if x)
        if start < last - 1e-9:
            faults.append(f"{kind}: cue at {start} begins before the last one's end {last}")
        if not end > start:
            faults.append(f"{kind}: cue {start} to {end} takes no time")
        if end > duration + 0.0011:
            faults.append(f"{kind}: cue ends at {end}, the sound at {duration}")
        if not lines or not all(line.strip() for line in lines):
            faults.append(f"{kind}: empty cue at {start}")
        if any(len(line) > 42 for line in lines):
            faults.append(f"{kind}: a line of {max(map(len, lines))} letters at {start}")
        last = end
    return len(blocks)


def check_json(ours, duration, faults):
    last = word_last = 0.0
    for s in ours["segments"]:
        if s["start"] < last - 1e-9:
            faults.append(f"segment at {s['start']} begins before the last one's end {last}")
        if not s["end"] > s["start"]:
            faults.append(f"segment {s['start']} to {s['end']} takes no time")
        if s["end"] > duration + 1e-6:
            faults.append(f"segment ends at {s['end']}, the sound at {duration}")
        last = s["end"]
        for w in s.get("words", []):
            if w["start"] < word_last - 1e-9 or w["end"] < w["start"] or w["end"] > duration + 1e-6:
                faults.append(f"word {w['word']!r} {w['start']} to {w['end']} after {word_last}")
            if w["start"] < s["start"] - 1e-6 or w["end"] > s["end"] + 1e-6:
                faults.append(f"word {w['word']!r} {w['start']} to {w['end']} outside of {s['start']} to {s['end']}")
            word_last = w["end"]


def span(words):
    return f"{words[0][1]:.2f}-{words[-1][2]:.2f} {' '.join(x[0].strip() for x in words)!r}" if words else "-"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--previous", action="store_true")
    parser.add_argument("--greedy", action="store_true")
    parser.add_argument("--one-temperature", action="store_true")
    parser.add_argument("--no-words", action="store_true")
    parser.add_argument("--silent", nargs="*", default=[], help="files in which nothing is said")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--print", action="store_true", dest="show")
    parser.add_argument("files", nargs="*")
    args = parser.parse_args()
    from faster_whisper import WhisperModel
    from faster_whisper.audio import decode_audio

    model = WhisperModel(args.model, device="cpu", compute_type="float32", cpu_threads=args.threads)
    environment = dict(os.environ, OMP_NUM_THREADS=str(args.threads))
    beams = 1 if args.greedy else 5
    temperatures = [0.0] if args.one_temperature else [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    with tempfile.TemporaryDirectory() as folder:
        for name in args.files + args.silent:
            sound = decode_audio(name)
            path = pathlib.Path(folder) / "sound.wav"
            write_wave(path, sound)
            duration = len(sound) / 16000
            segments, info = model.transcribe(str(path), beam_size=beams, temperature=temperatures,
                                              word_timestamps=not args.no_words,
                                              condition_on_previous_text=args.previous)
            theirs = list(segments)
            command = [args.program, "transcribe", path, "--model", args.model, "--beam", str(beams)]
            command += ["--words"] * (not args.no_words) + ["--previous"] * args.previous
            command += ["--temperature", "0"] * args.one_temperature
            faults, cues = [], {}
            ours = json.loads(subprocess.run(command + ["--format", "json"], env=environment, capture_output=True,
                                             check=True).stdout)
            check_json(ours, duration, faults)
            for kind in ("srt", "vtt"):
                text = subprocess.run(command + ["--format", kind], env=environment, capture_output=True, check=True)
                cues[kind] = check_cues(text.stdout.decode(), kind, duration, faults)
            if args.no_words:
                a = [(w, s["start"], s["end"]) for s in ours["segments"] for w in s["text"].split()]
                b = [(w, s.start, s.end) for s in theirs for w in s.text.split()]
            else:
                a = [(w["word"], w["start"], w["end"]) for s in ours["segments"] for w in s["words"]]
                b = [(w.word, w.start, w.end) for s in theirs for w in s.words]
            match = difflib.SequenceMatcher(None, [plain(x[0]) for x in a], [plain(x[0]) for x in b], False)
            pairs = [(a[m.a + k], b[m.b + k]) for m in match.get_matching_blocks() for k in range(m.size)]
            apart = sorted(max(abs(x[1] - y[1]), abs(x[2] - y[2])) for x, y in pairs)
            near = sum(x < 0.005 for x in apart)
            print(f"{name}: {duration:.1f} s, language {ours['language']} {ours['language_probability']:.3f} "
                  f"({info.language} {info.language_probability:.3f}), words ours {len(a)}, theirs {len(b)}, shared "
                  f"{len(pairs)}, times the same {near}, within 0.1 s {sum(x <= 0.1 for x in apart)}, farthest "
                  f"{apart[-1] if apart else 0:.2f} s; segments {len(ours['segments'])} ({len(theirs)}), "
                  f"cues {cues['srt']}/{cues['vtt']}")
            for tag, i1, i2, j1, j2 in match.get_opcodes():
                if tag != "equal":
                    print(f"  ours {span(a[i1:i2])}  theirs {span(b[j1:j2])}")
            for x, y in pairs:
                if max(abs(x[1] - y[1]), abs(x[2] - y[2])) > 0.1:
                    print(f"  times of {x[0]!r}: ours {x[1]:.2f}-{x[2]:.2f}, theirs {y[1]:.2f}-{y[2]:.2f}")
            if name in args.silent and a:
                faults.append(f"{len(a)} words in a file where nothing is said")
            for fault in faults:
                print("  FAULT", fault)
            if args.show:
                for s in ours["segments"]:
                    print(f"  ours   {s['start']:8.2f} {s['end']:8.2f} {s['temperature']:.1f} {s['no_speech']:.2f} "
                          f"{s['text']}")
                for s in theirs:
                    print(f"  theirs {s.start:8.2f} {s.end:8.2f} {s.temperature:.1f} {s.no_speech_prob:.2f} {s.text}")



if __name__ == "__main__":
    main()
