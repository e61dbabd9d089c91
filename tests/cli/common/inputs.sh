# An input that is missing is status 66, one that is not what it should be 65; the message names it and nothing is
# written.
source "$TERSE_SOURCE/tests/cli/common.bash"
source "$TERSE_SOURCE/tests/cli/tool_commands.bash"
echo 'no artifact, no triples, no program' >garbage
: >empty
for tool in $TERSE_TOOLS; do
  reading "$tool" missing.file
  expect 66 "${command[@]}"
  says err "$tool: "
  says err missing.file
  for bad in garbage empty; do
    reading "$tool" $bad
    expect 65 "${command[@]}"
    says err "$tool: "
    says err $bad
    [ "$(wc -l <err)" = 1 ] || fail "$tool: $(cat err)"
  done
  reading "$tool" .
  status=0
  "${command[@]}" >out 2>err || status=$?
  [ $status = 65 ] || [ $status = 66 ] || fail "$tool reads a folder: status $status, $(cat err)"
  [ -z "$(ls -A | grep -v -e garbage -e empty -e out -e err)" ] || fail "$tool leaves $(ls -A)"
done
