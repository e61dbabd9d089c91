# A permuted tensor is encoded in the order of its memory and an expanded dimension once; both are listed row by row,
# whether decoded, drawn or compared with the exact copy.
source "$TERSE_SOURCE/tests/cli/common.bash"
expect 0 act-inspect --decode 'gather#1:expanded' "$TERSE_SAMPLES/views.dump"
same "$(printf '%s\n' 7 9 8 15 7 9 8 15 7 9 8 15)" out
expect 0 act-inspect --histogram 'gather#1:expanded' --json "$TERSE_SAMPLES/views.dump"
grep -q '"elements":12' out || fail "$(cat out)"

act-inspect --decode 'mul#1:transposed' "$TERSE_SAMPLES/views.dump" >stored
act-inspect --decode 'mul#1:transposed' --exact "$TERSE_SAMPLES/views.dump" >exact
act-inspect --tensors --json "$TERSE_SAMPLES/views.dump" >tensors
paste stored exact | python3 -c '
import json, sys
pairs = [tuple(map(float, line.split())) for line in sys.stdin]
assert len(pairs) == 1024
assert [b for a, b in pairs[:3]] == [0, 0.5, 1], pairs[:3]
step = 7.875 / 15 * 1.01
assert all(abs(a - b) <= step for a, b in pairs)
row = json.loads(open("tensors").readline())
assert 0 < row["largest_error"] <= step and row["relative_error"] < 0.1, row
' || fail "order of elements"
cat "$TERSE_SAMPLES/views.dump" | act-inspect --tensors --json | cmp - tensors || fail "a pipe differs from a file"

expect 65 act-inspect --decode 'mul#1:beyond' "$TERSE_SAMPLES.damaged/beyond.dump"
says err 'key "strides": elements beyond the last'
for mode in '--decode mul#1:huge' '--histogram mul#1:huge' --verify; do
  expect 71 act-inspect $mode "$TERSE_SAMPLES.damaged/huge.dump"
  says err "saved tensor 'mul#1:huge'"
done
