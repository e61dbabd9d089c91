# The chain through a pipe; text and artifact; same bytes for any number of threads; damage is refused.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
nations=$TERSE_DATA/kb/nations
"$TERSE_BIN/relsim-train" facts "$nations/train.tsv" --hidden 64 --epochs 3 --start-epochs 5 -q > "$folder/kb.facts"

"$TERSE_BIN/relsim-score" similarity --top 10 -q < "$folder/kb.facts" > "$folder/top"
head -n 1 "$folder/top" | grep -q '^#relation_a	relation_b	orientation	kl_ab	kl_ba	divergence	score	rank_ab	rank_ba'
test "$(wc -l < "$folder/top")" = 11
cut -f 6 "$folder/top" | tail -n +2 | sort -g -c

"$TERSE_BIN/relsim-score" similarity "$folder/kb.facts" -q > "$folder/all"
test "$(wc -l < "$folder/all")" = $((1 + 55 * 56 / 2))
test "$(cut -f 3 "$folder/all" | grep -c '^inverse$')" -gt 0

# The model may hold a mixture with counts, which similarity leaves out, and says so.
"$TERSE_BIN/relsim-score" similarity "$folder/kb.facts" --top 1 2> "$folder/err" > /dev/null
grep -q 'comparing the neural model only; predictions also mix in counts (' "$folder/err"
"$TERSE_BIN/relsim-train" facts "$nations/train.tsv" --hidden 4 --dim 2 --epochs 1 --start random -q |
  "$TERSE_BIN/relsim-score" similarity --top 1 2> "$folder/err" > /dev/null
grep -q 'counts predict held-out facts better, so that this similarity is doubtful' "$folder/err"
"$TERSE_BIN/relsim-train" facts "$nations/train.tsv" --model counts -q |
  "$TERSE_BIN/relsim-score" similarity --top 1 > /dev/null 2> "$folder/err"
if grep -q 'neural model only' "$folder/err"; then exit 1; fi

for precision in single double; do
  "$TERSE_BIN/relsim-score" similarity "$folder/kb.facts" --precision $precision -j 1 -o "$folder/one" -q
  "$TERSE_BIN/relsim-score" similarity "$folder/kb.facts" --precision $precision -j 2 -o - -q > "$folder/two"
  cmp "$folder/one" "$folder/two"
done

(set +o pipefail; "$TERSE_BIN/relsim-score" similarity "$folder/kb.facts" -q 2> "$folder/err" | head -n 1 > /dev/null)
test ! -s "$folder/err"
"$TERSE_BIN/relsim-score" similarity "$folder/kb.facts" --json --top 1 -q | grep -q '"orientation":"'

status=0; "$TERSE_BIN/relsim-score" similarity "$folder/kb.facts" -q > /dev/full 2> /dev/null || status=$?
test $status = 74
head -c 5000 "$folder/kb.facts" > "$folder/cut"
status=0; "$TERSE_BIN/relsim-score" similarity "$folder/cut" -q > /dev/null 2> "$folder/err" || status=$?
test $status = 65
grep -q "cut" "$folder/err"
status=0; "$TERSE_BIN/relsim-score" similarity "$folder/one" -q > /dev/null 2> "$folder/err" || status=$?
test $status = 65
status=0; "$TERSE_BIN/relsim-score" similarity "$folder/kb.facts" --top 3 -o - > /dev/null 2>&1 || status=$?
test $status = 2
