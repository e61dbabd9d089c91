#!/usr/bin/env python3
"""builtin_models.py ACT_TRAIN FOLDER [NAME…]: trains each built-in model beside its original from the same weights.

Both do a few steps of SGD on the same batch at L0; the losses must agree. bert is compared where Transformers is
installed.
"""

import json
import pathlib
import subprocess
import sys

import torch
from torch import nn
from torch.nn import functional as F
from torchvision import models, ops

import safetensors_file

STEPS, EXAMPLES, SIDE, RATE = 4, 4, 72, 1e-3
FORWARD_TOLERANCE, TOLERANCE = 1e-5, 1e-3  # of the first loss, and of those after steps of a deep net's small batch
VOCABULARY, LENGTH = 50, 9


def images():
    return torch.randn(EXAMPLES, 3, SIDE, SIDE), torch.arange(EXAMPLES)


def pixels():
    return torch.randn(EXAMPLES, 3, SIDE, SIDE), torch.randint(EXAMPLES, (EXAMPLES, SIDE, SIDE))


def sentences():
    x = torch.randint(1, VOCABULARY, (EXAMPLES, LENGTH))
    x[0, 0] = VOCABULARY - 1
    x[1, -3:] = 0
    return x, torch.arange(EXAMPLES)


def resnet50():
    network = models.resnet50(num_classes=EXAMPLES)
    for module in network.modules():
        # At 1, as it starts, PyTorch's own losses differ by 4 % between one thread and two: rounding grows that much.
        if isinstance(module, models.resnet.Bottleneck):
            nn.init.constant_(module.bn3.weight, 0.2)
    return network


def small_vgg():
    network = models.vgg11_bn(num_classes=EXAMPLES, dropout=0.0)
    network.avgpool = nn.AdaptiveAvgPool2d(1)
    network.classifier[0] = nn.Linear(512, 4096)
    return network


def fcn():
    network = models.segmentation.fcn_resnet50(weights=None, weights_backbone=None, num_classes=EXAMPLES)
    network.classifier[3].p = 0.0
    return network


def vit():
    network = models.VisionTransformer(SIDE, 8, 2, 4, 64, 256, num_classes=EXAMPLES)
    nn.init.normal_(network.heads.head.weight)  # it starts as zeros, and then no gradient reaches the rest
    return network


def bert(**arguments):
    from transformers import BertConfig, BertForSequenceClassification
    return BertForSequenceClassification(BertConfig(
        vocab_size=VOCABULARY, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=256,
        max_position_embeddings=LENGTH, num_labels=EXAMPLES, hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0, **arguments))


SWIN = dict(patch_size=[4, 4], window_size=[7, 7], stochastic_depth_prob=0.0, num_classes=EXAMPLES)
BERT = f"bert:layers=2,hidden=64,heads=4,dropout=0,vocabulary={VOCABULARY}"

# name: our SPEC, the original, its data, and how the original is called
MODELS = {
    "mlp": ("mlp:hidden=32x16", lambda: ops.MLP(3 * SIDE * SIDE, [32, 16, EXAMPLES], dropout=0.0), images,
            lambda network, x: network(x.flatten(1))),
    "resnet34": ("resnet34", lambda: models.resnet34(num_classes=EXAMPLES), images, None),
    "resnet50": ("resnet50", resnet50, images, None),
    "vgg11_bn": ("vgg11_bn:pool=1,dropout=0", small_vgg, images, None),
    "vit": ("vit:patch=8,dim=64,depth=2,heads=4", vit, images, None),
    "swin_t": ("swin_t:patch=4,stochastic_depth=0", lambda: models.SwinTransformer(
        embed_dim=96, depths=[2, 2, 6, 2], num_heads=[3, 6, 12, 24], **SWIN), images, None),
    "swin_small_windows": ("swin_t:patch=4,window=4,dim=32,depths=2x4,heads=2x4,stochastic_depth=0",
                           lambda: models.SwinTransformer(embed_dim=32, depths=[2, 4], num_heads=[2, 4],
                                                          **{**SWIN, "window_size": [4, 4]}), images, None),
    "fcn_resnet50": ("fcn_resnet50:dropout=0", fcn, pixels, lambda network, x: network(x)["out"]),
    "bert": (BERT, bert, sentences, lambda network, x: network(x, attention_mask=(x != 0).long()).logits),
    "bert_plain": (BERT + ",attention=plain", lambda: bert(attn_implementation="eager"), sentences,
                   lambda network, x: network(x, attention_mask=(x != 0).long()).logits),
}


def python_losses(network, call, x, y):
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE, momentum=0.9)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = F.cross_entropy(call(network, x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def our_losses(program, spec, folder):
    arguments = [program, "--model", spec, "--data", f"tensors:{folder}/data.safetensors", "--init",
                 f"{folder}/weights.safetensors", "--batch", str(EXAMPLES), "--steps", str(STEPS), "--lr", str(RATE),
                 "--level", "L0", "--no-eval", "--quiet", "--metrics", "-"]
    lines = subprocess.run(arguments, check=True, capture_output=True, text=True).stdout.splitlines()
    return [record["loss"] for record in map(json.loads, lines) if not record.get("final")]


def compare(name, program, folder):
    spec, build, data, call = MODELS[name]
    torch.manual_seed(3)
    try:
        network = build().train()
    except ImportError as error:
        print(f"{name}: {error}: not compared")
        return True
    x, y = data()
    safetensors_file.save({"x": x, "y": y}, folder / "data.safetensors")
    state = {key: value for key, value in network.state_dict().items()}
    safetensors_file.save(state, folder / "weights.safetensors")
    ours = our_losses(program, spec, folder)
    python = python_losses(network, call or (lambda network, x: network(x)), x, y)
    differences = [abs(a - b) / max(abs(b), 1e-3) for a, b in zip(ours, python, strict=True)]
    print(f"{name}: losses {python[0]:.5f} … {python[-1]:.5f}, relative difference {differences[0]:.1e} at first, "
          f"{max(differences):.1e} at most")
    return differences[0] <= FORWARD_TOLERANCE and max(differences) <= TOLERANCE


def main(program, folder, *names):
    if not all([compare(name, program, pathlib.Path(folder)) for name in names or MODELS]):
        sys.exit(1)


main(*sys.argv[1:])
