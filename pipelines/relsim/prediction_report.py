#!/usr/bin/env python3
"""prediction_report.py FOLDER NAME…: one Markdown page over `make predict`, from FOLDER/predict-NAME.*."""

import json
import math
import pathlib
import statistics
import sys

# Student's t at 97.5 % for 1 to 10 degrees of freedom.
T = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]


def rows(path):
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def interval(values):
    """Mean and half width of its 95 % interval."""
    mean = statistics.fmean(values)
    if len(values) < 2:
        return mean, math.nan
    return mean, T[min(len(values) - 2, len(T) - 1)] * statistics.stdev(values) / math.sqrt(len(values))


def negatives(path):
    """MRR, epochs and seconds a step of each way and seed."""
    runs = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        way, seed, mrr, _, metrics = line.split("\t")
        epochs = [json.loads(text) for text in pathlib.Path(metrics).read_text(encoding="utf-8").splitlines()]
        trained = [epoch["step_seconds"] for epoch in epochs if "final" not in epoch]
        runs[way, seed] = float(mrr), len(trained), statistics.median(trained)
    return runs


def main(folder, names):
    folder = pathlib.Path(folder)
    print("# Relation prediction\n")
    print("Filtered ranks of test facts' relations, mean over facts. The mixture's weights are learned from validation facts.\n")
    print("| knowledge base | model | MRR | Hits@1 | Hits@3 | Hits@10 | raw MRR |\n| --- | --- | --- | --- | --- | --- | --- |")
    for name in names:
        for row in rows(folder / f"predict-{name}.ranks"):
            if row["average"] == "micro":
                model = pathlib.Path(row["#model"]).name.removeprefix("predict-").removeprefix(name + ".")
                cells = [name, model, *(row[key] for key in ("mrr", "hits1", "hits3", "hits10", "raw_mrr"))]
                print("| " + " | ".join(cells) + " |")
    print("\n## Negatives\n\nTransE with relations replaced: MRR with similarity-aware negatives against uniform ones, over the same")
    print("seeds; 95 % intervals. Epochs are the same few for all, or as many as each run wants. Drawn by: of both directions' divergences")
    print("the larger, with τ falling, or the smaller; and τ, the last one.\n")
    print("| knowledge base | epochs | drawn by | uniform | similarity-aware | difference | time a step |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in names:
        runs = negatives(folder / f"predict-{name}.negatives")
        seeds = sorted({seed for _, seed in runs})
        lengths = sorted({way.removeprefix("uniform") for way, _ in runs if way.startswith("uniform-")}, key=lambda x: -int(x))
        for length in [*lengths, ""]:
            ways = ["uniform" + length, "similar" + length]
            means, epochs, times = ([statistics.fmean(runs[way, seed][i] for seed in seeds) for way in ways] for i in range(3))
            mean, half = interval([runs[ways[1], seed][0] - runs[ways[0], seed][0] for seed in seeds])
            draw = (folder / f"predict-{name}.{ways[1]}.draw").read_text(encoding="utf-8").strip().replace(":", ", ")
            print(f"| {name} | {epochs[0]:.0f}, {epochs[1]:.0f} | {draw} | {means[0]:.4f} | {means[1]:.4f} | "
                  f"{mean:+.4f} ± {half:.4f} | {times[1] / times[0]:.2f}x |")
    print("\n## Errors\n\nShare of wrong answers, and of all false relations above the true one, among the most similar to it.\n")
    print("| knowledge base | model | kind | mistakes | top 1 | top 5 | top 5 by chance |\n| --- | --- | --- | --- | --- | --- | --- |")
    for name in names:
        for row in rows(folder / f"predict-{name}.errors"):
            model = pathlib.Path(row["#model"]).name.removeprefix("predict-").removeprefix(name + ".")
            cells = [name, model, *(row[key] for key in ("kind", "mistakes", "top1", "top5", "chance_top5"))]
            print("| " + " | ".join(cells) + " |")
    for name in names:
        print(f"\n![similarity ranks of wrong relations, {name}](predict-{name}.errors.svg)")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__.strip())
    main(sys.argv[1], sys.argv[2:])
