# A fact model's run that is killed goes on from its checkpoint and writes, bit for bit, what it would have written; another
# run's checkpoint is refused.
source "$TERSE_SOURCE/tests/cli/common.bash"
nations=$TERSE_DATA/kb/nations
train() {
  relsim-train facts "$nations/train.tsv" --valid "$nations/valid.tsv" --dim 32 --hidden 128 --start-epochs 4 --epochs ${epochs:-8} \
    --patience 20 -q "$@"
}
train -j 1 -o whole.facts --metrics whole.json
train --checkpoint state -o killed.facts & run=$!
for ((i = 0; i < 600; ++i)); do [ -e state ] && break; sleep 0.05; done
kill -9 $run 2> /dev/null || true
wait $run 2> /dev/null || true
act-inspect --verify state
train --checkpoint state --resume -j 2 -o resumed.facts --metrics resumed.json
# What is told of the run is the same, too, apart from the arguments in the header and the time a step took.
for file in whole resumed; do
  for item in weight/entity weight/relation weight/inverse weight/head.2.weight weight/tail.4.bias weight/mixture.tail; do
    act-inspect --decode $item --npy - $file.facts
  done > $file.weights
  act-inspect $file.facts | grep -E '^metrics' > $file.told
  tail -n 1 $file.json | sed -E 's/"(step_seconds|peak_resident_bytes|peak_allocated_bytes)":[^,}]*,?//g' > $file.last
done
cmp whole.weights resumed.weights || fail "other weights"
cmp whole.told resumed.told || fail "other metrics"
cmp whole.last resumed.last || fail "another last line"

# With bits that follow what each tensor does.
levels=(--level L2.2 --adapt-every 3)
train "${levels[@]}" -o whole_level.facts
epochs=3 train "${levels[@]}" --checkpoint level -o half.facts
train "${levels[@]}" --checkpoint level --resume -o resumed.facts
for item in weight/entity weight/tail.4.bias; do
  act-inspect --decode $item --npy - resumed.facts | cmp - <(act-inspect --decode $item --npy - whole_level.facts)
done
expect 2 train --level L1 --adapt-every 3 --checkpoint level --resume -o x
says err "the option behind 'level' differs"

# A rate that falls over all epochs goes on falling where it was; over more epochs it is another run.
train --schedule linear -o whole.facts
train --schedule linear --checkpoint falling -o killed.facts & run=$!
for ((i = 0; i < 600; ++i)); do [ -e falling ] && break; sleep 0.05; done
kill -9 $run 2> /dev/null || true
wait $run 2> /dev/null || true
epochs=9 expect 2 train --schedule linear --checkpoint falling --resume -o x
says err "the option behind 'schedule' differs"
train --schedule linear --checkpoint falling --resume -o resumed.facts
act-inspect --decode weight/entity --npy - resumed.facts | cmp - <(act-inspect --decode weight/entity --npy - whole.facts)
train -o whole.facts

# All was done: nothing is left to do, and it is done again.
train --checkpoint state --resume -o again.facts
act-inspect --decode weight/entity --npy - again.facts | cmp - <(act-inspect --decode weight/entity --npy - whole.facts)
expect 2 train --checkpoint state --resume --lr 0.001 -o x
says err "the option behind 'lr' differs"
expect 2 train --checkpoint state --resume --products bfloat16 -o x
says err "the option behind 'products' differs"
expect 2 train --checkpoint state --resume --schedule linear -o x
says err "the option behind 'schedule' differs"
expect 2 train --checkpoint state --resume --seed 3 -o x
says err '--seed differs'
expect 2 relsim-train facts "$nations/valid.tsv" --dim 32 --hidden 128 --start-epochs 4 --checkpoint state --resume -o x
says err 'what it learns from differs'
relsim-train embed "$nations/train.tsv" --epochs 1 --dim 16 --checkpoint other -q -o x
expect 2 train --checkpoint other --resume -o x
head -c 3000 state > cut
expect 65 train --checkpoint cut --resume -o x
expect 66 train --checkpoint missing --resume -o x
expect 2 relsim-train facts "$nations/train.tsv" --model counts --checkpoint state -o x
