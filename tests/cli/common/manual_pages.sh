# Every program, the artifact format and what programs share have a manual page that groff takes without a warning.
source "$TERSE_SOURCE/tests/cli/common.bash"
command -v scdoc >/dev/null || skip "no scdoc(1)"
pages=$TERSE_BIN/../man
for tool in $TERSE_TOOLS; do
  page=$pages/$tool.1
  [ -s "$page" ] || fail "no manual page of $tool"
  for section in NAME SYNOPSIS DESCRIPTION OPTIONS EXAMPLES 'EXIT STATUS' 'SEE ALSO'; do
    grep -qE "^\.SH \"?$section\"?$" "$page" || fail "$tool(1) has no $section"
  done
  ! grep -q '@[A-Z_]*@' "$page" || fail "$tool(1) is unfinished: $(grep '@[A-Z_]*@' "$page")"
  [ -s "$pages/completions/$tool" ] || fail "no completion of $tool"
done
for page in terse.5 terse.7; do
  [ -s "$pages/$page" ] || fail "no manual page $page"
done
command -v groff >/dev/null || skip "no groff(1)"
for page in "$pages"/*.[157]; do
  groff -K utf8 -man -t -Tutf8 -wall -z "$page" 2>warnings
  [ ! -s warnings ] || fail "$(head -5 warnings)"
done
