#!/usr/bin/env bash
# semanticmac extract: vectors are made once, an interrupted run goes on, train decodes nothing of what is stored.
. "$(dirname "$0")/../support/cli.sh"
"$smac" synth "$t/data" --clips 12 --seed 5 >/dev/null 2>&1
tiny=$(echo $tiny) # on one line
set="--set audio.encoder=$golden/speech/tiny --set audio.trainable_blocks=0 --set audio.voice_gate=false --set model.text=false --set model.vision=false"
check "extract" sh -c "'$smac' extract --data '$t/data' --dataset sims $set >'$t/first'"
check "every clip has new vectors" grep -q '^12 clips: 0 vectors were in the store, 12 are new$' "$t/first"
check "again" sh -c "'$smac' extract --data '$t/data' --dataset sims $set >'$t/second'"
check "nothing is made twice" grep -q '^12 clips: 12 vectors were in the store, 0 are new$' "$t/second"
store=$(ls "$t"/store/*.store); size=$(stat -c %s "$store"); truncate -s $((size - 100)) "$store" # as kill -9 may leave it
check "after a record was cut" sh -c "'$smac' extract --data '$t/data' --dataset sims $set >'$t/third'"
check "one clip is made again" grep -q '^12 clips: 11 vectors were in the store, 1 are new$' "$t/third"
check "the store is whole again" test "$(stat -c %s "$store")" = "$size"
check "train takes them" sh -c "'$smac' train --data '$t/data' --dataset sims --out '$t/run' $tiny $set --set train.epochs=1 2>'$t/said'"
check "and makes none" grep -q 'from the feature store, 0 new' "$t/said"
export SEMANTICMAC_STORE=$t/killed # kill -9 in the middle: what was finished is not made again
"$smac" synth "$t/more" --clips 60 --seed 6 --size 64 >/dev/null 2>&1
"$smac" extract --data "$t/more" --dataset sims $set --set train.threads=1 >/dev/null 2>&1 & victim=$!
for i in $(seq 200); do [ "$(stat -c %s "$SEMANTICMAC_STORE"/*.store 2>/dev/null || echo 0)" -gt 3000 ] && break; sleep 0.02; done
kill -9 $victim 2>/dev/null; wait $victim 2>/dev/null
check "after kill -9" sh -c "'$smac' extract --data '$t/more' --dataset sims $set >'$t/fourth'"
check "finished clips are not made again" sh -c "sed -n 's/^60 clips: \([0-9]*\) vectors were in the store, \([0-9]*\) are new$/\1 \2/p' '$t/fourth' | awk '{exit !(\$1 > 0 && \$1 + \$2 == 60)}'"
export SEMANTICMAC_STORE=$t/shared # two runs that fill one store at once
"$smac" extract --data "$t/more" --dataset sims $set >"$t/one" 2>&1 & first=$!
"$smac" extract --data "$t/more" --dataset sims $set >"$t/two" 2>&1; two=$?
wait $first; one=$?
check "two runs at once: both end well" test "$one $two" = "0 0"
check "together they have every clip" sh -c "'$smac' extract --data '$t/more' --dataset sims $set | grep -q '^60 clips: 60 vectors were in the store, 0 are new$'"
export SEMANTICMAC_STORE=$t/full # a full disk, played by a limit on the size of files
refused "a full disk" 1 "cannot be written" bash -c "trap '' XFSZ; ulimit -f 4; '$smac' extract --data '$t/more' --dataset sims $set"
check "what was written before is whole" sh -c "'$smac' extract --data '$t/more' --dataset sims $set | grep -qE '^60 clips: [1-9][0-9]* vectors were in the store, [1-9][0-9]* are new$'"
export SEMANTICMAC_STORE=$t/store
refused "no frozen encoder" 1 "trainable_blocks=0" "$smac" extract --data "$t/data" --dataset sims --set model.text=false
refused "no data" 2 "give --data" "$smac" extract $set
