#!/usr/bin/env bash
# The GACT pipeline in its small mode: every table has a row a run and level, L0 differs by nothing from itself, and
# compression shrinks what it should.
set -euo pipefail
command -v make > /dev/null || { echo "no make: skipped"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
make -s -C "$TERSE_SOURCE/pipelines/gact" SMALL=1 BIN="$TERSE_BIN" OUT="$work/out"
cd "$work/out"
cat report.md
expect_rows() { [ "$(grep -cv '^#' "$1.tsv")" = "$2" ] || { echo "$1.tsv: expected $2 rows"; cat "$1.tsv"; exit 1; }; }
expect_rows accuracy 9
expect_rows memory 6
expect_rows time 6
expect_rows batch 3
awk -F '\t' '$2 == "L0" && ($5 != 0 || $6 != 0 || $7 != 0 || $8 != 1) {exit 1}' accuracy.tsv
awk -F '\t' '$2 == "L0" {ok += $3 == $4} $2 == "L1" {ok += 4 * $4 < $3} END {exit ok != 4}' memory.tsv
awk -F '\t' '$2 == "L0" && $5 != 1 {exit 1}' time.tsv
awk -F '\t' '$2 == "L0" {base = $3} $2 == "L1" {four = $3} !/^#/ && $5 > 500 * 1048576 {exit 1}
             END {exit !(base > 0 && four > base)}' batch.tsv
for table in Accuracy Memory "Step time" "Largest batch"; do grep -q "^## $table" report.md; done
if command -v gnuplot > /dev/null; then
  for plot in accuracy memory time batch; do grep -q '</svg>' $plot.svg; done
fi

# What is there is not computed again.
stamp=$(stat -c %Y report.md)
make -s -C "$TERSE_SOURCE/pipelines/gact" SMALL=1 BIN="$TERSE_BIN" OUT="$work/out"
[ "$(stat -c %Y report.md)" = "$stamp" ]
