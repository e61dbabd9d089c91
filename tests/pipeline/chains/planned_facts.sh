# The pipeline in which the two halves meet: a fact model's step is profiled and planned, and it trains with the plan.
source "$TERSE_SOURCE/tests/cli/common.bash"
mkdir -p data/kb
cp -r "$TERSE_DATA/kb/nations" data/kb/nations
make -s -C "$TERSE_SOURCE/pipelines/relsim" plan DATA="$PWD/data" BIN="$TERSE_BIN" OUT="$PWD/out" PLANNED=nations SEEDS='1 2' \
  FACTS='--hidden 128 --start-epochs 4 --epochs 4' > made
awk -F '|' '{ gsub(/[ ,]|bytes/, "") } $2 == "nations" { nats[$3] = $4; kept[$3] = $6; bits[$3] = $7; planned[$3] = $8 }
  END { d = nats["L2.2"] - nats["L0"]; exit !(kept["L0"] > 12 * kept["L2.2"] && kept["L2.2"] > 0 && d < 0.05 && d > -0.05 &&
        bits["L0"] == 32 && bits["L2.2"] <= 2.1 && planned["L2.2"] ~ /×/) }' out/plan.md || fail "$(cat out/plan.md)"
says out/plan.md 'nations: L2.2 less L0 '
act-inspect out/plan-nations_2_L2.2.facts | grep -qxF $'level\tL2.2' || fail "not trained at the level of the plan"
