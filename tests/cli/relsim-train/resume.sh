# A fact model's run that is killed goes on from its checkpoint and writes, bit for bit, what it would have written; another
# run's checkpoint is refused.
source "$TERSE_SOURCE/tests/cli/common.bash"
nations=$TERSE_DATA/kb/nations
facts=(relsim-train facts "$nations/train.tsv" --valid "$nations/valid.tsv" --dim 32 --hidden 128 --start-epochs 4 --patience 20 -q)
train() { "${facts[@]}" --epochs ${epochs:-8} "$@"; }
# timeless FILE…: without what differs from one process to the next.
timeless() {
  for lines in "$@"; do sed -E 's/"(step_seconds|peak_resident_bytes|peak_allocated_bytes)":[^,}]*,?//g' $lines > $lines.timeless; done
}
train -j 1 -o whole.facts --metrics whole.json
"${facts[@]}" --epochs 8 --checkpoint state -o killed.facts --metrics killed.json & run=$!  # the program, not a shell
for ((i = 0; i < 600; ++i)); do [ -e state ] && break; sleep 0.05; done
kill -9 $run 2> /dev/null || true
wait $run 2> /dev/null || true
[ ! -e killed.json ] || fail "the whole run was quicker than the kill"
act-inspect --verify state
train --checkpoint state --resume -j 2 -o resumed.facts --metrics resumed.json
# What is told of the run is the same, too, apart from the arguments in the header and the time a step took.
for file in whole resumed; do
  for item in weight/entity weight/relation weight/inverse weight/head.2.weight weight/tail.4.bias weight/mixture.tail; do
    act-inspect --decode $item --npy - $file.facts
  done > $file.weights
  act-inspect $file.facts | grep -E '^metrics' > $file.told
  timeless $file.json
done
cmp whole.weights resumed.weights || fail "other weights"
cmp whole.told resumed.told || fail "other metrics"
[ "$(wc -l < whole.json)" = 9 ] || fail "not a line an epoch and a last one"
cmp whole.json.timeless resumed.json.timeless || fail "other lines of metrics"

# Metrics of the epochs before are there whether or not that part of the run wrote any; also embeddings' and extractors'.
for i in {1..60}; do printf 'r%d\t1\t2\t3\t4\tw%d e%d tells%d e%d .\n' $((i % 3)) $((i % 7)) $((i % 11)) $((i % 3)) $((i % 5)); done > sentences
part() {
  case $1 in
    embed) relsim-train embed "$nations/train.tsv" --dim 16 --patience 20 -q "${@:2}" ;;
    extract) relsim-train extract sentences --word-dim 8 --hidden 8 --layers 1 --patience 20 -q "${@:2}" ;;
    level) relsim-train extract sentences --word-dim 8 --hidden 8 --layers 1 --patience 20 --level L2 --adapt-every 2 -q "${@:2}" ;;
  esac
}
for kind in embed extract level; do
  part $kind --epochs 5 -o whole.model --metrics whole.$kind
  part $kind --epochs 2 -o half.model --checkpoint state.$kind
  part $kind --epochs 4 -o half.model --checkpoint state.$kind --resume --metrics half.$kind
  [ "$(wc -l < half.$kind)" = 5 ] || fail "$kind: lines are missing"
  part $kind --epochs 5 -o half.model --checkpoint state.$kind --resume --metrics half.$kind
  timeless whole.$kind half.$kind
  cmp whole.$kind.timeless half.$kind.timeless || fail "$kind: other lines of metrics"
done

# With bits that follow what each tensor does.
levels=(--level L2.2 --adapt-every 3)
train "${levels[@]}" -o whole_level.facts
epochs=3 train "${levels[@]}" --checkpoint level -o half.facts
train "${levels[@]}" --checkpoint level --resume -o resumed.facts
for item in weight/entity weight/tail.4.bias; do
  act-inspect --decode $item --npy - resumed.facts | cmp - <(act-inspect --decode $item --npy - whole_level.facts)
done
expect 2 train --level L1 --adapt-every 3 --checkpoint level --resume -o x
says err "was saved with level "

# A rate that falls over all epochs goes on falling where it was; over more epochs it is another run.
train --schedule linear -o whole.facts
"${facts[@]}" --epochs 8 --schedule linear --checkpoint falling -o killed.facts & run=$!
for ((i = 0; i < 600; ++i)); do [ -e falling ] && break; sleep 0.05; done
kill -9 $run 2> /dev/null || true
wait $run 2> /dev/null || true
epochs=9 expect 2 train --schedule linear --checkpoint falling --resume -o x
says err "was saved with schedule "
train --schedule linear --checkpoint falling --resume -o resumed.facts
act-inspect --decode weight/entity --npy - resumed.facts | cmp - <(act-inspect --decode weight/entity --npy - whole.facts)
train -o whole.facts

# All was done: nothing is left to do, and it is done again.
train --checkpoint state --resume -o again.facts
act-inspect --decode weight/entity --npy - again.facts | cmp - <(act-inspect --decode weight/entity --npy - whole.facts)
expect 2 train --checkpoint state --resume --lr 0.001 -o x
says err "was saved with lr "
expect 2 train --checkpoint state --resume --products bfloat16 -o x
says err "was saved with products "
expect 2 train --checkpoint state --resume --schedule linear -o x
says err "was saved with schedule "
expect 2 train --checkpoint state --resume --seed 3 -o x
says err 'was saved with seed '
expect 2 relsim-train facts "$nations/valid.tsv" --dim 32 --hidden 128 --start-epochs 4 --checkpoint state --resume -o x
says err 'was saved with content of the data '
relsim-train embed "$nations/train.tsv" --epochs 1 --dim 16 --checkpoint other -q -o x
expect 2 train --checkpoint other --resume -o x
head -c 3000 state > cut
expect 65 train --checkpoint cut --resume -o x
expect 66 train --checkpoint missing --resume -o x
expect 2 relsim-train facts "$nations/train.tsv" --model counts --checkpoint state -o x
