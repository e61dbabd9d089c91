# Relations predicted by embeddings, fact models, counts and mixtures; same bytes for any number of threads; errors by
# similarity; what makes no sense is refused.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
nations=$TERSE_DATA/kb/nations
PATH=$TERSE_BIN:$PATH
train() { relsim-train "$1" "$nations/train.tsv" --valid "$nations/valid.tsv" -q "${@:2}"; }
train embed --model complex --dim 16 --negatives all --epochs 8 -o one.model
train embed --model complex --dim 16 --negatives all --epochs 8 --seed 2 -o two.model
train facts --hidden 32 --epochs 4 -o kb.facts
train facts --model counts -o counts.facts
relsim-score similarity kb.facts -q -o kb.similarity

predict() { relsim-score predict -q "$@" "$nations/test.tsv"; }
predict one.model two.model kb.facts counts.facts --counts "$nations/train.tsv" --mix "$nations/valid.tsv" -j 1 > table
predict one.model two.model kb.facts counts.facts --counts "$nations/train.tsv" --mix "$nations/valid.tsv" -j 2 > again
cmp table again
head -n 1 table | grep -q '^#model	average	facts	mrr	hits1	hits3	hits10	mean_rank	raw_mrr'
test "$(cut -f 1 table | tail -n +2 | sort -u | paste -sd ' ')" = "counts counts.facts kb.facts mixture one.model two.model"
test "$(cut -f 2 table | tail -n +2 | sort | uniq -c | awk '{print $1 $2}' | paste -sd ' ')" = "6macro 6micro"
test "$(cut -f 3 table | tail -n +2 | sort -u)" = 201
# Leaving out what holds can only help, and the mixture learns to be no worse than counts.
awk -F '\t' '!/^#/ && $4 < $9 { exit 1 }' table
awk -F '\t' '$1 == "counts" && $2 == "micro" { c = $4 } $1 == "mixture" && $2 == "micro" { m = $4 } END { exit !(m > c) }' table

predict one.model --seeds two.model > seeds
awk -F '\t' '$2 == "micro" { mrr[$1] = $4 } END { d = mrr["mean"] - (mrr["one.model"] + mrr["two.model"]) / 2; exit !(d < 1e-3 && d > -1e-3 && mrr["deviation"] > 0) }' seeds
predict one.model --seeds | grep -q '^deviation	micro	201	-	-	-'
predict one.model --known "$nations/valid.tsv" --known "$nations/train.tsv" > known
predict --counts "$nations/train.tsv" > counts
test "$(wc -l < known)$(wc -l < counts)" = 33
predict one.model --by-relation > by_relation
test "$(awk -F '\t' '!/^#/ { sum += $3 } END { print sum }' by_relation)" = 201
predict --counts "$nations/train.tsv" --prior "$nations/valid.tsv" --json | grep -q '"model":"counts","average":"micro"'
predict - < one.model | tail -n +2 | cut -f 2- > piped
predict one.model | tail -n +2 | cut -f 2- | cmp - piped

predict one.model --errors kb.similarity > errors
test "$(cut -f 1,2 errors | paste -sd ' ')" = "#model	kind one.model	answers one.model	above"
awk -F '\t' '$2 == "answers" && !($5 >= $4 && $9 > 0.09 && $9 < 0.1) { exit 1 }' errors
predict one.model --errors kb.similarity --histogram > histogram
test "$(wc -l < histogram)" = $((1 + 2 * 54))
test "$(awk -F '\t' '$2 == "answers" { sum += $4 } END { print sum }' histogram)" = "$(awk -F '\t' '$2 == "answers" { print $3 }' errors)"
if command -v gnuplot > /dev/null; then
  predict one.model --errors kb.similarity --plot errors.svg > /dev/null
  grep -q '<svg' errors.svg
fi

expect() {
  local status=$1 pattern=$2 got=0; shift 2
  "$@" > out 2> err < /dev/null || got=$?
  test "$got" = "$status" || { echo "status $got, not $status: $*"; cat err; exit 1; }
  grep -q -- "$pattern" err || { echo "no '$pattern' in:"; cat err; exit 1; }
}
expect 2 "nothing to predict with" relsim-score predict "$nations/test.tsv"
expect 2 "--histogram requires --errors" relsim-score predict one.model "$nations/test.tsv" --histogram
expect 2 "--seeds excludes --by-relation" relsim-score predict one.model "$nations/test.tsv" --seeds --by-relation
printf 'a\tnew\tb\na\tnewer\tc\n' | relsim-train facts --model counts -q | relsim-score similarity -q -o strange.similarity
expect 65 "strange.similarity: knows none of the relations" relsim-score predict one.model "$nations/test.tsv" --errors strange.similarity
expect 66 "missing" relsim-score predict missing "$nations/test.tsv"
expect 65 "expected a model or facts" relsim-score predict kb.similarity "$nations/test.tsv"
head -n 3 "$nations/train.tsv" | relsim-train facts --model counts -q > other.facts
expect 65 "another knowledge base" relsim-score predict one.model other.facts "$nations/test.tsv"
expect 65 "is no embedding" relsim-score predict "$TERSE_DATA/golden/1.0/sample.model" "$nations/test.tsv"
printf 'a\tr\n' > bad.tsv
expect 65 "bad.tsv:1:" relsim-score predict one.model bad.tsv
printf 'a\tr\tb\n' > other.tsv
expect 65 "no facts that the models know" relsim-score predict one.model other.tsv -q
head -c 3000 one.model > cut.model
expect 65 "cut.model" relsim-score predict cut.model "$nations/test.tsv"
status=0; predict one.model > /dev/full 2> err || status=$?
test $status = 74
(set +o pipefail; predict one.model 2> err | head -n 1 > /dev/null)
test ! -s err
