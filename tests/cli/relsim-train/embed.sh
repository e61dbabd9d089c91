# Every model trains and writes a model artifact; same bytes for any number of threads, through files or pipes, and after
# an interruption.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
nations=$TERSE_DATA/kb/nations
embed() { "$TERSE_BIN/relsim-train" embed "$nations/train.tsv" --valid "$nations/valid.tsv" --dim 16 --batch 200 -q "$@"; }

for model in transe distmult complex rotate rescal; do
  embed --model $model --epochs 3 -j 1 -o "$folder/$model" --metrics "$folder/$model.json"
  embed --model $model --epochs 3 -j 2 > "$folder/again" < /dev/null
  cmp "$folder/$model" "$folder/again"
  test "$(wc -l < "$folder/$model.json")" = 4
  tail -n 1 "$folder/$model.json" | grep -q '"final":true'
  grep -q '"held_out_mrr":' "$folder/$model.json"
  "$TERSE_BIN/act-inspect" --verify "$folder/$model"
done
"$TERSE_BIN/relsim-train" embed --model transe --dim 16 --batch 200 --epochs 3 --valid "$nations/valid.tsv" -q < "$nations/train.tsv" > "$folder/again"
cmp "$folder/transe" "$folder/again"
embed --epochs 3 --seed 2 -o "$folder/other"
if cmp -s "$folder/transe" "$folder/other"; then echo "the seed changes nothing"; exit 1; fi

# Negatives of each kind are others.
"$TERSE_BIN/relsim-train" facts "$nations/train.tsv" --model counts -q -o "$folder/facts"
"$TERSE_BIN/relsim-score" similarity "$folder/facts" -q -o "$folder/similarity"
negatives=("--negatives all" "--negatives similarity --similarity $folder/similarity --tau 2 --tau-start 8"
  "--corrupt entities" "--corrupt entities --negatives bernoulli" "--corrupt both --negative-count 4")
cp "$folder/transe" "$folder/seen.0"
for i in "${!negatives[@]}"; do
  # shellcheck disable=SC2086  # several words
  embed --epochs 3 ${negatives[$i]} -o "$folder/new"
  for seen in "$folder"/seen.*; do
    if cmp -s "$seen" "$folder/new"; then echo "the same model: ${negatives[$i]}"; exit 1; fi
  done
  mv "$folder/new" "$folder/seen.$((i + 1))"
done

# Both directions of a divergence are combined as the artifact has it, or as told.
"$TERSE_BIN/relsim-score" similarity "$folder/facts" --combine min -q -o "$folder/min"
embed --epochs 3 --negatives similarity --similarity "$folder/min" -o "$folder/by_artifact"
embed --epochs 3 --negatives similarity --similarity "$folder/similarity" --combine min -o "$folder/by_option"
embed --epochs 3 --negatives similarity --similarity "$folder/similarity" -o "$folder/as_it_is"
for model in by_artifact by_option as_it_is; do "$TERSE_BIN/act-inspect" --decode entity --npy - "$folder/$model" > "$folder/$model.npy"; done
cmp "$folder/by_artifact.npy" "$folder/by_option.npy"
if cmp -s "$folder/by_option.npy" "$folder/as_it_is.npy"; then echo "--combine changes nothing"; exit 1; fi
status=0
embed --epochs 1 --combine min -o "$folder/none" 2> "$folder/err" || status=$?
test $status = 2 && grep -q -- '--combine is of' "$folder/err"

# There is nothing to compress, and no --level; what little a step keeps is reported.
status=0
embed --epochs 1 --level L1 -o "$folder/none" 2> "$folder/err" || status=$?
test $status = 2 && grep -q -- '--level' "$folder/err" && test ! -e "$folder/none"
embed --epochs 1 --metrics "$folder/metrics" -o "$folder/none"
kept=$(tail -n 1 "$folder/metrics" | grep -o '"activation_bytes_exact":[0-9]*' | cut -d: -f2)
test "$kept" -gt 0 && test "$kept" -lt 20000

# Ten epochs at once, and five and five.
embed --epochs 10 --model complex --patience 20 -o "$folder/whole"
embed --epochs 5 --model complex --patience 20 --checkpoint "$folder/state" -o "$folder/half"
embed --epochs 10 --model complex --patience 20 --checkpoint "$folder/state" --resume -j 1 -o "$folder/resumed"
"$TERSE_BIN/act-inspect" --decode entity --npy - "$folder/whole" > "$folder/whole.npy"
"$TERSE_BIN/act-inspect" --decode entity --npy - "$folder/resumed" > "$folder/resumed.npy"
cmp "$folder/whole.npy" "$folder/resumed.npy"
