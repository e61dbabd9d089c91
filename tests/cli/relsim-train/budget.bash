# Sourced by the tests of budgets: "${train[@]}" is a training without --epochs, --budget and output, $epochs its length,
# 3 if not set.
[ -x /usr/bin/time ] || skip "needs time"

# last FILE KEY: the number in the last line of a file of metrics.
last() { tail -n 1 "$1" | grep -o "\"$2\":[^,}]*" | cut -d: -f2; }

# run MIB NAME [OPTION]…: trains to NAME.out, NAME.jsonl; sets $resident to the peak that the kernel counted, in bytes.
run() {
  local budget=$1 name=$2
  shift 2
  /usr/bin/time -f %M -o "$name.time" "${train[@]}" --epochs "${epochs:-3}" --budget "${budget}MiB" --metrics "$name.jsonl" "$@" \
    -o "$name.out" || fail "a budget of $budget MiB: $(tail -n 1 "$name.time")"
  resident=$(($(tail -n 1 "$name.time") * 1024))
  [ "$resident" -le $((budget << 20)) ] || fail "$resident resident, the budget was $budget MiB"
  [ "$(last "$name.jsonl" planned_peak_bytes)" -le $((budget << 20)) ] || fail "a plan beyond the budget"
}

# refused [OPTION]…: a budget that cannot be met; sets $least to the smallest that could, in MiB.
refused() {
  expect 71 "${train[@]}" --budget 1M "$@" -o none.out
  says err "cannot be met"
  [ ! -e none.out ] || fail "a model was written"
  [ "$(wc -l < err)" = 1 ] || fail "more than one line: $(cat err)"
  least=$(grep -o '[0-9]*MiB$' err | tr -d a-zA-Z)
}

# keeps_all NAME: with plenty, every tensor is kept as it is.
keeps_all() {
  case $(last "$1.jsonl" average_bits) in 32 | 32.0) ;; *) fail "$(last "$1.jsonl" average_bits) bits in plenty" ;; esac
}

# goes_on MIB TENSOR: a run that stopped after an epoch goes on with the same plan, to the same TENSOR.
goes_on() {
  local epochs=5 pid
  run "$1" whole --checkpoint other &
  pid=$!
  while [ ! -e other ]; do sleep 0.05; done
  cp other state
  wait $pid || fail "the run with a checkpoint"
  [ ! -e other.trial ] || fail "a file is left"
  run "$1" resumed --checkpoint state --resume
  for model in whole resumed; do act-inspect --decode "$2" --npy - "$model.out" > "$model.npy"; done
  cmp whole.npy resumed.npy || fail "the resumed run came to another model"
}
