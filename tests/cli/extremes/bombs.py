#!/usr/bin/env python3
"""Small inputs that would take all memory or time, each to the programs that read its kind.

Every one must end within 20 s and 1.2 GiB by a status that the manual explains: refused, since --max-memory does not
allow it, or read.

    bombs.py BIN FOLDER
"""
import io
import json
import os
import resource
import struct
import subprocess
import sys
import time
import zipfile
import zlib

BIN, FOLDER = sys.argv[1], sys.argv[2]
SECONDS, MEMORY = 20, 1200 << 20
MOST = 400 << 20  # bytes that a bomb unpacks to
EXPLAINED = {0, 1, 2, 65, 66, 71, 74, 75, 77}


def path(name):
    os.makedirs(os.path.dirname(os.path.join(FOLDER, name)), exist_ok=True)
    return os.path.join(FOLDER, name)


def write(name, content):
    with open(path(name), "wb") as file:
        file.write(content)
    return path(name)


def packed(head, body, tail=b"", raw=False):
    """gzip, or deflate alone, of head, MOST bytes of body repeated, and tail."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15 if raw else 31)
    block = body * ((1 << 20) // len(body) + 1)
    parts, crc, size = [packer.compress(head)], zlib.crc32(head), len(head)
    for _ in range(MOST // len(block)):
        parts.append(packer.compress(block))
        crc, size = zlib.crc32(block, crc), size + len(block)
    parts += [packer.compress(tail), packer.flush()]
    return b"".join(parts), zlib.crc32(tail, crc), size + len(tail)


def zip_of(entries):
    """A zip archive of (name, deflated bytes, crc, size): zipfile would have to unpack them to write them."""
    out, directory = io.BytesIO(), b""
    for name, data, crc, size in entries:
        fields = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0, crc, len(data), size, len(name), 0)
        directory += struct.pack("<IH", 0x02014b50, 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, out.tell()) + name
        out.write(struct.pack("<I", 0x04034b50) + fields + name + data)
    at = out.tell()
    out.write(directory + struct.pack("<IHHHHIIH", 0x06054b50, 0, 0, len(entries), len(entries), len(directory), at, 0))
    return out.getvalue()


def program(*model):
    """An exported program whose model.json is given, deflated."""
    around = {"archive_format": "pt2", "archive_version": "0", "byteorder": "little", ".data/version": "6\n",
              "data/weights/model_weights_config.json": '{"config": {}}',
              "data/constants/model_constants_config.json": '{"config": {}}'}
    return zip_of([(f"m/{name}".encode(), *deflated(text.encode())) for name, text in around.items()] +
                  [(b"m/models/model.json", *model)])


def npy(descr, shape, raw=b""):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header.encode() + raw


def npz(**arrays):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in arrays.items():
            archive.writestr(name + ".npy", content)
    return out.getvalue()


def safetensors(header):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text


def inputs():
    """Pairs of a kind and a file of it."""
    gz = lambda *parts: packed(*parts)[0]
    wide, deep = b"[" + b"[]," * 10_000_000 + b"[]]", b"[" * 30_000_000
    yield "tsv", write("long.tsv.gz", gz(b"", b"a\tb\tc\n"))
    yield "tsv", write("line.tsv.gz", gz(b"", b"a"))
    yield "nt", write("long.nt.gz", gz(b"", b"<a:b> <a:c> <a:d> .\n"))
    yield "nt", write("literal.nt.gz", gz(b'<a:b> <a:c> "', b"a"))
    for name, content in ("wide", wide), ("deep", deep), ("members", b'{"a":' * 10_000_000):
        yield "cesi", write(f"{name}.json", content)
        yield "sentences", write(f"{name}.sentences", content)
        yield "tensors", write(f"{name}.safetensors", safetensors(content[:90_000_000]))
        yield "model", write(f"{name}.pt2", program(*deflated(content)))
    yield "cesi", write("long.json.gz", gz(b'{"x": [', b"[],"))
    yield "sentences", write("tokens.gz", gz(b'[{"token": ["a"', b',""', b"]}]"))
    yield "sentences", write("records.gz", gz(b"[", b"{},", b"{}]"))
    yield "sentences", write("short.gz", gz(b"", b"r\t0\t1\t1\t2\ta b\n"))
    write("idx/train-labels-idx1-ubyte", struct.pack(">2I", 0x801, 400) + bytes(400))
    yield "idx", os.path.dirname(write("idx/train-images-idx3-ubyte.gz", gz(struct.pack(">4I", 0x803, 400, 1024, 1024), b"\0")))
    yield "tensors", write("zeros.npz", zip_of([(b"x.npy", *packed(npy("<f4", (100, 1 << 20)), b"\0", raw=True))]))
    yield "tensors", write("tokens.npz", npz(x=npy("<i8", (4, 2), struct.pack("<8q", *[1 << 62] * 8)),
                                             y=npy("<i8", (4,), struct.pack("<4q", 0, 1, 0, 1))))
    yield "tensors", write("many.safetensors", safetensors(
        {f"k{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(200_000)}))
    yield "model", write("long.pt2", program(*packed(b'{"a": [', b"[],", b"0]}", raw=True)))
    nodes = "".join(f"{i}\t16777215:1\n" for i in range(100))
    for name, text in ("features", nodes), ("edges", "0\t1\n"), ("labels", "0\t0\n1\t1\n"), ("splits", "0\ttrain\n1\ttest\n"):
        graph = os.path.dirname(write(f"graph/{name}.tsv", text.encode()))
    yield "graph", graph
    for name, text in ("entity2id", "1\na\t1099511627775\n"), ("relation2id", "1\nr\t1099511627775\n"), (
            "train2id", "1\n1099511627775 1099511627775 1099511627775\n"):
        openke = os.path.dirname(write(f"openke/{name}.txt", text.encode()))
    yield "openke", openke


def deflated(content):
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush(), zlib.crc32(content), len(content)


def train(data, model="mlp"):
    return ["act-train", "--model", model, "--data", data, "--batch", "2", "--steps", "1", "--no-eval", "-o", path("out")]


COMMANDS = {
    "tsv": lambda file: ["relsim-train", "facts", file, "--model", "counts", "-o", path("out")],
    "nt": lambda file: ["relsim-train", "facts", file, "--model", "counts", "-o", path("out")],
    "cesi": lambda file: ["relsim-train", "facts", "cesi:" + file, "--model", "counts", "-o", path("out")],
    "openke": lambda file: ["relsim-train", "facts", "openke:" + file, "--model", "counts", "-o", path("out")],
    "sentences": lambda file: ["relsim-train", "extract", file, "--epochs", "1", "-o", path("out")],
    "idx": lambda file: train("idx:" + file),
    "tensors": lambda file: train("tensors:" + file, "text" if "tokens" in file else "mlp"),
    "graph": lambda file: train("graph:" + file, "gcn"),
    "model": lambda file: train("random:4,classes=2", "export:" + file),
}


def main():
    wrong = tried = 0
    for kind, file in inputs():
        command = COMMANDS[kind](file)
        begun = time.monotonic()
        child = subprocess.Popen([os.path.join(BIN, command[0]), *command[1:], "-q", "-j", "1"], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=open(path("err"), "w"),
                                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (2 * SECONDS, 2 * SECONDS)))
        _, status, used = os.wait4(child.pid, 0)
        seconds, memory = time.monotonic() - begun, used.ru_maxrss * 1024
        status = os.waitstatus_to_exitcode(status)
        said = open(path("err"), errors="replace").read().strip()
        bad = status not in EXPLAINED or used.ru_utime + used.ru_stime > SECONDS or memory > MEMORY
        tried, wrong = tried + 1, wrong + bad
        print(f"{'WRONG ' if bad else ''}{os.path.relpath(file, FOLDER)} ({kind}): status {status}, {seconds:.1f} s, "
              f"{memory >> 20} MiB: {said[-160:]}")
        if os.path.isfile(file):
            os.unlink(file)
    print(f"{tried} inputs, {wrong} went wrong")
    return wrong > 0


sys.exit(main())
