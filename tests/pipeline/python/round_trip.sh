#!/usr/bin/env bash
# Python -> .pt2 -> act-train -> Python: the same losses, weights that load_state_dict takes, and back with --init.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/environment.bash"
use_python
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$python" "$here/round_trip.py" export
train=("$TERSE_BIN/act-train" --model export:net.pt2 --data tensors:data.npz --batch 32 --steps 6 --optimizer sgd
  --lr 0.1 --no-eval --quiet)

"${train[@]}" --level L0 --metrics exact.jsonl -o exact.model
"${train[@]}" --level L1 --metrics lossy.jsonl -o lossy.model
"$TERSE_BIN/act-inspect" exact.model --safetensors exact.safetensors
"$python" "$here/round_trip.py" compare

# And from weights that Python saved: what the fourth step begins with.
"${train[@]}" --level L0 --init python.safetensors --metrics resumed.jsonl -o resumed.model
"$python" "$here/round_trip.py" resumed
