# --safetensors writes parameters and buffers under PyTorch's names; other kinds have none.
source "$TERSE_SOURCE/tests/cli/common.bash"
expect 0 act-inspect --safetensors net.safetensors "$TERSE_SAMPLES/net.model"
python3 - <<'END' || fail "net.safetensors"
import json, struct
data = open("net.safetensors", "rb").read()
length, = struct.unpack("<Q", data[:8])
header = json.loads(data[8:8 + length])
assert header.pop("__metadata__")["format"] == "pt"
assert set(header) == {"fc.weight", "fc.bias", "norm.count"}, header
def values(name, form):
    begin, end = header[name]["data_offsets"]
    return struct.unpack(form, data[8 + length + begin:8 + length + end])
assert header["fc.weight"]["shape"] == [2, 3] and values("fc.weight", "<6f") == (1, 2, 3, 4, 5, 6)
assert values("fc.bias", "<2f") == (0.25, -1)
assert header["norm.count"]["dtype"] == "I64" and values("norm.count", "<q") == (10,)
END
act-inspect --safetensors - <"$TERSE_SAMPLES/net.model" | cmp - net.safetensors || fail "a pipe differs"
expect 0 act-inspect --safetensors checkpoint.safetensors "$TERSE_SAMPLES/net.checkpoint"
expect 2 act-inspect --safetensors x "$TERSE_SAMPLES/net.dump"
says err "this is a dump"
[ ! -e x ] || fail "leaves a file behind"
