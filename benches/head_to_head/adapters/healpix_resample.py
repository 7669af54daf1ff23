"""healpix-resample: cells by its nearest-neighbour search with one neighbour, then scatter_reduce of PyTorch on the CPU."""

import numpy as np
import torch
from healpix_resample import GroupByResampler


def prepare(data, threads, tasks):
    torch.set_num_threads(threads)
    return data, threads


def run(state, task):
    data, threads = state
    h = data["h"].astype(np.float64)
    if len(h) == 0:
        return {name: np.empty(0) for name in ("ids", "count", "min", "max", "mean", "var")}
    points = GroupByResampler(
        "sum",
        lon_deg=data["lon"],
        lat_deg=data["lat"],
        level=data["order"],
        device="cpu",
        num_threads=threads,
        batch_size=1 << 17,
        verbose=False,
    )
    # From one height on: sums of squares of heights themselves would lose the variance.
    first = h[0]
    apart = h - first
    sums = points.resample(np.stack([np.ones_like(h), apart, apart * apart]))
    found = {"ids": sums.cell_ids}
    for name, how in (("min", "amin"), ("max", "amax")):
        points.reduce = how
        found[name] = points.resample(h).cell_data
    count, total, squares = sums.cell_data
    mean = total / count
    found["var"] = squares / count - mean * mean
    return {**found, "count": count, "mean": mean + first}


def answer(state, task, result):
    of = {"ids": np.uint64, "count": np.int64, "min": np.float32, "max": np.float32}
    return {name: values.astype(of.get(name, values.dtype)) for name, values in result.items()}
