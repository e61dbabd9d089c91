# The completion function offers options, choices, files and sub-commands where each may stand.
source "$TERSE_SOURCE/tests/cli/common.bash"
touch some.file
complete_words() {
  local tool=$1
  COMP_WORDS=("$@")
  COMP_CWORD=$(($# - 1))
  COMPREPLY=()
  "_${tool//-/_}"
  printf '%s\n' "${COMPREPLY[@]}"
}
for tool in $TERSE_TOOLS; do
  "$tool" --emit-completion >completion || fail "$tool: no completion"
  source completion
  complete -p "$tool" >/dev/null || fail "$tool: not installed"
  complete_words "$tool" --vers >out
  same --version out
  complete_words "$tool" --no-p >out
  same --no-progress out
  complete_words "$tool" --color a >out
  same "always
auto" <(sort out)
  complete_words "$tool" --config some >out
  same some.file out
  commands=$("$tool" --help | sed -n '/^Commands:/,$ s/^  \([a-z][a-z-]*\) .*/\1/p')
  if [ -n "$commands" ]; then
    complete_words "$tool" "" >out
    same "$commands" out
    first=$(head -1 <<<"$commands")
    complete_words "$tool" "$first" so >out
    says out some.file
  else
    complete_words "$tool" so >out
    same some.file out
  fi
done
