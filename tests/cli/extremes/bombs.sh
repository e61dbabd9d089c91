# Inputs made to take all memory or time: see bombs.py.
source "$TERSE_SOURCE/tests/cli/common.bash"
python3 "$TERSE_SOURCE/tests/cli/extremes/bombs.py" "$TERSE_BIN" "$PWD" > said || fail "$(cat said)"
