#!/usr/bin/env bash
# A run writes a line of metrics a step, a final one with the evaluation, and a model; the same command, the same bytes.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
run() {
  "$TERSE_BIN/act-train" --model mlp:hidden=32 --data random:16,classes=3,count=64,test=16 --batch 8 --steps 5 \
    --threads 1 -q "$@"
}
run --metrics metrics -o a.model
run --metrics - -o b.model > metrics.stdout
cmp a.model b.model
[ "$(wc -l < metrics)" = 6 ]
for key in step loss activation_bytes_exact activation_bytes_stored peak_allocated_bytes peak_resident_bytes \
  step_seconds; do
  [ "$(grep -c "\"$key\":[0-9]" metrics)" = 6 ]
done
tail -1 metrics | grep -q '"final":true.*"evaluation_examples":16,.*"accuracy":'
# All but time and memory is the same where the metrics go to standard output.
strip() { sed -E 's/"(peak_[a-z_]*|step_seconds)":[^,}]*//g' "$1"; }
[ "$(strip metrics)" = "$(strip metrics.stdout)" ]
# Without -o the model goes to standard output.
run --no-eval > c.model
head -c 4 c.model | od -An -tx1 | grep -Eq '5[0-9a-f] 2a 4d 18'
# Another seed, another model.
run --seed 2 -o d.model
! cmp -s a.model d.model
# A run that diverges leaves the metrics of the steps before, and no model.
status=0
run --lr 1e30 --metrics diverged -o none.model 2> said || status=$?
[ "$status" = 1 ]
grep -q "the loss is not finite" said
[ "$(wc -l < diverged)" -ge 1 ]
! grep -q '"final"' diverged
[ ! -e none.model ]
