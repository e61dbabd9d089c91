# Whatever signal ends a program, it leaves the old output and nothing beside it, and the status is 128 and the signal.
source "$TERSE_SOURCE/tests/cli/common.bash"
source "$TERSE_SOURCE/tests/cli/tool_commands.bash"
make_inputs
mkdir out.d
# A program that waits for more of its input.
mkfifo triples
for signal in HUP INT QUIT ABRT USR1 USR2 SEGV BUS FPE ILL TRAP SYS PIPE ALRM TERM XCPU XFSZ VTALRM PROF IO PWR STKFLT KILL; do
  echo old > out.d/result
  (
    trap - INT QUIT # a shell's background commands ignore them
    exec env --default-signal relsim-train facts triples --model counts -q -o out.d/result
  ) 2> err &
  pid=$!
  exec 3> triples
  head -3 tiny.tsv >&3
  for ((i = 0; i < 200; ++i)); do [ "$(readlink /proc/$pid/exe)" = "$(readlink -f "$(command -v relsim-train)")" ] && break; sleep 0.02; done
  sleep 0.2
  kill -"$signal" $pid
  status=0
  wait $pid 2> /dev/null || status=$?
  exec 3>&-
  [ $status = $((128 + $(kill -l $signal))) ] || fail "$signal: status $status: $(cat err)"
  [ "$(cat out.d/result)" = old ] || fail "$signal: the old output is gone"
  [ "$(ls -A out.d)" = result ] || fail "$signal: leaves $(ls -A out.d)"
done

# A size that the user may not pass ends a run as that signal does; an output of another program's limit stays whole.
status=0
(ulimit -f 1; exec env --default-signal act-inspect --decode big.weight "$TERSE_SAMPLES/large.model" -o out.d/result) 2> err || status=$?
[ $status = $((128 + $(kill -l XFSZ))) ] || fail "over ulimit -f: status $status: $(cat err)"
[ "$(cat out.d/result)" = old ] && [ "$(ls -A out.d)" = result ] || fail "over ulimit -f: $(ls -A out.d)"
