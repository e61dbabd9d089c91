# Sourced after common.bash by scripts that ask the same of every program. Each function sets the array `command`.

# reading TOOL FILE: TOOL's command with FILE as the input it reads first.
reading() {
  case $1 in
    act-inspect | relsim-dedup) command=("$1" "$2") ;;
    act-profile) command=("$1" --model "export:$2" --data random:1x28x28,classes=10 -o scratch.profile) ;;
    act-train) command=("$1" --profile "$2" -o scratch.model) ;;
    relsim-train) command=("$1" facts "$2" -o scratch.facts) ;;
    relsim-score) command=("$1" similarity "$2") ;;
    *) fail "tool_commands.bash does not know $1" ;;
  esac
}

# A knowledge base of a few facts.
tiny_kb() {
  for i in {1..12}; do
    printf 'a%d\tknows\tb%d\nb%d\tknown_by\ta%d\na%d\tlikes\tb%d\n' $i $i $i $i $i $((i % 3 + 1))
  done
}

# writing TOOL OUT: a command that writes its main result, an artifact where TOOL writes one, to OUT (- is standard
# output) within a second or so. Needs make_inputs.
writing() {
  case $1 in
    act-inspect) command=("$1" --safetensors "$2" "$TERSE_SAMPLES/net.model") ;;
    act-profile)
      command=("$1" --model mlp --data random:1x28x28,classes=10 --batch 4 -o "$2") ;;
    act-train)
      command=("$1" --model mlp --data random:1x28x28,classes=10 --batch 4 --steps 1 --no-eval -o "$2") ;;
    relsim-train)
      command=("$1" facts tiny.tsv "${tiny_model[@]}" -o "$2") ;;
    relsim-score) command=("$1" similarity tiny.facts -o "$2") ;;
    relsim-dedup) command=("$1" "$TERSE_SAMPLES/kb.similarity" -o "$2") ;;
    *) fail "tool_commands.bash does not know $1" ;;
  esac
}

tiny_model=(--dim 4 --hidden 8 --epochs 1 --start random)

make_inputs() {
  tiny_kb >tiny.tsv
  relsim-train facts tiny.tsv "${tiny_model[@]}" --quiet -o tiny.facts
}
