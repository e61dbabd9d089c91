# act-train --dump - | act-inspect: the saved tensors of a step, with no file in between.
source "$TERSE_SOURCE/tests/cli/common.bash"
train=(act-train --model mlp --data random:1x28x28,classes=10 --batch 32 --steps 2 --no-eval --quiet)
"${train[@]}" --level L1 --dump-exact --dump - | act-inspect --tensors --json >tensors
python3 - <<'END' || fail "$(cat tensors)"
import json, math
rows = [json.loads(line) for line in open("tensors")]
quantized = [row for row in rows if row["reason"] == "quantized"]
assert quantized, rows
for row in quantized:
    elements = math.prod(json.loads(row["shape"]))
    assert row["bits"] == 4 and 4 * elements > 6 * row["stored_bytes"], row
    assert 0 <= row["relative_error"] < 0.2, row
assert sum(row["exact_bytes"] for row in rows) > 4 * sum(row["stored_bytes"] for row in rows), rows
assert all(row["step"] == 2 for row in rows), rows
END
"${train[@]}" --level L0 --dump-exact --dump - | act-inspect --json >summary
python3 -c '
import json
summary = json.load(open("summary"))
assert summary["activation_bytes_exact"] == summary["activation_bytes_stored"] > 0, summary
' || fail "$(cat summary)"
# Attention saves permuted tensors: listed in the same order as their exact copies.
act-train --model vit:depth=1,dim=32,heads=2,patch=7 --data random:1x28x28,classes=10,count=16 --batch 8 --steps 1 \
  --no-eval --quiet --level L1 --dump-exact --dump - | act-inspect --tensors --json >tensors
python3 - <<'END' || fail "$(cat tensors)"
import json
rows = [json.loads(line) for line in open("tensors")]
roles = {row["role"] for row in rows if row["reason"] == "quantized"}
assert {"query", "key", "value"} <= roles, roles
for row in rows:
    if row["reason"] == "quantized":
        assert 0 < row["relative_error"] < 0.2, row
END
# The model as well, and no temporary file.
"${train[@]}" | act-inspect --json >summary
grep -q '"kind":"model"' summary || fail "$(cat summary)"
weights=$("${train[@]}" -o - | act-inspect --safetensors - | wc -c)
[ "$weights" -gt 940584 ] || fail "$weights bytes for 235,146 weights"
[ "$(ls)" = $'summary\ntensors' ] || fail "left behind: $(ls)"
