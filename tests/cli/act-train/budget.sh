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

before=0 bits=0 tier=none
for part in 0 30 60; do
  budget=$((least + (most / 1048576 - least) * part / 100))
  run "$budget" "at$part" "${profiled[@]}"
  [ "$resident" -ge "$before" ] || fail "$resident resident at $part %, less than before: $before"
  [ $((resident * 10)) -ge $((budget * 9 << 20)) ] || fail "$resident of $budget MiB used at $part %"
  [ "$tier" = "$(last "at$part.jsonl" budget_tier)" ] || bits=0 # where parts run again, the same memory has more bits
  awk -v a="$bits" -v b="$(last "at$part.jsonl" average_bits)" 'BEGIN { exit !(b > a && b < 32) }' || fail "bits at $part %"
  before=$resident
  bits=$(last "at$part.jsonl" average_bits)
  tier=$(last "at$part.jsonl" budget_tier)
done
[ "$tier" = '"bits"' ] || fail "tier $tier where bits are enough"

# A run that is killed goes on from its checkpoint as the run that was not: here from a copy of one, made on the way.
budgeted=("${net[@]}" "${profiled[@]}" --budget "$((least + (most / 1048576 - least) / 2))MiB" --steps 12 --no-eval)
act-train "${budgeted[@]}" --checkpoint state --checkpoint-every 1 -o whole.model &
pid=$!
while [ ! -e state/last.checkpoint ]; do sleep 0.05; done
mkdir killed
cp state/last.checkpoint killed/
wait $pid || fail "status $?"
act-train "${budgeted[@]}" --checkpoint killed --resume --checkpoint-every 1 -o half.model &
pid=$!
first=$(stat -c %i killed/last.checkpoint)
while [ "$(stat -c %i killed/last.checkpoint)" = "$first" ]; do sleep 0.02; done
kill -KILL $pid || true
wait $pid || true
[ ! -e half.model ] || fail "it was not killed in time"
act-train "${budgeted[@]}" --checkpoint killed --resume -o half.model
cmp whole.model half.model || fail "the run that was killed twice came to another model"

# With a second tier less will do.
mkdir disk
deep=(--model text:dim=128,heads=4,depth=12 --data random:96,vocabulary=200,count=48 --batch 48 -j 1 -q --adapt-every 0
  --steps 2 --no-eval)
swapping=(--swap disk --swap-memory 256K)
expect 71 act-train "${deep[@]}" --budget 1M -o none.model
alone=$(grep -o '[0-9]*MiB$' err | tr -d a-zA-Z)
expect 71 act-train "${deep[@]}" --budget 1M "${swapping[@]}" -o none.model
least=$(grep -o '[0-9]*MiB$' err | tr -d a-zA-Z)
[ "$least" -lt "$alone" ] || fail "$least MiB with a second tier, $alone MiB without"
/usr/bin/time -f %M -o swap.time act-train "${deep[@]}" --budget "${least}MiB" "${swapping[@]}" --metrics swap.jsonl -o swap.model \
  || fail "$least MiB with a second tier: $(tail -n 1 swap.time)"
[ "$(last swap.jsonl budget_tier)" = '"swap"' ] || fail "tier $(last swap.jsonl budget_tier)"
[ "$(last swap.jsonl swapped_bytes)" -gt 0 ] || fail "nothing was swapped"
[ "$(($(tail -n 1 swap.time) / 1024))" -lt "$least" ] || fail "$(tail -n 1 swap.time) KiB, the budget was $least MiB"

# Without a profile the run measures the sensitivities itself, within the budget.
run $((least + (most / 1048576 - least) / 2)) probing

expect 2 act-train "${net[@]}" --budget 1G --bits 4 -o none.model
expect 2 act-train "${net[@]}" --budget 1G --level L1 -o none.model
says err "L2"
