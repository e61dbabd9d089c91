#!/usr/bin/env bash
# A program of torch.export.save trains like a built-in model: compressed, dumped by module path, kept, resumed, given
# back as safetensors and taken in again. A damaged one is refused by file and record.
source "$(dirname "${BASH_SOURCE[0]}")/../common.bash"
cp "$TERSE_DATA"/export/*.pt2 .
train=(act-train --model export:convnet.pt2 --data random:3x8x8,classes=5,count=40 --batch 8 --lr 0.05 -q --no-eval)

expect 0 "${train[@]}" --steps 4 --level L1 --dump dump --metrics metrics -o net.model
[ "$(grep -c '"loss"' metrics)" -ge 4 ] || fail "no metrics"
act-inspect dump --tensors > tensors
says tensors "features.0/convolution#1:input"
says tensors "features.1/native_batch_norm#1:input"
awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; ++i) column[$i] = i; next }
             { print $column["reason"] }' tensors > reasons
says reasons quantized
awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; ++i) column[$i] = i; next }
             $column["dtype"] ~ /float/ && $column["reason"] ~ /^(exact|non-finite|device)$/' tensors > kept
[ ! -s kept ] || fail "float tensors kept at L1: $(cat kept)"

# In two parts as in one.
expect 0 "${train[@]}" --steps 2 --checkpoint state -o half.model
expect 0 "${train[@]}" --steps 4 --checkpoint state --resume -o resumed.model
expect 0 "${train[@]}" --steps 4 -o whole.model
act-inspect resumed.model --safetensors resumed.safetensors
act-inspect whole.model --safetensors whole.safetensors
cmp resumed.safetensors whole.safetensors

# Weights go out and come in; what is missing or left over is named.
expect 0 act-train --model export:convnet_decomposed.pt2 --data random:3x8x8,classes=5,count=40 --batch 8 --steps 1 \
  -q --no-eval --init whole.safetensors -o other.model
expect 65 act-train --model export:attention.pt2 --data random:8x6,classes=4,count=40 --batch 8 --steps 1 -q --no-eval \
  --init whole.safetensors -o other.model
says err "whole.safetensors: tensor 'embed.weight' is missing"

# Tied weights, tokens, and evaluation with a last batch of another size.
expect 0 act-train --model export:tied_text.pt2 --data random:7,vocabulary=23,classes=23,count=50 --batch 8 --steps 3 \
  --optimizer adamw -q -o text.model
act-inspect text.model --safetensors text.safetensors
expect 0 act-profile --model export:recurrent.pt2 --data random:7x4,classes=3 --batch 8 -o recurrent.profile -q

refuses() {
  local status=$1 text=$2
  shift 2
  expect "$status" act-train -q --steps 1 --batch 4 --no-eval -o never.model "$@"
  says err "$text"
  [ ! -e never.model ] || fail "a model was written"
}
data=(--data random:3x8x8,classes=5,count=40)
head -c 20000 convnet.pt2 > cut.pt2
refuses 65 "cut.pt2: " --model export:cut.pt2 "${data[@]}"
offset=$(grep -abo 'conv1_weight\|features_0_weight' convnet.pt2 | head -1 | cut -d: -f1)
cp convnet.pt2 damaged.pt2
printf 'X' | dd of=damaged.pt2 bs=1 seek="$offset" conv=notrunc status=none
refuses 65 "damaged.pt2: entry 'convnet/models/model.json' is damaged" --model export:damaged.pt2 "${data[@]}"
refuses 66 "nowhere.pt2" --model export:nowhere.pt2 "${data[@]}"
refuses 65 "dimension 2 was exported as 8" --model export:convnet.pt2 --data random:3x9x9,classes=5,count=40
refuses 77 "--trust-model" --model script:convnet.pt2 "${data[@]}"
refuses 65 "convnet.pt2: " --model script:convnet.pt2 --trust-model "${data[@]}"
