# Merges by the evidence in the facts: both names of a relation whose facts are split among them, and its inverse,
# with a confidence and a reason; explain tells about a pair; what is needed is asked for.
source "$TERSE_SOURCE/tests/cli/common.bash"
# `intergovorgs` of nations is split in three at random: its name, another one, and one that is turned round.
awk -F '\t' -v OFS='\t' '
  { count[$2]++; line[NR] = $0 }
  END {
    srand(1)
    for (i = 1; i <= NR; ++i) {
      split(line[i], f, "\t")
      if (count[f[2]] < 60) continue
      if (f[2] == "ngo") { u = rand(); if (u < 0.4) f[2] = "ngo_too"; else if (u < 0.6) { f[2] = "of_ngo"; t = f[1]; f[1] = f[3]; f[3] = t } }
      print f[1], f[2], f[3]
    }
  }' "$TERSE_DATA/kb/nations/train.tsv" > kb.tsv
for i in {1..40}; do
  printf 'book%d\twritten_by\tauthor%d\nauthor%d\twrites\tbook%d\nbook%d\tprinted_in\ttown%d\n' \
    $i $((i % 9)) $((i % 9)) $i $i $((i % 4))
done >> kb.tsv
relsim-train facts kb.tsv --model counts -q -o kb.facts
relsim-score similarity kb.facts -q -o kb.similarity
expect 0 relsim-dedup evidence kb.similarity --facts kb.facts -q
says out $'writes\t'
[ "$(awk -F '\t' '$1 == "writes" || $1 == "written_by" { print $2 }' out | sort -u | wc -l)" = 1 ] || fail "inverse not merged"
[ "$(awk -F '\t' '$1 == "writes" || $1 == "written_by" { print $5 }' out | sort -u | wc -l)" = 2 ] || fail "inverse not turned"
awk -F '\t' '$1 == "writes" && $7 >= 0.95 && $8 ~ /^inverse: .*shared facts/ { found = 1 } END { exit !found }' out ||
  fail "no confidence and reason"
mv out clusters
relsim-dedup evidence kb.similarity --facts kb.facts -q -j 1 | cmp - clusters || fail "depends on threads"

expect 0 relsim-dedup explain kb.similarity writes written_by --facts kb.facts --top 2
says err 'turned round'
says out $'shared\tinverse\t-\t40\t-\t-'
says out $'shared\tinverse\t-\t-\tauthor1\tbook1'
says out $'only writes\tinverse\t-\t0\t-\t-'
says err '; merged'
# Relations of few facts are not merged, whatever the evidence: the explanation says so, and the run names them.
printf 'book%d\tmade_by\tauthor%d\n' 1 1 2 2 > few.tsv
relsim-train facts kb.tsv few.tsv --model counts -q -o few.facts
relsim-score similarity few.facts -q -o few.similarity
expect 0 relsim-dedup explain few.similarity made_by written_by --facts few.facts
says err "; not merged: 'made_by' has 2 facts, fewer than 5 (--merge-thin)"
says out $'too few facts: made_by\t'
expect 0 relsim-dedup explain few.similarity made_by written_by --facts few.facts --merge-thin
grep -q 'not merged: .* facts' err && fail "thin though --merge-thin: $(cat err)"
expect 0 relsim-dedup explain few.similarity printed_in written_by --facts few.facts
says err '; not merged: it would have to be 95 %'
expect 0 relsim-dedup evidence few.similarity --facts few.facts -v
says err '1 relation left alone for having too few facts'
says err 'left alone: made_by'
awk -F '\t' '$1 == "made_by" && $8 == "too few facts" { found = 1 } END { exit !found }' out || fail "not named: $(grep made_by out)"
expect 2 relsim-dedup few.similarity --count 1
says err 'cannot go down to 1 cluster: '
# A relation is compared with itself turned round.
expect 0 relsim-dedup explain kb.similarity writes writes --facts kb.facts
says err "the chance that 'writes' says the same turned round is"
says out $'shared\tinverse\t-\t0\t-\t-'
says out $'only writes\tinverse\t-\t40\t-\t-'
expect 2 relsim-dedup explain kb.similarity writes reads --facts kb.facts
says err "no relation 'reads'"
expect 2 relsim-dedup evidence kb.similarity
says err '--facts is required'
expect 2 relsim-dedup explain kb.similarity writes written_by
says err '--facts is required'
expect 2 relsim-dedup explain kb.similarity writes --facts kb.facts
expect 2 relsim-dedup explain kb.similarity --facts kb.facts
says err 'names of two relations'
relsim-train facts "$TERSE_DATA/kb/nations/train.tsv" --model counts -q -o other.facts
expect 65 relsim-dedup evidence kb.similarity --facts other.facts
says err 'other.facts: its relations are not those of the similarity'
