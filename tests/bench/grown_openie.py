#!/usr/bin/env python3
"""grown_openie.py TRIPLES.tsv N [SEED]: Open IE triples with at least N distinct phrases, made of a small real set.

The set is copied until it has so many phrases. A copy keeps a fifth of the entities and the frequent phrases as they are;
other entities get names of two real names' halves, other phrases have one of their words replaced by one that another
phrase has in its place, so that rare and common words, names and arguments stay about as rare and as common as they were.
"""

import random
import sys


def main(path, wanted, seed=1):
    rng = random.Random(int(seed))
    wanted = int(wanted)
    with open(path, encoding="utf-8") as lines:
        facts = [tuple(line.rstrip("\n").split("\t")[:3]) for line in lines]
    entities = sorted({e for h, _, t in facts for e in (h, t)})
    count = {}
    for _, phrase, _ in facts:
        count[phrase] = count.get(phrase, 0) + 1
    phrases = sorted(count)
    words = [(p.split(" "), i) for p in phrases for i in range(len(p.split(" ")))]
    written = set()
    copy = 0
    while len(written) < wanted:
        if copy == 0:
            entity = {e: e for e in entities}
            relation = {p: p for p in phrases}
        else:
            entity, relation = {}, {}
            for e in entities:
                other = rng.choice(entities)
                entity[e] = e if rng.random() < 0.2 else e[: (len(e) + 1) // 2] + other[len(other) // 2 :]
            for p in phrases:
                mine = p.split(" ")
                if count[p] < 20:
                    place = rng.randrange(len(mine))
                    theirs, other = rng.choice(words)
                    mine[place] = theirs[other]
                relation[p] = " ".join(mine)
        for h, p, t in facts:
            if relation[p] not in written:
                if len(written) == wanted:
                    continue
                written.add(relation[p])
            print(entity[h], relation[p], entity[t], sep="\t")
        copy += 1


if len(sys.argv) not in (3, 4):
    sys.exit(__doc__.strip())
main(*sys.argv[1:])
