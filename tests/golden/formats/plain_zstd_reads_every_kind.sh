# `zstd -dc` unpacks every artifact, and finds none of them damaged.
set -euo pipefail
command -v zstd > /dev/null || exit 77
count=0
for file in "$TERSE_DATA"/golden/*/sample.*; do
  zstd -q -t < "$file"
  zstd -dc < "$file" | grep -aq "${file##*.}"
  count=$((count + 1))
done
test "$count" -ge 7
