#!/usr/bin/env python3
"""make_optimizers.py FILE: what PyTorch's optimizers make of a few tensors, for tests/unit/learn/optimizer_test.cpp.

For each element type and size: TYPE/SIZE/start, three gradients TYPE/SIZE/gradient.0 to .2, and after three steps at
a rate of 1/8 TYPE/SIZE/OPTIMIZER. Needs torch and safetensors. Written with torch 2.11.0.
"""
import sys

import torch
from safetensors.torch import save_file

TYPES = {"float64": torch.float64, "float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
SIZES = (1, 7, 17, 64, 65)
PLAIN = {"foreach": False, "fused": False}
OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, 0.125, **PLAIN),
    "sgd-momentum": lambda p: torch.optim.SGD(p, 0.125, momentum=0.875, weight_decay=0.0625, **PLAIN),
    "adam": lambda p: torch.optim.Adam(p, 0.125, weight_decay=0.0625, **PLAIN),
    "adamw": lambda p: torch.optim.AdamW(p, 0.125, weight_decay=0.0625, **PLAIN),
}


def main(path):
    torch.manual_seed(11)
    tensors = {}
    for name, dtype in TYPES.items():
        for size in SIZES:
            start = torch.randn(size).to(dtype)
            gradients = [((0.25 + torch.rand(size)) * torch.randn(size).sign()).to(dtype) for _ in range(3)]
            tensors[f"{name}/{size}/start"] = start
            for step, gradient in enumerate(gradients):
                tensors[f"{name}/{size}/gradient.{step}"] = gradient
            for optimizer, make in OPTIMIZERS.items():
                parameter = start.clone().requires_grad_()
                stepper = make([parameter])
                for gradient in gradients:
                    parameter.grad = gradient.clone()
                    stepper.step()
                tensors[f"{name}/{size}/{optimizer}"] = parameter.detach().clone()
    save_file(tensors, path)


main(sys.argv[1])
