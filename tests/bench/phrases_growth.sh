#!/usr/bin/env bash
# Groups ever more phrases of Open IE, made of a real set by grown_openie.py, and prints a table: phrases, facts, seconds,
# seconds of all threads, peak resident size as the kernel counts it, clusters.
# A single grouping: N that are to agree take N times the seconds.
#   phrases_growth.sh BIN_FOLDER TRIPLES.tsv [PHRASES]...
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,5s/^# *//p' "$0" >&2; exit 2; }
bin=$(realpath "$1") triples=$(realpath "$2") here=$(realpath "$(dirname "$0")")
sizes=("${@:3}")
[ ${#sizes[@]} -gt 0 ] || sizes=(10000 25000 50000 100000)
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
printf '# phrases\tfacts\tseconds\tCPU seconds\tresident MiB\tclusters\n'
for n in "${sizes[@]}"; do
  "$here/grown_openie.py" "$triples" "$n" > triples.tsv
  "$bin/relsim-train" facts triples.tsv --model counts -q -o facts
  /usr/bin/time -f '%e %U %M' -o time "$bin/relsim-dedup" phrases --facts facts --groupings 1 -q > clusters
  read -r seconds cpu kib < time
  printf '%d\t%d\t%s\t%s\t%d\t%d\n' "$n" "$(sort -u triples.tsv | wc -l)" "$seconds" "$cpu" $((kib / 1024)) \
    "$(tail -n +2 clusters | cut -f 2 | sort -u | wc -l)"
done
