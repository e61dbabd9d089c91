#!/usr/bin/env bash
# Profile once, plan, train at a policy's bits; adaptive runs repeat and resume themselves bit for bit.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }
net=(--model text:dim=32,heads=2,depth=2 --data random:12,vocabulary=20,count=64 --batch 8 -j 1)
last() { tail -n 1 "$1" | grep -o "\"$2\":[^,}]*" | cut -d: -f2; }

for method in fast exact; do
  "$TERSE_BIN/act-profile" "${net[@]}" --sensitivity $method -q -o $method.profile
  "$TERSE_BIN/act-profile" --plan $method.profile --level L2.2 -o $method.policy 2> said
  grep -q "the least there is" said || fail "$(cat said)"
done
"$TERSE_BIN/act-profile" "${net[@]}" --sensitivity fast -q -o again.profile
cmp fast.profile again.profile
"$TERSE_BIN/act-inspect" --json fast.policy > summary
grep -q '"level": *"L2.2"' summary || fail "$(cat summary)"

# A policy's bits stay where nothing is to be adapted, and take no more bytes than two bits for every element that would
# have to be rounded: those of derived tensors go to the others.
"$TERSE_BIN/act-train" "${net[@]}" --policy fast.policy --adapt-every 0 --steps 3 --no-eval -q --metrics fixed.jsonl -o /dev/null
"$TERSE_BIN/act-train" "${net[@]}" --level L1.2 --steps 3 --no-eval -q --metrics plain.jsonl -o /dev/null
derived=$("$TERSE_BIN/act-inspect" fast.profile | awk '$1 == "derived" { print $3 / 16 }')
rounded=$(last plain.jsonl activation_bytes_stored)
awk -v stored="$(last fixed.jsonl activation_bytes_stored)" -v plain="$rounded" -v derived="$derived" \
  'BEGIN { exit !(derived > 0 && stored > plain && stored <= plain + derived) }' || fail "$rounded $derived"
[ "$(last fixed.jsonl steps_spent_on_probes)" = 0.0 ]
# Another level makes its own choice of the same sensitivities.
"$TERSE_BIN/act-train" "${net[@]}" --policy fast.policy --level L2 --adapt-every 0 --steps 3 --no-eval -q --metrics more.jsonl -o /dev/null
[ "$(last more.jsonl activation_bytes_stored)" -gt "$(last fixed.jsonl activation_bytes_stored)" ]

run=("$TERSE_BIN/act-train" "${net[@]}" --level L2.2 --adapt-every 3 --steps 40 --no-eval -q)
"${run[@]}" --metrics whole.jsonl -o whole.model
"${run[@]}" --metrics - -o again.model > /dev/null
cmp whole.model again.model
grep -q quantization_variance_measured whole.jsonl || fail "no check of the variance"
"${run[@]}" --checkpoint state --metrics lines --checkpoint-every 1 -o half.model &
pid=$!
while [ ! -e state/last.checkpoint ]; do sleep 0.02; done
kill -KILL $pid || true
wait $pid || true
"${run[@]}" --checkpoint state --resume -o half.model
cmp whole.model half.model

status=0
"$TERSE_BIN/act-train" "${net[@]}" --policy fast.policy --level L1 --steps 1 -q -o m 2> err || status=$?
[ $status = 2 ] && grep -q "a policy is for levels L2" err || fail "$(cat err)"
status=0
"$TERSE_BIN/act-profile" "${net[@]}" -q -o none.profile
"$TERSE_BIN/act-profile" --plan none.profile -q -o m 2> err || status=$?
[ $status = 2 ] && grep -q "no sensitivities" err || fail "$(cat err)"
