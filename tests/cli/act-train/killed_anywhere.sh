#!/usr/bin/env bash
# kill -9 at random moments of an adaptive run, resumed each time: the run that goes on ends with the uninterrupted
# one's model and checkpoint (sensitivities and bits included), byte for byte. TERSE_KILLS says how often (default 6).
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
kills=${TERSE_KILLS:-6}
training=("$TERSE_BIN/act-train" --model text:dim=16,heads=2,depth=1,dropout=0.1 --data random:24,vocabulary=50,count=64
  --batch 8 --steps $((kills * 60)) --optimizer adam --level L2.2 --adapt-every 10 --no-eval -q --threads 1)
"${training[@]}" --checkpoint whole -o whole.model
RANDOM=7
killed=0 resume=
for ((tries = 0; killed < kills && tries < 20 * kills; ++tries)); do
  : > lines
  "${training[@]}" --checkpoint state --checkpoint-every 3 $resume --metrics - > lines 2> message &
  pid=$!
  enough=$((1 + RANDOM % 20))
  while [ "$(wc -l < lines)" -lt $enough ] && kill -0 $pid 2> /dev/null; do sleep 0.01; done
  kill -KILL $pid 2> /dev/null || true
  status=0
  wait $pid || status=$?
  [ $status = 137 ] || { echo "ended with $status before it was killed"; cat message; exit 1; }
  killed=$((killed + 1))
  [ ! -e state/last.checkpoint ] || resume=--resume
done
[ $killed = "$kills" ]
"${training[@]}" --checkpoint state --resume -o killed.model
cmp whole.model killed.model
cmp whole/last.checkpoint state/last.checkpoint
[ -z "$(ls -A state | grep -vx last.checkpoint)" ] || { echo "left over:"; ls -A state; exit 1; }
