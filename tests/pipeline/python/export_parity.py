#!/usr/bin/env python3
"""Trains networks in Python and, exported, in Terse, and compares the losses.

    python export_parity.py NETWORK_LOSSES WORK_FOLDER NAME…      (torch==2.11.0, torchvision==0.26.0)

For each NAME: build with random weights, export in training mode with a dynamic batch (torch.export.save), script
(torch.jit.script, where SCRIPTED says so), train five steps of SGD in Python, then with NETWORK_LOSSES at L0, where
losses must agree to 1e-4, and at L1, where every saved float tensor must have been compressed. Prints a line a run.
"""

import copy
import json
import pathlib
import subprocess
import sys

import torch
from torch.nn import functional as F

import safetensors_file

SEED, STEPS, LEARNING_RATE, TOLERANCE = 11, 5, 0.01, 1e-4
CLASSES = 10
BATCHES = [4, 4, 3, 4, 2]  # the batch is dynamic

SCRIPTED = {"resnet18", "vit_b_16", "swin_t"}


def vision(name, side=224, **options):
    import torchvision

    network = getattr(torchvision.models, name)(num_classes=CLASSES, **options)
    batches = [((torch.randn(n, 3, side, side),), torch.randint(0, CLASSES, (n,))) for n in BATCHES]
    return network, batches


def segmentation(name, side=64):
    import torchvision

    network = getattr(torchvision.models.segmentation, name)(weights=None, weights_backbone=None, num_classes=CLASSES)
    batches = [((torch.randn(n, 3, side, side),), torch.randint(0, CLASSES, (n, side, side))) for n in BATCHES]
    return network, batches


class Bert(torch.nn.Module):
    """transformers' models return a dictionary of results; these are the logits."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, ids, mask):
        return self.model(input_ids=ids, attention_mask=mask).logits


class Gpt2(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, ids):
        return self.model(input_ids=ids, use_cache=False).logits


def bert(_, tokens=48):
    import transformers

    config = transformers.BertConfig(num_labels=CLASSES, attn_implementation="sdpa")
    batches = []
    for n in BATCHES:
        mask = torch.ones(n, tokens, dtype=torch.int64)
        mask[0, tokens // 2:] = 0
        batches.append(((torch.randint(0, config.vocab_size, (n, tokens)), mask), torch.randint(0, CLASSES, (n,))))
    return Bert(transformers.BertForSequenceClassification(config)), batches


def gpt2(_, tokens=48):
    import transformers

    config = transformers.GPT2Config(attn_implementation="sdpa")
    batches = []
    for n in BATCHES:
        ids = torch.randint(0, config.vocab_size, (n, tokens))
        batches.append(((ids,), ids.roll(-1, 1)))
    return Gpt2(transformers.GPT2LMHeadModel(config)), batches


BUILDERS = {"deeplabv3_resnet50": segmentation, "bert": bert, "gpt2": gpt2}


def first_tensor(output):
    return next(iter(output.values())) if isinstance(output, dict) else output


def loss_of(output, target):
    logits = first_tensor(output)
    return F.cross_entropy(logits.flatten(0, 1), target.flatten()) if logits.dim() == 3 else F.cross_entropy(
        logits, target)


def train(network, batches):
    torch.manual_seed(SEED)
    optimizer = torch.optim.SGD(network.parameters(), lr=LEARNING_RATE)
    losses = []
    for inputs, target in batches:
        optimizer.zero_grad()
        loss = loss_of(network(*inputs), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def run(program, spec, data, level):
    command = [program, spec, str(data), level, str(LEARNING_RATE), str(SEED)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()[-2000:]}")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [line["loss"] for line in lines[:-1]], lines[-1]


def check(name, kind, program, spec, data, python):
    exact, _ = run(program, spec, data, "L0")
    difference = max(abs(ours - theirs) / abs(theirs) for ours, theirs in zip(exact, python, strict=True))
    lossy, saved = run(program, spec, data, "L1")
    ratio = saved["exact_bytes"] / max(1, saved["stored_bytes"])
    passed = difference <= TOLERANCE and not saved["floating_kept"]
    print(f"{name}\t{kind}\t{difference:.1e}\t{lossy[-1] - exact[-1]:+.4f}\t{ratio:.2f}x\t"
          f"{json.dumps(saved['reasons'])}\t{'ok' if passed else 'FAILED'}", flush=True)
    if saved["floating_kept"]:
        print("  kept:", *saved["floating_kept"][:10], sep="\n    ", flush=True)
    return passed


def compare(name, program, folder):
    torch.manual_seed(SEED)
    network, batches = BUILDERS.get(name, vision)(name)
    network.train()
    data = folder / f"{name}.safetensors"
    tensors = {}
    for step, (inputs, target) in enumerate(batches):
        tensors |= {f"{step}.input{i}": value for i, value in enumerate(inputs)}
        tensors[f"{step}.target"] = target
    safetensors_file.save(tensors, data)

    specs = {}
    dynamic = tuple({0: torch.export.Dim("batch", min=2, max=4096)} for _ in batches[0][0])
    exported = folder / f"{name}.pt2"
    torch.export.save(torch.export.export(copy.deepcopy(network), batches[0][0], dynamic_shapes=dynamic), exported)
    specs["export"] = f"export:{exported}"
    if name in SCRIPTED:
        scripted = folder / f"{name}.pt"
        torch.jit.script(copy.deepcopy(network)).save(scripted)
        specs["script"] = f"script:{scripted}"

    python = train(network, batches)
    results = [check(name, kind, program, spec, data, python) for kind, spec in specs.items()]
    for path in (data, exported, folder / f"{name}.pt"):
        path.unlink(missing_ok=True)
    return all(results)


def main():
    program, folder, *names = sys.argv[1:]
    print("network\troad\tL0 against Python\tL1 loss after 5 steps against L0\tstored\treasons at L1\t", flush=True)
    results = [compare(name, program, pathlib.Path(folder)) for name in names]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
