# --config reads options from a file; one that is missing is no input, one that is wrong is bad input.
source "$TERSE_SOURCE/tests/cli/common.bash"
for tool in $TERSE_TOOLS; do
  expect 66 "$tool" --config missing.toml
  says err "missing.toml"
  echo 'no-such-option = 1' >wrong.toml
  expect 65 "$tool" --config wrong.toml
  same "$tool: wrong.toml:1: no option 'no-such-option'" err
  printf '# two\nquiet = true\nthreads = "many"\n' >wrong.toml
  expect 65 "$tool" --config wrong.toml
  says err "$tool: wrong.toml:3: "
  printf 'quiet = true\n[open\n' >wrong.toml
  expect 65 "$tool" --config wrong.toml
  says err "$tool: wrong.toml:2: "
  printf 'quiet = true\n\x28\xb5\x2f\xfd\0\xff\n' >wrong.toml
  expect 65 "$tool" --config wrong.toml
  same "$tool: wrong.toml:2: not text" err
  echo 'quiet = true' >right.toml
  expect 2 "$tool" --config right.toml --threads many
  says err "$tool: --threads: "
  echo 'version = true' >right.toml
  expect 0 "$tool" --config right.toml
  says out "$tool (Terse)"
done
