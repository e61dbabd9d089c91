# Divergences that are hardly known merge nothing: --cautious and the evidence take them at the upper bounds of their
# intervals, and say of what they leave alone that its interval is too wide.
source "$TERSE_SOURCE/tests/cli/common.bash"
# Relations of nations, each split in two at random, beside books and their authors.
awk -F '\t' -v OFS='\t' '
  { count[$2]++; line[NR] = $0 }
  END {
    srand(1)
    for (i = 1; i <= NR; ++i) { split(line[i], f, "\t"); if (count[f[2]] >= 40) print f[1], f[2] "#" (rand() < 0.5), f[3] }
  }' "$TERSE_DATA/kb/nations/train.tsv" > kb.tsv
for i in {1..40}; do
  printf 'book%d\twritten_by\tauthor%d\nauthor%d\twrites\tbook%d\nbook%d\tprinted_in\ttown%d\n' \
    $i $((i % 9)) $((i % 9)) $i $i $((i % 4))
done >> kb.tsv
relsim-train facts kb.tsv --epochs 8 --held-out 0 --seed 1 -q -o kb.facts
relsim-score similarity kb.facts -q -o exact.similarity
relsim-score similarity kb.facts --method sample --draws 2 --seed 1 -q -o drawn.similarity
# Pairs in one cluster that are not parts of one relation.
wrong() {
  awk -F '\t' 'FNR > 1 { name = $1 ~ /^writ/ ? "write" : $1; sub(/#.*/, "", name); all[$2]++; part[$2 " " name]++ }
    END { for (c in all) n += all[c] * (all[c] - 1) / 2; for (p in part) n -= part[p] * (part[p] - 1) / 2; print n + 0 }' out
}
expect 0 relsim-dedup drawn.similarity --threshold 0.5
estimated=$(wrong)
expect 0 relsim-dedup drawn.similarity --threshold 0.5 --cautious -v
[ "$estimated" -ge 40 ] && [ $((10 * $(wrong))) -le "$estimated" ] || fail "wrong pairs: $(wrong), of $estimated as estimated"
says err "if divergences were exactly as estimated"
says err 'relations left alone for intervals that are too wide'
says err 'left alone: '
says out $'\tinterval too wide'
# Of exact divergences nothing is unknown.
expect 0 relsim-dedup exact.similarity --threshold 0.5 -q
mv out sure
expect 0 relsim-dedup exact.similarity --threshold 0.5 --cautious
says err 'the similarity has no intervals'
cmp sure out || fail "--cautious changes what is exact"

# Merging by the facts: two draws per relation say too little for that.
expect 0 relsim-dedup evidence exact.similarity --facts kb.facts -q
[ "$(awk -F '\t' '$1 ~ /^writ/ { print $2 }' out | sort -u | wc -l)" = 1 ] || fail "not merged: $(cat out)"
expect 0 relsim-dedup evidence drawn.similarity --facts kb.facts -q
[ "$(awk -F '\t' '$1 ~ /^writ/ { print $2 }' out | sort -u | wc -l)" = 2 ] || fail "merged: $(cat out)"
expect 0 relsim-dedup explain drawn.similarity writes written_by --facts kb.facts --top 0
says err '; not merged: it would have to be 95 %, as it would be '
says out $'at most, by the model\tinverse\t'
says out $'at most, were there no interval\tinverse\t'
expect 0 relsim-dedup explain exact.similarity writes written_by --facts kb.facts --top 0
says err '; merged'
! grep -q 'no interval' out || fail "an interval of what is exact: $(cat out)"
# Counts are no second opinion.
relsim-train facts kb.tsv --model counts -q -o counts.facts
relsim-score similarity counts.facts -q -o counts.similarity
expect 0 relsim-dedup explain counts.similarity writes written_by --facts counts.facts --top 0
! grep -q 'at most' out || fail "limited by counts: $(cat out)"
expect 2 relsim-dedup evidence exact.similarity --facts kb.facts --cautious
says err "not expected: --cautious"
says err "Try 'relsim-dedup evidence --help'."
