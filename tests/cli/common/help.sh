# --help goes to standard output, shows two examples first and names every option, keeps to 80 columns where words allow,
# and exits with 0, for sub-commands as well.
source "$TERSE_SOURCE/tests/cli/common.bash"
two_examples() {
  [ "$(grep -m 1 ':$' out)" = Examples: ] || fail "$1 --help does not begin with examples"
  [ "$(sed -n '/^Examples:$/,/^$/p' out | grep -c "^  .*${1%% *}")" = 2 ] || fail "$1 --help shows no two examples"
  awk 'length($0) > 80 { print; exit 1 }' out || fail "$1 --help is wider than 80 columns"
}
for tool in $TERSE_TOOLS; do
  expect 0 "$tool" --help
  [ ! -s err ] || fail "$tool --help writes to standard error"
  says out "Usage: $tool [OPTIONS]"
  for option in --help --version --threads --quiet --verbose --progress --color --config; do says out "$option"; done
  two_examples "$tool"
  mv out help
  awk 'length($0) > 80 { print; exit 1 }' help || fail "$tool --help is wider than 80 columns"
  for command in $(sed -n '/^Commands:/,$ s/^  \([a-z-]*\) .*/\1/p' help); do
    expect 0 "$tool" "$command" --help
    says out "Usage: $tool $command [OPTIONS]"
    two_examples "$tool $command"
    # The program's own options may be given after the command.
    for option in --help --version --threads --config --json; do says out "$option"; done
  done
  expect 0 "$tool" -h
  cmp -s out help || fail "$tool -h and --help differ"
done
