# --config reads options from a file; one that is missing is no input, one that is wrong is bad input.
source "$TERSE_SOURCE/tests/cli/common.bash"
for tool in $TERSE_TOOLS; do
  expect 66 "$tool" --config missing.toml
  says err "missing.toml"
  echo 'no-such-option = 1' >wrong.toml
  expect 65 "$tool" --config wrong.toml
  says err "no-such-option"
  echo 'version = true' >right.toml
  expect 0 "$tool" --config right.toml
  says out "$tool (Terse)"
done
