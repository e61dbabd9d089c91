# `file` with our magic names the kind of every artifact, and of nothing else.
set -euo pipefail
command -v file > /dev/null || exit 77
for file in "$TERSE_DATA"/golden/*/sample.*; do
  kind=${file##*.}
  found=$(file --brief --magic-file "$TERSE_SOURCE/formats/terse.magic" "$file")
  [[ "$found" == "Terse $kind artifact, container version 1.0"* ]] || { echo "$file: $found"; exit 1; }
  found=$(file --brief --mime-type --magic-file "$TERSE_SOURCE/formats/terse.magic" "$file")
  [[ "$found" == "application/x-terse-$kind" ]] || { echo "$file: $found"; exit 1; }
done
other=$(zstd -q -c < "$TERSE_SOURCE/LICENSE" | file --brief --magic-file "$TERSE_SOURCE/formats/terse.magic" -)
[[ "$other" != *Terse* ]]
