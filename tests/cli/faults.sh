#!/usr/bin/env bash
# Faults that were found by use, as whole-program tests: a modality that has ended, a summary and its windows, windows
# after the end, black pictures and silence.   usage: faults.sh BUILD
set -u
source "$(dirname "$0")/../support/cli.sh" "$1"
"$smac" synth "$t/data" --clips 16 --size 64 --fps 6 --seed 3 >"$t/log" 2>&1 &&
  "$smac" train --data "$t/data" --dataset sims --seed 5 $tiny --set train.epochs=2 --out "$t/run" >>"$t/log" 2>&1 || { echo "not ok a model"; tail -3 "$t/log"; exit 1; }
make() { ffmpeg -v error -y "$@" </dev/null; }
analyze() { "$smac" analyze --model "$t/run/best.safetensors" --format csv "$@"; }
# "START VALUE" of a modality for each window, or for the summary; a value that is not there is "none"
column() { # file, text|audio|vision, windows|all
  awk -F, -v name="$2" -v kind="$3" 'NR == 1 {for (i = 1; i <= NF; i++) if ($i ~ "(^|[.])" name "$" && $i != "text") at = i; next}
    ($2 == "all") == (kind == "all") {print $3 + 0, $at == "" ? "none" : $at}' "$1"
}
picture="-f lavfi -i testsrc=size=64x64:rate=10:duration" sound="-f lavfi -i sine=300:duration"

make $picture=3 $sound=8 -c:v mpeg4 -c:a pcm_s16le "$t/ends.mkv"
analyze "$t/ends.mkv" --window 1 --hop 1 -o "$t/ends.csv" 2>/dev/null
check "a picture that has ended says nothing" test "$(column "$t/ends.csv" vision windows | awk '$2 == "none" {print $1}' | xargs)" = "3 4 5 6 7"
check "the sound goes on" test "$(column "$t/ends.csv" audio windows | grep -c none)" = 0

make -f lavfi -i "aevalsrc=0.4*sin(2*PI*(200+120*t)*t)*(0.2+0.8*mod(t\,2)):s=16000:d=6" "$t/six.wav"
for times in 8 10; do # 54 and 66 seconds
  make -stream_loop $times -i "$t/six.wav" -c copy "$t/$times.wav"
  analyze "$t/$times.wav" -o "$t/$times.csv" 2>/dev/null
  column "$t/$times.csv" audio all | cut -d' ' -f2 >"$t/$times.voice"
done
check "one clip repeated is judged by one rule at every length" sh -c "paste '$t/8.voice' '$t/10.voice' | awk '{d = \$1 - \$2; exit !(d < .02 && d > -.02 && \$1 != \"none\")}'"

make $sound=9.75 "$t/long.wav"
analyze "$t/long.wav" --window 2 --hop 7 -o "$t/long.csv" 2>/dev/null
check "no window begins after the end" test "$(column "$t/long.csv" audio windows | cut -d' ' -f1 | xargs)" = "0 7"

make -f lavfi -i color=black:size=64x64:rate=10:duration=3 -f lavfi -i anullsrc=r=16000:cl=mono:d=3 -t 3 -c:v mpeg4 -c:a pcm_s16le "$t/black.mkv"
analyze "$t/black.mkv" --text "what a lovely day" -o "$t/black.csv" 2>"$t/notes"
check "a black picture has no face" test "$(column "$t/black.csv" vision all | cut -d' ' -f2)" = none
check "and silence has no voice" test "$(column "$t/black.csv" audio all | cut -d' ' -f2)" = none
check "the words are judged" sh -c "! test '$(column "$t/black.csv" text all | cut -d' ' -f2)' = none"
check "and it is said" sh -c "grep -q black '$t/notes' && grep -qi silen '$t/notes'"
exit 0
