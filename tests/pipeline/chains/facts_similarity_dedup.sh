# relsim-train | relsim-score | relsim-dedup on a knowledge base in which one relation is the inverse of another.
source "$TERSE_SOURCE/tests/cli/common.bash"
python3 - >kb.tsv <<'END'
# A ring of 24 people: "next" and "previous" are inverses, "follows" repeats "next", "far" is something else.
for i in range(24):
    a, b = f"p{i}", f"p{(i + 1) % 24}"
    print(a, "next", b, sep="\t")
    print(b, "previous", a, sep="\t")
    print(a, "follows", b, sep="\t")
    print(a, "far", f"p{(i * 7 + 5) % 24}", sep="\t")
END
train=(relsim-train facts --dim 16 --hidden 64 --epochs 60 --held-out 0 --quiet)
"${train[@]}" kb.tsv | relsim-score similarity --top 3 >pairs
[ "$(wc -l <pairs)" = 4 ] || fail "$(cat pairs)"
for relation in next previous follows; do says pairs $relation; done
! grep -q far pairs || fail "far is near: $(cat pairs)"
gzip -c kb.tsv >kb.tsv.gz
"${train[@]}" - <kb.tsv.gz | relsim-score similarity --top 3 | cmp - pairs || fail "standard input, compressed, differs"

"${train[@]}" kb.tsv | relsim-score similarity -o - --quiet | relsim-dedup --count 2 -o - --quiet |
  relsim-dedup rewrite - kb.tsv --quiet >clean
[ "$(cut -f2 clean | sort -u | wc -l)" = 2 ] || fail "$(head clean)"
[ "$(wc -l <clean)" = 48 ] || fail "$(wc -l <clean) facts, not 24 of the ring and 24 far"
"${train[@]}" kb.tsv | relsim-score similarity -o - --quiet | relsim-dedup --count 2 -o - --quiet |
  act-inspect --json >summary
grep -q '"clusters":2' summary || fail "$(cat summary)"
