#!/usr/bin/env python3
"""act-train beside PyTorch eager on the same network and data, in one run.

pytorch_peer.py BIN [--model resnet50|export:FILE.pt2 --data tensors:FILE.npz] [--batch N] [--levels L0,L1,…] …

BIN is the folder of built programs. The network is a ResNet-50, written here as torchvision has it and exported to a
file, or any exported program; act-train and PyTorch train what the file holds. Each round runs every contender once, in
an order that rotates, so that what else the machine does meets all alike. Of each contender it prints the median seconds
of a step and their ratio to PyTorch's (the median over rounds of the ratio within a round); the processor's seconds of a
step, with --threads 1 less troubled by other load, and their ratio; the minor page faults of a step, which other load does
not change; and the largest resident size. Needs torch and numpy.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

WARM = 2  # steps that are not counted: they allocate


def resnet50(torch, classes):
    nn = torch.nn

    class Bottleneck(nn.Module):
        def __init__(self, inputs, width, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(width)
            self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(width)
            self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
            self.bn3 = nn.BatchNorm2d(4 * width)
            self.relu = nn.ReLU(inplace=True)
            self.downsample = None
            if stride != 1 or inputs != 4 * width:
                self.downsample = nn.Sequential(nn.Conv2d(inputs, 4 * width, 1, stride, bias=False),
                                                nn.BatchNorm2d(4 * width))

        def forward(self, x):
            y = self.relu(self.bn1(self.conv1(x)))
            y = self.relu(self.bn2(self.conv2(y)))
            y = self.bn3(self.conv3(y))
            return self.relu(y + (self.downsample(x) if self.downsample else x))

    def layer(inputs, width, blocks, stride):
        first = Bottleneck(inputs, width, stride)
        return nn.Sequential(first, *(Bottleneck(4 * width, width, 1) for _ in range(blocks - 1)))

    return nn.Sequential(nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True),
                         nn.MaxPool2d(3, 2, 1), layer(64, 64, 3, 1), layer(256, 128, 4, 2), layer(512, 256, 6, 2),
                         layer(1024, 512, 3, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, classes))


def write_resnet50(folder, batch, side, classes=1000):
    """The network and data for it, in a process of its own: what exporting takes is no contender's."""
    import numpy
    import torch
    torch.manual_seed(0)
    random = numpy.random.default_rng(0)
    x = random.standard_normal((4 * batch, 3, side, side), dtype=numpy.float32)
    program = torch.export.export(resnet50(torch, classes).train(), (torch.from_numpy(x[:batch]),), strict=False)
    torch.export.save(program, folder / "net.pt2")
    numpy.savez(folder / "net.npz", x=x, y=random.integers(classes, size=len(x)))


def train_eager(model, data, batch, steps, threads):
    """Trains in PyTorch as act-train does; prints the same kind of lines as its metrics."""
    import resource
    import time
    import numpy
    import torch
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    network = torch.export.load(model).module()
    arrays = numpy.load(data)
    x, y = (torch.from_numpy(arrays[name]) for name in ("x", "y"))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    for step in range(steps):
        begin = time.perf_counter()
        chosen = torch.arange(step * batch, (step + 1) * batch) % len(x)
        loss = torch.nn.functional.cross_entropy(network(x[chosen]), y[chosen])
        loss.item()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        seconds = time.perf_counter() - begin
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"step_seconds": seconds, "peak_resident_bytes": peak, "loss": loss.item()}), flush=True)


def run(command, steps):
    """Runs a contender. @return its lines, the processor's seconds, and its minor page faults"""
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen([*command, str(steps)], stdout=output)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            sys.exit(f"pytorch_peer: {' '.join(command)}: status {child.returncode}")
        output.seek(0)
        lines = [json.loads(line) for line in output]
    return [line for line in lines if not line.get("final")], usage.ru_utime + usage.ru_stime, usage.ru_minflt


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bin", type=pathlib.Path)
    parser.add_argument("--model", default="resnet50")
    parser.add_argument("--data")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--side", type=int, default=128, help="of the ResNet's pictures, in pixels")
    parser.add_argument("--levels", default="L0,L1", help="contenders, each with act-train's options: 'L0 --no-allocator'")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--eager", nargs=2, help=argparse.SUPPRESS)  # the child: file, steps
    given = parser.parse_args()
    if given.eager:
        return train_eager(given.eager[0], given.data, given.batch, int(given.eager[1]), given.threads)
    with tempfile.TemporaryDirectory() as folder:
        compare(given, pathlib.Path(folder))


def compare(given, folder):
    if given.model == "resnet50":
        code = (f"import sys, pathlib; sys.path.insert(0, {str(pathlib.Path(__file__).parent)!r}); import pytorch_peer; "
                f"pytorch_peer.write_resnet50(pathlib.Path({str(folder)!r}), {given.batch}, {given.side})")
        subprocess.run([sys.executable, "-c", code], check=True)
        model, data = folder / "net.pt2", folder / "net.npz"
    else:
        model, data = given.model.removeprefix("export:"), given.data.removeprefix("tensors:")
    environment = {"OMP_NUM_THREADS": str(given.threads), "MKL_NUM_THREADS": str(given.threads)}
    os.environ.update(environment)
    ours = [str(given.bin / "act-train"), "--model", f"export:{model}", "--data", f"tensors:{data}", "--batch",
            str(given.batch), "--optimizer", "sgd", "--momentum", "0.9", "--lr", "0.01", "--no-eval", "--quiet",
            "--threads", str(given.threads), "--metrics", "-"]
    contenders = {"PyTorch": [sys.executable, __file__, str(given.bin), "--data", str(data), "--batch",
                              str(given.batch), "--threads", str(given.threads), "--eager", str(model)]}
    for level in given.levels.split(","):
        contenders[level] = [*ours, "--level", *level.split(), "--steps"]
    seconds = {name: [] for name in contenders}
    work = {name: [] for name in contenders}
    faults = {name: [] for name in contenders}
    resident = {name: 0 for name in contenders}
    names = list(contenders)
    for round_ in range(given.rounds):
        for i in range(len(names)):
            name = names[(i + round_) % len(names)]
            _, work_before, before = run(contenders[name], WARM)
            lines, work_after, after = run(contenders[name], WARM + given.steps)
            seconds[name].append(statistics.median(line["step_seconds"] for line in lines[WARM:]))
            work[name].append((work_after - work_before) / given.steps)
            faults[name].append((after - before) / given.steps)
            resident[name] = max(resident[name], lines[-1]["peak_resident_bytes"])
    print(f"{given.model}, batch {given.batch}, {given.threads} threads, {given.rounds} rounds of {given.steps} steps")
    print(f"{'':24} {'step':>8} {'ratio':>6} {'CPU':>8} {'ratio':>6} {'faults':>8} {'resident':>10}")
    ratio = lambda figures, name: statistics.median(a / b for a, b in zip(figures[name], figures["PyTorch"]))
    for name in names:
        print(f"{name:24} {statistics.median(seconds[name]):7.3f}s {ratio(seconds, name):6.2f} "
              f"{statistics.median(work[name]):7.3f}s {ratio(work, name):6.2f} "
              f"{statistics.median(faults[name]):8.0f} {resident[name] / 2**20:6.0f} MiB")


if __name__ == "__main__":
    main()
