# Real knowledge bases, merged without labels: WordNet's inverses and nothing else; of wn18rr, where nothing is said
# twice, nothing.
source "$TERSE_SOURCE/tests/cli/common.bash"
[ -e /usr/share/wordnet/data.noun ] || skip "no WordNet"
relsim-train facts wordnet --model counts -q -o wn.facts
relsim-score similarity wn.facts -q -o wn.similarity
expect 0 relsim-dedup evidence wn.similarity --facts wn.facts -q
awk -F '\t' '$3 == 2 && $5 == "inverse" { print ($1 < $4) ? $1 " " $4 : $4 " " $1 }' out | sort > found
sort > wanted << 'PAIRS'
domain_region member_of_domain_region
domain_topic member_of_domain_topic
domain_usage member_of_domain_usage
hypernym hyponym
instance_hypernym instance_hyponym
member_holonym member_meronym
part_holonym part_meronym
substance_holonym substance_meronym
PAIRS
diff wanted found || fail "other merges than WordNet's inverses"
[ "$(awk -F '\t' 'NR > 1 && $3 > 1' out | wc -l)" = 16 ] || fail "more is merged"

[ -n "${TERSE_SHARED:-}" ] || exit 0
relsim-train facts "$TERSE_SHARED/kb/wn18rr/train.tsv" --model counts -q -o rr.facts
relsim-score similarity rr.facts -q -o rr.similarity
for how in cluster "evidence --facts rr.facts"; do
  expect 0 relsim-dedup $how rr.similarity -q
  [ "$(cut -f 2 out | tail -n +2 | sort -u | wc -l)" = 11 ] || fail "wn18rr: something is merged ($how)"
done
