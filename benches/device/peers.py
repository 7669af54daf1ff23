"""CuPy and PyTorch on the same arrays: a sort by key, and count, minimum, maximum, mean and variance of
each key."""

import math
import time
from pathlib import Path

import processes

REPEATS = 7


def cupy(folder):
    import cupy
    import cupyx
    import numpy

    cell = cupy.asarray(numpy.fromfile(folder / "cell.u32", numpy.uint32))
    height = cupy.asarray(numpy.fromfile(folder / "h.f32", numpy.float32))
    # The same by two names, of which releases have one or both.
    lowest = getattr(cupyx, "scatter_min", None) or cupy.minimum.at
    highest = getattr(cupyx, "scatter_max", None) or cupy.maximum.at

    def sort():
        return cupy.argsort(cell)

    def group():
        order = cupy.argsort(cell)
        key, value = cell[order], height[order]
        heads = cupy.concatenate([cupy.ones(1, bool), key[1:] != key[:-1]])
        place = cupy.cumsum(heads) - 1
        starts = cupy.flatnonzero(heads)
        ends = cupy.concatenate([starts[1:], cupy.asarray([len(key)])])
        wide = value.astype(cupy.float64)
        run = cupy.concatenate([cupy.zeros(1), cupy.cumsum(wide)])
        run2 = cupy.concatenate([cupy.zeros(1), cupy.cumsum(wide * wide)])
        n = ends - starts
        mean = (run[ends] - run[starts]) / n
        low = cupy.full(len(n), cupy.inf, cupy.float32)
        high = cupy.full(len(n), -cupy.inf, cupy.float32)
        lowest(low, place, value)
        highest(high, place, value)
        return n, low, high, mean, (run2[ends] - run2[starts]) / n - mean * mean

    return cupy.__version__, height, sort, group, cupy.cuda.Device().synchronize


def torch(folder):
    import torch
    import numpy

    device = torch.device("cuda")
    # Cells of order 12 fit.
    cells = numpy.fromfile(folder / "cell.u32", numpy.uint32).astype(numpy.int32)
    cell = torch.from_numpy(cells).to(device)
    height = torch.from_numpy(numpy.fromfile(folder / "h.f32", numpy.float32)).to(device)

    def sort():
        return torch.sort(cell, stable=True)

    def group():
        cells, place, n = torch.unique(cell, return_inverse=True, return_counts=True)
        wide = height.double()
        total = torch.zeros(len(cells), dtype=torch.float64, device=device)
        square = torch.zeros_like(total)
        total.index_add_(0, place, wide)
        square.index_add_(0, place, wide * wide)
        low = torch.full((len(cells),), math.inf, device=device)
        high = torch.full((len(cells),), -math.inf, device=device)
        low.scatter_reduce_(0, place, height, "amin")
        high.scatter_reduce_(0, place, height, "amax")
        mean = total / n
        return n, low, high, mean, square / n - mean * mean

    return torch.__version__, height, sort, group, torch.cuda.synchronize


PEERS = {"cupy": cupy, "torch": torch}


def is_right(answer, height):
    """The cells' statistics are those of all photons: counts, extremes, the mean."""
    n, low, high, mean, variance = answer
    photons, wide = len(height), height.astype if hasattr(height, "astype") else None
    wide = wide("float64") if wide else height.double()
    whole = float(wide.mean())
    joined = float((n * mean).sum()) / photons
    square = float((n * (variance + mean * mean)).sum()) / photons
    return (
        int(n.sum()) == photons
        and float(low.min()) == float(height.min())
        and float(high.max()) == float(height.max())
        and abs(joined - whole) <= 1e-6 * abs(whole)
        and abs(square - float((wide * wide).mean())) <= 1e-6 * square
    )


def times(work, wait):
    """Seconds of some runs, after one that is not counted."""
    seconds = []
    for _ in range(REPEATS + 1):
        wait()
        start = time.perf_counter()
        done = work()
        wait()
        seconds.append(time.perf_counter() - start)
        del done
    return seconds[1:]


def peer(facts, context, name):
    """One peer over the arrays of every workload."""
    arrays = Path(context["scratch"]) / "arrays"
    if facts.emulation:
        facts.fact("left out", {"why": "the device is an emulation, and peers do not run on one"})
        return 77
    try:
        __import__(name)
    except ImportError as error:
        facts.fact("left out", {"why": str(error)})
        return 77
    if not (arrays / "done").exists():
        command = [context["binary"], "bench-device", "arrays", "--out", str(arrays)]
        command += ["--photons", str(context["sizes"]["rates"])]
        processes.run([*command, "--json-lines", context["lines"]], check=True)
        (arrays / "done").touch()
    wrong = 0
    for folder in sorted(path for path in arrays.iterdir() if path.is_dir()):
        version, height, sort, group, wait = PEERS[name](folder)
        what = {"workload": folder.name, "photons": len(height), "version": version}
        if not is_right(group(), height):
            facts.fact("wrong", what)
            wrong = 1
            continue
        for task, work in (("group", group), ("sort", sort)):
            measured = {"seconds": times(work, wait)}
            facts.measured("time", {**what, "task": task}, measured)
    return wrong
