#!/usr/bin/env bash
# --seeds trains several models, each with the bytes of a run of its own; a series that was stopped goes on; relsim-score takes
# the models together.
source "$TERSE_SOURCE/tests/cli/common.bash"
nations=$TERSE_DATA/kb/nations
train() { relsim-train facts "$nations/train.tsv" --hidden 32 --dim 16 --start-epochs 2 --epochs "${epochs:-3}" "$@"; }

# A share is held out by each seed anew, from facts that are read once.
train --seed 4 --seeds 3 -o 'm.{seed}.facts' --metrics '{seed}/m.json' 2> err && fail "metrics into folders that are not there"
train --seed 4 --seeds 3 -o 'm.{seed}.facts' --metrics 'm.{seed}.json' --checkpoint 'm.{seed}.state' 2> note
cat "$nations/train.tsv" | relsim-train facts --hidden 32 --dim 16 --start-epochs 2 --epochs 3 --seed 4 --seeds 2 -q -o 'piped.{seed}.{seed}'
for seed in 4 5 6; do
  train --seed $seed -q -o one.facts --metrics one.json
  cmp one.facts m.$seed.facts || fail "seed $seed: other bytes than alone"
  [ "$(tail -n 1 one.json | grep -o '"held_out_nats":[^,]*')" = "$(tail -n 1 m.$seed.json | grep -o '"held_out_nats":[^,]*')" ]
  [ "$(wc -l < m.$seed.json)" = 4 ]
  says note "seed $seed: "
done
cmp piped.4.4 m.4.facts
cmp piped.5.5 m.5.facts
grep -Eq '3 models: [45]\.[0-9]{3} nats a held-out fact, standard deviation over seeds 0\.[0-9]{3}$' note || fail "$(cat note)"
[ "$(grep -c 'fewer than' note)" = 1 ] || fail "thin relations are told of again and again"
train --valid "$nations/valid.tsv" --seeds 2 -q -o 'v.{seed}.facts'
train --valid "$nations/valid.tsv" --seed 2 -q -o one.facts
cmp one.facts v.2.facts

# Models' own spread.
relsim-score similarity m.*.facts --top 3 > top
awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; ++i) if ($i == "spread_ab") at = i } NR > 1 && $at > 0 { ++found } END { exit found != 3 }' top ||
  fail "no spread: $(cat top)"

# Stopped in its second model: the first is not trained again, the second goes on, the third begins.
for seed in 4 5 6; do mv m.$seed.facts whole.$seed; done
mv m.4.state kept.4
epochs=1 train --seed 5 -q -o half.facts --checkpoint kept.5
train --seed 4 --seeds 3 -q -o 'm.{seed}.facts' --checkpoint 'kept.{seed}' --resume --metrics 'again.{seed}'
for seed in 4 5 6; do
  cmp whole.$seed m.$seed.facts || fail "seed $seed: other bytes when resumed"
  [ "$(wc -l < again.$seed)" = 4 ]
done
expect 66 train --seed 4 --seeds 3 -o 'm.{seed}.facts' --checkpoint 'nowhere.{seed}' --resume

# What would be written by each run alike is refused, before anything is trained.
expect 2 train --seeds 2
says err '--output -: with --seeds'
expect 2 train --seeds 2 -o m.facts
says err '{seed}'
expect 2 train --seeds 2 -o 'x.{seed}' --checkpoint state
says err '--checkpoint state'
expect 2 train --seeds 2 -o 'x.{seed}' --metrics lines
says err '--metrics lines'
expect 2 train --seeds 0 -o 'x.{seed}'
expect 2 train --seeds 2 -o 'x.{seed}' --model counts
says err 'counts do not depend on a seed'
expect 2 train --seeds 2 -o 'x.{seed}' --budget 1G
says err '--budget'
[ -z "$(ls | grep '^x')" ]
expect 1 train --seeds 2 --seed 8 --lr 1e30 --start random -o 'x.{seed}'
says err 'relsim-train: seed 8: epoch 1, step 2: training diverged'
# Without --seeds a name is a name.
train -q -o 'plain.{seed}'
[ -e 'plain.{seed}' ]
