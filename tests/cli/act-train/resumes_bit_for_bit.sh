#!/usr/bin/env bash
# A run that SIGTERM stopped and --resume continued ends with the model of an uninterrupted run.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
training=("$TERSE_BIN/act-train" --model resnet18 --data random:1x16x16,classes=3,count=64 --batch 8 --steps 60
  --schedule cosine --no-eval -q)
"${training[@]}" --threads 1 -o whole.model
: > lines # there before the first look at it
"${training[@]}" --threads 1 --checkpoint state --metrics - -o half.model >> lines &
pid=$!
while [ "$(wc -l < lines)" -lt 3 ]; do sleep 0.05; done
kill -TERM $pid
status=0
wait $pid || status=$?
[ $status = 143 ]
[ ! -e half.model ]
[ -z "$(ls | grep -v -e whole.model -e state -e lines)" ]
[ "$(wc -l < lines)" -lt 60 ]
status=0
"${training[@]}" --threads 2 --checkpoint state --resume -o half.model 2> message || status=$?
[ $status = 2 ]
grep -q "state/last.checkpoint: was saved with threads 1, this run has 2" message
"${training[@]}" --threads 1 --checkpoint state --resume -o half.model
cmp whole.model half.model
