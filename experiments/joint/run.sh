#!/usr/bin/env bash
# The datasets of DATA/{mosi,meld,mustard,ravdess,cremad} each alone and all in one run: each task's validation figure, joint
# beside alone.  usage: run.sh SEMANTICMAC DATA OUT [SETTING=VALUE ...]   (settings are for all runs)
# A run that has ended is not repeated.  minilm-l6 and whisper-base must be installed (semanticmac models fetch).
set -eu
program=$1 data=$2 out=$3
shift 3
here=$(dirname "$0")
sets=(mosi meld mustard ravdess cremad)
declare -A task=([mosi]=sentiment [meld]=emotion [mustard]=sarcasm [ravdess]=emotion [cremad]=sentiment)
settings=()
for setting in "$@"; do settings+=(--set "$setting"); done

options() { # of a dataset
  printf '%s\0' --data "$data/$1" --dataset "$1" --task "${task[$1]}"
}
train() { # name, datasets...
  local name=$1 list=() set
  shift
  for set in "$@"; do mapfile -d '' -t -O "${#list[@]}" list < <(options "$set"); done
  [ -e "$out/$name/done" ] || "$program" train --config "$here/joint.yaml" "${list[@]}" "${settings[@]}" --out "$out/$name" --resume
  touch "$out/$name/done"
}
evaluate() { # run, dataset -> the figure that its task is chosen by
  local list=()
  mapfile -d '' -t list < <(options "$2")
  "$program" evaluate --model "$out/$1/best.safetensors" "${list[@]}" --split valid --json "$out/$1/$2.json" >&2
  python3 - "$out/$1/$2.json" <<'PYTHON'
import json, sys
task = list(json.load(open(sys.argv[1]))["tasks"].values())[0]["metrics"]
names = ("MAE", "Corr") if "MAE" in task else ("weighted_F1", "accuracy")
print(" ".join(f"{n} {task[n]:.4f}" for n in names))
PYTHON
}
for set in "${sets[@]}"; do train "$set" "$set"; done
train joint "${sets[@]}"
echo "| dataset | alone | joint |"
echo "|---|---|---|"
for set in "${sets[@]}"; do echo "| $set | $(evaluate "$set" "$set") | $(evaluate joint "$set") |"; done
