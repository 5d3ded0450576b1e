#!/usr/bin/env bash
# semanticmac extract: vectors are made once, an interrupted run goes on, train decodes nothing of what is stored.
. "$(dirname "$0")/../support/cli.sh"
"$smac" synth "$t/data" --clips 12 --seed 5 >/dev/null 2>&1
tiny=$(echo $tiny) # on one line
set="--set audio.encoder=$golden/speech/tiny --set audio.trainable_blocks=0 --set model.text=false --set model.vision=false"
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
refused "no frozen encoder" 1 "trainable_blocks=0" "$smac" extract --data "$t/data" --dataset sims --set model.text=false
refused "no data" 2 "give --data" "$smac" extract $set
