#!/usr/bin/env python3
"""Holds the structure of the code: which room may include which, and no circles.

A room is a folder of lib/terse. ROOMS lists them from the ground up: a file may include files of its own room and of
rooms above it in the list; of relsim and train, which do not know each other, only its own. A unit is a .hpp with the
.cpp, .cu and -inl.hpp of the same name. Prints every include that breaks a rule; exit status 1 if there is one.

    tests/structure.py [FOLDER]     the source tree, where it is not the one this file is in
"""
import collections
import os
import re
import subprocess
import sys

ROOMS = """
core
quant/lanes quant/layout quant/affine quant/lossless quant/entropy quant
formats/container formats/artifact formats/foreign formats/kinds
act/tensor act/memory act/operators act/bits act/stored act/packing act/probing act/budget
learn
train/base train/data train/models train/exported train/networks train/loop
relsim/kb relsim/statistics relsim/ranking relsim/sparse relsim/counts relsim/linkage relsim/phrases relsim/evidence
relsim/merging
relsim/kernels relsim/training relsim/facts relsim/embedding relsim/divergence relsim/prediction relsim/extraction
relsim/comparison
""".split()
PEERS = {"train": "relsim", "relsim": "train"}  # two domains over one learn

# What LibTorch must not reach: programs that start in milliseconds are made of these.
WITHOUT_TORCH = re.compile(
    r"lib/terse/(core|quant|formats|relsim/(kb|statistics|ranking|sparse|counts|linkage|phrases|evidence|merging))/"
    r"|tools/(act-inspect|relsim-dedup|common)/")
TORCH = re.compile(r"^(torch/(?!version\.h)|ATen/|c10/|caffe2/)")

MOST_LINES = 8  # of a circle: the include against the direction, printed above, is what to look for

INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.M)
SOURCE = re.compile(r"\.(hpp|cpp|cu|cuh)$")


def unit_of(path):
    return re.sub(r"(-inl)?\.\w+$", "", path)


def room_of(path):
    folder = os.path.dirname(path)
    return folder[len("lib/terse/"):] if folder.startswith("lib/terse/") else None


def read_includes(root):
    """The sources of lib and tools, and [(file, included file or header as written, whether it is ours)] of them."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard", "lib", "tools"],
                            capture_output=True, text=True).stdout.split("\n")
    if listed == [""]:  # not a checkout
        listed = [os.path.relpath(os.path.join(folder, name), root)
                  for top in ("lib", "tools")
                  for folder, _, names in os.walk(os.path.join(root, top)) for name in names]
    files = {path for path in listed if SOURCE.search(path) and os.path.exists(os.path.join(root, path))}
    found = []
    for path in sorted(files):
        with open(os.path.join(root, path), encoding="utf-8") as source:
            for name in INCLUDE.findall(source.read()):
                near = os.path.normpath(os.path.join(os.path.dirname(path), name))
                target = next((t for t in ("lib/" + name, "tools/" + name, near) if t in files), None)
                found.append((path, target or name, target is not None))
    return sorted(files), found


def knots(edges):
    """Strongly connected sets of more than one node (Tarjan)."""
    sys.setrecursionlimit(10000)
    index, low, stack, on_stack, result = {}, {}, [], set(), []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        on_stack.add(node)
        for other in sorted(edges.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in on_stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            knot = set()
            while not knot or node not in knot:
                knot.add(stack.pop())
            on_stack.difference_update(knot)
            if len(knot) > 1:
                result.append(sorted(knot))

    for node in sorted(edges):
        if node not in index:
            visit(node)
    return result


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    files, includes = read_includes(root)
    faults = []
    for path in files:
        if room_of(path) is not None and room_of(path) not in ROOMS:
            faults.append(f"{path}: {room_of(path)} is not a room that {os.path.basename(__file__)} knows")
    units, folders = collections.defaultdict(set), collections.defaultdict(set)
    by_pair = collections.defaultdict(list)
    for path, target, ours in includes:
        if not ours:
            if TORCH.match(target) and WITHOUT_TORCH.match(path):
                faults.append(f"{path} includes <{target}>: LibTorch must not reach this room")
            continue
        a, b = unit_of(path), unit_of(target)
        if a != b:
            units[a].add(b)
            by_pair[a, b].append(f"{path} includes {target}")
        fa, fb = os.path.dirname(path), os.path.dirname(target)
        if fa != fb:
            folders[fa].add(fb)
            by_pair[fa, fb].append(f"{path} includes {target}")
        here, there = room_of(path), room_of(target)
        if here is None:
            if there is None and fa != fb and fb != "tools/common":
                faults.append(f"{path} includes {target}: programs share tools/common alone")
            elif there is not None and WITHOUT_TORCH.match(path) and not WITHOUT_TORCH.match(target):
                faults.append(f"{path} includes {target}: LibTorch must not reach this program")
            continue
        if here not in ROOMS:
            continue
        if there is None:
            faults.append(f"{path} includes {target}: a library knows no tool")
        elif there in ROOMS and ROOMS.index(there) > ROOMS.index(here):
            faults.append(f"{path} includes {target}: {here} may not include {there}")
        elif PEERS.get(here.split("/")[0]) == there.split("/")[0]:
            faults.append(f"{path} includes {target}: train and relsim do not know each other")
        elif WITHOUT_TORCH.match(path) and not WITHOUT_TORCH.match(target):
            faults.append(f"{path} includes {target}: LibTorch must not reach this room")
    for kind, edges in (("units", units), ("folders", folders)):
        for knot in knots(edges):
            faults.append(f"a circle of {kind}: {' '.join(knot)}")
            inside = [line for a in knot for b in sorted(edges[a]) if b in knot for line in by_pair[a, b]]
            faults.extend("    " + line for line in inside[:MOST_LINES])
            if len(inside) > MOST_LINES:
                faults.append(f"    and {len(inside) - MOST_LINES} more includes")
    for line in dict.fromkeys(faults):
        print(line)
    print(f"{len(ROOMS)} rooms, {len(files)} files, {sum(ours for _, _, ours in includes)} includes of ours: "
          f"{'as they should be' if not faults else 'see above'}")
    return 1 if faults else 0


sys.exit(main())
