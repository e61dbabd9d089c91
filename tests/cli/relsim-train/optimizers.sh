#!/usr/bin/env bash
# A fact model by each optimizer: it learns, the same for any number of threads and when resumed, under a level, too; what an
# optimizer does not need is not kept.
source "$TERSE_SOURCE/tests/cli/common.bash"
nations=$TERSE_DATA/kb/nations
train() {
  relsim-train facts "$nations/train.tsv" --valid "$nations/valid.tsv" --hidden 64 --start-epochs 5 --epochs "${epochs:-8}" -q "$@"
}
number() { tail -n 1 "$2" | grep -o "\"$1\":[^,}]*" | cut -d: -f2; }
told() { act-inspect "$2" | awk -F '\t' -v key="$1" '$1 == key { print $2 }'; }
entity() { act-inspect --decode weight/entity --npy - "$1"; }
# kept FILE: tensors of the optimizer's in a checkpoint; weights and biases of both perceptrons and two tables are 14.
kept() { act-inspect --tensors "$1" | awk -F '\t' '$2 == "optimizer"' | wc -l; }

train -o adam.facts --metrics adam.json --checkpoint adam.state
train --optimizer adam --lr 0.005 -o same.facts
cmp <(entity adam.facts) <(entity same.facts)
[ "$(told optimizer adam.facts)" = adam ] && [ "$(told lr adam.facts)" = 0.005 ] && [ -z "$(told momentum adam.facts)" ]
[ "$(kept adam.state)" = 28 ]

for kind in adagrad:14 sgd:14 plain:0; do
  name=${kind%:*} optimizer=${kind%:*} more=()
  if [ $name = plain ]; then optimizer=sgd more=(--momentum 0 --lr 0.01); fi
  run=(train --optimizer $optimizer "${more[@]}")
  "${run[@]}" -j 1 -o one.facts --metrics $name.json --checkpoint $name.state
  "${run[@]}" -j 2 -o two.facts
  cmp one.facts two.facts || fail "$name: other bits with other threads"
  [ "$(told optimizer one.facts)" = $optimizer ] || fail "$name: the artifact does not tell"
  [ "$(kept $name.state)" = "${kind#*:}" ] || fail "$name: $(kept $name.state) tensors are kept"
  cmp -s <(entity one.facts) <(entity adam.facts) && fail "$name is Adam"
  # Nearly as good as Adam, which is 0.26 better than a uniform guess.
  awk -v a="$(number held_out_nats $name.json)" -v b="$(number held_out_nats adam.json)" 'BEGIN { exit !(a < b + 0.15) }' || fail "$name: $(number held_out_nats $name.json) nats, Adam $(number held_out_nats adam.json)"

  epochs=3 "${run[@]}" -o half.facts --checkpoint half.state
  "${run[@]}" --checkpoint half.state --resume -o resumed.facts
  cmp one.facts resumed.facts || fail "$name: other bits when resumed"
  expect 2 train --checkpoint $name.state --resume -o x
  says err 'was saved with optimizer '
  expect 2 train --optimizer $optimizer --momentum 0.5 --checkpoint adam.state --resume -o x

  "${run[@]}" --level L1 -o level.facts --metrics level.json
  awk -v a="$(number held_out_nats $name.json)" -v b="$(number held_out_nats level.json)" 'BEGIN { exit !(b < a + 0.05 && b > a - 0.05) }' ||
    fail "$name: $(number held_out_nats level.json) nats under L1"
  # What a profile says an optimizer takes.
  act-profile --model facts:one.facts -q -o $name.profile
  [ "$(told optimizer_bytes $name.profile)" = $(($(told parameter_bytes $name.profile) * ${kind#*:} / 14)) ] || fail "$name: its profile"
done
expect 2 train --optimizer sgd --checkpoint plain.state --resume -o x
says err "was saved with lr "
expect 2 train --optimizer sgd --lr 0.01 --checkpoint plain.state --resume -o x
says err "was saved with momentum "
act-profile --model facts:adam.facts -q -o adam.profile
[ "$(told optimizer_bytes adam.profile)" = $((2 * $(told parameter_bytes adam.profile))) ]

expect 2 train --momentum 0.9 -o x
says err '--momentum goes with --optimizer sgd'
for momentum in 1 1.5 -0.1; do
  expect 2 train --optimizer sgd --momentum $momentum -o x
  says err 'momentum must be from 0 to below 1'
done
expect 2 train --optimizer newton -o x
[ ! -e x ]
