#!/usr/bin/env bash
# The whole process stays within --budget, uses it, and says what it would take where it cannot.
. "$(dirname "$0")/../common.bash"
[ -x /usr/bin/time ] || skip "needs time"
net=(--model text:dim=128,heads=4,depth=4 --data random:96,vocabulary=200,count=192 --batch 48 -j 1 -q)
last() { tail -n 1 "$1" | grep -o "\"$2\":[^,}]*" | cut -d: -f2; }

# run MIB NAME [OPTION]…: trains three steps; sets $resident to the peak that the kernel counted, in bytes.
run() {
  local budget=$1 name=$2
  shift 2
  /usr/bin/time -f %M -o "$name.time" act-train "${net[@]}" --steps 3 --budget "${budget}MiB" --metrics "$name.jsonl" "$@" \
    -o "$name.model" || fail "a budget of $budget MiB: $(tail -n 1 "$name.time")"
  resident=$(($(tail -n 1 "$name.time") * 1024))
  [ "$resident" -le $((budget << 20)) ] || fail "$resident resident, the budget was $budget MiB"
  [ "$(last "$name.jsonl" budget_bytes)" = $((budget << 20)) ] || fail "another budget in the metrics"
  [ "$(last "$name.jsonl" planned_peak_bytes)" -le $((budget << 20)) ] || fail "a plan beyond the budget"
}

act-profile "${net[@]}" --sensitivity fast -o net.profile
profiled=(--profile net.profile)

# Too little: refused before training, and the figure that is named works.
expect 71 act-train "${net[@]}" "${profiled[@]}" --steps 3 --budget 1M -o none.model
says err "cannot be met"
[ ! -e none.model ] || fail "a model was written"
[ "$(wc -l < err)" = 1 ] || fail "more than one line: $(cat err)"
least=$(grep -o '[0-9]*MiB$' err | tr -d a-zA-Z)

# Plenty: every tensor is kept as it is.
run 8192 plenty "${profiled[@]}"
most=$resident
case $(last plenty.jsonl average_bits) in 32 | 32.0) ;; *) fail "$(last plenty.jsonl average_bits) bits in plenty" ;; esac

before=0 bits=0
for part in 0 30 60; do
  budget=$((least + (most / 1048576 - least) * part / 100))
  run "$budget" "at$part" "${profiled[@]}"
  [ "$resident" -ge "$before" ] || fail "$resident resident at $part %, less than before: $before"
  [ $((resident * 10)) -ge $((budget * 9 << 20)) ] || fail "$resident of $budget MiB used at $part %"
  awk -v a="$bits" -v b="$(last "at$part.jsonl" average_bits)" 'BEGIN { exit !(b > a && b < 32) }' || fail "bits at $part %"
  before=$resident
  bits=$(last "at$part.jsonl" average_bits)
done

# Without a profile the run measures the sensitivities itself, within the budget.
run $((least + (most / 1048576 - least) / 2)) probing

expect 2 act-train "${net[@]}" --budget 1G --bits 4 -o none.model
expect 2 act-train "${net[@]}" --budget 1G --level L1 -o none.model
says err "L2"
