#!/usr/bin/env bash
# The default model from the sets: trains by default.yaml, measures it, and packs it.
# usage: run.sh SEMANTICMAC DATA OUT [SETTING=VALUE ...]     DATA holds goemotions, meld, mosi, mustard, urfunny, ravdess,
# emodb and faces; OUT gets run/, a JSON for each set and default.safetensors.  Stopped, it goes on where it was.
set -eu
program=$(realpath "$1") data=$2 out=$(realpath -m "$3")
shift 3
here=$(realpath "$(dirname "$0")")
settings=()
for setting in "$@"; do settings+=(--set "$setting"); done
mkdir -p "$out"
cd "$data"
[ -e "$out/done" ] || "$program" train --config "$here/default.yaml" "${settings[@]}" --out "$out/run" --skip-bad --resume
touch "$out/done"
model=$out/run/best.safetensors
measure() { # name, layout, options...
  local name=$1 layout=$2
  shift 2
  [ ! -d "$name" ] || "$program" evaluate --model "$model" --data "$name" --dataset "$layout" "$@" --split valid --skip-bad --json "$out/$name.json"
}
for set in goemotions meld mosi mustard urfunny faces; do measure "$set" "$set"; done
for set in ravdess emodb; do measure "$set" "$set" --use audio; done
"$program" pack "$model" -o "$out/default.safetensors" --name default
