# What makes no sense is said in one line with a hint, on standard error, with status 2.
source "$TERSE_SOURCE/tests/cli/common.bash"
for tool in $TERSE_TOOLS; do
  expect 2 "$tool" --no-such-option
  [ ! -s out ] || fail "$tool writes to standard output"
  [ "$(wc -l <err)" = 2 ] || fail "$tool: $(cat err)"
  says err "$tool: "
  says err "--no-such-option"
  says err "Try '$tool --help'."
  expect 2 "$tool" --threads many
  says err "many"
  expect 2 "$tool" --threads -1
  expect 2 "$tool" --color purple
  says err "purple"
done
