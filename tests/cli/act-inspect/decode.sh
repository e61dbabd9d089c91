# --decode gives a tensor back, as text and as a NumPy file, from any kind that holds one.
source "$TERSE_SOURCE/tests/cli/common.bash"
expect 0 act-inspect --decode 'nll#1:target' "$TERSE_SAMPLES/net.dump"
same "$(printf '%s\n' 3 1 2 3 0 9 5 7)" out
for name in fc.bias parameter/fc.bias; do
  expect 0 act-inspect --decode $name "$TERSE_SAMPLES/net.model"
  same "$(printf '%s\n' 0.25 -1)" out
done
act-inspect --decode fc.bias <"$TERSE_SAMPLES/net.model" >piped
cmp out piped || fail "standard input differs"
expect 0 act-inspect --decode fc.weight --npy weight.npy "$TERSE_SAMPLES/net.model"
[ ! -s out ] || fail "--npy writes text, too"
python3 - <<'END' || fail "weight.npy"
import struct
data = open("weight.npy", "rb").read()
assert data[:8] == b"\x93NUMPY\x01\x00"
length, = struct.unpack("<H", data[8:10])
header = eval(data[10:10 + length])
assert header == {"descr": "<f4", "fortran_order": False, "shape": (2, 3)}, header
assert struct.unpack("<6f", data[10 + length:]) == (1, 2, 3, 4, 5, 6)
END
expect 0 act-inspect --decode 'fc1/addmm#1:input' --step 1 "$TERSE_SAMPLES/net.dump"
[ "$(wc -l <out)" = 1024 ] || fail "$(wc -l <out) elements"

# What cannot be given back is said, by name.
expect 2 act-inspect --decode no.such "$TERSE_SAMPLES/net.model"
says err "no tensor 'no.such'"
expect 2 act-inspect --decode 'nll#1:target' --step 5 "$TERSE_SAMPLES/net.dump"
expect 2 act-inspect --decode 'relu#1:result' "$TERSE_SAMPLES/net.dump"
says err "same bytes as 'fc1/addmm#1:input'"
expect 2 act-inspect --decode 'fc1/addmm#1:weight' "$TERSE_SAMPLES/net.dump"
says err "(parameter)"
expect 2 act-inspect --decode 'nll#1:target' --exact "$TERSE_SAMPLES/net.dump"
says err "no exact copy"
expect 2 act-inspect --npy file.npy "$TERSE_SAMPLES/net.dump"
expect 2 act-inspect --tensors --records "$TERSE_SAMPLES/net.dump"
