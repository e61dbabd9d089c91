# A second tier and recomputed blocks: the same run in other memory; a disk that is full ends it with one line.
source "$TERSE_SOURCE/tests/cli/common.bash"
mkdir disk
run=(act-train --model resnet18 --data random:3x32x32,classes=4,count=64 --batch 8 --no-eval -q -j 1)

# losses FILE: the loss of each step.
losses() {
  grep -v '"final"' "$1" | grep -o '"loss":[^,]*'
}

# L3, L4bit-swap and swap are L2, L1 and L0 in a second tier, to the last bit.
for levels in "L3 L2" "L4bit-swap L1" "swap L0"; do
  read -r swapping plain <<< "$levels"
  expect 0 "${run[@]}" --steps 3 --level "$swapping" --swap disk --swap-memory 1M --metrics swapped
  expect 0 "${run[@]}" --steps 3 --level "$plain" --metrics plain
  cmp <(losses swapped) <(losses plain) || fail "$swapping trains to something else than $plain"
  [ "$(losses plain | wc -l)" = 3 ] || fail "$(cat plain)"
  grep -q '"swapped_bytes":[1-9]' swapped || fail "$(cat swapped)"
  grep -q '"swap_wait_seconds":' swapped || fail "$(cat swapped)"
  ! grep -q swap plain || fail "$(cat plain)"
  [ -z "$(ls disk)" ] || fail "left behind: $(ls disk)"
done

# Recomputation keeps the run, too, where nothing is rounded.
expect 0 "${run[@]}" --steps 3 --level swap --recompute blocks --swap disk --metrics recomputed
cmp <(losses recomputed) <(losses plain) || fail "recomputed blocks train to something else"

# Slices of the batch: the same sums in another order, in less memory.
deep=(act-train --model vit:dim=64,depth=2,patch=4,heads=4 --data random:1x32x32,classes=4,count=64 --batch 32 -q -j 1
  --level L0 --recompute blocks --steps 3 --no-eval)
expect 0 "${deep[@]}" --metrics whole -o /dev/null
expect 0 "${deep[@]}" --metrics sliced -o /dev/null --recompute-slices 5
peak() { tail -n 1 "$1" | grep -o '"peak_allocated_bytes":[0-9]*' | cut -d: -f2; }
paste <(losses whole) <(losses sliced) | tr ':' '\t' | awk '{ d = $2 - $4; if (d < 0) d = -d; if (d > 1e-4) exit 1; n++ } END { exit n != 3 }' \
  || fail "$(paste <(losses whole) <(losses sliced))"
[ $((2 * $(peak sliced))) -lt "$(peak whole)" ] || fail "$(peak sliced) bytes of $(peak whole)"
expect 2 "${run[@]}" --steps 3 --recompute blocks --recompute-slices 2
says err "recompute-slices: in layer1.0 the examples of a batch may meet"
expect 2 "${run[@]}" --steps 3 --recompute-slices 2
says err "recompute-slices: nothing is recomputed"

# A run that was stopped goes on to the same model.
parts=(--level L3 --recompute 'layer[1-3].*' --swap disk)
expect 0 "${run[@]}" --steps 3 "${parts[@]}" -o whole.model
expect 0 "${run[@]}" --steps 2 "${parts[@]}" --checkpoint state -o half.model
expect 0 "${run[@]}" --steps 3 "${parts[@]}" --checkpoint state --resume -o resumed.model
cmp whole.model resumed.model || fail "the resumed run came to another model"
expect 2 "${run[@]}" --steps 3 --level L3 --swap disk --checkpoint state --resume -o resumed.model
says err "recompute"

# What cannot be.
expect 2 "${run[@]}" --steps 3 --level L3
says err "level L3 takes --swap DIR"
expect 2 "${run[@]}" --steps 3 --recompute 'layer9.*'
says err "recompute 'layer9.*': model resnet18 has no such modules"
expect 2 "${run[@]}" --steps 3 --budget 1G --level L2 --recompute 'layer9.*'
says err "recompute 'layer9.*': model resnet18 has no such modules"
expect 74 "${run[@]}" --steps 3 --swap nowhere
same "act-train: nowhere: No such file or directory" err
status=0
(ulimit -f 64; "${run[@]}" --steps 3 --level swap --swap disk -o full.model) > out 2> err || status=$?
[ $status = 74 ] || fail "status $status: $(cat err)"
same "act-train: disk: swap file: File too large" err
[ ! -e full.model ] || fail "a model of a run that failed"
