# --version says version, build, compiler, SIMD target and LibTorch where it is linked; with --json as one object.
source "$TERSE_SOURCE/tests/cli/common.bash"
for tool in $TERSE_TOOLS; do
  expect 0 "$tool" --version
  head -1 out | grep -qE "^$tool \(Terse\) [0-9]+\.[0-9]+\.[0-9]+$" || fail "first line: $(head -1 out)"
  for field in build compiler SIMD; do grep -qE "^$field +[^ ]" out || fail "$tool: no $field"; done
  expect 0 "$tool" --version --json
  says out "\"program\":\"$tool\""
  says out '"simd":"'
  linked=$(ldd "$TERSE_BIN/$tool" | grep -c libtorch_cpu || true)
  said=$(grep -c '"libtorch":"' out || true)
  [ "$linked" = "$said" ] || fail "$tool: LibTorch linked $linked, said $said"
done
