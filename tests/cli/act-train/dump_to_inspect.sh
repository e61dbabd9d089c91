#!/usr/bin/env bash
# A dump streams to act-inspect through a pipe; nothing else is on standard output.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
[ -x "$TERSE_BIN/act-inspect" ] || exit 77
train=("$TERSE_BIN/act-train" --model resnet18 --data random:1x16x16,classes=3,count=64 --batch 8 --steps 2 --no-eval -q)
"${train[@]}" --dump - --dump-exact | "$TERSE_BIN/act-inspect" --tensors > table
grep -q 'layer1.0' table
grep -q 'affine' table
grep -q 'mask' table
"${train[@]}" --dump - | "$TERSE_BIN/act-inspect" --verify
"${train[@]}" --dump-step 1 --dump first.dump
"$TERSE_BIN/act-inspect" first.dump > /dev/null
