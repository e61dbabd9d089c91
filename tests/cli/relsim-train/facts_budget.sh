#!/usr/bin/env bash
# A fact model's whole process stays within --budget, and says what it would take where it cannot.
. "$(dirname "$0")/../common.bash"
[ -x /usr/bin/time ] || skip "needs time"
nations=$TERSE_DATA/kb/nations
train=(relsim-train facts "$nations/train.tsv" --valid "$nations/valid.tsv" --start-epochs 4 --batch 3000 -j 1 -q)
last() { tail -n 1 "$1" | grep -o "\"$2\":[^,}]*" | cut -d: -f2; }

# run MIB NAME [OPTION]…: trains; sets $resident to the peak that the kernel counted, in bytes.
run() {
  local budget=$1 name=$2
  shift 2
  /usr/bin/time -f %M -o "$name.time" "${train[@]}" --epochs "${epochs:-3}" --budget "${budget}MiB" --metrics "$name.jsonl" "$@" \
    -o "$name.facts" || fail "a budget of $budget MiB: $(tail -n 1 "$name.time")"
  resident=$(($(tail -n 1 "$name.time") * 1024))
  [ "$resident" -le $((budget << 20)) ] || fail "$resident resident, the budget was $budget MiB"
  [ "$(last "$name.jsonl" planned_peak_bytes)" -le $((budget << 20)) ] || fail "a plan beyond the budget"
}

expect 71 "${train[@]}" --budget 1M -o none.facts
says err "cannot be met"
[ ! -e none.facts ] || fail "a model was written"
least=$(grep -o '[0-9]*MiB$' err | tr -d a-zA-Z)
run "$least" least
run 8192 plenty
case $(last plenty.jsonl average_bits) in 32 | 32.0) ;; *) fail "$(last plenty.jsonl average_bits) bits in plenty" ;; esac
[ "$(last least.jsonl activation_bytes_stored)" -lt "$(last plenty.jsonl activation_bytes_stored)" ] || fail "nothing is compressed"

# A run that stopped after an epoch goes on with the same plan. Its checkpoint takes memory, too.
expect 71 "${train[@]}" --budget 1M --checkpoint state -o none.facts
budget=$(grep -o '[0-9]*MiB$' err | tr -d a-zA-Z)
[ "$budget" -gt "$least" ] || fail "$budget MiB with a checkpoint, $least without"
budget=$((budget + 4)) # a process that resumes is a little larger than one that does not
epochs=5 run "$budget" whole --checkpoint other &
pid=$!
while [ ! -e other ]; do sleep 0.05; done
cp other state
wait $pid || fail "the run with a checkpoint"
[ ! -e other.trial ] || fail "a file is left"
epochs=5 run "$budget" resumed --checkpoint state --resume
for model in whole resumed; do act-inspect --decode weight/entity --npy - "$model.facts" > "$model.npy"; done
cmp whole.npy resumed.npy || fail "the resumed run came to another model"
expect 2 "${train[@]}" --checkpoint state --resume --level L2 -o none.facts
says err "'budget' differs"
expect 2 "${train[@]}" --budget 1G --level L1 -o none.facts
says err "L2"
