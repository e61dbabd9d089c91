# --verify is silent on what is sound; every flipped byte and every cut is noticed, from a file and from a pipe.
source "$TERSE_SOURCE/tests/cli/common.bash"
for artifact in "$TERSE_SAMPLES"/*; do
  expect 0 act-inspect --verify "$artifact"
  [ ! -s out ] && [ ! -s err ] || fail "--verify of $artifact speaks"
  act-inspect --verify <"$artifact" >out || fail "--verify of $artifact through standard input"
done
sample=$TERSE_SAMPLES/net.model
size=$(stat -c %s "$sample")
python3 - "$sample" <<'END'
import sys
data = open(sys.argv[1], "rb").read()
for at in range(0, len(data), 29):
    flipped = bytearray(data)
    flipped[at] ^= 1 << at % 8
    open(f"flipped.{at}", "wb").write(flipped)
END
for flipped in flipped.*; do
  expect 65 act-inspect --verify $flipped
  says err "$flipped: "
  status=0
  act-inspect --verify <$flipped >out 2>err || status=$?
  [ $status = 65 ] || fail "$flipped through standard input: $status"
done
for ((length = 0; length < size; length += 41)); do
  head -c $length "$sample" >cut
  expect 65 act-inspect --verify cut
  expect 65 act-inspect cut
done
{ cat "$sample"; echo; } >longer
expect 65 act-inspect --verify longer
