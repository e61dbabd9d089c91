#!/usr/bin/env bash
# How exact similarity grows: a trained fact model is grown (grown_facts.cpp) to ENTITIES and RELATIONS, and its first part of
# PARTS is computed. Prints a table: entities, relations, parts, seconds and seconds of all threads times the parts, peak
# resident size as the kernel counts it.
#   exact_growth.sh BIN_FOLDER FACTS [ENTITIES:RELATIONS:PARTS]...
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,5s/^# *//p' "$0" >&2; exit 2; }
bin=$(realpath "$1") facts=$(realpath "$2")
sizes=("${@:3}")
[ ${#sizes[@]} -gt 0 ] || sizes=(10000:10:1 10000:50:1 10000:237:8 30000:10:1 30000:50:8 30000:237:64 100000:10:16 100000:50:64
                                 100000:237:64)
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
printf '# entities\trelations\tparts\tseconds\tCPU seconds\tresident MiB\n'
for size in "${sizes[@]}"; do
  IFS=: read -r entities relations parts <<< "$size"
  "$bin/grown_facts" "$facts" "$entities" "$relations" > grown
  if [ "$parts" = 1 ]; then shard=(); else shard=(--shard "1/$parts"); fi
  /usr/bin/time -f '%e %U %S %M' -o time "$bin/relsim-score" similarity grown "${shard[@]}" -q -o part
  read -r seconds user system kib < time
  awk -v e="$entities" -v r="$relations" -v n="$parts" -v s="$seconds" -v c="$user" -v y="$system" -v k="$kib" \
    'BEGIN {printf "%d\t%d\t%d\t%.0f\t%.0f\t%d\n", e, r, n, n * s, n * (c + y), k / 1024}'
done
