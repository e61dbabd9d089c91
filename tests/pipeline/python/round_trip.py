#!/usr/bin/env python3
"""The Python side of round_trip.sh, in the current folder.

    python round_trip.py export      makes net.pt2, data.npz, python.json and python.safetensors
    python round_trip.py compare     checks exact.jsonl, lossy.jsonl and exact.safetensors against Python
    python round_trip.py resumed     checks that resumed.jsonl goes on from python.safetensors
"""

import json
import pathlib
import sys

import numpy
import safetensors.torch
import torch
from torch import nn
from torch.nn import functional as F

STEPS, EXAMPLES, CLASSES = 6, 32, 4


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
                                      nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1), nn.GELU())
        self.norm = nn.LayerNorm(16)
        self.head = nn.Linear(16, CLASSES)

    def forward(self, x):
        return self.head(self.norm(self.features(x).mean((2, 3))))


def build():
    torch.manual_seed(5)
    network = Net().train()
    y = torch.arange(EXAMPLES) % CLASSES
    x = torch.randn(EXAMPLES, 1, 12, 12) + y[:, None, None, None] * torch.linspace(-1, 1, 12)
    return network, x, y


def export():
    network, x, y = build()
    program = torch.export.export(network, (x[:4],), dynamic_shapes=({0: torch.export.Dim("batch")},))
    torch.export.save(program, "net.pt2")
    numpy.savez("data.npz", x=x.numpy(), y=y.numpy())

    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = F.cross_entropy(network(x), y)
        if step == 3:
            safetensors.torch.save_file(network.state_dict(), "python.safetensors")
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        logits = network.eval()(x)
    pathlib.Path("python.json").write_text(json.dumps({"losses": losses, "logits": logits.tolist()}))


def metrics(path):
    lines = [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]
    return [line for line in lines if not line.get("final")]


def close(ours, python, tolerance, what):
    difference = max(abs(a - b) / max(abs(b), 1e-3) for a, b in zip(ours, python, strict=True))
    print(f"{what}: largest relative difference {difference:.1e}")
    assert difference <= tolerance, what


def compare():
    python = json.loads(pathlib.Path("python.json").read_text())
    close([line["loss"] for line in metrics("exact.jsonl")], python["losses"], 1e-4, "losses at L0")
    lossy = metrics("lossy.jsonl")
    assert lossy[-1]["activation_bytes_stored"] * 4 < lossy[-1]["activation_bytes_exact"]
    close([line["loss"] for line in lossy], python["losses"], 0.1, "losses at L1")

    network, x, _ = build()
    state = safetensors.torch.load_file("exact.safetensors")
    network.load_state_dict(state)
    assert list(sorted(state)) == list(sorted(network.state_dict()))
    assert state["features.1.num_batches_tracked"].item() == STEPS
    with torch.no_grad():
        logits = network.eval()(x)
    assert torch.allclose(logits, torch.tensor(python["logits"]), rtol=1e-3, atol=1e-4), "weights differ"
    print("load_state_dict takes the weights, and they give Python's logits")


def resumed():
    python = json.loads(pathlib.Path("python.json").read_text())
    close([metrics("resumed.jsonl")[0]["loss"]], [python["losses"][3]], 1e-4, "first loss from Python's weights")


if __name__ == "__main__":
    {"export": export, "compare": compare, "resumed": resumed}[sys.argv[1]]()
