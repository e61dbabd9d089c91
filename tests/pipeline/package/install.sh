#!/usr/bin/env bash
# An installed Terse builds and runs programs outside the project: one that trains with compression, and one that
# wants the codecs alone and gets no LibTorch.
set -euo pipefail
build=$(dirname "$TERSE_BIN")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix

cmake --install "$build" --prefix "$prefix" > "$work/install.log"

for program in outside_quant outside; do
  cmake -S "$TERSE_SOURCE/tests/pipeline/package/$program" -B "$work/$program" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_PREFIX_PATH="$prefix" > "$work/$program.log" 2>&1 || { cat "$work/$program.log"; exit 1; }
  cmake --build "$work/$program" >> "$work/$program.log" 2>&1 || { cat "$work/$program.log"; exit 1; }
  "$work/$program/$program" | tee "$work/$program.out"
done
grep -Eq '^400000 -> [0-9]+ bytes' "$work/outside_quant.out"
grep -Eq 'activations [0-9.]+x smaller' "$work/outside.out"
if ldd "$work/outside_quant/outside_quant" | grep -q torch; then
  echo "outside_quant links LibTorch" >&2
  exit 1
fi

# Every installed program runs from where it was installed, LibTorch found.
for program in "$prefix"/bin/*; do
  "$program" --version > /dev/null
done

# The rest of what a user finds: manual pages, completion, the rules for file(1).
if command -v scdoc > /dev/null; then
  for source in "$TERSE_SOURCE"/man/*.scd; do
    page=$(basename "$source" .scd)
    [ -s "$prefix/share/man/man${page##*.}/$page" ] || { echo "no manual page $page" >&2; exit 1; }
  done
fi
for program in "$prefix"/bin/*; do
  [ -s "$prefix/share/bash-completion/completions/$(basename "$program")" ]
done
[ -s "$prefix/share/terse/terse.magic" ]
