# On a terminal: aligned tables, ASCII where the locale says so, no binary, and no waiting for an artifact to be typed.
source "$TERSE_SOURCE/tests/cli/common.bash"
command -v script >/dev/null || skip "no script(1)"
on_terminal() {
  local status=0
  script -qec "$1" /dev/null >typescript </dev/null || status=$?
  tr -d '\r' <typescript >out
  return $status
}
on_terminal "act-inspect --tensors $TERSE_SAMPLES/net.model" || fail "$(cat out)"
grep -qE '^fc.weight +parameter +float32 +\[2, 3\] +6 +24 B' out || fail "$(cat out)"
on_terminal "LC_ALL=C act-inspect --histogram 'nll#1:target' $TERSE_SAMPLES/net.dump"
says out '#'
! LC_ALL=C grep -q '[^ -~]' out || fail "more than ASCII in the C locale"
on_terminal "LC_ALL=C.UTF-8 act-inspect --histogram 'nll#1:target' $TERSE_SAMPLES/net.dump"
says out '█'
status=0
on_terminal "act-inspect --decode fc.bias --npy - $TERSE_SAMPLES/net.model" || status=$?
[ $status = 2 ] || fail "binary to a terminal: status $status"
status=0
script -qec "act-inspect" /dev/null </dev/null >typescript || status=$?
[ $status = 2 ] || fail "reads an artifact from a terminal: status $status"
grep -q 'standard input is a terminal' typescript || fail "$(cat typescript)"
