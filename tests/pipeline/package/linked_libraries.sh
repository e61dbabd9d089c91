#!/usr/bin/env bash
# Which programs carry LibTorch, and that none drags in CUDA: act-inspect and relsim-dedup start in milliseconds.
set -euo pipefail
status=0
complain() { echo "$1" >&2; status=1; }

for program in act-inspect relsim-dedup; do
  if ldd "$TERSE_BIN/$program" | grep -Eq 'libtorch|libc10'; then complain "$program links LibTorch"; fi
done
for program in act-profile act-train relsim-train relsim-score; do
  direct=$(objdump -p "$TERSE_BIN/$program" | awk '$1 == "NEEDED" {print $2}')
  for library in libtorch_cpu.so libc10.so; do
    grep -qx "$library" <<< "$direct" || complain "$program does not link $library"
  done
  all=$(ldd "$TERSE_BIN/$program")
  if grep -Eq 'libtorch\.so|libtorch_cuda|libc10_cuda|libtorch_python' <<< "$all"; then
    complain "$program links more of LibTorch than the CPU needs"
  fi
  if grep -q 'not found' <<< "$all"; then complain "$program: $(grep 'not found' <<< "$all")"; fi
done
exit "$status"
