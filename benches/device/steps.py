"""The steps in the order of their worth: what each runs, and how long it may take."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

# `strong`: photons of a strong beam of long granules; none: the demo's granules stand for them.
# Photons of rates, and of those on large batches, of a fold for a profiler; pairs; positions; geolocation
# segments of the granules that are run, of those that are only compared, and of those that a sanitizer looks
# at; photons through Vulkan.
FULL = {
    "parity": 1 << 20, "rates": 1 << 26, "large": 1 << 28, "profiled": 1 << 24, "pairs": 1 << 28,
    "checked": 4097, "positions": 1_000_000_000, "segments": 200_000, "few_segments": 2_000, "looked_at": 200, "turns": 3,
    "wgpu": 1 << 22, "chunked": 1 << 24, "strong": 8_000_000,
}
# What an emulation bears.
SMALL = {
    "parity": 4096, "rates": 4096, "large": 8192, "profiled": 4096, "pairs": 8192,
    "checked": 256, "positions": 20_000, "segments": 60, "few_segments": 60, "looked_at": 60, "turns": 1,
    "wgpu": 4096, "chunked": 4096, "strong": 0,
}


@dataclass(frozen=True)
class Step:
    name: str
    about: str
    # Seconds after which it is ended, with all that it started.
    seconds: int
    # Arguments of `icefold bench-device` from the sizes; None: a function of `programs.py`.
    arguments: Optional[Callable] = None
    # Runs in every call: it says what the rest was measured on.
    always: bool = False
    # A folder of the scratch that it writes to.
    writes: Optional[str] = None


def binary(*arguments):
    return lambda sizes: [str(a(sizes) if callable(a) else a) for a in arguments]


def size(name):
    return lambda sizes: sizes[name]


STEPS = [
    Step("machine", "processor, memory, driver, tools", 20, always=True),
    Step("devices", "which devices there are, and whether they open", 40, binary("devices"), True),
    Step("parity", "folds of every kind against the CPU's bits, small", 60,
         binary("parity", "--photons", size("parity"), "--positions", size("positions"))),
    Step("suite", "the tests' facts that need a device", 75),
    Step("ceilings", "what copies reach", 25, binary("ceilings")),
    Step("resident", "folds of photons on the device", 45,
         binary("resident", "--photons", size("rates"))),
    Step("sort", "pairs of 32 bits by 16 of them", 45, binary("sort", "--photons", size("pairs"))),
    Step("cub", "CUB on such pairs", 75),
    Step("inflate", "storage chunks inflated, beside libdeflate on all threads", 45,
         binary("inflate", "--photons", size("chunked")), writes="chunks"),
    Step("nvcomp", "nvCOMP's deflate on the same chunks", 45),
    Step("line", "granules to cells where the device decodes, beside the CPU", 110),
    Step("ncu-line", "hardware counters of granules decoded on the device", 75),
    Step("resident-large", "folds of more photons on the device", 45,
         binary("resident", "--photons", size("large"))),
    Step("locate", "cells of very many positions against the CPU's", 75,
         binary("locate", "--positions", size("positions"))),
    Step("end-to-end", "folds from arrays of the host to partials there", 40,
         binary("end-to-end", "--photons", size("rates"))),
    Step("end-to-end-large", "the same of more photons", 45,
         binary("end-to-end", "--photons", size("large"))),
    Step("run", "granules to a store, on the CPU and on the device", 80),
    Step("ncu", "hardware counters of one fold", 75),
    Step("cupy", "CuPy on the same arrays", 60),
    Step("torch", "PyTorch on the same arrays", 60),
    Step("wgpu", "the wgpu backend on the card", 75),
    Step("memcheck", "addresses, by compute-sanitizer", 75),
    Step("racecheck", "races, by compute-sanitizer", 75),
]
NAMES = [step.name for step in STEPS]


def named(name):
    return STEPS[NAMES.index(name)]


def command(step, context):
    """What runs a step in a process of its own."""
    if step.arguments is None:
        return [sys.executable, context["script"], "--step", step.name, context["file"]]
    arguments = step.arguments(context["sizes"])
    common = ["--device", context["device"], "--name", step.name, "--json-lines", context["lines"]]
    if step.writes:
        common += ["--out", str(Path(context["scratch"]) / step.writes)]
    return [context["binary"], "bench-device", *arguments, *common]
