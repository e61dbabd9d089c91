#!/usr/bin/env bash
# Every C++ and CUDA source is laid out as .clang-format says; prints what is not. To mend: tests/format.sh --fix
# clang-format's versions differ from each other, so another than Debian 12's checks nothing (exit 77).
set -euo pipefail
wanted=14
cd "$(dirname "${BASH_SOURCE[0]}")/.."
command -v clang-format > /dev/null || { echo "format: no clang-format"; exit 77; }
found=$(clang-format --version | grep -o '[0-9][0-9]*' | head -n 1)
[ "$found" = "$wanted" ] || { echo "format: clang-format $found, not $wanted"; exit 77; }
sources() { find lib tools tests \( -name '*.cpp' -o -name '*.hpp' -o -name '*.cu' -o -name '*.cuh' \) -print0; }
if [ "${1:-}" = --fix ]; then
  sources | xargs -0 -n 40 -P 2 clang-format -i
  exit
fi
bad=$(sources | xargs -0 -n 40 -P 2 clang-format --dry-run 2>&1 | grep -o '^[^ :]*:[0-9]*' | cut -d: -f1 | sort | uniq -c || true)
[ -z "$bad" ] || { printf 'format: lines that clang-format would change, by file (tests/format.sh --fix):\n%s\n' "$bad"; exit 1; }
