#!/usr/bin/env bash
# Text and graphs train to what a look at the data says; their models hold vocabulary and classes.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
"$TERSE_BIN/act-train" --model text:dim=16,heads=2,depth=1 \
  --data "text:$TERSE_DATA/text/train.tsv,dev=$TERSE_DATA/text/dev.tsv" --batch 4 --epochs 40 --optimizer adamw --lr 0.01 \
  -q --metrics - -o text.model | tail -1 > final
grep -q '"accuracy":1.0' final
"$TERSE_BIN/act-train" --model gcn --data "graph:$TERSE_DATA/graph" --epochs 60 --optimizer adam --lr 0.02 -q --metrics - \
  | tail -1 > final
grep -q '"evaluation_examples":1,.*"accuracy":1.0' final
