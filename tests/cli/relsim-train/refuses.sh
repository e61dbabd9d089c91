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
