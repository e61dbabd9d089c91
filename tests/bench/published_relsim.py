#!/usr/bin/env python3
"""The published relation-similarity method in PyTorch, timed beside this toolkit's programs in one run.

published_relsim.py BIN FACTS [--triples TRAIN.tsv] [--steps N] [--threads N]

BIN is the folder of built programs, FACTS a trained facts artifact. Written from the paper (ACL 2019, arXiv
1907.08937) and what its released code does: per relation 20 facts drawn from P(h,t|r), full softmax over entities for
every pair of a fact and a relation; a training step on 256 facts with two softmaxes over all entities, dense
gradients and torch.optim.Adam. Needs torch and numpy.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy
import torch
from torch import nn


class FactModel(nn.Module):
    """P(h|r) P(t|h,r), both softmax over one entity table."""

    def __init__(self, entities, relations, dim=100, hidden=1024):
        super().__init__()
        self.entity = nn.Embedding(entities, dim)
        self.relation = nn.Embedding(relations, dim)
        mlp = lambda: nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(),
                                    nn.Linear(hidden, dim))
        self.head, self.tail = mlp(), mlp()
        nn.init.xavier_uniform_(self.entity.weight)
        nn.init.xavier_uniform_(self.relation.weight)

    def head_logits(self, relation):
        return self.head(self.relation(relation)) @ self.entity.weight.T

    def tail_logits(self, head, relation):
        return self.tail(self.relation(relation) + self.entity(head)) @ self.entity.weight.T

    def forward(self, head, relation, tail):
        cross_entropy = nn.functional.cross_entropy
        return (cross_entropy(self.head_logits(relation), head, reduction="sum")
                + cross_entropy(self.tail_logits(head, relation), tail, reduction="sum"))


def load(inspect, facts):
    """A facts artifact's weights as a FactModel."""
    names = ["entity", "relation"] + [f"{mlp}.{layer}.{part}" for mlp in ("head", "tail") for layer in (0, 2, 4)
                                      for part in ("weight", "bias")]
    weights = {}
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "weight.npy")
        for name in names:
            subprocess.run([inspect, facts, "--decode", "weight/" + name, "--npy", file], check=True,
                           stdout=subprocess.DEVNULL)
            weights[name + (".weight" if name in ("entity", "relation") else "")] = torch.from_numpy(numpy.load(file))
    model = FactModel(*(len(weights[name + ".weight"]) for name in ("entity", "relation")),
                      dim=weights["entity.weight"].shape[1], hidden=weights["head.0.weight"].shape[0])
    model.load_state_dict(weights)
    return model


@torch.no_grad()
def sampled_divergences(model, draws=20):
    """KL between all relations: the mean log ratio over facts drawn from the first."""
    relations = model.relation.num_embeddings
    log_heads = torch.log_softmax(model.head_logits(torch.arange(relations)), 1)
    every = torch.arange(relations).repeat(draws)
    result = torch.empty(relations, relations)
    for r in range(relations):
        heads = torch.multinomial(log_heads[r].exp(), draws, replacement=True)
        own = torch.log_softmax(model.tail_logits(heads, torch.full_like(heads, r)), 1)
        tails = torch.multinomial(own.exp(), 1).squeeze(1)
        log_tails = torch.log_softmax(model.tail_logits(heads.repeat_interleave(relations), every), 1)
        log_tails = log_tails.gather(1, tails.repeat_interleave(relations)[:, None]).view(draws, relations)
        log_p = log_heads[:, heads].T + log_tails
        result[r] = (log_p[:, r:r + 1] - log_p).mean(0)
    return result


def read_triples(path):
    entities, relations, triples = {}, {}, []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            head, relation, tail = line.rstrip("\n").split("\t")[:3]
            triples.append((entities.setdefault(head, len(entities)), relations.setdefault(relation, len(relations)),
                            entities.setdefault(tail, len(entities))))
    return torch.tensor(triples), len(entities), len(relations)


def published_step_seconds(path, steps):
    triples, entities, relations = read_triples(path)
    model = FactModel(entities, relations)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=5e-4)
    order = torch.randperm(len(triples))
    begin = None
    for step in range(steps + 3):
        if step == 3:
            begin = time.perf_counter()
        batch = triples[order[step * 256 % (len(order) - 256):][:256]]
        optimizer.zero_grad()
        model(*batch.T).backward()
        optimizer.step()
    return (time.perf_counter() - begin) / steps


def timed(command):
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description="The published method, timed beside this toolkit's programs.")
    parser.add_argument("bin")
    parser.add_argument("facts", nargs="?")
    parser.add_argument("--triples")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    score, train = os.path.join(options.bin, "relsim-score"), os.path.join(options.bin, "relsim-train")
    threads = ["-j", str(options.threads), "-q"]
    if options.facts:
        model = load(os.path.join(options.bin, "act-inspect"), options.facts)
        begin = time.perf_counter()
        sampled_divergences(model)
        published = time.perf_counter() - begin
        print(f"published estimator, 20 draws: {published:.1f} s", flush=True)
        ours = [score, "similarity", options.facts, "-o", os.devnull] + threads
        for name, more in (("exact, one orientation as published", ["--orientation", "same"]),
                           ("the same in bfloat16", ["--orientation", "same", "--precision", "bfloat16"]),
                           ("exact, both orientations", []),
                           ("adaptive, both orientations", ["--method", "adaptive", "--time", "10"])):
            seconds = timed(ours + more)
            print(f"{name}: {seconds:.1f} s, {published / seconds:.2f} times as fast", flush=True)
    if options.triples:
        published = published_step_seconds(options.triples, options.steps)
        print(f"published step: {1e3 * published:.1f} ms", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            metrics = os.path.join(folder, "metrics.json")
            for products in "float32", "bfloat16":
                timed([train, "facts", options.triples, "--epochs", "1", "--held-out", "0", "--start", "random",
                       "--products", products, "--metrics", metrics, "-o", os.path.join(folder, "kb.facts")] + threads)
                with open(metrics, encoding="utf-8") as lines:
                    seconds = json.loads(lines.readline())["step_seconds"]
                print(f"step of the first epoch, {products}: {1e3 * seconds:.1f} ms, {published / seconds:.2f} times as fast",
                      flush=True)


if __name__ == "__main__":
    sys.exit(main())
