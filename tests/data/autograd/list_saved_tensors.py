#!/usr/bin/env python3
"""Lists every tensor that LibTorch's operators save for their backward pass, from the description that its autograd code
is generated from: derivatives.yaml, read by torchgen itself. Needs the torch wheel of the LibTorch that Terse builds with.

    list_saved_tensors.py > saved_tensors.tsv

Columns: operator and overload; backward node; `key`, the dispatch key that the formula is for; `from`, whether an
argument or a result is saved; `tensor`, its name in the formula; `type`. Rows of a node stand in the order in which its
tensors are saved. What is saved of a tensor beside its elements (sizes, type, layout) is no tensor and has no row.
"""

import pathlib
import sys

import torchgen

PACKAGED = pathlib.Path(torchgen.__file__).parent / "packaged"
sys.path.insert(0, str(PACKAGED))
from autograd.load_derivatives import load_derivatives  # noqa: E402

TYPES = {
    "at::Tensor": "tensor",
    "::std::optional<at::Tensor>": "tensor?",
    "at::TensorList": "tensors",
    "::std::vector<at::Tensor>": "tensors",
    "c10::List<::std::optional<at::Tensor>>": "tensors?",
}


def rows():
    native = PACKAGED / "ATen/native"
    infos, _ = load_derivatives(
        str(PACKAGED / "autograd/derivatives.yaml"),
        str(native / "native_functions.yaml"),
        str(native / "tags.yaml"),
    )
    for schema, by_key in infos.items():
        for key, info in by_key.items():
            saved = [("argument", info.all_saved_inputs), ("result", info.all_saved_outputs)]
            for source, attributes in saved:
                # gen_variable_type.py saves them in the order of their names.
                for attribute in sorted(attributes, key=lambda one: str(one.nctype.name)):
                    kind = TYPES.get(attribute.nctype.cpp_type())
                    if kind:
                        yield str(schema.name), info.op, key, source, str(attribute.nctype.name), kind


def main():
    print("operator", "node", "key", "from", "tensor", "type", sep="\t")
    seen = set()
    for row in sorted(rows(), key=lambda one: one[:4]):
        if row not in seen:
            print(*row, sep="\t")
        seen.add(row)


main()
