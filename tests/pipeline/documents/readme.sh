#!/usr/bin/env bash
# Every command that README shows, in order, but for the two that set up and test: shell and Python, in a folder with the
# shape of a clone. Python is left out where its packages cannot be had.
set -euo pipefail
source "$TERSE_SOURCE/tests/pipeline/python/environment.bash"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=$( (use_python > /dev/null && echo "$python") || true)
export HOME=$work/home
mkdir -p "$HOME" "$work/clone/build"
for entry in "$TERSE_SOURCE"/*; do
  [ "${entry##*/}" = build ] || ln -s "$entry" "$work/clone"
done
ln -s "$(dirname "$TERSE_BIN")" "$work/clone/build/release"
cd "$work/clone"

# One file per block, in order: 01.sh, 02.python …
awk -v folder="$work" '
  /^```(sh|python)$/ { block = sprintf("%s/%02d.%s", folder, ++n, substr($0, 4)); next }
  /^```/ { block = "" }
  block { print > block }' "$TERSE_SOURCE/README.md"
blocks=("$work"/[0-9][0-9].*)
[ ${#blocks[@]} -ge 8 ] || { echo "README has ${#blocks[@]} blocks of commands" >&2; exit 1; }

script=()  # Python's blocks are one session
for block in "${blocks[@]}"; do
  case $block in
    *.sh)
      if grep -q '^tests/run' "$block"; then continue; fi
      if grep -q 'export:net.pt2' "$block" && [ -z "$python" ]; then continue; fi
      sed 's/^/$ /' "$block"
      source "$block" > out
      ;;
    *.python)
      [ -n "$python" ] || continue
      script+=("$block")
      cat "${script[@]}" | "$python" -
      ;;
  esac
done
