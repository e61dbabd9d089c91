# act-profile | act-train --profile -: model, data and batch size come from the profile.
source "$TERSE_SOURCE/tests/cli/common.bash"
act-profile --model mlp --data random:1x28x28,classes=10 --batch 16 --quiet |
  tee profile | act-train --profile - --steps 1 --no-eval --quiet | act-inspect --json >summary
python3 - "$(act-inspect --json profile | python3 -c 'import json, sys; print(json.load(sys.stdin)["digest"])')" <<'END'
import json, sys
summary = json.load(open("summary"))
assert summary["kind"] == "model" and summary["spec"].startswith("mlp"), summary
assert summary["parents"] == [sys.argv[1]], summary
END
