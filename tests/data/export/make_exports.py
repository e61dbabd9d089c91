#!/usr/bin/env python3
"""Makes the exported programs beside it and the losses that Python gets from them.

    python make_exports.py [FOLDER]        (torch==2.11.0)

For each network: NAME.pt2 (torch.export.save in training mode, dynamic batch) and NAME.json with the batches of five
steps of plain SGD, the loss before each step and a sample of the parameters after the last. Dropout is off in the
losses that are compared, or drawn from the default generator after manual_seed(SEED) where `seeded` is true.
"""

import json
import pathlib
import sys

import torch
from torch import nn
from torch.nn import functional as F

SEED = 20260101
STEPS = 5


class ConvNet(nn.Module):
    """Convolution, batch norm, in-place ReLU, pooling, dropout."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.MaxPool2d(2),
            nn.Conv2d(8, 12, 3, padding=1), nn.BatchNorm2d(12, momentum=0.3), nn.ReLU(inplace=True))
        self.dropout = nn.Dropout(0.25)
        self.head = nn.Linear(12, 5)

    def forward(self, x):
        return self.head(self.dropout(self.features(x).mean((2, 3))))


class Attention(nn.Module):
    """A pre-norm transformer block with shifted windows of a dynamic number, a lifted constant and split."""

    def __init__(self, width=16, heads=2):
        super().__init__()
        self.heads = heads
        self.embed = nn.Linear(6, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.head = nn.Linear(width, 4)
        self.register_buffer("position", torch.linspace(-1, 1, 8)[:, None], persistent=False)

    def forward(self, x):
        b, t, _ = x.shape
        x = self.embed(x) + self.position * torch.tensor(0.5)
        windows = self.norm1(x).reshape(b * 2, t // 2, -1)
        q, k, v = self.qkv(windows).chunk(3, -1)
        split = lambda y: y.view(b * 2, t // 2, self.heads, -1).transpose(1, 2)
        y = F.scaled_dot_product_attention(split(q), split(k), split(v))
        x = x + self.out(y.transpose(1, 2).reshape(b, t, -1))
        x = x + self.mlp(self.norm2(x))
        return self.head(x.amax(1))


class TiedText(nn.Module):
    """An embedding that is also the output layer, advanced indexing, a frozen parameter, several results."""

    def __init__(self, words=23, width=12):
        super().__init__()
        self.embedding = nn.Embedding(words, width, padding_idx=0)
        self.scale = nn.Parameter(torch.ones(width), requires_grad=False)
        self.mix = nn.Linear(width, width)
        self.decoder = nn.Linear(width, words)
        self.decoder.weight = self.embedding.weight
        self.register_buffer("order", torch.arange(width).flip(0))

    def forward(self, tokens):
        mask = (tokens != 0).unsqueeze(-1)
        x = (self.embedding(tokens) * mask).sum(1) / mask.sum(1).clamp(min=1)
        x = torch.tanh(self.mix(x[:, self.order] * self.scale))
        return {"logits": self.decoder(x), "nothing": None, "batch": tokens.shape[0], "hidden": x}


class StochasticDepth(nn.Module):
    """Draws: dropout, and a residual branch that is dropped by rows as torchvision does it."""

    def __init__(self):
        super().__init__()
        self.first, self.branch, self.head = nn.Linear(6, 16), nn.Linear(16, 16), nn.Linear(16, 3)
        self.dropout = nn.Dropout(0.2)

    def forward(self, x):
        x = self.dropout(torch.relu(self.first(x)))
        if self.training:
            noise = torch.empty([x.shape[0], 1], dtype=x.dtype).bernoulli_(0.7).div_(0.7)
            x = x + self.branch(x) * noise
        else:
            x = x + self.branch(x)
        return self.head(x)


class Recurrent(nn.Module):
    """A bidirectional LSTM of two layers with dropout between them, and a GRU."""

    def __init__(self, width=6):
        super().__init__()
        self.lstm = nn.LSTM(4, width, num_layers=2, batch_first=True, bidirectional=True, dropout=0.1)
        self.gru = nn.GRU(2 * width, width, batch_first=True)
        self.head = nn.Linear(width, 3)

    def forward(self, x):
        x, _ = self.lstm(x)
        _, last = self.gru(x)
        return self.head(last[-1])


def first_tensor(output):
    return output["logits"] if isinstance(output, dict) else output


def without_traces(program):
    """Stack traces hold the paths of the machine that exports."""
    for node in program.graph.nodes:
        for key in ("stack_trace", "torch_fn", "from_node", "source_fn_stack"):
            node.meta.pop(key, None)
    return program


def make(folder, name, network, inputs, classes, seeded=False, decompose=False):
    network.train()
    program = torch.export.export(network, (inputs[0][:4],), dynamic_shapes=({0: torch.export.Dim("batch")},))
    if decompose:
        program = program.run_decompositions()
    torch.export.save(without_traces(program), folder / f"{name}.pt2")

    targets = [torch.randint(0, classes, (len(batch),)) for batch in inputs]
    torch.manual_seed(SEED)
    if not seeded:
        for module in network.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for batch, target in zip(inputs, targets):
        optimizer.zero_grad()
        loss = F.cross_entropy(first_tensor(network(batch)), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    network.eval()
    with torch.no_grad():
        evaluation = first_tensor(network(inputs[0])).flatten()[:8].tolist()
    state = {key: {"sum": value.double().sum().item(), "shape": list(value.shape)}
             for key, value in network.state_dict().items()}
    (folder / f"{name}.json").write_text(json.dumps({
        "seed": SEED if seeded else None, "lr": 0.1, "momentum": 0.9, "dtype": str(inputs[0].dtype).split(".")[-1],
        "inputs": [{"shape": list(batch.shape), "values": [round(v, 6) for v in batch.flatten().tolist()]}
                   for batch in inputs],
        "targets": [target.tolist() for target in targets], "losses": losses, "evaluation": evaluation,
        "state": state}, indent=None) + "\n")


def make_fixed(folder):
    """A program that takes four rows and no other number."""
    network = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3)).train()
    program = torch.export.export(network, (torch.zeros(4, 6),))
    torch.export.save(without_traces(program), folder / "fixed_batch.pt2")


def images(sizes):
    return [(torch.randn(n, 3, 8, 8) * 4).round() / 4 for n in sizes]


def rows(sizes, *shape):
    return [(torch.randn(n, *shape) * 8).round() / 8 for n in sizes]


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    sizes = [4, 4, 6, 2, 5]
    make(folder, "convnet", ConvNet(), images(sizes), 5, seeded=True)
    make(folder, "convnet_decomposed", ConvNet(), images(sizes), 5, seeded=True, decompose=True)
    make(folder, "attention", Attention(), rows(sizes, 8, 6), 4)
    make(folder, "tied_text", TiedText(), [torch.randint(0, 23, (n, 7)) for n in sizes], 23)
    make(folder, "stochastic_depth", StochasticDepth(), rows(sizes, 6), 3, seeded=True)
    make(folder, "recurrent", Recurrent(), rows(sizes, 7, 4), 3, seeded=True)
    make_fixed(folder)


if __name__ == "__main__":
    main()
