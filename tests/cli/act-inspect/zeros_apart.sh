# A tensor whose zeros are stored apart; a mask or a count that is not true is refused.
source "$TERSE_SOURCE/tests/cli/common.bash"
damaged=$TERSE_SAMPLES.damaged/mask.dump
expect 65 act-inspect --decode 'mul#1:mask' "$damaged"
says err 'keeps 513 elements, not 512'
expect 65 act-inspect --decode 'mul#1:count' "$damaged"
says err 'more elements kept than there are'
expect 65 act-inspect --decode 'mul#1:length' "$damaged"
says err 'stored bytes of another length'
expect 65 act-inspect --verify "$damaged"
