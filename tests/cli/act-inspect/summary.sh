# A summary of each kind, in a pipe as TSV and as one JSON object.
source "$TERSE_SOURCE/tests/cli/common.bash"
for artifact in net.profile net.model net.checkpoint net.dump kb.facts kb.similarity kb.clusters; do
  expect 0 act-inspect "$TERSE_SAMPLES/$artifact"
  head -1 out | grep -qxF $'#field\tvalue' || fail "$artifact: no header"
  says out $'kind\t'"${artifact#*.}"
  says out $'arguments\t--level L1'
  says out $'seed\t7'
  grep -qE $'^digest\t[0-9a-f]{32}$' out || fail "$artifact: no digest"
  mv out from_file
  # A pipe has no index; what is said must be the same.
  act-inspect - <"$TERSE_SAMPLES/$artifact" >from_stdin
  cat "$TERSE_SAMPLES/$artifact" | act-inspect >from_pipe
  cmp from_file from_stdin || fail "$artifact: standard input differs"
  cmp from_file from_pipe || fail "$artifact: a pipe differs"
  expect 0 act-inspect --json "$TERSE_SAMPLES/$artifact"
  [ "$(wc -l <out)" = 1 ] || fail "$artifact: not one line of JSON"
  python3 -c 'import json, sys; assert json.load(open("out"))["kind"] == sys.argv[1]' "${artifact#*.}"
done
act-inspect "$TERSE_SAMPLES/net.dump" >out
says out $'activation_bytes_exact\t8320'
says out $'quantized\t2\t8192\t1056\t7.76'
act-inspect "$TERSE_SAMPLES/kb.similarity" >out
says out $'likes\tliked_by\tinverse\t0.25\t0.5\t0.6065\t3\t2'
[ "$(act-inspect --top 2 "$TERSE_SAMPLES/kb.similarity" | grep -c -e same$'\t' -e inverse$'\t')" = 2 ] || fail "--top 2"
act-inspect "$TERSE_SAMPLES/kb.clusters" >out
says out $'0\t2\tlikes\tliked_by (inverse)'
act-inspect "$TERSE_SAMPLES/kb.facts" >out
says out $'knows\t5'
