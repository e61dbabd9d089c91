# --gold prints the scores of the clusters and of the ranking; what it cannot use is refused.
source "$TERSE_SOURCE/tests/cli/common.bash"
for i in {1..12}; do
  printf 'a%d\tknows\tb%d\nb%d\tknown_by\ta%d\na%d\tlikes\tb%d\n' $i $i $i $i $i $((i % 3 + 1))
done > kb.tsv
relsim-train facts kb.tsv --model counts -q -o kb.facts
relsim-score similarity kb.facts -q -o kb.similarity
printf '#relation\tclass\torientation\nknows\tacquaintance\tsame\nknown_by\tacquaintance\tinverse\nlikes\tliking\tsame\n' > gold.tsv
expect 0 relsim-dedup kb.similarity --threshold 0.3 --gold gold.tsv -q
same $'#measure\tprecision\trecall\tf1\taverage_precision
macro\t1\t1\t1\t-
micro\t1\t1\t1\t-
pair\t1\t1\t1\t-
ranking\t-\t-\t-\t1' out
expect 0 relsim-dedup kb.similarity --count 1 --gold gold.tsv -q
says out $'pair\t0.3333\t1\t0.5\t-'
printf 'knows\n' > bad.tsv
expect 65 relsim-dedup kb.similarity --gold bad.tsv
says err 'bad.tsv:1: '
expect 2 relsim-dedup kb.similarity --gold gold.tsv --triples kb.tsv
expect 2 relsim-dedup - --gold - < kb.similarity
expect 66 relsim-dedup kb.similarity --gold none.tsv


expect 0 relsim-dedup kb.similarity --threshold 0.3 --gold gold.tsv --curve curve.tsv -q
says curve.tsv $'1\t1\t'
expect 2 relsim-dedup kb.similarity --curve curve.tsv
expect 0 relsim-dedup kb.similarity --count 1 --gold gold.tsv --reliability reliability.tsv
says err 'confidence and share of right pairs differ by '
says reliability.tsv $'#confidence\tright\tpairs'
[ "$(awk -F '\t' '!/^#/ { n += $3; right += $2 * $3 } END { print n, right }' reliability.tsv)" = '3 1' ] || fail "reliability: $(cat reliability.tsv)"
expect 2 relsim-dedup kb.similarity --reliability reliability.tsv

expect 0 relsim-dedup kb.similarity --threshold 0.3 --dendrogram tree.svg -q
says tree.svg ">known_by<"
expect 2 relsim-dedup kb.similarity --dendrogram -
