#!/usr/bin/env bash
# What a network does not take is said before it is trained; a network of a fixed batch is evaluated on every example;
# and the model is there before it is evaluated.
source "$(dirname "${BASH_SOURCE[0]}")/../common.bash"
cp "$TERSE_DATA"/export/{fixed_batch,convnet}.pt2 .

fixed=(act-train --model export:fixed_batch.pt2 --level L1 -q)
expect 0 "${fixed[@]}" --data random:6,classes=3,count=18,test=11 --batch 4 --steps 3 --metrics metrics -o fixed.model
tail -n 1 metrics >final
says final '"evaluation_examples":11'
expect 65 "${fixed[@]}" --data random:6,classes=3,count=18,test=11 --batch 5 --steps 3 --metrics early -o none.model
says err "dimension 0 was exported as 4 (give --batch 4, or export it as dynamic to vary it)"
[ ! -e early ] || ! grep -q '"step"' early || fail "a step was done before the shapes were checked"

# The third class may not be in the first batch.
expect 2 "${fixed[@]}" --no-eval --data random:6,classes=30,count=200,test=4 --batch 4 --steps 3 -o none.model
says err "at least 30 columns"
[ ! -e none.model ] || fail "a model of a run that failed"

# Killed while it evaluates.
act-train --model export:convnet.pt2 --data random:3x8x8,classes=5,count=8,test=400000 --batch 8 --steps 1 -j 1 -q -o whole.model &
run=$!
for _ in {1..600}; do
  [ -e whole.model ] && break
  sleep 0.1
done
[ -e whole.model ] || fail "no model before the evaluation"
kill -KILL "$run" || fail "the evaluation was over when the model appeared"
wait "$run" || true
expect 0 act-inspect --verify whole.model
