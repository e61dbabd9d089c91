# Where an output goes is decided by what is there, not by its name: files are replaced whole, also below /dev; pipes and
# devices are written to; a descriptor of the program's own (/dev/stdout, /dev/fd/3) is written where it stands.
source "$TERSE_SOURCE/tests/cli/common.bash"
model=$TERSE_SAMPLES/net.model
write() { act-inspect --safetensors "$1" "$model" -q; }
write whole
bytes=$(stat -c %s whole)
long() { head -c $((bytes + 1000)) /dev/zero; }

# A longer file that is replaced keeps nothing of its end.
places=(old "$PWD/old")
if [ -w /dev/shm ]; then
  shared=$(mktemp /dev/shm/terse-test-XXXXXX)
  trap 'rm -rf "$scratch" "$shared"' EXIT
  places+=("$shared")
fi
for place in "${places[@]}"; do
  long > "$place"
  inode=$(stat -c %i "$place")
  write "$place"
  cmp whole "$place" || fail "$place is not whole"
  [ "$(stat -c %i "$place")" != "$inode" ] || fail "$place was written in place"
done

# A descriptor: what was written to it before stays, and what is written later comes after.
for name in /dev/stdout /proc/self/fd/1 /dev/fd/1; do
  long > kept
  { echo before; write $name; echo after; } > kept
  cmp kept <(echo before; cat whole; echo after) || fail "> kept by $name"
  echo before > kept
  write $name >> kept
  cmp kept <(echo before; cat whole) || fail ">> kept by $name"
  long > kept
  write $name 1<> kept
  cmp kept whole || fail "1<> kept by $name keeps the old end"
  write $name | cmp - whole || fail "| by $name"
done
long > kept
write /dev/fd/7 7> kept
cmp kept whole || fail "7> kept"
write >(cat > through) && wait $! && cmp through whole || fail "a process substitution"
expect 74 write /dev/fd/8
ln -s /dev/stdout link
write link > kept
cmp kept whole && [ -L link ] || fail "a link to /dev/stdout"

# Links: their target is replaced, or made.
long > target
ln -sf target link
write link
cmp whole target && [ -L link ] || fail "a link to a file"
ln -sf missing link
write link
cmp whole missing && [ -L link ] || fail "a link to a file that is not there yet"

mkfifo fifo
cat fifo > through &
write fifo
wait $!
cmp through whole && [ -p fifo ] || fail "a named pipe"
write /dev/null
[ -c /dev/null ] || fail "/dev/null was replaced"
expect 74 write .
