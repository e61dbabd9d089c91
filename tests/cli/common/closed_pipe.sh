# A reader that has seen enough ends the program quietly.
source "$TERSE_SOURCE/tests/cli/common.bash"
set +o pipefail
quietly() {
  [ ! -s err ] || fail "$*: $(cat err)"
  [ -s out ] || fail "$*: no first line"
}
for tool in $TERSE_TOOLS; do
  "$tool" --help 2>err | head -1 >out
  quietly "$tool" --help
  case $tool in
    act-inspect)
      act-inspect --decode big.weight "$TERSE_SAMPLES/large.model" 2>err | head -1 >out
      [ "${PIPESTATUS[0]}" = 141 ] || fail "$tool is not ended by SIGPIPE"
      quietly act-inspect --decode
      ;;
    relsim-dedup)
      for i in {1..40000}; do printf 'a%d\tlikes\tb%d\n' $i $i; done >many.tsv
      relsim-dedup rewrite --quiet "$TERSE_SAMPLES/kb.clusters" many.tsv 2>err | head -1 >out
      [ "${PIPESTATUS[0]}" = 141 ] || fail "$tool is not ended by SIGPIPE"
      quietly relsim-dedup rewrite
      ;;
  esac
done
