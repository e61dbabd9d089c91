#!/usr/bin/env bash
# --init starts from a model's weights: nearly no training leaves its evaluation as it was.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
run() {
  "$TERSE_BIN/act-train" --model mlp:hidden=32 --data "tensors:$TERSE_DATA/tensors.npz" --batch 6 -q --metrics - "$@" |
    tail -1 | sed -E 's/.*"evaluation_loss":([^,]*).*/\1/'
}
trained=$(run --steps 200 -o a.model)
again=$(run --steps 1 --lr 1e-12 --seed 9 --init a.model)
fresh=$(run --steps 1 --lr 1e-12 --seed 9)
awk -v a="$trained" -v b="$again" -v c="$fresh" 'BEGIN { exit !((a - b)^2 < 1e-8 && (a - c)^2 > 1e-4) }'
