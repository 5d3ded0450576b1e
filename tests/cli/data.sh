#!/usr/bin/env bash
# semanticmac data: reports for people and as JSON, what is refused.
. "$(dirname "$0")/../support/cli.sh"
mkdir -p "$t/meld"
head="Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime"
printf '%s\n1,This is what we are here for,Ross,joy,positive,0,0,8,21,a,b\n2,No.,Ben,anger,negative,0,1,8,21,a,b\n' "$head" >"$t/meld/train_sent_emo.csv"
printf '%s\n1,This is what we are here for!,Ross,joy,positive,0,0,8,21,a,b\n' "$head" >"$t/meld/dev_sent_emo.csv"
check "data check" sh -c "'$smac' data check --data '$t/meld' --dataset meld --json '$t/r.json' >'$t/r.txt'"
check "it counts against the official number" grep -q '^  train *2 *9989 .*(9987 missing)' "$t/r.txt"
check "it finds a text in two splits" grep -q '^1 x a text of 20 letters or more is in two splits' "$t/r.txt"
check "it finds a speaker in two splits once" grep -q '^1 x a speaker is in two splits' "$t/r.txt"
check "the same as JSON" grep -q '"official": 1109' "$t/r.json"
refused "an unknown layout" 1 "expected sims" "$smac" data check --data "$t/meld" --dataset none
refused "no action" 2 "give check, manifest or export" "$smac" data --data "$t/meld" --dataset meld
refused "no data" 2 "both needed" "$smac" data check --dataset meld
mkdir "$t/voices"
printf 'id,media,split,speaker,emotion\na,a.wav,train,s1,anger\nb,b.wav,train,s1,happiness\nc,c.wav,valid,s2,fear\n' >"$t/voices/clips.csv"
ffmpeg -v error -y -f lavfi -i sine=300:d=1 -ar 16000 "$t/voices/a.wav" </dev/null
ffmpeg -v error -y -f lavfi -i anullsrc=r=16000:cl=mono:d=1 "$t/voices/b.wav" </dev/null
echo "no sound" >"$t/voices/c.wav"
check "clips decoded" sh -c "'$smac' data check --data '$t/voices' --dataset emodb --media >'$t/m.txt' 2>/dev/null"
check "without a detector faces are not looked for, and that is said" sh -c "'$smac' data check --data '$t/voices' --dataset emodb --media 2>&1 >/dev/null | grep -q 'no face detector is installed'"
check "a silent clip" grep -A1 '^1 x silent sound' "$t/m.txt"
check "a damaged clip" grep -q '^1 x media that cannot be used' "$t/m.txt"
check "lengths" grep -q 'shortest 1.00, median 1.00, longest 1.00' "$t/m.txt"
check "the neutral form" sh -c "'$smac' data manifest --data '$t/meld' --dataset meld --task emotion,polarity -o '$t/a.jsonl' >'$t/out1'"
check "it says how many clips" grep -q '^3 clips in ' "$t/out1"
check "it is read again" "$smac" data manifest --data "$t/a.jsonl" -o "$t/b.jsonl"
check "and says the same" cmp "$t/a.jsonl" "$t/b.jsonl"
check "media are named from the manifest on" sh -c "'$smac' data manifest --data '$t/voices' --dataset emodb -o '$t/v.jsonl' && grep -q '\"media\": \"voices/a.wav\"' '$t/v.jsonl'"
refused "no file for the neutral form" 2 "give --out" "$smac" data manifest --data "$t/meld" --dataset meld
refused "the dataset's own file" 2 "--out" "$smac" data manifest --data "$t/a.jsonl" -o "$t/a.jsonl"
refused "a folder that is not there" 1 "there is no folder" "$smac" data manifest --data "$t/a.jsonl" -o "$t/none/a.jsonl"
mkdir -p "$t/classes/high" "$t/classes/low"; for i in 1 2 3 4; do cp "$t/voices/a.wav" "$t/classes/high/$i.wav"; cp "$t/voices/b.wav" "$t/classes/low/$i.wav"; done
check "a folder by class" sh -c "'$smac' data check --data '$t/classes' --dataset folder | grep -q '^  class'"
"$smac" synth "$t/talkers" --clips 12 --seed 5 --size 64 >/dev/null 2>&1
set="--set audio.encoder=$golden/speech/tiny --set audio.trainable_blocks=0 --set audio.voice_gate=false --set model.text=false --set model.vision=false"
check "vectors as MMSA's pickle" sh -c "'$smac' data export --format mmsa-pkl --data '$t/talkers' --dataset sims $set -o '$t/f.pkl' >'$t/out2'"
check "it says what is in the file" grep -q '^12 clips in .*: audio [0-9]* x [0-9]*$' "$t/out2"
check "our reader takes it" sh -c "'$smac' data manifest --data '$t/f.pkl' --dataset sims -o '$t/f.jsonl' && grep -q features '$t/f.jsonl'"
refused "an unknown form" 2 "give mmsa-pkl" "$smac" data export --format npz --data "$t/talkers" --dataset sims -o "$t/f.npz"
refused "no vectors to write" 1 "no clip has vectors" "$smac" data export --data "$t/talkers" --dataset sims $(echo $tiny) -o "$t/g.pkl"
place() { # what --data and --dataset are of a layout of synth
  at= reader=$1
  case $1 in table) at=/clips.csv ;; manifest) at=/set.jsonl ;; iemocap) reader=iemocap4 ;; pickle) at=/features.pkl reader=sims ;; esac
}
for layout in sims meld mustard urfunny iemocap csd table manifest folder; do # each layout as the program itself writes it
  place $layout
  "$smac" synth "$t/s_$layout" --layout $layout --clips 10 --seed 4 --size 64 >/dev/null 2>&1
  check "$layout: every clip is read" sh -c "'$smac' data check --data '$t/s_$layout$at' --dataset $reader --media | grep -q '^media: 10 clips opened'"
  check "$layout: as JSON lines" sh -c "'$smac' data manifest --data '$t/s_$layout$at' --dataset $reader -o '$t/s_$layout.jsonl' | grep -q '^10 clips'"
done
for layout in sims meld mustard urfunny iemocap csd table manifest; do # and with faults
  place $layout
  "$smac" synth "$t/f_$layout" --layout $layout --faults missing,damaged,empty,label --clips 10 --seed 4 --size 64 >/dev/null 2>&1
  refused "$layout: a missing clip stops" 1 "skip-bad" "$smac" data manifest --data "$t/f_$layout$at" --dataset $reader -o "$t/f.jsonl"
  check "$layout: faults are told" sh -c "'$smac' data check --data '$t/f_$layout$at' --dataset $reader --media >'$t/f.txt' 2>&1"
  check "$layout: the missing clip is named" sh -c "grep -A1 'x a media file that is missing' '$t/f.txt' | grep -qE '(mp4|wav)'"
  check "$layout: the damaged clip too" grep -q '^1 x media that cannot be used' "$t/f.txt"
  check "$layout: the others are read" grep -q '^media: 7 clips opened' "$t/f.txt"
  "$smac" synth "$t/d_$layout" --layout $layout --faults duplicate --clips 5 --seed 4 --size 64 >/dev/null 2>&1
  refused "$layout: a clip twice" 1 "" "$smac" data manifest --data "$t/d_$layout$at" --dataset $reader -o "$t/f.jsonl"
done
for layout in cremad goemotions; do # tables alone
  "$smac" synth "$t/s_$layout" --layout $layout --clips 10 --seed 4 >/dev/null 2>&1
  check "$layout: every clip is read" sh -c "'$smac' data manifest --data '$t/s_$layout' --dataset $layout --task emotion -o '$t/s_$layout.jsonl' | grep -q '^10 clips'"
  "$smac" synth "$t/f_$layout" --layout $layout --faults label --clips 10 --seed 4 >/dev/null 2>&1
  refused "$layout: an unknown label stops" 1 'line 5' "$smac" data manifest --data "$t/f_$layout" --dataset $layout -o "$t/f.jsonl"
  check "$layout: the others are read" sh -c "'$smac' data manifest --skip-bad --data '$t/f_$layout' --dataset $layout -o '$t/f.jsonl' | grep -q '^9 clips'"
done
for layout in ravdess emodb faces; do # few clips: what they have beside a table is tried above
  "$smac" synth "$t/f_$layout" --layout $layout --faults missing,damaged,label --clips 5 --seed 4 --size 64 >/dev/null 2>&1
  check "$layout: faults are told" sh -c "'$smac' data check --data '$t/f_$layout' --dataset $layout --media >'$t/f.txt' 2>/dev/null"
  check "$layout: two clips are read, each of the others has a reason" sh -c "grep -q '^media: 2 clips opened' '$t/f.txt' && [ \$(grep -cE '^1 x (a media file that is missing|a row that cannot|media that cannot)' '$t/f.txt') = 3 ]"
done
place pickle # vectors alone: no media to be missing or damaged
"$smac" synth "$t/s_pickle" --layout pickle --clips 10 --seed 4 >/dev/null 2>&1
check "pickle: every clip is read" sh -c "'$smac' data manifest --data '$t/s_pickle$at' --dataset $reader -o '$t/s_pickle.jsonl' | grep -q '^10 clips'"
check "pickle: nothing was rendered" test "$(find "$t/s_pickle" -type f | wc -l)" = 2
"$smac" synth "$t/f_pickle" --layout pickle --faults damaged,empty,label --clips 10 --seed 4 >/dev/null 2>&1
refused "pickle: a label out of range stops" 1 'regression_labels is 7, expected' "$smac" data manifest --data "$t/f_pickle$at" --dataset $reader -o "$t/f.jsonl"
check "pickle: faults are told" sh -c "'$smac' data check --data '$t/f_pickle$at' --dataset $reader >'$t/f.txt' 2>/dev/null"
check "pickle: values that are not finite" grep -q '2 values are not finite and count as 0' "$t/f.txt"
"$smac" synth "$t/d_pickle" --layout pickle --faults duplicate --clips 5 --seed 4 >/dev/null 2>&1
refused "pickle: a clip twice" 1 "twice" "$smac" data manifest --data "$t/d_pickle$at" --dataset $reader -o "$t/f.jsonl"
check "pickle: data check counts it" sh -c "'$smac' data check --data '$t/d_pickle$at' --dataset $reader | grep -q '^1 x an id occurs twice'"
refused "an unknown fault" 2 "missing, damaged" "$smac" synth "$t/x" --layout meld --faults none
printf '%s\n' '{"split": "train", "labels": {"s": 1}, "features": {"audio": [[1, 2]]}}' '{"split": "train", "labels": {"s": 2.5}, "features": {"audio": [[1]]}}' '{"split": "valid", "labels": {"s": 0}, "features": {"audio": [[1, 1]]}}' >"$t/w.jsonl"
refused "a width that changes" 1 "(line 2) 1: give vectors of one encoder" "$smac" train --data "$t/w.jsonl" --out "$t/w" $(echo $tiny)
