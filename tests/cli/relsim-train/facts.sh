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

# Rounded products: another model, nearly as good, for any number of threads; the artifact says so.
for threads in 1 2; do train --products bfloat16 -q -j $threads -o "$folder/rounded.$threads" --metrics "$folder/rounded.json"; done
cmp "$folder/rounded.1" "$folder/rounded.2"
decode() { "$TERSE_BIN/act-inspect" --decode weight/entity --npy - "$1"; }
if cmp -s <(decode "$folder/one.facts") <(decode "$folder/rounded.1"); then echo "rounding changes nothing"; exit 1; fi
for model in one.facts:float32 rounded.1:bfloat16; do
  "$TERSE_BIN/act-inspect" "$folder/${model%:*}" | grep -qxF "$(printf 'products\t%s' "${model#*:}")"
done
nats() { tail -n 1 "$1" | sed -E 's/.*"held_out_nats":([0-9.]+).*/\1/'; }
awk -v a="$(nats "$folder/metrics.json")" -v b="$(nats "$folder/rounded.json")" 'BEGIN {exit !(b < a + 0.02 && b > a - 0.02)}'

# Compressed hidden layers: for any number of threads, nearly as good, in a tenth of the bytes.
number() { tail -n 1 "$2" | grep -o "\"$1\":[^,}]*" | cut -d: -f2; }
for level in L1 L2.2; do
  for threads in 1 2; do train --level $level --adapt-every 5 -q -j $threads -o "$folder/level.$threads" --metrics "$folder/level.json"; done
  cmp "$folder/level.1" "$folder/level.2"
  test $(($(number activation_bytes_stored "$folder/level.json") * 10)) -lt "$(number activation_bytes_exact "$folder/level.json")"
  test "$(number activation_bytes_exact "$folder/level.json")" = "$(number activation_bytes_stored "$folder/metrics.json")"
  test "$(number peak_allocated_bytes "$folder/level.json")" -gt 0
  awk -v a="$(nats "$folder/metrics.json")" -v b="$(nats "$folder/level.json")" 'BEGIN {exit !(b < a + 0.05 && b > a - 0.05)}'
done
"$TERSE_BIN/act-inspect" "$folder/level.1" | grep -qxF "$(printf 'level\tL2.2')"
test "$(number average_bits "$folder/level.json" | cut -c 1)" -le 3
train --bits 8 -q -o "$folder/eight" --metrics "$folder/eight.json"
test "$(number activation_bytes_stored "$folder/eight.json")" -gt "$(number activation_bytes_stored "$folder/level.json")"
train --bits 32 -q -o "$folder/none"
cmp <(decode "$folder/one.facts") <(decode "$folder/none")
if train --level L1 --products bfloat16 -q -o "$folder/x" 2> "$folder/err"; then echo "L1 with bfloat16"; exit 1; fi
grep -q 'no products in bfloat16' "$folder/err"

# A rate that falls to nothing over the epochs.
train --schedule linear -q -o "$folder/descent.facts" --metrics "$folder/descent.json"
"$TERSE_BIN/act-inspect" "$folder/descent.facts" | grep -qxF "$(printf 'schedule\tlinear')"
if cmp -s <(decode "$folder/one.facts") <(decode "$folder/descent.facts"); then echo "the schedule changes nothing"; exit 1; fi

test "$(wc -l < "$folder/metrics.json")" = 5
tail -n 1 "$folder/metrics.json" | grep -q '"final":true'
grep -q '"held_out_nats":' "$folder/metrics.json"
grep -q '"peak_resident_bytes":' "$folder/metrics.json"
grep -Eq '199 held-out facts: model [45]\.[0-9]+ nats .*, both mixed [45]\.[0-9]+, uniform 5\.' "$folder/note"

# Several files and a pipe: the same facts in another order give the same model.
head -n 800 "$nations/train.tsv" > "$folder/first.tsv"
tail -n +801 "$nations/train.tsv" | "$TERSE_BIN/relsim-train" facts "$folder/first.tsv" - --valid "$nations/valid.tsv" \
  --hidden 64 --epochs 4 --start-epochs 5 -q > "$folder/parts.facts"
cmp "$folder/one.facts" "$folder/parts.facts"
gzip -c "$nations/train.tsv" > "$folder/train.gz"
"$TERSE_BIN/relsim-train" facts "$folder/train.gz" --valid "$nations/valid.tsv" --hidden 64 --epochs 4 \
  --start-epochs 5 -q > "$folder/packed.facts"
cmp "$folder/one.facts" "$folder/packed.facts"

# N-Triples and OpenKE's id files say the same as TSV: with the same names in the same order, the same model.
awk -F '\t' '{print "<n:" $1 "> <n:" $2 "> <n:" $3 "> ."}' "$nations/train.tsv" | gzip -c > "$folder/train.nt.gz"
sed 's/^/n:/; s/\t/\tn:/g' "$nations/train.tsv" > "$folder/named.tsv"
mkdir "$folder/openke"
awk -F '\t' -v OFS='\t' -v folder="$folder/openke" '
  function id(name, ids, names, which) { if (!(name in ids)) { ids[name] = size[which]++; names[ids[name]] = name } return ids[name] }
  { h = id($1, entities, entity, "e"); r = id($2, relations, relation, "r"); t = id($3, entities, entity, "e"); fact[NR] = h " " t " " r }
  END {
    print size["e"] > (folder "/entity2id.txt"); for (i = 0; i < size["e"]; ++i) print entity[i], i > (folder "/entity2id.txt")
    print size["r"] > (folder "/relation2id.txt"); for (i = 0; i < size["r"]; ++i) print relation[i], i > (folder "/relation2id.txt")
    print NR > (folder "/train2id.txt"); for (i = 1; i <= NR; ++i) print fact[i] > (folder "/train2id.txt")
  }' "$folder/named.tsv"
small() { "$TERSE_BIN/relsim-train" facts "$@" --hidden 8 --epochs 1 --start random -q; }
small "$folder/named.tsv" > "$folder/tsv.facts"
small "$folder/train.nt.gz" > "$folder/nt.facts"
small "openke:$folder/openke" > "$folder/openke.facts"
cmp "$folder/tsv.facts" "$folder/nt.facts"
cmp "$folder/tsv.facts" "$folder/openke.facts"

# One is one.
{ printf 'nobody\trelngo\tusa\n'; head -n 1 "$nations/valid.tsv"; } > "$folder/one.tsv"
"$TERSE_BIN/relsim-train" facts "$nations/train.tsv" --valid "$folder/one.tsv" --model counts -o "$folder/counts.facts" 2> "$folder/err"
grep -q 'one.tsv: 1 fact names what the training facts do not: left out' "$folder/err"
grep -q ' 1 held-out fact: model ' "$folder/err"

# Relations with too few facts are told of.
for i in 1 2 3 4 5; do printf 'a%d\tr\tb%d\n' $i $i; done > "$folder/thin"
printf 'a1\ts\tb2\n' >> "$folder/thin"
"$TERSE_BIN/relsim-train" facts "$folder/thin" --model counts -o "$folder/thin.facts" 2> "$folder/err"
grep -q '1 relation has fewer than 5 facts, of 2 in all' "$folder/err"
