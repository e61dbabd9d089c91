# A call of the system or the allocator that fails, at any moment, leaves the output as it was or whole, and nothing
# beside it; the program ends by itself, and not as by a bug of its own. FAULTS says how many moments of each kind of
# call are tried (default 2), all of them where it is "all".
source "$TERSE_SOURCE/tests/cli/common.bash"
source "$TERSE_SOURCE/tests/cli/tool_commands.bash"
[ -e "$TERSE_FAILING_CALLS" ] || skip "no $TERSE_FAILING_CALLS"
faults=${FAULTS:-2}
make_inputs
tried=0 wrong=0

# moments COUNT: where to fail, spread over the run, the first and the last among them.
moments() {
  awk -v n="$1" -v tries="$faults" 'BEGIN {
    if (tries == "all" || n <= tries) { for (i = 1; i <= n; ++i) print i; exit }
    for (i = 0; i < tries; ++i) print 1 + int(i * (n - 1) / (tries - 1)) }'
}

for tool in ${FAULT_TOOLS:-$TERSE_TOOLS}; do
  mkdir -p "$tool.out"
  writing "$tool" "$tool.out/result"
  expect 0 "${command[@]}" -q -j 1
  mv "$tool.out/result" whole
  for call in ${FAULT_CALLS:-write fsync rename link open close malloc}; do
    echo old > "$tool.out/result" # so that there is something to replace
    rm -f count
    LD_PRELOAD=$TERSE_FAILING_CALLS FAIL_CALL=$call FAIL_AT=0 FAIL_COUNT=$PWD/count "${command[@]}" -q -j 1 > out 2> err ||
      fail "$tool: $(cat err)"
    cmp -s "$tool.out/result" whole || fail "$tool: other bytes under LD_PRELOAD"
    for at in $(moments "$(cat count)"); do
      for before in old ""; do # once with a file to replace, once without
        rm -f "$tool.out/result"
        [ -z "$before" ] || echo old > "$tool.out/result"
        status=0
        LD_PRELOAD=$TERSE_FAILING_CALLS FAIL_CALL=$call FAIL_AT=$at timeout 60 "${command[@]}" -q -j 1 > out 2> err || status=$?
        tried=$((tried + 1))
        what=
        case $status in
          0) cmp -s "$tool.out/result" whole || what="the output is not whole" ;;
          2 | 65 | 66 | 71 | 74 | 75)
            if [ -e "$tool.out/result" ]; then
              [ "$(cat "$tool.out/result")" = "$before" ] && [ -n "$before" ] || what="the old output is gone"
            elif [ -n "$before" ]; then
              what="the old output is gone"
            fi
            ;;
          *) what="ends so" ;;
        esac
        [ -z "$(ls -A "$tool.out" | grep -vx result)" ] || what="left behind: $(ls -A "$tool.out")"
        [ -z "$what" ] || { wrong=$((wrong + 1)); echo "$tool, $call $at, ${before:-no file} before: status $status, $what: $(head -c 300 err)"; }
        find "$tool.out" -name '.*.tmp' -delete
      done
    done
  done
done
echo "$tried calls failed"
[ $wrong = 0 ] || fail "$wrong of $tried"
