#!/usr/bin/env bash
# An extractor's whole process stays within --budget, and says what it would take where it cannot.
. "$(dirname "$0")/../common.bash"
. "$(dirname "$0")/budget.bash"
# Sentences of 30 to 59 tokens; one word of them tells the relation.
awk 'BEGIN { for (i = 0; i < 300; ++i) { r = i % 4; printf "r%d\t1\t2\t3\t4\tw%d e%d tells%d e%d", r, i % 7, i % 31, r, i % 29
  for (n = 0; n < 26 + i % 30; ++n) printf " f%d", (i * 7 + n * 3) % 50
  print "" } }' > train.tsv
head -n 60 train.tsv > valid.tsv
train=(relsim-train extract train.tsv --valid valid.tsv --model transformer --hidden 96 --layers 3 --word-dim 64 --batch 150 -j 1 -q)
epochs=2

refused
run 8192 plenty
most=$resident
keeps_all plenty
bits=0
for part in 0 20; do
  budget=$((least + (most / 1048576 - least) * part / 100))
  run "$budget" "at$part"
  awk -v a="$bits" -v b="$(last "at$part.jsonl" average_bits)" 'BEGIN { exit !(b > a && b < 32) }' || fail "bits at $part %"
  bits=$(last "at$part.jsonl" average_bits)
done

goes_on "$budget" parameter/relation_weight
expect 2 "${train[@]}" --checkpoint state --resume -o none.out
says err "was saved with budget "

expect 2 "${train[@]}" --budget 1G --bits 4 -o none.out
expect 2 "${train[@]}" --budget 1G --level L1 -o none.out
says err "L2"
