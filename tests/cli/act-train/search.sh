# --search finds the largest size that real runs under a limit allow, and says what else may end it.
source "$TERSE_SOURCE/tests/cli/common.bash"
model=(act-train --search batch --model mlp -j 1)

# The data set ends it.
expect 0 "${model[@]}" --limit 2G --data random:1x4x4,classes=2,count=40
says out "# batch	peak_resident_bytes	step_seconds"
[ "$(tail -1 out | cut -f 1)" = 40 ] || fail "$(cat out)"
says err "batch 41 is larger than the data set (40 examples)"

# The limit ends it, and holds.
limit=$((180 << 20))
expect 0 "${model[@]}" --limit $limit --data random:3x32x32,classes=10,count=20000 --level L0 --no-allocator
read -r batch peak _ < <(tail -1 out)
[ "$peak" -le $limit ] || fail "a peak of $peak bytes under a limit of $limit"
[ "$batch" -gt 1 ] && [ "$batch" -lt 20000 ] || fail "batch $batch"
says err "does not fit"
! grep -q "larger than the data set" err || fail "$(cat err)"

# Nothing fits.
expect 71 "${model[@]}" --limit 20M --data random:1x4x4,classes=2,count=40
says err "not even batch 1 fits"
