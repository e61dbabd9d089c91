# Two planted duplicates are found and rewritten: `gives` said again under another name, and turned round.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
nations=$TERSE_DATA/kb/nations
# The most frequent relations of nations, one of them split: half its facts keep the name, a quarter is renamed and
# a quarter renamed and turned round.
awk -F '\t' -v OFS='\t' '
  { count[$2]++; line[NR] = $0 }
  END {
    for (i = 1; i <= NR; ++i) {
      split(line[i], f, "\t")
      if (count[f[2]] < 60) continue
      print f[1], f[2], f[3]
      if (f[2] == "embassy") { print f[1], "has_envoys_in", f[3]; print f[3], "hosts_envoys_of", f[1] }
    }
  }' "$nations/train.tsv" > "$folder/kb.tsv"
"$TERSE_BIN/relsim-train" facts "$folder/kb.tsv" --held-out 0.05 --hidden 128 -q -o "$folder/kb.facts"
"$TERSE_BIN/relsim-score" similarity "$folder/kb.facts" -o "$folder/kb.similarity" -q
"$TERSE_BIN/relsim-dedup" "$folder/kb.similarity" --threshold 0.03 -o "$folder/kb.clusters" --json -q > "$folder/clusters"
embassy=$(grep '"relation":"embassy"' "$folder/clusters" | grep -o '"cluster":[0-9]*')
grep '"relation":"has_envoys_in"' "$folder/clusters" | grep -q "$embassy,"
grep '"relation":"hosts_envoys_of"' "$folder/clusters" | grep -q "$embassy,"

"$TERSE_BIN/relsim-dedup" rewrite "$folder/kb.clusters" "$folder/kb.tsv" -q > "$folder/clean.tsv"
before=$(wc -l < "$folder/kb.tsv") after=$(wc -l < "$folder/clean.tsv")
test "$after" -lt "$before"
names=$(cut -f 2 "$folder/clean.tsv" | sort -u)
test "$(grep -c -e embassy -e envoys <<< "$names")" = 1

# The artifacts survive a pipe and the options that cannot be met are refused.
"$TERSE_BIN/relsim-dedup" --count 3 -o - -q < "$folder/kb.similarity" > "$folder/three"
(set +o pipefail; "$TERSE_BIN/relsim-dedup" "$folder/kb.similarity" -q 2> "$folder/err" | head -n 1 > /dev/null)
test ! -s "$folder/err"
for bad in "--count 0" "--linkage none" "--triples - -o -"; do
  status=0; "$TERSE_BIN/relsim-dedup" "$folder/kb.similarity" $bad > /dev/null 2>&1 < /dev/null || status=$?
  test $status = 2
done
status=0; "$TERSE_BIN/relsim-dedup" "$folder/kb.facts" > /dev/null 2>&1 || status=$?
test $status = 65
