#!/usr/bin/env bash
# A fact model's whole process stays within --budget, and says what it would take where it cannot.
. "$(dirname "$0")/../common.bash"
. "$(dirname "$0")/budget.bash"
nations=$TERSE_DATA/kb/nations
train=(relsim-train facts "$nations/train.tsv" --valid "$nations/valid.tsv" --start-epochs 4 --batch 3000 -j 1 -q)

refused
alone=$least
run "$alone" least
run 8192 plenty
keeps_all plenty
[ "$(last least.jsonl activation_bytes_stored)" -lt "$(last plenty.jsonl activation_bytes_stored)" ] || fail "nothing is compressed"

# What Adam keeps of 2.5 million weights takes 20 MB; without momentum SGD keeps nothing, and a budget counts that.
refused --optimizer sgd --momentum 0
[ "$least" -lt $((alone - 9)) ] || fail "$least MiB with SGD, $alone with Adam"
run "$least" plain --optimizer sgd --momentum 0

# A checkpoint takes memory, too.
refused --checkpoint state
[ "$least" -gt "$alone" ] || fail "$least MiB with a checkpoint, $alone without"
goes_on $((least + 4)) weight/entity # a process that resumes is a little larger than one that does not
expect 2 "${train[@]}" --checkpoint state --resume --level L2 -o none.out
says err "was saved with budget "
expect 2 "${train[@]}" --budget 1G --level L1 -o none.out
says err "L2"
