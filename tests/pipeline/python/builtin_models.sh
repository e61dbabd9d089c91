#!/usr/bin/env bash
# The built-in models are torchvision's and Transformers': they start from weights that Python saved (--init) and train
# with Python's losses.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/environment.bash"
use_python
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" "$here/builtin_models.py" "$TERSE_BIN/act-train" "$work"
