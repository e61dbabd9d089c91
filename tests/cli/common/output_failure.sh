# Output that cannot be written is status 74, for answers of the command line as well; nothing is left behind.
source "$TERSE_SOURCE/tests/cli/common.bash"
source "$TERSE_SOURCE/tests/cli/tool_commands.bash"
[ -w /dev/full ] || skip "no /dev/full"
make_inputs
to_full() {
  local status=0
  "$@" >/dev/full 2>err || status=$?
  [ $status = 74 ] || fail "status $status: $* >/dev/full: $(cat err)"
  says err "$1: "
}
for tool in $TERSE_TOOLS; do
  to_full "$tool" --help
  to_full "$tool" --version
  writing "$tool" -
  to_full "${command[@]}"
  writing "$tool" no/such/folder/file
  expect 74 "${command[@]}"
  says err no/such/folder/file
  status=0
  "$tool" --version >&- 2>err || status=$?
  [ $status = 74 ] || fail "$tool with standard output closed: status $status"
done
to_full act-inspect "$TERSE_SAMPLES/net.model"
to_full act-inspect --tensors "$TERSE_SAMPLES/net.model"
[ "$(ls -A)" = $'err\nout\ntiny.facts\ntiny.tsv' ] || fail "left behind: $(ls -A)"
