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
test "$(sed -n 2p "$folder/chosen")" = "$(sed -n 3p "$folder/chosen")"
grep -qxF "$(sed -n 2p "$folder/chosen")" "$folder/exact"
printf 'embassy\tno such relation\n' > "$folder/pairs"
status=0; "${score[@]}" "$folder/one.facts" --pairs "$folder/pairs" > /dev/null 2> "$folder/err" || status=$?
test $status = 65
grep -q "pairs:1: no such pair" "$folder/err"

printf 'a\tr\tb\na\ts\tc\n' | "$TERSE_BIN/relsim-train" facts --hidden 8 --epochs 1 --held-out 0 -q -o "$folder/other.facts"
status=0; "${score[@]}" "$folder/one.facts" "$folder/other.facts" > /dev/null 2> "$folder/err" || status=$?
test $status = 65
grep -q "other.facts: its relations are not those of" "$folder/err"
