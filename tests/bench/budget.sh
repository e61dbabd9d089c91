#!/usr/bin/env bash
# Runs act-train at 12 budgets between what a model takes at least and what it takes exactly, and prints a table: the
# budget, the peak planned, the peak resident size of the whole process as the kernel counts it, the share of the budget
# that it is, the average bits, seconds a step, and by what means (bits, recompute, swap).
#   budget.sh BIN_FOLDER MODEL DATA BATCH [STEPS [OPTION]...]
set -euo pipefail
[ $# -ge 4 ] || { sed -n '2,5s/^# *//p' "$0" >&2; exit 2; }
bin=$(realpath "$1") steps=${5:-3}
run=(--model "$2" --data "$3" --batch "$4")
options=("${@:6}")
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
last() { tail -n 1 metrics | grep -o "\"$1\":[^,}]*" | cut -d: -f2; }
# Trains at a budget; the peak resident size goes to ./time, in KiB.
train() {
  /usr/bin/time -f %M -o time "$bin/act-train" --profile profile "${run[@]}" "${options[@]}" --steps "$steps" \
    --budget "$1" -q --metrics metrics -o model
}

"$bin/act-profile" "${run[@]}" --sensitivity fast -q -o profile
least=$({ train 1M 2>&1 || true; } | grep -o '[0-9]*MiB$' | tr -d a-zA-Z)
train 1T
most=$(($(tail -n 1 time) / 1024))
echo "# $2 $3 batch $4, $steps steps: at least $least MiB, exactly $most MiB"
printf '# budget MiB\tplanned MiB\tresident MiB\tshare %%\taverage bits\tseconds a step\tby\n'
for i in $(seq 0 11); do
  # The last two are beyond what exact training takes.
  budget=$((least + (most + 4 > least ? most + 4 - least : 0) * i / 10 + (i > 9 ? 4 : 0)))
  train "${budget}MiB"
  kib=$(tail -n 1 time)
  awk -v budget="$budget" -v planned="$(last planned_peak_bytes)" -v kib="$kib" -v bits="$(last average_bits)" \
    -v seconds="$(last step_seconds)" -v by="$(last budget_tier | tr -d '"')" 'BEGIN {
      exceeded = kib / 1024 > budget
      printf "%d\t%.1f\t%.1f\t%.1f\t%.2f\t%.3f\t%s%s\n", budget, planned / 1048576, kib / 1024,
             100 * kib / 1024 / budget, bits, seconds, by, exceeded ? "\tEXCEEDED" : ""
    }'
done
