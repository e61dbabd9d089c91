#!/usr/bin/env bash
# What cannot work is refused with one line and the right status, before any training.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
expect() {
  local status=$1 message=$2 got=0
  shift 2
  "$TERSE_BIN/act-train" -q "$@" > out 2> err || got=$?
  if [ $got != "$status" ] || ! grep -qF -- "$message" err || [ -s out ]; then
    echo "act-train $*: status $got, expected $status and '$message':"
    cat err
    exit 1
  fi
}
data=(--data random:1x16x16,classes=3,count=64 --batch 8 --steps 1 --no-eval)
expect 2 "no model" "${data[@]}" -o m
expect 2 "no data" --model mlp -o m
expect 2 "unknown model 'resnet19' (mlp, resnet18" --model resnet19 "${data[@]}" -o m
expect 2 "model resnet18: unknown key 'width' (" --model resnet18:width=2 "${data[@]}" -o m
expect 2 "unknown data 'mnist' (fashion-mnist" --model mlp --data mnist -o m
expect 2 "only one of" --model mlp "${data[@]}" --metrics - --dump -
expect 2 "step 2 to be dumped is not in this run" --model mlp "${data[@]}" --dump d --dump-step 2 -o m
expect 2 "batch 8 is larger than the data set" --model mlp --data random:4,count=5 --batch 8 -o m
expect 2 "--resume" --model mlp "${data[@]}" --resume -o m
expect 66 "nowhere" --model mlp --data text:nowhere -o m
expect 66 "nowhere.profile" --profile nowhere.profile -o m
expect 66 "state/last.checkpoint" --model mlp "${data[@]}" --checkpoint state --resume -o m
printf 'good\t1\nbad\n' > t.tsv
expect 65 "t.tsv:2: expected sentence<TAB>label" --model text --data text:t.tsv -o m
expect 65 "t.tsv" --profile t.tsv -o m
expect 65 "t.tsv" --model mlp "${data[@]}" --init t.tsv -o m
expect 77 "--trust-model" --model script:net.pt "${data[@]}" -o m
expect 74 "/dev/full" --model mlp "${data[@]}" --metrics /dev/full -o m
[ ! -e m ]
