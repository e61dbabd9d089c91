# --tensors of a dump, a profile and a model; the same from a file and from a pipe.
source "$TERSE_SOURCE/tests/cli/common.bash"
expect 0 act-inspect --tensors "$TERSE_SAMPLES/net.dump"
[ "$(wc -l <out)" = 9 ] || fail "$(cat out)"
says out $'1\tnll#1:target\taten::nll_loss_forward\tresult\tint64\t[8]\tinteger\t4\t64\t12\t5.33\t0\t9\t12.5\t0\tinteger\t-\t-\t-'
says out $'0\trelu#1:result\taten::relu\tresult\tfloat32\t[4, 256]\traw\t-\t0\t0\t-\t-\t-\t-\t0\tshared\tfc1/addmm#1:input\t-\t-'
mv out from_file
cat "$TERSE_SAMPLES/net.dump" | act-inspect --tensors >from_pipe
cmp from_file from_pipe || fail "a pipe differs from a file"

# The errors are those between the exact copy and what is decoded: at most one of 15 steps over a group's range.
act-inspect --tensors --json "$TERSE_SAMPLES/net.dump" >tensors.json
act-inspect --decode fc1/addmm#1:input "$TERSE_SAMPLES/net.dump" >stored
act-inspect --decode fc1/addmm#1:input --exact "$TERSE_SAMPLES/net.dump" >exact
paste stored exact | python3 -c '
import json, math, sys
pairs = [tuple(map(float, line.split())) for line in sys.stdin]
assert len(pairs) == 1024
rows = [json.loads(line) for line in open("tensors.json")]
first = next(row for row in rows if row["id"] == "fc1/addmm#1:input")
largest = max(abs(a - b) for a, b in pairs)
relative = math.sqrt(sum((a - b) ** 2 for a, b in pairs) / sum(b * b for a, b in pairs))
assert 0 < largest <= 7.875 / 15 * 1.01, largest
assert math.isclose(first["largest_error"], largest, rel_tol=1e-5), (first, largest)
assert math.isclose(first["relative_error"], relative, rel_tol=1e-5), (first, relative)
assert all(row["relative_error"] is None for row in rows if row["step"] == 1)
' || fail "reconstruction error"

expect 0 act-inspect --tensors "$TERSE_SAMPLES/net.profile"
says out $'fc1/addmm#1:input\taten::addmm\tinput\tfloat32\t[4, 256]\t4096\t0\t7.875\t1.56\t0\tquantized\t-\t0.125\t0.01'
expect 0 act-inspect --tensors "$TERSE_SAMPLES/net.model"
grep -qE $'^fc.weight\tparameter\tfloat32\t\\[2, 3\\]\t6\t24\t' out || fail "$(cat out)"
grep -qE $'^norm.count\tbuffer\tint64\t\\[\\]\t1\t8\t' out || fail "$(cat out)"
