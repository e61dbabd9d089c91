# Before there were commands, options said what to do. Scripts that do so get the same bytes; what no command takes is
# refused with the command that would.
source "$TERSE_SOURCE/tests/cli/common.bash"
for i in {1..40}; do
  printf 'book%d\twritten_by\tauthor%d\nauthor%d\twrites\tbook%d\nbook%d\tprinted_in\ttown%d\n' \
    $i $((i % 9)) $((i % 9)) $i $i $((i % 4))
done > kb.tsv
relsim-train facts kb.tsv --model counts -q -o kb.facts
relsim-score similarity kb.facts -q -o kb.similarity
printf 'writes\tauthorship\nwritten_by\tauthorship\nprinted_in\tprinting\n' > gold.tsv

# alike OLD -- NEW: both print the same, on both streams.
alike() {
  local old=()
  while [ "$1" != -- ]; do old+=("$1"); shift; done
  shift
  expect 0 relsim-dedup "${old[@]}"
  mv out old.out
  mv err old.err
  expect 0 relsim-dedup "$@"
  cmp out old.out || fail "${old[*]} and $* print different tables"
  cmp err old.err || fail "${old[*]} and $* say different things"
}
alike kb.similarity -- cluster kb.similarity
alike --threshold 0.3 -j 2 kb.similarity --json -- -j 2 cluster kb.similarity --threshold 0.3 --json
alike kb.similarity --auto --facts kb.facts -- evidence kb.similarity --facts kb.facts
alike kb.similarity --facts kb.facts --explain writes written_by --top 2 -- \
  explain kb.similarity writes written_by --facts kb.facts --top 2
alike kb.similarity --facts kb.facts --auto --explain writes writes -- explain kb.similarity writes writes --facts kb.facts
alike --facts kb.facts --auto --phrases --groupings 4 -- phrases --facts kb.facts --groupings 4

# Artifacts record the old options; a command's name only where it says what the rest does not.
relsim-dedup kb.similarity --threshold 0.3 -q -o old.clusters
relsim-dedup cluster kb.similarity --threshold 0.3 -q -o new.clusters
cmp old.clusters new.clusters || fail "cluster is not what a command line without a command does"
relsim-dedup kb.similarity --auto --facts kb.facts --false-merges 0.1 -q -o old.clusters
relsim-dedup evidence --auto kb.similarity --facts kb.facts --false-merges 0.1 -q -o new.clusters
cmp old.clusters new.clusters || fail "the name beside the old option changes bytes"

# Triples and scores in the same run as the clusters.
relsim-dedup kb.similarity --auto --facts kb.facts --ranking ranking -q -o kb.clusters
expect 0 relsim-dedup kb.similarity --auto --facts kb.facts --triples kb.tsv -q
relsim-dedup rewrite kb.clusters kb.tsv -q | cmp - out || fail "--triples is not what rewrite does"
expect 0 relsim-dedup kb.similarity --auto --facts kb.facts --triples kb.tsv --keep-repeated -q
relsim-dedup rewrite kb.clusters kb.tsv --keep-repeated -q | cmp - out || fail "--keep-repeated"
expect 0 relsim-dedup kb.similarity --auto --facts kb.facts --gold gold.tsv --curve old.curve --reliability old.reliability -q
relsim-dedup judge kb.clusters gold.tsv --ranking ranking --curve curve --reliability reliability -q | cmp - out ||
  fail "--gold is not what judge does"
cmp curve old.curve && cmp reliability old.reliability
expect 0 relsim-dedup --facts kb.facts --auto --phrases --gold gold.tsv -q
relsim-dedup phrases --facts kb.facts --ranking ranking -o kb.clusters -q
relsim-dedup judge kb.clusters gold.tsv --ranking ranking -q | cmp - out || fail "--gold of phrases is not what judge does"

# A file of options.
printf 'threshold = 0.3\n' > options.toml
relsim-dedup kb.similarity --threshold 0.3 -q > wanted
relsim-dedup kb.similarity --config options.toml -q | cmp - wanted || fail "--config without a section"
printf '[cluster]\nthreshold = 0.3\n' > options.toml
relsim-dedup cluster kb.similarity --config options.toml -q | cmp - wanted || fail "--config with a section"

refused() {
  expect 2 relsim-dedup "${@:2}"
  says err "Try 'relsim-dedup $1 --help'."
}
refused cluster kb.similarity --names
refused cluster kb.similarity --facts kb.facts
refused cluster kb.similarity --false-merges 0.1
refused cluster kb.similarity --groupings 4
refused evidence kb.similarity --auto
refused evidence kb.similarity --auto --facts kb.facts --groupings 4
refused evidence kb.similarity --auto --facts kb.facts --cautious
refused phrases --facts kb.facts --auto --phrases --names
refused explain kb.similarity --explain writes written_by
refused explain kb.similarity --facts kb.facts --explain writes written_by --linkage single
expect 2 relsim-dedup kb.similarity --gold gold.tsv --triples kb.tsv
says err 'excludes'
expect 2 relsim-dedup kb.similarity --curve curve.tsv
says err '--curve requires --gold'
expect 2 relsim-dedup kb.similarity --reliability reliability.tsv
expect 2 relsim-dedup - --gold - < kb.similarity
expect 2 relsim-dedup kb.similarity --triples - --triples - < kb.tsv
expect 2 relsim-dedup kb.similarity --triples - -o - < kb.tsv
expect 2 relsim-dedup - --facts - --auto < kb.similarity
! relsim-dedup cluster --help | grep -q -e --triples -e --gold || fail "old options are shown"
