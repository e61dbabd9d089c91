# rewrite takes what `relsim-train facts` reads, several files of it too, and writes TSV.
source "$TERSE_SOURCE/tests/cli/common.bash"
for i in {1..12}; do
  printf '<http://k/a%d> <http://k/knows> <http://k/b%d> .\n<http://k/b%d> <http://k/known_by> <http://k/a%d> .\n' $i $i $i $i
  printf '<http://k/a%d> <http://k/says> "word\\t%d" .\n' $i $((i % 3))
done > kb.nt
relsim-train facts kb.nt --model counts -q -o kb.facts
relsim-score similarity kb.facts -q -o kb.similarity
relsim-dedup kb.similarity --threshold 0.3 -q -o kb.clusters
rewrite() { relsim-dedup rewrite kb.clusters "$@"; }
expect 0 rewrite kb.nt
same 'relsim-dedup: 36 facts: 12 renamed, 12 of them turned round; 12 left out as repeated' err
[ "$(wc -l < out)" = 24 ] || fail "$(cat out)"
says out $'http://k/a1\thttp://k/says\t"word\\t1"'
mv out from_nt
# The same as TSV, with a field more; both; from standard input; packed.
tr -d '<>' < kb.nt | sed 's/ /\t/; s/ /\t/; s/ \.$/\tmore/' > kb.tsv
expect 0 rewrite kb.tsv -q
[ "$(cut -f 4 out | sort -u)" = more ] || fail "the fourth field is lost"
cut -f 1-3 out | cmp - from_nt || fail "TSV and N-Triples differ"
expect 0 rewrite kb.nt kb.tsv
says err '72 facts: 24 renamed'
cmp out from_nt || fail "two inputs of the same facts are more than one"
gzip < kb.nt > packed.nt.gz
expect 0 rewrite -q packed.nt.gz
cmp out from_nt
expect 0 rewrite -q nt:- < kb.nt
cmp out from_nt
mkdir ids
printf '2\na 0\nb 1\n' > ids/entity2id.txt
printf '1\nhttp://k/known_by 0\n' > ids/relation2id.txt
printf '1\n0 1 0\n' > ids/train2id.txt
expect 0 rewrite -q openke:ids
same $'b\thttp://k/knows\ta' out
printf 'a\tb\n' > bad.tsv
expect 65 rewrite kb.nt bad.tsv
says err 'bad.tsv:1: expected head, relation and tail'
printf '<a> b\n' > bad.nt
expect 65 rewrite bad.nt
says err 'bad.nt:1:'
expect 66 rewrite openke:nowhere
expect 2 rewrite - - < kb.tsv
says err 'the triples and the triples cannot both come from standard input'
expect 2 relsim-dedup rewrite kb.clusters
expect 65 relsim-dedup rewrite kb.similarity kb.nt
expect 0 rewrite kb.tsv --keep-repeated -q
[ "$(wc -l < out)" = 36 ] || fail "facts that have become equal are left out: $(wc -l < out)"
relsim-dedup cluster kb.similarity --threshold 0.3 -o - -q | relsim-dedup rewrite - kb.nt -q | cmp - from_nt || fail "through a pipe"
