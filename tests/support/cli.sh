# tests/support/cli.sh - what the scripts of tests/cli begin with: `set -u; source .../support/cli.sh BUILD`.
# It gives smac (the program), root, golden, t (a folder that goes away at the end; no installed models), check, refused,
# and tiny (settings of a model that trains in a second).
smac=$1/semanticmac
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
golden=$root/tests/golden
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-2}
t=$(mktemp -d); trap 'rm -rf "$t"' EXIT
export SEMANTICMAC_MODELS=$t/models SEMANTICMAC_STORE=$t/store; unset SEMANTICMAC_HUB
most_lines=4 # of a refusal
check() { # name, command...
  local name=$1; shift
  if "$@" >"$t/out" 2>"$t/err"; then echo "ok $name"; else echo "not ok $name"; head -3 "$t/err"; head -3 "$t/out"; fi
}
refused() { # name, wanted status, what the message says, command...
  local name=$1 status=$2 says=$3; shift 3
  timeout 120 "$@" >"$t/out" 2>"$t/err" </dev/null; local got=$?
  if [ $got = "$status" ] && grep -q -- "$says" "$t/err" && [ "$(wc -l <"$t/err")" -le $most_lines ]; then echo "ok $name"
  else echo "not ok $name (status $got, expected $status, message to hold \"$says\")"; head -3 "$t/err"; fi
}
tiny="--set audio.voice_gate=false --set model.width=16 --set model.heads=2 --set model.head_width=8 --set text.width=16 --set text.layers=1 --set text.heads=2 --set text.hidden=16
  --set audio.width=16 --set audio.layers=1 --set audio.heads=2 --set audio.hidden=16 --set audio.out_width=16 --set audio.kernel=32 --set audio.stride=32
  --set vision.width=16 --set vision.layers=1 --set vision.heads=2 --set vision.hidden=16 --set vision.out_width=16 --set vision.image_size=32
  --set vision.patch=8 --set perceiver.latents=2 --set perceiver.layers=1 --set interaction.queries=2 --set interaction.layers=1 --set contrast.projection=8
  --set train.batch=8"
