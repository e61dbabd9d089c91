# Shards, joined in any order, are byte for byte one run; what does not belong together is refused.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
score=("$TERSE_BIN/relsim-score")
"$TERSE_BIN/relsim-train" facts "$TERSE_DATA/kb/nations/train.tsv" --hidden 48 --epochs 2 --start-epochs 5 -q -o "$folder/kb.facts"
"$TERSE_BIN/relsim-train" facts "$TERSE_DATA/kb/nations/train.tsv" --hidden 48 --epochs 2 --start-epochs 5 --seed 2 -q \
  -o "$folder/other.facts"
"${score[@]}" similarity "$folder/kb.facts" --precision single --combine min -q -o "$folder/whole"
for i in 1 2 3; do
  "${score[@]}" similarity "$folder/kb.facts" --precision single --combine min --shard $i/3 -q -o "$folder/part.$i"
done
"${score[@]}" merge "$folder/part.2" "$folder/part.3" "$folder/part.1" -q -o "$folder/joined"
cmp "$folder/whole" "$folder/joined"
"${score[@]}" similarity "$folder/kb.facts" --precision single --combine min --top 5 -q > "$folder/whole.top"
"${score[@]}" merge "$folder"/part.? --top 5 > "$folder/joined.top"
cmp "$folder/whole.top" "$folder/joined.top"

refuses() {
  local want=$1 pattern=$2 status=0; shift 2
  "$@" > /dev/null 2> "$folder/err" || status=$?
  test $status = "$want" || { echo "status $status, not $want: $*"; cat "$folder/err"; exit 1; }
  grep -q -- "$pattern" "$folder/err" || { echo "no '$pattern' in:"; cat "$folder/err"; exit 1; }
}
refuses 65 "part 2/3 is missing" "${score[@]}" merge "$folder/part.1" "$folder/part.3"
refuses 65 "parts 1/3, 3/3 are missing" "${score[@]}" merge "$folder/part.2"
cp "$folder/part.2" "$folder/again"
refuses 65 "again: is part 2/3, and so is .*part.2" "${score[@]}" merge "$folder"/part.? "$folder/again"
"${score[@]}" similarity "$folder/kb.facts" --precision single --combine min --shard 1/4 -q -o "$folder/quarter"
refuses 65 "part.2: is part 2/3, and .*quarter is part 1/4" "${score[@]}" merge "$folder/quarter" "$folder"/part.[23]
"$TERSE_BIN/act-inspect" "$folder/part.2" > "$folder/shown"
grep -qxF 'part	part 2/3' "$folder/shown"
grep -qxF 'orientations	same, inverse' "$folder/shown"
"$TERSE_BIN/act-inspect" --json < "$folder/part.2" | grep -q '"part":"part 2/3"'
"${score[@]}" similarity "$folder/other.facts" --precision single --combine min --shard 2/3 -q -o "$folder/strange"
refuses 65 "strange: not a part of the same comparison" "${score[@]}" merge "$folder/part.1" "$folder/strange" "$folder/part.3"
refuses 65 "whole: is a whole similarity" "${score[@]}" merge "$folder/whole"
refuses 65 "part.1: is a part of a similarity: join all parts by .relsim-score merge. first" "$TERSE_BIN/relsim-dedup" "$folder/part.1"
refuses 2 "i/n" "${score[@]}" similarity "$folder/kb.facts" --shard 4/3 -o "$folder/x"
refuses 2 "i/n" "${score[@]}" similarity "$folder/kb.facts" --shard 1 -o "$folder/x"
refuses 2 "shards" "${score[@]}" similarity "$folder/kb.facts" --shard 1/1000 -o "$folder/x"
refuses 2 "--shard" "${score[@]}" similarity "$folder/kb.facts" --shard 1/2 --top 3 -o "$folder/x"
refuses 2 "--method exact" "${score[@]}" similarity "$folder/kb.facts" --shard 1/2 --method adaptive -o "$folder/x"
test ! -e "$folder/x"
