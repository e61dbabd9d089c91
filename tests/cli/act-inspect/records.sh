# --records accounts for every byte of the file.
source "$TERSE_SOURCE/tests/cli/common.bash"
for artifact in "$TERSE_SAMPLES"/*; do
  expect 0 act-inspect --records "$artifact"
  awk -F'\t' -v size="$(stat -c %s "$artifact")" '
    NR > 1 { if ($1 != NR - 2 || $4 != at) exit 1; at += $5 }
    END { if (at != size) exit 1 }' out || fail "$artifact: $(cat out)"
  [ "$(cut -f2 out | sed -n 2p)" = begin ] && [ "$(cut -f2 out | tail -1)" = end ] || fail "$(cat out)"
  mv out from_file
  act-inspect --records <"$artifact" >from_stdin
  cmp from_file from_stdin || fail "standard input differs"
done
