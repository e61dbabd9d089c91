# The pipeline's report on split relations sets the evidence against other measures: average precisions and curves.
source "$TERSE_SOURCE/tests/cli/common.bash"
command -v gnuplot > /dev/null || skip "no gnuplot"
mkdir -p data/kb/ring
# Four relations, from each of four groups of entities to the next.
awk 'BEGIN { srand(1); for (r = 0; r < 4; ++r) for (h = 0; h < 20; ++h) for (t = 0; t < 20; ++t) if (rand() < 0.7)
  printf "e%d.%d\tr%d\te%d.%d\n", r, h, r, (r + 1) % 4, t }' > data/kb/ring/train.tsv
make -s -C "$TERSE_SOURCE/pipelines/relsim" DATA="$PWD/data" BIN="$TERSE_BIN" OUT="$PWD/out" experiments=toy-ring flags_toy-ring=--no-inverse > made
says out/report.md '| experiment | evidence | divergence | pair Jaccard | count profiles | TransE cosine |'
# Relations that share no fact are all alike to Jaccard: its precision is what chance gives.
awk -F '|' '$2 ~ /toy-ring/ && NF == 8 { found = 1; bad = $3 < 0.9 || $5 > 0.3 || $6 < 0.9 || $7 < 0.9 } END { exit bad || !found }' out/report.md ||
  fail "$(cat out/report.md)"
for title in evidence 'divergence of counts' 'pair Jaccard' 'count profiles' 'TransE cosine'; do says out/toy-ring.svg "$title"; done
