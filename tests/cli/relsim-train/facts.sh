# Training writes an artifact and metrics; the same seed gives the same bytes for any number of threads.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
nations=$TERSE_DATA/kb/nations
train() {
  "$TERSE_BIN/relsim-train" facts "$nations/train.tsv" --valid "$nations/valid.tsv" --hidden 64 --epochs 4 \
    --start-epochs 5 "$@"
}
train -j 1 -o "$folder/one.facts" --metrics "$folder/metrics.json" 2> "$folder/note"
train -j 2 > "$folder/two.facts" < /dev/null 2> /dev/null
cmp "$folder/one.facts" "$folder/two.facts"
train --seed 2 -q -o "$folder/other.facts"
if cmp -s "$folder/one.facts" "$folder/other.facts"; then echo "the seed changes nothing"; exit 1; fi

test "$(wc -l < "$folder/metrics.json")" = 5
tail -n 1 "$folder/metrics.json" | grep -q '"final":true'
grep -q '"held_out_nats":' "$folder/metrics.json"
grep -q '"peak_resident_bytes":' "$folder/metrics.json"
grep -Eq '199 held-out facts: model [45]\.[0-9]+ nats' "$folder/note"

# Several files and a pipe: the same facts in another order give the same model.
head -n 800 "$nations/train.tsv" > "$folder/first.tsv"
tail -n +801 "$nations/train.tsv" | "$TERSE_BIN/relsim-train" facts "$folder/first.tsv" - --valid "$nations/valid.tsv" \
  --hidden 64 --epochs 4 --start-epochs 5 -q > "$folder/parts.facts"
cmp "$folder/one.facts" "$folder/parts.facts"
gzip -c "$nations/train.tsv" > "$folder/train.gz"
"$TERSE_BIN/relsim-train" facts "$folder/train.gz" --valid "$nations/valid.tsv" --hidden 64 --epochs 4 \
  --start-epochs 5 -q > "$folder/packed.facts"
cmp "$folder/one.facts" "$folder/packed.facts"
