# A large artifact is listed from its index: few reads, little memory, whatever its tensors weigh.
source "$TERSE_SOURCE/tests/cli/common.bash"
command -v strace >/dev/null || skip "no strace(1)"
# LeakSanitizer, where the build has it, does not work under ptrace.
ASAN_OPTIONS=detect_leaks=0 expect 0 strace -o calls -e trace=read,pread64 act-inspect --tensors "$TERSE_SAMPLES/large.model"
says out $'big.weight\tparameter\tfloat32\t[4194304]\t4194304\t16777216\t'
read_bytes=$(grep -v -e ELF -e '/lib' calls | awk -F' = ' '{ sum += $NF } END { print sum + 0 }')
[ "$read_bytes" -lt 1000000 ] || fail "$read_bytes bytes read of $(stat -c %s "$TERSE_SAMPLES/large.model")"
