# Grouping phrases takes a memory that grows with the phrases, not with their pairs, and a time that does not run away.
source "$TERSE_SOURCE/tests/cli/common.bash"
[ -n "${TERSE_SHARED:-}" ] || skip "no Open IE triples"
[ -x /usr/bin/time ] || skip "no /usr/bin/time"
for n in 8000 24000; do
  "$TERSE_SOURCE/tests/bench/grown_openie.py" "$TERSE_SHARED/openie/reverb-base/triples.tsv" $n > triples.tsv
  relsim-train facts triples.tsv --model counts -q -o openie.facts
  # A table of pairs would take 2.3 GB for 24,000.
  /usr/bin/time -f '%M %U' -o $n.time relsim-dedup phrases --facts openie.facts --groupings 1 -q > $n.clusters
  [ "$(tail -n +2 $n.clusters | wc -l)" = $n ] || fail "not $n phrases"
  awk -F '\t' 'NR > 1 && $3 > 1 && !($7 != "-" && $7 >= 0 && $7 <= 1 && $8 != "-") { bad = $0 } END { if (bad) { print bad; exit 1 } }' \
    $n.clusters || fail "a merge without confidence or reason"
done
# Groupings that are to agree take their number times longer, and little more memory.
/usr/bin/time -f '%M %U' -o agreed.time relsim-dedup phrases --facts openie.facts --groupings 3 -q > agreed.clusters
cmp -s agreed.clusters 24000.clusters && fail "three groupings say what one does"
read -r few_kib few_seconds < 8000.time
read -r many_kib many_seconds < 24000.time
[ "$many_kib" -lt 262144 ] || fail "24,000 phrases take $many_kib KiB"
[ "$many_kib" -lt $((4 * few_kib)) ] || fail "three times the phrases take from $few_kib to $many_kib KiB"
read -r agreed_kib _ < agreed.time
[ "$agreed_kib" -lt $((2 * many_kib)) ] || fail "three groupings take $agreed_kib KiB, one $many_kib"
awk -v few="$few_seconds" -v many="$many_seconds" 'BEGIN { exit !(many < 15 * few + 5) }' ||
  fail "three times the phrases take from $few_seconds s to $many_seconds s"
