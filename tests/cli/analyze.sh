#!/usr/bin/env bash
# semanticmac analyze of a folder: which recordings, in which order, a bad one among them, one loading of the speech model.
# usage: analyze.sh BUILD
set -u
source "$(dirname "$0")/../support/cli.sh" "$1"
most_lines=8 # of several recordings
"$smac" synth "$t/data" --clips 16 --size 64 --fps 6 --seed 3 >"$t/log" 2>&1 &&
  "$smac" train --data "$t/data" --dataset sims --seed 5 $tiny --set train.epochs=1 --out "$t/run" >>"$t/log" 2>&1 || { echo "not ok a model"; tail -3 "$t/log"; exit 1; }
analyze() { "$smac" analyze --model "$t/run/best.safetensors" "$@"; }
videos() { cut -d, -f1 "$1" | sed 1d | uniq | sed "s|$t/||" | tr '\n' ' '; } # in the order of a csv result

f=$t/talks; mkdir "$f" "$f/inner.mp4" "$t/nothing"
cp "$golden/media/plain.mp4" "$f/b.mp4"; cp "$golden/media/tone.mp3" "$f/c.mp3"; cp "$golden/media/stereo8.wav" "$f/a.WAV"
cp "$golden/media/plain.mp4" "$f/.hidden.mp4"; echo notes >"$f/notes.txt"; echo page >"$t/nothing/a.html"
check "a folder" analyze "$f" --format csv -o "$t/a.csv"
check "its recordings by name, without others, hidden ones and folders" test "$(videos "$t/a.csv")" = "talks/a.WAV talks/b.mp4 talks/c.mp3 "
check "says nothing of failures" sh -c "! grep -q 'could not' '$t/err'"
check "a folder with a slash and a file" analyze "$f/" "$golden/media/still.png" --format csv -o "$t/a.csv"
check "the file comes last" sh -c "tail -1 '$t/a.csv' | grep -q still.png"
refused "a folder without recordings" 1 "nothing holds no recording" "$smac" analyze "$t/nothing" --model "$t/run/best.safetensors"
refused "a folder of encoders that is not there" 1 "none is not a folder" "$smac" analyze "$f" --model "$t/run/best.safetensors" --encoders "$t/none"
refused "a text for several" 2 "one recording, 3 are" "$smac" analyze "$f" --model "$t/run/best.safetensors" --text "a word"
refused "a transcript for several" 2 "one recording, 3 are" "$smac" analyze "$f" --model "$t/run/best.safetensors" --transcript "$t/nothing/a.srt"

# a bad one among them
echo "no video" >"$f/ba.mkv"; : >"$f/bb.mp4"
most_lines=12 refused "bad recordings give status 1 and are counted" 1 "2 of 5 recordings could not be analysed" "$smac" analyze "$f" \
  --model "$t/run/best.safetensors" --format csv -o "$t/b.csv"
check "and named at the end" test "$(tail -2 "$t/err" | sed "s|$t/||" | tr -d ' \n')" = "talks/ba.mkvtalks/bb.mp4"
check "the others are analysed" test "$(videos "$t/b.csv")" = "talks/a.WAV talks/b.mp4 talks/c.mp3 "
rm "$f"/[ac].*; mv "$f/b.mp4" "$t/b.mp4"
refused "all of them bad" 1 "2 of 2" "$smac" analyze "$f" --model "$t/run/best.safetensors" -o "$t/none.csv"
check "write no result" test ! -e "$t/none.csv"

# words are heard in all of them by one speech model, loaded once (a terminal shows when)
rm "$f"/b?.*; for i in 1 2 3; do cp "$t/b.mp4" "$f/$i.mp4"; done
script -qec "$smac analyze $f --model $t/run/best.safetensors --transcribe $golden/speech/tiny --format json -o $t/c.json" /dev/null >"$t/terminal" </dev/null
check "three recordings heard" test "$(grep -c '"recording"' "$t/c.json")" = 3
check "the speech model is loaded once" sh -c "! grep -q '[23] of 3, .*loading the speech model' '$t/terminal'"
check "at the first" grep -q "1 of 3, 1.mp4: loading the speech model" "$t/terminal"
script -qec "$smac analyze $f/1.mp4 --model $t/run/best.safetensors --transcribe $golden/speech/tiny --text word" /dev/null >"$t/terminal" </dev/null
check "given words load none" sh -c "grep -q predicting '$t/terminal' && ! grep -q 'loading the speech' '$t/terminal'"
refused "a file as speech model" 1 "folder" "$smac" analyze "$f" --model "$t/run/best.safetensors" --transcribe "$t/b.mp4"

# a file each
check "into a folder that is not there yet" analyze "$f" --format srt -o "$t/each/"
check "a file each" test "$(ls "$t/each" | tr '\n' ' ')" = "1.mp4.srt 2.mp4.srt 3.mp4.srt "
check "with the recording's own" sh -c "'$smac' analyze '$f/2.mp4' --model '$t/run/best.safetensors' --format srt -o '$t/two.srt' && cmp '$t/two.srt' '$t/each/2.mp4.srt'"
check "into a folder that is there" analyze "$f/1.mp4" -o "$t/each"
check "text when no format is named" grep -q 1.mp4 "$t/each/1.mp4.txt"
refused "subtitles of several in one file, before any work" 2 "FOLDER" "$smac" analyze "$f" --model "$t/nowhere" -o "$t/all.srt"
mkdir "$t/other"; cp "$t/b.mp4" "$t/other/2.mp4"
refused "two of one name" 1 "same name" "$smac" analyze "$f" "$t/other" --model "$t/run/best.safetensors" -o "$t/each"
refused "a folder where a file is" 1 "b.mp4" "$smac" analyze "$f" --model "$t/run/best.safetensors" -o "$t/b.mp4/"
echo "no video" >"$t/other/1.mp4"
refused "a bad one among them" 1 "1 of 3" "$smac" analyze "$t/other" "$golden/media/tone.mp3" --model "$t/run/best.safetensors" --format csv -o "$t/mixed"/
check "leaves the others" test "$(ls "$t/mixed" | tr '\n' ' ')" = "2.mp4.csv tone.mp3.csv "

# stopped half way, by Ctrl-C on a terminal once the third is at work: what was done is kept
for i in $(seq 4 99); do ln -s "$t/b.mp4" "$f/$i.mp4"; done
(for i in $(seq 600); do grep -qs "3 of 99" "$t/stopped" && break; sleep 0.05; done; printf '\003'; for i in $(seq 200); do [ -e "$t/d.csv" ] && break; sleep 0.05; done) |
  script -qfec "exec $smac analyze $f --model $t/run/best.safetensors --window 0.02 --hop 0.02 --format csv -o $t/d.csv" "$t/stopped" >"$t/out"
check "Ctrl-C ends with status 1" test "${PIPESTATUS[1]}" = 1
check "and says how many are done" grep -q "stopped; [0-9]* of 99 recordings are analysed" "$t/stopped"
check "which are written" grep -q "talks/10.mp4" "$t/d.csv"

# words beside recordings, and tracks
b=$t/beside; mkdir "$b" "$t/scripts"; cp "$t/b.mp4" "$b/one.mp4"; cp "$t/b.mp4" "$b/two.mp4"
printf '1\n00:00:00,000 --> 00:00:02,000\nA good film.\n' >"$b/one.srt"; sed 's/A good/A bad/' "$b/one.srt" >"$t/scripts/two.srt"
words() { sed -n "s|.*/$2.mp4,all,[^,]*,[^,]*,\([^,]*\),.*|\1|p" "$1"; }
check "a transcript beside a recording" analyze "$b" --format csv -o "$t/a.csv"
check "is read" test "$(words "$t/a.csv" one)/$(words "$t/a.csv" two)" = "A good film./"
check "a folder of transcripts" analyze "$b" --transcript "$t/scripts" --format csv -o "$t/a.csv"
check "has one for each recording" test "$(words "$t/a.csv" one)/$(words "$t/a.csv" two)" = "/A bad film."
check "given words come first" sh -c "'$smac' analyze '$b/one.mp4' --text other --model '$t/run/best.safetensors' | grep -q other"
check "a result as subtitles" analyze "$b/two.mp4" -o "$b/two.srt"
check "is not taken for a transcript" sh -c "'$smac' analyze '$b/two.mp4' --model '$t/run/best.safetensors' --format json | grep -q '\"words_from\": null'"
check "embedded subtitles" sh -c "'$smac' analyze '$golden/media/subtitles.mkv' --model '$t/run/best.safetensors' --format json | grep -q 'embedded subtitles'"
check "by utterance when words have times" sh -c "'$smac' analyze '$golden/media/subtitles.mkv' --model '$t/run/best.safetensors' --format csv >'$t/u.csv' && '$smac' analyze '$golden/media/subtitles.mkv' --segments utterance --model '$t/run/best.safetensors' --format csv | cmp - '$t/u.csv'"
check "or by window" sh -c "'$smac' analyze '$golden/media/subtitles.mkv' --segments window --model '$t/run/best.safetensors' --format csv | { ! cmp -s - '$t/u.csv'; }"
refused "another kind of segments" 2 "auto, utterance or window" "$smac" analyze "$golden/media/subtitles.mkv" --segments word --model "$t/run/best.safetensors"
check "can be refused" sh -c "'$smac' analyze '$golden/media/subtitles.mkv' --subtitles none --model '$t/run/best.safetensors' --format json | grep -q '\"words_from\": null'"
check "a named speech model comes before them" sh -c "'$smac' analyze '$golden/media/subtitles.mkv' --transcribe '$golden/speech/tiny' --model '$t/run/best.safetensors' --format json | grep -q 'Hello there' && exit 1 || true"

# results and streams: pipes, devices, names, what must not be written over
w=$t/w.wav; cp "$golden/media/stereo8.wav" "$w"; one() { "$smac" analyze "$w" --model "$t/run/best.safetensors" "$@"; }
refuse() { local name=$1 status=$2 says=$3; shift 3; refused "$name" "$status" "$says" "$smac" analyze --model "$t/run/best.safetensors" "$@"; }
refuse "the recording is not written over" 2 "would be lost" "$w" --format json -o "$w"
ln -s w.wav "$t/w.json"
refuse "nor by a link to it" 2 "would be lost" "$w" -o "$t/w.json"
refuse "an ending without a format" 2 "give --format" "$w" -o "$t/x.xml"
refuse "an empty name" 2 "is empty" "$w" -o ""
refuse "a folder that is not there, before any work" 1 "make it first" "$t/nowhere.wav" -o "$t/none/x.json"
mkfifo "$t/pipe.wav" "$t/result"
one --format csv -o "$t/file.csv" 2>"$t/err"; scores() { cut -d, -f2- "$1"; }
cat "$w" >"$t/pipe.wav" & check "a pipe as recording" analyze "$t/pipe.wav" --format csv -o "$t/pipe.csv"; wait $!
check "gives what the file gives" test "$(scores "$t/file.csv")" = "$(scores "$t/pipe.csv")"
for f in plain.mp4 subtitles.mkv vp9.webm; do
  analyze "$golden/media/$f" --format csv -o "$t/file.csv" 2>"$t/err"
  check "standard input: $f" sh -c "cat '$golden/media/$f' | '$smac' analyze - --model '$t/run/best.safetensors' --format csv -o '$t/pipe.csv'"
  check "gives what the file gives" test "$(scores "$t/file.csv")" = "$(scores "$t/pipe.csv")"
done
check "standard input from a file" sh -c "'$smac' analyze - --model '$t/run/best.safetensors' --format json <'$w' | grep -q '\"recording\": \"standard input\"'"
refuse "standard input twice" 2 "name it once" - -
refused "a pipe that nobody writes to ends with Ctrl-C" 124 "stopped as asked" timeout -s INT 1 "$smac" analyze "$t/pipe.wav" --model "$t/run/best.safetensors"
refused "a pipe as model" 1 "a pipe" "$smac" analyze "$w" --model "$t/pipe.wav"
cat "$t/result" >"$t/piped.json" & check "into a pipe" one --format json -o "$t/result"; wait $!
check "which stays one" test -p "$t/result" -a -s "$t/piped.json"
check "/dev/stdout" sh -c "'$smac' analyze '$w' --model '$t/run/best.safetensors' --format json -o /dev/stdout | grep -q '\"recording\"'"
refused "a full disk" 1 "No space left" sh -c "'$smac' analyze '$w' --model '$t/run/best.safetensors' >/dev/full"
refused "standard output closed" 1 "standard output" sh -c "'$smac' analyze '$w' --model '$t/run/best.safetensors' >&-"
refused "a list on a full disk" 1 "standard output" sh -c "'$smac' models list >/dev/full"
"$smac" analyze $(yes "$w" | head -150) --model "$t/run/best.safetensors" --format json 2>"$t/said" | head -1 >"$t/first"
check "a reader that has seen enough is not an error" test ! -s "$t/said" -a -s "$t/first"
cp "$w" "$t/$(printf 'caf\351.wav')"; cp "$w" "$t/$(printf 'two\nlines.wav')"
check "a name that is not UTF-8" sh -c "'$smac' analyze '$t'/caf*.wav --model '$t/run/best.safetensors' --format json | grep -q '\"recording\": .*caf.*wav'"
check "a name of two lines" sh -c "'$smac' analyze '$t'/two*.wav --model '$t/run/best.safetensors' | grep -q 'two?lines.wav'"
check "one modality has no disagreement" sh -c "'$smac' analyze '$w' --model '$t/run/best.safetensors' --format json | grep -A1 '\"disagreement\": {' | grep -q ': null'"
"$smac" analyze "$t"/caf*.wav --model "$t/run/best.safetensors" --format csv >"$t/named.csv" 2>"$t/notes"
check "CSV: every column's name once" sh -c "test -z \"\$(head -1 '$t/named.csv' | tr ',' '\n' | sort | uniq -d)\""
check "CSV: a name that is not UTF-8" sh -c "iconv -f UTF-8 -t UTF-8 '$t/named.csv' >/dev/null"
check "CSV: the notes are on standard error" grep -q '^note: the recording has no picture' "$t/notes"
check "HTML: a name that is not UTF-8" sh -c "'$smac' analyze '$t'/caf*.wav --model '$t/run/best.safetensors' --format html | iconv -f UTF-8 -t UTF-8 >/dev/null"
check "CSV: a cell is not a formula" sh -c "'$smac' analyze '$w' --model '$t/run/best.safetensors' --text '=1+1' --format csv | grep -q \",'=1+1,\""
"$smac" analyze "$w" --model "$t/run/best.safetensors" --text 'left --> right' --format srt >"$t/arrow.srt" 2>/dev/null
check "SRT: words hold no arrow" sh -c "grep -q 'left -> right' '$t/arrow.srt' && ! grep -e '-->' '$t/arrow.srt' | grep -vq '^[0-9:,]* --> [0-9:,]*$'"
: >"$t/bad.mp4"
check "several named give a list, however many are good" sh -c "'$smac' analyze '$w' '$t/bad.mp4' --model '$t/run/best.safetensors' --format json 2>/dev/null | head -1 | grep -qx '\['"
check "help of a command" sh -c "'$smac' help analyze | grep -q -- --window"
exit 0
