# Every option that takes a number, with numbers from the ends of their range: see numbers.py.
source "$TERSE_SOURCE/tests/cli/common.bash"
source "$TERSE_SOURCE/tests/cli/tool_commands.bash"
make_inputs
for i in {1..30}; do printf 'r%d\t0\t1\t2\t3\tw%d tells%d e%d .\n' $((i % 3)) $((i % 7)) $((i % 3)) $((i % 5)); done > sentences
relsim-train extract sentences --word-dim 4 --hidden 4 --layers 1 --epochs 1 -q -o extractor.model
relsim-score similarity tiny.facts -q -o tiny.similarity
relsim-score similarity tiny.facts -q --shard 1/1 -o part
printf 'knows\tknown_by\t4\nknows\tlikes\t1\nlikes\tknown_by\t2\n' > ratings
printf 'likes\tfondness\nliked_by\tfondness\n' > gold
python3 "$TERSE_SOURCE/tests/cli/extremes/numbers.py" "$PWD" "$TERSE_SAMPLES" $TERSE_TOOLS || fail "see above"
