#!/usr/bin/env bash
# --entropy: no more bytes, the same for any number of threads, a dump that reads, and neither budgets nor other resumes.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }
run=("$TERSE_BIN/act-train" --model text:dim=64,heads=2,depth=2 --data random:64,vocabulary=20,count=64 --batch 16 --steps 3 --no-eval -q)
last() { tail -n 1 "$1" | grep -o "\"$2\":[^,}]*" | cut -d: -f2; }

"${run[@]}" --level L1.2 -j 1 --metrics plain.jsonl -o plain.model
"${run[@]}" --level L1.2 --entropy -j 1 --metrics coded.jsonl -o coded.model --checkpoint state
plain=$(last plain.jsonl activation_bytes_stored) coded=$(last coded.jsonl activation_bytes_stored)
[ "$coded" -le "$plain" ] || fail "$coded bytes, $plain without"
[ "$coded" -ge $((plain * 8 / 10)) ] || fail "$coded bytes of $plain: the bits are not used"
! cmp -s plain.model coded.model || fail "nothing changed"
"${run[@]}" --level L1.2 --entropy -j 1 -o again.model
"$TERSE_BIN/act-inspect" --diff coded.model again.model

"${run[@]}" --level L1.2 --entropy -j 2 --dump step.dump --dump-exact -o /dev/null
"$TERSE_BIN/act-inspect" --verify step.dump
"$TERSE_BIN/act-inspect" --tensors step.dump | grep -q quantized || fail "no rounded tensor in the dump"

status=0; "${run[@]}" --level L1.2 -j 1 --checkpoint state --resume -o no.model 2> error || status=$?
[ $status = 2 ] && grep -q entropy error || fail "resumed without --entropy: $status, $(cat error)"
# Levels L2.1 and L2.2 do it by themselves, L2 and a budget do not.
differ() { { "$TERSE_BIN/act-inspect" --diff "$1" "$2" || true; } | grep -q ^parameter; }
for level in L2.1 L2.2; do
  "${run[@]}" --level $level -j 1 -o default.model
  "${run[@]}" --level $level --entropy -j 1 -o with.model
  "${run[@]}" --level $level --no-entropy -j 1 -o without.model
  ! differ default.model with.model || fail "$level codes no entropy"
  differ default.model without.model || fail "$level codes whatever is asked for"
done
"${run[@]}" --level L2 -j 1 -o default.model
"${run[@]}" --level L2 --no-entropy -j 1 -o without.model
! differ default.model without.model || fail "L2 codes entropy"
"${run[@]}" --level L2.2 --budget 1G -o budget.model
status=0; "${run[@]}" --entropy --budget 1G -o no.model 2> error || status=$?
[ $status = 2 ] && grep -q budget error || fail "a budget with --entropy: $status, $(cat error)"
