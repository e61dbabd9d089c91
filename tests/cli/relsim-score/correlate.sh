# A similarity against ratings: a rater who follows the similarity agrees fully, and bad ratings are named by line.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
score=("$TERSE_BIN/relsim-score")
"$TERSE_BIN/relsim-train" facts "$TERSE_DATA/kb/nations/train.tsv" --hidden 48 --epochs 2 --start-epochs 5 -q -o "$folder/kb.facts"
"${score[@]}" similarity "$folder/kb.facts" --orientation same -q -o "$folder/kb.similarity"
"${score[@]}" similarity "$folder/kb.facts" --orientation same -q --top 40 > "$folder/pairs"
# Two raters: one rates by rank, the other the other way round but for every fourth pair.
tail -n +2 "$folder/pairs" | awk -F '\t' -v OFS='\t' '{print $1, $2, 100 - NR, (NR % 4 ? 100 - NR : NR)}' > "$folder/ratings"
cut -f 1-3 "$folder/ratings" > "$folder/one"
"${score[@]}" correlate "$folder/kb.similarity" "$folder/one" -j 1 > "$folder/a"
"${score[@]}" correlate "$folder/kb.similarity" "$folder/one" -j 2 > "$folder/b"
cmp "$folder/a" "$folder/b"
head -n 1 "$folder/a" | grep -q '^#measure	correlation	low	high	between_raters	pairs	raters$'
grep -q '^spearman	1	1	1	-	40	1$' "$folder/a"
grep -q '^kendall	1	1	1	-	40	1$' "$folder/a"
"${score[@]}" correlate "$folder/kb.similarity" "$folder/ratings" > "$folder/two"
awk -F '\t' '$1 == "spearman" {found = $2 < 1 && $2 > 0.5 && $3 <= $2 && $4 >= $2 && $5 < 1 && $5 > 0 && $7 == 2} END {exit !found}' "$folder/two"
printf 'nowhere\tngo\t3\n' >> "$folder/one"
"${score[@]}" correlate "$folder/kb.similarity" "$folder/one" 2> "$folder/err" > /dev/null
grep -q "1 pair names relations" "$folder/err"
printf 'embassy\tngo\tmuch\n' > "$folder/bad"
status=0; "${score[@]}" correlate "$folder/kb.similarity" "$folder/bad" > /dev/null 2> "$folder/err" || status=$?
test $status = 65
grep -q "bad:1: 'much' is no rating" "$folder/err"
printf 'embassy\tngo\t1\n' > "$folder/few"
status=0; "${score[@]}" correlate "$folder/kb.similarity" "$folder/few" > /dev/null 2> "$folder/err" || status=$?
test $status = 65

# A pair is taken in the orientation in which it is closer, as in the table: who rates by that agrees fully, and less with how
# relations stand. A relation and itself do not diverge.
"${score[@]}" similarity "$folder/kb.facts" -q -o "$folder/both.similarity"
"${score[@]}" similarity "$folder/kb.facts" -q | awk -F '\t' '$3 == "inverse" && n < 40 { ++n; print $1 "\t" $2 "\t" (-n) }' > "$folder/inverse"
test "$(wc -l < "$folder/inverse")" = 40
printf 'embassy\tembassy\t7\n' >> "$folder/inverse"
"${score[@]}" correlate "$folder/both.similarity" "$folder/inverse" | grep -q '^spearman	1	1	1	-	41	1$'
"${score[@]}" correlate "$folder/both.similarity" "$folder/inverse" --orientation same | awk -F '\t' '$1 == "spearman" { found = $2 < 1 } END { exit !found }'
