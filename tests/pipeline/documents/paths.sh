#!/usr/bin/env bash
# Every file exists that README, CONTRIBUTING and the READMEs of rooms name, and that any document links to.
set -euo pipefail
cd "$TERSE_SOURCE"
status=0
missing() { echo "$1: $2 does not exist" >&2; status=1; }

for document in *.md lib/terse/*/README.md tools/README.md tests/README.md pipelines/*.md; do
  folder=$(dirname "$document")
  while read -r target; do
    [[ $target == https ]] || [ -e "$folder/$target" ] || missing "$document" "$target"
  done < <(grep -oE '\]\([^):#]+' "$document" | cut -c 3-)
  [ "$document" != CHANGELOG.md ] || continue  # names what was
  # Paths in code, from the top: lib/terse/quant/layout/layout.{hpp,cpp}. Capitals stand for a name of one's own.
  while read -r path; do
    for file in $(eval "printf '%s\n' $path"); do
      [ -e "$file" ] || missing "$document" "$file"
    done
  done < <(grep -oE '`(lib|tools|tests|formats|man|pipelines)/[a-z0-9_./{},*-]+`' "$document" | tr -d '`')
  while read -r header; do
    [ -e "lib/$header" ] || missing "$document" "$header"
  done < <(grep -oE '<terse/[a-z0-9_./]+\.hpp>' "$document" | tr -d '<>')
done
exit "$status"
