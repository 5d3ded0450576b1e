#!/usr/bin/env bash
# The whole way on a tiny synthetic set: synth, train, resume to the bit, evaluate, analyze in every format, bad input.
# usage: end_to_end.sh BUILD
set -u
source "$(dirname "$0")/../support/cli.sh" "$1"
tiny="$tiny --set train.epochs=3"
check "synth makes a set" "$smac" synth "$t/data" --clips 24 --size 64 --fps 6 --seed 3
check "synth again keeps it" "$smac" synth "$t/data" --clips 24 --size 64 --fps 6 --seed 3
refused "synth refuses a folder of other settings" 1 "settings" "$smac" synth "$t/data" --clips 24 --size 64 --fps 6 --seed 4
train() { "$smac" train --data "$t/data" --dataset sims --seed 5 $tiny "$@"; }
started() { exec "$smac" train --data "$t/data" --dataset sims --seed 5 $tiny "$@"; } # in the background: $! is the program
check "train" train --out "$t/whole"
refused "train does not write over a run" 1 "resume" "$smac" train --data "$t/data" --dataset sims --seed 5 $tiny --out "$t/whole"
for try in 1 2 3 4 5 6; do # killed at any moment, resumed, the same bits
  (started --out "$t/killed" --resume >/dev/null 2>&1) & p=$!; sleep "0.$try"; kill -9 $p; wait $p
done 2>/dev/null
check "a killed run resumes" train --out "$t/killed" --resume
check "with the same bits as an uninterrupted one" cmp "$t/whole/best.safetensors" "$t/killed/best.safetensors"
check "and the same labels" cmp "$t/whole/labels.csv" "$t/killed/labels.csv"
SEMANTICMAC_LOG_SECONDS=0 "$smac" train --data "$t/data" --dataset sims --seed 5 $tiny --set train.epochs=2 --out "$t/said" >"$t/out" 2>"$t/said.log"
check "a log says step, loss and clips a second" grep -Eq '^epoch 2 of 2: [1-9][0-9]* of [0-9]+ batches, loss [0-9.]+, [0-9.]+ clips/s' "$t/said.log"
check "and what the epoch's end is at" grep -q '^evaluating: ' "$t/said.log"
check "short work says nothing by the way" sh -c "'$smac' evaluate --model '$t/whole/best.safetensors' --data '$t/data' --dataset sims --split test 2>&1 >/dev/null | (! grep evaluating)"
script -qec "$smac train --data $t/data --dataset sims --seed 5 $(echo $tiny) --set train.epochs=1 --out $t/shown" /dev/null >"$t/terminal" </dev/null
check "a terminal shows the same in a line with a bar" grep -Eaq 'epoch 1 of 1  \[[#.]+\] .*%  [0-9]+ of [0-9]+ batches, loss' "$t/terminal"
OMP_NUM_THREADS=1 check "one thread" train --out "$t/one"
check "gives the same bits as two" cmp "$t/whole/best.safetensors" "$t/one/best.safetensors"
m=$t/whole/best.safetensors
check "evaluate" "$smac" evaluate --model "$m" --data "$t/data" --dataset sims --split test --json "$t/e.json" --predictions "$t/p.csv"
check "its JSON has metrics, heads and own labels" grep -q '"own"' "$t/e.json"
v=$(ls "$t"/data/Raw/*/*.mp4 | head -1)
for f in text json csv srt html; do check "analyze as $f" "$smac" analyze "$v" --model "$m" --text "what a lovely day" --format $f -o "$t/a.$f"; done
check "the page is one file without addresses" sh -c "! grep -E 'src=\"[^d]|https?://' '$t/a.html' | grep -v 'www.w3.org'"
check "inspect a model" "$smac" inspect "$m"
check "inspect a video" "$smac" inspect "$v"
check "a still has no frame rate and one stream" sh -c "'$smac' inspect '$golden/media/still.png' >'$t/still' && grep -q '1 stream, a still' '$t/still' && ! grep -q 'a second' '$t/still'"
cp "$golden/media/still.png" "$t/$(printf 'two\nlines\033[1m.png')"
check "a name with control characters is shown on one line" sh -c "'$smac' inspect '$t'/two*lines* >'$t/still' && grep -q 'two?lines?\[1m.png: ' '$t/still'"
check "evaluate has no weight of datasets" sh -c "'$smac' evaluate --help >'$t/help' && ! grep -q weight '$t/help' && '$smac' train --help | grep -q weight"
check "the example program" "$1/apps/example/example" "$m" "$v"
for c in mp4 mkv mov avi webm wav mp3; do
  case $c in webm) o="-c:v libvpx -b:v 200k -c:a libvorbis -ac 2";; avi) o="-c:v mpeg4 -c:a mp3";; wav|mp3) o="-vn";; *) o="-c copy";; esac
  ffmpeg -v error -y -i "$v" $o "$t/v.$c" </dev/null; check "analyze a .$c" "$smac" analyze "$t/v.$c" --model "$m" --format json
done
# taking a modality away leaves the others as they were, to the last bit
ffmpeg -v error -y -i "$v" -c copy "$t/full.mkv"; ffmpeg -v error -y -i "$v" -an -c copy "$t/mute.mkv"; ffmpeg -v error -y -i "$v" -vn -c copy "$t/blind.mkv"
for x in full mute blind; do "$smac" analyze "$t/$x.mkv" --model "$m" --text "a fine film" --format csv 2>/dev/null | grep ',all,' | cut -d, -f8-10 >"$t/$x.values"; done
check "the face says the same without sound" test "$(cut -d, -f3 "$t/full.values")" = "$(cut -d, -f3 "$t/mute.values")"
check "the voice says the same without picture" test "$(cut -d, -f2 "$t/full.values")" = "$(cut -d, -f2 "$t/blind.values")"
check "a missing modality is empty" test -z "$(cut -d, -f2 "$t/mute.values")"
# bad input
: >"$t/empty.mp4"; echo hello >"$t/text.mp4"; head -c 2000 "$m" >"$t/cut.safetensors"; printf 'caf\xe9' >"$t/latin.txt"
refused "an empty file" 1 "empty" "$smac" analyze "$t/empty.mp4" --model "$m"
refused "a text named .mp4" 1 "text.mp4" "$smac" analyze "$t/text.mp4" --model "$m"
refused "a folder without recordings" 1 "no recording" "$smac" analyze "$1/CMakeFiles" --model "$m"
refused "a truncated model" 1 "in a file of 2000; .* get it again" "$smac" analyze "$v" --model "$t/cut.safetensors"
"$smac" analyze "$v" --model "$m" --transcript "$t/latin.txt" --format json >"$t/latin.json" 2>/dev/null
check "a transcript that is not UTF-8 is read as Windows-1252" grep -q '"text": "café"' "$t/latin.json"
check "and that is said" grep -q 'read as Windows-1252' "$t/latin.json"
mkfifo "$t/pipe"
refused "a pipe is not waited for" 1 "write what it gives" "$smac" inspect "$t/pipe"
refused "weights that are no model say what to give" 1 "give a model file that semanticmac train wrote" "$smac" analyze "$v" --model "$golden/encoders/bert.safetensors"
refused "an unknown key" 2 "no.such.key" "$smac" train --data "$t/data" --dataset sims --out "$t/r" --set no.such.key=1
refused "an unknown command" 2 "nonsense" "$smac" nonsense
refused "a seed below nothing" 2 "train.seed" "$smac" train --data "$t/data" --dataset sims --out "$t/r" --seed -1
refused "resume and overwrite" 2 "one of them" "$smac" train --data "$t/data" --dataset sims --out "$t/whole" --resume --overwrite
refused "metrics into no folder, before the work" 1 "make it first" "$smac" evaluate --model "$t/nowhere" --data "$t/data" --dataset sims --json "$t/none/e.json"
check "metrics on standard output, alone" sh -c "'$smac' evaluate --model '$m' --data '$t/data' --dataset sims --json - | cmp - '$t/e.json'"
refused "predictions are not written over" 2 "would be lost" "$smac" score --truth "$t/p.csv" --predictions "$t/p.csv" --protocol mosi --json "$t/p.csv"
refused "a demo of too few clips" 2 "12 or more" "$smac" demo --clips 2 --out "$t/demo"
refused "a demo's video is looked at first" 1 "nowhere.mp4" "$smac" demo --video "$t/nowhere.mp4" --out "$t/demo"
refused "a demo's settings are looked at first" 1 "no.such.key" "$smac" demo --set no.such.key=1 --out "$t/demo"
check "before anything is made" test ! -e "$t/demo"
refused "a full disk" 1 "write" sh -c "'$smac' analyze '$v' --model '$m' --format json >/dev/full"
cp -r "$t/data" "$t/holes"; rm "$(ls "$t"/holes/Raw/*/*.mp4 | sed -n 2p)"
refused "a missing clip is named" 1 "$(cd "$t/holes/Raw" && cd "$t/data/Raw" && ls -d */* | sed -n 2p | cut -d/ -f1)" "$smac" train --data "$t/holes" --dataset sims --out "$t/r" $tiny
check "and left out with --skip-bad" "$smac" train --data "$t/holes" --dataset sims --out "$t/r" $tiny --set train.epochs=1 --skip-bad
sed 's/^video_id,clip_id,text,label,/video_id,clip_id,words,label,/' "$t/data/label.csv" >"$t/holes/label.csv"
refused "a missing column is named" 1 "text" "$smac" train --data "$t/holes" --dataset sims --out "$t/r2" $tiny
(started --out "$t/stopped" --set train.epochs=2000 >"$t/stopped.out" 2>"$t/stopped.err") & p=$!
for i in $(seq 200); do [ -s "$t/stopped/log.jsonl" ] && break; sleep 0.1; done
kill -INT $p; wait $p; status=$?
check "Ctrl-C ends with status 1" test $status = 1
check "and says how to go on" grep -q "resume" "$t/stopped.err"
check "its checkpoint is there" test -s "$t/stopped/last.safetensors"
check "nothing half-written is left" sh -c "! ls '$t'/*/*partial* 2>/dev/null"
exit 0
