# Binary to a terminal is refused before any work is done.
source "$TERSE_SOURCE/tests/cli/common.bash"
source "$TERSE_SOURCE/tests/cli/tool_commands.bash"
command -v script >/dev/null || skip "no script(1)"
make_inputs
for tool in $TERSE_TOOLS; do
  writing "$tool" -
  status=0
  script -qec "${command[*]}" /dev/null >typescript </dev/null || status=$?
  [ $status = 2 ] || fail "status $status: ${command[*]}: $(cat -v typescript | head -c 2000)"
  grep -q terminal typescript || fail "$(cat -v typescript | head -c 2000)"
done
