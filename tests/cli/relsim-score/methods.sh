# Methods: intervals and their reproducibility, tolerance, several models, one orientation, chosen pairs.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
nations=$TERSE_DATA/kb/nations
score=("$TERSE_BIN/relsim-score" similarity -q)
train() { "$TERSE_BIN/relsim-train" facts "$nations/train.tsv" --hidden 48 --epochs 3 --start-epochs 5 -q "$@"; }
train --seed 1 -o "$folder/one.facts"
train --seed 2 -o "$folder/two.facts"

# column NAME FILE: that column's values.
column() { awk -F '\t' -v name="$1" 'NR==1 {sub(/^#/, ""); for (i = 1; i <= NF; ++i) if ($i == name) c = i; next} {print $c}' "$2"; }

"${score[@]}" "$folder/one.facts" > "$folder/exact"
test "$(column error_ab "$folder/exact" | sort -u)" = 0
test "$(column spread_ab "$folder/exact" | sort -u)" = -

"${score[@]}" "$folder/one.facts" --method adaptive --heads 4 --seed 3 -j 1 -o "$folder/a"
"${score[@]}" "$folder/one.facts" --method adaptive --heads 4 --seed 3 -j 2 -o "$folder/b"
cmp "$folder/a" "$folder/b"
"${score[@]}" "$folder/one.facts" --method adaptive --heads 4 --seed 4 -o "$folder/c"
if cmp -s "$folder/a" "$folder/c"; then echo "the seed changes nothing"; exit 1; fi
"${score[@]}" "$folder/one.facts" --method adaptive --heads 4 > "$folder/adaptive"
test "$(column error_ab "$folder/adaptive" | awk '$1 > 0' | wc -l)" -gt 100
"${score[@]}" "$folder/one.facts" --method adaptive --tolerance 1e-6 > "$folder/tight"
test "$(column error_ab "$folder/tight" | sort -u)" = 0
cmp <(cut -f 1-9 "$folder/tight") <(cut -f 1-9 "$folder/exact")
"${score[@]}" "$folder/one.facts" --method sample --draws 10 > "$folder/sample"
test "$(column error_ab "$folder/sample" | awk '$1 > 0' | wc -l)" -gt 1000

"${score[@]}" "$folder/one.facts" "$folder/two.facts" > "$folder/both"
test "$(column spread_ab "$folder/both" | awk '$1 > 0' | wc -l)" -gt 1000
"${score[@]}" "$folder/two.facts" --json > "$folder/two.json"
"${score[@]}" "$folder/one.facts" --json > "$folder/one.json"
"${score[@]}" "$folder/one.facts" --orientation same > "$folder/same"
test "$(column orientation "$folder/same" | sort -u)" = same
test "$(wc -l < "$folder/same")" = $((1 + 55 * 54 / 2))

printf 'embassy\tngo\nngo\tembassy\n' > "$folder/pairs"
"${score[@]}" "$folder/one.facts" --pairs "$folder/pairs" > "$folder/chosen"
test "$(wc -l < "$folder/chosen")" = 3
test "$(cut -f 1,2 "$folder/chosen" | tail -n +2 | paste -sd ' ')" = "embassy	ngo ngo	embassy"
# Named the other way round, all that has a direction is exchanged.
awk -F '\t' 'NR == 2 { a = $1 $2 $4 $5 $8 $9 $10 $11 } NR == 3 { b = $2 $1 $5 $4 $9 $8 $11 $10 } END { exit a != b }' "$folder/chosen"
if awk -F '\t' 'NR == 2 { exit $4 != $5 }' "$folder/chosen"; then echo "both directions are the same"; exit 1; fi
grep -qxF "$(sed -n 2p "$folder/chosen")" "$folder/exact"
printf 'embassy\tno such relation\n' > "$folder/pairs"
status=0; "${score[@]}" "$folder/one.facts" --pairs "$folder/pairs" > /dev/null 2> "$folder/err" || status=$?
test $status = 65
grep -q "pairs:1: no such pair" "$folder/err"

printf 'a\tr\tb\na\ts\tc\n' | "$TERSE_BIN/relsim-train" facts --hidden 8 --epochs 1 --held-out 0 -q -o "$folder/other.facts"
status=0; "${score[@]}" "$folder/one.facts" "$folder/other.facts" > /dev/null 2> "$folder/err" || status=$?
test $status = 65
grep -q "other.facts: its relations are not those of" "$folder/err"

# Other measures: what the definition says of a handful of facts, from an artifact of either kind.
printf '%s\n' 'a r x' 'b r y' 'a s x' 'c s z' 'x t a' 'z t c' | tr ' ' '\t' > "$folder/few.tsv"
"$TERSE_BIN/relsim-train" facts "$folder/few.tsv" --model counts -q -o "$folder/few.facts"
measured() { awk -F '\t' -v a="$1" -v b="$2" '($1 == a && $2 == b) || ($1 == b && $2 == a) { print $3, $4, $5 }' "$folder/measured"; }
"${score[@]}" "$folder/few.facts" --method jaccard > "$folder/measured"
test "$(measured r s)" = "same 0.6667 0.6667"
test "$(measured s t)" = "inverse 0 0"
"${score[@]}" "$folder/few.facts" --method profile > "$folder/measured"
test "$(measured r s)" = "same 0.5 0.5"
test "$(measured r t)" = "inverse 0.5 0.5"
"$TERSE_BIN/relsim-train" embed "$nations/train.tsv" --dim 8 --epochs 2 -q -o "$folder/kb.model"
"${score[@]}" "$folder/kb.model" --method cosine -o "$folder/cosine" --top 1 > "$folder/nearest"
"$TERSE_BIN/act-inspect" "$folder/cosine" | grep -qxF "method	cosine"
awk -F '\t' 'NR == 2 { exit !($6 >= 0 && $6 < 0.9 && $10 > 0) }' "$folder/nearest"

refuses() {
  local want=$1 pattern=$2 status=0; shift 2
  "${score[@]}" "$@" > /dev/null 2> "$folder/err" || status=$?
  test $status = "$want" || { echo "status $status, not $want: $*"; cat "$folder/err"; exit 1; }
  grep -q -- "$pattern" "$folder/err" || { echo "no '$pattern' in:"; cat "$folder/err"; exit 1; }
}
refuses 65 "a facts artifact, but a model artifact is needed" "$folder/one.facts" --method cosine
refuses 65 "a model artifact, but a facts artifact is needed" "$folder/kb.model" --method jaccard
# What a method takes no notice of is refused, even at its default.
refuses 2 "--tolerance goes with --method adaptive" "$folder/one.facts" --tolerance 0.05
refuses 2 "--time goes with --method adaptive" "$folder/one.facts" --time 1
refuses 2 "--heads goes with --method adaptive" "$folder/one.facts" --method sample --heads 4
refuses 2 "--draws goes with --method sample" "$folder/one.facts" --draws 5
refuses 2 "in place of --tolerance and --time" "$folder/one.facts" --method adaptive --heads 4 --time 1
refuses 2 "--precision goes with divergences" "$folder/few.facts" --method jaccard --precision double
