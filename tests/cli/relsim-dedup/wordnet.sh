# Debian's WordNet: every inverse and every symmetric relation is found, and nothing else is merged.
set -euo pipefail
test -e /usr/share/wordnet/data.noun || exit 77
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
"$TERSE_BIN/relsim-train" facts wordnet --model counts -q |
  "$TERSE_BIN/relsim-score" similarity -o "$folder/wn.similarity" -q
"$TERSE_BIN/relsim-score" similarity <("$TERSE_BIN/relsim-train" facts wordnet --model counts -q) -q > "$folder/pairs"
# relation_a, relation_b and orientation of all pairs nearer than half a nat.
awk -F '\t' -v OFS='\t' 'NR > 1 && $6 < 0.5 { if ($1 < $2) print $1, $2, $3; else print $2, $1, $3 }' "$folder/pairs" |
  sort > "$folder/found"
sort > "$folder/expected" << 'PAIRS'
antonym	antonym	symmetric
attribute	attribute	symmetric
derivationally_related_form	derivationally_related_form	symmetric
similar_to	similar_to	symmetric
verb_group	verb_group	symmetric
domain_region	member_of_domain_region	inverse
domain_topic	member_of_domain_topic	inverse
domain_usage	member_of_domain_usage	inverse
hypernym	hyponym	inverse
instance_hypernym	instance_hyponym	inverse
member_holonym	member_meronym	inverse
part_holonym	part_meronym	inverse
substance_holonym	substance_meronym	inverse
PAIRS
diff "$folder/expected" "$folder/found"

"$TERSE_BIN/relsim-dedup" "$folder/wn.similarity" -q > "$folder/clusters"
test "$(tail -n +2 "$folder/clusters" | cut -f 2 | sort -u | wc -l)" = 19
test "$(cut -f 5 "$folder/clusters" | grep -c '^inverse$')" = 8
