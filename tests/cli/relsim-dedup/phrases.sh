# Groups phrases of Open IE that have a fact or two each, at a threshold that nobody gives.
source "$TERSE_SOURCE/tests/cli/common.bash"
people=(ann bob cid) firms=('acme corp' 'widget corp' 'sprocket corp')
dishes=(soup stew pie) towns=(oldtown newtown hightown)
p=0
for phrase in 'is chairman of' owns 'was the head of' left 'has retired from' founded; do
  for i in 0 1; do printf '%s\t%s\t%s\n' "${people[p % 3]}" "$phrase" "${firms[(p + i) % 3]}"; done
  p=$((p + 1))
done > openie.tsv
for phrase in 'is eaten in' 'hails to' 'is cooked at' pleases 'was invented in' 'is sold at'; do
  for i in 0 1; do printf '%s\t%s\t%s\n' "${dishes[p % 3]}" "$phrase" "${towns[(p + i) % 3]}"; done
  p=$((p + 1))
done >> openie.tsv
relsim-train facts openie.tsv --model counts -q -o openie.facts
relsim-score similarity openie.facts --least-facts 1 -q -o openie.similarity
expect 0 relsim-dedup phrases openie.similarity --facts openie.facts -q
[ "$(tail -n +2 out | cut -f 2 | sort -u | wc -l)" = 2 ] || fail "not two clusters"
for pair in 'owns:founded' 'pleases:is eaten in'; do
  [ "$(awk -F '\t' -v a="${pair%%:*}" -v b="${pair#*:}" '$1 == a || $1 == b { print $2 }' out | sort -u | wc -l)" = 1 ] ||
    fail "$pair apart"
done
says out 'contexts of tails '
mv out clusters
relsim-dedup phrases openie.similarity --facts openie.facts -q -j 1 | cmp - clusters || fail "depends on threads"
# No similarity is needed.
relsim-dedup phrases --facts openie.facts -q < /dev/null | cmp - clusters || fail "depends on a similarity without thin relations"
relsim-dedup phrases --facts openie.facts -q -o openie.clusters
[ "$(act-inspect openie.clusters --json | grep -c average)" -ge 1 ] || fail "no clusters artifact"
expect 2 relsim-dedup phrases --facts openie.facts --linkage single
says err 'average linkage alone'
# A stricter threshold merges less; at 0 nothing that is not the same is left together.
expect 0 relsim-dedup phrases openie.similarity --facts openie.facts --threshold 0 -q
[ "$(tail -n +2 out | cut -f 2 | sort -u | wc -l)" = 12 ] || fail "merged at threshold 0"

# A single grouping merges what is more alike than two phrases at random, with the likeness as its confidence.
expect 0 relsim-dedup phrases openie.similarity --facts openie.facts --groupings 1 -q
[ "$(tail -n +2 out | cut -f 2 | sort -u | wc -l)" = 2 ] || fail "not two clusters by a single grouping"
cmp -s out clusters && fail "a single grouping is as sure as sixteen"
expect 2 relsim-dedup phrases openie.similarity --facts openie.facts --groupings 0
expect 2 relsim-dedup phrases openie.similarity
says err '--facts is required'
expect 2 relsim-dedup phrases openie.similarity --facts openie.facts --names

# Too few phrases are in the same words to know the chance of anything: that is said, and no chance can be asked for.
expect 0 relsim-dedup phrases openie.similarity --facts openie.facts
says err 'confidences are no chances but shares of groupings: '
expect 65 relsim-dedup phrases openie.similarity --facts openie.facts --false-merges 0.5
says err 'openie.facts: too few phrases are the same'

# Who founded a firm is said in both voices: the passive is turned round, also in rewritten triples. What is denied stays
# apart from what is said.
printf '%s\t%s\t%s\n' ann founded 'acme corp' bob founded 'widget corp' 'acme corp' 'was founded by' ann \
  'sprocket corp' 'was founded by' cid 'eve' 'founded' 'sprocket corp' dan 'has not founded' 'acme corp' > firms.tsv
relsim-train facts firms.tsv --model counts -q -o firms.facts
expect 0 relsim-dedup phrases --facts firms.facts --threshold 0.8 -q
[ "$(awk -F '\t' '$1 == "was founded by" { print $4, $5 }' out)" = 'founded inverse' ] || fail "passive: $(cat out)"
says out 'passive: '
[ "$(awk -F '\t' '$1 == "has not founded" { print $3 }' out)" = 1 ] || fail "denied and said are one: $(cat out)"
expect 2 relsim-dedup phrases --facts firms.facts --count 1 -q
expect 0 relsim-dedup phrases --facts firms.facts --count 1 --merge-negated -q
[ "$(awk -F '\t' '$1 == "has not founded" { print $3 }' out)" = 3 ] || fail "denied apart in spite of --merge-negated: $(cat out)"
relsim-dedup phrases --facts firms.facts --threshold 0.8 -q -o firms.clusters
expect 0 relsim-dedup rewrite firms.clusters firms.tsv -q
grep -qxF $'cid\tfounded\tsprocket corp' out || fail "not turned round: $(cat out)"
[ "$(grep -cxF $'ann\tfounded\tacme corp' out)" = 1 ] || fail "said twice: $(cat out)"
grep -qxF $'dan\thas not founded\tacme corp' out || fail "denied fact lost: $(cat out)"
expect 0 relsim-dedup phrases --facts firms.facts --threshold 0.8 --no-inverse -q
! grep -q inverse out || fail "turned in spite of --no-inverse"

[ -n "${TERSE_SHARED:-}" ] || exit 0
# ReVerb Base, labelled with KBP relations: better than any threshold does for words or arguments alone (0.473).
relsim-train facts "$TERSE_SHARED/openie/reverb-base/triples.tsv" --model counts -q -o reverb.facts
relsim-score similarity reverb.facts --least-facts 1 -q -o reverb.similarity
"$TERSE_SOURCE/pipelines/relsim/reverb_gold" "$TERSE_SHARED/openie/reverb-base/triples.tsv" \
  "$TERSE_SHARED/openie/reverb-base/links.tsv" > reverb.gold
judged() {
  relsim-dedup phrases reverb.similarity --facts reverb.facts "${@:2}" -q --ranking reverb.ranking -o reverb.clusters
  expect 0 relsim-dedup judge reverb.clusters $1.gold --ranking reverb.ranking --reliability reliability.tsv
}
# The labels are machine-made, and the same for "work for" as for "does not work for": what is denied is merged.
judged reverb --merge-negated
awk -F '\t' '$1 == "pair" && $4 > 0.53 { found = 1 } END { exit !found }' out || fail "pair F1: $(grep pair out)"
awk -F '\t' '$1 == "ranking" && $5 > 0.56 { found = 1 } END { exit !found }' out || fail "average precision: $(grep ranking out)"
# Confidences are chances: those of the labelled pairs are a tenth off on average, shares of groupings a quarter. What is surer
# is more often right.
awk '/differ by/ { found = $(NF - 2) < 0.16 } END { exit !found }' err || fail "confidences: $(cat err)"
precision() { awk -F '\t' '$1 == "pair" { print int(1000 * $2) }' out; }
all=$(precision)
judged reverb --merge-negated --false-merges 0.2
[ "$(precision)" -gt $((all + 100)) ] || fail "precision $(precision) of what is surer, $all of all"
expect 0 relsim-dedup phrases reverb.similarity --facts reverb.facts --merge-negated --false-merges 0.2 -q
awk -F '\t' 'FNR > 1 && $7 != "-" { found = 1; if ($7 < 0.8) bad = 1 } END { exit !found || bad }' out || fail "less sure than asked for"
# Or left out, where it stays apart.
grep -viwE 'not|never|no' reverb.gold > said.gold
judged said
awk -F '\t' '$1 == "pair" && $4 > 0.49 { found = 1 } END { exit !found }' out || fail "pair F1 of what is said: $(grep pair out)"
