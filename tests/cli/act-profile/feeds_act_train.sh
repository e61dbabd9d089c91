#!/usr/bin/env bash
# A profile lists saved tensors and gives act-train its model, data and batch.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
"$TERSE_BIN/act-profile" --model mlp:hidden=64 --data random:32,classes=3,count=64 --batch 16 --sensitivity exact \
  -o net.profile 2> said
grep -q 'saved tensors' said
"$TERSE_BIN/act-train" --profile net.profile --steps 2 --no-eval --metrics - -q > direct
"$TERSE_BIN/act-train" --model mlp:hidden=64 --data random:32,classes=3,count=64 --batch 16 --steps 2 --no-eval \
  --metrics - -q > spelled
strip() { sed -E 's/"(peak_[a-z_]*|step_seconds)":[^,}]*//g' "$1"; }
[ "$(strip direct)" = "$(strip spelled)" ]
# The command line wins over the profile.
"$TERSE_BIN/act-train" --profile net.profile --batch 8 --steps 2 --no-eval --metrics - -q > other
[ "$(strip direct)" != "$(strip other)" ]
# A profile comes through a pipe.
"$TERSE_BIN/act-profile" --model mlp:hidden=64 --data random:32,classes=3,count=64 --batch 16 -q |
  "$TERSE_BIN/act-train" --profile - --steps 2 --no-eval --metrics - -q > piped
[ "$(strip direct)" = "$(strip piped)" ]
