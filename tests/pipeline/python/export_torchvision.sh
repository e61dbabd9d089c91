#!/usr/bin/env bash
# torchvision's resnet18, vit_b_16 and swin_t, exported and scripted, train with Python's losses, and at L1 every
# saved float tensor is compressed.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
source "$here/environment.bash"
use_python
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" "$here/export_parity.py" "$TERSE_BIN/network_losses" "$work" resnet18 vit_b_16 swin_t
