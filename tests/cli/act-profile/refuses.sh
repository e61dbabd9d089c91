#!/usr/bin/env bash
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
expect() {
  local status=$1 message=$2 got=0
  shift 2
  "$TERSE_BIN/act-profile" -q "$@" > out 2> err || got=$?
  if [ $got != "$status" ] || ! grep -qF -- "$message" err || [ -s out ]; then
    echo "act-profile $*: status $got, expected $status and '$message':"
    cat err
    exit 1
  fi
}
expect 2 "--model" --data random:4
expect 2 "--data" --model mlp
expect 2 "none|fast|exact" --model mlp --data random:4 --sensitivity slow
expect 2 "--plan" --model mlp --data random:4 --level L2
expect 66 "nowhere" --plan nowhere
expect 2 "takes a graph" --model gcn --data random:4 -o p
expect 74 "/dev/full" --model mlp --data random:4,count=8 --batch 8 -o /dev/full
[ ! -e p ]
