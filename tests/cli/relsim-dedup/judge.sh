# judge prints the scores of clusters, and with --ranking those of the ranking of pairs; what it cannot use is refused.
source "$TERSE_SOURCE/tests/cli/common.bash"
for i in {1..12}; do
  printf 'a%d\tknows\tb%d\nb%d\tknown_by\ta%d\na%d\tlikes\tb%d\n' $i $i $i $i $i $((i % 3 + 1))
done > kb.tsv
relsim-train facts kb.tsv --model counts -q -o kb.facts
relsim-score similarity kb.facts -q -o kb.similarity
printf '#relation\tclass\torientation\nknows\tacquaintance\tsame\nknown_by\tacquaintance\tinverse\nlikes\tliking\tsame\n' > gold.tsv
relsim-dedup kb.similarity --threshold 0.3 --dendrogram tree.svg --ranking ranking -o two.clusters -q
says tree.svg ">known_by<"
expect 0 relsim-dedup judge two.clusters gold.tsv -q
same $'#measure\tprecision\trecall\tf1\taverage_precision
macro\t1\t1\t1\t-
micro\t1\t1\t1\t-
pair\t1\t1\t1\t-' out
expect 0 relsim-dedup judge two.clusters gold.tsv --ranking kb.similarity --curve curve.tsv -q
says out $'ranking\t-\t-\t-\t1'
says curve.tsv $'1\t1\t'
mv out scores
relsim-dedup judge - gold.tsv --ranking ranking -q < two.clusters | cmp - scores || fail "another ranking"
relsim-dedup kb.similarity --count 1 -o one.clusters -q
expect 0 relsim-dedup judge one.clusters gold.tsv --reliability reliability.tsv
says out $'pair\t0.3333\t1\t0.5\t-'
says err 'confidence and share of right pairs differ by '
says reliability.tsv $'#confidence\tright\tpairs'
[ "$(awk -F '\t' '!/^#/ { n += $3; right += $2 * $3 } END { print n, right }' reliability.tsv)" = '3 1' ] || fail "reliability: $(cat reliability.tsv)"
# What pairs were merged by is written with the clusters, for the evidence as well: -log of the chance.
relsim-dedup evidence kb.similarity --facts kb.facts --ranking evidence.ranking -o evidence.clusters -q
expect 0 relsim-dedup judge evidence.clusters gold.tsv --ranking evidence.ranking -q
says out ranking

printf 'knows\n' > bad.tsv
expect 65 relsim-dedup judge two.clusters bad.tsv
says err 'bad.tsv:1: '
expect 2 relsim-dedup judge - - < two.clusters
says err 'the clusters and the classes cannot both come from standard input'
expect 66 relsim-dedup judge two.clusters none.tsv
expect 65 relsim-dedup judge kb.similarity gold.tsv
expect 2 relsim-dedup judge two.clusters
expect 2 relsim-dedup judge two.clusters gold.tsv --curve curve.tsv
says err '--curve requires --ranking'
expect 2 relsim-dedup judge two.clusters gold.tsv --reliability -
says err 'cannot both go to standard output'
expect 2 relsim-dedup kb.similarity --dendrogram -
relsim-train facts "$TERSE_DATA/kb/nations/train.tsv" --model counts -q | relsim-score similarity -q -o other.similarity
expect 65 relsim-dedup judge two.clusters gold.tsv --ranking other.similarity
says err 'its relations are not those of the clusters'
