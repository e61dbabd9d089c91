# Artifacts of every released version are still read.
source "$TERSE_SOURCE/tests/cli/common.bash"
for artifact in "$TERSE_DATA"/golden/*/*; do
  kind=$(basename "$artifact")
  expect 0 act-inspect --verify "$artifact"
  expect 0 act-inspect --json "$artifact"
  says out "\"kind\":\"${kind#*.}\""
  expect 0 act-inspect --tensors "$artifact"
  expect 0 act-inspect --records "$artifact"
done
