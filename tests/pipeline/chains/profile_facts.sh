#!/usr/bin/env bash
# Both halves of the toolkit: a fact model's step is profiled, its bits are planned, and it trains with them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
PATH=$TERSE_BIN:$PATH
nations=$TERSE_DATA/kb/nations
train() { relsim-train facts "$nations/train.tsv" --valid "$nations/valid.tsv" --hidden 128 --start-epochs 4 --epochs 4 -q "$@"; }
number() { tail -n 1 "$2" | grep -o "\"$1\":[^,}]*" | cut -d: -f2; }
train --metrics exact.json -o exact.facts
act-profile --model facts:exact.facts --sensitivity fast -q -o facts.profile
act-profile --model facts:exact.facts --sensitivity fast -q | cmp facts.profile -
act-inspect --tensors facts.profile > tensors
# The hidden layers of both perceptrons, whose values are rounded and whose signs are not.
[ "$(awk -F '\t' '$11 == "quantized" && $13 > 0 { print $1 }' tensors | paste -sd ' ')" = \
  "head/addmm#2:mat1 head/addmm#3:mat1 tail/addmm#2:mat1 tail/addmm#3:mat1" ]
[ "$(awk -F '\t' '$11 == "mask"' tensors | wc -l)" = 4 ]
# As much as the run kept, but for the distinct queries of one batch and another.
awk -v a="$(number activation_bytes_exact exact.json)" -v b="$(act-inspect facts.profile | awk '$1 == "activation_bytes_exact" { print $2 }')" \
  'BEGIN { exit !(b <= a && b > 0.9 * a) }'
act-profile --plan facts.profile --level L2.2 -q | tee facts.policy | train --policy - --metrics planned.json -o planned.facts
act-inspect planned.facts | grep -qxF "$(printf 'level\tL2.2')"
[ "$(act-inspect planned.facts | awk '$1 == "parents" { print $2 }')" = "$(act-inspect facts.policy | awk '$1 == "digest" { print $2 }')" ]
[ $(($(number activation_bytes_stored planned.json) * 12)) -lt "$(number activation_bytes_exact planned.json)" ]
awk -v a="$(number held_out_nats exact.json)" -v b="$(number held_out_nats planned.json)" 'BEGIN { exit !(b < a + 0.05 && b > a - 0.05) }'

refused() {
  local status=$1 message=$2 got=0
  shift 2
  "$@" -o none 2> err || got=$?
  if [ $got != "$status" ] || ! grep -qF -- "$message" err || [ -e none ]; then
    echo "$*: status $got, expected $status and '$message':"
    cat err
    exit 1
  fi
}
refused 2 "brings its own facts" act-profile --model facts:exact.facts --data random:4
refused 2 "relsim-train facts" act-train --profile facts.profile --steps 1
refused 2 "a policy is for levels" train --level L1 --policy <(act-profile --plan facts.profile -q)
refused 66 "nowhere" act-profile --model facts:nowhere
relsim-train facts "$nations/train.tsv" --model counts -q -o counts.facts
refused 65 "model of counts" act-profile --model facts:counts.facts
