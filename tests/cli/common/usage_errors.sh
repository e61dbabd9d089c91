# What makes no sense is said in one line with a hint, on standard error, with status 2.
source "$TERSE_SOURCE/tests/cli/common.bash"
for tool in $TERSE_TOOLS; do
  expect 2 "$tool" --no-such-option
  [ ! -s out ] || fail "$tool writes to standard output"
  [ "$(wc -l <err)" = 2 ] || fail "$tool: $(cat err)"
  says err "$tool: "
  says err "--no-such-option"
  says err "Try '$tool "
  expect 2 "$tool" --threads many
  says err "many"
  expect 2 "$tool" --threads -1
  expect 2 "$tool" --color purple
  says err "purple"
done

# Numbers: what does not fit is refused, never wrapped round or taken for a number.
for bad in -1 99999999999999999999 1.5 nan; do
  expect 2 act-train --model mlp --data random:1x4x4,classes=2 --seed $bad -o model
  says err "whole number"
done
for bad in nan inf 0 -1 1x; do
  expect 2 act-train --model mlp --data random:1x4x4,classes=2 --lr $bad -o model
  says err "number above 0"
done
expect 2 relsim-dedup --threshold nan similarity
expect 2 relsim-score similarity --top -1 facts

# Two outputs of one name: one would silently replace the other.
expect 2 act-train --model mlp --data random:1x4x4,classes=2 --steps 1 -o both --metrics ./both
says err "named for two outputs"
[ ! -e both ] || fail "a refused command wrote its output"
expect 2 relsim-dedup similarity --triples facts.tsv -o facts.tsv
says err "facts.tsv"

# A command misspelt is called one, whether or not its options would be taken.
expect 2 relsim-dedup frobnicate
says err "no such command or file: 'frobnicate'"
expect 2 relsim-dedup evidense kb.similarity --facts kb.facts
says err "no such command or file: 'evidense'"
expect 66 relsim-dedup missing.similarity
