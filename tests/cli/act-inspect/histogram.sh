# A drawing at any width, in Unicode and in ASCII; the bins as JSON.
source "$TERSE_SOURCE/tests/cli/common.bash"
export LC_ALL=C.UTF-8
for width in 20 40 79 200; do
  expect 0 act-inspect --histogram 'nll#1:target' --width $width "$TERSE_SAMPLES/net.dump"
  python3 - $width <<'END' || fail "width $width: $(cat out)"
import sys
lines = [line.rstrip("\n") for line in open("out", encoding="utf-8")]
bars = lines[lines.index("") + 1:]
assert len(bars) == 10, bars
assert all(len(bar) == int(sys.argv[1]) for bar in bars), bars
assert all("\u2588" in bar for bar in bars if not bar.endswith(" 0.0%")), bars
END
done
expect 0 act-inspect --histogram 'nll#1:target' --ascii --width 20 "$TERSE_SAMPLES/net.dump"
says out '3  ######## 2  25.0%'
! LC_ALL=C grep -q '[^ -~]' out || fail "--ascii writes more than ASCII"
# The bytes of a file do not depend on the locale.
act-inspect --histogram 'nll#1:target' "$TERSE_SAMPLES/net.dump" >unicode
LC_ALL=C act-inspect --histogram 'nll#1:target' "$TERSE_SAMPLES/net.dump" >posix
cmp unicode posix || fail "the locale changes the drawing in a pipe"
act-inspect --histogram fc.weight --bins 5 --json "$TERSE_SAMPLES/net.model" >out
same '{"bins":[{"count":1,"from":1.0,"to":2.0},{"count":1,"from":2.0,"to":3.0},{"count":1,"from":3.0,"to":4.0},{"count":1,"from":4.0,"to":5.0},{"count":2,"from":5.0,"to":6.0}],"deviation":1.707825127659933,"dtype":"float32","elements":6,"maximum":6.0,"mean":3.5,"minimum":1.0,"non_finite":0,"shape":[2,3],"tensor":"fc.weight","zeros":0}' out
