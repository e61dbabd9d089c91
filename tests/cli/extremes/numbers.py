#!/usr/bin/env python3
"""Gives every option that takes a number the ends of all numbers, and looks at how the program ends.

Options come from each program's --help, so that a new one is tried as soon as it is there. Whatever the number, the
program ends by a status that its manual explains, and neither by a signal nor as by a bug of its own (70). A number that
is taken may make a run as long as it likes: it is ended after some seconds.

    numbers.py FOLDER SAMPLES TOOL…     FOLDER holds what base_commands() reads

EXTREMES=all tries every number with every option; otherwise some, drawn by the option's name.
"""
import concurrent.futures
import os
import re
import resource
import subprocess
import sys
import tempfile
import zlib

NUMBERS = ["0", "-1", "1", "-0", "0.5", "1e308", "-1e308", "1e-308", "1e400", "2147483648", "4294967295",
           "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616", "nan", "inf",
           "-inf", "", "1e3", "0x10", "9999999999999G"]
KINDS = {"N", "X", "SIZE", "NATS", "RATE", "SHARE", "SECONDS", "FACTS"}
NOT_NUMBERS = {"FILE", "DIR", "SPEC", "ID", "NAME", "SCHEDULE", "PATTERN", "I/N", "ITEM", "COMMAND", "WHAT", "PHRASE"}
EXPLAINED = {0, 1, 2, 65, 66, 71, 74, 75, 77}
SECONDS = float(os.environ.get("EXTREMES_SECONDS", "5"))
MEMORY = 24 << 30  # address space; LibTorch and its threads map some of it
OPTION = re.compile(r"^ +(?:-\w, )?(--[\w-]+)(?:, --[\w-]+)? ([A-Z][A-Z/]*)(?: |$)")


def base_commands(folder, samples):
    """A command that ends within a second or so, by program and sub-command; OUT stands for a file to write."""
    file = lambda name: os.path.join(folder, name)
    sample = lambda name: os.path.join(samples, name)
    network = ["--model", "mlp", "--data", "random:1x4x4,classes=2,count=16,test=4", "--batch", "4"]
    return {
        "act-inspect": [sample("net.model")],
        "act-profile": network + ["-o", "OUT"],
        "act-train": network + ["--steps", "1", "--no-eval", "-o", "OUT"],
        "relsim-train facts": [file("tiny.tsv"), "--dim", "4", "--hidden", "8", "--epochs", "1", "--start", "random",
                               "-o", "OUT"],
        "relsim-train embed": [file("tiny.tsv"), "--dim", "4", "--epochs", "1", "-o", "OUT"],
        "relsim-train extract": [file("sentences"), "--word-dim", "4", "--hidden", "4", "--layers", "1", "--epochs", "1",
                                 "-o", "OUT"],
        "relsim-score similarity": [file("tiny.facts"), "-o", "OUT"],
        "relsim-score merge": [file("part")],
        "relsim-score correlate": [file("tiny.similarity"), file("ratings")],
        "relsim-score predict": ["--counts", file("tiny.tsv"), file("tiny.tsv")],
        "relsim-score extract": [file("extractor.model"), file("sentences")],
        "relsim-dedup cluster": [sample("kb.similarity")],
        "relsim-dedup evidence": [file("tiny.similarity"), "--facts", file("tiny.facts")],
        "relsim-dedup phrases": ["--facts", file("tiny.facts")],
        "relsim-dedup explain": [file("tiny.similarity"), "--facts", file("tiny.facts"), "knows", "known_by"],
        "relsim-dedup rewrite": [sample("kb.clusters"), file("tiny.tsv")],
        "relsim-dedup judge": [sample("kb.clusters"), file("gold")],
    }


def help_of(command):
    return subprocess.run([*command, "--help"], capture_output=True, text=True, check=True).stdout


def commands_of(tool):
    text = help_of([tool])
    if "\nCommands:\n" not in text:
        return [[tool]]
    block = text.split("\nCommands:\n")[1].split("\n\n")[0]
    return [[tool, name] for name in re.findall(r"^  (\w+)", block, re.M)]


def number_options(command):
    found = []
    for line in help_of(command).splitlines():
        match = OPTION.match(line)
        if not match:
            continue
        name, kind = match.groups()
        if kind in KINDS:
            found.append((name, kind))
        elif kind not in NOT_NUMBERS and "|" not in line:
            sys.exit(f"{' '.join(command)} {name} {kind}: is {kind} a number?")
    return found


def chosen(command, option):
    if os.environ.get("EXTREMES") == "all":
        return NUMBERS
    draw = zlib.crc32(" ".join([*command, option]).encode())
    return sorted({NUMBERS[(draw + 7 * i) % len(NUMBERS)] for i in range(3)})


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def without(base, option):
    """The base command without that option of its own."""
    if option not in base:
        return base
    at = base.index(option)
    return base[:at] + base[at + 2:]


def run(command, base, option, number):
    with tempfile.TemporaryDirectory() as folder:
        arguments = [os.path.join(folder, "out") if word == "OUT" else word for word in without(base, option)]
        whole = [*command, *arguments, "-q", *([] if option == "--threads" else ["-j", "1"]), f"{option}={number}"]
        try:
            done = subprocess.run(whole, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS,
                                  preexec_fn=limit, cwd=folder, errors="replace")
        except subprocess.TimeoutExpired:
            return whole, None, ""
        return whole, done.returncode, done.stderr


def main():
    folder, samples, tools = sys.argv[1], sys.argv[2], sys.argv[3:]
    base, jobs = base_commands(folder, samples), []
    for tool in tools:
        for command in commands_of(tool):
            if " ".join(command) not in base:
                sys.exit(f"{' '.join(command)}: numbers.py knows no command line of it")
            arguments = base[" ".join(command)]
            plain = run(command, arguments, "--seed-that-is-not-there", "0")[0][:-1]
            plain = [os.path.join(folder, "out") if word.endswith("/out") else word for word in plain]
            done = subprocess.run(plain, capture_output=True, text=True, stdin=subprocess.DEVNULL)
            if done.returncode not in (0, 1):
                sys.exit(f"{' '.join(plain)}: status {done.returncode}: {done.stderr}")
            for option, _ in number_options(command):
                jobs += [(command, arguments, option, number) for number in chosen(command, option)]
    wrong = long = 0
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("EXTREMES_JOBS", "2"))) as pool:
        for whole, status, said in pool.map(lambda job: run(*job), jobs):
            if status is None:
                long += 1
            elif status not in EXPLAINED:
                wrong += 1
                print(f"status {status}: {' '.join(whole)}: {said.strip()[:300]}")
    print(f"{len(jobs)} numbers tried, {long} made runs that were ended, {wrong} went wrong")
    return wrong > 0 or not jobs


sys.exit(main())
