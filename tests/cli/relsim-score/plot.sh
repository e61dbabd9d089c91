# The matrix as SVG, with every relation's name; nothing is left behind where gnuplot is missing.
set -euo pipefail
command -v gnuplot > /dev/null || exit 77
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
printf 'a\tlikes "it"\tb\nb\tlikes "it"\tc\na\tknows_$x\tc\nc\tknows_$x\tb\nb\tsees\ta\n' |
  "$TERSE_BIN/relsim-train" facts --hidden 8 --epochs 2 --held-out 0 -q -o "$folder/kb.facts"
"$TERSE_BIN/relsim-score" similarity "$folder/kb.facts" -q --plot "$folder/matrix.svg" > "$folder/out"
test ! -s "$folder/out"
grep -q '<svg' "$folder/matrix.svg"
for name in 'knows_$x' 'sees'; do grep -qF "$name" "$folder/matrix.svg"; done
status=0
PATH=$folder "$TERSE_BIN/relsim-score" similarity "$folder/kb.facts" -q --plot "$folder/none.svg" 2> "$folder/err" || status=$?
test $status = 2
grep -q gnuplot "$folder/err"
test ! -e "$folder/none.svg"
