# An output file appears whole, a second run gives the same bytes, and an old file survives a run that fails.
source "$TERSE_SOURCE/tests/cli/common.bash"
source "$TERSE_SOURCE/tests/cli/tool_commands.bash"
make_inputs
for tool in $TERSE_TOOLS; do
  writing "$tool" result
  expect 0 "${command[@]}"
  [ "$tool" = act-inspect ] || act-inspect --verify result || fail "$tool: not sound"
  mv result first
  (mkdir -p elsewhere && cd elsewhere && ln -sf ../tiny.* . && TZ=Asia/Tokyo LC_ALL=C.UTF-8 "${command[@]}" 2>err) ||
    fail "$tool: $(cat elsewhere/err)"
  cmp first elsewhere/result || fail "$tool: other bytes in another folder, time zone and locale"
  writing "$tool" - # the same through standard output; a path among the recorded arguments would show
  "${command[@]}" 2>err >piped && cmp first piped || fail "$tool: other bytes on standard output: $(cat err)"
  echo old >kept
  reading "$tool" missing.file
  command+=(-o kept)
  status=0
  "${command[@]}" >out 2>err || status=$?
  [ $status != 0 ] && [ "$(cat kept)" = old ] || fail "$tool: the old file is gone"
done
