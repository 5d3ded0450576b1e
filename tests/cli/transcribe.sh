#!/usr/bin/env bash
# semanticmac transcribe with a tiny random model: every format, the same words twice, Ctrl-C, bad input.
# usage: transcribe.sh BUILD
set -u
source "$(dirname "$0")/../support/cli.sh" "$1"
sound=$golden/media/tone.flac
hear() { "$smac" transcribe --model "$golden/speech/tiny" --temperature 0 --silence 0 "$@"; }
check "text" hear "$sound" -o "$t/a.txt"
check "the same again" hear "$sound" -o "$t/b.txt"
check "are the same words" cmp "$t/a.txt" "$t/b.txt"
check "some words" test -s "$t/a.txt"
check "subtitles by the ending" hear "$sound" -o "$t/a.srt"
check "have times" grep -q -- "-->" "$t/a.srt"
check "WebVTT" hear "$sound" --format vtt -o "$t/a"
check "has its head" grep -q WEBVTT "$t/a"
check "JSON with words" hear "$sound" --words --format json -o "$t/a.json"
check "has words" grep -q '"words"' "$t/a.json"
check "greedy" hear "$sound" --beam 1
refused "a missing file" 1 "nowhere" "$smac" transcribe "$t/nowhere.wav" --model "$golden/speech/tiny"
refused "a picture without sound" 1 "sound" "$smac" transcribe "$golden/media/still.png" --model "$golden/speech/tiny"
refused "a folder without a model" 1 "$t" "$smac" transcribe "$sound" --model "$t"
refused "another model's name" 1 "no-such" "$smac" transcribe "$sound" --model no-such-model
refused "no model installed" 2 "models" "$smac" transcribe "$sound"
refused "an unknown format" 2 "docx" "$smac" transcribe "$sound" --format docx
refused "too many beams" 2 "beam" "$smac" transcribe "$sound" --beam 99
refused "a temperature below nothing" 2 "temperature" "$smac" transcribe "$sound" --temperature -1
refused "no number as silence" 2 "silence" "$smac" transcribe "$sound" --silence nan
refused "an ending without a format" 2 "give --format" "$smac" transcribe "$sound" -o "$t/a.xyz"
head -c $(($(stat -c %s "$sound") * 2 / 3)) "$sound" >"$t/cut.flac"
check "a recording that is cut off is heard" hear "$t/cut.flac" -o "$t/cut.txt"
cp "$t/err" "$t/note"
check "with a note" grep -q "note: .*cut.flac: the file is cut off" "$t/note"
head -c 14000 "$golden/media/late-sound.mkv" >"$t/cut.mkv" # the length of each stream is in a tag
check "so is a cut film" hear "$t/cut.mkv" -o "$t/cut.txt"
cp "$t/err" "$t/note"
check "with a note of its sound" grep -q "note: .*cut.mkv: the file is cut off or damaged: its sound should last 1.80 s" "$t/note"
cp "$sound" "$t/own.flac"
refused "the recording is not written over" 2 "would be lost" "$smac" transcribe "$t/own.flac" --format srt -o "$t/own.flac"
refused "an unknown language" 1 "xx" "$smac" transcribe "$sound" --model "$golden/speech/tiny" --language xx
check "the example program" "$1/apps/example/transcribe_example" "$golden/speech/tiny" "$sound" English
refused "the example refuses a language with a reason" 1 "English alone" "$1/apps/example/transcribe_example" "$golden/speech/tiny" "$sound" fr
