#!/usr/bin/env bash
# An extractor's whole process stays within --budget, and says what it would take where it cannot.
. "$(dirname "$0")/../common.bash"
[ -x /usr/bin/time ] || skip "needs time"
# Sentences of 30 to 59 tokens; one word of them tells the relation.
awk 'BEGIN { for (i = 0; i < 300; ++i) { r = i % 4; printf "r%d\t1\t2\t3\t4\tw%d e%d tells%d e%d", r, i % 7, i % 31, r, i % 29
  for (n = 0; n < 26 + i % 30; ++n) printf " f%d", (i * 7 + n * 3) % 50
  print "" } }' > train.tsv
head -n 60 train.tsv > valid.tsv
train=(relsim-train extract train.tsv --valid valid.tsv --model transformer --hidden 96 --layers 3 --word-dim 64 --batch 150 -j 1 -q)
last() { tail -n 1 "$1" | grep -o "\"$2\":[^,}]*" | cut -d: -f2; }

# run MIB NAME [OPTION]…: trains; sets $resident to the peak that the kernel counted, in bytes.
run() {
  local budget=$1 name=$2
  shift 2
  /usr/bin/time -f %M -o "$name.time" "${train[@]}" --epochs "${epochs:-2}" --budget "${budget}MiB" --metrics "$name.jsonl" "$@" -o "$name.model" \
    || fail "a budget of $budget MiB: $(tail -n 1 "$name.time")"
  resident=$(($(tail -n 1 "$name.time") * 1024))
  [ "$resident" -le $((budget << 20)) ] || fail "$resident resident, the budget was $budget MiB"
  [ "$(last "$name.jsonl" planned_peak_bytes)" -le $((budget << 20)) ] || fail "a plan beyond the budget"
}

expect 71 "${train[@]}" --budget 1M -o none.model
says err "cannot be met"
[ ! -e none.model ] || fail "a model was written"
[ "$(wc -l < err)" = 1 ] || fail "more than one line: $(cat err)"
least=$(grep -o '[0-9]*MiB$' err | tr -d a-zA-Z)

run 8192 plenty
most=$resident
case $(last plenty.jsonl average_bits) in 32 | 32.0) ;; *) fail "$(last plenty.jsonl average_bits) bits in plenty" ;; esac
bits=0
for part in 0 20; do
  budget=$((least + (most / 1048576 - least) * part / 100))
  run "$budget" "at$part"
  awk -v a="$bits" -v b="$(last "at$part.jsonl" average_bits)" 'BEGIN { exit !(b > a && b < 32) }' || fail "bits at $part %"
  bits=$(last "at$part.jsonl" average_bits)
done

# A run that stopped after an epoch goes on with the same plan.
epochs=5 run "$budget" whole --checkpoint other &
pid=$!
while [ ! -e other ]; do sleep 0.05; done
cp other state
wait $pid || fail "the run with a checkpoint"
[ ! -e other.trial ] || fail "a file is left"
epochs=5 run "$budget" resumed --checkpoint state --resume
for model in whole resumed; do act-inspect --decode parameter/relation_weight --npy - "$model.model" > "$model.npy"; done
cmp whole.npy resumed.npy || fail "the resumed run came to another model"
expect 2 "${train[@]}" --checkpoint state --resume -o none.model
says err "'budget' differs"

expect 2 "${train[@]}" --budget 1G --bits 4 -o none.model
expect 2 "${train[@]}" --budget 1G --level L1 -o none.model
says err "L2"
