# Both extractors train, from every form of sentences, to the same bytes for any number of threads; scores, ensembles and
# errors; what makes no sense is refused.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
PATH=$TERSE_BIN:$PATH
# The word between the entities tells the relation.
awk 'BEGIN { for (i = 0; i < 240; ++i) { r = i % 4; printf "r%d\t1\t2\t%d\t%d\tw%d e%d tells%d%s e%d .\n", r, 3 + i % 3, 4 + i % 3, i % 7, i % 31, r, i % 3 == 0 ? "" : i % 3 == 1 ? " x" : " y z", i % 29 } }' > train.tsv
awk 'BEGIN { for (i = 0; i < 40; ++i) { r = (i + 1) % 4; printf "r%d\t1\t2\t3\t4\tw%d e%d tells%d e%d .\n", r, i % 7, i % 31, r, i % 29 } }' > test.tsv
short() { relsim-train extract "$@" --valid test.tsv --word-dim 10 --hidden 16 --layers 1 --distance-dim 4 --batch 20 -q; }
train() { short "$@" --epochs 8 --lr 0.01; }
number() { tail -n 1 "$2" | grep -o "\"$1\":[^,}]*" | cut -d: -f2; }
for model in pa-lstm transformer; do
  train train.tsv --model $model -j 1 -o $model.model --metrics $model.json
  train train.tsv --model $model -j 2 > again
  cmp $model.model again
  tail -n 1 $model.json | grep -q '"final":true'
  train train.tsv --model $model --level L1 -o compressed.model --metrics compressed.json
  exact=$(number activation_bytes_exact compressed.json) stored=$(number activation_bytes_stored compressed.json)
  test $((stored * 2)) -lt "$exact" || { echo "$model: $stored of $exact bytes at L1"; exit 1; }
  test "$(number peak_allocated_bytes compressed.json)" -gt "$stored"
  train train.tsv --model $model --bits 8 -o eight.model --metrics eight.json
  test "$(number activation_bytes_stored eight.json)" -gt "$stored"
  train train.tsv --model $model --level L2.2 --adapt-every 10 -j 1 -o adaptive.model --metrics adaptive.json
  train train.tsv --model $model --level L2.2 --adapt-every 10 -j 2 | cmp adaptive.model -
  # Gates, attention and GELU ask for more than 2 bits, yet for less than L1 takes.
  tail -n 1 adaptive.json | grep -q '"average_bits":[34]\.'
  test "$(number activation_bytes_stored adaptive.json)" -lt "$stored"
done
python3 - << 'END'
import json
records, by_relation = [], {}
for line in open("train.tsv"):
    relation, hb, he, tb, te, text = line.rstrip("\n").split("\t")
    tokens, (hb, he, tb, te) = text.split(" "), map(int, (hb, he, tb, te))
    records.append({"token": tokens, "relation": relation, "subj_start": hb, "subj_end": he - 1, "obj_start": tb, "obj_end": te - 1})
json.dump(records, open("train.json", "w"))
END
train - --model pa-lstm < train.json > again
cmp pa-lstm.model again
awk 'BEGIN { for (w = 0; w < 7; ++w) { printf "w%d", w; for (i = 0; i < 10; ++i) printf " %g", w / 10; print "" } }' > vectors.txt
train train.tsv --model pa-lstm --vectors vectors.txt -o vectors.model
if cmp -s pa-lstm.model vectors.model; then echo "vectors change nothing"; exit 1; fi

# A run that is killed goes on from its checkpoint, bit for bit; another run's is refused.
short train.tsv --model transformer --epochs 3 --lr 0.01 --checkpoint state -o half.model
train train.tsv --model transformer --checkpoint state --resume -j 2 -o resumed.model --metrics resumed.json
for model in transformer resumed; do
  act-inspect --decode parameter/words --npy - $model.model > $model.weights
  act-inspect --decode parameter/relation_weight --npy - $model.model >> $model.weights
  tail -n 1 $model.json | sed -E 's/"(step_seconds|peak_resident_bytes|peak_allocated_bytes)":[^,}]*,?//g' > $model.last
done
cmp transformer.weights resumed.weights
cmp transformer.last resumed.last
refused() {
  local status=0
  "${@:2}" --model transformer --checkpoint state --resume -o x 2> err || status=$?
  if [ $status != 2 ] || ! grep -qF -- "was saved with $1 " err; then echo "taken for the same run: ${*:2}"; cat err; exit 1; fi
}
refused lr short train.tsv --epochs 8 --lr 0.02
refused seed train train.tsv --seed 3
refused level train train.tsv --level L1
refused 'content of the data' train test.tsv

# A similarity of these relations from their sentences' own pairs of entities.
awk -F '\t' -v OFS='\t' '{ split($6, w, " "); print w[$2 + 1], $1, w[$4 + 1] }' train.tsv | relsim-train facts --model counts -q |
  relsim-score similarity -q -o relations.similarity
train train.tsv --model pa-lstm --alpha 1 --similarity relations.similarity -o margin.model --metrics margin.json
grep -q '"tau":' margin.json
if cmp -s pa-lstm.model margin.model; then echo "the margin changes nothing"; exit 1; fi

relsim-score extract pa-lstm.model margin.model test.tsv -q -j 1 > table
relsim-score extract pa-lstm.model margin.model test.tsv -q -j 2 | cmp table -
test "$(cut -f 1,2 table | paste -sd ' ')" = "#model	average pa-lstm.model	micro pa-lstm.model	macro margin.model	micro margin.model	macro ensemble	micro ensemble	macro"
awk -F '\t' '!/^#/ && $6 < 0.8 { exit 1 }' table
relsim-score extract pa-lstm.model margin.model test.tsv --seeds -q > seeds
head -n 7 seeds | cmp table -
test "$(tail -n +8 seeds | cut -f 1,2 | paste -sd ' ')" = "mean	micro deviation	micro mean	macro deviation	macro"
awk -F '\t' '$2 == "macro" { f[$1] = $6 } END { d = f["mean"] - (f["pa-lstm.model"] + f["margin.model"]) / 2; exit !(d < 1e-3 && d > -1e-3) }' seeds
relsim-score extract pa-lstm.model test.tsv --seeds -q | grep -q '^deviation	micro	40	-	-	-	-$'
relsim-score extract pa-lstm.model test.tsv --by-relation --excluded r0 -q > by_relation
test "$(cut -f 2 by_relation | paste -sd ' ')" = "relation r1 r2 r3"
relsim-score extract pa-lstm.model test.tsv --errors relations.similarity -q | head -n 1 | grep -q '^#model	kind	mistakes'

expect() {
  local status=$1 pattern=$2 got=0; shift 2
  "$@" > out 2> err < /dev/null || got=$?
  test "$got" = "$status" || { echo "status $got, not $status: $*"; cat err; exit 1; }
  grep -q -- "$pattern" err || { echo "no '$pattern' in:"; cat err; exit 1; }
}
printf 'r\t0\t1\n' > bad.tsv
expect 65 "bad.tsv:1: expected relation" relsim-train extract bad.tsv -o x
expect 65 "no sentences" relsim-train extract -o x
expect 2 "excludes" relsim-train extract train.tsv --bits 4 --level L1 -o x
expect 2 "need one another" relsim-train extract train.tsv --alpha 1 -o x
expect 2 "heads must divide" relsim-train extract train.tsv --model transformer --hidden 10 --heads 3 -o x
printf 'w0 1 2\n' > short.txt
expect 65 "short.txt:1: expected a word and 10 numbers" relsim-train extract train.tsv --word-dim 10 --vectors short.txt -o x
expect 2 "--seeds excludes --errors" relsim-score extract pa-lstm.model test.tsv --seeds --errors relations.similarity
printf 'a\tnew\tb\na\tnewer\tc\n' | relsim-train facts --model counts -q | relsim-score similarity -q -o strange.similarity
expect 65 "strange.similarity: knows none of the relations" relsim-score extract pa-lstm.model test.tsv --errors strange.similarity
expect 66 "missing" relsim-score extract missing test.tsv
expect 65 "is no extractor" relsim-score extract "$TERSE_DATA/golden/1.0/sample.model" test.tsv
expect 2 "know no relation" relsim-score extract pa-lstm.model test.tsv --excluded nothing
head -c 3000 pa-lstm.model > cut.model
expect 65 "cut.model" relsim-score extract cut.model test.tsv
expect 74 "" relsim-train extract train.tsv --epochs 1 --hidden 8 --word-dim 4 -o /dev/full
test ! -e x
