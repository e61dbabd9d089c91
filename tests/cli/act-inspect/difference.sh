# --diff says what is different and exits with 1; nothing and 0 where nothing is.
source "$TERSE_SOURCE/tests/cli/common.bash"
for artifact in "$TERSE_SAMPLES"/*; do
  cp "$artifact" copy
  expect 0 act-inspect "$artifact" --diff copy
  [ ! -s out ] || fail "$(cat out)"
done
expect 1 act-inspect "$TERSE_SAMPLES/net.model" --diff "$TERSE_SAMPLES/other.model"
same $'#item\tdifference\tfirst\tsecond\nparameter/fc.weight\t1 of 6 elements\t1\t1.5' out
mv out from_file
status=0
act-inspect --diff "$TERSE_SAMPLES/other.model" <"$TERSE_SAMPLES/net.model" >out || status=$?
[ $status = 1 ] && cmp out from_file || fail "standard input differs"
expect 1 act-inspect "$TERSE_SAMPLES/net.dump" --diff "$TERSE_SAMPLES/other.dump"
says out $'step 1 fc1/addmm#1:input\tmaximum\t7.875\t15.75'
! grep -q nll out || fail "finds a difference where there is none"
expect 1 act-inspect "$TERSE_SAMPLES/net.dump" --diff "$TERSE_SAMPLES/kb.facts"
says out $'header\tkind\t"dump"\t"facts"'
expect 2 act-inspect - --diff -
expect 66 act-inspect "$TERSE_SAMPLES/net.dump" --diff missing
