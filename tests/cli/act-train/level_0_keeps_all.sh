#!/usr/bin/env bash
# L0 stores what there is; L1 stores less and starts from the same loss.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
run() {
  "$TERSE_BIN/act-train" --model resnet18 --data random:1x16x16,classes=3,count=64 --batch 8 --steps 1 --no-eval -q \
    --metrics - "$@" | sed -n 1p
}
field() { sed -E "s/.*\"$2\":([^,}]*).*/\1/" <<< "$1"; }
exact=$(run --level L0)
[ "$(field "$exact" activation_bytes_exact)" = "$(field "$exact" activation_bytes_stored)" ]
four=$(run --level L1)
[ "$(field "$exact" loss)" = "$(field "$four" loss)" ]
[ "$(field "$exact" activation_bytes_exact)" = "$(field "$four" activation_bytes_exact)" ]
[ $((5 * $(field "$four" activation_bytes_stored))) -lt "$(field "$four" activation_bytes_exact)" ]
eight=$(run --bits 8)
[ "$(field "$eight" activation_bytes_stored)" -gt "$(field "$four" activation_bytes_stored)" ]
