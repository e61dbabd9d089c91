# The programs that need no tensors start without LibTorch; no program links the CUDA half of it.
source "$TERSE_SOURCE/tests/cli/common.bash"
for tool in $TERSE_TOOLS; do
  ldd "$TERSE_BIN/$tool" >libraries
  case $tool in
    act-inspect | relsim-dedup) ! grep -q -e libtorch -e libc10 libraries || fail "$tool links LibTorch" ;;
  esac
  ! grep -q -e 'libtorch\.so' -e libtorch_cuda libraries || fail "$tool links CUDA's half of LibTorch"
done
