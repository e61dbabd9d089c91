# One checkpoint, one run: the second is refused at once, by whatever name it calls the file. A run that is killed leaves
# nothing that its successor does not remove.
source "$TERSE_SOURCE/tests/cli/common.bash"
nations=$TERSE_DATA/kb/nations
endless() { # in the background, whose process it becomes
  exec env --default-signal relsim-train facts "$nations/train.tsv" --dim 8 --hidden 16 --start random --epochs 1000000 --patience 1000000 -q "$@"
}
mkdir place
ln -s state place/link
endless --checkpoint place/state -o first.facts &
run=$!
for ((i = 0; i < 600; ++i)); do [ -e place/state ] && break; sleep 0.05; done
kill -0 $run || fail "the run has ended"
for name in place/state ./place/state place/link; do
  for kind in facts embed; do
    expect 75 relsim-train $kind "$nations/train.tsv" --dim 8 --epochs 1 --checkpoint $name -q -o second.model
    says err "$name: another run keeps its checkpoint here"
    [ "$(wc -l < err)" = 1 ] || fail "more than one line: $(cat err)"
  done
done
expect 75 relsim-train facts "$nations/train.tsv" --dim 8 --epochs 1 --checkpoint place/state --resume -q -o second.model
[ ! -e second.model ] || fail "a refused run has written"
expect 0 relsim-train embed "$nations/train.tsv" --dim 8 --epochs 1 --checkpoint place/other -q -o second.model
kill -TERM $run
status=0
wait $run || status=$?
[ $status = 143 ] || fail "status $status after SIGTERM"
[ "$(ls -A place)" = $'link\nother\nstate' ] || fail "after SIGTERM: $(ls -A place)"
endless --checkpoint place/state --resume -o first.facts &
run=$!
sleep 0.5
kill -KILL $run
wait $run 2> /dev/null || true
expect 0 relsim-train embed "$nations/train.tsv" --dim 8 --epochs 1 --checkpoint place/state -q -o second.model
[ "$(ls -A place)" = $'link\nother\nstate' ] || fail "after SIGKILL and another run: $(ls -A place)"
