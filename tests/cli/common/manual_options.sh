# Every option has help text (the emission refuses one without), and scdoc takes what comes out.
source "$TERSE_SOURCE/tests/cli/common.bash"
for tool in $TERSE_TOOLS; do
  expect 0 "$tool" --emit-man-options
  says out "# OPTIONS"
  mv out options
  if command -v scdoc >/dev/null; then
    { printf 'TEST(1)\n\n# NAME\n\n%s - test\n\n' "$tool"; cat options; } >page.scd
    scdoc <page.scd >page.1 || fail "$tool: scdoc refuses the options"
    # What --help says is what the manual says.
    expect 0 "$tool" --help
    for option in $(grep -oE '^ +(-[a-z], )?--[a-z-]+' out | grep -oE -e '--[a-z-]+'); do
      grep -qF -- "*$option*" options || fail "$tool: $option is not in the manual"
    done
  fi
  ! "$tool" --help | grep -q emit || fail "$tool shows hidden options"
done
