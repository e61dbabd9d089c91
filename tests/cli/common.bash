# Sourced by the scripts of tests/cli and tests/pipeline. A scratch folder that goes with the script, and checks
# that say what they saw.
set -euo pipefail

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
PATH=$TERSE_BIN:$PATH

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

skip() {
  echo "skipped: $*" >&2
  exit 77
}

# expect STATUS COMMAND…: runs it, output to ./out and ./err; the status must be STATUS.
expect() {
  local wanted=$1 status=0
  shift
  "$@" >out 2>err || status=$?
  [ "$status" = "$wanted" ] || fail "status $status, not $wanted: $*"$'\n'"$(head -c 2000 err)"
}

# says FILE TEXT: the file holds the text as it is.
says() {
  grep -qF -- "$2" "$1" || fail "no '$2' in $1:"$'\n'"$(head -c 2000 "$1")"
}

# same TEXT FILE: the file is exactly the text and a newline.
same() {
  diff <(printf '%s\n' "$1") "$2" >difference || fail "$2 is different:"$'\n'"$(head -c 2000 difference)"
}
