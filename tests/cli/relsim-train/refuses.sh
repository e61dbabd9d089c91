# Bad input is named by file and line, with the right status.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
expect() {
  local status=$1 pattern=$2; shift 2
  local got=0
  "$@" > "$folder/out" 2> "$folder/err" < /dev/null || got=$?
  test "$got" = "$status" || { echo "status $got, not $status: $*"; cat "$folder/err"; exit 1; }
  grep -q -- "$pattern" "$folder/err" || { echo "no '$pattern' in:"; cat "$folder/err"; exit 1; }
}
facts=("$TERSE_BIN/relsim-train" facts)
printf 'a\tr\tb\na r b\n' > "$folder/bad.tsv"
expect 65 "bad.tsv:2: expected head, relation and tail" "${facts[@]}" "$folder/bad.tsv" -o "$folder/x"
expect 65 "no facts" "${facts[@]}" -o "$folder/x"
expect 66 "missing.tsv" "${facts[@]}" "$folder/missing.tsv" -o "$folder/x"
expect 66 "data.noun" "${facts[@]}" "wordnet:$folder" -o "$folder/x"
expect 2 "" "${facts[@]}" --held-out 1.5 "$TERSE_DATA/kb/nations/train.tsv" -o "$folder/x"
expect 2 "at least 1" "${facts[@]}" --batch 0 "$TERSE_DATA/kb/nations/train.tsv" -o "$folder/x"
expect 2 "" "$TERSE_BIN/relsim-train"
expect 74 "" "${facts[@]}" --epochs 1 --hidden 8 "$TERSE_DATA/kb/nations/train.tsv" -o /dev/full
test ! -e "$folder/x"

embed=("$TERSE_BIN/relsim-train" embed)
nations=$TERSE_DATA/kb/nations/train.tsv
expect 65 "bad.tsv:2: expected head, relation and tail" "${embed[@]}" "$folder/bad.tsv" -o "$folder/x"
expect 2 "even dimension" "${embed[@]}" --model rotate --dim 15 "$nations" -o "$folder/x"
expect 2 "norm must be 1 or 2" "${embed[@]}" --norm 3 "$nations" -o "$folder/x"
expect 2 "need one another" "${embed[@]}" --negatives similarity "$nations" -o "$folder/x"
expect 2 "replace entities" "${embed[@]}" --negatives bernoulli "$nations" -o "$folder/x"
expect 2 "" "${embed[@]}" --resume "$nations" -o "$folder/x"
expect 66 "missing" "${embed[@]}" --checkpoint "$folder/missing" --resume "$nations" -o "$folder/x"
printf 'a\tr\tb\n' > "$folder/single.tsv"
expect 2 "only one" "${embed[@]}" "$folder/single.tsv" -o "$folder/x"
expect 65 "a similarity artifact is needed" "${embed[@]}" --negatives similarity --similarity "$TERSE_DATA/golden/1.0/sample.facts" "$nations" -o "$folder/x"
expect 65 "knows none of the relations" "${embed[@]}" --negatives similarity --similarity "$TERSE_DATA/golden/1.0/sample.similarity" "$nations" -o "$folder/x"
"${embed[@]}" --epochs 1 --dim 8 --checkpoint "$folder/state" -q "$nations" -o "$folder/model"
expect 2 "was saved with seed 1, this run has 7" "${embed[@]}" --epochs 2 --dim 8 --seed 7 --checkpoint "$folder/state" --resume "$nations" -o "$folder/x"
head -c 3000 "$folder/state" > "$folder/cut"
expect 65 "cut" "${embed[@]}" --epochs 2 --dim 8 --checkpoint "$folder/cut" --resume "$nations" -o "$folder/x"
expect 74 "" "${embed[@]}" --epochs 1 --dim 8 "$nations" -o /dev/full
test ! -e "$folder/x"

# A run that diverges says so, leaves the metrics of the epochs before, and no artifact.
for i in {1..60}; do printf 'r%d\t1\t2\t3\t4\tw%d e%d tells%d e%d .\n' $((i % 3)) $((i % 7)) $((i % 11)) $((i % 3)) $((i % 5)); done > "$folder/sentences"
small=(--epochs 3 --lr 1e30 -o "$folder/x" --metrics "$folder/lines")
diverges() {
  rm -f "$folder/lines"
  expect 1 'epoch 1, step 2: training diverged: ' "$@" "${small[@]}"
  test "$(wc -l < "$folder/err")" = 1 && test -e "$folder/lines" && test ! -s "$folder/lines"
}
diverges "${facts[@]}" "$nations" --dim 8 --hidden 16 --start random
for model in transe distmult complex rotate rescal; do diverges "${embed[@]}" "$nations" --model $model --dim 8; done
for model in pa-lstm transformer; do
  diverges "$TERSE_BIN/relsim-train" extract "$folder/sentences" --model $model --word-dim 8 --hidden 8 --layers 1 --batch 20
done
test ! -e "$folder/x"
"${facts[@]}" "$nations" --dim 8 --hidden 16 --epochs 2 --checkpoint "$folder/good" -q -o "$folder/y"
expect 2 'only one of' "${facts[@]}" "$nations" --metrics -

# What contradicts itself is refused, and inputs are named as they were given.
expect 2 'standard input is given twice' "${facts[@]}" - --valid - -o "$folder/x"
expect 2 'standard input is given twice' "$TERSE_BIN/relsim-train" extract - --valid - -o "$folder/x"
expect 2 'held-out' "${facts[@]}" "$nations" --valid "$nations" --held-out 0.1 -o "$folder/x"
expect 2 'held-out' "${embed[@]}" "$nations" --valid "$nations" --held-out 0.1 -o "$folder/x"
expect 65 'standard input: no facts' "${facts[@]}" -o "$folder/x"
expect 66 'openke:nix: no such file or folder' "${facts[@]}" openke:nix -o "$folder/x"
expect 2 'must not be below --tau' "${embed[@]}" "$nations" --tau-start 2 --tau 4 -o "$folder/x"

# Counts that say P(t|h,r) are another estimator than the independent ones: a warning where they are worse, or worse than none.
counts() { "${facts[@]}" "$nations" --valid "$TERSE_DATA/kb/nations/valid.tsv" --model counts -o "$folder/y" "$@" 2> "$folder/err"; }
counts
grep -q 'independent counts 5' "$folder/err"
counts --smoothing 0.001
grep -q 'worse than a uniform guess' "$folder/err"
counts --smoothing 0.001 -q
test ! -s "$folder/err"
